package bot

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"helloworld/connectors"
	"helloworld/i18n"
)

// Finding is something to know before anybody is asked for a refund, with what to
// do about it.
type Finding struct {
	// Key is its sentence under preflight. in the catalogues.
	Key string `json:"key"`
	// Args are what the sentence names, by name.
	Args map[string]string `json:"args,omitempty"`
	// Block: nobody is asked while this is so.
	Block bool `json:"block,omitempty"`
	// Pass: whoever asks may ask all the same, and whoever decides is told.
	Pass bool `json:"pass,omitempty"`
	// Risk: it is a reason to look twice at the buyer.
	Risk bool `json:"risk,omitempty"`
}

// Say is the finding in words.
func (f Finding) Say(p *i18n.Printer) string { return p.T(f.key(), f.args()...) }

func (f Finding) key() i18n.Key { return i18n.Key("preflight." + f.Key) }

func (f Finding) args() []any {
	args := make([]any, 0, 2*len(f.Args))
	for k, v := range f.Args {
		args = append(args, k, v)
	}
	return args
}

// problem is a finding that blocks, as a sentence.
func (f Finding) problem() error { return i18n.NewProblem(nil, f.key(), f.args()...) }

// known is a finding to be shown; blocking one that stops.
func known(key string, args ...string) Finding {
	f := Finding{Key: key, Args: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		f.Args[args[i]] = args[i+1]
	}
	return f
}

func blocking(key string, args ...string) Finding {
	f := known(key, args...)
	f.Block = true
	return f
}

// Passable is a problem with which somebody may ask all the same.
type Passable struct{ *i18n.Problem }

// Unwrap gives the problem.
func (p *Passable) Unwrap() error { return p.Problem }

// barred is the first finding that blocks, as a problem; nil if none does. It is a
// *Passable only if nothing else blocks.
func barred(found []Finding) error {
	var pass error
	for _, f := range found {
		switch {
		case f.Block && !f.Pass:
			return f.problem()
		case f.Block && pass == nil:
			pass = &Passable{i18n.NewProblem(nil, f.key(), f.args()...)}
		}
	}
	return pass
}

// letPass turns what somebody asked past into something to be known.
func letPass(found []Finding, passed []string) []Finding {
	for i, f := range found {
		if f.Block && f.Pass && slices.Contains(passed, f.Key) {
			found[i].Block, found[i].Key = false, "passed_"+f.Key
		}
	}
	return found
}

// passable are the keys of what may be asked past.
func passable(found []Finding) (keys []string) {
	for _, f := range found {
		if f.Block && f.Pass {
			keys = append(keys, f.Key)
		}
	}
	return keys
}

const (
	// windowNear is how long before the last day of a refund it is told.
	windowNear = 7 * 24 * time.Hour
	// oldAfter is from what age of an order on its age is told: no platform says
	// that it refuses such a refund, but banks may.
	oldAfter = 120 * 24 * time.Hour
)

// preflight looks at everything that could speak against a refund, before
// anybody is asked. It reads, and changes nothing. What blocks comes first. A look
// that fails is a finding too: only the order itself has to be readable. passed
// are the keys of what it is asked past.
func (d *Desk) preflight(ctx context.Context, s *Store, q connectors.Quote, cmd connectors.Refund, passed ...string) ([]Finding, error) {
	ctx = connectors.WithPriority(ctx, connectors.Agent)
	out := letPass(d.standing(OrderAt{s, q.Order}.Ref(), q, cmd), passed)
	own, err := d.ownOf(ctx, s.ID, q.Order, cmd.Key)
	if err != nil {
		return nil, err
	}
	out = append(out, own.findings(OrderAt{s, q.Order}.Ref(), q.Order, d.Zone)...)
	if barred(out) == nil {
		// These cost calls; a refund that is stopped already does not need them.
		cases, err := d.openCases(ctx, s, q.Order)
		if err != nil {
			return nil, err
		}
		out = append(out, cases...)
		out = append(out, d.funds(ctx, s, cmd)...)
	}
	goods, err := d.replacements(ctx, s.ID, q.Order.ID)
	if err != nil {
		return nil, err
	}
	out = append(out, goods...)
	history, err := d.history(ctx, s.ID, q.Order)
	if err != nil {
		return nil, err
	}
	out = append(out, history...)
	slices.SortStableFunc(out, func(a, b Finding) int { return cmp.Compare(b.weight(), a.weight()) })
	return out, nil
}

