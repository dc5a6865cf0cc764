package translate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
)

// runner is an engine with what was learnt about it: which form of token it
// keeps, and whether it is resting.
type runner struct {
	engine  Engine
	now     func() time.Time
	log     *slog.Logger
	timeout time.Duration

	mu     sync.Mutex
	probed bool
	// forms are indexes into tokenForms that survived; none means refused.
	forms []int
	rest  time.Time
}

// probeText has facts where engines like to lose them: at the start, in the
// middle and at the end.
func probeText(f tokenForm) string {
	return f.make(0) + " is the order number, " + f.make(1) + " is the amount and the date is " + f.make(2)
}

// refusedFor is how long an engine that keeps no token is left alone before it
// is tried again: someone may have changed its model.
const refusedFor = 10 * time.Minute

// downFor is how long an engine out of reach is left alone, so that a queue of
// messages does not wait for its time-out one by one.
const downFor = 15 * time.Second

var (
	errResting = errors.New("resting after a refusal")
	errForgets = errors.New("keeps no form of token")
)

// ready finds out, once, which token forms the engine keeps. All are asked in
// one batch.
func (r *runner) ready(ctx context.Context, from, to language.Tag) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now().Before(r.rest) {
		return errResting
	}
	if r.probed && len(r.forms) > 0 {
		return nil
	}
	batch := make([]Segment, len(tokenForms))
	for i, f := range tokenForms {
		batch[i] = Segment{Text: probeText(f)}
	}
	answers, err := r.call(ctx, batch, from, to)
	if err != nil {
		r.restAfter(err)
		return err
	}
	r.probed, r.forms = true, nil
	for i, f := range tokenForms {
		got := restore(answers[i], []string{"a", "b", "c"}, f, 0)
		if got.stray == "" && got.seen[0] == 1 && got.seen[1] == 1 && got.seen[2] == 1 {
			r.forms = append(r.forms, i)
		}
	}
	if len(r.forms) == 0 {
		r.rest = r.now().Add(refusedFor)
		r.log.WarnContext(ctx, "translation engine refused: it changes every form of token", "engine", r.engine.Name())
		return errForgets
	}
	return nil
}

// Probed is what a try-out found about an engine.
type Probed struct {
	Engine string
	// Forms are the forms of token that it keeps.
	Forms []string
	Err   error
}

// Probe tries out every engine between two languages, for a health check. What
// it learns is used from then on; an engine known to work is not asked again.
func (p *Pipeline) Probe(ctx context.Context, from, to language.Tag) []Probed {
	out := make([]Probed, 0, len(p.engines))
	for _, r := range p.engines {
		x := Probed{Engine: r.engine.Name(), Err: r.ready(ctx, from, to)}
		r.mu.Lock()
		for _, i := range r.forms {
			x.Forms = append(x.Forms, tokenForms[i].name)
		}
		r.mu.Unlock()
		out = append(out, x)
	}
	return out
}

// restAfter leaves an engine alone for as long as it asked. r.mu is held.
func (r *runner) restAfter(err error) {
	var e *EngineError
	if !errors.As(err, &e) {
		return
	}
	d := e.RetryAfter
	if d <= 0 && e.Kind == Down {
		d = downFor
	}
	r.rest = r.now().Add(d)
}

// call is one call with a time limit, whose answer has as many texts as asked.
func (r *runner) call(ctx context.Context, batch []Segment, from, to language.Tag) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	out, err := r.engine.Translate(ctx, batch, from, to)
	if err != nil {
		return nil, err
	}
	if len(out) != len(batch) {
		return nil, &EngineError{Kind: BadAnswer, Engine: r.engine.Name(), Err: fmt.Errorf("%d texts for %d", len(out), len(batch))}
	}
	return out, nil
}

// attempt is an engine's translation of a whole message, checked.
type attempt struct {
	text     string
	findings []Finding
	runner   *runner
}

func (a attempt) blocks() (n int) {
	for _, f := range a.findings {
		if f.Severity == Block {
			n++
		}
	}
	return n
}

func (a attempt) missing() (n int) {
	for _, f := range a.findings {
		if f.Code == codeTermMissing || f.Code == codeTermForbidden {
			n++
		}
	}
	return n
}

func (a attempt) better(b attempt) bool {
	if a.blocks() != b.blocks() {
		return a.blocks() < b.blocks()
	}
	return a.missing() < b.missing()
}

// byEngines asks one engine after the other until one answer has nothing that
// blocks; else the best there was.
func (p *Pipeline) byEngines(ctx context.Context, w *work) (best attempt, ok bool) {
	for _, r := range p.engines {
		a, err := p.byEngine(ctx, w, r)
		if err != nil {
			if ctx.Err() != nil {
				return best, ok
			}
			p.log.WarnContext(ctx, "translation engine failed", "engine", r.engine.Name(), "kind", KindOf(err).String(), "err", err)
			w.find(Note, codeEngineFailed, r.engine.Name())
			continue
		}
		if !ok || a.better(best) {
			best, ok = a, true
		}
		if best.blocks() == 0 {
			break
		}
	}
	return best, ok
}

