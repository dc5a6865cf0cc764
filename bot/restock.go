package bot

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// RestockArgs is putting the goods of a refund back into stock.
type RestockArgs struct {
	Refund string `json:"refund"`
}

// Kind names the job.
func (RestockArgs) Kind() string { return "restock" }

// The states of goods that go back into stock. The empty one: nothing was set yet.
const (
	// stockSent: the quantity may have been set, and is looked at before it is again.
	stockSent   = "sent"
	stockDone   = afterDone
	stockByHand = "by_hand"
	stockFailed = "failed"
)

// stockOpen is the state of what is not over for all goods of a refund.
const stockOpen = "open"

const (
	// restockFor is for how long it is tried before a person has to.
	restockFor = 48 * time.Hour
	// restockPlans is how often a quantity that changes meanwhile is reckoned anew.
	restockPlans = 8
	// restockLines is how many goods a card names.
	restockLines = 4
)

// goodsBack is goods of one SKU that go back into stock. What the quantity was and
// what it becomes are written down before it is set, so that whoever comes after a
// crash sets the same quantity again, and never adds to what was set already.
type goodsBack struct {
	SKU      string `json:"sku"`
	N        int    `json:"n"`
	Item     string `json:"item,omitempty"`
	Location string `json:"location,omitempty"`
	Was      int    `json:"was"`
	Target   int    `json:"target"`
	State    string `json:"state,omitempty"`
	Why      string `json:"why,omitempty"`
	Plans    int    `json:"plans,omitempty"`
}

func (g goodsBack) over() bool {
	return g.State == stockDone || g.State == stockByHand || g.State == stockFailed
}

// ended is the goods with how it ended.
func (g goodsBack) ended(state, why string) goodsBack {
	g.State, g.Why = state, why
	return g
}

// restockLater starts putting goods back, where that was asked for. Those of a
// store go one after another: two that read the same quantity would add only once.
func restockLater(tx *store.Tx, r Payback) error {
	if !slices.ContainsFunc(r.Body.Cmd.Lines, func(l connectors.RefundLine) bool { return l.Restock && l.Quantity > 0 }) {
		return nil
	}
	return jobs.Add(tx, RestockArgs{r.ID}, jobs.Key("stock/"+r.ID), jobs.Order("stock/"+r.Store), jobs.MaxAttempts(1000))
}

// restock puts the goods of a confirmed refund back into stock, unless the platform
// did so with the refund. What cannot be done stands on the card for a person.
func (d *Desk) restock(ctx context.Context, j jobs.Job[RestockArgs]) error {
	var r Payback
	var all []goodsBack
	var planned bool
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if r, err = d.GetRefund(tx, j.Args.Refund); err != nil {
			return err
		}
		all, planned, err = goodsOf(tx, r.ID)
		return err
	}); err != nil {
		return err
	}
	if r.State != RefundConfirmed {
		return nil
	}
	late := d.Now().Sub(j.Created) > restockFor
	s, ok := d.reach(ctx, r.Store)
	if !ok && !late {
		return jobs.Snooze(time.Hour)
	}
	if ok {
		if x, does := s.Shop.(connectors.Restocker); does && x.Restocks() {
			return nil
		}
	}
	ctx = connectors.WithFresh(connectors.WithPriority(ctx, connectors.Sync))
	if !planned {
		var err error
		if all, err = d.goodsFor(ctx, s, r); err != nil {
			if !late {
				return jobs.Snooze(max(connectors.RetryAfterOf(err), d.later(j.Created)))
			}
			all = unnamed(r).asList()
		}
		if err := d.keepGoods(ctx, r, nil, all); err != nil {
			return err
		}
	}
	for i := range all {
		for !all[i].over() {
			next, wait, err := d.putBack(ctx, s, r, all, i)
			if err != nil {
				return err
			}
			if late && !next.over() {
				next, wait = next.ended(stockByHand, "late"), 0
			}
			if next != all[i] {
				changed := slices.Clone(all)
				changed[i] = next
				if err := d.keepGoods(ctx, r, all, changed); err != nil {
					return err
				}
				all = changed
			}
			if wait > 0 {
				return jobs.Snooze(max(wait, d.later(j.Created)))
			}
		}
	}
	return nil
}

