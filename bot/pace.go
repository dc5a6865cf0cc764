package bot

import (
	"sync"
	"time"

	"helloworld/bot/chat"
)

// pacer keeps the desk below each network's limits: so long between two posts at
// one place, so many a minute, so long between any two.
type pacer struct {
	now func() time.Time

	mu     sync.Mutex
	places map[string]*slot
	chats  map[string]*slot
	swept  time.Time
}

// slot is when the next post may go, and when the last ones went.
type slot struct {
	next time.Time
	// until is how long the network told us to be quiet here.
	until time.Time
	// promised is the latest time that somebody was told to come back at.
	promised time.Time
	// past holds the last posts of a minute, oldest first.
	past []time.Time
}

// minute is a little more than 60 s, since two clocks count.
const minute = 61 * time.Second

func newPacer(now func() time.Time) *pacer {
	return &pacer{now: now, places: map[string]*slot{}, chats: map[string]*slot{}}
}

// take reserves the right to post. If that is within the caller's patience, it
// tells how long to sit still before posting. If not, it reserves nothing and
// tells when to come back: each who has to wait is given a time of their own,
// for if all came back together, all but one would have come in vain.
func (p *pacer) take(at chat.Place, l chat.Limits, every, patience time.Duration) (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if every == 0 && l.PerMinute == 0 && l.Overall == 0 {
		// Nothing is counted here; only a network that said stop is heeded.
		if s := p.places[at.Key()]; s != nil {
			wait = max(0, s.until.Sub(now))
		}
		return wait, wait <= 0
	}
	p.sweep(now)
	place, all := slotOf(p.places, at.Key()), slotOf(p.chats, at.Chat)
	wait = max(0, place.next.Sub(now), place.until.Sub(now), all.next.Sub(now))
	if l.PerMinute > 0 {
		for len(place.past) > 0 && now.Sub(place.past[0]) >= minute {
			place.past = place.past[1:]
		}
		if len(place.past) >= l.PerMinute {
			wait = max(wait, minute-now.Sub(place.past[len(place.past)-l.PerMinute]))
		}
	}
	if wait > patience {
		back := now.Add(wait)
		if t := place.promised.Add(every); t.After(back) {
			back = t
		}
		place.promised = back
		return back.Sub(now), false
	}
	due := now.Add(wait)
	place.next, all.next = due.Add(every), due.Add(l.Overall)
	if l.PerMinute > 0 {
		place.past = append(place.past, due)
	}
	return wait, true
}

// pause stops posting at a place for as long as the network asked.
func (p *pacer) pause(at chat.Place, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := slotOf(p.places, at.Key())
	if t := p.now().Add(d); t.After(s.until) {
		s.until = t
	}
}

// sweep forgets places where nothing was said for a while.
func (p *pacer) sweep(now time.Time) {
	if now.Sub(p.swept) < minute {
		return
	}
	p.swept = now
	for k, s := range p.places {
		if now.Sub(s.next) > minute && now.Sub(s.until) > 0 && now.Sub(s.promised) > 0 && (len(s.past) == 0 || now.Sub(s.past[len(s.past)-1]) > minute) {
			delete(p.places, k)
		}
	}
}

func slotOf(m map[string]*slot, k string) *slot {
	s := m[k]
	if s == nil {
		s = &slot{}
		m[k] = s
	}
	return s
}