// byEngine is one attempt and, if something is wrong with it, one repair.
func (p *Pipeline) byEngine(ctx context.Context, w *work, r *runner) (attempt, error) {
	if err := r.ready(ctx, w.from, w.to); err != nil {
		return attempt{}, err
	}
	first, err := r.try(ctx, w, 0, false)
	if err != nil {
		r.mu.Lock()
		r.restAfter(err)
		r.mu.Unlock()
		return attempt{}, err
	}
	if first.blocks() == 0 && first.missing() == 0 {
		return first, nil
	}
	// Forced words stand uninflected: fine in Chinese, clumsy in German, and
	// still better there than the wrong word.
	second, err := r.try(ctx, w, 1, first.missing() > 0)
	if err == nil && second.better(first) {
		second.findings = append(second.findings, Finding{Note, codeRepaired, ""})
		return second, nil
	}
	return first, nil
}

// try translates all paragraphs in one batch. nth picks the token form, so that
// a repair uses another one where the engine keeps several; with force the
// terms are tokens too.
func (r *runner) try(ctx context.Context, w *work, nth int, force bool) (attempt, error) {
	r.mu.Lock()
	if len(r.forms) == 0 {
		r.mu.Unlock()
		return attempt{}, errForgets
	}
	form := tokenForms[r.forms[nth%len(r.forms)]]
	r.mu.Unlock()

	paras := paragraphs(w, force)
	var batch []Segment
	w.lines = 0
	for i := range paras {
		if paras[i].words {
			w.lines++
			batch = append(batch, Segment{Text: mask(paras[i].text, paras[i].spans, form, paras[i].first), Terms: paras[i].pairs})
		}
	}
	answers, err := r.call(ctx, batch, w.from, w.to)
	if err != nil {
		return attempt{}, err
	}
	a := attempt{runner: r}
	lines := make([]string, len(paras))
	for i, para := range paras {
		if !para.words {
			lines[i] = para.text
			continue
		}
		answer := strings.Join(strings.Fields(strings.ReplaceAll(normalise(answers[0]), "\n", " ")), " ")
		answers = answers[1:]
		got := restore(answer, para.values, form, para.first)
		lines[i] = got.text
		a.findings = append(a.findings, check(w, para, got)...)
	}
	a.text = strings.Join(lines, "\n")
	a.findings = append(a.findings, checkFacts(a.text, w.source, w.spans)...)
	seen := map[string]bool{}
	for _, t := range w.terms {
		if seen[t.match.Term.ID] {
			continue
		}
		seen[t.match.Term.ID] = true
		if t.need.Missing(a.text, w.to) {
			a.findings = append(a.findings, Finding{Review, codeTermMissing, t.need.Preferred})
		}
		if bad := t.need.Wrong(a.text); bad != "" {
			a.findings = append(a.findings, Finding{Review, codeTermForbidden, bad})
		}
	}
	a.findings = distinct(a.findings)
	return a, nil
}

// paragraph is a line of the message, with its share of facts and terms.
type paragraph struct {
	text string
	// words: there is something in it to translate.
	words  bool
	spans  []span
	values []string
	// facts are the spans that are facts, not forced words.
	facts []span
	first int
	pairs []TermPair
	// forced are the targets of terms that became tokens.
	forced []string
}

// paragraphs cuts the message at its line ends: a long text goes in pieces that
// make sense alone, and is never cut elsewhere.
func paragraphs(w *work, force bool) []paragraph {
	var out []paragraph
	at, next := 0, 0
	for _, line := range strings.Split(w.source, "\n") {
		para := paragraph{text: line, first: next}
		end := at + len(line)
		for _, s := range w.spans {
			if s.start >= at && s.end <= end {
				s.start, s.end = s.start-at, s.end-at
				para.spans, para.values = append(para.spans, s), append(para.values, s.text)
			}
		}
		para.facts = para.spans
		para.words = hasLetter(without(line, para.facts))
		for _, t := range w.terms {
			if t.match.Start < at || t.match.End > end {
				continue
			}
			para.pairs = append(para.pairs, TermPair{t.match.Text, t.need.Preferred})
			if force {
				para.insert(span{"term", t.match.Start - at, t.match.End - at, t.match.Text}, t.need.Preferred)
			}
		}
		next += len(para.spans)
		at = end + 1
		out = append(out, para)
	}
	return out
}

// insert adds a forced word among the spans, in the text's order.
func (p *paragraph) insert(s span, value string) {
	i := 0
	for i < len(p.spans) && p.spans[i].start < s.start {
		i++
	}
	spans := append([]span{}, p.spans[:i]...)
	values := append([]string{}, p.values[:i]...)
	p.spans, p.values = append(append(spans, s), p.spans[i:]...), append(append(values, value), p.values[i:]...)
	p.forced = append(p.forced, value)
}

// check looks at one paragraph's answer.
func check(w *work, para paragraph, got restored) []Finding {
	named := make([]span, len(para.spans))
	for i, s := range para.spans {
		s.text = para.values[i]
		named[i] = s
	}
	bare := without(para.text, para.facts)
	allowed := append([]string{}, para.forced...)
	for _, t := range w.terms {
		if t.match.Text == t.need.Preferred {
			allowed = append(allowed, t.need.Preferred)
		}
	}
	out := checkTokens(got, para.text, named)
	out = append(out, checkAdded(got, para.text, bare, w.from)...)
	if w.lines > 1 && nameLike(bare) && strings.TrimSpace(got.bare) == strings.TrimSpace(bare) {
		return out // the line that a letter is signed with
	}
	// With every word forced, the tokens are the translation.
	if lang := checkLanguage(got, without(para.text, para.spans), w.from, w.to, allowed); len(lang) > 0 {
		return append(out, lang...)
	}
	return append(out, checkLength(bare, got.bare+strings.Join(para.forced, ""), w.from, w.to)...)
}
