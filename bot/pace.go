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
	// past holds the last posts of a minute, oldest first.
	past []time.Time
}

// minute is a little more than 60 s, since two clocks count.
const minute = 61 * time.Second

func newPacer(now func() time.Time) *pacer {
	return &pacer{now: now, places: map[string]*slot{}, chats: map[string]*slot{}}
}

// take reserves the right to post now. If it is not yet time, it reserves
// nothing and tells how long to wait.
func (p *pacer) take(at chat.Place, l chat.Limits, every time.Duration) time.Duration {
	if every == 0 && l.PerMinute == 0 && l.Overall == 0 {
		p.mu.Lock()
		defer p.mu.Unlock()
		return max(p.wait(p.places[at.Key()]), p.wait(p.chats[at.Chat]))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.sweep(now)
	place, all := slotOf(p.places, at.Key()), slotOf(p.chats, at.Chat)
	wait := max(p.wait(place), p.wait(all))
	if l.PerMinute > 0 {
		for len(place.past) > 0 && now.Sub(place.past[0]) >= minute {
			place.past = place.past[1:]
		}
		if len(place.past) >= l.PerMinute {
			wait = max(wait, minute-now.Sub(place.past[len(place.past)-l.PerMinute]))
		}
	}
	if wait > 0 {
		return wait
	}
	place.next, all.next = now.Add(every), now.Add(l.Overall)
	if l.PerMinute > 0 {
		place.past = append(place.past, now)
	}
	return 0
}

// pause stops posting at a place for as long as the network asked.
func (p *pacer) pause(at chat.Place, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := slotOf(p.places, at.Key())
	if t := p.now().Add(d); t.After(s.next) {
		s.next = t
	}
}

func (p *pacer) wait(s *slot) time.Duration {
	if s == nil {
		return 0
	}
	return max(0, s.next.Sub(p.now()))
}

// sweep forgets places where nothing was said for a while.
func (p *pacer) sweep(now time.Time) {
	if now.Sub(p.swept) < minute {
		return
	}
	p.swept = now
	for k, s := range p.places {
		if now.Sub(s.next) > minute && (len(s.past) == 0 || now.Sub(s.past[len(s.past)-1]) > minute) {
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
