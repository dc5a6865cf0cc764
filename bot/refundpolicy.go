package bot

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/policy"
	"helloworld/bot/rates"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// Ruling is what the policy says of one refund. It is frozen with the ask.
type Ruling struct {
	// Rule is the name of the rule that applied.
	Rule string `json:"rule,omitempty"`
	// Votes is how many approvals it takes, and Voters who may give one: roles, and
	// people as "person:ID". An empty list is nobody.
	Votes  int      `json:"votes"`
	Voters []string `json:"voters"`
	// StepUp: who approves proves once more who they are.
	StepUp bool `json:"step_up,omitempty"`
	// Home is the amount in the currency the policy reckons in, by Rate (what one
	// unit of From is worth) from Source of Date (a day); empty where no rate was
	// needed. It is rounded up; Near is what people are shown of it.
	Home   connectors.Money `json:"home,omitzero"`
	Near   connectors.Money `json:"near,omitzero"`
	From   string           `json:"from,omitempty"`
	Rate   string           `json:"rate,omitempty"`
	Source string           `json:"source,omitempty"`
	Date   string           `json:"date,omitempty"`
	// Unrated is why the worth in that currency is not known, so that the strictest
	// rule that could fit was taken: "none" or "old".
	Unrated string `json:"unrated,omitempty"`
	// Risk: the buyer's history raised the bar.
	Risk bool `json:"risk,omitempty"`
	// Sum: the rule is that for what all come to that are approved together.
	Sum bool `json:"sum,omitempty"`
	// Passed are the rules before the one that applied, and why each did not.
	Passed []policy.Pass `json:"passed,omitempty"`
	// Refuse is why the rule refuses; such a refund is never asked for.
	Refuse string `json:"refuse,omitempty"`
}

// shown is the worth as people are shown it. What was asked for before it was
// kept has only what limits were held against.
func (r Ruling) shown() connectors.Money {
	if r.Near.Currency == "" {
		return r.Home
	}
	return r.Near
}

// ruling asks the policy about a refund. What it forbids is a problem that says
// what to do instead.
func (d *Desk) ruling(ctx context.Context, who people.Person, s *Store, cmd connectors.Refund, found []Finding) (Ruling, error) {
	if err := d.policyOpen(d.Now()); err != nil {
		return Ruling{}, err
	}
	r, err := d.rule(ctx, who, s.ID, cmd, found)
	if err != nil {
		return r, err
	}
	return r, r.forbids()
}

// policyOpen tells whether refunds may be asked for and approved at a moment; the
// problem says when they may.
func (d *Desk) policyOpen(now time.Time) error {
	at := now.In(d.Zone)
	if h := d.Policy.Rules.Hours; !h.Open(at) {
		return i18n.NewProblem(nil, "policy.closed", "when", stamp(h.Next(at), d.Zone))
	}
	return nil
}

// forbids is why nobody may be asked for a refund, if so.
func (r Ruling) forbids() error {
	switch (policy.Verdict{Rule: r.Rule, Votes: r.Votes, Approvers: r.Voters, Refuse: r.Refuse}).Refused() {
	case policy.ByRule:
		return i18n.NewProblem(nil, "policy.refused", "rule", r.Rule, "why", r.Refuse)
	case policy.NoRule:
		return i18n.NewProblem(nil, "policy.no_rule")
	case policy.Nobody:
		return i18n.NewProblem(nil, "policy.nobody", "rule", r.Rule)
	}
	return nil
}

// rule finds the rule that holds, whatever it says.
func (d *Desk) rule(ctx context.Context, who people.Person, storeID string, cmd connectors.Refund, found []Finding) (Ruling, error) {
	var r Ruling
	p := d.Policy.Rules
	c := caseOf(who, storeID, cmd, found)
	if p.Home != "" {
		var err error
		if c.Home, err = d.worth(ctx, cmd.Amount, &r); err != nil {
			return r, err
		}
	}
	if !p.On() {
		r.Votes, r.Voters = d.Policy.Votes, []string{string(people.Manager)}
		r.StepUp = p.Proof(c.Home)
		return r, nil
	}
	v := p.Judge(c)
	r.Rule, r.Votes, r.Voters, r.StepUp, r.Refuse, r.Passed = v.Rule, v.Votes, v.Approvers, v.StepUp, v.Refuse, v.Passed
	rule, _ := p.Find(v.Rule)
	r.Risk = c.Risk && rule.Risk == "yes"
	return r, nil
}