// goodsFor lists what goes back into stock, by SKU.
func (d *Desk) goodsFor(ctx context.Context, s *Store, r Payback) ([]goodsBack, error) {
	var o connectors.Order
	var known bool
	if err := d.DB.Read(ctx, func(tx *store.Tx) error {
		f, ok, err := mirrored(tx, r.Store, r.Number)
		o, known = f.Order, ok && f.Order.ID == r.Order
		return err
	}); err != nil {
		return nil, err
	}
	if !known {
		if s == nil {
			return nil, errors.New("bot: the store is not there")
		}
		shop, ok := s.Orders()
		if !ok {
			return unnamed(r).asList(), nil
		}
		var err error
		if o, err = shop.Order(ctx, r.Order); err != nil {
			return nil, err
		}
	}
	var out []goodsBack
	for _, l := range r.Body.Cmd.Lines {
		if !l.Restock || l.Quantity <= 0 {
			continue
		}
		g := goodsBack{N: l.Quantity}
		if i := slices.IndexFunc(o.Lines, func(x connectors.OrderLine) bool { return x.ID == l.Line }); i >= 0 {
			g.SKU = o.Lines[i].SKU
		}
		if g.SKU == "" {
			g = g.ended(stockByHand, "no_sku")
		}
		if i := slices.IndexFunc(out, func(x goodsBack) bool { return x.SKU == g.SKU }); i >= 0 {
			out[i].N += g.N
			continue
		}
		out = append(out, g)
	}
	return out, nil
}

// unnamed are a refund's goods where nobody knows what they are called.
func unnamed(r Payback) goodsBack {
	g := goodsBack{State: stockByHand, Why: "no_sku"}
	for _, l := range r.Body.Cmd.Lines {
		if l.Restock {
			g.N += l.Quantity
		}
	}
	return g
}

func (g goodsBack) asList() []goodsBack { return []goodsBack{g} }

// putBack takes one SKU a step further, and tells how long to wait before the next.
func (d *Desk) putBack(ctx context.Context, s *Store, r Payback, all []goodsBack, i int) (next goodsBack, wait time.Duration, err error) {
	g := all[i]
	if s == nil {
		return g.ended(stockByHand, "cannot"), 0, nil
	}
	shop, sets := s.Shop.(connectors.StockWriter)
	looker, looks := s.Shop.(connectors.StockLooker)
	if !sets || !looks {
		return g.ended(stockByHand, "cannot"), 0, nil
	}
	l, why, err := shelfOf(ctx, looker, g)
	switch {
	case err != nil && ctx.Err() != nil:
		return g, 0, ctx.Err()
	case err != nil:
		d.Log.WarnContext(ctx, "a quantity could not be read", "refund", r.ID, "store", r.Store, "err", err)
		return g, max(connectors.RetryAfterOf(err), time.Second), nil
	case why != "":
		return g.ended(stockByHand, why), 0, nil
	}
	doubted := g.State == stockSent
	switch {
	case doubted && l.Available == g.Target:
		return g.ended(stockDone, ""), 0, nil
	case doubted && l.Available != g.Was:
		// Sales went on meanwhile: whether it was set cannot be told any more.
		return g.ended(stockByHand, "changed"), 0, nil
	case !doubted:
		if g.Plans++; g.Plans > restockPlans {
			return g.ended(stockByHand, "changed"), 0, nil
		}
		g.Was, g.Target, g.Item, g.Location, g.State = l.Available, l.Available+g.N, l.Item, l.Location, stockSent
		changed := slices.Clone(all)
		changed[i] = g
		if err := d.keepGoods(ctx, r, all, changed); err != nil {
			return g, 0, err
		}
		all[i] = g
	}
	was := g.Was
	out := shop.SetStock(ctx, []connectors.StockSet{{Key: fmt.Sprintf("%s/stock/%s/%d", r.Key, g.SKU, g.Plans), SKU: g.SKU, Item: g.Item, Location: g.Location,
		Quantity: g.Target, Was: &was}})
	if len(out) != 1 {
		return g, 0, fmt.Errorf("bot: %d results for one quantity", len(out))
	}
	res := out[0]
	if res.Err != nil {
		d.Log.WarnContext(ctx, "goods were not put back", "refund", r.ID, "store", r.Store, "state", string(res.State), "err", res.Err)
	}
	kind := connectors.KindOf(res.Err)
	switch res.State {
	case connectors.StateApplied:
		return g.ended(stockDone, ""), 0, nil
	case connectors.StateRejected, connectors.StateAbsent:
		wait = max(connectors.RetryAfterOf(res.Err), 250*time.Millisecond)
		switch {
		case doubted:
			return g, wait, nil // this one did not, but the one before may have
		case res.State == connectors.StateAbsent || kind == connectors.Conflict:
			g.State = ""
			return g, wait, nil
		case kind == connectors.Unsupported:
			return g.ended(stockByHand, "by_platform"), 0, nil
		case kind == connectors.NotFound:
			return g.ended(stockByHand, "no_listing"), 0, nil
		}
		return g.ended(stockFailed, cmp.Or(res.Code, kind.String())), 0, nil
	}
	return g, time.Second, nil // accepted, or not known: the next look tells
}

