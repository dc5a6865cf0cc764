package bot

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"helloworld/bot/chat"
	"helloworld/connectors"
	"helloworld/i18n"
)

// LinePick is an order's line by its number, from 1, and how many of it; 0 is
// all that are left.
type LinePick struct{ N, Quantity int }

// RefundParts is what somebody wants given back, in an order's own words. With
// nothing said it is all that is left.
type RefundParts struct {
	Lines []LinePick
	// Shipping and Tax: what is left of it.
	Shipping, Tax bool
	// Restock: the goods of the lines go back into stock.
	Restock bool
	// Amount is what was said to be given back; empty where the parts tell.
	Amount connectors.Money
}

// comesTo fills in what the parts come to, and tells the amount.
func (a *RefundAsk) comesTo(q connectors.Quote) (connectors.Money, error) {
	if p := a.Parts; p.Shipping || p.Tax || p.Restock || len(p.Lines) > 0 {
		if err := a.Reckon(q, p); err != nil {
			return connectors.Money{}, err
		}
	}
	return checkAmount(*a, q)
}

// Reckon fills in what the parts come to, by what a quote says is left.
func (a *RefundAsk) Reckon(q connectors.Quote, p RefundParts) error {
	a.Lines, a.Shipping, a.Tax, a.Amount = nil, connectors.Money{}, connectors.Money{}, p.Amount
	whole := p.Restock && len(p.Lines) == 0 && !p.Shipping && !p.Tax && (p.Amount.IsZero() || p.Amount == q.Remaining)
	if whole {
		// Goods can be put back into stock by their lines only.
		for i, l := range q.Lines {
			if l.Quantity > 0 && l.Remaining.Minor > 0 {
				p.Lines = append(p.Lines, LinePick{N: i + 1})
			}
		}
	}
	if p.Restock && len(p.Lines) == 0 {
		return i18n.NewProblem(nil, "refund.restock_lines")
	}
	sum := connectors.Money{Currency: q.Remaining.Currency}
	for _, l := range p.Lines {
		x, err := reckonLine(q, l)
		if err != nil {
			return err
		}
		x.Restock = p.Restock
		a.Lines, sum = append(a.Lines, x), sum.Add(x.Amount)
	}
	if p.Shipping {
		if a.Shipping = q.Shipping; q.Shipping.Minor <= 0 {
			return i18n.NewProblem(nil, "refund.no_shipping", "order", a.Order.Ref())
		}
	}
	if p.Tax {
		// What the lines hold of it is in them already.
		if a.Tax = q.Tax; q.Tax.Minor <= 0 || len(p.Lines) > 0 {
			return i18n.NewProblem(nil, "refund.no_tax", "order", a.Order.Ref())
		}
	}
	if one := p.Shipping != p.Tax && len(p.Lines) == 0; one && p.Amount.Minor > 0 && p.Amount.Currency == sum.Currency {
		// Part of one thing: "shipping 5.00".
		if p.Shipping && p.Amount.Minor < a.Shipping.Minor {
			a.Shipping = p.Amount
		} else if p.Tax && p.Amount.Minor < a.Tax.Minor {
			a.Tax = p.Amount
		}
	}
	if whole {
		// The rest is its shipping, and then tax that no line holds.
		rest := max(0, q.Remaining.Minor-sum.Minor)
		if part := min(rest, q.Shipping.Minor); part > 0 {
			a.Shipping = connectors.Money{Minor: part, Currency: sum.Currency}
			rest -= part
		}
		if part := min(rest, q.Tax.Minor); part > 0 {
			a.Tax = connectors.Money{Minor: part, Currency: sum.Currency}
		}
	}
	if sum = sum.Add(a.Shipping).Add(a.Tax); sum.Minor > 0 && a.Amount.IsZero() {
		a.Amount = sum
	}
	return nil
}

