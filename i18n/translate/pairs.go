package translate

import (
	"context"
	"sync"
	"time"
)

// Pairs are the pairs of languages that a server has. It is asked for them once,
// and again when one is wanted that it did not have: somebody may have installed
// it meanwhile.
type Pairs struct {
	// Ask asks the server. Keys are two codes, FROM>TO.
	Ask func(ctx context.Context) (map[string]bool, error)
	Now func() time.Time

	mu    sync.Mutex
	pairs map[string]bool
	asked time.Time
}

// pairsFor is how long a list that lacks a pair is believed.
const pairsFor = time.Minute

// Find gives the server's codes for two languages that may each have several, the
// best first; false when it has no such pair.
func (p *Pairs) Find(ctx context.Context, from, to []string) (a, b string, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, b, ok = p.find(from, to); ok {
		return a, b, true, nil
	}
	if p.pairs != nil && p.Now().Sub(p.asked) <= pairsFor {
		return "", "", false, nil
	}
	pairs, err := p.Ask(ctx)
	if err != nil {
		return "", "", false, err
	}
	p.pairs, p.asked = pairs, p.Now()
	a, b, ok = p.find(from, to)
	return a, b, ok, nil
}

func (p *Pairs) find(from, to []string) (a, b string, ok bool) {
	for _, a := range from {
		for _, b := range to {
			if p.pairs[a+">"+b] {
				return a, b, true
			}
		}
	}
	return "", "", false
}
