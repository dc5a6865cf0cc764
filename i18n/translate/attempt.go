package translate

import (
	"context"
	"slices"
	"strings"
)

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
// blocks; else the best there was. Who was left out, and why, is in w's findings.
func (p *Pipeline) byEngines(ctx context.Context, w *work) (best attempt, ok bool) {
	fits, kept := 0, 0
	unfit := ""
	for _, r := range p.engines {
		switch {
		case !r.rule.Takes(w.from, w.to):
			continue
		case w.req.Local && !r.rule.Local:
			fits, kept = fits+1, kept+1
			continue
		}
		fits++
		if unfit != "" {
			w.find(Note, codeEngineUnfit, unfit)
			unfit = ""
		}
		a, err := p.byEngine(ctx, w, r)
		if err != nil {
			if ctx.Err() != nil {
				return best, ok
			}
			p.log.WarnContext(ctx, "translation engine failed", "engine", r.engine.Name(), "kind", KindOf(err).String(), "err", err)
			w.find(Note, codeOf(err), r.engine.Name())
			continue
		}
		if !ok || a.better(best) {
			best, ok = a, true
		}
		if best.blocks() == 0 {
			return best, ok
		}
		unfit = r.engine.Name()
	}
	switch {
	case ok:
	case fits == 0:
		w.find(Note, codeNoEnginePair, "")
	case kept > 0:
		w.find(Note, codeLocalOnly, "")
	}
	return best, ok
}

// byEngine is one attempt and, if something is wrong with it, one repair; or
// what came of it before, with this message's facts.
func (p *Pipeline) byEngine(ctx context.Context, w *work, r *runner) (attempt, error) {
	key := cacheKey(w, r)
	if o, ok := p.cache.get(key); ok {
		if a, ok := r.assemble(w, o); ok && a.blocks() == 0 {
			return a, nil
		}
	}
	// A copy, since the flight goes on when this caller leaves.
	shared := *w
	o, err := p.flights.do(ctx, key, func(ctx context.Context) (outcome, error) {
		o, blocks, err := r.work(ctx, &shared)
		if err == nil && blocks == 0 {
			p.cache.put(key, o)
		}
		return o, err
	})
	if err != nil {
		return attempt{}, err
	}
	a, ok := r.assemble(w, o)
	if !ok {
		return attempt{}, &EngineError{Kind: BadAnswer, Engine: r.engine.Name()}
	}
	return a, nil
}

// work asks the engine, twice if need be.
func (r *runner) work(ctx context.Context, w *work) (o outcome, blocks int, err error) {
	if err := r.ready(ctx, w.from, w.to); err != nil {
		return o, 0, err
	}
	first, a, err := r.try(ctx, w, 0, false)
	if err != nil || w.once || a.blocks() == 0 && a.missing() == 0 {
		return first, a.blocks(), err
	}
	// Forced words stand uninflected: fine in Chinese, clumsy in German, and
	// still better there than the wrong word.
	second, b, err := r.try(ctx, w, 1, a.missing() > 0)
	if err == nil && b.better(a) {
		second.repaired = true
		return second, b.blocks(), nil
	}
	return first, a.blocks(), nil
}

// try translates all paragraphs in one batch. nth picks the token form, so that
// a repair uses another one where the engine keeps several; with force the
// terms are tokens too.
func (r *runner) try(ctx context.Context, w *work, nth int, force bool) (outcome, attempt, error) {
	forms := r.known()
	if len(forms) == 0 {
		return outcome{}, attempt{}, errForgets
	}
	o := outcome{form: forms[nth%len(forms)], force: force}
	var batch []Segment
	for _, para := range paragraphs(w.cutFor(r), force) {
		if para.words {
			batch = append(batch, Segment{Text: mask(para.text, para.spans, tokenForms[o.form], para.first), Terms: para.pairs, Style: w.style()})
		}
	}
	var err error
	if o.answers, err = r.call(ctx, batch, w.from, w.to); err != nil {
		return outcome{}, attempt{}, err
	}
	a, ok := r.assemble(w, o)
	if !ok {
		return outcome{}, attempt{}, &EngineError{Kind: BadAnswer, Engine: r.engine.Name()}
	}
	return o, a, nil
}

