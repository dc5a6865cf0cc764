package tracking

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Options are what [Services] is made of. Zero values choose a default.
type Options struct {
	// Trackers are the services in the order in which they are asked: the first is
	// the one that is paid for to answer, the others stand by.
	Trackers []Tracker
	// Wait bounds what one service may take of a question.
	Wait time.Duration
	// Failures in a row switch a service off for Rest.
	Failures int
	Rest     time.Duration
	// Ledger remembers registrations beyond this process; nil: the services' own
	// "already registered" has to do after a restart.
	Ledger Ledger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Ledger remembers which parcels were registered with which service.
type Ledger interface {
	Registered(ctx context.Context, service, number string) (bool, error)
	Keep(ctx context.Context, service, number string) error
}

// Answer is what became of a question.
type Answer struct {
	Track Track
	// Service is which one answered.
	Service string
	// Backup: it was not the first, and Why is what was wrong with the first.
	Backup bool
	Why    error
}

// ErrNone: there is no service to be asked.
var ErrNone = errors.New("tracking: no service is configured")

// Services are the seller's tracking services: when one fails, the next answers.
type Services struct {
	channels []*channel
	wait     time.Duration
	ledger   Ledger
	log      *slog.Logger
}

// channel is one service, its breaker, and what was registered with it.
type channel struct {
	Tracker
	breaker breaker
	mu      sync.Mutex
	known   map[string]bool
	flights map[string]*flight
}

type flight struct {
	done chan struct{}
	err  error
}

// knownMost bounds what is remembered in memory.
const knownMost = 50_000

// NewServices makes services; without any tracker it answers with [ErrNone].
func NewServices(o Options) *Services {
	if o.Wait <= 0 {
		o.Wait = 12 * time.Second
	}
	if o.Failures <= 0 {
		o.Failures = 3
	}
	if o.Rest <= 0 {
		o.Rest = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Services{wait: o.Wait, ledger: o.Ledger, log: o.Log}
	for _, t := range o.Trackers {
		s.channels = append(s.channels, &channel{Tracker: t, known: map[string]bool{}, flights: map[string]*flight{},
			breaker: breaker{most: o.Failures, rest: o.Rest, now: o.Now}})
	}
	return s
}

// Names are the services' names, the first first.
func (s *Services) Names() []string {
	var out []string
	for _, c := range s.channels {
		out = append(out, c.Name())
	}
	return out
}

// Status tells where a parcel is. A parcel that a service does not know is
// registered there once; until the carrier has told of it, its state is pending.
func (s *Services) Status(ctx context.Context, p Parcel) (Answer, error) {
	var a Answer
	err := s.each(ctx, func(ctx context.Context, c *channel) (err error) {
		a.Track, err = s.ask(ctx, c, p)
		return err
	}, &a)
	return a, err
}

// Register makes a service look after a parcel: the first that takes it.
func (s *Services) Register(ctx context.Context, p Parcel) (Answer, error) {
	var a Answer
	err := s.each(ctx, func(ctx context.Context, c *channel) error {
		a.Track = pending(c, p)
		return s.register(ctx, c, p)
	}, &a)
	return a, err
}

// Detect lists carriers for a number, by the first service that can tell.
func (s *Services) Detect(ctx context.Context, number string) ([]string, Answer, error) {
	var a Answer
	var codes []string
	err := s.each(ctx, func(ctx context.Context, c *channel) (err error) {
		codes, err = c.Detect(ctx, number)
		return err
	}, &a)
	return codes, a, err
}

// Push reads a delivery of a service.
func (s *Services) Push(service string, h http.Header, raw []byte) ([]Track, error) {
	for _, c := range s.channels {
		if c.Name() == service {
			return c.VerifyPush(h, raw)
		}
	}
	return nil, &Error{Kind: NotFound, Service: service, Op: "push"}
}

// each asks one service after the other until one answers.
func (s *Services) each(ctx context.Context, ask func(context.Context, *channel) error, a *Answer) error {
	if len(s.channels) == 0 {
		return ErrNone
	}
	var first error
	for i, c := range s.channels {
		err := s.try(ctx, c, ask)
		if err == nil {
			a.Service, a.Backup, a.Why = c.Name(), i > 0, first
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
		s.log.WarnContext(ctx, "a tracking service did not answer", "service", c.Name(), "kind", KindOf(err).String(), "err", err)
		if first == nil {
			first = err
		} else {
			// The kind stays that of the first: it is the one to be mended.
			first = fmt.Errorf("%w; then %w", first, err)
		}
	}
	return first
}

// try asks one service, unless its breaker is open.
func (s *Services) try(ctx context.Context, c *channel, ask func(context.Context, *channel) error) error {
	ok, rest := c.breaker.enter()
	if !ok {
		return &Error{Kind: Down, Service: c.Name(), Code: "resting", RetryAfter: rest}
	}
	inner, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	err := ask(inner, c)
	said := worked
	switch {
	case err == nil:
	case ctx.Err() != nil:
		said = nothing
	default:
		switch KindOf(err) {
		case Invalid, NotFound, Unsupported:
		default:
			said = failed
		}
	}
	c.breaker.leave(said)
	return err
}

// ask reads a parcel's state from one service, and registers it there first if
// the service does not know it.
func (s *Services) ask(ctx context.Context, c *channel, p Parcel) (Track, error) {
	t, err := c.Status(ctx, p)
	if err == nil || KindOf(err) != NotFound {
		return t, err
	}
	if err := s.register(ctx, c, p); err != nil {
		return Track{}, err
	}
	if t, err = c.Status(ctx, p); KindOf(err) == NotFound && err != nil {
		return pending(c, p), nil
	}
	return t, err
}

func pending(c *channel, p Parcel) Track {
	return Track{Number: Normalise(p.Number), Carrier: p.Carrier, State: StatePending, Service: c.Name()}
}

// register registers a parcel with one service, once: of several who ask at the
// same time one does it, and what worked is remembered.
func (s *Services) register(ctx context.Context, c *channel, p Parcel) error {
	number := Normalise(p.Number)
	for {
		c.mu.Lock()
		if c.known[number] {
			c.mu.Unlock()
			return nil
		}
		f := c.flights[number]
		if f == nil {
			f = &flight{done: make(chan struct{})}
			c.flights[number] = f
			c.mu.Unlock()
			f.err = s.pay(ctx, c, p, number)
			c.mu.Lock()
			delete(c.flights, number)
			if f.err == nil {
				if len(c.known) >= knownMost {
					clear(c.known)
				}
				c.known[number] = true
			}
			c.mu.Unlock()
			close(f.done)
			return f.err
		}
		c.mu.Unlock()
		select {
		case <-f.done:
			if f.err != nil && ctx.Err() == nil && errors.Is(f.err, context.Canceled) {
				continue // the one who did it has left; the next does it
			}
			return f.err
		case <-ctx.Done():
			return &Error{Kind: Down, Service: c.Name(), Op: "register", Code: "cancelled", Err: ctx.Err()}
		}
	}
}

func (s *Services) pay(ctx context.Context, c *channel, p Parcel, number string) error {
	if s.ledger != nil {
		there, err := s.ledger.Registered(ctx, c.Name(), number)
		if err != nil {
			return fmt.Errorf("tracking: reading the registrations: %w", err)
		}
		if there {
			return nil
		}
	}
	errs := c.Register(ctx, []Parcel{p})
	if len(errs) != 1 {
		return &Error{Kind: Unsure, Service: c.Name(), Op: "register", Code: "not_told"}
	}
	if errs[0] == nil && s.ledger != nil {
		if err := s.ledger.Keep(ctx, c.Name(), number); err != nil {
			return fmt.Errorf("tracking: keeping the registration: %w", err)
		}
	}
	return errs[0]
}
