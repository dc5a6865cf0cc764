package bot

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
)

const (
	// BatchMost is how many rows a list may have.
	BatchMost = 500
	// chunkMost is how many are approved at once: what one can read on a phone.
	chunkMost = 10
	// batchFresh is how old a dry run may be when it is asked for; an older one is
	// made anew first.
	batchFresh = 15 * time.Minute
)

// BatchState is where a list stands.
type BatchState string

// The states of a list.
const (
	// BatchLooking: its rows are being looked at; nobody is asked yet.
	BatchLooking BatchState = "looking"
	BatchReady   BatchState = "ready"
	BatchAsked   BatchState = "asked"
	BatchStopped BatchState = "stopped"
	BatchDone    BatchState = "done"
	BatchDropped BatchState = "dropped"
)

// ChunkState is where a part of a list that is approved at once stands.
type ChunkState string

// The states of a chunk.
const (
	ChunkAsked   ChunkState = "asked"
	ChunkRunning ChunkState = "running"
	ChunkStopped ChunkState = "stopped"
	ChunkDone    ChunkState = "done"
	ChunkDenied  ChunkState = "denied"
	ChunkExpired ChunkState = "expired"
	// ChunkEnded: a person ended it before its last row.
	ChunkEnded ChunkState = "ended"
)

// RowState is what is known of a row before it is asked for.
type RowState string

// The states of a row.
const (
	RowNew RowState = "new"
	// RowUnread: what was written cannot be understood.
	RowUnread RowState = "unread"
	RowGood   RowState = "good"
	// RowBlocked: something speaks against it.
	RowBlocked RowState = "blocked"
	RowTwice   RowState = "twice"
	RowFlight  RowState = "in_flight"
	// RowOut: it was left out when the others were asked for.
	RowOut RowState = "out"
)

// Words is a sentence in every language of the desk, by language.
type Words map[string]string

// Say is the sentence in a language.
func (w Words) Say(p *i18n.Printer) string { return w[p.Lang().String()] }

// inWords says something in every language, to be kept.
func inWords(say func(p *i18n.Printer) string) Words {
	out := Words{}
	for _, tag := range i18n.Langs() {
		p := i18n.For(tag)
		out[p.Lang().String()] = say(p)
	}
	return out
}

// WordsOf is a problem in every language; ok is false if it is none.
func WordsOf(err error) (w Words, ok bool) {
	p, ok := i18n.AsProblem(err)
	if !ok {
		return nil, false
	}
	return inWords(p.Say), true
}

// BatchWish is a row of a list as it was read.
type BatchWish struct {
	// Line is where it stands in what somebody wrote.
	Line   int                     `json:"line"`
	Order  string                  `json:"order"`
	Parts  RefundParts             `json:"parts,omitzero"`
	Reason connectors.RefundReason `json:"reason,omitempty"`
	Note   string                  `json:"note,omitempty"`
	Goods  connectors.Goods        `json:"goods,omitempty"`
	Method connectors.RefundMethod `json:"method,omitempty"`
	// Why is what cannot be understood of it.
	Why Words `json:"why,omitempty"`
}

// Batch is a list of refunds.
type Batch struct {
	ID               string
	By               people.ID
	State            BatchState
	Place            chat.Place
	Looked           time.Time
	Created, Updated time.Time
}

// BatchRow is a row of a list.
type BatchRow struct {
	N, Chunk      int
	Wish          BatchWish
	State         RowState
	Why           Words
	Store         string
	Order, Number string
	Facts         string
	Body          PaybackBody
	Refund        string
	// Past: the desk has gone on to the next.
	Past bool
}

// Ref is how people write the row's order.
func (r BatchRow) Ref() string {
	if r.Store == "" {
		return r.Wish.Order
	}
	return r.Store + "#" + sync.Number(r.Number)
}

// Chunk is a part of a list that is approved at once.
type Chunk struct {
	Batch string
	N     int
	Store string
	chunkBody
	Facts   string
	State   ChunkState
	AtRow   int
	Await   int
	Why     Words
	Updated time.Time
}

// chunkBody is what is frozen of a chunk.
type chunkBody struct {
	Rows   int              `json:"rows"`
	Total  connectors.Money `json:"total"`
	Ruling Ruling           `json:"ruling"`
}

// ID is how a chunk is called: "B3/1".
func (c Chunk) ID() string { return c.Batch + "/" + strconv.Itoa(c.N) }

// IsChunk tells whether an id is that of a chunk of a list, not of a refund.
func IsChunk(id string) bool { return strings.Contains(id, "/") }

