package bot

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/alerts"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n/translate"
)

// PullArgs is a look at a stream of a store.
type PullArgs struct {
	Store  string `json:"store"`
	Stream string `json:"stream"`
	// Calm: it may be left out while the platform tells by itself what is new.
	Calm bool `json:"calm,omitempty"`
}

// Kind names the job.
func (PullArgs) Kind() string { return "pull" }

// TranslateArgs is a buyer's message to be translated and shown.
type TranslateArgs struct {
	Message string `json:"message"`
}

// Kind names the job.
func (TranslateArgs) Kind() string { return "translate" }

// The states of a message.
const (
	msgNew      = "new"
	msgShown    = "shown"
	msgAnswered = "answered"
	msgOwn      = "own"
)

// ingest writes a message down, once.
func (d *Desk) ingest(tx *store.Tx, s *Store, m connectors.Message) (bool, error) {
	// As the mirror's rows: one odd letter must not keep all that came with it away.
	m.ID, m.Thread, m.Order = plainText(m.ID), plainText(m.Thread), plainText(m.Order)
	var known int
	if err := tx.Row(`SELECT COUNT(*) FROM message WHERE store = ? AND remote = ?`, s.ID, m.ID).Scan(&known); err != nil || known > 0 {
		return false, err
	}
	m.Raw = nil // the platform keeps it; the desk keeps what it shows
	if err := forgotten(tx, s.ID, &m); err != nil {
		return false, err
	}
	for i := range m.Files {
		if len(m.Files[i].Data) > maxPhoto {
			m.Files[i].Data = nil
		}
	}
	body, err := json.Marshal(m)
	if err != nil {
		return false, err
	}
	state := msgNew
	if m.FromShop || m.Bounced {
		state = msgOwn
	}
	fromShop := 0
	if m.FromShop {
		fromShop = 1
	}
	id, err := next(tx, "message", "M")
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`INSERT INTO message(id, store, remote, thread, order_ref, from_shop, body, state, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (store, remote) DO NOTHING`, id, s.ID, m.ID, m.Thread, m.Order, fromShop, string(body), state, m.At.UnixMilli())
	if err != nil || n == 0 {
		return false, err
	}
	if m.Bounced {
		return true, d.bounced(tx, s, m)
	}
	if m.FromShop {
		return true, nil
	}
	return true, jobs.Add(tx, TranslateArgs{id}, jobs.Key("translate/"+id), jobs.Order("thread/"+s.ID+"/"+m.Thread))
}

// bouncedCode says of a draft that it was sent and came back.
const bouncedCode = "bounced"

