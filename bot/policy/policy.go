package policy

import (
	"cmp"
	"slices"
	"strings"

	"helloworld/connectors"
)

// Any in a list stands for everything, as an empty list does.
const Any = "*"

// Original is how the way is called that money goes back on by itself: the way
// it came.
const Original = "original"

// PersonPrefix begins an approver who is one person: "person:ben". Others are
// roles.
const PersonPrefix = "person:"

// Rules are a policy. The zero value has no rules: then nothing here decides.
type Rules struct {
	// Home is the currency in which amounts are compared.
	Home string
	List []Rule
	// StepUpAbove is the amount above which approving takes a further proof, by
	// whatever rule; without a currency there is none.
	StepUpAbove connectors.Money
	// PersonDay and StoreDay are what one person may ask for, and what may be asked
	// for of one store, in a day; without a currency there is no limit.
	PersonDay, StoreDay connectors.Money
	Hours               Hours
}

// Rule is one rule.
type Rule struct {
	Name string
	// UpTo is the largest amount it is for; without a currency it is for any.
	UpTo connectors.Money
	// Stores, Roles (of whoever asks), Reasons and Methods are what it is for; an
	// empty list is for all.
	Stores, Roles, Reasons, Methods []string
	// Risk: it is only for buyers whose history is a reason to look twice ("yes"),
	// or only for the others ("no"); empty is for all.
	Risk string
	// Votes is how many approvals it takes, and Approvers whose count: roles, and
	// people as "person:ID". An empty list is nobody.
	Votes     int
	Approvers []string
	// StepUp: whoever approves proves once more who they are.
	StepUp bool
	// Refuse, if it is not empty, is why such refunds are not asked for at all.
	Refuse string
}

// Case is a refund as the rules see it.
type Case struct {
	Store          string
	Roles          []string
	Reason, Method string
	Risk           bool
	// Home is the amount in the home currency; without a currency it is not known.
	Home connectors.Money
}

// Verdict is what the rules say of a case.
type Verdict struct {
	// Rule is the name of the rule that holds; empty when none does.
	Rule      string
	Votes     int
	Approvers []string
	StepUp    bool
	Refuse    string
	// Passed are the rules before it, and why each does not hold.
	Passed []Pass
}

// Refusal is why a refund is not even asked for.
type Refusal string

// The refusals. Those of a day's limits are OverPerson and OverStore, and Unrated
// where there is a limit and the amount's worth is not known.
const (
	Closed  Refusal = "hours"
	ByRule  Refusal = "rule"
	NoRule  Refusal = "no_rule"
	Nobody  Refusal = "nobody"
	Unrated Refusal = "unrated"
)

// Refused is why such a refund is not asked for, if so.
func (v Verdict) Refused() Refusal {
	switch {
	case v.Refuse != "":
		return ByRule
	case v.Rule == "" && v.Votes < 1:
		return NoRule
	case len(v.Approvers) == 0:
		return Nobody
	}
	return ""
}

// Pass is a rule that does not hold for a case.
type Pass struct {
	Rule string `json:"rule"`
	Why  Why    `json:"why"`
}

// Why is the condition that a case does not meet.
type Why string

// The conditions, in the order in which they are looked at. Milder is none: the
// amount is not known, and another rule that could fit is stricter.
const (
	WhyStore  Why = "store"
	WhyRole   Why = "role"
	WhyReason Why = "reason"
	WhyMethod Why = "method"
	WhyRisk   Why = "risk"
	WhyAmount Why = "amount"
	Milder    Why = "milder"
)

// On tells whether there are rules that decide.
func (r Rules) On() bool { return len(r.List) > 0 }

// Find is a rule by its name.
func (r Rules) Find(name string) (Rule, bool) {
	i := slices.IndexFunc(r.List, func(x Rule) bool { return x.Name == name })
	if i < 0 {
		return Rule{}, false
	}
	return r.List[i], true
}

// Judge finds the rule that holds for a case.
func (r Rules) Judge(c Case) Verdict {
	var v Verdict
	held, proof := -1, false
	known := c.Home.Currency != "" && c.Home.Currency == r.Home
	for i, x := range r.List {
		why := x.misses(c)
		if why == "" && known && x.UpTo.Currency != "" && c.Home.Minor > x.UpTo.Minor {
			why = WhyAmount
		}
		switch {
		case why != "":
			v.Passed = append(v.Passed, Pass{x.Name, why})
			continue
		case held < 0 || x.severity() >= r.List[held].severity():
			if held >= 0 {
				v.Passed = append(v.Passed, Pass{r.List[held].Name, Milder})
			}
			held = i
		default:
			v.Passed = append(v.Passed, Pass{x.Name, Milder})
		}
		proof = proof || x.StepUp
		if known || x.UpTo.Currency == "" {
			break // what stands below is for other amounts, or for none
		}
	}
	if held < 0 {
		return v
	}
	x := r.List[held]
	v.Rule, v.Votes, v.Approvers, v.StepUp, v.Refuse = x.Name, x.Votes, slices.Clone(x.Approvers), proof || r.Proof(c.Home), x.Refuse
	return v
}

