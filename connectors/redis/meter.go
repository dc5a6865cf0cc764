package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"helloworld/connectors"
)

const (
	// dial and answer bound what a caller waits for a Redis that is not there.
	dial   = 500 * time.Millisecond
	answer = 300 * time.Millisecond
	// beat is how often a replica says that it is there, and gone how long it is
	// believed.
	beat = 2 * time.Second
	gone = 7 * time.Second
)

// Options are what a [Meter] may be told. The zero value will do.
type Options struct {
	Log *slog.Logger
	// Prefix stands before all keys, for several desks on one Redis. Empty means "desk".
	Prefix string
	// ID is this replica's, unlike any other's. Empty makes one by chance.
	ID string
}

// Meter shares budgets through Redis.
type Meter struct {
	rdb      *redis.Client
	limiter  *redis_rate.Limiter
	prefix   string
	id       string
	log      *slog.Logger
	replicas atomic.Int64
	down     atomic.Bool
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

var _ connectors.Meter = (*Meter)(nil)

// Open makes a meter for the Redis at an address like redis://:password@host:6379/0.
// An address that cannot be read is an error. A Redis that does not answer is
// not: it is said in the log, and used once it is there. Close the meter.
func Open(ctx context.Context, address string, o Options) (*Meter, error) {
	opt, err := redis.ParseURL(address)
	if err != nil {
		// The cause may repeat the address, and with it the password.
		return nil, errors.New("redis: the address cannot be read: want redis://host:6379 or rediss://user:password@host:6379/0")
	}
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout, opt.PoolTimeout = dial, answer, answer, answer
	opt.MaxRetries, opt.DialerRetries = -1, 1
	opt.ContextTimeoutEnabled = true
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Prefix == "" {
		o.Prefix = "desk"
	}
	if o.ID == "" {
		o.ID = rand.Text()
	}
	quiet()
	rdb := redis.NewClient(opt)
	m := &Meter{rdb: rdb, limiter: redis_rate.NewLimiter(rdb), prefix: o.Prefix, id: o.ID, log: o.Log}
	m.replicas.Store(1)
	m.count(ctx)
	ctx, m.cancel = context.WithCancel(context.WithoutCancel(ctx))
	m.done.Go(func() { m.beats(ctx) })
	return m, nil
}

// quiet keeps the library from writing to stderr past our log: what fails comes
// back as an error anyhow. It has but one place for that, for all clients.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// Close takes this replica out of the count.
func (m *Meter) Close() error {
	m.cancel()
	m.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), answer)
	defer cancel()
	_ = m.rdb.ZRem(ctx, m.prefix+":replicas", m.id).Err() // else it fades by itself
	if err := m.rdb.Close(); err != nil {
		return fmt.Errorf("redis: closing: %w", err)
	}
	return nil
}

// Take asks for n permits of a budget.
func (m *Meter) Take(ctx context.Context, budget string, b connectors.Bucket, n int) (time.Duration, error) {
	if !(b.Rate > 0) || n <= 0 {
		return 0, nil
	}
	r, err := m.limiter.AllowN(ctx, m.prefix+":"+budget, redis_rate.Limit{
		// One permit in so much time says any rate, also one of few a day.
		Rate: 1, Period: time.Duration(float64(time.Second) / b.Rate), Burst: max(b.Burst, n),
	}, n)
	if err != nil {
		return 0, fmt.Errorf("redis: taking a permit: %w", err)
	}
	if r.Allowed >= n {
		return 0, nil
	}
	return max(r.RetryAfter, time.Millisecond), nil
}

// Share is one over the number of replicas that were last seen.
func (m *Meter) Share() float64 { return 1 / float64(max(1, m.replicas.Load())) }

// Replicas is how many replicas were last seen, this one among them.
func (m *Meter) Replicas() int { return int(m.replicas.Load()) }

func (m *Meter) beats(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			m.count(ctx)
		}
	}
}

// present says that a replica is there, forgets those long silent, and counts,
// all by Redis' clock.
var present = redis.NewScript(`
local t = redis.call("TIME")
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
redis.call("ZADD", KEYS[1], now, ARGV[1])
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now - tonumber(ARGV[2]))
redis.call("EXPIRE", KEYS[1], 3600)
return redis.call("ZCARD", KEYS[1])
`)

func (m *Meter) count(ctx context.Context) {
	n, err := present.Run(ctx, m.rdb, []string{m.prefix + ":replicas"}, m.id, gone.Seconds()).Int64()
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		if !m.down.Swap(true) {
			m.log.Warn("redis does not answer: budgets are kept by each replica for itself", "share", m.Share(), "err", err)
		}
		return // who was there is believed to be there still
	}
	if m.down.Swap(false) {
		m.log.Info("redis answers again", "replicas", n)
	}
	m.replicas.Store(max(1, n))
}
