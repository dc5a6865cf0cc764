package audit

import (
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"helloworld/bot/store"
)

// Mark is the log's head at some moment: how many lines there were and the last
// one's hash. Day says when it was posted, or where a mark from outside stands.
type Mark struct {
	Day   string
	N     int64
	Hash  string
	proof string
}

// String is the mark as it is posted and as [ReadMarks] takes it back.
func (m Mark) String() string { return fmt.Sprintf("%d:%s", m.N, m.Hash) }

var markText = regexp.MustCompile(`([0-9]{1,18})\s*[:：]\s*([0-9a-fA-F]{64})`)

// ReadMarks finds the marks in a text, which may be whole messages copied out of
// a chat. Each is named by its line in the text.
func ReadMarks(text string) []Mark {
	var out []Mark
	for _, at := range markText.FindAllStringSubmatchIndex(text, -1) {
		n, err := strconv.ParseInt(text[at[2]:at[3]], 10, 64)
		if err != nil {
			continue // eighteen digits always fit
		}
		out = append(out, Mark{Day: strconv.Itoa(1 + strings.Count(text[:at[0]], "\n")), N: n, Hash: strings.ToLower(text[at[4]:at[5]])})
	}
	return out
}

// Post writes the head down as posted on a day. It tells false if one of that
// day, or of a later one, was posted already, or if there is nothing older than
// since: a log that has only just begun has nothing to lose yet.
func (l *Log) Post(tx *store.Tx, day string, since int64) (bool, error) {
	var newest string
	err := tx.Row(`SELECT day FROM audit_posted ORDER BY day DESC LIMIT 1`).Scan(&newest)
	if err != nil && !errors.Is(err, sql.ErrNoRows) || newest >= day {
		return false, err
	}
	var first int64
	err = tx.Row(`SELECT at FROM audit WHERE n = 1`).Scan(&first)
	if errors.Is(err, sql.ErrNoRows) || err == nil && first >= since {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	m := Mark{Day: day}
	if m.N, m.Hash, err = Head(tx); err != nil {
		return false, err
	}
	n, err := tx.Exec(`INSERT INTO audit_posted(day, n, hash, at, proof) VALUES (?, ?, ?, ?, ?) ON CONFLICT (day) DO NOTHING`,
		m.Day, m.N, m.Hash, tx.Now(), l.prove(m))
	return n > 0, err
}

// PostedOn is the head that was posted on a day.
func PostedOn(tx *store.Tx, day string) (Mark, error) {
	m := Mark{Day: day}
	err := tx.Row(`SELECT n, hash, proof FROM audit_posted WHERE day = ?`, day).Scan(&m.N, &m.Hash, &m.proof)
	return m, err
}

func posted(tx *store.Tx) ([]Mark, error) {
	rows, err := tx.Query(`SELECT day, n, hash, proof FROM audit_posted ORDER BY day`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Mark
	for rows.Next() {
		var m Mark
		if err := rows.Scan(&m.Day, &m.N, &m.Hash, &m.proof); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

func (l *Log) prove(m Mark) string {
	return l.chain().hash(m.Hash, Line{N: m.N, What: "audit.posted", About: m.Day})
}

func (l *Log) proved(m Mark) bool { return hmac.Equal([]byte(l.prove(m)), []byte(m.proof)) }
