package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

var term = regexp.MustCompile(`(?:(-?\w+):\s*(<=|>=|<|>)?\s*)?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\S+)`)

// sought is a search for orders: what is to be gone through, and what must hold
// of each.
type sought struct {
	view  view
	only  []*order // instead of the view, where the search names its orders
	named bool
	tests []func(*order) bool
}

func (q sought) fits(o *order) bool {
	return !slices.ContainsFunc(q.tests, func(t func(*order) bool) bool { return !t(o) })
}

// search reads Shopify's search syntax: terms that must all hold. A term it
// cannot read is left out of the search with a warning, as Shopify does.
// byChange says by which time the outcome is sorted.
func (x *exec) search(q string, byChange bool) sought {
	out := sought{view: x.s.between(byChange, time.Time{}, time.Time{})}
	if !x.s.auth.has("read_all_orders") {
		out.tests = append(out.tests, x.visible)
	}
	test := func(f func(*order) bool) { out.tests = append(out.tests, f) }
	only := func(o *order) {
		out.named = true
		if out.only = nil; o != nil {
			out.only = []*order{o}
		}
	}
	for _, t := range terms(q) {
		value := t.value
		switch t.field {
		case "":
			if value == "AND" || value == "*" {
				continue
			}
			if o := x.s.find(value); o != nil {
				only(o)
				continue
			}
			test(func(o *order) bool {
				return strings.EqualFold(value, o.buyer.email) || strings.Contains(strings.ToLower(o.buyer.name), strings.ToLower(value))
			})
		case "name":
			only(x.s.find(value))
			test(func(o *order) bool { return strings.TrimPrefix(value, "#") == o.number })
		case "id":
			if t.op == "" {
				only(x.s.order(value))
			}
			test(func(o *order) bool { return t.compare(strings.Compare(o.id, value)) })
		case "email":
			if b := x.s.buyerByMail(value); b != nil {
				out.named, out.only = true, x.s.ordersOf(b)
			}
			test(func(o *order) bool { return strings.EqualFold(value, o.buyer.email) })
		case "status":
			switch value {
			case "any":
			case "open", "not_closed":
				test(func(o *order) bool { return o.status != cancelled })
			default:
				test(func(o *order) bool { return value == "cancelled" && o.status == cancelled })
			}
		case "financial_status":
			test(func(o *order) bool { return strings.EqualFold(value, financial(o)) })
		case "fulfillment_status":
			test(func(o *order) bool { return strings.EqualFold(value, fulfilmentState(o)) })
		case "return_status":
			test(func(o *order) bool { return strings.EqualFold(value, x.orderReturns(o)) })
		case "updated_at", "created_at", "processed_at":
			at, err := searchTime(value, t.quoted)
			if err != nil {
				x.warnSearch(q, t.field, value)
				continue
			}
			if (t.field == "updated_at") == byChange {
				out.view = out.view.within(t.op, at)
				continue
			}
			test(func(o *order) bool {
				when := o.created
				if t.field == "updated_at" {
					when = o.updated
				}
				return t.compare(when.Truncate(time.Second).Compare(at))
			})
		default:
			x.warnSearch(q, t.field, value)
		}
	}
	if out.named && out.view.len() < x.s.count() { // the bounds hold of those, too
		lo, hi := out.view.lo, out.view.hi
		test(func(o *order) bool {
			at := o.created
			if byChange {
				at = o.updated
			}
			n := x.s.rank(byChange, at, o.ord)
			return n >= lo && n < hi
		})
	}
	return out
}

// within is what of a view lies on one side of a time, whose seconds count as
// one moment.
func (v view) within(op string, at time.Time) view {
	next := v.s.rank(v.byChange, at.Truncate(time.Second).Add(time.Second), -1)
	first := v.s.rank(v.byChange, at, -1)
	switch op {
	case ">":
		v.lo = max(v.lo, next)
	case ">=":
		v.lo = max(v.lo, first)
	case "<":
		v.hi = min(v.hi, first)
	case "<=":
		v.hi = min(v.hi, next)
	default:
		v.lo, v.hi = max(v.lo, first), min(v.hi, next)
	}
	return v
}

// list is everything that was found.
func (q sought) list() []*order {
	var found []*order
	if q.named {
		for _, o := range q.only {
			if q.fits(o) {
				found = append(found, o)
			}
		}
		return found
	}
	for i := range q.view.len() {
		if o := q.view.at(i); q.fits(o) {
			found = append(found, o)
		}
	}
	return found
}

// count is how many were found.
func (q sought) count() int {
	if !q.named && len(q.tests) == 0 {
		return q.view.len()
	}
	return len(q.list())
}

func (x *exec) warnSearch(q, field, value string) {
	x.warn = append(x.warn, m{"path": []string{"orders"}, "query": q, "warnings": []m{{"field": field, "message": "Input `" + value + "` is not a value that this field can be searched by.", "code": "invalid_value"}}})
}

// searchTime reads a time. One with a clock in it has to stand in quotes, since
// its colons would end the term otherwise.
func searchTime(v string, quoted bool) (time.Time, error) {
	if t, err := time.Parse("2006-01-02", v); err == nil {
		return t, nil
	}
	if !quoted {
		return time.Time{}, fmt.Errorf("a time without quotes: %q", v)
	}
	return time.Parse(time.RFC3339, v)
}
