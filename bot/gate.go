package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/lint"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// Replies say which answers go out by themselves when nobody stops them.
type Replies struct {
	// Auto are the grades that may; empty: none does.
	Auto []translate.Grade
	// After is how long people have to stop one.
	After time.Duration
	// Stores and People are for and by whom; "*" stands for all.
	Stores, People []string
}

// leastWait is the shortest time in which somebody can stop an answer.
const leastWait = 5 * time.Second

func (r Replies) allow(x Draft) bool {
	in := func(list []string, id string) bool {
		return slices.Contains(list, people.EveryStore) || slices.Contains(list, id)
	}
	return slices.Contains(r.Auto, x.Result.Grade) && in(r.Stores, x.Store) && in(r.People, string(x.By))
}

// keyFacts are what a person has to look at before a draft goes.
func (x Draft) keyFacts() []translate.KeyFact {
	return translate.KeyFacts(x.Text, x.Result.Text, x.Result.From, x.Result.To)
}

// factsMark names exactly what a person looked at: it changes with any letter of
// it.
func (d *Desk) factsMark(about, text string, r translate.Result) string {
	parts := []string{"facts", about, text, r.Text}
	for _, f := range translate.KeyFacts(text, r.Text, r.From, r.To) {
		parts = append(parts, f.Code, f.Source, f.Said)
	}
	return d.mark(parts...)
}

// refusal tells why a draft may not go to a buyer at all; nil when it may.
func (d *Desk) refusal(x Draft) error {
	switch {
	case againstRules(x.Result):
		return i18n.NewProblem(nil, "reply.against", "id", x.ID)
	case x.Result.Blocked(), strings.TrimSpace(x.Result.Text) == "":
		return i18n.NewProblem(nil, "reply.blocked", "id", x.ID)
	}
	return nil
}

// againstRules: nothing but the marketplace's rules is in the way. The words are
// right, and people are not to look for a fault in the translation.
func againstRules(r translate.Result) bool {
	return r.Blocked() && r.Grade != translate.Gloss && !slices.ContainsFunc(r.Findings, func(f translate.Finding) bool {
		return f.Severity == translate.Block && !slices.Contains(lint.Rules, f.Code)
	})
}

// blockedKey is the sentence for a text that may not go.
func blockedKey(r translate.Result) i18n.Key {
	if againstRules(r) {
		return "draft.against"
	}
	return "draft.blocked"
}

