package bot

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// The states of a draft.
const (
	DraftOpen      = "draft"
	DraftSending   = "sending"
	DraftUnknown   = "unknown"
	DraftSent      = "sent"
	DraftCancelled = "cancelled"
	DraftFailed    = "failed"
)

// Draft is an agent's answer on its way to a buyer.
type Draft struct {
	ID, Message, Store string
	By                 people.ID
	// Text is what the agent wrote.
	Text string
	// Result is what the buyer will read, how it came about and what was noticed.
	Result translate.Result
	// Source is the chat message it was written in, so that editing that message
	// edits the draft.
	Source, Key, State, Error string
	Created, Sent             time.Time
	SentBy                    people.ID
}

// SendArgs is a message to be sent to a buyer.
type SendArgs struct {
	Draft string `json:"draft"`
}

// Kind names the job.
func (SendArgs) Kind() string { return "send" }

// ErrNoDraft: no such draft.
var ErrNoDraft = errors.New("bot: no such draft")

const draftColumns = `id, message, store, by_who, text, body, source, key, state, error, created, sent, sent_by`

// GetDraft reads a draft.
func (d *Desk) GetDraft(tx *store.Tx, id string) (Draft, error) {
	return scanDraft(tx.Row(`SELECT `+draftColumns+` FROM draft WHERE id = ?`, id))
}

// DraftFrom finds the draft that was written in a chat message.
func (d *Desk) DraftFrom(tx *store.Tx, ref chat.Ref) (Draft, error) {
	return scanDraft(tx.Row(`SELECT `+draftColumns+` FROM draft WHERE source = ? ORDER BY created DESC LIMIT 1`, sourceOf(ref)))
}

func sourceOf(r chat.Ref) string {
	if r.ID == "" {
		return ""
	}
	return r.Key() + "/" + r.ID
}

func scanDraft(row *sql.Row) (Draft, error) {
	var x Draft
	var body string
	var created, sent int64
	err := row.Scan(&x.ID, &x.Message, &x.Store, &x.By, &x.Text, &body, &x.Source, &x.Key, &x.State, &x.Error, &created, &sent, &x.SentBy)
	if errors.Is(err, sql.ErrNoRows) {
		return x, ErrNoDraft
	}
	if err != nil {
		return x, err
	}
	x.Created = time.UnixMilli(created)
	if sent > 0 {
		x.Sent = time.UnixMilli(sent)
	}
	return x, json.Unmarshal([]byte(body), &x.Result)
}

// Buyer is the language a message's buyer is answered in: the one they wrote,
// else the one of their thread, else the site's.
func (d *Desk) buyerLang(tx *store.Tx, s *Store, l Letter) (language.Tag, error) {
	if l.Spoken != language.Und {
		return l.Spoken, nil
	}
	history, err := d.spoken(tx, l)
	if err != nil || len(history) > 0 {
		return append(history, language.Und)[0], err
	}
	if l.Buyer.Language != language.Und {
		return l.Buyer.Language, nil
	}
	return d.site(s, l), nil
}

// Compose turns what an agent wrote into a draft with its translation, and shows
// it in the message's thread. replace is the draft it takes the place of, if any.
func (d *Desk) Compose(ctx context.Context, by Deed, message, text, replace string) error {
	text = strings.TrimSpace(text)
	if text == "" {
		return i18n.NewProblem(nil, "reply.empty")
	}
	l, s, to, err := d.letterFor(ctx, by, message)
	if err != nil {
		return err
	}
	if _, ok := s.Messenger(); !ok {
		return i18n.NewProblem(nil, "reply.no_way", "store", s.Name)
	}
	res, err := d.Words.Do(ctx, translate.Request{Text: text, To: to, Site: by.Who.Lang, History: []language.Tag{by.Who.Lang},
		Store: s.ID, Platform: s.Shop.Info().Platform, Outgoing: true})
	if err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		if replace != "" {
			return d.rewrite(tx, replace, text, res)
		}
		return d.newDraft(tx, by, l, text, res)
	})
}

