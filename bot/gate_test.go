package bot_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// What these words are about: German ones need no engine at the German shop, and
// have no fact in them that a person has to look at.
const (
	harmless = "Vielen Dank für Ihre Nachricht. Wir kümmern uns darum."
	inside   = "Wir haben Ihnen soeben 20,00 EUR erstattet."
	shouting = "WIR HABEN IHRE NACHRICHT ERHALTEN und kümmern uns darum."
	outside  = "Bitte schreiben Sie uns auf WhatsApp: +49 151 23456789."
)

// english is somebody at work in English, as the channel is.
func (r *rig) english(who people.ID) bot.Deed {
	r.t.Helper()
	by := r.by(who, "inbox")
	by.P = i18n.For(enTag)
	return by
}

// wrote makes a draft in somebody's name and gives its id.
func (r *rig) wrote(who people.ID, message, text string) string {
	r.t.Helper()
	return r.made(func() error { return r.desk.Compose(r.t.Context(), r.english(who), message, text, "") })
}

// made is the draft that something has made.
func (r *rig) made(do func() error) string {
	r.t.Helper()
	before := map[string]bool{}
	for _, id := range r.ids(`SELECT id FROM draft`) {
		before[id] = true
	}
	if err := do(); err != nil {
		r.t.Fatal(err)
	}
	for _, id := range r.ids(`SELECT id FROM draft`) {
		if !before[id] {
			return id
		}
	}
	r.t.Fatal("there is no new draft")
	return ""
}

// is waits until a draft has come to a state.
func (r *rig) is(draft, state string) bot.Draft {
	r.t.Helper()
	r.until(draft+" is "+state, func() bool { return r.draft(draft).State == state })
	return r.draft(draft)
}

