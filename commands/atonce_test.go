package commands_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
	"helloworld/i18n"
)

var english = i18n.For(language.English)

// buttonsOf are what a card's buttons say.
func buttonsOf(c chat.Card) string {
	var all []string
	for _, b := range c.Buttons {
		all = append(all, b.Label)
	}
	return strings.Join(all, " | ")
}

// formsOf is how many forms were opened so far.
func (r *rig) formsOf() int {
	r.hall.mu.Lock()
	defer r.hall.mu.Unlock()
	return len(r.hall.forms)
}

// TestReadingsWithinWhatIsLeft: of the readings of a figure only those are offered
// that the order has left; where that is none, it is said so.
func TestReadingsWithinWhatIsLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "1218", Total: "241.12"})
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "1219", Total: "1500.00"})
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "1220", Total: "12.345", Currency: "KWD"})
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "1221", Total: "2000.000", Currency: "KWD"})
	other := english.T("ask.other_amount")
	for text, want := range map[string]string{"1219 1.234": "1234.00 USD | " + other, "1220 1.234": "1.234 KWD | " + other,
		"1221 1.234": "1234.000 KWD | 1.234 KWD", "1218 1.234": "", "1218 12.505": "", "1218 12,345": "", "1218 5,001": ""} {
		said, _ := r.say("anna", "/refund "+text+" late")
		if len(said) != 1 || buttonsOf(said[0]) != want {
			t.Errorf("%s: %q offers %q, not %q", text, words(said[0]), buttonsOf(said[0]), want)
		}
		_, figure, _ := strings.Cut(text, " ")
		none := english.T("amount.none_left", "got", figure, "order", "shopify-main#1218", "left", "241.12 USD", "example", "241.12")
		if want == "" && words(said[0]) != none {
			t.Errorf("%s: it says %q, not %q", text, words(said[0]), none)
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM refund`); n != 0 {
		t.Errorf("%d were asked for", n)
	}
}

// TestToldAtOnce: what would refuse the refund once the form is filled in is said
// before it opens; a return that bars nothing fills in that the goods come back.
func TestToldAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.order(sandbox.NewOrder{Store: "shopify-main", Number: "2006", Total: "20.00"})
	r.say("anna", "/refund 2006 5.00 damaged")
	for who, lang := range map[string]string{"anna": "en", "li": "zh-CN"} {
		want := i18n.ForLocale(lang).T("preflight.in_flight", "order", "shopify-main#2006", "id", "R1")
		if said, _ := r.say(who, "/refund 2006"); len(said) != 1 || words(said[0]) != want || r.formsOf() != 0 {
			t.Errorf("%s reads %+v and sees %d forms, want %q", who, said, r.formsOf(), want)
		}
	}
	returned := func(storeID, number string) string {
		t.Helper()
		o := r.order(sandbox.NewOrder{Store: storeID, Number: number, Total: "59.90"})
		if _, err := r.world.AddReturn(sandbox.NewReturn{Store: storeID, Order: o.ID}); err != nil {
			t.Fatal(err)
		}
		s, _ := r.desk.Shop(storeID)
		page, err := s.Shop.(connectors.ReturnReader).Returns(t.Context(), connectors.Cursor{})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("%d returns, %v", len(page.Items), err)
		}
		r.write(func(tx *store.Tx) error {
			_, err := sync.ReturnBatch(page.Items).Save(tx, storeID)
			return err
		})
		return page.Items[0].Number
	}
	id := returned("ebay-de", "5001")
	if said, _ := r.say("anna", "/refund "+id); len(said) != 1 || words(said[0]) != english.T("preflight.bars_return", "order", "ebay-de#5001", "id", id) || r.formsOf() != 0 {
		t.Errorf("%+v, %d forms", said, r.formsOf())
	}
	r.say("anna", "/refund "+returned("shopify-main", "2007"))
	got := map[string]string{}
	for _, in := range r.form().Inputs {
		got[in.Name] = in.Value
	}
	if got["goods"] != string(connectors.GoodsBack) || got["lines"] == "" {
		t.Errorf("filled in: %v", got)
	}
}

// TestTogether: after a refund that did not say what it was for the lines and the
// shipping come to more than is left, and the form says so.
func TestTogether(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	o := r.order(sandbox.NewOrder{Store: "ebay-de", Number: "5001", Total: "59.90", Shipping: "5.00"})
	if r.say("anna", "/refund 5001"); strings.Contains(r.form().Intro, "Together") {
		t.Errorf("nothing was given back: %s", r.form().Intro)
	}
	if _, err := r.world.PayBack(o.Store, o.ID, "9.90"); err != nil {
		t.Fatal(err)
	}
	if r.say("anna", "/refund 5001"); !strings.Contains(r.form().Intro, english.T("ask.together", "left", "50.00 EUR")) {
		t.Errorf("the form says %s", r.form().Intro)
	}
}

// TestMoreApprovals: the button under a page counts as the title does.
func TestMoreApprovals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write(func(tx *store.Tx) error {
		return r.desk.People.Save(tx, people.Person{ID: "carla", Name: "carla", Lang: language.English, Roles: []people.Role{people.Manager}, Stores: []string{people.EveryStore}})
	})
	for i := range 8 {
		o := r.order(sandbox.NewOrder{Store: "shopify-main", Number: fmt.Sprint(2001 + i), Total: "20.00"})
		who := "anna"
		if i == 7 {
			who = "ben"
		}
		r.say(who, "/refund "+o.Number+" full damaged")
	}
	said, _ := r.say("ben", "/approvals")
	if last := said[0].Buttons[len(said[0].Buttons)-1].Label; said[0].Title != english.T("approval.list", "n", 7) || last != english.T("approval.button.more", "n", 2) {
		t.Errorf("%s, and %q", said[0].Title, last)
	}
}

// TestWhatCanBeTyped: an answer to a word that was not understood names those that
// are.
func TestWhatCanBeTyped(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for text, want := range map[string]string{
		"/settle R1 done":        "/settle R1 happened or /settle R1 not",
		"/settle X1 done":        "/settle X1 sent",
		"/translate to xx hello": "de German, fr French",
	} {
		if said, _ := r.say("anna", text); len(said) != 1 || !strings.Contains(words(said[0]), want) {
			t.Errorf("%s: %q does not say %q", text, words(said[0]), want)
		}
	}
	if said, _ := r.say("anna", "/translate to xx hello"); !strings.Contains(words(said[0]), "/translate de to xx hello") {
		t.Errorf("%q does not say how to translate all of it", words(said[0]))
	}
}