func splitChunk(id string) (batch string, n int, err error) {
	batch, number, ok := strings.Cut(id, "/")
	if n, err = strconv.Atoi(number); !ok || err != nil {
		return "", 0, ErrNoBatch
	}
	return batch, n, nil
}

// ErrNoBatch: no such list, or no such part of it.
var ErrNoBatch = errors.New("bot: no such batch")

func getBatch(tx *store.Tx, id string) (b Batch, err error) {
	var place string
	var looked, created, updated int64
	err = tx.Row(`SELECT id, by_who, state, asked_in, looked, created, updated FROM batch WHERE id = ?`, id).
		Scan(&b.ID, &b.By, &b.State, &place, &looked, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return b, ErrNoBatch
	}
	if err != nil {
		return b, err
	}
	b.Created, b.Updated = time.UnixMilli(created), time.UnixMilli(updated)
	if looked > 0 {
		b.Looked = time.UnixMilli(looked)
	}
	return b, json.Unmarshal([]byte(place), &b.Place)
}

// batchTo moves a list from one state to another; false when it is not there.
func batchTo(tx *store.Tx, id string, to BatchState, from ...BatchState) (bool, error) {
	args, marks := []any{string(to), tx.Now(), id}, ""
	for _, s := range from {
		args, marks = append(args, string(s)), marks+", ?"
	}
	n, err := tx.Exec(`UPDATE batch SET state = ?, updated = ? WHERE id = ? AND state IN (`+strings.TrimPrefix(marks, ", ")+`)`, args...)
	return n == 1, err
}

const chunkColumns = `batch, n, store, body, facts, state, at_row, await, why, updated`

func scanChunk(scan func(...any) error) (c Chunk, err error) {
	var body, why string
	var updated int64
	if err := scan(&c.Batch, &c.N, &c.Store, &body, &c.Facts, &c.State, &c.AtRow, &c.Await, &why, &updated); err != nil {
		return c, err
	}
	c.Updated = time.UnixMilli(updated)
	if err := json.Unmarshal([]byte(body), &c.chunkBody); err != nil {
		return c, err
	}
	if why != "" {
		err = json.Unmarshal([]byte(why), &c.Why)
	}
	return c, err
}

func getChunk(tx *store.Tx, batch string, n int) (Chunk, error) {
	c, err := scanChunk(tx.Row(`SELECT `+chunkColumns+` FROM batch_chunk WHERE batch = ? AND n = ?`, batch, n).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoBatch
	}
	return c, err
}