// caseOf is a refund as the rules see it, but for its worth.
func caseOf(who people.Person, storeID string, cmd connectors.Refund, found []Finding) policy.Case {
	c := policy.Case{Store: storeID, Reason: string(cmd.Reason), Method: string(cmd.Method),
		Risk: slices.ContainsFunc(found, func(f Finding) bool { return f.Risk })}
	for _, role := range who.Roles {
		c.Roles = append(c.Roles, string(role))
	}
	return c
}

// worth is an amount in the home currency, and notes in r by which rate; nothing,
// with the reason in r, if there is no rate.
func (d *Desk) worth(ctx context.Context, m connectors.Money, r *Ruling) (home connectors.Money, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		home, err = d.worthIn(tx, m, r)
		return err
	})
	return home, err
}

func (d *Desk) worthIn(tx *store.Tx, m connectors.Money, r *Ruling) (connectors.Money, error) {
	to := d.Policy.Rules.Home
	if m.Currency == to {
		return m, nil
	}
	rate, err := d.Rates.Rate(tx, m.Currency, to)
	switch {
	case errors.Is(err, rates.ErrOld):
		r.Unrated, r.From, r.Rate, r.Source, r.Date = "old", rate.From, rate.Text(), rate.Source, rate.Day
		return connectors.Money{}, nil
	case errors.Is(err, rates.ErrNone), errors.Is(err, rates.ErrSheet):
		r.Unrated = "none"
		return connectors.Money{}, nil
	case err != nil:
		return connectors.Money{}, err
	}
	home, err := rate.Of(m)
	if err == nil {
		r.Near, err = rate.Near(m)
	}
	if errors.Is(err, connectors.ErrMoney) {
		r.Unrated = "none" // beyond all amounts
		return connectors.Money{}, nil
	}
	r.Home, r.From, r.Rate, r.Source, r.Date = home, rate.From, rate.Text(), rate.Source, rate.Day
	return home, err
}

// today is the day of a moment by the desk's clock: from, and to but not with it.
func (d *Desk) today(now time.Time) (from, to time.Time) {
	t := now.In(d.Zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, d.Zone), time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, d.Zone)
}

// Spent is what was asked for today, in the home currency. What was denied, ran
// out, was rejected or failed is not in it.
type Spent struct {
	Person, Store connectors.Money
	// Unrated: some of it has no rate, so that the sums are not known.
	Unrated bool
}

// spent adds up a day's asks of a person and of a store. Read in the transaction
// that opens another, after its number is drawn: the number makes one wait for
// the other.
func (d *Desk) spent(tx *store.Tx, who people.ID, storeID string, now time.Time) (Spent, error) {
	home := d.Policy.Rules.Home
	out := Spent{Person: connectors.Money{Currency: home}, Store: connectors.Money{Currency: home}}
	from, _ := d.today(now)
	rows, err := tx.Query(`SELECT asked_by, store, body FROM refund WHERE created >= ? AND (asked_by = ? OR store = ?) AND state NOT IN (?, ?, ?, ?)`,
		from.UnixMilli(), string(who), storeID, string(RefundDenied), string(RefundExpired), string(RefundRejected), string(RefundFailed))
	if err != nil {
		return out, err
	}
	defer rows.Close()
	type ask struct {
		by, store string
		body      PaybackBody
	}
	var asks []ask
	for rows.Next() {
		var a ask
		var body string
		if err := rows.Scan(&a.by, &a.store, &body); err != nil {
			return out, err
		}
		if err := json.Unmarshal([]byte(body), &a.body); err != nil {
			return out, err
		}
		asks = append(asks, a)
	}
	if err := rows.Err(); err != nil {
		return out, err
	}
	for _, a := range asks {
		m := a.body.Ruling.Home
		if m.Currency != home {
			if m, err = d.worthIn(tx, a.body.Cmd.Amount, new(Ruling)); err != nil {
				return out, err
			}
		}
		mine, here := a.by == string(who), a.store == storeID
		if m.Currency == "" {
			out.Unrated = out.Unrated || mine && d.Policy.Rules.PersonDay.Currency != "" || here && d.Policy.Rules.StoreDay.Currency != ""
			continue
		}
		if mine {
			out.Person = out.Person.Add(m)
		}
		if here {
			out.Store = out.Store.Add(m)
		}
	}
	return out, nil
}

