package sync

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// PageSize is how many items a page is asked to have: large enough for a
// transaction not to cost more than what it writes.
const PageSize = 250

// table is a table of the mirror: store, id, its own columns, body, updated, seen.
type table struct {
	name string
	cols []string
}

var tables = map[string]table{
	Orders:  {"order_row", []string{"number"}},
	Items:   {"item_row", []string{"sku"}},
	Stock:   {"stock_row", []string{"sku"}},
	Returns: {"return_row", []string{"order_ref", "status", "due", "number"}},
}

// Batch is a page of the mirror, ready to be written: what can be done before
// the transaction is done before it, since there is one writer for all.
type Batch struct {
	stream string
	rows   []row
	// bad are items that cannot be kept.
	bad []connectors.BadItem
}

type row struct {
	id      string
	cols    []any
	body    string
	updated int64
}

// OrderBatch makes orders ready.
func OrderBatch(orders []connectors.Order) Batch {
	return batch(Orders, orders, func(o *connectors.Order) (string, time.Time, []any) {
		o.Raw = nil
		return o.ID, o.Updated, []any{clean(Number(o.Number))}
	})
}

// ItemBatch makes listings ready.
func ItemBatch(items []connectors.Item) Batch {
	return batch(Items, items, func(i *connectors.Item) (string, time.Time, []any) {
		if i.ID == "" {
			i.ID = i.SKU
		}
		return i.ID, i.Updated, []any{clean(i.SKU)}
	})
}

// StockBatch makes stock levels ready.
func StockBatch(levels []connectors.StockLevel) Batch {
	return batch(Stock, levels, func(l *connectors.StockLevel) (string, time.Time, []any) {
		id := l.SKU
		if id == "" {
			id = l.Item
		}
		if id != "" && l.Location != "" {
			id += "\n" + l.Location
		}
		return id, l.Updated, []any{clean(l.SKU)}
	})
}

// ReturnBatch makes returns ready.
func ReturnBatch(returns []connectors.Return) Batch {
	return batch(Returns, returns, func(r *connectors.Return) (string, time.Time, []any) {
		due := int64(0)
		if !r.Due.IsZero() {
			due = r.Due.UnixMilli()
		}
		return r.ID, r.Updated, []any{clean(r.Order), string(r.Status), due, clean(Number(r.Number))}
	})
}

func batch[T any](stream string, items []T, take func(*T) (id string, updated time.Time, cols []any)) Batch {
	b := Batch{stream: stream, rows: make([]row, 0, len(items))}
	for _, item := range items {
		id, updated, cols := take(&item)
		body, err := json.Marshal(item)
		if err == nil && id == "" {
			err = errors.New("sync: it has no id")
		}
		if err != nil {
			b.bad = append(b.bad, connectors.BadItem{ID: id, Err: err, Raw: body})
			continue
		}
		ms := int64(0)
		if !updated.IsZero() {
			ms = updated.UnixMilli()
		}
		b.rows = append(b.rows, row{clean(id), cols, string(body), ms})
	}
	// In one order, so that two writers wait for each other instead of meeting
	// crosswise; and each once, since a statement may not change a row twice.
	slices.SortStableFunc(b.rows, func(x, y row) int {
		if c := strings.Compare(x.id, y.id); c != 0 {
			return c
		}
		switch {
		case x.updated < y.updated:
			return -1
		case x.updated > y.updated:
			return 1
		}
		return 0
	})
	kept := b.rows[:0]
	for i, r := range b.rows {
		if i+1 < len(b.rows) && b.rows[i+1].id == r.id {
			continue
		}
		kept = append(kept, r)
	}
	b.rows = kept
	return b
}

// clean is text that every database takes.
func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "�")
}

// chunks are how many rows a statement has: few sizes, so that few statements
// are prepared.
var chunks = []int{64, 16, 4, 1}

// Save writes a batch into the mirror. What is there already is replaced only by
// what is not older, and counts only if it differs. What reads well again leaves
// the quarantine. A buyer who was erased does not come back with it.
func (b Batch) Save(tx *store.Tx, storeID string) (changed int, err error) {
	t, ok := tables[b.stream]
	if !ok {
		return 0, fmt.Errorf("sync: the mirror has no stream %q", b.stream)
	}
	for _, bad := range b.bad {
		if err := Quarantine(tx, storeID, b.stream, bad); err != nil {
			return 0, err
		}
	}
	rest, err := b.nameless(tx, storeID)
	if err != nil {
		return 0, err
	}
	now := tx.Now()
	for _, size := range chunks {
		for len(rest) >= size {
			n, err := t.upsert(tx, storeID, rest[:size], now)
			if err != nil {
				return changed, err
			}
			changed, rest = changed+n, rest[size:]
		}
	}
	ids := make([]string, len(b.rows))
	for i, r := range b.rows {
		ids[i] = r.id
	}
	return changed, Release(tx, storeID, b.stream, ids)
}

func (t table) upsert(tx *store.Tx, storeID string, rows []row, now int64) (int, error) {
	args := make([]any, 0, len(rows)*(5+len(t.cols)))
	for _, r := range rows {
		args = append(args, storeID, r.id)
		args = append(args, r.cols...)
		args = append(args, r.body, r.updated, now)
	}
	n, err := tx.Exec(t.query(len(rows)), args...)
	return int(n), err
}

