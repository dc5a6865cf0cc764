package audit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

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

// Append writes a line in the deed's own transaction. detail is marshalled to
// JSON; it holds ids, amounts and states only.
func (l *Log) Append(tx *store.Tx, who, what, about string, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	body, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	// Taking the number first locks the head's row, so that appends of several
	// replicas stand one after another.
	var line Line
	var prev string
	if err := tx.Row(`UPDATE audit_head SET n = n + 1 WHERE one = 1 RETURNING n, hash`).Scan(&line.N, &prev); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	line.At, line.Who, line.What, line.About, line.Detail = tx.Now(), who, what, about, string(body)
	line.Hash = l.hash(prev, line)
	if _, err := tx.Exec(`INSERT INTO audit(n, at, who, what, about, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		line.N, line.At, line.Who, line.What, line.About, line.Detail, line.Hash); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	_, err = tx.Exec(`UPDATE audit_head SET hash = ? WHERE one = 1`, line.Hash)
	return err
}

func (l *Log) hash(prev string, x Line) string {
	mac := hmac.New(sha256.New, l.key)
	for _, s := range []string{prev, strconv.FormatInt(x.N, 10), strconv.FormatInt(x.At, 10), x.Who, x.What, x.About, x.Detail} {
		// Lengths keep fields apart: "ab"+"c" is not "a"+"bc".
		fmt.Fprintf(mac, "%d:", len(s))
		mac.Write([]byte(s))
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// Broken says which line does not hold, and why.
type Broken struct {
	N   int64
	Why string
}

func (b *Broken) Error() string { return fmt.Sprintf("audit line %d: %s", b.N, b.Why) }

// Head is how many lines there are and the last one's hash.
func Head(tx *store.Tx) (n int64, hash string, err error) {
	err = tx.Row(`SELECT n, hash FROM audit_head WHERE one = 1`).Scan(&n, &hash)
	return n, hash, err
}

// Verify reads the whole log and returns how many lines hold. The error is a
// *Broken naming the first line that does not.
func (l *Log) Verify(ctx context.Context, db *store.DB) (int64, error) {
	var n int64
	err := db.Read(ctx, func(tx *store.Tx) error {
		n = 0
		headN, headHash, err := Head(tx)
		if err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT n, at, who, what, about, detail, hash FROM audit ORDER BY n`)
		if err != nil {
			return err
		}
		defer rows.Close()
		prev := ""
		for rows.Next() {
			var x Line
			if err := rows.Scan(&x.N, &x.At, &x.Who, &x.What, &x.About, &x.Detail, &x.Hash); err != nil {
				return err
			}
			switch {
			case x.N != n+1:
				return &Broken{n + 1, "missing"}
			case l.hash(prev, x) != x.Hash:
				return &Broken{x.N, "changed or out of order"}
			}
			prev, n = x.Hash, x.N
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if n != headN || prev != headHash {
			return &Broken{n + 1, "missing: the log ends before its head"}
		}
		return nil
	})
	return n, err
}

// Of lists the lines about one thing, oldest first.
func Of(tx *store.Tx, about string) ([]Line, error) {
	rows, err := tx.Query(`SELECT n, at, who, what, about, detail, hash FROM audit WHERE about = ? ORDER BY n`, about)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Line
	for rows.Next() {
		var x Line
		if err := rows.Scan(&x.N, &x.At, &x.Who, &x.What, &x.About, &x.Detail, &x.Hash); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}
