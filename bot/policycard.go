package bot

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/policy"
	"helloworld/bot/rates"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// PolicyNow is the policy as it stands for a person.
type PolicyNow struct {
	Rules policy.Rules
	// Votes is how many approvals it takes where there are no rules.
	Votes int
	// Open: refunds may be asked for now; Next is when, if not.
	Open bool
	Next time.Time
	// Mine is what the person asked for today, and Stores what was asked for of the
	// stores they see; only where there are limits.
	Mine   Spent
	Stores map[string]Spent
	// Source and Day are of the rates; empty where there are none. Old: they are too
	// old to be used.
	Source, Day string
	Old         bool
}

// PolicyNow tells the policy and what of its limits is left for a person today.
func (d *Desk) PolicyNow(ctx context.Context, who people.Person) (PolicyNow, error) {
	now := d.Now()
	v := PolicyNow{Rules: d.Policy.Rules, Votes: d.Policy.Votes, Open: d.policyOpen(now) == nil, Next: d.Policy.Rules.Hours.Next(now.In(d.Zone)), Stores: map[string]Spent{}}
	return v, d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if v.Rules.PersonDay.Currency != "" {
			if v.Mine, err = d.spent(tx, who.ID, "", now); err != nil {
				return err
			}
		}
		if v.Rules.StoreDay.Currency != "" {
			for _, s := range d.Shops(who) {
				if v.Stores[s.ID], err = d.spent(tx, "", s.ID, now); err != nil {
					return err
				}
			}
		}
		v.Source, v.Day, v.Old, err = d.Rates.Standing(tx)
		if errors.Is(err, rates.ErrNone) {
			err = nil
		}
		return err
	})
}

// PolicyFor tells what the policy would say of a refund that nobody has asked for.
func (d *Desk) PolicyFor(ctx context.Context, who people.Person, a RefundAsk) (Ruling, connectors.Money, error) {
	q, err := d.QuoteFor(ctx, a.Order.Store, a.Order.Order.ID)
	if err != nil {
		return Ruling{}, connectors.Money{}, err
	}
	amount, err := a.comesTo(q)
	if err != nil {
		return Ruling{}, amount, err
	}
	cmd := connectors.Refund{Order: q.Order.ID, Amount: amount, Reason: a.Reason, Before: q.Order.Refunded, Hidden: q.Hidden,
		Lines: a.Lines, Shipping: a.Shipping, Tax: a.Tax, Method: a.Method, Goods: a.Goods}
	found, err := d.preflight(ctx, a.Order.Store, q, cmd)
	if err != nil {
		return Ruling{}, amount, err
	}
	r, err := d.rule(ctx, who, a.Order.Store.ID, cmd, found)
	return r, amount, err
}

// PolicyCard shows the policy, and what of its limits is left for a person.
func (d *Desk) PolicyCard(v PolicyNow, p *i18n.Printer) chat.Card {
	c := chat.Card{Lang: p.Lang().String(), Title: p.T("policy.title")}
	hours := p.T("policy.always")
	if len(v.Rules.Hours) > 0 {
		var spans []string
		for _, s := range v.Rules.Hours {
			spans = append(spans, s.Text)
		}
		hours = strings.Join(spans, p.T("common.comma"))
		if !v.Open {
			hours += " · " + p.T("policy.opens", "when", stamp(v.Next, d.Zone))
		}
	}
	fields := []chat.Field{{Label: p.T("policy.field.hours"), Value: hours}}
	if most := v.Rules.PersonDay; most.Currency != "" {
		fields = append(fields, chat.Field{Label: p.T("policy.field.mine"), Value: leftOf(p, v.Mine.Person, most, v.Mine.Unrated)})
	}
	if most := v.Rules.StoreDay; most.Currency != "" {
		for _, s := range d.shelf.all() {
			if had, ok := v.Stores[s.ID]; ok {
				fields = append(fields, chat.Field{Label: s.Name, Value: leftOf(p, had.Store, most, had.Unrated)})
			}
		}
	}
	if above := v.Rules.StepUpAbove; above.Currency != "" {
		fields = append(fields, chat.Field{Label: p.T("policy.field.proof"), Value: p.T("policy.proof_above", "amount", above.String())})
	}
	if v.Rules.Home != "" {
		rate := p.T("policy.rates_none")
		switch {
		case v.Old:
			rate = p.T("policy.rates_old", "source", sourceName(p, v.Source), "date", v.Day)
		case v.Source != "":
			rate = p.T("policy.rates", "source", sourceName(p, v.Source), "date", v.Day, "currency", v.Rules.Home)
		}
		fields = append(fields, chat.Field{Label: p.T("policy.field.rates"), Value: rate})
	}
	c.Parts = []chat.Part{{Kind: chat.Fields, Fields: fields}}
	if !v.Rules.On() {
		return withText(c, p.T("policy.without", "n", v.Votes))
	}
	var lines []string
	for i, x := range v.Rules.List {
		lines = append(lines, p.T("policy.line", "n", strconv.Itoa(i+1), "rule", x.Name, "text", d.ruleText(p, x)))
	}
	c = withText(c, strings.Join(lines, "\n"))
	c.Foot = p.T("policy.foot")
	return c
}