// reckonLine is a line's share of what is left of it; whoever takes the last of
// it takes the rest, so that the parts add up.
func reckonLine(q connectors.Quote, p LinePick) (connectors.RefundLine, error) {
	if p.N < 1 || p.N > len(q.Lines) {
		return connectors.RefundLine{}, i18n.NewProblem(nil, "refund.no_line", "line", p.N, "n", len(q.Lines))
	}
	l := q.Lines[p.N-1]
	n := p.Quantity
	if n == 0 {
		n = l.Quantity
	}
	switch {
	case l.Quantity <= 0 || l.Remaining.Minor <= 0:
		return connectors.RefundLine{}, i18n.NewProblem(nil, "refund.line_done", "line", p.N, "title", l.Line.Title)
	case n > l.Quantity:
		return connectors.RefundLine{}, i18n.NewProblem(nil, "refund.line_left", "line", p.N, "title", l.Line.Title, "want", n, "left", l.Quantity)
	}
	share := new(big.Int).Mul(big.NewInt(l.Remaining.Minor), big.NewInt(int64(n)))
	share.Quo(share, big.NewInt(int64(l.Quantity)))
	out := connectors.RefundLine{Line: l.Line.ID, Quantity: n, Amount: connectors.Money{Minor: share.Int64(), Currency: l.Remaining.Currency}}
	if gone := l.Line.Price.Minor + l.Line.Tax.Minor - l.Remaining.Minor; gone > 0 {
		out.Before = connectors.Money{Minor: gone, Currency: l.Remaining.Currency}
	}
	if out.Amount.Minor <= 0 {
		return out, i18n.NewProblem(nil, "refund.line_nothing", "line", p.N, "title", l.Line.Title, "left", l.Remaining.String())
	}
	return out, nil
}

// checkParts says what is wrong with the lines, the shipping and the tax of an ask.
func checkParts(a RefundAsk, amount connectors.Money, q connectors.Quote) error {
	if len(a.Lines) == 0 && a.Shipping.IsZero() && a.Tax.IsZero() {
		return nil
	}
	sum := connectors.Money{Currency: amount.Currency}
	taken := map[string]int{}
	money := map[string]int64{}
	for _, l := range a.Lines {
		i := slices.IndexFunc(q.Lines, func(x connectors.QuoteLine) bool { return x.Line.ID == l.Line })
		if i < 0 {
			return i18n.NewProblem(nil, "refund.line_gone", "order", a.Order.Ref())
		}
		left := q.Lines[i]
		taken[l.Line] += l.Quantity
		money[l.Line] += l.Amount.Minor
		if l.Quantity < 1 || taken[l.Line] > left.Quantity {
			return i18n.NewProblem(nil, "refund.line_left", "line", i+1, "title", left.Line.Title, "want", taken[l.Line], "left", left.Quantity)
		}
		if l.Amount.Minor <= 0 || money[l.Line] > left.Remaining.Minor {
			return i18n.NewProblem(nil, "refund.line_money", "line", i+1, "title", left.Line.Title, "amount", l.Amount.String(), "left", left.Remaining.String())
		}
		sum = sum.Add(l.Amount)
	}
	switch sum = sum.Add(a.Shipping).Add(a.Tax); {
	case a.Shipping.Minor < 0 || a.Shipping.Minor > q.Shipping.Minor:
		return i18n.NewProblem(nil, "refund.shipping_left", "amount", a.Shipping.String(), "left", q.Shipping.String())
	case a.Tax.Minor < 0 || a.Tax.Minor > q.Tax.Minor:
		return i18n.NewProblem(nil, "refund.tax_left", "amount", a.Tax.String(), "left", q.Tax.String())
	case sum != amount:
		return i18n.NewProblem(nil, "refund.parts_differ", "amount", amount.String(), "sum", sum.String())
	}
	return nil
}

