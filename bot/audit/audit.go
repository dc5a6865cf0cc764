package audit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"helloworld/bot/store"
)

// Log appends to and verifies the audit log.
type Log struct{ key []byte }

// New makes a log with the chain's key.
func New(key []byte) *Log {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("desk audit chain"))
	return &Log{key: mac.Sum(nil)}
}

// Line is one line of the log.
type Line struct {
	N      int64
	At     int64 // unix milliseconds
	Who    string
	What   string // "refund.asked"
	About  string // "refund:R17"
	Detail string // JSON
	Hash   string
}

// Append writes a line in the deed's own transaction, at its very end. detail is
// marshalled to JSON; it holds ids, amounts and states, and a text that cannot
// be one of those is written as its hash.
func (l *Log) Append(tx *store.Tx, who, what, about string, detail map[string]any) error {
	body, err := json.Marshal(l.wordless(detail))
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	line := Line{At: tx.Now(), Who: l.bare(who), What: l.bare(what), About: l.bare(about), Detail: string(body)}
	tx.Last(func() error {
		if err := l.write(tx, line); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		return nil
	})
	return nil
}

func (l *Log) write(tx *store.Tx, line Line) error {
	// Taking the number first locks the head's row, so that appends of several
	// replicas stand one after another.
	var prev string
	if err := tx.Row(`UPDATE audit_head SET n = n + 1 WHERE one = 1 RETURNING n, hash`).Scan(&line.N, &prev); err != nil {
		return err
	}
	line.Hash = l.chain().hash(prev, line)
	if _, err := tx.Exec(`INSERT INTO audit(n, at, who, what, about, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		line.N, line.At, line.Who, line.What, line.About, line.Detail, line.Hash); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE audit_head SET hash = ? WHERE one = 1`, line.Hash)
	return err
}

// Words is the hash that stands in the log for a text: whoever has the text can
// show that it was this one, and nobody can read it out of the log.
func (l *Log) Words(text string) string {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte("words:" + text))
	return "words-" + hex.EncodeToString(mac.Sum(nil)[:16])
}

// Head is how many lines there are and the last one's hash.
func Head(tx *store.Tx) (n int64, hash string, err error) {
	err = tx.Row(`SELECT n, hash FROM audit_head WHERE one = 1`).Scan(&n, &hash)
	return n, hash, err
}

const columns = `SELECT n, at, who, what, about, detail, hash FROM audit `

// Of lists the lines about one thing, oldest first.
func Of(tx *store.Tx, about string) ([]Line, error) {
	var out []Line
	err := each(tx, columns+`WHERE about = ? ORDER BY n`, []any{about}, func(x *Line) error {
		out = append(out, *x)
		return nil
	})
	return out, err
}

func each(tx *store.Tx, query string, args []any, fn func(*Line) error) error {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var x Line
	into := []any{&x.N, &x.At, &x.Who, &x.What, &x.About, &x.Detail, &x.Hash}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := fn(&x); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Verify is [Log.Check] for those who only ask whether all is well: it returns
// how many lines there are, and a *[Damage] if one of them is not as it was
// written.
func (l *Log) Verify(ctx context.Context, db *store.DB) (int64, error) {
	r, err := l.Check(ctx, db, nil)
	if err == nil && !r.Whole() {
		err = &Damage{r}
	}
	return r.Lines, err
}
