package bot_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
	"helloworld/i18n"
)

// sendsAgain is an adapter that answers doubt by sending again, under a key of
// its own.
type sendsAgain struct{ connectors.Refunder }

func (a sendsAgain) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	r, err := a.Refunder.Refund(ctx, cmd)
	if err != nil && connectors.KindOf(err) == connectors.Unsure {
		cmd.Key += "-again"
		return a.Refunder.Refund(ctx, cmd)
	}
	return r, err
}

// insists is an HTTP client that sends again what was not answered, whatever it
// is.
type insists struct{ http.RoundTripper }

func (c insists) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(r)
	if errors.Is(err, io.EOF) && r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = body
		return c.RoundTripper.RoundTrip(r)
	}
	return resp, err
}

// takesDoubtForNo is an adapter that calls everything a refusal that was not
// answered.
type takesDoubtForNo struct{ connectors.Refunder }

func (a takesDoubtForNo) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	r, err := a.Refunder.Refund(ctx, cmd)
	if err != nil && connectors.KindOf(err) == connectors.Unsure {
		return connectors.Receipt{State: connectors.StateRejected}, &connectors.Error{Kind: connectors.Invalid, Code: "no", Err: err}
	}
	return r, err
}

// takesDoubtForYes is an adapter that calls everything done that was sent.
type takesDoubtForYes struct{ connectors.Refunder }

func (a takesDoubtForYes) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	r, err := a.Refunder.Refund(ctx, cmd)
	if err != nil && connectors.KindOf(err) == connectors.Unsure {
		return connectors.Receipt{State: connectors.StateApplied, ID: "sure"}, nil
	}
	return r, err
}

// newKeys is an adapter's caller that makes a key for every attempt.
type newKeys struct {
	connectors.Refunder
	n *atomic.Int64
}

func (a newKeys) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	if n := a.n.Add(1); n > 1 {
		cmd.Key = fmt.Sprintf("%s-%d", cmd.Key, n)
	}
	return a.Refunder.Refund(ctx, cmd)
}

// neverLooks is an adapter that takes for granted that nothing has happened.
type neverLooks struct{ connectors.Refunder }

func (neverLooks) RefundState(context.Context, connectors.Refund, connectors.Receipt) (connectors.Receipt, error) {
	return connectors.Receipt{State: connectors.StateAbsent}, nil
}

// remembers is an HTTP client that reads everything once and believes it for ever.
type remembers struct {
	http.RoundTripper
	mu   *sync.Mutex
	once map[string][]byte
}

func (c remembers) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		return c.RoundTripper.RoundTrip(r)
	}
	c.mu.Lock()
	raw, ok := c.once[r.URL.String()]
	c.mu.Unlock()
	if !ok {
		resp, err := c.RoundTripper.RoundTrip(r)
		if err != nil || resp.StatusCode != http.StatusOK {
			return resp, err
		}
		raw, err = httputil.DumpResponse(resp, true)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		c.once[r.URL.String()] = raw
		c.mu.Unlock()
	}
	return http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), r)
}

// knowsNoCeiling is an adapter by which all of an order is always left, and more.
type knowsNoCeiling struct{ connectors.Refunder }

func (a knowsNoCeiling) Quote(ctx context.Context, order string) (connectors.Quote, error) {
	q, err := a.Refunder.Quote(ctx, order)
	q.Remaining.Minor = 5 * q.Order.Total.Minor
	q.Order.Total.Minor *= 5
	return q, err
}

// doubtful is a schedule in which two orders are refunded, and the calls that do
// it fail in the given way.
func doubtful(store, kind string) schedule {
	press := [2]time.Duration{time.Second, 2 * time.Second}
	return schedule{seed: 1, store: store, votes: 1, settle: -1, totals: []int64{5990, 4200},
		asks: []ask{{order: 0, part: 25, press: press}, {order: 1, part: 50, at: 5 * time.Minute, press: press}}, faults: []failing{{op: "refund", kind: kind, times: 1}}}
}

