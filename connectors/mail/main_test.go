package mail

import (
	"testing"

	"go.uber.org/goleak"
)

// No conversation with a server may outlive its call.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