// letterFor reads a message for somebody who wants to answer it.
func (d *Desk) letterFor(ctx context.Context, by Deed, message string) (Letter, *Store, language.Tag, error) {
	var l Letter
	var to language.Tag
	var s *Store
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if l, err = d.Letter(tx, message); err != nil {
			return err
		}
		var ok bool
		if s, ok = d.Shop(l.Store); !ok || !by.Who.Sees(l.Store) {
			return i18n.NewProblem(nil, "error.store_not_yours", "store", l.Store)
		}
		to, err = d.buyerLang(tx, s, l)
		return err
	})
	if errors.Is(err, ErrNoLetter) {
		err = i18n.NewProblem(nil, "reply.no_message", "id", message)
	}
	return l, s, to, err
}

func (d *Desk) newDraft(tx *store.Tx, by Deed, l Letter, text string, res translate.Result) error {
	id, err := next(tx, "draft", "D")
	if err != nil {
		return err
	}
	body, err := json.Marshal(res)
	if err != nil {
		return err
	}
	source := ""
	if by.Event.Kind == chat.Said {
		source = sourceOf(by.Event.Ref)
	}
	if _, err := tx.Exec(`INSERT INTO draft(id, message, store, by_who, text, body, source, key, state, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, l.ID, l.Store, string(by.Who.ID), text, string(body), source, tx.NewID(), DraftOpen, tx.Now()); err != nil {
		return err
	}
	if err := d.noteWords(tx, id, wordsWritten, res); err != nil {
		return err
	}
	place, err := d.threadOf(tx, "msg:"+l.ID, by.Event.Place)
	if err != nil {
		return err
	}
	return d.Show(tx, "draft:"+id, place, by.P.Lang())
}

// threadOf is the thread under a matter's card in the channel where something
// happened; without one, the place itself.
func (d *Desk) threadOf(tx *store.Tx, matter string, at chat.Place) (chat.Place, error) {
	at.Only, at.Answering = "", ""
	if at.Thread != "" {
		return at, nil
	}
	var root string
	err := tx.Row(`SELECT root FROM shown WHERE matter = ? AND chat = ? AND channel = ? AND root <> '' ORDER BY at LIMIT 1`,
		matter, at.Chat, at.Channel).Scan(&root)
	if errors.Is(err, sql.ErrNoRows) {
		return at, nil
	}
	at.Thread = root
	return at, err
}

// rewrite gives an open draft other words.
func (d *Desk) rewrite(tx *store.Tx, id, text string, res translate.Result) error {
	body, err := json.Marshal(res)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE draft SET text = ?, body = ?, error = '' WHERE id = ? AND state = ?`, text, string(body), id, DraftOpen)
	if err != nil {
		return err
	}
	if n == 0 {
		return d.draftGone(tx, id)
	}
	if err := d.noteWords(tx, id, wordsEdited, res); err != nil {
		return err
	}
	return d.Repaint(tx, "draft:"+id)
}

// draftGone says why a draft cannot be changed any more.
func (d *Desk) draftGone(tx *store.Tx, id string) error {
	x, err := d.GetDraft(tx, id)
	if errors.Is(err, ErrNoDraft) {
		return i18n.NewProblem(nil, "reply.no_draft", "id", id)
	}
	if err != nil {
		return err
	}
	key := i18n.Key("reply.already_sent")
	if x.State == DraftCancelled {
		key = "reply.already_cancelled"
	}
	return i18n.NewProblem(nil, key, "id", id, "who", d.People.Name(x.SentBy))
}

// Rewrite gives an open draft other words and a new translation.
func (d *Desk) Rewrite(ctx context.Context, by Deed, id, text string) error {
	x, err := d.draftFor(ctx, by, id)
	if err != nil {
		return err
	}
	return d.Compose(ctx, by, x.Message, text, id)
}

func (d *Desk) draftFor(ctx context.Context, by Deed, id string) (x Draft, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		x, err = d.GetDraft(tx, id)
		return err
	})
	if errors.Is(err, ErrNoDraft) {
		return x, i18n.NewProblem(nil, "reply.no_draft", "id", id)
	}
	if err == nil && !by.Who.Sees(x.Store) {
		err = i18n.NewProblem(nil, "error.store_not_yours", "store", x.Store)
	}
	return x, err
}

