package bot

import (
	"context"

	"helloworld/bot/people"
	"helloworld/connectors"
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
	// Home is the amount in the currency the policy reckons in, by Rate from Source
	// of Date (a day); empty where no rate was needed.
	Home   connectors.Money `json:"home,omitzero"`
	Rate   string           `json:"rate,omitempty"`
	Source string           `json:"source,omitempty"`
	Date   string           `json:"date,omitempty"`
	// Risk: the buyer's history raised the bar.
	Risk bool `json:"risk,omitempty"`
}

// ruling asks the policy about a refund. What it forbids is a problem that says
// what to do instead.
func (d *Desk) ruling(_ context.Context, _ people.Person, _ *Store, _ connectors.Refund, _ []Finding) (Ruling, error) {
	return Ruling{Votes: d.Policy.Votes, Voters: []string{string(people.Manager)}}, nil
}
