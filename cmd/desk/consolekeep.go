package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console"
	"helloworld/bot/store"
)

// consoleKeep keeps what the console has to remember in the desk's database.
type consoleKeep struct {
	db   *store.DB
	seal *store.Sealer
}

// newConsoleKeep keeps things in db; seal is for forms that have a secret in them.
func newConsoleKeep(db *store.DB, seal *store.Sealer) console.Keep { return consoleKeep{db, seal} }

// consoleBody is what of a post is only ever read whole.
type consoleBody struct {
	Card  *chat.Card   `json:"card,omitempty"`
	By    chat.Account `json:"by,omitzero"`
	Text  string       `json:"text,omitempty"`
	Files []chat.File  `json:"files,omitempty"`
}

type consoleRow interface{ Scan(into ...any) error }

func scanConsolePost(row consoleRow, more ...any) (console.Post, error) {
	var (
		p                    console.Post
		body                 string
		at, edited, withheld int64
		b                    consoleBody
	)
	into := []any{&p.Num, &p.Seq, &p.Place.Channel, &p.ID, &p.Place.Thread, &p.Place.Only, &p.Key, &body, &at, &edited, &withheld}
	if err := row.Scan(append(into, more...)...); err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(body), &b); err != nil {
		return p, err
	}
	p.Place.Chat = console.Name
	p.Card, p.By, p.Text, p.Files = b.Card, b.By, b.Text, b.Files
	p.At, p.Edited, p.Withheld = consoleTime(at), consoleTime(edited), withheld != 0
	return p, nil
}