// SendDraft lets a draft go, once. What is not a translation is never sent: that
// is refused here, whatever the card showed.
func (d *Desk) SendDraft(ctx context.Context, by Deed, id, facts string) error {
	x, err := d.draftFor(ctx, by, id)
	if err != nil {
		return err
	}
	if x.Result.Blocked() {
		return i18n.NewProblem(nil, "reply.blocked", "id", id)
	}
	if facts != "" && facts != draftFacts(x) {
		return i18n.NewProblem(nil, "reply.changed", "id", id)
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		l, err := d.Letter(tx, x.Message)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE draft SET state = ?, sent_by = ?, sent = ? WHERE id = ? AND state = ? AND body = ?`,
			DraftSending, string(by.Who.ID), tx.Now(), id, DraftOpen, mustJSON(x.Result))
		if err != nil {
			return err
		}
		if n == 0 {
			return d.draftGone(tx, id)
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "reply.sent", "draft:"+id, map[string]any{
			"store": x.Store, "message": x.Message, "grade": x.Result.Grade, "key": x.Key}); err != nil {
			return err
		}
		if err := d.Repaint(tx, "draft:"+id); err != nil {
			return err
		}
		// In order within a conversation; one whose outcome nobody knows holds up no other.
		talk := "send/" + x.Store + "/" + cmp.Or(l.Thread, l.Buyer.ID)
		return jobs.Add(tx, SendArgs{id}, jobs.Key("send/"+x.Key), jobs.Order(talk), jobs.MaxAttempts(1000))
	})
}

func mustJSON(r translate.Result) string {
	b, err := json.Marshal(r)
	if err != nil {
		return "" // matches no row: nothing is sent
	}
	return string(b)
}

// draftFacts is what the Send button of a draft is bound to.
func draftFacts(x Draft) string { return x.Text + "\x00" + x.Result.Text }

// CancelDraft throws a draft away.
func (d *Desk) CancelDraft(ctx context.Context, by Deed, id string) error {
	if _, err := d.draftFor(ctx, by, id); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE draft SET state = ?, sent_by = ? WHERE id = ? AND state = ?`, DraftCancelled, string(by.Who.ID), id, DraftOpen)
		if err != nil {
			return err
		}
		if n == 0 {
			return d.draftGone(tx, id)
		}
		return d.Repaint(tx, "draft:"+id)
	})
}

// send carries a message to the buyer, once.
func (d *Desk) send(ctx context.Context, j jobs.Job[SendArgs]) error {
	var x Draft
	var l Letter
	var sub string
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if x, err = d.GetDraft(tx, j.Args.Draft); err != nil {
			return err
		}
		l, err = d.Letter(tx, x.Message)
		sub = l.Subject
		return err
	}); err != nil {
		return err
	}
	if x.State != DraftSending && x.State != DraftUnknown {
		return nil // it came back before anybody told us that it went
	}
	s, ok := d.reach(ctx, x.Store)
	if !ok {
		return jobs.Snooze(time.Hour)
	}
	m, ok := s.Messenger()
	if !ok || x.Result.Blocked() {
		return d.sendEnded(ctx, j, x, DraftFailed, "unsupported")
	}
	out := connectors.Outgoing{Key: x.Key, Thread: l.Thread, Order: l.Order, Buyer: l.Buyer, Text: x.Result.Text, Lang: x.Result.To,
		Subject: sub, InReplyTo: l.Message.ID, Asked: x.Sent}
	var r connectors.Receipt
	var err error
	if x.State == DraftUnknown || j.Attempt > 1 {
		// Somebody may have sent it already: look before sending.
		if r, err = m.SendState(connectors.WithFresh(ctx), out); err != nil {
			return d.sendUnsure(ctx, j, x, err)
		}
		switch r.State {
		case connectors.StateApplied, connectors.StateAccepted:
			d.Log.InfoContext(ctx, "a message was there already and is not sent again", "store", x.Store, "draft", x.ID)
			return d.sendEnded(ctx, j, x, DraftSent, "")
		case connectors.StateRejected:
			return d.sendEnded(ctx, j, x, DraftFailed, r.Code)
		case connectors.StateAbsent:
			if wait := x.Sent.Add(d.Policy.Settle).Sub(d.Now()); wait > 0 {
				return jobs.Snooze(wait) // the lost call may still be under way
			}
		default:
			return d.sendUnsure(ctx, j, x, nil)
		}
	}
	r, err = m.Send(connectors.WithPriority(ctx, connectors.Agent), out)
	switch state, why, again := d.delivered(ctx, s, "draft:"+x.ID, j.Created, r, err); {
	case again != nil:
		return again
	case state == DraftUnknown:
		return d.sendUnsure(ctx, j, x, err)
	default:
		return d.sendEnded(ctx, j, x, state, why)
	}
}

