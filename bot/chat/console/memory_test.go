package console_test

import (
	"testing"

	"helloworld/bot/chat/console"
	"helloworld/bot/chat/console/keeptest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	keeptest.Run(t, func(*testing.T) console.Keep { return console.NewMemory() })
}
