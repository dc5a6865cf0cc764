package bot_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// looksLong is what a look that takes long waits for.
type looksLong struct {
	sent   atomic.Int64
	absent atomic.Bool
}

// onceAbsent is an adapter that tells refunds apart only by what it was told. When
// the first that was sent seemed absent, the next look for it lasts until another one
// is sent, or a minute.
type onceAbsent struct {
	connectors.Refunder
	*looksLong
}

func (onceAbsent) OneByOne() bool { return true }

func (a onceAbsent) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	a.sent.Add(1)
	return a.Refunder.Refund(ctx, cmd)
}

func (a onceAbsent) RefundState(ctx context.Context, cmd connectors.Refund, had connectors.Receipt) (connectors.Receipt, error) {
	if a.absent.Load() {
		for i := 0; i < 60 && a.sent.Load() < 2; i++ {
			time.Sleep(time.Second)
		}
		time.Sleep(5 * time.Second)
	}
	r, err := a.Refunder.RefundState(ctx, cmd, had)
	if err == nil && r.State == connectors.StateAbsent {
		a.absent.Store(true)
	}
	return r, err
}

// TestSchedulesThatWereWrong are the schedules in which something was wrong once.
func TestSchedulesThatWereWrong(t *testing.T) {
	t.Parallel()
	press := [2]time.Duration{time.Second, time.Second}
	for i, tt := range []struct {
		what string
		schedule
		check     func(verdict) error
		meanwhile func(*bureau)
	}{
		{"a refund that the finances do not show yet is taken for the next one, whose feed never arrived",
			schedule{seed: 189, store: "amazon-jp", votes: 1, settle: time.Second, lag: 3 * time.Minute, totals: []int64{20195},
				asks:   []ask{{part: 25, press: press}, {part: 25, at: 30 * time.Second, press: press}},
				faults: []failing{{at: 25 * time.Second, op: "refund", kind: sandbox.Timeout, times: 1}}},
			func(v verdict) error {
				if v.happened != 2 {
					return fmt.Errorf("both should have happened: %v", v)
				}
				return nil
			}, nil},
		{"what the finances do not show yet can be asked for once more",
			schedule{seed: 189, store: "amazon-jp", votes: 1, settle: time.Second, lag: time.Hour, totals: []int64{20195},
				asks: []ask{{press: press}, {at: time.Minute, press: press}}},
			func(v verdict) error {
				if v.refunds != 1 || v.happened != 1 {
					return fmt.Errorf("the second should have been refused before anybody was asked: %v", v)
				}
				return nil
			}, nil},
		{"what the back office gave back while a feed lay at the platform is taken for what the feed gave back",
			schedule{seed: 9208, store: "amazon-jp", votes: 1, settle: 20 * time.Minute, lag: 10 * time.Minute, totals: []int64{6772},
				asks: []ask{{part: 25, press: press}, {at: 45 * time.Minute, press: press}}, office: []payment{{part: 25, at: 90 * time.Second}}},
			func(v verdict) error {
				if v.happened != 2 {
					return fmt.Errorf("both should have happened: %v", v)
				}
				return nil
			}, nil},
		{"a second attempt ends with its process, and is looked for only about the time of the first",
			schedule{seed: 354, store: "amazon-jp", votes: 1, settle: 20 * time.Minute, totals: []int64{12235},
				asks: []ask{{part: 50, press: press}}, faults: []failing{{op: "refund", kind: sandbox.Timeout, times: 1}, {at: time.Minute, op: "refund", kind: sandbox.Throttled, times: 2}},
				kills: []kill{{call: 4, answered: true, rest: 20 * time.Second}}},
			func(v verdict) error {
				if v.happened != 1 || v.kills != 1 {
					return fmt.Errorf("it should have happened, and the desk ended once: %v", v)
				}
				return nil
			}, nil},
		{"a refusal is taken for doubt, because it was only just sent, and sent again for ever",
			schedule{seed: 1, store: "ebay-de", votes: 1, settle: -1, totals: []int64{5990}, asks: []ask{{part: 50, press: press}}},
			func(v verdict) error {
				if v.refused != 1 || v.sent != 1 {
					return fmt.Errorf("it should have been refused at once, and was sent %d times: %v", v.sent, v)
				}
				return nil
			}, meanwhile(func(b *bureau) error {
				_, err := b.world.AddReturn(sandbox.NewReturn{Store: b.plan.store, Order: b.orders[0].Number, Kind: "claim"})
				return err
			})},
		{"an adapter reads for long before it sends, its process ends, and the call comes in late",
			schedule{seed: 1, store: "woo-eu", votes: 1, settle: -1, totals: []int64{5990}, asks: []ask{{part: 50, press: press}},
				kills: []kill{{call: 1}}, stray: map[int]time.Duration{1: 45 * time.Second}},
			func(v verdict) error {
				if v.happened != 1 || v.sent != 1 || v.kills != 1 {
					return fmt.Errorf("it should have happened, and the desk ended once: %v", v)
				}
				return nil
			}, meanwhile(func(b *bureau) error { return b.world.Fail(b.plan.store, "refunds", sandbox.Timeout, 3) })},
		{"what was accepted and ended without a word is shown as worked on for ever, and nobody is asked",
			schedule{seed: 1, store: "amazon-jp", votes: 1, settle: time.Second, totals: []int64{5990}, byHand: true, asks: []ask{{part: 50, press: press}}},
			func(v verdict) error {
				if v.happened != 1 || v.byHand != 1 {
					return fmt.Errorf("a person should have been asked: %v", v)
				}
				return nil
			}, func(b *bureau) { b.wrap = func(r connectors.Refunder) connectors.Refunder { return endsBadly{r} } }},
		{"one that was sent before is looked for beside the sending of another, whose feed it takes for its own",
			schedule{seed: 1176, store: "amazon-jp", votes: 1, settle: time.Minute, totals: []int64{12000, 9000},
				asks:   []ask{{order: 1, press: press}, {part: 25, at: 30 * time.Second, press: press}},
				faults: []failing{{op: "refund", kind: sandbox.Timeout, times: 1}, {at: time.Minute, op: "refund", kind: sandbox.Lost, times: 1}},
				office: []payment{{order: 1, part: 50, at: 90 * time.Second}}},
			func(v verdict) error {
				if v.happened != 1 || v.refused != 1 || v.sent != 2 {
					return fmt.Errorf("the one should have been given up, and the other have happened at once; %d sent: %v", v.sent, v)
				}
				return nil
			}, func(b *bureau) {
				l := &looksLong{}
				b.wrap = func(r connectors.Refunder) connectors.Refunder { return onceAbsent{r, l} }
			}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			v := runSchedule(t, tt.schedule, tt.meanwhile)
			if err := tt.check(v); err != nil || len(v.wrong) > 0 {
				t.Errorf("%s: %v\n%v\n%v", tt.what, err, tt.schedule, v.wrong)
			}
		})
	}
}
