package slackfake

import (
	"encoding/json"
	"io"
	"time"
)

// Entry is one line of the ledger.
type Entry struct {
	At time.Time `json:"at"`
	// What happened: deliver, ack, late (acknowledged after its time), timeout,
	// post, ephemeral, update, delete, respond, view, upload, refuse.
	What string `json:"what"`
	// Type is the envelope's type, or the method refused.
	Type     string `json:"type,omitempty"`
	Envelope string `json:"envelope,omitempty"`
	// Key is the event id or trigger id: the same in every delivery of one thing.
	Key     string `json:"key,omitempty"`
	Attempt int    `json:"attempt,omitempty"`
	// Took is the time from the first delivery to the acknowledgement.
	Took    time.Duration `json:"took,omitempty"`
	Channel string        `json:"channel,omitempty"`
	TS      string        `json:"ts,omitempty"`
	Thread  string        `json:"thread,omitempty"`
	User    string        `json:"user,omitempty"`
	Text    string        `json:"text,omitempty"`
	// Card is the key that the poster put into the message's metadata.
	Card string `json:"card,omitempty"`
	Code string `json:"code,omitempty"`
}

type ledger struct {
	entries                                    []Entry
	delivered, acked, timeouts, posts, refused int
	to                                         io.Writer
}

// note writes an entry down. Call it with the lock held.
func (s *Server) note(e Entry) {
	e.At = s.opts.Now()
	l := &s.ledger
	switch e.What {
	case "deliver":
		l.delivered++
	case "ack":
		l.acked++
	case "timeout":
		l.timeouts++
	case "post":
		l.posts++
	case "refuse":
		l.refused++
	}
	l.entries = append(l.entries, e)
	if l.to == nil {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = l.to.Write(append(line, '\n'))
	}
	if err != nil {
		s.opts.Log.Error("the ledger was not written", "error", err)
	}
}

// Ledger is every entry so far.
func (s *Server) Ledger() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Entry(nil), s.ledger.entries...)
}

// Counts sum up the ledger.
type Counts struct {
	Delivered int `json:"delivered"`
	Acked     int `json:"acked"`
	Timeouts  int `json:"timeouts"`
	Posts     int `json:"posts"`
	Refused   int `json:"refused"`
	Sockets   int `json:"sockets"`
	Pending   int `json:"pending"`
}

// Counts tells how much happened so far. Refused are the 429s.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts()
}

func (s *Server) counts() Counts {
	l := &s.ledger
	return Counts{
		Delivered: l.delivered, Acked: l.acked, Timeouts: l.timeouts, Posts: l.posts, Refused: l.refused,
		Sockets: len(s.sockets), Pending: len(s.pending) + len(s.waiting),
	}
}
