package bot

import (
	"cmp"
	"context"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// Tell says whether a buyer is told of their refund. Whatever it is, what they are
// told is a draft that somebody looks at: it names a sum.
type Tell string

// The ways of telling a buyer.
const (
	TellNever Tell = "never"
	// TellAsk: a button on the refund's card makes the draft.
	TellAsk Tell = "ask"
	// TellDraft: the draft is there once the refund is confirmed.
	TellDraft Tell = "draft"
)

// Aftermath is what follows refunds.
type Aftermath struct {
	Tell Tell
	// Hour is at what hour of the desk's day the refunds of the last Days days are
	// held against what the platforms show. Days 0: never by itself.
	Hour, Days int
}

// What follows a refund that happened.
const (
	afterTell   = "tell"
	afterStock  = "stock"
	afterReturn = "return"
)

// after is what became of something that follows a refund: done, or why not.
type after struct{ What, State, Detail string }

// afterDone is the state of what was done; any other says why it was not.
const afterDone = "done"

// TellArgs is telling a buyer of a refund.
type TellArgs struct {
	Refund string `json:"refund"`
}

// Kind names the job.
func (TellArgs) Kind() string { return "tell" }

// followUp starts what follows a refund, in the transaction that confirms it.
func (d *Desk) followUp(tx *store.Tx, r Payback) error {
	if d.After.Tell == TellDraft {
		if err := tellLater(tx, r.ID); err != nil {
			return err
		}
	}
	if err := restockLater(tx, r); err != nil {
		return err
	}
	return jobs.Add(tx, ReturnArgs{r.ID}, jobs.Key("return/"+r.ID))
}

func tellLater(tx *store.Tx, refund string) error {
	return jobs.Add(tx, TellArgs{refund}, jobs.Key("tell/"+refund))
}

// noteAfter writes down what became of something that follows a refund; false if
// that was written down before.
func noteAfter(tx *store.Tx, refund string, a after) (bool, error) {
	n, err := tx.Exec(`INSERT INTO refund_after(refund, what, state, detail, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (refund, what) DO NOTHING`,
		refund, a.What, a.State, a.Detail, tx.Now())
	return n > 0, err
}

// aftermathOf is what followed a refund so far.
func aftermathOf(tx *store.Tx, refund string) ([]after, error) {
	rows, err := tx.Query(`SELECT what, state, detail FROM refund_after WHERE refund = ? ORDER BY what DESC`, refund)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []after
	for rows.Next() {
		var a after
		if err := rows.Scan(&a.What, &a.State, &a.Detail); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// TellBuyer has a buyer told of a refund because somebody asked for it. It makes
// a draft, once.
func (d *Desk) TellBuyer(ctx context.Context, by Deed, id string) error {
	if _, err := d.RefundFor(ctx, by, id); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		r, err := d.GetRefund(tx, id)
		if err != nil {
			return err
		}
		if r.State != RefundConfirmed {
			return i18n.NewProblem(nil, "after.not_yet", "id", id)
		}
		all, err := aftermathOf(tx, id)
		if err != nil {
			return err
		}
		for _, a := range all {
			if a.What == afterTell {
				return d.Whisper(tx, by.Event, plain(by.P, a.say(by.P)))
			}
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "refund.tell", "refund:"+id, nil); err != nil {
			return err
		}
		if err := tellLater(tx, id); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("after.begun", "id", id)))
	})
}

// tell makes the draft that tells a buyer of a refund, on the last message about
// its order. Where nothing can be said, the card says why.
func (d *Desk) tell(ctx context.Context, j jobs.Job[TellArgs]) error {
	var r Payback
	var l Letter
	var known bool
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if r, err = d.GetRefund(tx, j.Args.Refund); err != nil {
			return err
		}
		l, known, err = d.lastLetter(tx, r)
		return err
	}); err != nil {
		return err
	}
	if r.State != RefundConfirmed {
		return nil
	}
	why, text, res := "", "", translate.Result{}
	s := d.storeOr(r.Store)
	lang, spoken := d.desksTongue(r.Store)
	_, can := s.Messenger()
	switch {
	case !can:
		why = "no_messenger"
	case !known:
		why = "no_thread"
	case l.Buyer == (connectors.Buyer{}):
		why = "masked"
	case !spoken:
		why = "no_channel"
	case r.Body.Cmd.Method == connectors.StoreCredit:
		why = "credit"
	default:
		var ok bool
		if text, ok = d.tidings(r, lang); !ok {
			why = "no_words"
		}
	}
	if why == "" {
		req, err := d.wording(ctx, s, l)
		if err != nil {
			return err
		}
		if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			req.To, err = d.buyerLang(tx, s, l)
			return err
		}); err != nil {
			return err
		}
		req.Text, req.From, req.Site, req.History = text, lang, lang, []language.Tag{lang}
		if res, err = d.outward(ctx, req, l.Order, 0); err != nil {
			return err
		}
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := j.Done(tx); err != nil {
			return err
		}
		return d.told(tx, r, l, why, text, res)
	})
}

