package audit

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"helloworld/bot/store"
)

// Filter chooses lines. Its zero value chooses all.
type Filter struct {
	Since, Until time.Time // from and before
	About        string
}

// Each hands over the lines that the filter chooses, in their order, each with
// the hash of the one before it. It reads in pieces, up to the present head.
func Each(ctx context.Context, db *store.DB, f Filter, fn func(x Line, prev string) error) error {
	x, err := extentOf(ctx, db)
	if err != nil {
		return err
	}
	at := x.first - 1
	prev, prevN := "", int64(0)
	for {
		read := 0
		if err := db.Read(ctx, func(tx *store.Tx) error {
			return each(tx, columns+`WHERE n > ? AND n <= ? ORDER BY n LIMIT `+strconv.Itoa(chunkLines), []any{at, x.last}, func(x *Line) error {
				read++
				at = x.N
				before := prev
				if x.N != prevN+1 {
					before = "" // it is not there
				}
				prev, prevN = x.Hash, x.N
				when := time.UnixMilli(x.At)
				if f.About != "" && f.About != x.About || !f.Since.IsZero() && when.Before(f.Since) || !f.Until.IsZero() && !when.Before(f.Until) {
					return nil
				}
				return fn(*x, before)
			})
		}); err != nil {
			return err
		}
		if read < chunkLines {
			return nil
		}
	}
}

// The formats of an export.
const (
	CSV   = "csv"
	JSONL = "jsonl"
)

// fields are an export's columns.
var fields = []string{"n", "at", "at_utc", "who", "what", "about", "detail", "prev", "hash"}

// Export writes lines in a format and tells how many. prev and hash are the
// chain's: they show the lines' order to anybody, and whoever has the key can
// compute each hash from its own line of the export.
func Export(ctx context.Context, w io.Writer, db *store.DB, format string, f Filter) (n int64, err error) {
	buf := bufio.NewWriter(w)
	var one func(row []string, x Line, prev string) error
	table := csv.NewWriter(buf)
	switch format {
	case CSV:
		one = func(row []string, _ Line, _ string) error { return table.Write(row) }
		if err := table.Write(fields); err != nil {
			return 0, err
		}
	case JSONL:
		out := json.NewEncoder(buf)
		out.SetEscapeHTML(false) // the detail's bytes are what was hashed
		one = func(row []string, x Line, prev string) error {
			return out.Encode(struct {
				N      int64  `json:"n"`
				At     int64  `json:"at"`
				UTC    string `json:"at_utc"`
				Who    string `json:"who"`
				What   string `json:"what"`
				About  string `json:"about"`
				Detail string `json:"detail"`
				Prev   string `json:"prev"`
				Hash   string `json:"hash"`
			}{x.N, x.At, row[2], x.Who, x.What, x.About, x.Detail, prev, x.Hash})
		}
	default:
		return 0, fmt.Errorf("audit: an export is %s or %s, not %q", CSV, JSONL, format)
	}
	err = Each(ctx, db, f, func(x Line, prev string) error {
		n++
		return one([]string{strconv.FormatInt(x.N, 10), strconv.FormatInt(x.At, 10), time.UnixMilli(x.At).UTC().Format("2006-01-02T15:04:05.000Z"),
			x.Who, x.What, x.About, x.Detail, prev, x.Hash}, x, prev)
	})
	if err != nil {
		return n, fmt.Errorf("audit: export: %w", err)
	}
	table.Flush()
	if err := table.Error(); err != nil {
		return n, err
	}
	return n, buf.Flush()
}
