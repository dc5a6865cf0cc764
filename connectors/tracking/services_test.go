package tracking

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func config(s *service) Config {
	return Config{Key: testKey, BaseURL: s.URL, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

func seventeen(t *testing.T, s *service) *Seventeen {
	t.Helper()
	x, err := NewSeventeen(config(s))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func ship(t *testing.T, s *service) *Ship {
	t.Helper()
	x, err := NewAfterShip(config(s))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

const parcelNumber = "RB123456785CN"

func TestSeventeen(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.rejected["BAD"] = -18019903
	x := seventeen(t, s)
	if _, err := x.Status(t.Context(), Parcel{Number: parcelNumber}); KindOf(err) != NotFound {
		t.Fatalf("not registered: %v", err)
	}
	var many []Parcel
	for i := range 90 {
		many = append(many, Parcel{Number: fmt.Sprintf("YT%016d", i)})
	}
	many = append(many, Parcel{Number: "BAD"}, Parcel{Number: parcelNumber, Carrier: "china-post"})
	for range 2 { // the second time all are there already
		for i, err := range x.Register(t.Context(), many) {
			if bad := many[i].Number == "BAD"; (err != nil) != bad || bad && KindOf(err) != Invalid {
				t.Fatalf("%s: %v", many[i].Number, err)
			}
		}
	}
	if want := []int{40, 40, 12, 40, 40, 12}; !slices.Equal(s.batches, want) {
		t.Errorf("batches %v, want %v", s.batches, want)
	}
	if _, paid := s.count(); paid != 91 {
		t.Errorf("%d paid registrations for 91 parcels", paid)
	}
	if _, err := x.Status(t.Context(), Parcel{Number: parcelNumber}); KindOf(err) != NotFound {
		t.Fatalf("nothing known yet: %v", err)
	}
	s.set(func() { s.known = true })
	got, err := x.Status(t.Context(), Parcel{Number: "rb 123456785 cn"})
	if err != nil || got.State != StateInTransit || got.Raw != "InTransit/InTransit_CustomsProcessing" || got.Carrier != "china-post" || len(got.Events) != 2 ||
		got.Events[0].Place != "Frankfurt" || !got.Events[0].At.Equal(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)) || got.Number != parcelNumber {
		t.Errorf("%+v %v", got, err)
	}
}

func TestShip(t *testing.T) {
	t.Parallel()
	s := newService(t)
	x := ship(t, s)
	if _, err := x.Status(t.Context(), Parcel{Number: parcelNumber}); KindOf(err) != NotFound {
		t.Fatalf("not registered: %v", err)
	}
	for range 2 {
		if errs := x.Register(t.Context(), []Parcel{{Number: parcelNumber, Carrier: "china-post"}}); errs[0] != nil {
			t.Fatal(errs)
		}
	}
	if _, paid := s.count(); paid != 1 {
		t.Errorf("paid %d times", paid)
	}
	got, err := x.Status(t.Context(), Parcel{Number: parcelNumber})
	if err != nil || got.State != StateReturned || got.Carrier != "china-post" || len(got.Events) != 2 || got.Events[0].Text != "Returned" || got.Events[1].Place != "Shenzhen, China" {
		t.Errorf("%+v %v", got, err)
	}
	codes, err := x.Detect(t.Context(), "00340434292135100186")
	if err != nil || !slices.Equal(codes, []string{"usps", "dhl-paket"}) {
		t.Errorf("%v %v", codes, err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		status int
		body   string
		want   Kind
	}{
		{"server", 500, `oops`, Down},
		{"page", 200, `<html>maintenance</html>`, Down},
		{"cut", 200, `{"code":0,"data":{"acc`, Down},
		{"busy", 429, `{}`, Busy},
		{"17track's own busy", 200, `{"code":-18010014,"data":{"errors":[{"code":-18010014,"message":"limit"}]}}`, Busy},
		{"key", 200, `{"code":-18010002,"data":{"errors":[{"code":-18010002,"message":"` + testKey + `"}]}}`, Refused},
		{"unauthorised", 401, `{"meta":{"code":401}}`, Refused},
		{"redirect", 302, ``, Down},
		{"unknown", 200, `{"code":-18099999,"data":{}}`, Invalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.fail, s.body = tc.status, tc.body
			_, err := seventeen(t, s).Status(t.Context(), Parcel{Number: parcelNumber})
			if KindOf(err) != tc.want || err == nil {
				t.Errorf("%v, want %v", err, tc.want)
			}
			if strings.Contains(fmt.Sprintf("%+v %v", err, err), testKey) {
				t.Errorf("the key shows: %v", err)
			}
			if tc.want == Busy {
				var e *Error
				if errors.As(err, &e); e.RetryAfter <= 0 {
					t.Errorf("busy, and for how long is not said")
				}
			}
		})
	}
	s := newService(t)
	s.Close()
	if _, err := ship(t, s).Status(t.Context(), Parcel{Number: parcelNumber}); KindOf(err) != Down || err == nil {
		t.Errorf("nobody there: %v", err)
	}
}

// TestBudget asks more often than 17TRACK allows: what would have to wait longer
// than the patience is refused, and does not go out.
func TestBudget(t *testing.T) {
	t.Parallel()
	s := newService(t)
	c := config(s)
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	slept := time.Duration(0)
	c.Now = func() time.Time { return now }
	c.Sleep = func(_ context.Context, d time.Duration) error { slept += d; return nil }
	c.Patience = 2 * time.Second
	x, err := NewSeventeen(c)
	if err != nil {
		t.Fatal(err)
	}
	busy := 0
	for range 20 {
		if _, err := x.Status(t.Context(), Parcel{Number: parcelNumber}); KindOf(err) == Busy {
			busy++
		}
	}
	// Three at once, and six more in the two seconds that one is ready to wait.
	if calls, _ := s.count(); calls != 9 || busy != 11 || slept == 0 {
		t.Errorf("%d went out, %d were refused, waited %s", calls, busy, slept)
	}
}

func TestBackup(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(*service){
		"down":        func(s *service) { s.fail = 503 },
		"busy":        func(s *service) { s.fail = 429 },
		"key refused": func(s *service) { s.fail, s.body = 200, `{"code":-18010002,"data":{"errors":[{"code":-18010002}]}}` },
		"quota":       func(s *service) { s.rejected[parcelNumber] = -18019908 },
		"hangs":       func(s *service) { s.slow = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := newService(t), newService(t)
			broken(first)
			wait := 10 * time.Second
			if name == "hangs" {
				wait = 50 * time.Millisecond
			}
			all := NewServices(Options{Trackers: []Tracker{seventeen(t, first), ship(t, second)}, Wait: wait, Rest: time.Hour})
			for range 8 {
				a, err := all.Status(t.Context(), Parcel{Number: parcelNumber})
				if err != nil || a.Service != AfterShip || !a.Backup || a.Why == nil || a.Track.State != StateReturned {
					t.Fatalf("%+v %v", a, err)
				}
			}
			// Each question may cost the first a few calls until its breaker opens.
			if calls, _ := first.count(); calls > 3*4 {
				t.Errorf("a broken service was called %d times", calls)
			}
			if _, paid := second.count(); paid != 1 {
				t.Errorf("the backup was paid %d times", paid)
			}
		})
	}
}

func TestBreakerCloses(t *testing.T) {
	t.Parallel()
	first, second := newService(t), newService(t)
	first.fail, first.known = 503, true
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	all := NewServices(Options{Trackers: []Tracker{seventeen(t, first), ship(t, second)}, Rest: time.Minute, Now: func() time.Time { return now }})
	ask := func() Answer {
		t.Helper()
		a, err := all.Status(t.Context(), Parcel{Number: parcelNumber})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for range 5 {
		if a := ask(); !a.Backup {
			t.Fatalf("%+v", a)
		}
	}
	first.set(func() { first.fail = 0 })
	calls, _ := first.count()
	if a := ask(); !a.Backup {
		t.Errorf("asked while it rests: %+v", a)
	}
	if n, _ := first.count(); n != calls {
		t.Errorf("a resting service was called %d times", n-calls)
	}
	now = now.Add(61 * time.Second)
	if a := ask(); a.Backup || a.Service != SeventeenTrack || a.Why != nil {
		t.Errorf("not asked again after its rest: %+v", a)
	}
	// Half-way back is not back: one more failure after a failed trial rests it anew.
	first.set(func() { first.fail = 503 })
	for range 3 {
		ask()
	}
	now = now.Add(61 * time.Second)
	ask()
	calls, _ = first.count()
	ask()
	if n, _ := first.count(); n != calls {
		t.Errorf("a failed trial was no reason to rest: %d calls", n-calls)
	}
}

func TestAllFail(t *testing.T) {
	t.Parallel()
	first, second := newService(t), newService(t)
	first.fail, second.fail = 401, 503
	all := NewServices(Options{Trackers: []Tracker{seventeen(t, first), ship(t, second)}})
	_, err := all.Status(t.Context(), Parcel{Number: parcelNumber})
	if KindOf(err) != Refused || !strings.Contains(err.Error(), AfterShip) {
		t.Errorf("%v", err)
	}
	if _, err := NewServices(Options{}).Status(t.Context(), Parcel{Number: "x"}); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}

// TestPaidOnce lets many ask about the same new parcel at once.
func TestPaidOnce(t *testing.T) {
	t.Parallel()
	s := newService(t)
	gate := make(chan struct{})
	counted := &counting{Tracker: seventeen(t, s), gate: gate}
	all := NewServices(Options{Trackers: []Tracker{counted}})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if a, err := all.Register(t.Context(), Parcel{Number: parcelNumber}); err != nil || a.Track.State != StatePending {
				t.Errorf("%+v %v", a, err)
			}
		})
	}
	close(gate)
	wg.Wait()
	if counted.n != 1 {
		t.Errorf("registered %d times", counted.n)
	}
}

