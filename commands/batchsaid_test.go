package commands_test

import (
	"fmt"
	"slices"
	"strings"
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

// TestTablePartsInOrder: the parts of a long table stand in their order, though the
// chat takes the first one later than it would the others.
func TestTablePartsInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.say("anna", "/batch "+strings.Repeat("none-1 ", 45)+"full damaged")
	r.until("the list is looked at", func() bool { return r.count(`SELECT COUNT(*) FROM batch WHERE state = 'ready'`) == 1 })
	p := i18n.For(language.English)
	var want, got []string
	for part := range 3 {
		want = append(want, p.T("batch.receipt_title", "id", "B1", "part", part+1, "parts", 3))
	}
	r.hall.mu.Lock()
	r.hall.late = want[0]
	r.hall.mu.Unlock()
	said, _ := r.say("anna", "/batch B1 receipt")
	for _, c := range said {
		if slices.Contains(want, c.Title) {
			got = append(got, c.Title)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the parts stand as %s", fmt.Sprint(got))
	}
}
