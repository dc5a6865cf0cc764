package connectors

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slowShop answers after a second of virtual time, and counts.
type slowShop struct {
	calls atomic.Int64
	// fail, if set, tells how a call ends.
	fail func(n int64) (status int, err error)
}

func (s *slowShop) RoundTrip(r *http.Request) (*http.Response, error) {
	n := s.calls.Add(1)
	select {
	case <-time.After(time.Second):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	status := 200
	if s.fail != nil {
		st, err := s.fail(n)
		if err != nil {
			return nil, err
		}
		status = st
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Request: r,
		Body: http.NoBody, ContentLength: 0}, nil
}

func TestSameReadsShareOneCall(t *testing.T) {
	read := Call{Op: "r", Method: "GET", URL: "http://shop/orders/1", Read: true}
	other := func(change func(*Call)) Call { c := read; change(&c); return c }
	for _, tc := range []struct {
		name  string
		call  Call
		ctx   func(context.Context) context.Context
		write bool
		want  int64
	}{
		{name: "the same", call: read, want: 1},
		{name: "another address", call: other(func(c *Call) { c.URL += "1" }), want: 2},
		{name: "another body", call: other(func(c *Call) { c.Raw = []byte("x") }), want: 2},
		{name: "another method", call: other(func(c *Call) { c.Method = "POST" }), want: 2},
		{name: "another header", call: other(func(c *Call) { c.Header = http.Header{"X-Marketplace": {"DE"}} }), want: 2},
		{name: "must be fresh, by its context", call: read, ctx: WithFresh, want: 2},
		{name: "must be fresh", call: other(func(c *Call) { c.Fresh = true }), want: 2},
		{name: "a person does not wait for an import", call: read, ctx: func(ctx context.Context) context.Context { return WithPriority(ctx, Sync) }, want: 2},
		{name: "not a read", call: other(func(c *Call) { c.Read = false }), want: 2},
		{name: "something was written meanwhile", call: read, write: true, want: 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &slowShop{}
				c := NewClient(ClientConfig{Transport: s})
				ctx := t.Context()
				errs := make(chan error, 3)
				go func() { _, err := c.Do(ctx, read, nil); errs <- err }()
				synctest.Wait()
				n := 2
				if tc.write {
					n++
					go func() { _, err := c.Do(ctx, Call{Op: "w", Method: "POST", URL: "http://shop/w"}, nil); errs <- err }()
					synctest.Wait()
				}
				go func() {
					ctx := ctx
					if tc.ctx != nil {
						ctx = tc.ctx(ctx)
					}
					_, err := c.Do(ctx, tc.call, nil)
					errs <- err
				}()
				for range n {
					if err := <-errs; err != nil {
						t.Error(err)
					}
				}
				if got := s.calls.Load(); got != tc.want {
					t.Errorf("%d calls, want %d", got, tc.want)
				}
			})
		})
	}
}

func TestSharedReadsDecodeForEachCaller(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	var calls atomic.Int64
	c, url, _ := testClient(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		<-gate
		w.Header().Set("X-N", "7")
		fmt.Fprint(w, `{"id":9007199254740993}`)
	}, nil)
	type out struct{ ID int64 }
	got := make(chan out, 10)
	for range 10 {
		go func() {
			var o out
			h, err := c.Do(t.Context(), Call{Op: "r", Method: "GET", URL: url, Read: true}, &o)
			if err != nil || h.Get("X-N") != "7" {
				t.Errorf("%v %v", err, h)
			}
			got <- o
		}()
	}
	for calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(gate)
	for range 10 {
		if o := <-got; o.ID != 9007199254740993 {
			t.Errorf("got %+v", o)
		}
	}
}

// Whoever leaves, the others get their answer.
func TestOneCallersLeavingIsNobodyElsesBusiness(t *testing.T) {
	for _, first := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := &slowShop{}
			c := NewClient(ClientConfig{Transport: s})
			read := Call{Op: "r", Method: "GET", URL: "http://shop/orders/1", Read: true}
			impatient, leave := context.WithCancel(t.Context())
			left, stayed := make(chan error, 1), make(chan error, 2)
			go func() {
				ctx := t.Context()
				if first {
					ctx = impatient
				}
				_, err := c.Do(ctx, read, nil)
				if first {
					left <- err
				} else {
					stayed <- err
				}
			}()
			synctest.Wait()
			for i := range 2 {
				go func() {
					if i == 0 && !first {
						_, err := c.Do(impatient, read, nil)
						left <- err
						return
					}
					_, err := c.Do(t.Context(), read, nil)
					stayed <- err
				}()
			}
			synctest.Wait()
			leave()
			if err := <-left; KindOf(err) != Down || !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
			for range 2 {
				if err := <-stayed; err != nil {
					t.Error(err)
				}
			}
			want := int64(1)
			if first {
				want = 2 // the next made the call anew, the last one shared it
			}
			if n := s.calls.Load(); n != want {
				t.Errorf("%d calls, want %d", n, want)
			}
		})
	}
}