type counting struct {
	Tracker
	gate chan struct{}
	mu   sync.Mutex
	n    int
}

func (c *counting) Register(ctx context.Context, p []Parcel) []error {
	<-c.gate
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Tracker.Register(ctx, p)
}

func TestPush(t *testing.T) {
	t.Parallel()
	s := newService(t)
	all := NewServices(Options{Trackers: []Tracker{seventeen(t, s), ship(t, s)}})
	raw := []byte(`{"event":"TRACKING_UPDATED","data":` + seventeenSample(parcelNumber) + `}`)
	sum := sha256.Sum256([]byte(string(raw) + "/" + testKey))
	h := http.Header{"Sign": {hex.EncodeToString(sum[:])}}
	if got, err := all.Push(SeventeenTrack, h, raw); err != nil || len(got) != 1 || got[0].State != StateInTransit {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := all.Push(SeventeenTrack, h, append(raw, ' ')); KindOf(err) != Invalid || err == nil {
		t.Errorf("forged: %v", err)
	}
	if _, err := all.Push(SeventeenTrack, http.Header{}, raw); KindOf(err) != Invalid || err == nil {
		t.Errorf("unsigned: %v", err)
	}
	raw = []byte(`{"event":"tracking_update","msg":` + shipSample(parcelNumber) + `}`)
	mac := hmac.New(sha256.New, []byte(testKey))
	mac.Write(raw)
	h = http.Header{"Aftership-Hmac-Sha256": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
	if got, err := all.Push(AfterShip, h, raw); err != nil || len(got) != 1 || got[0].State != StateReturned {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := all.Push(AfterShip, h, append(raw, ' ')); KindOf(err) != Invalid || err == nil {
		t.Errorf("forged: %v", err)
	}
	if _, err := all.Push("nobody", h, raw); KindOf(err) != NotFound || err == nil {
		t.Errorf("nobody's: %v", err)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte(seventeenSample(parcelNumber)))
	f.Add([]byte(shipSample(parcelNumber)))
	f.Add([]byte(`{"code":0,"data":[]}`))
	f.Add([]byte(`{"data":{"accepted":[null,{"number":1}],"rejected":[{}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		client := &http.Client{Transport: canned(body)}
		c := Config{Key: testKey, BaseURL: "http://127.0.0.1", Transport: client.Transport, Sleep: func(context.Context, time.Duration) error { return nil }}
		for _, mk := range []func(Config) (Tracker, error){func(c Config) (Tracker, error) { return NewSeventeen(c) }, func(c Config) (Tracker, error) { return NewAfterShip(c) }} {
			x, err := mk(c)
			if err != nil {
				t.Fatal(err)
			}
			got, err := x.Status(t.Context(), Parcel{Number: parcelNumber})
			if err == nil && (got.Number != parcelNumber || !slices.Contains(States, got.State)) {
				t.Fatalf("%+v", got)
			}
			if errs := x.Register(t.Context(), []Parcel{{Number: parcelNumber}}); len(errs) != 1 {
				t.Fatalf("%v", errs)
			}
		}
	})
}

type canned []byte

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(c))), Request: r}, nil
}