// expect fails unless an error is the sentence wanted; empty wants none.
func expect(t *testing.T, what string, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && problem(err) != want {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

func TestGateLetsGoWhatWasLookedAt(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de"}})
	o := r.order("ebay-de", "30.00")
	m := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Wo bleibt mein Paket? Ich warte schon lange darauf."})
	lina, zoe := r.english("lina"), r.english("zoe")
	id := r.wrote("lina", m, inside)
	send := func(by bot.Deed, facts string) error { return r.desk.SendDraft(t.Context(), by, id, facts) }
	confirm := func(by bot.Deed, mark string) error { return r.desk.ConfirmDraft(t.Context(), by, id, mark) }
	rewrite := func(text string) {
		t.Helper()
		if err := r.desk.Rewrite(t.Context(), lina, id, text); err != nil {
			t.Fatal(err)
		}
	}
	shown := func() string {
		t.Helper()
		expect(t, "Send", send(lina, ""), "")
		x := r.draft(id)
		if x.State != bot.DraftOpen || x.Checking == "" {
			t.Fatalf("it is %s, checked as %q", x.State, x.Checking)
		}
		return x.Checking
	}

	expect(t, "before anything was shown", confirm(lina, ""), "reply.changed")
	expect(t, "with a mark of one's own", confirm(lina, strings.Repeat("a", 26)), "reply.changed")
	first := shown()
	r.card("inbox", "Draft "+id+": check before sending in German", "Amount", "20,00 EUR", inside)
	expect(t, "nobody's mark", confirm(lina, first[1:]), "reply.changed")

	old := r.draft(id)
	rewrite(strings.Replace(inside, "20,00", "200,00", 1))
	expect(t, "the mark of other words", confirm(lina, first), "reply.changed")
	expect(t, "another one's card with other words", confirm(zoe, first), "reply.changed")
	expect(t, "a Send under other words", send(zoe, old.Text+"\x00"+old.Result.Text), "reply.changed")
	if x := r.draft(id); x.Checking != "" {
		t.Errorf("other words count as looked at: %q", x.Checking)
	}
	second := shown()

	// The same words of the agent's, and another translation.
	r.write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE draft SET body = REPLACE(body, '200,00', '900,00') WHERE id = ?`, id)
		return err
	})
	expect(t, "the mark of another translation", confirm(lina, second), "reply.changed")
	if third := shown(); third == second {
		t.Error("another translation has the same mark")
	}

	rewrite(inside)
	expect(t, "a mark from before, of the same words", confirm(lina, first), "reply.changed")
	last := shown()
	if len(r.received("ebay-de")) != 0 {
		t.Fatal("something was sent")
	}
	// Pressed by both, several times at once.
	var won, late atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		by := lina
		if i%2 > 0 {
			by = zoe
		}
		all.Go(func() {
			switch err := confirm(by, last); {
			case err == nil:
				won.Add(1)
			case problem(err) == "reply.already_sent":
				late.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || late.Load() != 7 {
		t.Errorf("%d let it go, %d were late", won.Load(), late.Load())
	}
	r.is(id, bot.DraftSent)
	expect(t, "sent already", send(lina, ""), "reply.already_sent")
	if got := r.received("ebay-de"); len(got) != 1 || got[0].Text != inside {
		t.Errorf("the buyer got %+v", got)
	}
	if n := len(r.ids(`SELECT who FROM audit WHERE what = 'reply.sent' AND about = ? AND detail LIKE ?`, "draft:"+id, "%"+last+"%")); n != 1 {
		t.Errorf("%d lines of the audit log tell what was looked at", n)
	}
}

// What is no translation, or is against the rules, does not leave, whoever says
// so, and if it were the database.
func TestGateKeepsInWhatMayNotGo(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de", "amazon-jp"}, with: func(o *bot.Options) {
		o.Replies = bot.Replies{Auto: []translate.Grade{translate.Gloss, translate.Same}, Stores: []string{"*"}, People: []string{"*"}}
	}})
	o := r.order("ebay-de", "30.00")
	m := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Wo bleibt mein Paket? Ich warte schon lange darauf."})
	for _, c := range []struct {
		name, text, refused string
		card                []string
	}{
		{"a gloss", "这句话没有引擎可以翻译，也不是话术模板。", "reply.blocked", []string{"not a safe translation"}},
		{"a number to call", outside, "reply.against", []string{"Rule on contact details", "+49 151 23456789", "goes against the marketplace's rules"}},
		{"money past the marketplace", "Bitte überweisen Sie den Betrag per PayPal an shop@example.com.", "reply.against", []string{"goes against the marketplace's rules"}},
	} {
		id := r.wrote("lina", m, c.text)
		lina := r.english("lina")
		r.card("inbox", "Draft "+id, c.card...)
		x := r.draft(id)
		if !x.Auto.IsZero() {
			t.Errorf("%s is to go by itself", c.name)
		}
		expect(t, c.name, r.desk.SendDraft(t.Context(), lina, id, ""), c.refused)
		expect(t, c.name+", looked at", r.desk.ConfirmDraft(t.Context(), lina, id, x.Checking), c.refused)
		// Written by hand as if it had been let go.
		r.write(func(tx *store.Tx) error {
			if _, err := tx.Exec(`UPDATE draft SET state = ?, sent_by = 'lina', sent = ? WHERE id = ?`, bot.DraftSending, tx.Now(), id); err != nil {
				return err
			}
			return jobs.Add(tx, bot.SendArgs{Draft: id})
		})
		if x := r.is(id, bot.DraftFailed); x.Error != "gate" {
			t.Errorf("%s was not sent for %q", c.name, x.Error)
		}
		expect(t, c.name+", which failed", r.desk.CancelDraft(t.Context(), lina, id), "reply.failed")
	}
	if got := r.received("ebay-de"); len(got) != 0 {
		t.Errorf("the buyer got %+v", got)
	}
}

// A message of the platform's own kind passes the same gate.
func TestGateOfThePlatformsOwnMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"amazon-jp"}})
	info := r.order("amazon-jp", "3000")
	s, _ := r.desk.Shop("amazon-jp")
	o := bot.OrderAt{Store: s, Order: connectors.Order{ID: info.ID, Number: info.ID, Site: s.Shop.Info().Language}}
	list, err := r.desk.TemplatesFor(t.Context(), o)
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	lina := r.english("lina")
	write := func(text string) string {
		t.Helper()
		if err := r.desk.WriteForm(t.Context(), lina, o, list[0], text); err != nil {
			t.Fatal(err)
		}
		return r.ids(`SELECT id FROM template_message ORDER BY at DESC, id DESC`)[0]
	}
	end := func(id, mark string) error { return r.desk.EndForm(t.Context(), lina, id, true, mark) }

	id := write("本日、3,000円を返金いたしました。")
	expect(t, "a mark that nobody was given", end(id, strings.Repeat("b", 26)), "reply.changed")
	expect(t, "Send", end(id, ""), "")
	f := r.form(id, bot.DraftOpen)
	if f.Checking == "" || len(r.received("amazon-jp")) != 0 {
		t.Fatalf("nobody is asked to look: %+v", f)
	}
	r.card("inbox", "", "3,000円", "Compare before it goes")
	expect(t, "Send again", end(id, ""), "")
	expect(t, "another mark", end(id, strings.ToUpper(f.Checking)), "reply.changed")
	expect(t, "what was looked at", end(id, f.Checking), "")
	expect(t, "twice", end(id, f.Checking), "template.over")
	r.form(id, bot.DraftSent)
	if n := len(r.received("amazon-jp")); n != 1 {
		t.Fatalf("%d messages arrived", n)
	}

	against := write("LINEでご連絡ください。WhatsApp: +81 90 1234 5678")
	expect(t, "a number to call", end(against, ""), "draft.against")
	r.card("inbox", "", "Rule on contact details", "+81 90 1234 5678")
	for _, id := range []string{against, write("这句话没有引擎可以翻译，也不是话术模板。")} {
		r.write(func(tx *store.Tx) error {
			if _, err := tx.Exec(`UPDATE template_message SET state = ? WHERE id = ?`, bot.DraftSending, id); err != nil {
				return err
			}
			return jobs.Add(tx, bot.FormArgs{Form: id})
		})
		if f := r.form(id, bot.DraftFailed); f.Error != "gate" {
			t.Errorf("%s was not sent for %q", f.Result.Text, f.Error)
		}
	}
	if n := len(r.received("amazon-jp")); n != 1 {
		t.Errorf("%d messages arrived", n)
	}
}

// An edit that came too late is shown as such, and can be sent as well.
func TestGateAnEditThatCameTooLate(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{"ebay-de"}})
	o := r.order("ebay-de", "30.00")
	m := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "Wo bleibt mein Paket? Ich warte schon lange darauf."})
	id := r.wrote("lina", m, harmless)
	lina := r.english("lina")
	edited := lina
	edited.Event.Kind = chat.Edited
	const other = "Vielen Dank für Ihre Nachricht. Ihr Paket ist unterwegs."
	expect(t, "nothing to correct yet", r.desk.CorrectDraft(t.Context(), lina, id), "reply.no_correction")
	expect(t, "Send", r.desk.SendDraft(t.Context(), lina, id, ""), "")
	r.is(id, bot.DraftSent)
	expect(t, "typed, not edited", r.desk.Rewrite(t.Context(), lina, id, other), "reply.already_sent")
	if x := r.draft(id); x.Unsent != "" {
		t.Errorf("%q counts as an edit", x.Unsent)
	}
	expect(t, "edited", r.desk.Rewrite(t.Context(), edited, id, other), "")
	if x := r.draft(id); x.Unsent != other || x.Text != harmless {
		t.Fatalf("sent %q, unsent %q", x.Text, x.Unsent)
	}
	r.card("inbox", "Answer "+id, "did not reach the buyer", other)
	expect(t, "changed back", r.desk.Rewrite(t.Context(), edited, id, harmless), "")
	if x := r.draft(id); x.Unsent != "" {
		t.Errorf("changed back, and still %q", x.Unsent)
	}
	expect(t, "edited again", r.desk.Rewrite(t.Context(), edited, id, other), "")
	second := r.made(func() error { return r.desk.CorrectDraft(t.Context(), lina, id) })
	if x := r.draft(second); x.Text != other || x.State != bot.DraftOpen || r.draft(id).Unsent != "" {
		t.Errorf("the correction is %+v", x)
	}
	expect(t, "twice", r.desk.CorrectDraft(t.Context(), lina, id), "reply.no_correction")
	expect(t, "Send", r.desk.SendDraft(t.Context(), lina, second, ""), "")
	r.is(second, bot.DraftSent)
	if got := r.received("ebay-de"); len(got) != 2 || got[1].Text != other {
		t.Errorf("the buyer got %+v", got)
	}
}

// TestAPhraseSaysWhyItIsLookedAt: every reason that a phrase of ours gives stands
// on the card in words.
func TestAPhraseSaysWhyItIsLookedAt(t *testing.T) {
	t.Parallel()
	book, err := glossary.Default()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, x := range book.Sentences() {
		if x.Review == "" {
			continue
		}
		n++
		for _, lang := range i18n.Langs() {
			p := i18n.For(lang)
			r := translate.Result{From: zhTag, To: language.German, Findings: []translate.Finding{{Severity: translate.Review, Code: "confirm_review", What: x.Review}}}
			about := i18n.Key("finding.about." + x.Review)
			if !p.Has(about) {
				t.Errorf("%s: %s has no words in %s", x.ID, x.Review, lang)
			} else if said := words(bot.TranslationCard(p, "…", r)); !strings.Contains(said, p.T("finding.confirm_review", "what", p.T(about))) {
				t.Errorf("%s in %s: %s", x.ID, lang, said)
			}
		}
	}
	if n == 0 {
		t.Error("no phrase wants a look")
	}
}