// askCheck shows the facts of a draft on its card, with the button that lets
// exactly these go.
func (d *Desk) askCheck(ctx context.Context, by Deed, x Draft) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE draft SET checking = ?, auto_at = 0 WHERE id = ? AND state = ? AND text = ? AND body = ?`,
			d.factsMark(x.ID, x.Text, x.Result), x.ID, DraftOpen, x.Text, mustJSON(x.Result))
		if err != nil {
			return err
		}
		if n == 0 {
			return d.draftGone(tx, x.ID)
		}
		if err := d.Repaint(tx, "draft:"+x.ID); err != nil || by.Event.Kind != chat.Said {
			return err
		}
		// It was typed, perhaps far from the card.
		place, err := d.threadOf(tx, "msg:"+x.Message, by.Event.Place)
		if err != nil {
			return err
		}
		return d.Show(tx, "draft:"+x.ID, place, by.P.Lang())
	})
}

// ConfirmDraft lets a draft go whose facts a person has looked at. mark names
// what they saw.
func (d *Desk) ConfirmDraft(ctx context.Context, by Deed, id, mark string) error {
	x, err := d.draftFor(ctx, by, id)
	if err != nil {
		return err
	}
	if err := d.refusal(x); err != nil {
		return err
	}
	if now := d.factsMark(x.ID, x.Text, x.Result); mark != now || x.State == DraftOpen && x.Checking != now {
		return i18n.NewProblem(nil, "reply.changed", "id", id)
	}
	return d.commit(ctx, by, func(tx *store.Tx) error { return d.release(tx, x, by.Who.ID, "reply.sent", mark) })
}

// AutoArgs is a draft that goes out by itself, unless somebody stops it.
type AutoArgs struct {
	Draft string `json:"draft"`
	// At tells one waiting time from another.
	At int64 `json:"at"`
}

// Kind names the job.
func (AutoArgs) Kind() string { return "auto" }

// unfit tells why a draft may not go out by itself: a key under "why."; empty
// when it may.
func (d *Desk) unfit(x Draft, by people.Person) string {
	switch {
	case !d.Replies.allow(x):
		return "auto_off"
	case !by.Is(people.Agent, people.Manager) || !by.Sees(x.Store):
		return "auto_person"
	case x.Result.NeedsReview(), len(x.keyFacts()) > 0, d.refusal(x) != nil:
		return "auto_check"
	}
	return ""
}

// startAuto starts the waiting time of a draft that may go out by itself.
func (d *Desk) startAuto(tx *store.Tx, id string, by people.Person) error {
	if len(d.Replies.Auto) == 0 {
		return nil
	}
	x, err := d.GetDraft(tx, id)
	if err != nil || by.ID != x.By || d.unfit(x, by) != "" {
		return err
	}
	at := tx.Now() + max(d.Replies.After, leastWait).Milliseconds()
	if _, err := tx.Exec(`UPDATE draft SET auto_at = ? WHERE id = ?`, at, id); err != nil {
		return err
	}
	return jobs.Add(tx, AutoArgs{id, at}, jobs.At(time.UnixMilli(at)))
}

// autoSend lets a draft go whose time has come. Undo, an edit and a press on Send
// have won if they were written down before.
func (d *Desk) autoSend(ctx context.Context, j jobs.Job[AutoArgs]) error {
	var x Draft
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		x, err = d.GetDraft(tx, j.Args.Draft)
		return err
	})
	if errors.Is(err, ErrNoDraft) {
		return nil
	}
	if err != nil {
		return err
	}
	if x.State != DraftOpen || x.Auto.UnixMilli() != j.Args.At {
		return nil
	}
	who, _ := d.People.Get(ctx, x.By) // nobody may do nothing
	why := d.unfit(x, who)
	if _, ok := d.reach(ctx, x.Store); !ok && why == "" {
		// It would go whenever the store comes back, with nobody looking.
		why = "auto_store"
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE draft SET auto_at = 0, held = ? WHERE id = ? AND state = ? AND auto_at = ? AND text = ? AND body = ?`,
			why, x.ID, DraftOpen, j.Args.At, x.Text, mustJSON(x.Result))
		switch {
		case err != nil:
			return err
		case n == 0:
			return j.Done(tx)
		case why != "":
			if err := d.Repaint(tx, "draft:"+x.ID); err != nil {
				return err
			}
		default:
			if err := d.release(tx, x, people.Desk, "reply.auto", ""); err != nil {
				return err
			}
		}
		return j.Done(tx)
	})
}