// consoleTime is a moment as it is kept; nought is no moment at all.
func consoleTime(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func consoleFlag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// consoleOne reads at most one thing; ok is false when there is none.
func consoleOne[T any](k consoleKeep, ctx context.Context, scan func(consoleRow) (T, error), query string, args ...any) (out T, ok bool, err error) {
	err = k.db.Read(ctx, func(tx *store.Tx) error {
		out, err = scan(tx.Row(query, args...))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		ok = err == nil
		return err
	})
	return out, ok, err
}

// consoleMany reads a list.
func consoleMany[T any](k consoleKeep, ctx context.Context, scan func(consoleRow) (T, error), query string, args ...any) (out []T, err error) {
	err = k.db.Read(ctx, func(tx *store.Tx) error {
		out = nil
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		return rows.Err()
	})
	return out, err
}

func oneConsolePost(s consoleRow) (console.Post, error) { return scanConsolePost(s) }

func (k consoleKeep) Append(ctx context.Context, p console.Post) (kept console.Post, fresh bool, err error) {
	body, err := json.Marshal(consoleBody{p.Card, p.By, p.Text, p.Files})
	if err != nil {
		return p, false, err
	}
	err = k.db.Write(ctx, func(tx *store.Tx) error {
		kept, fresh = p, false
		// The number comes first: its lock keeps two replicas from both finding
		// nothing under the key.
		if err := tx.Row(sqlConsoleNext).Scan(&kept.Num); err != nil {
			return err
		}
		kept.Seq = kept.Num
		if p.Key != "" {
			old, err := scanConsolePost(tx.Row(sqlConsoleByKey, p.Place.Channel, p.Place.Only, p.Key))
			if err == nil {
				kept = old
				return nil
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		fresh = true
		_, err := tx.Exec(sqlConsoleAppend, kept.Num, kept.Seq, p.Place.Channel, p.ID, p.Place.Thread, p.Place.Only, p.Key,
			p.By.ID, consoleFlag(p.Card != nil), string(body), p.At.UnixMilli(), consoleFlag(p.Withheld))
		return err
	})
	return kept, fresh, err
}

func (k consoleKeep) Edit(ctx context.Context, channel, id string, c chat.Card, at time.Time) (found bool, err error) {
	body, err := json.Marshal(consoleBody{Card: &c})
	if err != nil {
		return false, err
	}
	err = k.db.Write(ctx, func(tx *store.Tx) error {
		found = false
		var was string
		err := tx.Row(sqlConsoleIsCard, channel, id).Scan(&was)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		if was == string(body) {
			return nil
		}
		var n int64
		if err := tx.Row(sqlConsoleNext).Scan(&n); err != nil {
			return err
		}
		_, err = tx.Exec(sqlConsoleEdit, string(body), at.UnixMilli(), n, channel, id)
		return err
	})
	return found, err
}

func (k consoleKeep) Show(ctx context.Context, channel, id string) error {
	return k.db.Write(ctx, func(tx *store.Tx) error {
		var hidden, n int64
		err := tx.Row(sqlConsoleHidden, channel, id).Scan(&hidden)
		if errors.Is(err, sql.ErrNoRows) || err == nil && hidden == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.Row(sqlConsoleNext).Scan(&n); err != nil {
			return err
		}
		_, err = tx.Exec(sqlConsoleShow, n, channel, id)
		return err
	})
}

func (k consoleKeep) Post(ctx context.Context, channel, id string) (console.Post, bool, error) {
	return consoleOne(k, ctx, oneConsolePost, sqlConsolePost, channel, id)
}

func (k consoleKeep) ByKey(ctx context.Context, channel, only, key string) (console.Post, bool, error) {
	return consoleOne(k, ctx, oneConsolePost, sqlConsoleByKey, channel, only, key)
}

func (k consoleKeep) Page(ctx context.Context, q console.Query) ([]console.Post, error) {
	before := q.Before
	if before <= 0 {
		before = math.MaxInt64
	}
	out, err := consoleMany(k, ctx, func(s consoleRow) (console.Post, error) {
		var n int
		var last int64
		p, err := scanConsolePost(s, &n, &last)
		p.Replies, p.LastReply = n, consoleTime(last)
		return p, err
	}, sqlConsolePage, q.Reader, q.Reader, q.Channel, q.Thread, q.Reader, before, q.Limit)
	slices.Reverse(out)
	return out, err
}

func (k consoleKeep) Replies(ctx context.Context, channel, root, reader string) (n int, last time.Time, err error) {
	last, _, err = consoleOne(k, ctx, func(s consoleRow) (time.Time, error) {
		var ms int64
		err := s.Scan(&n, &ms)
		return consoleTime(ms), err
	}, sqlConsoleReplies, channel, root, reader)
	return n, last, err
}

func (k consoleKeep) Since(ctx context.Context, seq int64, reader string, channels []string, limit int) ([]console.Post, error) {
	if len(channels) == 0 {
		return nil, nil
	}
	args := []any{seq, reader}
	for _, c := range channels {
		args = append(args, c)
	}
	return consoleMany(k, ctx, oneConsolePost, sqlConsoleSince(len(channels)), append(args, limit)...)
}

func (k consoleKeep) Head(ctx context.Context) (int64, error) {
	n, _, err := consoleOne(k, ctx, func(s consoleRow) (n int64, err error) { return n, s.Scan(&n) }, sqlConsoleHead)
	return n, err
}

func (k consoleKeep) Unread(ctx context.Context, reader string, channels []string) (map[string]int, error) {
	out := map[string]int{}
	if len(channels) == 0 {
		return out, nil
	}
	args := []any{reader}
	for _, c := range channels {
		args = append(args, c)
	}
	type count struct {
		channel string
		n       int
	}
	all, err := consoleMany(k, ctx, func(s consoleRow) (c count, err error) { err = s.Scan(&c.channel, &c.n); return c, err },
		sqlConsoleUnread(len(channels)), append(args, reader, reader)...)
	for _, c := range all {
		out[c.channel] = c.n
	}
	return out, err
}

func (k consoleKeep) MarkRead(ctx context.Context, reader, channel string, num int64) error {
	return k.exec(ctx, sqlConsoleMark, reader, channel, num)
}

func (k consoleKeep) exec(ctx context.Context, query string, args ...any) error {
	return k.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
}
