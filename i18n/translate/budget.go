package translate

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// errBudget: the call would go over what a month may cost.
var errBudget = errors.New("the month's budget has no room for it")

// purse holds an engine to its month's budget. The ledger knows what all
// replicas spent; what this process spent counts even when the ledger fails.
type purse struct {
	engine string
	rule   Rule
	ledger Ledger
	log    *slog.Logger
	tell   func(engine string, percent int)

	mu    sync.Mutex
	month time.Time
	// letters and cost are what is known to be spent in month, waiting what calls
	// under way will have spent.
	letters, cost               int64
	waitingLetters, waitingCost int64
	told                        int
}

func monthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func (p *purse) bounded() bool { return p.rule.MonthLetters > 0 || p.rule.MonthCost > 0 }

// reserve sets letters aside before a call; each one that it lets through has to
// be settled.
func (p *purse) reserve(ctx context.Context, now time.Time, letters int64) error {
	if !p.bounded() {
		return nil
	}
	month := monthOf(now)
	var spentLetters, spentCost int64
	if p.ledger != nil {
		var err error
		if spentLetters, spentCost, err = p.ledger.Spent(ctx, p.engine, month); err != nil {
			p.log.WarnContext(ctx, "translation ledger does not answer: the budget goes by what this process spent", "engine", p.engine, "err", err)
		}
	}
	p.mu.Lock()
	p.turn(month)
	p.letters, p.cost = max(p.letters, spentLetters), max(p.cost, spentCost)
	cost := p.rule.cost(letters)
	over := func(limit, n int64) bool { return limit > 0 && n > limit }
	if over(p.rule.MonthLetters, p.letters+p.waitingLetters+letters) || over(p.rule.MonthCost, p.cost+p.waitingCost+cost) {
		level := p.reached(100)
		p.mu.Unlock()
		p.say(level)
		return errBudget
	}
	p.waitingLetters += letters
	p.waitingCost += cost
	level := p.reached(p.percent())
	p.mu.Unlock()
	p.say(level)
	return nil
}

// settle ends a reservation with what the call really cost.
func (p *purse) settle(now time.Time, letters, cost int64) {
	if !p.bounded() {
		return
	}
	p.mu.Lock()
	p.waitingLetters -= letters
	p.waitingCost -= p.rule.cost(letters)
	p.turn(monthOf(now))
	p.letters += letters
	p.cost += cost
	level := p.reached(p.percent())
	p.mu.Unlock()
	p.say(level)
}

// giveBack ends a reservation whose call was never made.
func (p *purse) giveBack(letters int64) {
	if !p.bounded() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waitingLetters -= letters
	p.waitingCost -= p.rule.cost(letters)
}

// turn begins a month. p.mu is held.
func (p *purse) turn(month time.Time) {
	if month.After(p.month) {
		p.month, p.letters, p.cost, p.told = month, 0, 0, 0
	}
}

// percent is how much of the tighter limit is spent. p.mu is held.
func (p *purse) percent() int64 {
	var out int64
	if p.rule.MonthLetters > 0 {
		out = p.letters * 100 / p.rule.MonthLetters
	}
	if p.rule.MonthCost > 0 {
		out = max(out, p.cost*100/p.rule.MonthCost)
	}
	return out
}

// spent is how much of the budget is used, in per cent, for a health check.
func (p *purse) spent(ctx context.Context, now time.Time) int {
	if err := p.reserve(ctx, now, 0); err == nil { // looks into the ledger
		p.giveBack(0)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.percent())
}

// reached is a level to tell of for the first time this month, or 0. p.mu is held.
func (p *purse) reached(percent int64) int {
	for _, level := range []int{100, 80} {
		if percent >= int64(level) && p.told < level {
			p.told = level
			return level
		}
	}
	return 0
}

// say is called without p.mu: whoever listens may take his time.
func (p *purse) say(level int) {
	if level > 0 && p.tell != nil {
		p.tell(p.engine, level)
	}
}
