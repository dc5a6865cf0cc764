package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"helloworld/bot/policy"
	"helloworld/bot/rates"
	"helloworld/connectors"
)

// RefundRules are the rules about refunds, as the desk takes them. What does not
// read was told when the file was read.
func (c Config) RefundRules() policy.Rules {
	sum := func(text string) connectors.Money {
		if text == "" {
			return connectors.Money{}
		}
		m, err := connectors.ParseMoney(text, c.Policy.Home)
		if err != nil {
			return connectors.Money{Currency: c.Policy.Home} // nothing at all: it fails closed
		}
		return m
	}
	r := policy.Rules{Home: c.Policy.Home, StepUpAbove: sum(c.Policy.StepUpAbove), PersonDay: sum(c.Policy.PersonDay), StoreDay: sum(c.Policy.StoreDay)}
	for _, text := range c.Policy.Hours {
		if s, err := policy.ParseSpan(text); err == nil {
			r.Hours = append(r.Hours, s)
		}
	}
	for _, x := range c.Rules {
		r.List = append(r.List, policy.Rule{Name: x.Name, UpTo: sum(x.UpTo), Stores: x.Stores, Roles: x.Roles, Reasons: x.Reasons, Methods: x.Methods,
			Risk: x.Risk, Votes: x.Votes, Approvers: x.Approvers, StepUp: x.StepUp, Refuse: x.Refuse})
	}
	return r
}

// RateTable is the table of rates; empty where there is none.
func (c Config) RateTable() (rates.Sheet, error) {
	if len(c.Rates.Table) == 0 || c.Policy.Home == "" {
		return rates.Sheet{}, nil
	}
	return rates.NewTable(c.Policy.Home, c.Rates.Date, c.Rates.Table)
}

// Impossible tells what a refund cannot be: what no rule could name either, so that
// a case with it would be judged as something that it is not. Stores are looked at
// where the file has any; those of the chat are in none.
func (c Config) Impossible(x policy.Case, currency string) error {
	stores := make([]string, 0, len(c.Stores))
	for _, s := range c.Stores {
		stores = append(stores, s.ID)
	}
	words := func(field string) []string { return strings.Split(tagOf[Rule](field, "enum"), ",") }
	for _, f := range []struct {
		key    string
		values []string
		known  []string
	}{{"store", []string{x.Store}, stores}, {"roles", x.Roles, words("Roles")}, {"reason", []string{x.Reason}, words("Reasons")}, {"method", []string{x.Method}, words("Methods")}} {
		for _, v := range f.values {
			if what := complaint(v, "", f.known); v != "" && what != "" && len(f.known) > 0 {
				return fmt.Errorf("%s: %s", f.key, what)
			}
		}
	}
	if what := complaint(currency, "currency", nil); what != "" {
		return fmt.Errorf("amount: %s", what)
	}
	return nil
}

// policy looks at what no single key of the rules can tell.
func (r *reader) policy(c Config, stores, people []string) {
	names := make([]string, 0, len(c.Rules))
	for i, x := range c.Rules {
		at := fmt.Sprintf("rule[%d]", i+1)
		names = append(names, x.Name)
		r.known(x.Stores, stores, at)
		r.sum(c.Policy.Home, x.UpTo, at+".up_to")
		if r.lines[at+".approvers"] == 0 && x.Refuse == "" {
			r.problem(r.lines[at], at+".approvers", "is missing; expected for example approvers = [%q], and [] if nobody may", "manager")
		}
		for _, a := range x.Approvers {
			if id, ok := strings.CutPrefix(a, policy.PersonPrefix); ok && !slices.Contains(people, id) {
				what := fmt.Sprintf("there is no [[person]] %s", show(id))
				if near := nearest(id, people); near != "" {
					what += fmt.Sprintf("; did you mean %q?", near)
				}
				r.problem(r.lines[at+".approvers"], at+".approvers", "%s", what)
			}
		}
	}
	r.once("rule", "name", names, false)
	for key, text := range map[string]string{"step_up_above": c.Policy.StepUpAbove, "person_day": c.Policy.PersonDay, "store_day": c.Policy.StoreDay} {
		r.sum(c.Policy.Home, text, "policy."+key)
	}
	// What was misspelt is not in the lists, and what it would mean is not known.
	if !slices.ContainsFunc(r.problems, func(p Problem) bool { return strings.HasPrefix(p.Key, "rule[") }) {
		r.never(c)
	}
	r.rates(c)
}

// sum complains about an amount that the home currency cannot hold.
func (r *reader) sum(home, text, at string) {
	if text == "" {
		return
	}
	if home == "" {
		r.problem(r.lines[at], at, "needs [policy] home, the currency it is in, for example home = %q", "CNY")
		return
	}
	if _, err := connectors.ParseMoney(text, home); err != nil {
		r.problem(r.lines[at], at, "%s is not an amount in %s, which has %d decimals", show(text), home, connectors.Exponent(home))
	}
}

// never complains about rules that can never hold or be satisfied.
func (r *reader) never(c Config) {
	list := c.RefundRules().List
	for i, x := range list {
		at := fmt.Sprintf("rule[%d]", i+1)
		if !x.Enough() && x.Refuse == "" {
			r.problem(r.lines[at+".approvers"], at+".approvers", "there are fewer people than its votes, so that nobody could ever decide")
		}
		for k, o := range list[:i] {
			if o.Covers(x) {
				r.problem(r.lines[at], at, "can never apply: rule[%d] in line %d takes everything first", k+1, r.lines[fmt.Sprintf("rule[%d]", k+1)])
				break
			}
		}
	}
}

// rates looks at the table of rates.
func (r *reader) rates(c Config) {
	if len(c.Rates.Table) == 0 {
		return
	}
	if c.Policy.Home == "" {
		r.problem(r.lines["rates.table"], "rates.table", "needs [policy] home, the currency it is in, for example home = %q", "CNY")
		return
	}
	if r.lines["rates.date"] == 0 {
		r.problem(r.lines["rates.table"], "rates.date", "is missing; expected the day the table is of, for example date = %q", "2026-11-20")
	}
	for _, currency := range slices.Sorted(maps.Keys(c.Rates.Table)) {
		at := "rates.table." + showKey(currency)
		if !isCurrency(currency) {
			r.problem(r.lines[at], at, "%s is not a currency (ISO 4217); expected for example %q", show(currency), "EUR")
			continue
		}
		if _, err := rates.NewTable(c.Policy.Home, "2026-01-01", map[string]string{currency: c.Rates.Table[currency]}); err != nil {
			r.problem(r.lines[at], at, "%s is not what 1 %s is worth in %s; expected for example %q", show(c.Rates.Table[currency]), currency, c.Policy.Home, "7.7312")
		}
	}
}
