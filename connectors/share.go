package connectors

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// flights are the reads on their way whose answers several callers may share.
//
// The first caller makes the call, in its own time and with its own patience;
// the others wait for what it gets. If it gives up for a reason of its own, the
// next of them makes the call: nobody's leaving ends anybody else's.
type flights struct {
	mu    sync.Mutex
	round uint64
	m     map[string]*sharedRead
}

type sharedRead struct {
	done chan struct{}
	a    answer
	err  error
	// own: it failed for a reason of the caller's own.
	own bool
}

// turn begins a new round: reads of different rounds share nothing.
func (f *flights) turn() {
	f.mu.Lock()
	f.round++
	f.mu.Unlock()
}

// join gives the read that is on its way, or a new one that is the caller's.
func (f *flights) join(key string) (s *sharedRead, id string, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id = strconv.FormatUint(f.round, 36) + "\x00" + key
	if s, ok := f.m[id]; ok {
		return s, id, false
	}
	if f.m == nil {
		f.m = map[string]*sharedRead{}
	}
	s = &sharedRead{done: make(chan struct{})}
	f.m[id] = s
	return s, id, true
}

func (f *flights) land(id string, s *sharedRead) {
	f.mu.Lock()
	delete(f.m, id)
	f.mu.Unlock()
	close(s.done)
}

// together makes a read, or waits for the same one that is on its way.
func (c *Client) together(ctx context.Context, call Call, body []byte, ctype string, out any) (http.Header, error) {
	key := sharedKey(ctx, call, body, ctype, out)
	for {
		s, id, mine := c.flights.join(key)
		if mine {
			s.own = true // should it panic
			defer c.flights.land(id, s)
			s.a, s.err = c.do(ctx, call, body, ctype, out)
			_, hurried := ctx.Deadline()
			s.own = s.err != nil && (ctx.Err() != nil || hurried && passing(s.err))
			return s.a.header, s.err
		}
		select {
		case <-s.done:
		case <-ctx.Done():
			return nil, c.fail(call, &Error{Kind: Down, Code: "cancelled", Err: ctx.Err()})
		}
		if s.own {
			continue
		}
		if s.err != nil {
			return s.a.header.Clone(), c.fail(call, s.err)
		}
		a := s.a
		if _, raw := out.(*[]byte); raw {
			a.body = bytes.Clone(a.body)
		}
		if err := c.decode(call, a, out); err != nil {
			return a.header.Clone(), c.fail(call, err)
		}
		return a.header.Clone(), nil
	}
}

// passing: another caller, with more time, might have got further.
func passing(err error) bool {
	switch KindOf(err) {
	case Busy, Down, Unsure:
		return true
	}
	return false
}

// sharedKey is equal for reads that get the same answer, with the same right to it.
func sharedKey(ctx context.Context, call Call, body []byte, ctype string, out any) string {
	var b strings.Builder
	_, raw := out.(*[]byte)
	for _, part := range []string{strconv.Itoa(int(PriorityOf(ctx))), call.Op, call.Method, call.URL, ctype,
		strconv.FormatInt(call.MaxBody, 36), strconv.FormatBool(raw)} {
		b.WriteString(part)
		b.WriteByte(0)
	}
	for _, k := range slices.Sorted(maps.Keys(call.Header)) {
		for _, v := range call.Header[k] {
			b.WriteString(k + "\x00" + v + "\x00")
		}
	}
	b.WriteByte(0)
	b.Write(body)
	return b.String()
}
