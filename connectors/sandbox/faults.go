package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The kinds of faults.
const (
	// Lost: it happens, and the connection closes without an answer.
	Lost = "lost"
	// LostSlow: it happens, and the answer never comes; the line is held.
	LostSlow = "lost-slow"
	// Timeout: nothing happens, and the line is held.
	Timeout = "timeout"
	// Drop: nothing happens, and the connection closes at once.
	Drop = "drop"
	// Error500 and Error503: nothing happens, and the platform says so in its words.
	Error500 = "500"
	Error503 = "503"
	// Error429: refused for now, with Retry-After.
	Error429 = "429"
	// HTML: nothing happens; a page for people comes with status 200.
	HTML = "html"
	// HTML503: nothing happens; a page for people comes with status 503.
	HTML503 = "html-503"
	// Malformed: it happens, and the answer is broken JSON.
	Malformed = "malformed"
	// Truncated: it happens, and the answer ends in the middle.
	Truncated = "truncated"
	// Slow: it happens, after a while.
	Slow = "slow"
	// Throttled: refused for now, as Shopify says it: status 200 and an error.
	Throttled = "throttled"
)

// Kinds are all kinds of faults. A few more names are understood: see aliasOf.
var Kinds = []string{Lost, LostSlow, Timeout, Drop, Error500, Error503, Error429, HTML, HTML503, Malformed, Truncated, Slow, Throttled}

// aliasOf maps the other names by which a fault may be asked for.
var aliasOf = map[string]string{"timeout-after-effect": Lost, "timeout-before": Timeout, "rate-limit": Error429, "429+retry-after": Error429}

// ErrBadFault is what errors about an unknown kind of fault wrap.
var ErrBadFault = errors.New("no such fault")

type fault struct {
	op, kind string
	times    int
	// then comes into force when this one has struck for the last time.
	then *fault
}

type faults struct {
	mu   sync.Mutex
	list []*fault
}

// take is the fault for this operation, if one is due.
func (f *faults) take(op string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, x := range f.list {
		if x.op != "" && x.op != op {
			continue
		}
		if x.times--; x.times == 0 {
			f.list = slices.Delete(f.list, i, i+1)
			if x.then != nil {
				f.list = append(f.list, x.then)
			}
		}
		return x.kind
	}
	return ""
}

// Fail lets an operation of a store fail some times. An empty op means any
// operation; times below one means until [World.Mend].
//
// The operations are health, orders, order, refund, send, messages, items, item,
// stock, ship and subscribe, where a platform has them, and besides:
//
//   - Shopify: token, return, decide, subscriptions, bulk, bulkstate, bulkfile
//   - eBay: token, shipments, signing_key, and those of returns: returns, return,
//     decide
//   - Amazon: token, document, upload, download, feed, feeds, report, reports,
//     transactions, inventory, templates, template, queue
//   - WooCommerce: refunds (reading them)
//   - mail: send (SMTP), imap
func (w *World) Fail(store, op, kind string, times int) error {
	x, err := newFault(op, kind, times)
	if err != nil {
		return err
	}
	return w.add(store, x)
}

// FailThen lets an operation of a store fail once, and from that very moment on
// another one until [World.Mend]: whoever looks what became of the first finds the
// second failing, however soon they look.
func (w *World) FailThen(store, op, kind, thenOp, thenKind string) error {
	x, err := newFault(op, kind, 1)
	if err == nil {
		x.then, err = newFault(thenOp, thenKind, 0)
	}
	if err != nil {
		return err
	}
	return w.add(store, x)
}

func newFault(op, kind string, times int) (*fault, error) {
	if k, ok := aliasOf[kind]; ok {
		kind = k
	}
	if !slices.Contains(Kinds, kind) {
		return nil, fmt.Errorf("%w: %q is none of %v or %v", ErrBadFault, kind, Kinds, slices.Sorted(maps.Keys(aliasOf)))
	}
	if times < 1 {
		times = -1
	}
	return &fault{op: op, kind: kind, times: times}, nil
}