// sendUnsure shows an unknown outcome as unknown, and looks again later.
func (d *Desk) sendUnsure(ctx context.Context, j jobs.Job[SendArgs], x Draft, cause error) error {
	if cause != nil {
		d.Log.WarnContext(ctx, "whether a message was sent is unknown", "store", x.Store, "draft", x.ID, "err", cause)
	}
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE draft SET state = ? WHERE id = ? AND state = ?`, DraftUnknown, x.ID, DraftSending)
		if err != nil || n == 0 {
			return err
		}
		return d.Repaint(tx, "draft:"+x.ID)
	})
	if err != nil {
		return err
	}
	// Counted as an attempt: the next one looks before it sends.
	return jobs.RetryIn(d.later(j.Created), errors.New("whether it was sent is unknown"))
}

func (d *Desk) sendEnded(ctx context.Context, j jobs.Job[SendArgs], x Draft, state, code string) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := j.Done(tx); err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE draft SET state = ?, error = ? WHERE id = ? AND state IN (?, ?)`, state, code, x.ID, DraftSending, DraftUnknown)
		if err != nil || n == 0 {
			return err // it came back in the meantime, and that is the last word
		}
		if state == DraftSent {
			if _, err := tx.Exec(`UPDATE message SET state = ? WHERE id = ?`, msgAnswered, x.Message); err != nil {
				return err
			}
			if err := d.remember(tx, x); err != nil {
				return err
			}
			if err := d.noteWords(tx, x.ID, wordsSent, x.Result); err != nil {
				return err
			}
		}
		if err := d.Audit.Append(tx, string(people.Desk), "reply."+state, "draft:"+x.ID, map[string]any{"store": x.Store, "code": code}); err != nil {
			return err
		}
		return errors.Join(d.Repaint(tx, "draft:"+x.ID), d.Repaint(tx, "msg:"+x.Message))
	})
}

// Phrase is a ready answer in the agent's language.
type Phrase struct{ ID, Text string }

// Phrases are the ready answers to a message: those that need nothing filled in
// but its order number. They can be translated without any engine.
func (d *Desk) Phrases(l Letter, p *i18n.Printer, to language.Tag) []Phrase {
	if d.Book == nil {
		return nil
	}
	var out []Phrase
	for _, x := range d.Book.Phrases(p.Lang(), glossary.Out) {
		text, ok := x.Say(p.Lang())
		if _, can := x.Say(to); !ok || !can {
			continue
		}
		if l.Order != "" {
			text = strings.ReplaceAll(text, "{order}", l.Order)
		}
		if !strings.ContainsRune(text, '{') {
			out = append(out, Phrase{x.ID, text})
		}
	}
	return out
}

// Answerable reads a message that somebody wants to answer, and the language of
// its buyer.
func (d *Desk) Answerable(ctx context.Context, by Deed, message string) (Letter, language.Tag, error) {
	l, _, to, err := d.letterFor(ctx, by, message)
	return l, to, err
}

// Remember keeps a note to colleagues under a matter. Nothing of it ever
// reaches a buyer: no code path leads from a note to a messenger.
func (d *Desk) Remember(ctx context.Context, by Deed, matter, text string) error {
	if text = strings.TrimSpace(text); text == "" {
		return i18n.NewProblem(nil, "note.empty")
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		id, err := next(tx, "note", "N")
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO note(id, matter, by_who, text, at) VALUES (?, ?, ?, ?, ?)`,
			id, matter, string(by.Who.ID), text, tx.Now()); err != nil {
			return err
		}
		if err := d.Reply(tx, by.Event, noteCard(by.P, d.People.Name(by.Who.ID), text)); err != nil {
			return err
		}
		return d.Repaint(tx, matter)
	})
}
