package woo

import (
	"strings"
	"testing"

	"helloworld/connectors"
)

// The shop takes words for a reason, and the buyer may read them: every reason of
// ours has its own, with the key behind them.
func TestEveryReasonHasItsWord(t *testing.T) {
	t.Parallel()
	seen := map[string]connectors.RefundReason{}
	for _, r := range connectors.Reasons {
		text := reasonOf(connectors.Refund{Reason: r, Key: "k1"})
		word, ok := strings.CutSuffix(text, " [ref k1]")
		if !ok || word == "" || strings.ContainsAny(word, "_[]") || keyIn(text) != "k1" {
			t.Errorf("%s is %q", r, text)
		}
		if other, twice := seen[word]; twice {
			t.Errorf("%s and %s are both %q", r, other, word)
		}
		seen[word] = r
	}
}