func (w *World) add(store string, x *fault) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, x)
	return nil
}

// Mend forgets all faults of a store.
func (w *World) Mend(store string) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
	return nil
}

// Limit switches a store's rate limits on or off.
func (w *World) Limit(store string, on bool) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	s.limits.mu.Lock()
	defer s.limits.mu.Unlock()
	s.limits.on, s.limits.buckets = on, nil
	return nil
}

// limits are token buckets, one for each operation or one for all.
type limits struct {
	mu      sync.Mutex
	on      bool
	buckets map[string]*bucket
}

// bind tells whether limits are on.
func (l *limits) bind() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.on
}

type bucket struct {
	rate, burst, level float64
	at                 time.Time
}

// spend takes cost out of a bucket. It tells what is left and, if that was not
// enough, how long to wait.
func (l *limits) spend(name string, rate, burst, cost float64, now time.Time) (left float64, delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.on {
		return burst, 0
	}
	if l.buckets == nil {
		l.buckets = map[string]*bucket{}
	}
	b := l.buckets[name]
	if b == nil {
		b = &bucket{rate: rate, burst: burst, level: burst, at: now}
		l.buckets[name] = b
	}
	b.level = min(b.burst, b.level+b.rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.level < cost {
		return b.level, time.Duration((cost - b.level) / b.rate * float64(time.Second))
	}
	b.level -= cost
	return b.level, 0
}

// reply is an answer that was not sent yet.
type reply struct {
	status int
	header http.Header
	kind   string // content type
	body   []byte
}

const page = `<!DOCTYPE html><html><head><title>Service unavailable</title></head><body><h1>We will be back soon</h1>` +
	`<p>The page that you asked for cannot be shown at the moment.</p></body></html>`

// serve runs an operation and spoils it as asked.
func (w *World) serve(rw http.ResponseWriter, r *http.Request, s *store, op string, do func() reply) {
	kind := s.faults.take(op)
	switch kind {
	case Timeout:
		wait(r.Context(), w.o.Hang)
		hangUp(rw)
		return
	case Drop:
		hangUp(rw)
		return
	case Error500, Error503, Error429, Throttled:
		s.refuse(kind).send(rw)
		return
	case HTML, HTML503:
		status := http.StatusOK
		if kind == HTML503 {
			status = http.StatusServiceUnavailable
		}
		reply{status: status, kind: "text/html; charset=utf-8", body: []byte(page)}.send(rw)
		return
	case Slow:
		wait(r.Context(), w.o.Slow)
	}
	a := do()
	switch kind {
	case Lost:
		hangUp(rw)
		return
	case LostSlow:
		wait(r.Context(), w.o.Hang)
		hangUp(rw)
		return
	case Malformed:
		a.body = append([]byte(`{"broken":,`), a.body...)
	case Truncated:
		a.sendPart(rw)
		return
	}
	a.send(rw)
}

func (a reply) send(rw http.ResponseWriter) {
	a.head(rw)
	_, _ = rw.Write(a.body)
}

func (a reply) head(rw http.ResponseWriter) {
	for k, v := range a.header {
		rw.Header()[k] = v
	}
	if a.kind != "" {
		rw.Header().Set("Content-Type", a.kind)
	}
	rw.Header().Set("Content-Length", fmt.Sprint(len(a.body)))
	rw.WriteHeader(orElse(a.status, http.StatusOK))
}

// sendPart announces the whole answer and sends half of it.
func (a reply) sendPart(rw http.ResponseWriter) {
	a.head(rw)
	_, _ = rw.Write(a.body[:len(a.body)/2])
	if f, ok := rw.(http.Flusher); ok {
		f.Flush()
	}
	hangUp(rw)
}

// hangUp closes the connection without another byte.
func hangUp(rw http.ResponseWriter) {
	if h, ok := rw.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			_ = conn.Close()
			return
		}
	}
	// The agreed way to tell net/http to drop a connection that cannot be taken over.
	panic(http.ErrAbortHandler)
}
