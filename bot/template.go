package bot

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// Form is a message of one of the platform's own kinds, written for an order:
// for shops whose platform lets nothing else be said.
type Form struct {
	ID, Store, Order, Number string
	// Kind is the platform's name of it.
	Kind string
	// Text is what the agent wrote, Result what the buyer will read.
	Text   string
	Result translate.Result
	Key    string
	// State is one of the states of a draft.
	State, Error string
	// Checking marks the facts that somebody is looking at before it goes.
	Checking   string
	By, SentBy people.ID
	At         time.Time
}

// keyFacts are what a person has to look at before it goes.
func (f Form) keyFacts() []translate.KeyFact {
	return translate.KeyFacts(f.Text, f.Result.Text, f.Result.From, f.Result.To)
}

// FormArgs is such a message on its way out.
type FormArgs struct {
	Form string `json:"form"`
}

// Kind names the job.
func (FormArgs) Kind() string { return "form" }

// ErrNoForm: no such message.
var ErrNoForm = errors.New("bot: no such message of the platform's own kind")

// Templated is the store's way of sending the platform's own messages.
func (s *Store) Templated() (connectors.Templated, bool) {
	t, ok := s.Shop.(connectors.Templated)
	return t, ok
}

// TemplatesFor lists what may be sent for an order now.
func (d *Desk) TemplatesFor(ctx context.Context, o OrderAt) ([]connectors.Template, error) {
	t, ok := o.Store.Templated()
	if !ok {
		return nil, i18n.NewProblem(nil, "template.no_way", "store", o.Store.Name)
	}
	list, err := t.Templates(connectors.WithPriority(ctx, connectors.Agent), o.Order.ID)
	if err != nil {
		return nil, ShopProblem(o.Store, err, "order", o.Order.Number)
	}
	return list, nil
}

// WriteForm makes a draft of one of them, in the buyer's language. Nothing is
// sent by it.
func (d *Desk) WriteForm(ctx context.Context, by Deed, o OrderAt, t connectors.Template, text string) error {
	to := o.Order.Buyer.Language
	for _, l := range []language.Tag{o.Order.Site, o.Store.Shop.Info().Language, language.English} {
		if to == language.Und {
			to = l
		}
	}
	var res translate.Result
	if t.Text {
		var err error
		if res, err = d.outward(ctx, translate.Request{Text: text, To: to, Site: by.Who.Lang, History: []language.Tag{by.Who.Lang},
			Store: o.Store.ID, Platform: o.Store.Shop.Info().Platform, Local: o.Store.Local, Names: []string{o.Order.Buyer.Name}}, o.Order.Number, t.Max); err != nil {
			return err
		}
		if n := len([]rune(res.Text)); t.Max > 0 && n > t.Max {
			return i18n.NewProblem(nil, "template.too_long", "n", n, "most", t.Max)
		}
	}
	body, err := json.Marshal(res)
	if err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		id, err := next(tx, "form", "F")
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO template_message(id, store, order_id, number, kind, text, body, key, state, by_who, at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, o.Store.ID, o.Order.ID, o.Order.Number, t.ID, text, string(body), tx.NewID(), DraftOpen,
			string(by.Who.ID), tx.Now()); err != nil {
			return err
		}
		place := by.Event.Place
		place.Only, place.Answering = "", ""
		if err := d.heard(tx, by.Event); err != nil {
			return err
		}
		return d.Show(tx, "form:"+id, place, by.P.Lang())
	})
}

// GetForm reads one.
func (d *Desk) GetForm(tx *store.Tx, id string) (Form, error) {
	f := Form{ID: id}
	var body string
	var at int64
	err := tx.Row(`SELECT store, order_id, number, kind, text, body, key, state, error, checking, by_who, sent_by, at FROM template_message WHERE id = ?`, id).
		Scan(&f.Store, &f.Order, &f.Number, &f.Kind, &f.Text, &body, &f.Key, &f.State, &f.Error, &f.Checking, &f.By, &f.SentBy, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return f, ErrNoForm
	}
	if err != nil {
		return f, err
	}
	f.At = time.UnixMilli(at)
	return f, json.Unmarshal([]byte(body), &f.Result)
}

// EndForm sends one, once, or throws it away. One with facts that a person has to
// look at only shows them, until mark names exactly these.
func (d *Desk) EndForm(ctx context.Context, by Deed, id string, send bool, mark string) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		f, err := d.GetForm(tx, id)
		if errors.Is(err, ErrNoForm) || err == nil && !by.Who.Sees(f.Store) {
			return i18n.NewProblem(nil, "template.none", "id", id)
		}
		if err != nil {
			return err
		}
		state, deed := DraftCancelled, "template.cancelled"
		if send {
			if f.Result.Blocked() {
				return i18n.NewProblem(nil, blockedKey(f.Result), "lang", LangName(by.P, f.Result.To))
			}
			now := d.factsMark(f.ID, f.Text, f.Result)
			switch facts := f.keyFacts(); {
			case mark != "" && (mark != now || f.State == DraftOpen && f.Checking != now):
				return i18n.NewProblem(nil, "reply.changed", "id", id)
			case mark == "" && len(facts) > 0 && f.State == DraftOpen:
				if _, err := tx.Exec(`UPDATE template_message SET checking = ? WHERE id = ? AND state = ?`, now, id, DraftOpen); err != nil {
					return err
				}
				return d.Repaint(tx, "form:"+id)
			}
			state, deed = DraftSending, "template.sent"
		}
		n, err := tx.Exec(`UPDATE template_message SET state = ?, sent_by = ?, at = ? WHERE id = ? AND state = ?`, state, string(by.Who.ID), tx.Now(), id, DraftOpen)
		if err != nil {
			return err
		}
		if n == 0 {
			return i18n.NewProblem(nil, "template.over", "id", id, "who", d.People.Name(f.SentBy))
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), deed, "form:"+id, map[string]any{"store": f.Store, "order": f.Order, "kind": f.Kind}); err != nil {
			return err
		}
		if send {
			if err := jobs.Add(tx, FormArgs{id}, jobs.Key("form/"+id)); err != nil {
				return err
			}
		}
		return d.Repaint(tx, "form:"+id)
	})
}