// JudgeSum finds the rule for refunds that are approved together: each as it is,
// but with what all come to. Of several rules the strictest holds; of two that
// are alike the one that stands later.
func (r Rules) JudgeSum(cases []Case, sum connectors.Money) Verdict {
	var out Verdict
	held, proof := -1, false
	for _, c := range cases {
		c.Home = sum
		v := r.Judge(c)
		if v.Rule == "" {
			return v
		}
		proof = proof || v.StepUp
		i := slices.IndexFunc(r.List, func(x Rule) bool { return x.Name == v.Rule })
		if held < 0 || cmp.Or(cmp.Compare(r.List[i].severity(), r.List[held].severity()), cmp.Compare(i, held)) > 0 {
			held, out = i, v
		}
	}
	out.StepUp = proof
	return out
}

// Proof tells whether an amount is above the one from which approving takes a
// further proof. One that is not known is.
func (r Rules) Proof(home connectors.Money) bool {
	if r.StepUpAbove.Currency == "" {
		return false
	}
	return home.Currency != r.StepUpAbove.Currency || home.Minor > r.StepUpAbove.Minor
}

// misses is the first condition, but for the amount, that a case does not meet.
func (x Rule) misses(c Case) Why {
	method := c.Method
	if method == "" {
		method = Original
	}
	switch {
	case !has(x.Stores, c.Store):
		return WhyStore
	case !hasAny(x.Roles, c.Roles):
		return WhyRole
	case !has(x.Reasons, c.Reason):
		return WhyReason
	case !has(x.Methods, method):
		return WhyMethod
	case x.Risk == "yes" && !c.Risk, x.Risk == "no" && c.Risk:
		return WhyRisk
	}
	return ""
}

// severity orders rules by how hard they make a refund. Of two that are alike the
// later one holds, which in a list of tiers is the one for more.
func (x Rule) severity() int {
	switch {
	case x.Refuse != "":
		return 1 << 20
	case len(x.Approvers) == 0:
		return 1 << 19
	}
	n := 2 * x.Votes
	if x.StepUp {
		n++
	}
	return n
}

// every tells whether a list stands for everything.
func every(list []string) bool { return len(list) == 0 || slices.Contains(list, Any) }

func has(list []string, x string) bool { return every(list) || slices.Contains(list, x) }

func hasAny(list, xs []string) bool {
	return every(list) || slices.ContainsFunc(xs, func(x string) bool { return slices.Contains(list, x) })
}

// Covers tells whether a rule takes everything that another is for, so that the
// other, standing below it, can never hold.
func (x Rule) Covers(o Rule) bool {
	wider := func(a, b []string) bool {
		return every(a) || !every(b) && !slices.ContainsFunc(b, func(s string) bool { return !slices.Contains(a, s) })
	}
	if x.UpTo.Currency != "" && (o.UpTo.Currency == "" || o.UpTo.Minor > x.UpTo.Minor) {
		return false
	}
	return wider(x.Stores, o.Stores) && wider(x.Roles, o.Roles) && wider(x.Reasons, o.Reasons) && wider(x.Methods, o.Methods) &&
		(x.Risk == "" || x.Risk == o.Risk)
}

// Enough tells whether a rule's approvers could ever give its votes. A role may
// have any number of people.
func (x Rule) Enough() bool {
	people := map[string]bool{}
	for _, a := range x.Approvers {
		if !strings.HasPrefix(a, PersonPrefix) {
			return true
		}
		people[a] = true
	}
	return len(people) == 0 || len(people) >= x.Votes
}

// The limits of a day.
const (
	OverPerson Refusal = "person"
	OverStore  Refusal = "store"
)

// Over tells which limit of the day an amount would exceed, after what a person
// and a store have had already; empty when none. Sums that cannot be told exceed.
func (r Rules) Over(person, store, m connectors.Money) Refusal {
	above := func(had, most connectors.Money) bool {
		if most.Currency == "" {
			return false
		}
		sum, err := had.Plus(m)
		return err != nil || sum.Currency != most.Currency || sum.Minor > most.Minor
	}
	if (r.PersonDay.Currency != "" || r.StoreDay.Currency != "") && m.Currency != r.Home {
		return Unrated
	}
	switch {
	case above(person, r.PersonDay):
		return OverPerson
	case above(store, r.StoreDay):
		return OverStore
	}
	return ""
}