func (f Finding) weight() int {
	switch {
	case f.Block:
		return 2
	case f.Risk:
		return 1
	}
	return 0
}

// standing is what the order itself says: its state, what the platform finds, and
// how old it is.
func (d *Desk) standing(ref string, q connectors.Quote, cmd connectors.Refund) []Finding {
	var out []Finding
	o := q.Order
	has := func(s connectors.Snag) bool { return slices.Contains(q.Findings, s) }
	switch {
	case o.Status == connectors.OrderCancelled || has(connectors.SnagCancelled):
		out = append(out, blocking("cancelled", "order", ref))
	case o.Status == connectors.OrderPending || has(connectors.SnagUnpaid):
		out = append(out, blocking("unpaid", "order", ref))
	case o.Status == connectors.OrderRefunded && q.Remaining.Minor > 0:
		out = append(out, blocking("refunded", "order", ref))
	case has(connectors.SnagShipFirst):
		out = append(out, blocking("ship_first", "order", ref))
	case o.Status == connectors.OrderPaid && cmd.Reason != connectors.ReasonCancelled:
		out = append(out, blocking("unshipped", "order", ref))
	case o.Status == connectors.OrderPartly:
		out = append(out, known("partly", "order", ref))
	case o.Status == connectors.OrderOther:
		out = append(out, known("state_other", "order", ref, "state", o.PlatformStatus))
	}
	if has(connectors.SnagArchived) {
		// Many shops archive what is sent and paid by themselves.
		f := blocking("archived", "order", ref)
		f.Pass = true
		out = append(out, f)
	}
	if has(connectors.SnagPending) {
		out = append(out, blocking("pending", "order", ref))
	}
	if cmd.Method != "" {
		return out // the payments are not asked
	}
	now := d.Now()
	switch age := now.Sub(o.Created); {
	case has(connectors.SnagPayment):
		out = append(out, blocking("payment", "order", ref))
	case !q.Until.IsZero() && now.After(q.Until):
		out = append(out, blocking("window", "order", ref, "until", day(q.Until, d.Zone)))
	case !q.Until.IsZero() && q.Until.Sub(now) < windowNear:
		out = append(out, known("window_near", "until", day(q.Until, d.Zone)))
	case q.Until.IsZero() && !o.Created.IsZero() && age > oldAfter:
		out = append(out, known("old", "days", strconv.Itoa(int(age.Hours()/24))))
	}
	return out
}

func day(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.DateOnly) }

// InTheWay tells at once what would only refuse a refund once it is asked for:
// another one on its way and, where cases is wanted, which costs calls, a return or
// claim beside which the platform takes none.
func (d *Desk) InTheWay(ctx context.Context, at OrderAt, cases bool) error {
	own, err := d.ownOf(ctx, at.Store.ID, at.Order, "")
	if err != nil {
		return err
	}
	found := own.findings(at.Ref(), at.Order, d.Zone)
	if cases && barred(found) == nil {
		open, err := d.openCases(connectors.WithPriority(ctx, connectors.Agent), at.Store, at.Order)
		if err != nil {
			return err
		}
		found = append(found, open...)
	}
	return barred(found)
}

// stillGood looks again before a deciding yes. The error is the sentence of what
// has come in the way since it was asked, and then nobody may approve it; the
// findings are what is to be known now.
func (d *Desk) stillGood(ctx context.Context, r Payback, q connectors.Quote) ([]Finding, error) {
	s, cmd := d.storeOr(r.Store), r.Body.Cmd
	a := RefundAsk{Order: OrderAt{s, q.Order}, Amount: cmd.Amount, Reason: cmd.Reason, Lines: cmd.Lines, Shipping: cmd.Shipping, Tax: cmd.Tax, Method: cmd.Method}
	found, err := d.preflight(ctx, s, q, cmd, r.Body.Passed...)
	if err != nil {
		return nil, err
	}
	if err := barred(found); err != nil {
		return found, err
	}
	amount, err := checkAmount(a, q)
	if err != nil {
		return found, err
	}
	return found, checkParts(a, amount, q)
}