// shelfOf reads what there is of a SKU where it is to be put back; why tells that
// this is a person's to do.
func shelfOf(ctx context.Context, shop connectors.StockLooker, g goodsBack) (l connectors.StockLevel, why string, err error) {
	levels, err := shop.StockOf(ctx, g.SKU)
	switch {
	case err == nil:
	case connectors.KindOf(err) == connectors.NotFound:
		return l, "no_listing", nil
	case connectors.KindOf(err) == connectors.Invalid, connectors.KindOf(err) == connectors.Unsupported:
		return l, "cannot", nil
	default:
		return l, "", err
	}
	own := slices.DeleteFunc(slices.Clone(levels), func(l connectors.StockLevel) bool { return l.ByPlatform })
	switch {
	case len(levels) == 0:
		return l, "no_listing", nil
	case len(own) < len(levels):
		// Who sent these goods is not told: ones that went out from the platform's
		// warehouse go back there.
		return l, "by_platform", nil
	case len(own) > 1:
		return l, "places", nil
	}
	return own[0], "", nil
}

// goodsOf reads what is written down of a refund's goods.
func goodsOf(tx *store.Tx, refund string) ([]goodsBack, bool, error) {
	var detail string
	err := tx.Row(`SELECT detail FROM refund_after WHERE refund = ? AND what = ?`, refund, afterStock).Scan(&detail)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	var all []goodsBack
	return all, true, json.Unmarshal([]byte(detail), &all)
}

// keepGoods writes down how the goods of a refund stand; what ended or is about to
// be set goes into the log. It fails if somebody else wrote meanwhile.
func (d *Desk) keepGoods(ctx context.Context, r Payback, before, now []goodsBack) error {
	old, err := json.Marshal(before)
	if err != nil {
		return err
	}
	detail, err := json.Marshal(now)
	if err != nil {
		return err
	}
	state := afterDone
	for _, g := range now {
		if !g.over() {
			state = stockOpen
		}
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if before == nil {
			fresh, err := noteAfter(tx, r.ID, after{What: afterStock, State: state, Detail: string(detail)})
			if err == nil && !fresh {
				err = fmt.Errorf("bot: the goods of refund %s are put back elsewhere already", r.ID)
			}
			if err != nil {
				return err
			}
		} else {
			n, err := tx.Exec(`UPDATE refund_after SET state = ?, detail = ?, at = ? WHERE refund = ? AND what = ? AND detail = ?`,
				state, string(detail), tx.Now(), r.ID, afterStock, string(old))
			if err == nil && n == 0 {
				err = fmt.Errorf("bot: the goods of refund %s are put back elsewhere meanwhile", r.ID)
			}
			if err != nil {
				return err
			}
		}
		for i, g := range now {
			if g.State == "" || before != nil && before[i].State == g.State {
				continue
			}
			if err := d.Audit.Append(tx, string(people.Desk), "refund.stock_"+g.State, "refund:"+r.ID, map[string]any{
				"key": r.Key, "sku": g.SKU, "quantity": g.N, "was": g.Was, "target": g.Target, "why": g.Why}); err != nil {
				return err
			}
		}
		return d.Repaint(tx, "refund:"+r.ID)
	})
}

// sayStock is what became of a refund's goods, in words.
func sayStock(p *i18n.Printer, detail string) string {
	var all []goodsBack
	if err := json.Unmarshal([]byte(detail), &all); err != nil {
		return detail
	}
	text := ""
	for i, g := range all {
		if i > 0 {
			text += "\n"
		}
		if i == restockLines {
			return text + p.T("after.stock.more", "n", len(all)-i)
		}
		switch g.State {
		case stockDone:
			text += p.T("after.stock.done", "sku", g.SKU, "n", g.N, "was", g.Was, "now", g.Target)
		case stockByHand:
			text += p.T("after.stock.by_hand", "sku", cmp.Or(g.SKU, "?"), "n", g.N, "why", p.T(i18n.Key("after.stock_why."+g.Why)))
		case stockFailed:
			text += p.T("after.stock.failed", "sku", g.SKU, "n", g.N, "why", whyText(p, g.Why))
		default:
			text += p.T("after.stock.open", "sku", g.SKU, "n", g.N)
		}
	}
	return text
}
