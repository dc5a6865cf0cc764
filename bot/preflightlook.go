package bot

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"database/sql"

	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// ownRefunds are what the desk knows of an order's refunds: one that is on its
// way, and by what ids those that it made are known to the platform.
type ownRefunds struct {
	live           string
	receipts, keys []string
}

// ownOf reads the desk's own refunds of an order, but for the one with a key.
func (d *Desk) ownOf(ctx context.Context, storeID string, o connectors.Order, key string) (own ownRefunds, err error) {
	return own, d.DB.Read(ctx, func(tx *store.Tx) error {
		own = ownRefunds{}
		err := tx.Row(`SELECT id FROM refund WHERE live = ? AND key <> ?`, storeID+"/"+o.ID, key).Scan(&own.live)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		all, err := d.refundsOf(tx, storeID, o.ID)
		if err != nil {
			return err
		}
		for _, r := range all {
			own.keys = append(own.keys, r.Key)
			if r.Receipt.ID != "" {
				own.receipts = append(own.receipts, r.Receipt.ID)
			}
		}
		return nil
	})
}

// findings tell what of an order's refunds is on its way here, and what was given
// back past the desk.
func (own ownRefunds) findings(ref string, o connectors.Order, zone *time.Location) []Finding {
	var out []Finding
	if own.live != "" {
		out = append(out, blocking("in_flight", "id", own.live, "order", ref))
	}
	sum, last, n := connectors.Money{Currency: o.Total.Currency}, time.Time{}, 0
	for _, x := range o.Refunds {
		ours := slices.Contains(own.receipts, x.ID) || x.Key != "" && slices.Contains(own.keys, x.Key)
		if ours || x.State == connectors.StateRejected || x.Amount.Currency != sum.Currency {
			continue
		}
		n++
		sum = sum.Add(x.Amount)
		if x.At.After(last) {
			last = x.At
		}
	}
	switch {
	case n > 0 && last.IsZero():
		out = append(out, known("elsewhere_undated", "amount", sum.String()))
	case n > 0:
		out = append(out, known("elsewhere", "amount", sum.String(), "when", day(last, zone)))
	}
	return out
}

// closedReturns are the states in which a return is over.
var closedReturns = []connectors.ReturnStatus{connectors.ReturnRefunded, connectors.ReturnDeclined, connectors.ReturnClosed}

// mostReturns bounds how many of an order's returns are read again.
const mostReturns = 5

// openCases tells what is open beside the order: returns and claims, as the
// platform shows them now where it can be asked, else as they were last read; and
// payment disputes.
func (d *Desk) openCases(ctx context.Context, s *Store, o connectors.Order) ([]Finding, error) {
	ref := OrderAt{s, o}.Ref()
	var out []Finding
	var told []string
	unread := false
	if shop, ok := s.Shop.(connectors.Caser); ok {
		cases, err := shop.Cases(ctx, o.ID)
		unread = err != nil && !denied(err)
		if err != nil {
			d.Log.InfoContext(ctx, "an order's cases could not be read", "store", s.ID, "err", err)
		}
		for _, c := range cases {
			told = append(told, c.ID)
			if c.Bars {
				out = append(out, blocking("bars_"+string(c.Kind), "order", ref, "id", c.ID))
			} else {
				out = append(out, known("open_"+string(c.Kind), "id", c.ID))
			}
		}
	}
	var mirrored []connectors.Return
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		mirrored, err = sync.ReturnsOf(tx, s.ID, o.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	reader, live := s.Shop.(connectors.ReturnReader)
	reads := 0
	for _, x := range mirrored {
		if slices.Contains(closedReturns, x.Status) || slices.Contains(told, x.Number) {
			continue
		}
		if reads++; live && reads <= mostReturns {
			if now, err := reader.Return(ctx, x.ID); err == nil {
				x = now
			} else if connectors.KindOf(err) != connectors.NotFound && !denied(err) {
				unread = true
			}
		}
		if !slices.Contains(closedReturns, x.Status) {
			out = append(out, known("open_"+string(x.Kind), "id", x.Number))
		}
	}
	if unread {
		out = append(out, known("cases_unread", "order", ref))
	}
	return out, nil
}

// denied: the account may not ask for this at all; to say so on every card would
// tell nobody anything.
func denied(err error) bool {
	switch connectors.KindOf(err) {
	case connectors.Unsupported, connectors.Reauthorise, connectors.AppBroken:
		return true
	}
	return false
}

// funds tells when the platform holds less for the seller than is given back.
func (d *Desk) funds(ctx context.Context, s *Store, cmd connectors.Refund) []Finding {
	shop, ok := s.Shop.(connectors.Balancer)
	if !ok || cmd.Method != "" {
		return nil
	}
	held, err := shop.Balance(ctx)
	if err != nil {
		d.Log.InfoContext(ctx, "a balance could not be read", "store", s.ID, "err", err)
		if denied(err) {
			return nil
		}
		return []Finding{known("balance_unread", "store", s.Name)}
	}
	for _, m := range held {
		if m.Currency == cmd.Amount.Currency && m.Minor < cmd.Amount.Minor {
			return []Finding{known("balance_low", "balance", m.String(), "store", s.Name)}
		}
	}
	return nil
}

// historyFor is how far back a buyer's refunds are counted.
const historyFor = 90 * 24 * time.Hour

// history counts in how many of a buyer's other orders money was given back. A buyer
// whom the platform masks has none.
func (d *Desk) history(ctx context.Context, storeID string, o connectors.Order) ([]Finding, error) {
	if o.Buyer.ID == "" {
		return nil, nil
	}
	back := map[string]bool{}
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		since := time.UnixMilli(tx.Now()).Add(-historyFor)
		orders, err := sync.OrdersBy(tx, storeID, o.Buyer.ID, since)
		if err != nil {
			return err
		}
		for _, x := range orders {
			if x.ID == o.ID {
				continue
			}
			if back[x.ID] = x.Refunded.Minor > 0; back[x.ID] {
				continue
			}
			// The mirror may be behind what was given back from here.
			var n int
			if err := tx.Row(`SELECT COUNT(*) FROM refund WHERE store = ? AND order_id = ? AND state = ?`, storeID, x.ID, string(RefundConfirmed)).Scan(&n); err != nil {
				return err
			}
			back[x.ID] = n > 0
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	refunds := 0
	for _, yes := range back {
		if yes {
			refunds++
		}
	}
	if refunds == 0 {
		return nil, nil
	}
	share := 100 * refunds / len(back)
	f := known("history", "refunds", strconv.Itoa(refunds), "orders", strconv.Itoa(len(back)), "share", strconv.Itoa(share))
	f.Risk = refunds >= d.Policy.RiskRefunds && share >= d.Policy.RiskShare
	return []Finding{f}, nil
}
