package bot_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"helloworld/connectors/sandbox"
)

// wire is the network between a desk and the platforms: HTTP/1.1 over pipes in
// memory. There are no sockets, which virtual time would not wait for, yet all
// that hangs up, breaks off or comes too late does so in net/http's own code.
type wire struct {
	world *sandbox.World
	serve http.Handler
	srv   *http.Server
	queue chan net.Conn
	done  chan struct{}
	late  sync.WaitGroup

	mu    sync.Mutex
	rng   *rand.Rand
	conns map[net.Conn]bool
	money int
	// onMoney is called when the n-th call that moves money has come in, and when
	// it has been answered.
	onMoney func(n int, answered bool)
	// stray are the calls that move money, by their number, that arrive only after
	// whoever sent them has given up: so much later.
	stray map[int]time.Duration
	// drag are the spans, by the clock, in which reads wait.
	drag []span
	// mute: no answer says when to come back.
	mute bool
	// still: nothing takes any time on its way.
	still bool
	// calls counts all calls, inside those that are being answered.
	calls, inside int
	// dial, if it is set, is a real network instead of pipes.
	dial func(context.Context) (net.Conn, error)
}

var errWireDown = errors.New("the network is down")

func newWire(w *sandbox.World, seed uint64) *wire {
	x := &wire{world: w, serve: w.Handler(), queue: make(chan net.Conn), done: make(chan struct{}), conns: map[net.Conn]bool{},
		rng: rand.New(rand.NewPCG(seed, 7)), stray: map[int]time.Duration{}}
	x.srv = &http.Server{Handler: x, ReadHeaderTimeout: time.Hour}
	go x.srv.Serve(x) // it ends when the wire is closed
	return x
}

// Accept, Close and Addr make the wire its own listener.
func (x *wire) Accept() (net.Conn, error) {
	select {
	case c := <-x.queue:
		return c, nil
	case <-x.done:
		return nil, net.ErrClosed
	}
}

func (x *wire) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	select {
	case <-x.done:
	default:
		close(x.done)
	}
	return nil
}

func (x *wire) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// transport is one desk's way to the platforms.
func (x *wire) transport() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: 4, DisableCompression: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		if x.dial != nil {
			return x.dial(ctx)
		}
		near, far := net.Pipe()
		select {
		case x.queue <- far:
		case <-x.done:
			return nil, errWireDown
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		x.conns[near] = true
		return near, nil
	}}
}

// cut hangs up on everybody, as the end of a process does.
func (x *wire) cut() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for c := range x.conns {
		_ = c.Close()
	}
	clear(x.conns)
}

func (x *wire) stop() {
	x.cut()
	_ = x.srv.Close()
	x.late.Wait()
	// Whoever still answers somebody that has gone must not outlive the bubble, in
	// which time stands still when its end has come.
	for x.answers() {
		time.Sleep(time.Millisecond)
	}
	x.world.Close()
}

func (x *wire) answers() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.inside > 0
}

// nap is how long a message is on its way.
func (x *wire) nap() {
	if x.still {
		return
	}
	x.mu.Lock()
	d := time.Duration(1+x.rng.IntN(80)) * time.Millisecond
	x.mu.Unlock()
	time.Sleep(d)
}

// readBody reads a request whole and leaves it to be read once more.
func readBody(r *http.Request) (string, error) {
	raw, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	return string(raw), err
}

// moves: the call that everything is about, whose repetition would pay twice.
func moves(r *http.Request, body string) bool {
	if r.Method != http.MethodPost {
		return false
	}
	return strings.HasSuffix(r.URL.Path, "/issue_refund") || strings.HasSuffix(r.URL.Path, "/refunds") || strings.HasSuffix(r.URL.Path, "/feeds/2021-06-30/feeds") ||
		strings.HasSuffix(r.URL.Path, "/graphql.json") && strings.Contains(body, "refundCreate")
}

// unsaid is an answer without a word about when to come back.
type unsaid struct{ http.ResponseWriter }

func (u unsaid) WriteHeader(status int) {
	u.Header().Del("Retry-After")
	u.ResponseWriter.WriteHeader(status)
}

func (u unsaid) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func (x *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if x.mute {
		rw = unsaid{rw}
	}
	body, err := readBody(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x.mu.Lock()
	x.calls++
	x.inside++
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.inside--
	}()
	x.nap()
	if !moves(r, body) {
		if !x.drags(r) {
			panic(http.ErrAbortHandler)
		}
		x.serve.ServeHTTP(rw, r)
		x.nap()
		return
	}
	x.mu.Lock()
	x.money++
	n, tell, lag := x.money, x.onMoney, x.stray[x.money]
	x.mu.Unlock()
	if tell != nil {
		tell(n, false)
	}
	if lag > 0 {
		// It hangs in some gateway, and arrives after its sender has given up.
		x.late.Add(1)
		<-r.Context().Done()
		again := r.Clone(context.WithoutCancel(r.Context()))
		again.Body = io.NopCloser(strings.NewReader(body))
		go func() {
			defer x.late.Done()
			defer func() {
				// A fault of the world hangs up on somebody who is not there any more.
				if p := recover(); p != nil && p != any(http.ErrAbortHandler) {
					panic(p)
				}
			}()
			time.Sleep(lag)
			x.serve.ServeHTTP(&nowhere{h: http.Header{}}, again)
		}()
		panic(http.ErrAbortHandler)
	}
	x.serve.ServeHTTP(rw, r)
	if tell != nil {
		tell(n, true)
	}
	x.nap()
}

// drags waits as long as reads do now, unless whoever reads gives up before.
func (x *wire) drags(r *http.Request) bool {
	now := time.Since(morning)
	for _, d := range x.drag {
		if now < d.from || now > d.to || x.still {
			continue
		}
		select {
		case <-time.After(d.each):
		case <-r.Context().Done():
			return false
		}
	}
	return true
}

// nowhere takes an answer that nobody waits for.
type nowhere struct{ h http.Header }

func (n *nowhere) Header() http.Header         { return n.h }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}