func chunksOf(tx *store.Tx, batch string) (out []Chunk, err error) {
	rows, err := tx.Query(`SELECT `+chunkColumns+` FROM batch_chunk WHERE batch = ? ORDER BY n`, batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		c, err := scanChunk(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

func chunkTo(tx *store.Tx, c Chunk, to ChunkState, from ...ChunkState) (bool, error) {
	args, marks := []any{string(to), tx.Now(), c.Batch, c.N}, ""
	for _, s := range from {
		args, marks = append(args, string(s)), marks+", ?"
	}
	n, err := tx.Exec(`UPDATE batch_chunk SET state = ?, updated = ? WHERE batch = ? AND n = ? AND state IN (`+strings.TrimPrefix(marks, ", ")+`)`, args...)
	return n == 1, err
}

// batchRows reads rows of a list; where says which, after a WHERE.
func batchRows(tx *store.Tx, where string, args ...any) (out []BatchRow, err error) {
	rows, err := tx.Query(`SELECT n, wish, state, why, store, order_id, number, facts, body, chunk, refund, past FROM batch_row WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r BatchRow
		var wish, why, body string
		var past int64
		if err := rows.Scan(&r.N, &wish, &r.State, &why, &r.Store, &r.Order, &r.Number, &r.Facts, &body, &r.Chunk, &r.Refund, &past); err != nil {
			return nil, err
		}
		r.Past = past != 0
		for text, to := range map[string]any{wish: &r.Wish, why: &r.Why, body: &r.Body} {
			if text == "" {
				continue
			}
			if err := json.Unmarshal([]byte(text), to); err != nil {
				return nil, fmt.Errorf("bot: row %d of a batch: %w", r.N, err)
			}
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func rowsOf(tx *store.Tx, batch string) ([]BatchRow, error) {
	return batchRows(tx, `batch = ? ORDER BY n`, batch)
}

func rowsIn(tx *store.Tx, batch string, chunk int) ([]BatchRow, error) {
	return batchRows(tx, `batch = ? AND chunk = ? ORDER BY n`, batch, chunk)
}

// MakeBatch writes a list down and has its rows looked at. Nobody is asked yet,
// and nothing is sent to any shop.
func (d *Desk) MakeBatch(ctx context.Context, by Deed, wishes []BatchWish) error {
	switch {
	case len(wishes) == 0:
		return i18n.NewProblem(nil, "batch.empty")
	case len(wishes) > BatchMost:
		return i18n.NewProblem(nil, "batch.too_many", "n", len(wishes), "most", BatchMost)
	case d.Policy.Votes < 1:
		return i18n.NewProblem(nil, "refund.nobody_decides")
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		id, err := next(tx, "batch", "B")
		if err != nil {
			return err
		}
		at := by.Event.Place
		at.Only, at.Answering = by.Event.Account.ID, ""
		place, err := json.Marshal(at)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO batch(id, by_who, state, asked_in, created, updated) VALUES (?, ?, ?, ?, ?, ?)`,
			id, string(by.Who.ID), string(BatchLooking), string(place), tx.Now(), tx.Now()); err != nil {
			return err
		}
		for i, w := range wishes {
			state, why := RowNew, ""
			if w.Why != nil {
				state = RowUnread
				text, err := json.Marshal(w.Why)
				if err != nil {
					return err
				}
				why = string(text)
			}
			text, err := json.Marshal(w)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO batch_row(batch, n, line, wish, state, why) VALUES (?, ?, ?, ?, ?, ?)`,
				id, i+1, w.Line, string(text), string(state), why); err != nil {
				return err
			}
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "batch.made", "batch:"+id, map[string]any{"rows": len(wishes)}); err != nil {
			return err
		}
		if err := d.heard(tx, by.Event); err != nil {
			return err
		}
		at.Only = ""
		if err := d.Show(tx, "batch:"+id, at, by.P.Lang()); err != nil {
			return err
		}
		return jobs.Add(tx, BatchLookArgs{id}, jobs.Key("batch_look/"+id))
	})
}

// BatchFor finds a list that somebody may see: their own, or of a store that they
// decide on.
func (d *Desk) BatchFor(ctx context.Context, by Deed, id string) (b Batch, err error) {
	var stores []string
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		stores = nil
		if b, err = getBatch(tx, id); err != nil {
			return err
		}
		chunks, err := chunksOf(tx, id)
		for _, c := range chunks {
			stores = append(stores, c.Store)
		}
		return err
	})
	if errors.Is(err, ErrNoBatch) {
		return b, i18n.NewProblem(nil, "batch.none", "id", id)
	}
	if err != nil || b.By == by.Who.ID {
		return b, err
	}
	if len(stores) == 0 {
		return b, i18n.NewProblem(nil, "batch.not_yours", "id", id, "who", d.People.Name(b.By))
	}
	for _, s := range stores {
		if !by.Who.Sees(s) {
			return b, i18n.NewProblem(nil, "error.store_not_yours", "store", s)
		}
	}
	return b, nil
}

// Batches are somebody's latest lists, the newest first.
func (d *Desk) Batches(ctx context.Context, who people.ID) (out []Batch, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		out = nil
		ids, err := store.Column[string](tx, `SELECT id FROM batch WHERE by_who = ? ORDER BY created DESC, id DESC LIMIT 10`, string(who))
		if err != nil {
			return err
		}
		for _, id := range ids {
			b, err := getBatch(tx, id)
			if err != nil {
				return err
			}
			out = append(out, b)
		}
		return nil
	})
	return out, err
}

// ShowBatch puts a list's card up where somebody asks for it.
func (d *Desk) ShowBatch(ctx context.Context, by Deed, id string) error {
	list, _, _ := strings.Cut(id, "/")
	if _, err := d.BatchFor(ctx, by, list); err != nil {
		return err
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		c, _, err := d.paintBatch(ctx, tx, id, by.P)
		if errors.Is(err, ErrNoBatch) {
			return i18n.NewProblem(nil, "batch.none", "id", id)
		}
		if err != nil {
			return err
		}
		c.Lang = by.P.Lang().String()
		return d.Whisper(tx, by.Event, c)
	})
}

// CurrencyOf is the currency of an order that the desk has written down; empty
// where it does not know it, or knows several.
func (d *Desk) CurrencyOf(ctx context.Context, who people.Person, ref string) string {
	storeID, number := SplitOrder(ref)
	known, err := d.inMirror(ctx, who, number)
	if err != nil {
		return ""
	}
	found := ""
	for _, o := range known {
		if storeID != "" && !strings.EqualFold(o.Store.ID, storeID) {
			continue
		}
		if cur := o.Order.Total.Currency; found == "" || found == cur {
			found = cur
		} else {
			return ""
		}
	}
	return found
}