// RulingOf shows by which rule a refund that was asked for is approved.
func (d *Desk) RulingOf(ctx context.Context, r Payback, p *i18n.Printer) (chat.Card, error) {
	var rule Ruling
	var sum connectors.Money
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		rule, sum, err = ruledBy(tx, r)
		return err
	})
	if err != nil {
		return chat.Card{}, err
	}
	c := d.RulingCard(p.T("policy.title_of", "id", r.ID, "order", r.Ref()), r.Body.Cmd.Amount, rule, p)
	if sum.Currency != "" {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("policy.together", "chunk", r.Body.Batch, "sum", sum.String())})
	}
	return c, nil
}

// RulingCard shows which rule holds for a refund and why the ones before do not.
func (d *Desk) RulingCard(title string, amount connectors.Money, r Ruling, p *i18n.Printer) chat.Card {
	c := chat.Card{Lang: p.Lang().String(), Title: title}
	fields := append([]chat.Field{{Label: p.T("field.amount"), Value: amount.String()}}, rulingFields(p, r)...)
	needs := d.needs(p, r.Votes, r.Voters, r.StepUp)
	if err := r.forbids(); err != nil {
		if x, ok := i18n.AsProblem(err); ok {
			c.Tone, needs = chat.Warning, x.Say(p)
		}
	}
	c.Parts = []chat.Part{{Kind: chat.Fields, Fields: append(fields, chat.Field{Label: p.T("policy.field.needs"), Value: needs})}}
	var lines []string
	for _, x := range r.Passed {
		lines = append(lines, p.T("policy.passed", "rule", x.Rule, "why", p.T(i18n.Key("policy.not."+string(x.Why)))))
	}
	if x, ok := d.Policy.Rules.Find(r.Rule); ok {
		lines = append(lines, p.T("policy.applies", "rule", r.Rule, "what", d.fits(p, x)))
	}
	if r.Rule == "" && r.Votes > 0 {
		lines = append(lines, p.T("policy.no_rules_then"))
	}
	return withText(c, strings.Join(lines, "\n"))
}

func withText(c chat.Card, text string) chat.Card {
	if text != "" {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: text})
	}
	return c
}

// leftOf is what is left of a day's limit, in words.
func leftOf(p *i18n.Printer, had, most connectors.Money, unrated bool) string {
	if unrated {
		return p.T("policy.left_unrated", "cap", most.String())
	}
	left := most.Sub(had)
	if left.Minor < 0 {
		left.Minor = 0
	}
	return p.T("policy.left", "left", left.String(), "cap", most.String())
}

// ruleText is a rule in words: what it is for, and what it takes.
func (d *Desk) ruleText(p *i18n.Printer, x policy.Rule) string {
	takes := d.needs(p, x.Votes, x.Approvers, x.StepUp)
	switch {
	case x.Refuse != "":
		takes = p.T("policy.takes_refused", "why", x.Refuse)
	case len(x.Approvers) == 0:
		takes = p.T("policy.takes_nobody")
	}
	return d.fits(p, x) + " → " + takes
}

// fits is what a rule is for, in words.
func (d *Desk) fits(p *i18n.Printer, x policy.Rule) string {
	var what []string
	if x.UpTo.Currency != "" {
		what = append(what, p.T("policy.up_to", "amount", x.UpTo.String()))
	}
	list := func(key i18n.Key, of []string, name func(string) string) {
		if len(of) == 0 || of[0] == policy.Any {
			return
		}
		names := make([]string, len(of))
		for i, s := range of {
			names[i] = name(s)
		}
		what = append(what, p.T(key, "list", strings.Join(names, p.T("common.comma"))))
	}
	list("policy.of_stores", x.Stores, func(s string) string { return d.storeOr(s).Name })
	list("policy.of_roles", x.Roles, func(s string) string { return p.T(i18n.Key("role." + s)) })
	list("policy.of_reasons", x.Reasons, func(s string) string { return p.T(i18n.Key("reason." + s)) })
	list("policy.of_methods", x.Methods, func(s string) string { return p.T(i18n.Key("policy.method." + s)) })
	if x.Risk != "" {
		what = append(what, p.T(i18n.Key("policy.risk."+x.Risk)))
	}
	if len(what) == 0 {
		return p.T("policy.any")
	}
	return strings.Join(what, " · ")
}

// needs is what it takes to approve, in words.
func (d *Desk) needs(p *i18n.Printer, votes int, voters []string, proof bool) string {
	var who []string
	for _, v := range voters {
		if id, ok := strings.CutPrefix(v, policy.PersonPrefix); ok {
			who = append(who, d.People.Name(people.ID(id)))
			continue
		}
		who = append(who, p.T(i18n.Key("role."+v)))
	}
	text := p.T("policy.takes", "n", votes, "who", strings.Join(who, p.T("common.comma")))
	if proof {
		text += " · " + p.T("policy.takes_proof")
	}
	return text
}