// HoldDraft stops a draft from going out by itself. It stays as it is.
func (d *Desk) HoldDraft(ctx context.Context, by Deed, id string) error {
	if _, err := d.draftFor(ctx, by, id); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE draft SET auto_at = 0 WHERE id = ? AND state = ?`, id, DraftOpen)
		if err != nil {
			return err
		}
		if n == 0 {
			return d.draftGone(tx, id)
		}
		return d.Repaint(tx, "draft:"+id)
	})
}

// tooLate deals with other words for a draft that is not open any more. Where its
// chat message was edited, the people who read it now see something that the buyer
// did not get: the card says so, and offers to send it as well.
func (d *Desk) tooLate(tx *store.Tx, by Deed, id, text string) error {
	x, err := d.GetDraft(tx, id)
	if err != nil {
		return err
	}
	if by.Event.Kind != chat.Edited || x.State == DraftCancelled || text == "" {
		return d.draftGone(tx, id)
	}
	if text == x.Text {
		text = "" // changed back
	}
	if _, err := tx.Exec(`UPDATE draft SET unsent = ? WHERE id = ?`, text, id); err != nil {
		return err
	}
	if err := d.Repaint(tx, "draft:"+id); err != nil || text == "" {
		return err
	}
	text = by.P.T("reply.unsent", "id", id, "who", d.People.Name(x.releasedBy()))
	if x.State == DraftFailed {
		text = by.P.T("reply.unsent_failed", "id", id)
	}
	card := plain(by.P, text)
	card.Buttons = []chat.Button{correctButton(by.P, id)}
	return d.Whisper(tx, by.Event, card)
}

func correctButton(p *i18n.Printer, id string) chat.Button {
	return chat.Button{Label: p.T("button.correct"), Command: "reply correct " + id, Tone: chat.Primary}
}

// CorrectDraft makes a new draft of what a sent one's chat message was changed to.
func (d *Desk) CorrectDraft(ctx context.Context, by Deed, id string) error {
	x, err := d.draftFor(ctx, by, id)
	if err != nil {
		return err
	}
	if x.Unsent == "" {
		return i18n.NewProblem(nil, "reply.no_correction", "id", id)
	}
	return d.compose(ctx, by, x.Message, x.Unsent, func(tx *store.Tx, l Letter, text string, res translate.Result) error {
		n, err := tx.Exec(`UPDATE draft SET unsent = '' WHERE id = ? AND unsent = ?`, id, x.Unsent)
		if err != nil {
			return err
		}
		if n == 0 {
			return i18n.NewProblem(nil, "reply.no_correction", "id", id)
		}
		// The chat message belongs to the new draft from here on.
		if err := d.newDraft(tx, by, l, text, x.Source, res); err != nil {
			return err
		}
		return d.Repaint(tx, "draft:"+id)
	})
}

// wording is what a translation of a message, or of an answer to it, has to know
// whichever way it goes.
func (d *Desk) wording(ctx context.Context, s *Store, l Letter) (translate.Request, error) {
	req := translate.Request{Store: s.ID, Platform: s.Shop.Info().Platform, Local: s.Local}
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		req.Names, err = names(tx, l)
		return err
	})
	return req, err
}

// outward translates what goes to a buyer, and reads it as the marketplace would.
func (d *Desk) outward(ctx context.Context, req translate.Request, order string, most int) (translate.Result, error) {
	req.Outgoing = true
	res, err := d.Words.Do(ctx, req)
	if err != nil || res.Grade == translate.Gloss {
		return res, err
	}
	for _, f := range lint.Check(lint.Subject{Platform: req.Platform, Text: res.Text, Lang: res.To, Preferred: req.To, Order: order, Max: most}) {
		res.Findings = append(res.Findings, translate.Finding{Severity: f.Severity, Code: f.Rule, What: f.What})
	}
	return res, nil
}

// names are what the desk knows the buyer by: the name on the letter, and the one
// on the order.
func names(tx *store.Tx, l Letter) ([]string, error) {
	out := []string{l.Buyer.Name}
	f, ok, err := mirrored(tx, l.Store, l.Order)
	if err != nil {
		return nil, err
	}
	if ok {
		out = append(out, f.Order.Buyer.Name)
	}
	out = slices.DeleteFunc(out, func(s string) bool { return strings.TrimSpace(s) == "" })
	return slices.Compact(out), nil
}

// mirrored is the desk's copy of a store's order.
func mirrored(tx *store.Tx, storeID, number string) (sync.Found, bool, error) {
	if number == "" {
		return sync.Found{}, false, nil
	}
	found, err := sync.Find(tx, number)
	for _, f := range found {
		if f.Store == storeID {
			return f, true, err
		}
	}
	return sync.Found{}, false, err
}