// TestSchedulesSeeABrokenAdapter: on adapters that are wrong in the ways that
// matter, the judge says so; and says nothing of the right ones.
func TestSchedulesSeeABrokenAdapter(t *testing.T) {
	t.Parallel()
	wrap := func(f func(connectors.Refunder) connectors.Refunder) func(*bureau) {
		return func(b *bureau) { b.wrap = f }
	}
	repeated, lost := func(v verdict) int { return v.repeated }, func(v verdict) int { return v.lost }
	no := wrap(func(r connectors.Refunder) connectors.Refunder { return takesDoubtForNo{r} })
	yes := wrap(func(r connectors.Refunder) connectors.Refunder { return takesDoubtForYes{r} })
	again := wrap(func(r connectors.Refunder) connectors.Refunder { return sendsAgain{r} })
	client := func(b *bureau) {
		b.through = func(t http.RoundTripper) http.RoundTripper { return insists{t} }
	}
	for _, tt := range []struct {
		store, name, kind string
		breaks            func(*bureau)
		count             func(verdict) int
		want              int
	}{
		{"amazon-jp", "the client insists", sandbox.Lost, client, repeated, 1},
		{"amazon-jp", "doubt is no", sandbox.Lost, no, lost, 1},
		{"amazon-jp", "doubt is yes", sandbox.Timeout, yes, lost, 1},
		{"ebay-de", "the client insists", sandbox.Lost, client, repeated, 1},
		{"ebay-de", "doubt is no", sandbox.Lost, no, lost, 1},
		{"ebay-de", "doubt is yes", sandbox.Timeout, yes, lost, 1},
		{"shopify-main", "another key", sandbox.Lost, again, repeated, 1},
		{"shopify-main", "the client insists, and the key saves it", sandbox.Lost, client, repeated, 0},
		{"shopify-main", "doubt is no", sandbox.Lost, no, lost, 1},
		{"shopify-main", "doubt is yes", sandbox.Timeout, yes, lost, 1},
		{"woo-eu", "the client insists", sandbox.Lost, client, repeated, 1},
		{"woo-eu", "another key", sandbox.Lost, again, repeated, 1},
		{"woo-eu", "doubt is no", sandbox.Lost, no, lost, 1},
		{"woo-eu", "doubt is yes", sandbox.Timeout, yes, lost, 1},
	} {
		t.Run(tt.store+", "+tt.name, func(t *testing.T) {
			t.Parallel()
			s := doubtful(tt.store, tt.kind)
			if v := runSchedule(t, s, nil); len(v.wrong) > 0 || v.happened != 2 {
				t.Errorf("the right adapter: %v, %v", v, v.wrong)
			}
			if v := runSchedule(t, s, tt.breaks); min(tt.count(v), 1) != tt.want {
				t.Errorf("broken, want %d seen: %v, %v", tt.want, v, v.wrong)
			}
		})
	}
}

