package commands_test

import (
	"testing"

	"golang.org/x/text/language"

	"helloworld/i18n"
)

// TestFilterReversed: a range of days that ends before it begins is named as that,
// and one day is a range.
func TestFilterReversed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := i18n.For(language.English)
	for to, want := range map[string]string{
		"2026-11-04": p.T("batch.filter_reversed", "from", "2026-11-05", "to", "2026-11-04"),
		"2026-11-05": p.T("batch.filter_none", "store", "ebay-de"),
	} {
		if said, _ := r.say("anna", "/batch filter store=ebay-de reason=late from=2026-11-05 to="+to); len(said) != 1 || words(said[0]) != want {
			t.Errorf("to %s: %d answers, not %q: %v", to, len(said), want, said)
		}
	}
}