// sendForm sends one. The platform does not tell what was sent, so that after an
// answer that was lost a person has to look.
func (d *Desk) sendForm(ctx context.Context, j jobs.Job[FormArgs]) error {
	var f Form
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		f, err = d.GetForm(tx, j.Args.Form)
		return err
	}); err != nil {
		return err
	}
	if f.State != DraftSending {
		return nil
	}
	if f.Result.Blocked() {
		// Whatever let it come here, as in [Desk.send].
		return d.formEnded(ctx, j, f, DraftFailed, "gate")
	}
	if j.Attempt > 1 {
		// The process went down in the middle: it may have been sent.
		return d.formEnded(ctx, j, f, DraftUnknown, "")
	}
	s, ok := d.reach(ctx, f.Store)
	if !ok {
		return jobs.Snooze(time.Hour)
	}
	t, ok := s.Templated()
	if !ok {
		return d.formEnded(ctx, j, f, DraftFailed, "unsupported")
	}
	r, err := t.SendTemplate(connectors.WithPriority(ctx, connectors.Agent), connectors.TemplateMessage{Key: f.Key, Order: f.Order, ID: f.Kind,
		Text: f.Result.Text, Lang: f.Result.To})
	state, why, again := d.delivered(ctx, s, "form:"+f.ID, j.Created, r, err)
	if again != nil {
		return again
	}
	if state == DraftUnknown {
		d.Log.WarnContext(ctx, "whether a message of the platform's own kind was sent is unknown", "store", f.Store, "form", f.ID, "err", err)
	}
	return d.formEnded(ctx, j, f, state, why)
}

func (d *Desk) formEnded(ctx context.Context, j jobs.Job[FormArgs], f Form, state, why string) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`UPDATE template_message SET state = ?, error = ? WHERE id = ? AND state = ?`, state, why, f.ID, DraftSending); err != nil {
			return err
		}
		if err := d.Audit.Append(tx, string(people.Desk), "template."+state, "form:"+f.ID, map[string]any{"store": f.Store, "key": f.Key}); err != nil {
			return err
		}
		if err := d.Repaint(tx, "form:"+f.ID); err != nil {
			return err
		}
		return j.Done(tx)
	})
}

func (d *Desk) paintForm(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	f, err := d.GetForm(tx, id)
	if err != nil {
		return chat.Card{}, "", err
	}
	return formCard(f, d.storeOr(f.Store), d.People.Name(f.By), d.People.Name(f.SentBy), d.factsMark(f.ID, f.Text, f.Result), d.Zone, p),
		f.State + f.Result.Text + f.Checking, nil
}

// TemplateName is what people call one of the platform's messages.
func TemplateName(p *i18n.Printer, kind string) string {
	if k := i18n.Key("template.kind." + kind); p.Has(k) {
		return p.T(k)
	}
	return kind
}

func formCard(f Form, s *Store, by, sentBy, mark string, zone *time.Location, p *i18n.Printer) chat.Card {
	c := chat.Card{Title: p.T(i18n.Key("template.title."+f.State), "kind", TemplateName(p, f.Kind)), Tone: chat.Warning, Parts: []chat.Part{
		{Kind: chat.Fields, Fields: []chat.Field{{Label: p.T("field.store"), Value: s.Name}, {Label: p.T("field.order"), Value: f.Number}}}}}
	if f.Text != "" {
		c.Parts = append(c.Parts, bothSides(p, by, f.Text, f.Result)...)
	}
	switch f.State {
	case DraftOpen:
		c.Parts = append(c.Parts, terms(p, f.Result)...)
		c.Parts = append(c.Parts, findings(p, f.Result)...)
		if f.Result.Blocked() {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T(blockedKey(f.Result), "lang", LangName(p, f.Result.To))})
		} else {
			send := chat.Button{Label: p.T("button.send"), Command: "template send " + f.ID, Tone: chat.Primary}
			switch facts := f.keyFacts(); {
			case len(facts) > 0 && f.Checking == mark:
				c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("draft.check")}, factFields(p, facts))
				send.Label, send.Command = p.T("button.checked_send"), "template confirm "+f.ID+" "+mark
			case len(facts) > 0:
				send.Label = p.T("button.check_send")
			}
			c.Buttons = append(c.Buttons, send)
		}
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("button.cancel"), Command: "template cancel " + f.ID, Tone: chat.Bad})
	case DraftSent:
		c.Tone, c.Foot = chat.Good, p.T("draft.sent", "who", sentBy, "when", stamp(f.At, zone), "store", s.Name)
	case DraftSending:
		c.Tone, c.Foot = chat.Plain, p.T("draft.sending", "who", sentBy)
	case DraftUnknown:
		c.Foot = p.T("template.unknown")
	case DraftCancelled:
		c.Tone, c.Foot = chat.Plain, p.T("draft.cancelled", "who", sentBy)
	case DraftFailed:
		c.Tone, c.Foot = chat.Bad, p.T("draft.failed", "why", whyText(p, f.Error))
	}
	return c
}
