package bot

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/glossary"
	"helloworld/i18n/translate"
)

// Memory keeps the translations that people let go out, for the next time the
// same is to be said. It is a [translate.Memory] on the desk's database.
//
// Its rows cannot be found by buyer, so that nothing of a buyer may get into
// them: facts are masked, and what has the buyer's name in it is not kept.
// Erasing a buyer therefore needs to erase nothing here.
type Memory struct{ DB *store.DB }

var _ translate.Memory = Memory{}

// Recall finds what was said before.
func (m Memory) Recall(ctx context.Context, key string) (text string, ok bool, err error) {
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT target FROM memory WHERE key = ?`, key).Scan(&text)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("bot: memory: %w", err)
	}
	// A use that goes uncounted is no reason to be without the translation.
	_ = m.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE memory SET uses = uses + 1 WHERE key = ?`, key)
		return err
	})
	return text, true, nil
}

// Keep writes down what somebody approved elsewhere than in a draft.
func (m Memory) Keep(ctx context.Context, u translate.Unit) error {
	return m.DB.Write(ctx, func(tx *store.Tx) error { return keepUnit(tx, u, "", "") })
}

func keepUnit(tx *store.Tx, u translate.Unit, storeID string, by people.ID) error {
	_, err := tx.Exec(`INSERT INTO memory(key, source, target, from_lang, to_lang, outgoing, store, by_who, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET source = excluded.source, target = excluded.target, store = excluded.store, by_who = excluded.by_who, at = excluded.at`,
		u.Key, u.Source, u.Target, u.From.String(), u.To.String(), u.Outgoing, storeID, string(by), tx.Now())
	if err != nil {
		return fmt.Errorf("bot: memory: %w", err)
	}
	return nil
}

// remember keeps what a draft said, once a person has let it go. What went out
// without anybody's press is nobody's word.
func (d *Desk) remember(tx *store.Tx, x Draft) error {
	if x.SentBy == "" || x.SentBy == people.Desk || x.Result.Grade != translate.ByEngine || x.Result.Blocked() {
		return nil
	}
	l, err := d.Letter(tx, x.Message)
	if err != nil {
		return err
	}
	if named(x.Text+" "+x.Result.Text, l.Buyer.Name) {
		return nil
	}
	u, err := d.Words.Unit(translate.Request{Text: x.Text, From: x.Result.From, To: x.Result.To, Outgoing: true}, x.Result.Text)
	if err != nil {
		// It was good enough to send; that it cannot be masked only means that it is
		// translated anew the next time.
		d.Log.DebugContext(tx.Context(), "a translation is not kept", "draft", x.ID, "err", err)
		return nil
	}
	return keepUnit(tx, u, x.Store, x.SentBy)
}

// named tells whether a text has somebody's name in it, or a part of it that is
// long enough to be one.
func named(text, name string) bool {
	text = glossary.Fold(text)
	for _, part := range append(strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) }), name) {
		part = glossary.Fold(part)
		least := 3
		if strings.ContainsFunc(part, func(r rune) bool {
			return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
		}) {
			least = 2
		}
		if utf8.RuneCountInString(part) >= least && strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// unlearn forgets what memory would say otherwise than a proposal wants it: the
// old wording for any word of its entry e, which may be nil, and whatever else was
// said for the word itself. A unit that has to be translated again costs less than
// one wrong word.
func unlearn(tx *store.Tx, x Proposal, e *glossary.Term) error {
	rows, err := tx.Query(`SELECT key, source, target, from_lang, to_lang FROM memory`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var gone []string
	for rows.Next() {
		var key, said, became, a, b string
		if err := rows.Scan(&key, &said, &became, &a, &b); err != nil {
			return err
		}
		from := language.Make(a)
		if !sameTongue(language.Make(b), x.To) {
			continue
		}
		wrong := sameTongue(from, x.From) && holds(said, x.Source) && (!holds(became, x.Target) || holds(became, x.Old) && !holds(x.Target, x.Old))
		if e != nil && holds(became, x.Old) {
			w, _ := e.In(from)
			wrong = wrong || slices.ContainsFunc(append([]string{w.Preferred}, w.Variants...), func(s string) bool { return holds(said, s) })
		}
		if wrong {
			gone = append(gone, key)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, key := range gone {
		if _, err := tx.Exec(`DELETE FROM memory WHERE key = ?`, key); err != nil {
			return err
		}
	}
	return nil
}

// holds tells whether a text has a wording in it, however it is written.
func holds(text, wording string) bool {
	w := glossary.Fold(wording)
	return w != "" && strings.Contains(glossary.Fold(text), w)
}

// sameTongue tells whether two tags are the same language and way of writing it.
func sameTongue(a, b language.Tag) bool {
	x, _ := a.Base()
	y, _ := b.Base()
	if x != y {
		return false
	}
	s, _ := a.Script()
	t, _ := b.Script()
	return s == t
}