// cutFor is a copy of the work for an engine's longest text.
func (w *work) cutFor(r *runner) *work {
	c := *w
	c.limit = r.rule.limit()
	return &c
}

// style is how the text is to sound.
func (w *work) style() Style {
	if !w.req.Outgoing {
		return Style{}
	}
	return Style{Professional: true, Platform: w.req.Platform}
}

// assemble puts an engine's answers and this message's facts together and checks
// what comes of it; ok is whether there are as many answers as paragraphs.
func (r *runner) assemble(w *work, o outcome) (a attempt, ok bool) {
	w = w.cutFor(r)
	paras := paragraphs(w, o.force)
	answers, form := o.answers, tokenForms[o.form]
	w.lines = 0
	for _, para := range paras {
		if para.words && !para.more {
			w.lines++
		}
	}
	a.runner = r
	var lines []string
	for _, para := range paras {
		said := para.text
		if para.words {
			if len(answers) == 0 {
				return a, false
			}
			answer := strings.Join(strings.Fields(strings.ReplaceAll(normalise(answers[0]), "\n", " ")), " ")
			answers = answers[1:]
			got := restore(answer, para.values, form, para.first)
			said = got.text
			a.findings = append(a.findings, check(w, para, got)...)
		}
		if n := len(lines) - 1; para.more {
			lines[n] = joinSource([]string{lines[n], said}, w.to)
		} else {
			lines = append(lines, said)
		}
	}
	if len(answers) > 0 {
		return a, false
	}
	a.text = strings.Join(lines, "\n")
	a.findings = append(a.findings, checkFacts(a.text, w.source, w.spans)...)
	a.findings = append(a.findings, checkOrder(a.text, w.spans)...)
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
	if o.repaired {
		a.findings = append(a.findings, Finding{Note, codeRepaired, ""})
	}
	a.findings = distinct(a.findings)
	return a, true
}

// paragraph is a line of the message, or a piece of a long one, with its share
// of facts and terms.
type paragraph struct {
	text string
	// more: it goes on the line of the one before.
	more bool
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

// paragraphs cuts the message at its line ends, and lines over the limit at
// their sentences' ends: a long text goes in pieces that make sense alone.
func paragraphs(w *work, force bool) []paragraph {
	limit := w.limit
	if limit == 0 {
		limit = maxLetters
	}
	var out []paragraph
	next := 0
	for _, c := range cuts(w.source, w.spans, limit) {
		para := paragraph{text: w.source[c.start:c.end], more: c.more, first: next}
		para.spans = within(w.spans, c.start, c.end)
		para.facts, para.values = para.spans, texts(para.spans)
		para.words = hasLetter(without(para.text, para.facts))
		for _, t := range w.terms {
			if t.match.Start < c.start || t.match.End > c.end {
				continue
			}
			para.pairs = append(para.pairs, TermPair{t.match.Text, t.need.Preferred})
			if force {
				para.insert(span{"term", t.match.Start - c.start, t.match.End - c.start, t.match.Text}, t.need.Preferred)
			}
		}
		next += len(para.spans)
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
	p.spans, p.values = slices.Insert(slices.Clone(p.spans), i, s), slices.Insert(slices.Clone(p.values), i, value)
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
	if max(w.lines, w.among) > 1 && nameLike(bare) && strings.TrimSpace(got.bare) == strings.TrimSpace(bare) {
		return out // the line that a letter is signed with
	}
	// With every word forced, the tokens are the translation.
	if lang := checkLanguage(got, without(para.text, para.spans), w.from, w.to, allowed); len(lang) > 0 {
		return append(out, lang...)
	}
	return append(out, checkLength(bare, got.bare+strings.Join(para.forced, ""), w.from, w.to)...)
}