// checkMethod says why an ask cannot be given back the way it wants.
func (d *Desk) checkMethod(ctx context.Context, a RefundAsk) error {
	switch a.Method {
	case "":
		return nil
	case connectors.StoreCredit:
		ok, why, err := d.CreditFor(ctx, a.Order)
		if err != nil || ok {
			return err
		}
		return i18n.NewProblem(nil, i18n.Key(why), "store", a.Order.Store.Name)
	}
	return fmt.Errorf("bot: refund method %q is not known", a.Method)
}

// CreditFor tells whether an order's buyer can be given credit instead of money,
// and if not, why (a catalogue key).
func (d *Desk) CreditFor(ctx context.Context, o OrderAt) (ok bool, why string, err error) {
	shop, can := o.Store.Shop.(connectors.Crediter)
	if !can {
		return false, "can.no_credit", nil
	}
	ok, why, err = shop.Credits(connectors.WithPriority(ctx, connectors.Agent), o.Order.ID)
	if err != nil {
		return false, "", ShopProblem(o.Store, err, "order", o.Order.ID)
	}
	return ok, why, nil
}

// ownParts holds a quote's lines, shipping and tax to what this desk has not
// given back of them yet: not every platform tells what a refund was for, and
// none at once.
func ownParts(q *connectors.Quote, own []Payback) {
	var shipping, tax int64
	units, money := map[string]int{}, map[string]int64{}
	for _, r := range own {
		cmd := r.Body.Cmd
		shipping, tax = shipping+cmd.Shipping.Minor, tax+cmd.Tax.Minor
		for _, l := range cmd.Lines {
			units[l.Line] += l.Quantity
			money[l.Line] += l.Amount.Minor
		}
	}
	least := func(m *connectors.Money, most int64) { m.Minor = max(0, min(m.Minor, most, q.Remaining.Minor)) }
	least(&q.Shipping, q.Order.Shipping.Minor-shipping)
	least(&q.Tax, q.Order.Tax.Minor-tax)
	for i := range q.Lines {
		l := &q.Lines[i]
		least(&l.Remaining, l.Line.Price.Minor+l.Line.Tax.Minor-money[l.Line.ID])
		l.Quantity = max(0, min(l.Quantity, l.Line.Quantity-units[l.Line.ID]))
	}
}

// refundWhat are the rows of a card that say what a refund is for.
func refundWhat(r Payback, p *i18n.Printer) []chat.Field {
	cmd := r.Body.Cmd
	var parts []string
	for _, l := range cmd.Lines {
		name, n := l.Line, 0
		if i := slices.Index(r.Body.LineIDs, l.Line); i >= 0 && i < len(r.Body.Titles) {
			name, n = r.Body.Titles[i], i+1
		}
		parts = append(parts, p.T("ask.part.line", "line", n, "title", name, "quantity", l.Quantity, "amount", l.Amount.String()))
	}
	if cmd.Shipping.Minor > 0 {
		parts = append(parts, p.T("ask.part.shipping", "amount", cmd.Shipping.String()))
	}
	if cmd.Tax.Minor > 0 {
		parts = append(parts, p.T("ask.part.tax", "amount", cmd.Tax.String()))
	}
	var out []chat.Field
	if len(parts) > 0 {
		out = append(out, chat.Field{Label: p.T("field.refund_for"), Value: strings.Join(parts, p.T("common.comma"))})
	}
	if cmd.Goods != "" {
		out = append(out, chat.Field{Label: p.T("field.goods"), Value: p.T(i18n.Key("ask.goods." + string(cmd.Goods)))})
	}
	if slices.ContainsFunc(cmd.Lines, func(l connectors.RefundLine) bool { return l.Restock }) {
		out = append(out, chat.Field{Label: p.T("field.restock"), Value: p.T("ask.restock.yes")})
	}
	if cmd.Method == connectors.StoreCredit {
		out = append(out, chat.Field{Label: p.T("field.method"), Value: p.T("ask.method.store_credit")})
	}
	return out
}
