package bot

import (
	"context"

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
	// Risk: it is a reason to look twice at the buyer.
	Risk bool `json:"risk,omitempty"`
}

// preflight looks at everything that could speak against a refund, before
// anybody is asked. It reads, and changes nothing.
func (d *Desk) preflight(_ context.Context, _ *Store, _ connectors.Quote, _ connectors.Refund) ([]Finding, error) {
	return nil, nil
}

// problem is a finding that blocks, as a sentence.
func (f Finding) problem() error {
	args := make([]any, 0, 2*len(f.Args))
	for k, v := range f.Args {
		args = append(args, k, v)
	}
	return i18n.NewProblem(nil, i18n.Key("preflight."+f.Key), args...)
}
