package bot

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
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
	// SentBy is who let it go: [people.Desk] where it went by itself.
	SentBy people.ID
	// Auto is when it goes out by itself; zero: it does not. Held is why it did not
	// when it should have.
	Auto time.Time
	Held string
	// Checking marks the facts that somebody is looking at before it goes.
	Checking string
	// Unsent is what its chat message was changed to when that was too late.
	Unsent string
}

// ErrNoDraft: no such draft.
var ErrNoDraft = errors.New("bot: no such draft")

const draftColumns = `id, message, store, by_who, text, body, source, key, state, error, created, sent, sent_by, auto_at, held, checking, unsent`

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
	var created, sent, auto int64
	err := row.Scan(&x.ID, &x.Message, &x.Store, &x.By, &x.Text, &body, &x.Source, &x.Key, &x.State, &x.Error, &created, &sent, &x.SentBy,
		&auto, &x.Held, &x.Checking, &x.Unsent)
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
	if auto > 0 {
		x.Auto = time.UnixMilli(auto)
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
	return d.compose(ctx, by, message, text, func(tx *store.Tx, l Letter, text string, res translate.Result) error {
		if replace != "" {
			return d.rewrite(tx, by, replace, text, res)
		}
		source := ""
		if by.Event.Kind == chat.Said {
			source = sourceOf(by.Event.Ref)
		}
		return d.newDraft(tx, by, l, text, source, res)
	})
}

// compose translates what an agent wrote and hands it to keep.
func (d *Desk) compose(ctx context.Context, by Deed, message, text string, keep func(*store.Tx, Letter, string, translate.Result) error) error {
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
	req, err := d.wording(ctx, s, l)
	if err != nil {
		return err
	}
	req.Text, req.To = text, to
	req.Site, req.History = by.Who.Lang, []language.Tag{by.Who.Lang}
	res, err := d.outward(ctx, req, l.Order, 0)
	if err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error { return keep(tx, l, text, res) })
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

func (d *Desk) newDraft(tx *store.Tx, by Deed, l Letter, text, source string, res translate.Result) error {
	id, err := d.keepDraft(tx, by.Who.ID, l, text, source, res)
	if err != nil {
		return err
	}
	if err := d.startAuto(tx, id, by.Who); err != nil {
		return err
	}
	place, err := d.threadOf(tx, "msg:"+l.ID, by.Event.Place)
	if err != nil {
		return err
	}
	return d.Show(tx, "draft:"+id, place, by.P.Lang())
}

