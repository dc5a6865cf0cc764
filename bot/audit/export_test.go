package audit

import (
	"strings"

	"helloworld/bot/store"
)

// Fill writes lines as Append would, many at once.
func (l *Log) Fill(tx *store.Tx, lines []Line) error {
	n, prev, err := Head(tx)
	if err != nil {
		return err
	}
	c := l.chain()
	for len(lines) > 0 {
		some := lines[:min(len(lines), 500)]
		lines = lines[len(some):]
		var args []any
		for _, x := range some {
			n++
			x.N = n
			prev = c.hash(prev, x)
			args = append(args, x.N, x.At, x.Who, x.What, x.About, x.Detail, prev)
		}
		if _, err := tx.Exec(`INSERT INTO audit(n, at, who, what, about, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)`+
			strings.Repeat(`, (?, ?, ?, ?, ?, ?, ?)`, len(some)-1), args...); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`UPDATE audit_head SET n = ?, hash = ?`, n, prev)
	return err
}