// bounced writes down that a message of ours did not arrive: its draft has
// failed, whatever we believed of it, and its buyer still waits for an answer.
func (d *Desk) bounced(tx *store.Tx, s *Store, m connectors.Message) error {
	detail := map[string]string{"code": whyBounced(m.Text)}
	if m.Why != "" {
		detail["what"] = string(m.Why)
	}
	if a, ok := s.Mail.(connectors.Addressed); ok {
		detail["from"] = a.Address()
	}
	if err := d.fire(tx, alerts.News{Kind: alerts.Mail, Store: s.ID, Severity: alerts.Warning, Detail: detail}); err != nil || m.Key == "" {
		return err
	}
	var draft, message string
	err := tx.Row(`UPDATE draft SET state = ?, error = ? WHERE key = ? AND store = ? AND state IN (?, ?, ?) RETURNING id, message`,
		DraftFailed, bouncedCode, m.Key, s.ID, DraftSending, DraftUnknown, DraftSent).Scan(&draft, &message)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // somebody wrote it elsewhere
	}
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE message SET state = ? WHERE id = ? AND state = ?
		AND NOT EXISTS (SELECT 1 FROM draft WHERE message = ? AND state = ?)`, msgShown, message, msgAnswered, message, DraftSent); err != nil {
		return err
	}
	if err := d.Audit.Append(tx, string(people.Desk), "reply.bounced", "draft:"+draft, map[string]any{"store": s.ID, "key": m.Key}); err != nil {
		return err
	}
	return errors.Join(d.Repaint(tx, "draft:"+draft), d.Repaint(tx, "msg:"+message))
}

// whyBounced is the line of a bounce that tells most: the last, where the mail
// server's own words stand.
func whyBounced(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return firstLine(lines[len(lines)-1])
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if r := []rune(s); len(r) > 200 {
		return string(r[:200])
	}
	return s
}

// Letter is a buyer's message as the desk keeps it.
type Letter struct {
	ID, Store, State string
	connectors.Message
	// Spoken is the language it was found to be in; und while nobody knows.
	Spoken language.Tag
	At     time.Time
}

// ErrNoLetter: no such message.
var ErrNoLetter = errors.New("bot: no such message")

// Letter reads a message.
func (d *Desk) Letter(tx *store.Tx, id string) (Letter, error) {
	var l Letter
	var body, lang string
	var at int64
	err := tx.Row(`SELECT id, store, state, body, lang, at FROM message WHERE id = ?`, id).Scan(&l.ID, &l.Store, &l.State, &body, &lang, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return l, ErrNoLetter
	}
	if err != nil {
		return l, err
	}
	l.At, l.Spoken = time.UnixMilli(at), language.Make(lang)
	return l, json.Unmarshal([]byte(body), &l.Message)
}

// spoken lists the languages a buyer's thread was found to be in, newest first.
func (d *Desk) spoken(tx *store.Tx, l Letter) ([]language.Tag, error) {
	rows, err := tx.Query(`SELECT lang FROM message WHERE store = ? AND thread = ? AND from_shop = 0 AND lang <> '' AND lang <> 'und'
		ORDER BY at DESC LIMIT 10`, l.Store, l.Thread)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []language.Tag
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, language.Make(s))
	}
	return out, rows.Err()
}

// translateIn translates a buyer's message into every language it is read in,
// and shows it.
func (d *Desk) translateIn(ctx context.Context, j jobs.Job[TranslateArgs]) error {
	var l Letter
	var history []language.Tag
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if l, err = d.Letter(tx, j.Args.Message); err != nil {
			return err
		}
		history, err = d.spoken(tx, l)
		return err
	})
	if errors.Is(err, ErrNoLetter) {
		return jobs.Cancel(err)
	}
	if err != nil {
		return err
	}
	s, ok := d.reach(ctx, l.Store)
	if !ok {
		return jobs.Snooze(time.Hour)
	}
	fetched := d.fetchPictures(ctx, s, &l)
	req, err := d.wording(ctx, s, l)
	if err != nil {
		return err
	}
	req.Text, req.Site, req.History = l.Text, d.site(s, l), history
	done := map[language.Tag]translate.Result{}
	from := language.Und
	for _, c := range d.channels(TopicMessages, l.Store) {
		if _, ok := done[c.Lang]; ok {
			continue
		}
		req.To = c.Lang
		res, err := d.Words.Do(ctx, req)
		if err != nil {
			return err
		}
		done[c.Lang], from = res, res.From
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if fetched {
			if err := d.keepFiles(tx, l); err != nil {
				return err
			}
		}
		for lang, res := range done {
			if err := saveTranslation(tx, l.ID, lang, res); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`UPDATE message SET lang = ?, state = CASE WHEN state = ? THEN ? ELSE state END WHERE id = ?`,
			from.String(), msgNew, msgShown, l.ID); err != nil {
			return err
		}
		n, err := d.ShowIn(tx, "msg:"+l.ID, TopicMessages, l.Store)
		if err != nil {
			return err
		}
		if n == 0 {
			d.Log.WarnContext(ctx, "no channel is for this store's messages", "store", l.Store, "message", l.ID)
		}
		return j.Done(tx)
	})
}

// keepFiles writes down what was fetched for a message. The rest of it is as it
// is now: its buyer may have been erased since it was read.
func (d *Desk) keepFiles(tx *store.Tx, l Letter) error {
	if err := sync.Steady(tx, l.Store); err != nil {
		return err
	}
	now, err := d.Letter(tx, l.ID)
	if err != nil {
		return err
	}
	now.Files = l.Files
	body, err := json.Marshal(now.Message)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE message SET body = ? WHERE id = ?`, string(body), l.ID)
	return err
}

func saveTranslation(tx *store.Tx, message string, lang language.Tag, res translate.Result) error {
	body, err := json.Marshal(res)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO translation(message, lang, body) VALUES (?, ?, ?)
		ON CONFLICT (message, lang) DO UPDATE SET body = excluded.body`, message, lang.String(), string(body))
	return err
}

// translation is a message's translation into a language, if there is one.
func translation(tx *store.Tx, message string, lang language.Tag) (translate.Result, bool, error) {
	var res translate.Result
	var body string
	err := tx.Row(`SELECT body FROM translation WHERE message = ? AND lang = ?`, message, lang.String()).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return res, false, nil
	}
	if err != nil {
		return res, false, err
	}
	return res, true, json.Unmarshal([]byte(body), &res)
}

// site is the language a store's buyers mostly write.
func (d *Desk) site(s *Store, l Letter) language.Tag {
	if l.Site != language.Und {
		return l.Site
	}
	return s.Shop.Info().Language
}