// TestSchedulesSeeABrokenDesk: a desk that counts one manager's two presses as two
// people's, changes the key when it tries again, does not look before it does, or
// does not mind what is left, is found out. One that does not look does no harm
// alone, since every adapter looks for itself or has a key that the platform
// honours: where what they read is old, it does.
func TestSchedulesSeeABrokenDesk(t *testing.T) {
	t.Parallel()
	wrap := func(f func(connectors.Refunder) connectors.Refunder) func(*bureau) {
		return func(b *bureau) { b.wrap = f }
	}
	keys := func(b *bureau) {
		var n atomic.Int64
		b.wrap = func(r connectors.Refunder) connectors.Refunder { return newKeys{r, &n} }
	}
	blind := wrap(func(r connectors.Refunder) connectors.Refunder { return neverLooks{r} })
	boundless := wrap(func(r connectors.Refunder) connectors.Refunder { return knowsNoCeiling{r} })
	stale := func(b *bureau) {
		b.through = func(t http.RoundTripper) http.RoundTripper { return remembers{t, &sync.Mutex{}, map[string][]byte{}} }
	}
	twice := func(b *bureau) {
		var n atomic.Int64
		b.casts = func(who people.ID) people.ID {
			if n.Add(1)%2 == 0 {
				return "mei"
			}
			return who
		}
	}
	press := [2]time.Duration{time.Second, time.Second}
	base := func(store string) schedule {
		return schedule{seed: 1, store: store, votes: 1, settle: -1, totals: []int64{5990, 4200}, asks: []ask{{part: 25, press: press}}}
	}
	plain := func(kind string) func(string) schedule {
		return func(store string) schedule {
			s := base(store)
			s.faults = []failing{{op: "refund", kind: kind, times: 1}}
			return s
		}
	}
	lonely := func(store string) schedule {
		s := base(store)
		s.votes, s.asks = 2, []ask{{part: 25, press: press, lonely: true, double: [2]bool{true, true}, echo: true, own: true}}
		return s
	}
	over := func(store string) schedule {
		s := base(store)
		s.asks = []ask{{part: 75, press: press}, {part: 75, at: 10 * time.Minute, press: press}}
		return s
	}
	for _, tt := range []struct {
		name     string
		schedule func(store string) schedule
		breaks   func(*bureau)
		count    func(verdict) int
		harms    []string // where it does
	}{
		{"two presses of one person", lonely, twice, func(v verdict) int { return v.unvoted }, scheduleStores},
		{"another key at the second attempt", plain(sandbox.Error503), keys, func(v verdict) int { return v.repeated }, scheduleStores},
		{"no look before the second attempt", plain(sandbox.Lost), blind, func(v verdict) int { return v.repeated }, nil},
		{"a look at what was read before", plain(sandbox.Lost), stale, func(v verdict) int { return v.repeated }, []string{"ebay-de", "woo-eu"}},
		{"no ceiling", over, boundless, func(v verdict) int { return v.over }, scheduleStores},
	} {
		stores := scheduleStores
		if raced {
			stores = stores[1:2] // what is broken here is the desk's, and runs the same way on each
		}
		for _, store := range stores {
			t.Run(tt.name+", "+store, func(t *testing.T) {
				t.Parallel()
				if v := runSchedule(t, tt.schedule(store), nil); len(v.wrong) > 0 {
					t.Errorf("the right desk: %v, %v", v, v.wrong)
				}
				v := runSchedule(t, tt.schedule(store), tt.breaks)
				if n := tt.count(v); (n > 0) != slices.Contains(tt.harms, store) {
					t.Errorf("the broken one: %v, %v", v, v.wrong)
				}
			})
		}
	}
}

