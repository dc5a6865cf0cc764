package bot_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"helloworld/connectors/sandbox"
)

// schedule is what happens to a desk in one run. A seed decides all of it.
type schedule struct {
	seed   uint64
	store  string
	votes  int
	settle time.Duration
	lag    time.Duration // of Amazon's finances
	slow   time.Duration
	// ttl is how long access tokens live.
	ttl    time.Duration
	limits bool
	// mute: what is refused for now is refused without saying until when.
	mute   bool
	totals []int64 // of the orders' first lines, in minor units
	// rich orders have a second line of half as much, and shipping in their price.
	rich bool
	// byHand: a person who is asked looks in the back office, and answers.
	byHand bool
	asks   []ask
	faults []failing
	// jam are levers of the world that are pulled before anything happens.
	jam    []string
	kills  []kill
	office []payment
	// release is when feeds that are stuck go on; 0 means never.
	release time.Duration
	// stray are the calls that arrive after their senders gave up.
	stray map[int]time.Duration
	// drag are spans in which reads take long, so that much time passes between what
	// is written down of a sending and the call itself.
	drag []span
}

// span is a while in which each read waits.
type span struct{ from, to, each time.Duration }

// ask is somebody wanting money given back.
type ask struct {
	order int
	part  int64 // of the total, in percent; 0 means all that is left
	// line and shipping are what it is for, instead of a sum: one of a line, by its
	// number from 1, and shipping.
	line     int
	shipping bool
	at       time.Duration
	// twice: the same command comes a second time, so much later.
	twice bool
	again time.Duration
	// echo: the chat delivers each of its events once more, so much later.
	echo bool
	// press is when the managers press, counted from when the card is there.
	press [2]time.Duration
	// double: the manager's button is pressed twice.
	double [2]bool
	deny   bool
	// own: whoever asked presses too. ignored: nobody else does. lonely: one
	// manager does.
	own, ignored, lonely bool
}

// failing are calls that go wrong.
type failing struct {
	at    time.Duration
	op    string
	kind  string
	times int
}

// kill is the end of a desk's process. The next one begins after rest.
type kill struct {
	// at is when; call, if it is not 0, the call that moves money at which it
	// happens instead, after its effect or before.
	at       time.Duration
	call     int
	answered bool
	// gently: the desk is told to stop, and has no time for it. Otherwise nothing
	// more reaches the database from one moment to the next.
	gently bool
	rest   time.Duration
}

// payment is a refund made in the seller's back office.
type payment struct {
	order int
	part  int64
	at    time.Duration
}

var opsOf = map[string][]string{
	"shopify-main": {"refund", "refund", "refund", "order", "token", ""},
	"ebay-de":      {"refund", "refund", "refund", "order", "token", ""},
	"amazon-jp":    {"refund", "refund", "document", "upload", "feed", "feeds", "transactions", "download", "order", "token", ""},
	"woo-eu":       {"refund", "refund", "refund", "refunds", "order", ""},
}

