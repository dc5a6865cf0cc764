package translate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// runner is an engine with what was learnt about it: which form of token it
// keeps, which languages it has not, whether it is resting and what it has spent.
type runner struct {
	engine  Engine
	place   int // among the engines
	rule    Rule
	now     func() time.Time
	log     *slog.Logger
	timeout time.Duration
	ledger  Ledger
	purse   *purse
	breaker breaker
	probing flights[struct{}]

	// mu is never held during a call: a slow engine must not hold up those who
	// only want to know whether to ask it.
	mu sync.Mutex
	// forms are indexes into tokenForms that survived; none means refused.
	forms  []int
	noPair map[string]time.Time
}

// model is what the engine runs on, for those that say.
func (r *runner) model() string {
	if m, ok := r.engine.(Modelled); ok {
		return m.Model()
	}
	return ""
}

// probeText has facts where engines like to lose them: at the start, in the
// middle and at the end.
func probeText(f tokenForm) string {
	return f.make(0) + " is the order number, " + f.make(1) + " is the amount and the date is " + f.make(2)
}

// These never reach an engine.
var (
	errResting = errors.New("resting after failures")
	errForgets = errors.New("keeps no form of token")
	errNoPair  = errors.New("does not know the languages")
)

func (r *runner) known() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.forms
}

// ready finds out, once, which token forms the engine keeps. All are asked in
// one batch, by one caller for all that wait.
func (r *runner) ready(ctx context.Context, from, to language.Tag) error {
	if len(r.known()) > 0 {
		return nil
	}
	_, err := r.probing.do(ctx, "", func(ctx context.Context) (struct{}, error) { return struct{}{}, r.probe(ctx, from, to) })
	return err
}

func (r *runner) probe(ctx context.Context, from, to language.Tag) error {
	if len(r.known()) > 0 {
		return nil // between the look and the question someone else has found out
	}
	batch := make([]Segment, len(tokenForms))
	for i, f := range tokenForms {
		batch[i] = Segment{Text: probeText(f)}
	}
	answers, err := r.call(ctx, batch, from, to)
	if err != nil {
		return err
	}
	var forms []int
	for i, f := range tokenForms {
		got := restore(normalise(answers[i]), []string{"a", "b", "c"}, f, 0)
		if got.stray == "" && got.seen[0] == 1 && got.seen[1] == 1 && got.seen[2] == 1 {
			forms = append(forms, i)
		}
	}
	if len(forms) == 0 {
		r.breaker.rest(r.now().Add(refusedFor))
		r.log.WarnContext(ctx, "translation engine refused: it changes every form of token", "engine", r.engine.Name())
		return errForgets
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forms = forms
	return nil
}

// Probed is what a try-out found about an engine.
type Probed struct {
	Engine, Model string
	// From and To are the languages it was tried with.
	From, To language.Tag
	// Forms are the forms of token that it keeps.
	Forms []string
	// Local: it may see what must not leave this machine.
	Local bool
	// Spent is how much of its month's budget is used, in per cent; -1: it has none.
	Spent int
	// Code is the finding that says what Err means; empty without an error.
	Code string
	Err  error
}

// Probe tries out every engine between two languages, or two that it is for, for
// a health check. What it learns is used from then on; an engine known to work
// is not asked again.
func (p *Pipeline) Probe(ctx context.Context, from, to language.Tag) []Probed {
	out := make([]Probed, 0, len(p.engines))
	for _, r := range p.engines {
		x := Probed{Engine: r.engine.Name(), Model: r.model(), Local: r.rule.Local, Spent: -1}
		x.From, x.To = r.rule.sample(from, to)
		if x.Err = r.ready(ctx, x.From, x.To); x.Err != nil {
			x.Code = codeOf(x.Err)
		}
		for _, i := range r.known() {
			x.Forms = append(x.Forms, tokenForms[i].name)
		}
		if r.purse.bounded() {
			x.Spent = r.purse.spent(ctx, r.now())
		}
		out = append(out, x)
	}
	return out
}

// call is one call within budget and time limit, counted, whose answer has as
// many texts as asked.
func (r *runner) call(ctx context.Context, batch []Segment, from, to language.Tag) ([]string, error) {
	var letters int64
	for _, s := range batch {
		letters += int64(utf8.RuneCountInString(s.Text))
	}
	start := r.now()
	pair := base(from) + ">" + to.String()
	if r.lacks(pair, start) {
		return nil, errNoPair
	}
	if err := r.purse.reserve(ctx, start, letters); err != nil {
		return nil, err
	}
	turn, ok := r.breaker.enter(start)
	if !ok {
		r.purse.giveBack(letters)
		return nil, errResting
	}
	out, err := r.ask(ctx, batch, from, to)
	end := r.now()
	if rest := r.breaker.leave(turn, end, err, ctx.Err() != nil); rest > 0 {
		r.log.WarnContext(ctx, "translation engine rests", "engine", r.engine.Name(), "kind", KindOf(err).String(), "for", rest.String())
	}
	if err != nil && KindOf(err) == NoPair {
		r.mu.Lock()
		r.noPair[pair] = end.Add(noPairFor)
		r.mu.Unlock()
	}
	u := Usage{Engine: r.engine.Name(), From: from, To: to, At: start, Letters: letters, Cost: r.rule.cost(letters), Currency: r.rule.Currency, Took: end.Sub(start)}
	if err != nil {
		u.Failed = KindOf(err).String()
		if unpaid(KindOf(err)) {
			u.Cost = 0
		}
	}
	r.purse.settle(end, u.Letters, u.Cost)
	r.count(ctx, u)
	return out, err
}

// unpaid: the engine refused before it did anything that it would charge for. A
// call that was cut off may well be on the bill.
func unpaid(k ErrorKind) bool {
	return k == Busy || k == Denied || k == Quota || k == NoPair || k == TooLong
}

func (r *runner) lacks(pair string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.noPair[pair])
}

// ask calls the engine. An error that says nothing of itself gets a kind.
func (r *runner) ask(ctx context.Context, batch []Segment, from, to language.Tag) (out []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	defer func() {
		// An engine's fault must not end the desk. What it says may hold text.
		if p := recover(); p != nil {
			out, err = nil, &EngineError{Kind: BadAnswer, Engine: r.engine.Name(), Err: fmt.Errorf("it panicked with a %T", p)}
		}
	}()
	out, err = r.engine.Translate(ctx, batch, from, to)
	if err != nil {
		if e := (*EngineError)(nil); !errors.As(err, &e) && errors.Is(err, context.DeadlineExceeded) {
			err = &EngineError{Kind: Down, Engine: r.engine.Name(), Err: err}
		}
		return nil, err
	}
	if len(out) != len(batch) {
		return nil, &EngineError{Kind: BadAnswer, Engine: r.engine.Name(), Err: fmt.Errorf("%d texts for %d", len(out), len(batch))}
	}
	return out, nil
}

// countTime bounds the writing down of a call.
const countTime = 5 * time.Second

// count writes the call down, whether or not whoever asked is still there.
func (r *runner) count(ctx context.Context, u Usage) {
	if r.ledger == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTime)
	defer cancel()
	if err := r.ledger.Count(ctx, u); err != nil {
		r.log.WarnContext(ctx, "translation ledger does not take a call", "engine", u.Engine, "err", err)
	}
}