// A caller with little time must not decide for one who has more.
func TestAHurriedCallersFailureIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowShop{fail: func(n int64) (int, error) {
			if n == 1 {
				return 503, nil
			}
			return 200, nil
		}}
		c := NewClient(ClientConfig{Transport: s})
		read := Call{Op: "r", Method: "GET", URL: "http://shop/orders/1", Read: true}
		hurried, cancel := context.WithTimeout(t.Context(), 1050*time.Millisecond)
		defer cancel()
		errs := make(chan error, 2)
		go func() { _, err := c.Do(hurried, read, nil); errs <- err }()
		synctest.Wait()
		go func() { _, err := c.Do(t.Context(), read, nil); errs <- err }()
		if err := <-errs; KindOf(err) != Down {
			t.Errorf("the hurried one got %v", err)
		}
		if err := <-errs; err != nil {
			t.Errorf("the other one got %v", err)
		}
	})
}

func TestBreakerKeepsAwayFromAPlatformThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		down.Store(true)
		s := &slowShop{fail: func(int64) (int, error) {
			if down.Load() {
				return 503, nil
			}
			return 200, nil
		}}
		var log strings.Builder
		c := NewClient(ClientConfig{Platform: "toy", Transport: s, Log: textLog(&log)})
		n := 0
		read := func(p Priority) error {
			n++
			_, err := c.Do(WithPriority(t.Context(), p), Call{Op: "r", Method: "GET", URL: fmt.Sprintf("http://shop/%d", n), Read: true}, nil)
			return err
		}
		write := func() error {
			_, err := c.Do(t.Context(), Call{Op: "w", Method: "POST", URL: "http://shop/w"}, nil)
			return err
		}
		for range 3 {
			if err := read(Sync); KindOf(err) != Down {
				t.Fatal(err)
			}
		}
		before := s.calls.Load()
		if before < breakAfter {
			t.Fatalf("%d calls", before)
		}
		for range 50 {
			err := read(Sync)
			var e *Error
			if !errors.As(err, &e) || e.Kind != Down || e.Code != resting || e.RetryAfter <= 0 {
				t.Fatalf("got %v", err)
			}
		}
		if err := write(); KindOf(err) != Down {
			t.Errorf("a write that was not sent is not in doubt: %v", err)
		}
		if got := s.calls.Load(); got != before {
			t.Errorf("%d more calls to a platform that is down", got-before)
		}
		// A person may ask.
		if err := read(Agent); KindOf(err) != Down || s.calls.Load() != before+1 {
			t.Errorf("%v after %d more calls", err, s.calls.Load()-before)
		}
		// Through an hour of it, the store is looked at now and then.
		before = s.calls.Load()
		for range 3600 {
			_ = read(Sync)
			time.Sleep(time.Second)
		}
		if got := s.calls.Load() - before; got < 60 || got > 240 {
			t.Errorf("%d calls in an hour of nothing", got)
		}
		if strings.Count(log.String(), "its calls rest") != 1 {
			t.Errorf("said %s", log.String())
		}
		down.Store(false)
		time.Sleep(breakMost)
		for range 5 {
			if err := read(Sync); err != nil {
				t.Fatalf("it is back, and we stay away: %v", err)
			}
		}
		if err := write(); err != nil {
			t.Error(err)
		}
	})
}

// The token ends while the platform is down. The call that tries whether it is
// back needs a new one first, or the store would be away for ever.
func TestBreakerLetsATokenBeRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		s := &slowShop{fail: func(int64) (int, error) {
			if down.Load() {
				return 503, nil
			}
			return 200, nil
		}}
		var c *Client
		var token, fresh atomic.Int64
		c = NewClient(ClientConfig{Transport: s, Authorise: func(ctx context.Context, _ *http.Request) error {
			if token.Load() != fresh.Load() {
				if _, err := c.Do(ctx, Call{Op: "token", Method: "POST", URL: "http://shop/token", Bare: true, Read: true}, nil); err != nil {
					return err
				}
				token.Store(fresh.Load())
			}
			return nil
		}})
		ctx, n := WithPriority(t.Context(), Sync), 0
		read := func() error {
			n++
			_, err := c.Do(ctx, Call{Op: "r", Method: "GET", URL: fmt.Sprintf("http://shop/%d", n), Read: true}, nil)
			return err
		}
		down.Store(true)
		for range 5 {
			_ = read()
		}
		fresh.Store(1)
		down.Store(false)
		time.Sleep(breakMost)
		if err := read(); err != nil {
			t.Errorf("it is back, and we stay away: %v", err)
		}
	})
}