func (t table) query(rows int) string {
	cols := slices.Concat([]string{"store", "id"}, t.cols, []string{"body", "updated", "seen"})
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(cols)), ", ") + ")"
	var sets []string
	for _, c := range cols[2:] {
		sets = append(sets, c+" = excluded."+c)
	}
	return `INSERT INTO ` + t.name + `(` + strings.Join(cols, ", ") + `) VALUES ` +
		strings.TrimSuffix(strings.Repeat(one+", ", rows), ", ") +
		` ON CONFLICT (store, id) DO UPDATE SET ` + strings.Join(sets, ", ") +
		` WHERE ` + t.name + `.updated <= excluded.updated AND ` + t.name + `.body <> excluded.body`
}

// SaveOrder writes an order into the mirror unless a newer one is there. It
// tells whether anything changed.
func SaveOrder(tx *store.Tx, storeID string, o connectors.Order) (bool, error) {
	n, err := OrderBatch([]connectors.Order{o}).Save(tx, storeID)
	return n > 0, err
}

// Versions tells when what the mirror has of these was last changed, by id in
// milliseconds; what it has not is not in it.
func Versions(tx *store.Tx, storeID, stream string, ids []string) (map[string]int64, error) {
	t, ok := tables[stream]
	if !ok {
		return nil, fmt.Errorf("sync: the mirror has no stream %q", stream)
	}
	out := make(map[string]int64, len(ids))
	err := some(ids, func(part []string, marks string) error {
		args := []any{storeID}
		for _, id := range part {
			args = append(args, clean(id))
		}
		rows, err := tx.Query(`SELECT id, updated FROM `+t.name+` WHERE store = ? AND id IN (`+marks+`)`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var ms int64
			if err := rows.Scan(&id, &ms); err != nil {
				return err
			}
			out[id] = ms
		}
		return rows.Err()
	})
	return out, err
}

// some calls f with parts of the list of the usual sizes, and as many question
// marks.
func some(ids []string, f func(part []string, marks string) error) error {
	for _, size := range chunks {
		for len(ids) >= size {
			if err := f(ids[:size], strings.TrimSuffix(strings.Repeat("?, ", size), ", ")); err != nil {
				return err
			}
			ids = ids[size:]
		}
	}
	return nil
}

// ItemsOf lists a store's listings with a SKU.
func ItemsOf(tx *store.Tx, storeID, sku string) ([]connectors.Item, error) {
	return bodies[connectors.Item](tx, `SELECT body FROM item_row WHERE store = ? AND sku = ? ORDER BY id`, storeID, clean(sku))
}

// StockOf lists what the platform keeps of a SKU in its own places.
func StockOf(tx *store.Tx, storeID, sku string) ([]connectors.StockLevel, error) {
	return bodies[connectors.StockLevel](tx, `SELECT body FROM stock_row WHERE store = ? AND sku = ? ORDER BY id`, storeID, clean(sku))
}

// ReturnsOf lists the returns of an order, by the platform's order id.
func ReturnsOf(tx *store.Tx, storeID, order string) ([]connectors.Return, error) {
	return bodies[connectors.Return](tx, `SELECT body FROM return_row WHERE store = ? AND order_ref = ? ORDER BY id`, storeID, clean(order))
}

// FoundReturn is a return of the mirror.
type FoundReturn struct {
	Store  string
	Return connectors.Return
}

// FindReturns looks a return up by number or id in the mirror, in every store.
func FindReturns(tx *store.Tx, number string) ([]FoundReturn, error) {
	rows, err := tx.Query(`SELECT store, body FROM return_row WHERE number = ? OR id = ? OR number = '' AND UPPER(body) LIKE ? ESCAPE '!' ORDER BY store, id`,
		clean(Number(number)), clean(strings.TrimSpace(number)), Holds(clean(Number(number))))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []FoundReturn
	for rows.Next() {
		var f FoundReturn
		var body string
		if err := rows.Scan(&f.Store, &body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &f.Return); err != nil {
			return nil, fmt.Errorf("sync: a return of the mirror: %w", err)
		}
		if r := f.Return; Number(r.Number) == Number(number) || r.ID == strings.TrimSpace(number) {
			out = append(out, f)
		}
	}
	return out, rows.Err()
}

func bodies[T any](tx *store.Tx, query string, args ...any) ([]T, error) {
	rows, err := store.Column[string](tx, query, args...)
	if err != nil {
		return nil, err
	}
	var out []T
	for _, body := range rows {
		var v T
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return nil, fmt.Errorf("sync: a row of the mirror: %w", err)
		}
		out = append(out, v)
	}
	return out, nil
}

// Missing is what of a batch the mirror has not, or only older; lost is how many
// of these had changed before due.
func (b Batch) Missing(tx *store.Tx, storeID string, due time.Time) (missing Batch, lost int, err error) {
	ids := make([]string, len(b.rows))
	for i, r := range b.rows {
		ids[i] = r.id
	}
	have, err := Versions(tx, storeID, b.stream, ids)
	if err != nil {
		return b, 0, err
	}
	missing = Batch{stream: b.stream, bad: b.bad}
	for _, r := range b.rows {
		if ms, ok := have[r.id]; ok && ms >= r.updated {
			continue
		}
		missing.rows = append(missing.rows, r)
		if r.updated < due.UnixMilli() {
			lost++
		}
	}
	return missing, lost, nil
}
