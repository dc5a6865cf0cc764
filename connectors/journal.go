package connectors

import (
	"sync"
	"time"
)

// Entry is one call in the journal. It holds no secret and no buyer's data.
type Entry struct {
	At     time.Time     `json:"at"`
	Op     string        `json:"op"`
	Method string        `json:"method"`
	URL    string        `json:"url"`
	Status int           `json:"status,omitempty"`
	Took   time.Duration `json:"took"`
	// Attempt counts from 1.
	Attempt int `json:"attempt"`
	// Kind and Code are set when the call failed.
	Kind string `json:"kind,omitempty"`
	Code string `json:"code,omitempty"`
	// Waited is how long the call stood in line for its budget.
	Waited time.Duration `json:"waited,omitempty"`
	// Skew is how far the platform's clock was ahead of ours, where that is enough
	// to go wrong by.
	Skew time.Duration `json:"skew,omitempty"`
	// Request is the platform's own id of the call, for its support.
	Request string `json:"request,omitempty"`
}

// Journaled is a connector that remembers its last calls, for diagnosis.
type Journaled interface {
	// Journal lists the last calls, oldest first.
	Journal() []Entry
	// Skew is how far the platform's clock is ahead of ours.
	Skew() time.Duration
}

const journalSize = 100

type journal struct {
	mu   sync.Mutex
	ring [journalSize]Entry
	n    int
}

func (j *journal) add(e Entry) {
	j.mu.Lock()
	j.ring[j.n%journalSize] = e
	j.n++
	j.mu.Unlock()
}

func (j *journal) list() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := min(j.n, journalSize)
	out := make([]Entry, 0, n)
	for i := j.n - n; i < j.n; i++ {
		out = append(out, j.ring[i%journalSize])
	}
	return out
}
