package ebay

import (
	"testing"

	"helloworld/connectors"
)

// TestPluginGivesNothingOnError: a nil *Shop inside the interface would pass for
// a shop.
func TestPluginGivesNothingOnError(t *testing.T) {
	t.Parallel()
	if c, err := Plugin.New(connectors.Config{}); err == nil || c != nil {
		t.Errorf("without any configuration: %v, %v", c, err)
	}
}
