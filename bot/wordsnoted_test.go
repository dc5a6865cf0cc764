package bot_test

import (
	"slices"
	"testing"

	"helloworld/connectors/sandbox"
)

// A draft that is written, changed and sent is counted as such, each with what
// was done to it.
func TestWhatBecomesOfADraftIsCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de"}})
	o := r.order("ebay-de", "3000")
	m := r.asked(sandbox.BuyerMessage{Store: "ebay-de", Order: o.ID, Text: "Wo bleibt mein Paket? Ich warte schon lange darauf."})
	by := r.by("lina", "inbox")
	if err := r.desk.Compose(t.Context(), by, m, "您好，感谢您的来信。", ""); err != nil {
		t.Fatal(err)
	}
	draft := r.ids(`SELECT id FROM draft WHERE message = ?`, m)[0]
	if err := r.desk.Rewrite(t.Context(), by, draft, "非常抱歉给您带来不便。"); err != nil {
		t.Fatal(err)
	}
	if got := r.ids(`SELECT kind FROM word_event WHERE kind <> 'finding' ORDER BY kind`); !slices.Equal(got, []string{"edited", "written"}) {
		t.Fatalf("before it is sent: %v", got)
	}
	if err := r.desk.SendDraft(t.Context(), by, draft, ""); err != nil {
		t.Fatal(err)
	}
	r.until("the sending is counted", func() bool {
		return slices.Equal(r.ids(`SELECT kind || detail FROM word_event WHERE kind = 'sent' AND store = 'ebay-de' AND draft = ?`, draft), []string{"sent"})
	})
	if err := r.desk.Rewrite(t.Context(), by, draft, "您好！"); err == nil {
		t.Error("what was sent was changed")
	}
	if got := r.ids(`SELECT kind FROM word_event WHERE kind = 'edited'`); len(got) != 1 {
		t.Errorf("an edit that came too late is counted: %v", got)
	}
}
