package bot

import (
	"encoding/json"
	"errors"
	"strings"

	"helloworld/bot/alerts"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// erases tells whether a platform asks us to forget, by its own word for the
// request: "customers/redact", "MARKETPLACE_ACCOUNT_DELETION". All others ask
// what we know, and a person answers those.
func erases(topic string) bool {
	topic = strings.ToLower(topic)
	for _, word := range []string{"redact", "delet", "eras"} {
		if strings.Contains(topic, word) {
			return true
		}
	}
	return false
}

// privacyAsked writes down that a platform asks for buyers' data, or to forget
// somebody, and tells the people. Who it is about stays out of the card.
func (d *Desk) privacyAsked(tx *store.Tx, s *Store, e connectors.Event) error {
	what := "ask"
	if erases(e.Topic) {
		what = "erase"
	}
	_, err := tx.Exec(`INSERT INTO privacy_request(store, id, topic, order_ref, ref, erases, at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (store, id) DO NOTHING`, s.ID, plainText(e.ID), plainText(e.Topic), plainText(e.Order), plainText(e.Ref), what == "erase", tx.Now())
	if err != nil {
		return err
	}
	if err := d.Audit.Append(tx, string(people.Desk), "privacy.asked", "store:"+s.ID, map[string]any{"id": e.ID, "topic": e.Topic}); err != nil {
		return err
	}
	return d.fire(tx, alerts.News{Kind: alerts.Privacy, Store: s.ID, Severity: alerts.Warning,
		Detail: map[string]string{"what": what, "code": e.Topic}})
}

// erase empties what the mirror knows of a buyer or of an order's buyer. What
// people wrote to each other in chats is not the mirror's.
func (d *Desk) erase(tx *store.Tx, s *Store, id string) error {
	var order, ref string
	var erases, done int64
	rows, err := tx.Query(`SELECT order_ref, ref, erases, done FROM privacy_request WHERE store = ? AND id = ?`, s.ID, id)
	if err != nil {
		return err
	}
	found := rows.Next()
	if found {
		err = rows.Scan(&order, &ref, &erases, &done)
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil || !found || done > 0 {
		return err
	}
	cleared := 0
	if erases == 1 && (order != "" || ref != "") {
		if cleared, err = forget(tx, s.ID, order, ref); err != nil {
			return err
		}
		// Neither what was asked says any more about whom it was.
		for _, q := range []string{`UPDATE hook SET ref = '', raw = '' WHERE store = ? AND id = ?`, `UPDATE privacy_request SET ref = '' WHERE store = ? AND id = ?`} {
			if _, err := tx.Exec(q, s.ID, id); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Exec(`UPDATE privacy_request SET cleared = ?, done = ? WHERE store = ? AND id = ?`, cleared, tx.Now(), s.ID, id); err != nil {
		return err
	}
	return d.Audit.Append(tx, string(people.Desk), "privacy.done", "store:"+s.ID, map[string]any{"id": id, "cleared": cleared, "erases": erases == 1})
}

// forget empties what a store's rows know of a buyer, and tells how many it changed.
func forget(tx *store.Tx, storeID, order, ref string) (cleared int, err error) {
	orders, err := sync.OrdersOf(tx, storeID, order, ref)
	if err != nil {
		return 0, err
	}
	if cleared, err = sync.Redact(tx, storeID, order, ref); err != nil {
		return 0, err
	}
	more := func(n int, err error) error {
		cleared += n
		return err
	}
	if err := more(redactMessages(tx, storeID, "", ref)); err != nil {
		return 0, err
	}
	for _, id := range orders {
		if err := errors.Join(more(redactMessages(tx, storeID, id, "")), more(redactRefunds(tx, storeID, id))); err != nil {
			return 0, err
		}
		if _, err := tx.Exec(`UPDATE hook SET raw = '' WHERE store = ? AND raw <> '' AND (order_ref = ? OR raw LIKE ? ESCAPE '!')`,
			storeID, id, sync.Holds(id)); err != nil {
			return 0, err
		}
	}
	if ref != "" {
		_, err = tx.Exec(`UPDATE hook SET raw = '' WHERE store = ? AND raw <> '' AND (ref = ? OR LOWER(raw) LIKE ? ESCAPE '!')`,
			storeID, ref, strings.ToLower(sync.Holds(ref)))
	}
	return cleared, err
}

// forgotten takes the buyer off a message that was written before the buyer of
// its order was erased: it was on its way. What somebody writes afterwards is
// theirs to tell.
func forgotten(tx *store.Tx, storeID string, m *connectors.Message) error {
	if m.Order == "" {
		return nil
	}
	erased, err := sync.Erased(tx, storeID, m.Order)
	if at, ok := erased[m.Order]; ok && m.At.UnixMilli() <= at {
		m.Buyer = connectors.Buyer{}
	}
	return err
}

// frozen is what is kept of a refund's facts: without the buyer's name, if it was
// erased while they were looked at, or before.
func frozen(tx *store.Tx, storeID string, b PaybackBody) (string, error) {
	erased, err := sync.Erased(tx, storeID, b.Cmd.Order)
	if err != nil {
		return "", err
	}
	if _, ok := erased[b.Cmd.Order]; ok {
		b.Buyer = ""
	}
	text, err := json.Marshal(b)
	return string(text), err
}

// redactRefunds takes the buyer's name off what was frozen when refunds of an
// order were asked for. What is to be paid does not depend on it.
func redactRefunds(tx *store.Tx, storeID, order string) (int, error) {
	return rewrite(tx, `UPDATE refund SET body = ? WHERE id = ?`, func(b *PaybackBody) bool {
		had := b.Buyer != ""
		b.Buyer = ""
		return had
	}, `SELECT id, body FROM refund WHERE store = ? AND order_id = ?`, storeID, order)
}

// redactMessages takes the buyer's name and addresses off the messages of an
// order or a buyer. Their words stay with the conversation.
func redactMessages(tx *store.Tx, storeID, order, ref string) (int, error) {
	return rewrite(tx, `UPDATE message SET body = ? WHERE id = ?`, func(m *connectors.Message) bool {
		if m.Buyer == (connectors.Buyer{}) || !(order != "" && m.Order == order) && !sync.SameBuyer(m.Buyer, ref) {
			return false
		}
		m.Buyer = connectors.Buyer{}
		return true
	}, `SELECT id, body FROM message WHERE store = ? AND (order_ref = ? AND order_ref <> '' OR body LIKE ? ESCAPE '!' OR LOWER(body) LIKE ? ESCAPE '!')`,
		storeID, order, sync.Like(ref), strings.ToLower(sync.Like(ref)))
}

// rewrite changes the bodies of the rows that a query gives, by update, where
// change says that it has changed one. It tells how many.
func rewrite[T any](tx *store.Tx, update string, change func(*T) bool, query string, args ...any) (int, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	changed := map[string]string{}
	for rows.Next() {
		var id, body string
		var v T
		if err := rows.Scan(&id, &body); err != nil {
			return 0, err
		}
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return 0, err
		}
		if !change(&v) {
			continue
		}
		text, err := json.Marshal(v)
		if err != nil {
			return 0, err
		}
		changed[id] = string(text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, err
	}
	for id, body := range changed {
		if _, err := tx.Exec(update, body, id); err != nil {
			return 0, err
		}
	}
	return len(changed), nil
}
