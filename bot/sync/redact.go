package sync

import (
	"encoding/json"
	"fmt"
	"strings"

	"helloworld/bot/store"
	"helloworld/connectors"
)

// SameBuyer tells whether ref is the platform's word for this buyer.
func SameBuyer(b connectors.Buyer, ref string) bool {
	return ref != "" && (b.ID == ref || b.Name == ref || strings.EqualFold(b.Email, ref))
}

// Like is a pattern, escaped by "!", that finds ref within what JSON says; one
// that finds nothing if ref is empty.
func Like(ref string) string {
	if ref == "" {
		return ""
	}
	quoted, err := json.Marshal(ref)
	if err != nil {
		return ""
	}
	return Holds(string(quoted))
}

// Holds is a pattern, escaped by "!", that finds text anywhere.
func Holds(text string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text) + "%"
}

// Redact empties what the mirror knows of the buyer of an order, and of a buyer
// by the platform's id, name or address, and remembers the orders, so that no
// reading brings the buyer back. It tells how many rows it changed. It reads a
// whole store's orders, since nobody asks often.
func Redact(tx *store.Tx, storeID, order, ref string) (int, error) {
	if err := hold(tx, storeID, sqlAlone); err != nil {
		return 0, err
	}
	orders, err := redactRows(tx, Orders, storeID, order, ref, func(o *connectors.Order) (string, bool) {
		if o.Buyer == (connectors.Buyer{}) || o.ID != order && !SameBuyer(o.Buyer, ref) {
			return "", false
		}
		Nameless(o)
		return o.ID, true
	})
	if err != nil {
		return 0, err
	}
	n := len(orders)
	if order != "" {
		orders = append(orders, order)
	}
	for _, id := range orders {
		_, err := redactRows(tx, Returns, storeID, id, "", func(r *connectors.Return) (string, bool) {
			was := r.Note
			noteless(r)
			n += min(len(was), 1)
			return r.ID, was != ""
		})
		if err != nil {
			return n, err
		}
	}
	for _, id := range orders {
		if err := setErased(tx, storeID, id); err != nil {
			return n, err
		}
		if _, err := tx.Exec(`UPDATE quarantine SET raw = '' WHERE store = ? AND (id = ? OR raw LIKE ? ESCAPE '!')`, storeID, id, Holds(id)); err != nil {
			return n, err
		}
	}
	if ref == "" {
		return n, nil
	}
	_, err = tx.Exec(`UPDATE quarantine SET raw = '' WHERE store = ? AND LOWER(raw) LIKE ? ESCAPE '!'`, storeID, strings.ToLower(Holds(ref)))
	return n, err
}

// OrdersOf lists the orders of a buyer, by the platform's ids: the one that is
// named, and those of ref. Ask before [Redact] has made them nobody's, in the
// same transaction: no other of that buyer comes in between.
func OrdersOf(tx *store.Tx, storeID, order, ref string) ([]string, error) {
	if err := hold(tx, storeID, sqlAlone); err != nil {
		return nil, err
	}
	var ids []string
	if order != "" {
		ids = append(ids, order)
	}
	_, err := redactRows(tx, Orders, storeID, order, ref, func(o *connectors.Order) (string, bool) {
		if o.ID != order && SameBuyer(o.Buyer, ref) {
			ids = append(ids, o.ID)
		}
		return "", false
	})
	return ids, err
}

func redactRows[T any](tx *store.Tx, stream, storeID, order, ref string, empty func(*T) (id string, ok bool)) (ids []string, err error) {
	t := tables[stream]
	col := "id"
	if stream == Returns {
		col = "order_ref"
	}
	rows, err := tx.Query(`SELECT id, body FROM `+t.name+` WHERE store = ? AND (`+col+` = ? OR body LIKE ? ESCAPE '!' OR LOWER(body) LIKE ? ESCAPE '!')`,
		storeID, clean(order), Like(ref), strings.ToLower(Like(ref)))
	if err != nil {
		return nil, err
	}
	bodies := map[string]string{}
	for rows.Next() {
		var id, body string
		var v T
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return nil, fmt.Errorf("sync: a row of the mirror: %w", err)
		}
		if name, ok := empty(&v); ok {
			out, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			bodies[id], ids = string(out), append(ids, name)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	for id, body := range bodies {
		if _, err := tx.Exec(`UPDATE `+t.name+` SET body = ? WHERE store = ? AND id = ?`, body, storeID, id); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