// keepDraft writes a draft down and counts it; nobody is shown it yet.
func (d *Desk) keepDraft(tx *store.Tx, by people.ID, l Letter, text, source string, res translate.Result) (string, error) {
	id, err := next(tx, "draft", "D")
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(res)
	if err != nil {
		return "", err
	}
	if _, err := tx.Exec(`INSERT INTO draft(id, message, store, by_who, text, body, source, key, state, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, l.ID, l.Store, string(by), text, string(body), source, tx.NewID(), DraftOpen, tx.Now()); err != nil {
		return "", err
	}
	return id, d.noteWords(tx, id, wordsWritten, res)
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

// rewrite gives an open draft other words. Nothing that was decided about the old
// ones holds for them.
func (d *Desk) rewrite(tx *store.Tx, by Deed, id, text string, res translate.Result) error {
	body, err := json.Marshal(res)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE draft SET text = ?, body = ?, error = '', auto_at = 0, held = '', checking = '' WHERE id = ? AND state = ?`,
		text, string(body), id, DraftOpen)
	if err != nil {
		return err
	}
	if n == 0 {
		return d.tooLate(tx, by, id, text)
	}
	if err := d.noteWords(tx, id, wordsEdited, res); err != nil {
		return err
	}
	if err := d.startAuto(tx, id, by.Who); err != nil {
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
	switch x.State {
	case DraftCancelled:
		key = "reply.already_cancelled"
	case DraftFailed:
		return i18n.NewProblem(nil, "reply.failed", "id", id)
	}
	return i18n.NewProblem(nil, key, "id", id, "who", d.People.Name(x.releasedBy()))
}

// releasedBy is whose word it was that a draft went: where it went by itself, its
// writer's.
func (x Draft) releasedBy() people.ID {
	if x.SentBy == people.Desk {
		return x.By
	}
	return x.SentBy
}

// Rewrite gives an open draft other words and a new translation.
func (d *Desk) Rewrite(ctx context.Context, by Deed, id, text string) error {
	x, err := d.draftFor(ctx, by, id)
	if err != nil {
		return err
	}
	if x.State != DraftOpen {
		return d.commit(ctx, by, func(tx *store.Tx) error { return d.tooLate(tx, by, id, strings.TrimSpace(text)) })
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

// SendDraft lets a draft go, once. What is not a translation, or is against the
// marketplace's rules, is never sent: that is refused here, whatever the card
// showed. One with facts that a person has to look at only shows them; it goes
// with [Desk.ConfirmDraft].
func (d *Desk) SendDraft(ctx context.Context, by Deed, id, facts string) error {
	x, err := d.draftFor(ctx, by, id)
	if err != nil {
		return err
	}
	if err := d.refusal(x); err != nil {
		return err
	}
	if facts != "" && facts != draftFacts(x) {
		return i18n.NewProblem(nil, "reply.changed", "id", id)
	}
	if len(x.keyFacts()) > 0 {
		return d.askCheck(ctx, by, x)
	}
	return d.commit(ctx, by, func(tx *store.Tx) error { return d.release(tx, x, by.Who.ID, "reply.sent", "") })
}

// release lets a draft go as it was read, in tx.
func (d *Desk) release(tx *store.Tx, x Draft, who people.ID, deed, checked string) error {
	l, err := d.Letter(tx, x.Message)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE draft SET state = ?, sent_by = ?, sent = ?, auto_at = 0, held = '' WHERE id = ? AND state = ? AND text = ? AND body = ?`,
		DraftSending, string(who), tx.Now(), x.ID, DraftOpen, x.Text, mustJSON(x.Result))
	if err != nil {
		return err
	}
	if n == 0 {
		return d.draftGone(tx, x.ID)
	}
	detail := map[string]any{"store": x.Store, "message": x.Message, "grade": x.Result.Grade, "key": x.Key, "by": string(x.By)}
	if checked != "" {
		detail["checked"] = checked
	}
	if err := d.Audit.Append(tx, string(who), deed, "draft:"+x.ID, detail); err != nil {
		return err
	}
	if err := d.Repaint(tx, "draft:"+x.ID); err != nil {
		return err
	}
	// In order within a conversation; one whose outcome nobody knows holds up no other.
	talk := "send/" + x.Store + "/" + cmp.Or(l.Thread, l.Buyer.ID)
	return jobs.Add(tx, SendArgs{x.ID}, jobs.Key("send/"+x.Key), jobs.Order(talk), jobs.MaxAttempts(1000))
}

func mustJSON(r translate.Result) string {
	b, err := json.Marshal(r)
	if err != nil {
		return "" // matches no row: nothing is sent
	}
	return string(b)
}

// draftFacts is what the Send button of a draft is bound to: a hash, since it is
// kept with the button, where people's words have no place.
func draftFacts(x Draft) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(x.Text), x.Text, x.Result.Text))
	return hex.EncodeToString(sum[:])
}

// CancelDraft throws a draft away.
func (d *Desk) CancelDraft(ctx context.Context, by Deed, id string) error {
	if _, err := d.draftFor(ctx, by, id); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE draft SET state = ?, sent_by = ?, auto_at = 0 WHERE id = ? AND state = ?`, DraftCancelled, string(by.Who.ID), id, DraftOpen)
		if err != nil {
			return err
		}
		if n == 0 {
			return d.draftGone(tx, id)
		}
		return d.Repaint(tx, "draft:"+id)
	})
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