// told writes down what telling a buyer came to, and shows the draft.
func (d *Desk) told(tx *store.Tx, r Payback, l Letter, why, text string, res translate.Result) error {
	var before int
	if err := tx.Row(`SELECT COUNT(*) FROM refund_after WHERE refund = ? AND what = ?`, r.ID, afterTell).Scan(&before); err != nil || before > 0 {
		return err
	}
	a := after{What: afterTell, State: cmp.Or(why, afterDone)}
	if why == "" {
		id, err := d.keepDraft(tx, people.Desk, l, text, "", res)
		if err != nil {
			return err
		}
		a.Detail = id
		if err := d.Audit.Append(tx, string(people.Desk), "refund.told", "refund:"+r.ID, map[string]any{"draft": id, "grade": res.Grade}); err != nil {
			return err
		}
		for _, c := range d.channels(TopicMessages, r.Store) {
			place, err := d.threadOf(tx, "msg:"+l.ID, c.Place)
			if err != nil {
				return err
			}
			if err := d.Show(tx, "draft:"+id, place, c.Lang); err != nil {
				return err
			}
		}
	}
	if _, err := noteAfter(tx, r.ID, a); err != nil {
		return err
	}
	return d.Repaint(tx, "refund:"+r.ID)
}

// lastLetter is the last message of a buyer about a refund's order; where the
// platform does not tell what its messages are about, the last of its buyer since.
func (d *Desk) lastLetter(tx *store.Tx, r Payback) (Letter, bool, error) {
	n := sync.Number(r.Number)
	about := []any{r.Order, r.Number, n, "#" + n}
	l, known, err := d.newest(tx, func(Letter) bool { return true }, `order_ref IN (?, ?, ?, ?)`, r.Store, about...)
	if err != nil || known {
		return l, known, err
	}
	f, ok, err := mirrored(tx, r.Store, r.Number)
	if err != nil || !ok {
		return l, false, err
	}
	for _, ref := range []string{f.Order.Buyer.ID, f.Order.Buyer.Email} {
		if ref == "" {
			continue
		}
		l, known, err = d.newest(tx, func(l Letter) bool { return sync.SameBuyer(l.Buyer, ref) && !l.At.Before(f.Order.Created) },
			`order_ref = '' AND body LIKE ? ESCAPE '!'`, r.Store, sync.Like(ref))
		if err != nil || known {
			return l, known, err
		}
	}
	return l, false, nil
}

// lettersLooked bounds how many messages of a buyer are looked through.
const lettersLooked = 20

// newest is the newest message of a store's buyers that fits.
func (d *Desk) newest(tx *store.Tx, fits func(Letter) bool, where, storeID string, args ...any) (Letter, bool, error) {
	ids, err := store.Column[string](tx, `SELECT id FROM message WHERE store = ? AND from_shop = 0 AND state <> ? AND `+where+` ORDER BY at DESC, id DESC LIMIT ?`,
		append(append([]any{storeID, msgOwn}, args...), lettersLooked)...)
	if err != nil {
		return Letter{}, false, err
	}
	for _, id := range ids {
		if l, err := d.Letter(tx, id); err != nil || fits(l) {
			return l, err == nil, err
		}
	}
	return Letter{}, false, nil
}

// desksTongue is the language of those who will look at a store's draft; false
// when nobody would see it.
func (d *Desk) desksTongue(storeID string) (language.Tag, bool) {
	list := d.channels(TopicMessages, storeID)
	if len(list) == 0 {
		return language.Und, false
	}
	return list[0].Lang, true
}

// What the glossary says of a refund that was made.
const (
	phraseWhole = "agent.refund_amount"
	phrasePart  = "agent.partial_done"
)

// tidings is the glossary's sentence about a refund, in the language of those who
// will look at it.
func (d *Desk) tidings(r Payback, lang language.Tag) (string, bool) {
	if d.Words == nil {
		return "", false
	}
	id, cmd := phraseWhole, r.Body.Cmd
	if total := r.Body.Total; total.Currency == cmd.Amount.Currency && cmd.Amount.Minor+cmd.Before.Minor < total.Minor {
		id = phrasePart
	}
	for _, p := range d.Words.Book().Phrases(lang, glossary.Out) {
		if p.ID == id {
			return glossary.Hit{Phrase: &p, Values: map[string]string{"amount": cmd.Amount.String()}}.Render(lang)
		}
	}
	return "", false
}

// say is what became of it, in words.
func (a after) say(p *i18n.Printer) string {
	if a.What == afterStock {
		return sayStock(p, a.Detail)
	}
	key := i18n.Key("after." + a.What + "." + a.State)
	if !p.Has(key) {
		return p.T(i18n.Key("after."+a.What+".not"), "why", whyText(p, a.State))
	}
	return p.T(key, "detail", a.Detail)
}

// afterParts are what a confirmed refund's card says of what followed, and
// whether the buyer can still be told.
func afterParts(v refundView, p *i18n.Printer) (parts []chat.Part, open bool) {
	open = v.MayTell
	for _, a := range v.After {
		parts = append(parts, chat.Part{Kind: chat.Note, Text: a.say(p)})
		open = open && a.What != afterTell
	}
	return parts, open
}