// underCaps says whether a refund is within what a person may ask for, and what
// may be asked for of a store, in a day. It belongs into the transaction that
// opens the ask, after its number is drawn.
func (d *Desk) underCaps(tx *store.Tx, who people.ID, s *Store, body PaybackBody) error {
	p := d.Policy.Rules
	if p.PersonDay.Currency == "" && p.StoreDay.Currency == "" {
		return nil
	}
	now := time.UnixMilli(tx.Now())
	m := body.Ruling.Home
	if body.Cmd.Amount.Currency == p.Home {
		m = body.Cmd.Amount
	}
	had, err := d.spent(tx, who, s.ID, now)
	if err != nil {
		return err
	}
	if had.Unrated {
		m = connectors.Money{}
	}
	_, next := d.today(now)
	switch p.Over(had.Person, had.Store, m) {
	case policy.Unrated:
		return i18n.NewProblem(nil, "policy.cap_unrated", "amount", body.Cmd.Amount.String(), "home", p.Home)
	case policy.OverPerson:
		return i18n.NewProblem(nil, "policy.cap_person", "amount", m.String(), "cap", p.PersonDay.String(), "spent", had.Person.String(),
			"when", stamp(next, d.Zone))
	case policy.OverStore:
		return i18n.NewProblem(nil, "policy.cap_store", "store", s.Name, "amount", m.String(), "cap", p.StoreDay.String(),
			"spent", had.Store.String(), "when", stamp(next, d.Zone))
	}
	return nil
}

// rulingFields is what a card shows of a ruling: which rule applied, and what the
// amount is worth in the currency that the policy reckons in.
func rulingFields(p *i18n.Printer, r Ruling) []chat.Field {
	var out []chat.Field
	if r.Rule != "" {
		name := r.Rule
		switch {
		case r.Sum:
			name = p.T("policy.rule_sum", "rule", r.Rule)
		case r.Risk:
			name = p.T("policy.rule_risk", "rule", r.Rule)
		}
		out = append(out, chat.Field{Label: p.T("policy.field.rule"), Value: name})
	}
	switch {
	case r.Unrated == "old":
		out = append(out, chat.Field{Label: p.T("policy.field.home"), Value: p.T("policy.rate_old", "source", sourceName(p, r.Source), "date", r.Date)})
	case r.Unrated != "":
		out = append(out, chat.Field{Label: p.T("policy.field.home"), Value: p.T("policy.rate_none")})
	case r.Rate != "":
		out = append(out, chat.Field{Label: p.T("policy.field.home"), Value: p.T("policy.home", "home", r.shown().String(), "from", r.From, "rate", r.Rate,
			"currency", r.Home.Currency, "source", sourceName(p, r.Source), "date", r.Date)})
	}
	return out
}

// sourceName is where a rate comes from, in words.
func sourceName(p *i18n.Printer, source string) string {
	if source == rates.Table {
		return p.T("policy.source_table")
	}
	return source
}

// RatesArgs is the round that looks for new exchange rates.
type RatesArgs struct{}

// Kind names the job.
func (RatesArgs) Kind() string { return "rates" }

// ratesEvery is how often the desk asks itself whether new rates are due; the
// bank is asked once a day, and again only when that did not work.
const ratesEvery = 15 * time.Minute

// fetchRates looks for new rates. What cannot be used is logged, the old ones stay.
func (d *Desk) fetchRates(ctx context.Context, _ jobs.Job[RatesArgs]) error {
	if err := d.Rates.Look(ctx); err != nil && ctx.Err() == nil {
		d.Log.WarnContext(ctx, "there are no new exchange rates", "err", err)
	}
	return ctx.Err()
}
