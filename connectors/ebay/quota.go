package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"helloworld/connectors"
)

const (
	opLimits     = "limits"
	opUserLimits = "user_limits"
	// quotaEvery is how often eBay is asked how much is left.
	quotaEvery = 15 * time.Minute
	// agentPart is the part of a day's calls that is kept for people.
	agentPart = 0.1
	// startWith and saveUp are how much of the calls of the time to come may be
	// used at the beginning, and be saved up while nothing is asked.
	startWith = 15 * time.Minute
	saveUp    = time.Hour
)

// dayBudget spreads the calls that a day has left over the rest of the day. It
// knows no clock but the times that it is given.
type dayBudget struct {
	limit, left float64
	window      time.Duration
	reset       time.Time
	// credit is what calls for which nobody waits may use now; it grows with time.
	credit float64
	at     time.Time
	// people is what people have used of their part.
	people float64
}

func newDayBudget(limit, left float64, window time.Duration, reset, now time.Time) *dayBudget {
	b := &dayBudget{limit: limit, left: left, window: window, reset: reset, at: now}
	b.credit = max(1, b.rate(now)*startWith.Seconds())
	return b
}

// reserve is what is kept for people: their part, less what they have used of it.
func (b *dayBudget) reserve() float64 { return max(1, b.limit*agentPart-b.people) }

// rate is how many calls a second nobody's calls may make so that they last.
func (b *dayBudget) rate(now time.Time) float64 {
	rest := b.reset.Sub(now).Seconds()
	if rest <= 0 {
		return 0
	}
	return max(0, b.left-b.reserve()) / rest
}

// grow brings the budget up to now; a new day begins whole.
func (b *dayBudget) grow(now time.Time) {
	if !now.Before(b.reset) {
		days := now.Sub(b.reset)/b.window + 1
		b.reset = b.reset.Add(days * b.window)
		b.left, b.at, b.people = b.limit, now, 0
		b.credit = max(1, b.rate(now)*startWith.Seconds())
		return
	}
	if now.After(b.at) {
		r := b.rate(b.at)
		b.credit = min(b.credit+r*now.Sub(b.at).Seconds(), max(1, r*saveUp.Seconds()))
		b.at = now
	}
}

// wait is how long until such a call may be made; 0: now.
func (b *dayBudget) wait(now time.Time, p connectors.Priority) time.Duration {
	b.grow(now)
	end := max(b.reset.Sub(now), time.Second)
	switch {
	case b.left < 1:
		return end
	case p != connectors.Sync:
		return 0
	case b.left-1 < b.reserve():
		return end
	case b.credit >= 1:
		return 0
	}
	r := b.rate(now)
	if r <= 0 {
		return end
	}
	return min(end, time.Duration((1-b.credit)/r*float64(time.Second))+time.Millisecond)
}

// spend takes one call, which wait has allowed.
func (b *dayBudget) spend(p connectors.Priority) {
	b.left--
	if p == connectors.Sync {
		b.credit--
	} else {
		b.people++
	}
}

// told takes over what eBay says. Within a day it can only be less than we
// reckoned: what eBay counts lags behind.
func (b *dayBudget) told(limit, left float64, window time.Duration, reset, now time.Time) {
	b.grow(now)
	if d := reset.Sub(b.reset); d < time.Minute && d > -time.Minute {
		left = min(left, b.left)
	}
	b.limit, b.left, b.window, b.reset = limit, left, window, reset
}

// quotas are the budgets of all that eBay counts, as far as it has said.
type quotas struct {
	mu   sync.Mutex
	next time.Time
	days map[string]*dayBudget
	of   map[string][]resource // by the name of the API
}

type resource struct{ part, name string }

// take counts one call in all budgets that it falls under, or says how long until
// there may be one. It is asked before each attempt, repeated ones as well.
func (q *quotas) take(ctx context.Context, now time.Time, _, path string) error {
	api, parts := apiOf(path)
	p := connectors.PriorityOf(ctx)
	q.mu.Lock()
	defer q.mu.Unlock()
	var under []*dayBudget
	var longest time.Duration
	for _, r := range q.of[api] {
		if r.part == api || slices.Contains(parts, r.part) || slices.Contains(parts, strings.TrimSuffix(r.part, "s")) {
			b := q.days[r.name]
			under = append(under, b)
			longest = max(longest, b.wait(now, p))
		}
	}
	if longest > 0 {
		return &connectors.Error{Kind: connectors.Busy, Platform: Platform, Code: "day_budget", RetryAfter: longest,
			Err: errors.New("the calls that are left today have to last until midnight in California")}
	}
	for _, b := range under {
		b.spend(p)
	}
	return nil
}

// apiOf finds the API in a path, and the words of the path, written as plainly as
// eBay writes the names of what it counts.
func apiOf(path string) (api string, parts []string) {
	words := strings.Split(strings.Trim(path, "/"), "/")
	// The address may have a path of its own before eBay's.
	for len(words) > 0 && !slices.Contains([]string{"sell", "commerce", "developer", "post-order"}, words[0]) {
		words = words[1:]
	}
	if len(words) < 2 {
		return "", nil
	}
	api = plain(words[1])
	if words[0] == "post-order" {
		api = "postorder"
	}
	for _, w := range words[2:] {
		parts = append(parts, plain(w))
	}
	return api, parts
}