// TestScheduleJudge holds the judge itself to account.
func TestScheduleJudge(t *testing.T) {
	t.Parallel()
	eur := func(minor int64) connectors.Money { return connectors.Money{Minor: minor, Currency: "EUR"} }
	refund := func(s bot.RefundState) bot.Payback {
		return bot.Payback{ID: "R1", Order: "gid://shop/Order/7", Key: "the-key", State: s, Body: bot.PaybackBody{Cmd: connectors.Refund{Amount: eur(500)}}}
	}
	card := func(s bot.RefundState) chat.Card {
		title := i18n.For(language.English).T(i18n.Key("refund.title."+string(s)), "amount", eur(500).String(), "n", 1)
		return chat.Card{Title: title, Foot: "foot", Parts: []chat.Part{{Fields: []chat.Field{{Value: "R1"}}}}}
	}
	mine := sandbox.RefundEntry{Order: "7", Key: "the-key", Amount: eur(500)}
	noted := sandbox.RefundEntry{Order: "7", Note: "sorry [the-key]", Amount: eur(500)}
	office := sandbox.RefundEntry{ID: "1", Order: "7", Note: "back office", Amount: eur(500)}
	stranger := sandbox.RefundEntry{ID: "2", Order: "7", Key: "another", Amount: eur(100)}
	type entries = []sandbox.RefundEntry
	for i, tt := range []struct {
		state  bot.RefundState
		ledger entries
		card   bot.RefundState
		want   verdict
	}{
		{bot.RefundConfirmed, entries{mine}, bot.RefundConfirmed, verdict{happened: 1}},
		{bot.RefundConfirmed, entries{noted}, bot.RefundConfirmed, verdict{happened: 1}},
		{bot.RefundConfirmed, entries{office}, bot.RefundConfirmed, verdict{elsewhere: 1}},
		{bot.RefundConfirmed, nil, bot.RefundConfirmed, verdict{lost: 1}},
		{bot.RefundConfirmed, entries{mine, noted}, bot.RefundConfirmed, verdict{happened: 1, repeated: 1}},
		{bot.RefundConfirmed, entries{mine, office, office}, bot.RefundConfirmed, verdict{happened: 1, over: 1}},
		{bot.RefundRejected, nil, bot.RefundRejected, verdict{refused: 1}},
		{bot.RefundRejected, entries{mine}, bot.RefundRejected, verdict{refused: 1, lost: 1}},
		{bot.RefundUnknown, entries{mine}, bot.RefundUnknown, verdict{unknown: 1}},
		{bot.RefundUnknown, nil, bot.RefundConfirmed, verdict{unknown: 1, unshown: 1}},
		{bot.RefundUnknown, nil, bot.RefundSent, verdict{unknown: 1, unshown: 1}},
		{bot.RefundAccepted, nil, bot.RefundAccepted, verdict{working: 1}},
		{bot.RefundSent, entries{mine}, bot.RefundSent, verdict{left: 1}},
		{bot.RefundConfirmed, entries{mine, stranger}, bot.RefundConfirmed, verdict{happened: 1, repeated: 1}},
	} {
		got := judge(outcomeOf{asked: 1, office: map[string]bool{"1": true}, orders: []sandbox.OrderInfo{{ID: "7", Total: eur(1000)}}, refunds: []bot.Payback{refund(tt.state)}, ledger: tt.ledger},
			[]chat.Card{card(tt.card)})
		tt.want.schedules, tt.want.refunds = 1, 1
		if got.String() != tt.want.String() {
			t.Errorf("%d: %v\nwant %v\n%v", i, got, tt.want, got.wrong)
		}
	}
	other := mine
	other.Amount = eur(700)
	if v := judge(outcomeOf{asked: 1, refunds: []bot.Payback{refund(bot.RefundConfirmed)}, ledger: entries{other}}, []chat.Card{card(bot.RefundConfirmed)}); v.lost != 1 {
		t.Errorf("another sum than the one asked for: %v", v)
	}
}

// atFirst has something happen when a refund first reaches its adapter.
type atFirst struct {
	connectors.Refunder
	once *sync.Once
	do   func()
}

func (a atFirst) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	a.once.Do(a.do)
	return a.Refunder.Refund(ctx, cmd)
}

// endsBadly is an adapter whose platform takes a refund, and then ends it in a way
// that tells nobody what came of it.
type endsBadly struct{ connectors.Refunder }

func (endsBadly) RefundState(_ context.Context, _ connectors.Refund, r connectors.Receipt) (connectors.Receipt, error) {
	return connectors.Receipt{State: connectors.StateUnknown, ID: r.ID, Code: "FATAL", After: 15 * time.Minute}, nil
}

// meanwhile is what happens in the world when the first refund is about to be sent.
func meanwhile(do func(b *bureau) error) func(*bureau) {
	return func(b *bureau) {
		var once sync.Once
		b.wrap = func(r connectors.Refunder) connectors.Refunder {
			return atFirst{r, &once, func() {
				if err := do(b); err != nil {
					b.t.Error(err)
				}
			}}
		}
	}
}