// newSchedule makes the schedule of a seed.
func newSchedule(store string, seed uint64) schedule {
	rng := rand.New(rand.NewPCG(seed, 1))
	upTo := func(d time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(d))) }
	one := func(of int) bool { return rng.IntN(of) == 0 }
	pick := func(d ...time.Duration) time.Duration { return d[rng.IntN(len(d))] }
	s := schedule{seed: seed, store: store, votes: 1 + rng.IntN(2), stray: map[int]time.Duration{},
		settle: pick(-1, time.Second, 2*time.Second, 20*time.Second, 3*time.Minute, 20*time.Minute),
		lag:    pick(0, 0, time.Minute, time.Hour), slow: pick(2*time.Second, 45*time.Second),
		ttl: pick(0, 0, time.Minute, 5*time.Minute), limits: one(4), mute: one(2), rich: one(2), byHand: one(2)}
	for range 1 + rng.IntN(2) {
		s.totals = append(s.totals, 1000+rng.Int64N(20000))
	}
	for range 1 + rng.IntN(3) {
		a := ask{order: rng.IntN(len(s.totals)), at: upTo(3 * time.Minute), twice: one(3), again: pick(0, 0, time.Millisecond, 90*time.Second),
			press: [2]time.Duration{upTo(time.Minute), upTo(time.Minute)}, double: [2]bool{one(3), one(3)}, deny: one(12), echo: one(3), own: one(6), ignored: one(16), lonely: one(16)}
		switch {
		case s.rich && one(2):
			a.line, a.shipping = rng.IntN(3), one(2)
			a.shipping = a.shipping || a.line == 0
		case !one(3):
			a.part = []int64{10, 25, 25, 50}[rng.IntN(4)]
		}
		if one(3) {
			a.press[1] = a.press[0] // both at once
		}
		s.asks = append(s.asks, a)
	}
	for range rng.IntN(5) {
		ops := opsOf[store]
		f := failing{at: upTo(4 * time.Minute), op: ops[rng.IntN(len(ops))], kind: sandbox.Kinds[rng.IntN(len(sandbox.Kinds))], times: 1 + rng.IntN(3)}
		if one(2) {
			f.at = 0
		}
		s.faults = append(s.faults, f)
	}
	for range rng.IntN(4) {
		k := kill{at: upTo(5 * time.Minute), gently: one(2), rest: pick(0, time.Millisecond, 20*time.Second, 2*time.Minute, 10*time.Minute)}
		if one(2) {
			k.call, k.answered = 1+rng.IntN(3), one(2)
		}
		s.kills = append(s.kills, k)
	}
	if one(5) {
		s.stray[1+rng.IntN(4)] = pick(time.Millisecond, 5*time.Second, 45*time.Second)
	}
	if one(4) {
		x := payment{order: rng.IntN(len(s.totals)), part: []int64{7, 10, 25, 50, 100}[rng.IntN(5)], at: upTo(5 * time.Minute)}
		if a := s.asks[rng.IntN(len(s.asks))]; one(2) && a.part > 0 { // of the very same sum, at about the same time
			x = payment{order: a.order, part: a.part, at: a.at + a.press[rng.IntN(2)] + upTo(2*time.Minute)}
		}
		s.office = append(s.office, x)
	}
	if store == "woo-eu" && one(8) {
		s.jam = append(s.jam, sandbox.JamGateway)
	}
	if store == "amazon-jp" {
		switch {
		case one(8):
			s.jam = append(s.jam, sandbox.JamFeedFatal)
		case one(8):
			s.jam = append(s.jam, sandbox.JamFeedStuck)
			s.release = pick(0, 5*time.Minute, 40*time.Minute)
		}
	}
	if one(4) {
		from := upTo(4 * time.Minute)
		s.drag = append(s.drag, span{from, from + upTo(5*time.Minute), pick(5*time.Second, 25*time.Second)})
	}
	return s
}

func (s schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d on %s: votes %d, settle %v, finances %v late, slow %v, tokens %v, limits %v, mute %v, totals %v, rich %v, by hand %v, jam %v until %v, stray %v",
		s.seed, s.store, s.votes, s.settle, s.lag, s.slow, s.ttl, s.limits, s.mute, s.totals, s.rich, s.byHand, s.jam, s.release, s.stray)
	for _, x := range s.drag {
		fmt.Fprintf(&b, "\n  drag %+v", x)
	}
	for _, x := range s.asks {
		fmt.Fprintf(&b, "\n  ask %+v", x)
	}
	for _, x := range s.faults {
		fmt.Fprintf(&b, "\n  fault %+v", x)
	}
	for _, x := range s.kills {
		fmt.Fprintf(&b, "\n  kill %+v", x)
	}
	for _, x := range s.office {
		fmt.Fprintf(&b, "\n  back office %+v", x)
	}
	return b.String()
}