func plain(s string) string {
	s = strings.ToLower(s[strings.LastIndexByte(s, '.')+1:])
	for _, verb := range []string{"get", "create"} {
		if rest := strings.TrimPrefix(s, verb); rest != "" {
			s = rest
		}
	}
	return strings.NewReplacer("_", "", "-", "", " ", "", "api", "").Replace(s)
}

// look has eBay asked again before long: it refused what we had believed to be left.
func (q *quotas) look() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next = time.Time{}
}

type wireLimits struct {
	Limits []struct {
		Context   string `json:"apiContext"`
		Name      string `json:"apiName"`
		Resources []struct {
			Name  string `json:"name"`
			Rates []struct {
				Limit  json.Number `json:"limit"`
				Left   json.Number `json:"remaining"`
				Used   json.Number `json:"count"`
				Reset  string      `json:"reset"`
				Window json.Number `json:"timeWindow"`
			} `json:"rates"`
		} `json:"resources"`
	} `json:"rateLimits"`
}

// told takes over what eBay says about a set of limits, and lists it.
func (q *quotas) told(w wireLimits, per string, now time.Time) []connectors.Quota {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.days == nil {
		q.days, q.of = map[string]*dayBudget{}, map[string][]resource{}
	}
	var out []connectors.Quota
	for _, api := range w.Limits {
		for _, r := range api.Resources {
			for _, rate := range r.Rates {
				limit, e1 := rate.Limit.Float64()
				left, e2 := rate.Left.Float64()
				secs, e3 := rate.Window.Int64()
				if e1 != nil || e2 != nil || limit < 0 || left < 0 {
					continue // a limit without numbers binds nobody
				}
				left = min(left, limit)
				name := strings.Trim(api.Context+"."+api.Name, ".") + "/" + r.Name + per
				one := connectors.Quota{Name: name, Limit: limit, Left: left, Used: max(0, limit-left), Told: true}
				if used, err := rate.Used.Float64(); err == nil && used > 0 {
					one.Used = used
				}
				if e3 == nil && secs > 0 && secs < 366*24*3600 {
					one.Window = time.Duration(secs) * time.Second
				}
				if at, err := when(rate.Reset); err == nil {
					one.Resets = at
				}
				out = append(out, one)
				q.pace(one, plain(api.Name), plain(r.Name), now)
			}
		}
	}
	return out
}

// pace makes or mends the budget of a limit that is long enough to be spread.
func (q *quotas) pace(one connectors.Quota, api, part string, now time.Time) {
	if one.Window < time.Hour || !one.Resets.After(now) || one.Limit < 1 {
		return
	}
	name := one.Name + "/" + one.Window.String()
	if b := q.days[name]; b != nil {
		b.told(one.Limit, one.Left, one.Window, one.Resets, now)
		return
	}
	q.days[name] = newDayBudget(one.Limit, one.Left, one.Window, one.Resets, now)
	q.of[api] = append(q.of[api], resource{part, name})
}

// Quotas asks how much is left: of the application's calls, and of those that
// eBay counts for the seller.
func (s *Shop) Quotas(ctx context.Context) ([]connectors.Quota, error) {
	s.quotas.mu.Lock()
	s.quotas.next = s.now().Add(quotaEvery)
	s.quotas.mu.Unlock()
	const address = "/developer/analytics/v1_beta/"
	var out []connectors.Quota
	var first error
	var mine, user wireLimits
	if s.id != "" && s.secret != "" {
		if first = s.readAs(ctx, s.app, opLimits, s.base+address+"rate_limit/", nil, &mine); first == nil {
			out = s.quotas.told(mine, "", s.now())
		}
	}
	err := s.read(ctx, opUserLimits, s.base+address+"user_rate_limit/", nil, &user)
	if err == nil {
		return append(out, s.quotas.told(user, " (seller)", s.now())...), nil
	}
	if len(out) > 0 && first == nil && (scopeMissing(err) || connectors.KindOf(err) == connectors.NotFound) {
		return out, nil // the application's are the ones that bind
	}
	if first != nil {
		return out, first
	}
	return out, err
}

// freshQuotas looks at the quotas now and then, in calls for which nobody waits.
func (s *Shop) freshQuotas(ctx context.Context) {
	if connectors.PriorityOf(ctx) != connectors.Sync {
		return
	}
	s.quotas.mu.Lock()
	due := !s.now().Before(s.quotas.next)
	s.quotas.mu.Unlock()
	if !due {
		return
	}
	if _, err := s.Quotas(ctx); err != nil {
		// Unknown limits bind nobody but eBay, which refuses by itself.
		s.log.DebugContext(ctx, "quotas unknown", "store", s.info.Store, "err", err)
	}
}
