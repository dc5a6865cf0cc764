package translate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"golang.org/x/text/language"

	"helloworld/glossary"
)

// ErrNoTarget: nobody said into which language.
var ErrNoTarget = errors.New("translate: no target language")

// Options are what a pipeline needs. All of it may be empty.
type Options struct {
	// Engines are tried in this order.
	Engines []Engine
	// Book is the glossary; nil knows nothing.
	Book *glossary.Book
	// Memory is what people have approved; nil remembers nothing.
	Memory Memory
	Now    func() time.Time
	Log    *slog.Logger
	// Timeout bounds one call of an engine; 0 means 30 seconds.
	Timeout time.Duration
	// Rules are by the engine's name; an engine without one is used for everything.
	Rules map[string]Rule
	// Ledger counts what engines do; nil counts nothing, and then months' limits
	// hold for this process alone.
	Ledger Ledger
	// OnBudget is told when an engine has used 80 and 100 per cent of its month's
	// budget, once a month each in this process; 100 also means that the next text
	// found no room. It may be nil.
	OnBudget func(engine string, percent int)
	// CacheBytes bounds what engines' answers may take in memory; 0 means 8 MiB,
	// less than 0 keeps none.
	CacheBytes int64
}

// Pipeline translates. It is safe for use by several goroutines.
type Pipeline struct {
	engines []*runner
	book    atomic.Pointer[glossary.Book]
	memory  Memory
	now     func() time.Time
	log     *slog.Logger
	cache   *cache
	flights flights[outcome]
}

// New makes a pipeline.
func New(o Options) *Pipeline {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Book == nil {
		o.Book = &glossary.Book{}
	}
	p := &Pipeline{memory: o.Memory, now: o.Now, log: o.Log, cache: newCache(o.CacheBytes)}
	p.book.Store(o.Book)
	for i, e := range o.Engines {
		if e == nil {
			continue
		}
		rule := o.Rules[e.Name()]
		p.engines = append(p.engines, &runner{engine: e, place: i, rule: rule, now: o.Now, log: o.Log, timeout: o.Timeout, ledger: o.Ledger,
			noPair: map[string]time.Time{},
			purse:  &purse{engine: e.Name(), rule: rule, ledger: o.Ledger, log: o.Log, tell: o.OnBudget}})
	}
	return p
}

// SetBook puts another glossary in place: messages that come from now on use it.
func (p *Pipeline) SetBook(b *glossary.Book) { p.book.Store(b) }

// Book is the glossary in use.
func (p *Pipeline) Book() *glossary.Book { return p.book.Load() }

// maxFacts is how many facts a message may have. No person writes more, and
// checking each against the whole text would take minutes.
const maxFacts = 2000

// work is one message on its way.
type work struct {
	req Request
	// book is the glossary for the whole of it, whatever is put in place meanwhile.
	book     *glossary.Book
	source   string
	from, to language.Tag
	spans    []span
	terms    []termUse
	result   Result
	// lines is how many paragraphs have words in them.
	lines int
	// among is how many there are in the message that this is a paragraph of.
	among int
	// limit is the longest text for the engine in question; 0 is the usual.
	limit int
	// once: not worth a repair.
	once bool
}

// Do translates a text. An engine that fails is a finding, not an error: errors
// are an ended context and a request that asks for nothing.
func (p *Pipeline) Do(ctx context.Context, req Request) (Result, error) {
	return p.do(ctx, req, 1)
}

// do is Do for a text that is one of several paragraphs with words.
func (p *Pipeline) do(ctx context.Context, req Request, among int) (Result, error) {
	if req.To == language.Und {
		return Result{}, ErrNoTarget
	}
	w := &work{req: req, book: p.Book(), source: normalise(req.Text), from: req.From, to: req.To, among: among}
	w.spans = facts(req, w.source)
	w.result = Result{From: req.From, To: req.To, Glossary: w.book.Version()}
	bare := without(w.source, w.spans)
	if !hasLetter(bare) {
		return w.asWritten(), nil
	}
	sure := true
	if w.from == language.Und {
		d := detectIn(w.book, w.source, bare, req)
		w.from, sure = d.tag, d.sure
	}
	if sure {
		w.result.From = w.from
		if base(w.from) == base(w.to) && !(base(w.to) == "zh" && script(w.from) != script(w.to)) {
			return w.asWritten(), nil
		}
		// A paragraph's message has been looked up as a whole.
		if len(w.spans) <= maxFacts && among == 1 {
			if r, ok := p.known(ctx, w); ok {
				return p.finish(ctx, w, r), nil
			}
		}
	}
	if len(w.spans) > maxFacts {
		w.find(Block, codeTooManyFacts, "")
		return w.done(w.source, Gloss), nil
	}
	p.matchTerms(w)
	if !sure {
		w.result.From = language.Und
		w.find(Review, codeLanguageUnsure, "")
		return w.done(p.gloss(w), Gloss), nil
	}
	if len(p.engines) == 0 {
		w.find(Note, codeNoEngine, "")
		return p.glossed(w), nil
	}
	best, ok := p.byEngines(ctx, w)
	if err := ctx.Err(); err != nil {
		return Result{}, fmt.Errorf("translate: %w", err)
	}
	if !ok {
		return p.glossed(w), nil
	}
	w.result.Findings = append(w.result.Findings, best.findings...)
	w.result.Engine, w.result.Model = best.runner.engine.Name(), best.runner.model()
	return p.finish(ctx, w, w.done(best.text, ByEngine), best.runner), nil
}

// asWritten is a text that needs no translating. Its tone is looked at all the same.
func (w *work) asWritten() Result {
	if w.req.Outgoing {
		w.result.Findings = append(w.result.Findings, informal(w.source, w.to, w.spans)...)
	}
	return w.done(w.source, Same)
}

func script(t language.Tag) string { s, _ := t.Script(); return s.String() }

func (w *work) find(s Severity, code, what string) {
	w.result.Findings = append(w.result.Findings, Finding{s, code, what})
}

func (w *work) done(text string, g Grade) Result {
	w.result.Text, w.result.Grade = text, g
	return w.result
}

// longestPhrase is how many bytes a message may have to be asked for among the
// phrases of every language; a longer one speaks for itself.
const longestPhrase = 480

// detect asks the phrases first: a whole sentence that the glossary knows in one
// language is the best witness there is.
func detectIn(book *glossary.Book, source, bare string, req Request) detected {
	if len(source) > longestPhrase {
		return detect(bare, req.Site, req.History)
	}
	prior := append(append([]language.Tag{}, req.History...), req.Site)
	for _, tag := range append(prior, language.English, language.German, language.French, language.Spanish,
		language.Italian, language.Portuguese, language.Japanese, language.Korean, language.Russian, language.Make("zh-CN")) {
		if tag == language.Und {
			continue
		}
		if _, ok := book.Lookup(source, tag, tag); ok {
			return detected{tag, true}
		}
	}
	return detect(bare, req.Site, req.History)
}

// finish adds what depends on the finished text: what a person must confirm, and
// the way back.
func (p *Pipeline) finish(ctx context.Context, w *work, r Result, by ...*runner) Result {
	w.result = r
	if w.req.Outgoing {
		w.result.Findings = append(w.result.Findings, confirm(w.source, r.Text, w.spans, w.from, w.to)...)
		w.result.Findings = append(w.result.Findings, informal(r.Text, w.to, w.spans)...)
		w.result.Findings = append(w.result.Findings, punctuation(r.Text, w.to, w.spans)...)
		w.result.Back, w.result.BackGrade = p.back(ctx, w, by)
	}
	w.result.Findings = distinct(w.result.Findings)
	return w.result
}

func distinct(in []Finding) []Finding {
	var out []Finding
	seen := map[Finding]bool{}
	for _, f := range in {
		if !seen[f] {
			out = append(out, f)
		}
		seen[f] = true
	}
	return out
}

// back says the result in the agent's language again, where that costs little.
// It goes by the same rules as the way out: what must stay on this machine stays.
func (p *Pipeline) back(ctx context.Context, w *work, by []*runner) (string, Grade) {
	req := Request{To: w.from, From: w.to, Local: w.req.Local, Names: w.private(), Store: w.req.Store, Platform: w.req.Platform}
	rev := &work{req: req, book: w.book, source: w.result.Text, from: w.to, to: w.from, once: true}
	rev.spans = facts(req, rev.source)
	rev.result = Result{From: w.to, To: w.from, Glossary: w.result.Glossary}
	if r, ok := phrases(rev); ok {
		return r.Text, r.Grade
	}
	if len(by) == 0 {
		return "", ""
	}
	// The facts were checked on the way out; a way back without them is no help.
	if a, ok := p.byEngines(ctx, rev); ok && a.blocks() == 0 {
		return a.text, ByEngine
	}
	return "", ""
}

// known answers from phrases and memory, without an engine.
func (p *Pipeline) known(ctx context.Context, w *work) (Result, bool) {
	if r, ok := phrases(w); ok {
		return p.outdated(w, r), true
	}
	return p.recall(ctx, w)
}

// outdated tells where a phrase does not say a word as it has been approved: a
// phrase does not change with the words in it.
func (p *Pipeline) outdated(w *work, r Result) Result {
	r.Findings = append(r.Findings, p.unsaid(w, r.Text, func(n glossary.Need) bool { return !n.Draft })...)
	return r
}

// unsaid lists the words that today's glossary wants of a text which no engine
// made, as far as they count.
func (p *Pipeline) unsaid(w *work, text string, counts func(glossary.Need) bool) (out []Finding) {
	c := *w
	p.matchTerms(&c)
	for _, t := range c.terms {
		if counts(t.need) && t.need.Missing(text, w.to) {
			out = append(out, Finding{Review, codeTermMissing, t.need.Preferred})
		}
	}
	return out
}

// phrases answers when the whole text, or every sentence of it, is a phrase.
func phrases(w *work) (Result, bool) {
	r := w.result
	r.Findings = append([]Finding{}, r.Findings...)
	if text, grade, ok := phrase(w.book, w.source, w.from, w.to, &r); ok {
		r.Text, r.Grade = text, grade
		return r, true
	}
	var lines []string
	at := 0
	for _, line := range strings.Split(w.source, "\n") {
		from := at
		at += len(line) + 1
		if !hasLetter(without(line, within(w.spans, from, from+len(line)))) { // a number, or whoever signed
			lines = append(lines, line)
			continue
		}
		pieces, all := sentences(w.book, line, w.from, w.to, &r)
		if !all {
			return Result{}, false
		}
		said := make([]string, len(pieces))
		for i, x := range pieces {
			said[i] = x.said
		}
		lines = append(lines, join(said, w.to))
	}
	r.Text, r.Grade = strings.Join(lines, "\n"), Template
	if found := checkFacts(r.Text, w.source, w.spans); len(found) > 0 {
		return Result{}, false
	}
	return r, true
}

// within are the spans of a piece of the text, counted from its beginning.
func within(spans []span, from, to int) (out []span) {
	for _, s := range spans {
		if s.start >= from && s.end <= to {
			s.start, s.end = s.start-from, s.end-from
			out = append(out, s)
		}
	}
	return out
}

// sentence is a piece of a line and, where the glossary knows it, how it is said.
type sentence struct{ source, said string }

// sentences looks up a line's sentences, the longest runs first.
func sentences(book *glossary.Book, line string, from, to language.Tag, r *Result) (out []sentence, all bool) {
	parts := sentencesOf(line)
	all = true
	for i := 0; i < len(parts); {
		n := min(3, len(parts)-i)
		said := ""
		for ; n > 0; n-- {
			if text, _, ok := phrase(book, joinSource(parts[i:i+n], from), from, to, r); ok {
				said = text
				break
			}
		}
		n = max(n, 1)
		if said == "" {
			all = false
		}
		out = append(out, sentence{joinSource(parts[i:i+n], from), said})
		i += n
	}
	return out, all
}

func joinSource(parts []string, lang language.Tag) string {
	if compact(lang) && base(lang) != "ko" {
		return strings.Join(parts, "")
	}
	return strings.Join(parts, " ")
}

// join puts sentences in a row, ending each that has no end.
func join(parts []string, lang language.Tag) string {
	stop, gap := ".", " "
	if b := base(lang); b == "zh" || b == "ja" {
		stop, gap = "。", ""
	}
	var b strings.Builder
	for i, s := range parts {
		b.WriteString(s)
		if i == len(parts)-1 {
			break
		}
		if !strings.ContainsAny(s[max(0, len(s)-3):], ".!?。！？…") {
			b.WriteString(stop)
		}
		b.WriteString(gap)
	}
	return b.String()
}

func phrase(book *glossary.Book, text string, from, to language.Tag, r *Result) (string, Grade, bool) {
	h, ok := book.Lookup(text, from, to)
	if !ok {
		return "", "", false
	}
	said, ok := h.Render(to)
	if !ok {
		return "", "", false
	}
	grade, draft := Exact, h.Phrase.Draft(to)
	if len(h.Values) > 0 || draft {
		grade = Template
	}
	r.Terms = append(r.Terms, TermHit{ID: h.Phrase.ID, Source: text, Target: said, Draft: draft, Version: h.Phrase.Version})
	if draft {
		r.Findings = append(r.Findings, Finding{Review, codeTermDraft, said})
	}
	if h.Phrase.Review != "" {
		r.Findings = append(r.Findings, Finding{Review, codeConfirmReview, h.Phrase.Review})
	}
	return said, grade, true
}

// termUse is a term in the source and what it has to become.
type termUse struct {
	match glossary.Match
	need  glossary.Need
}

// scope is where and when a message's terms have to hold.
func (p *Pipeline) scope(w *work) glossary.Scope {
	return glossary.Scope{Store: w.req.Store, Platform: w.req.Platform, On: p.now().UTC().Format(time.DateOnly)}
}

func (p *Pipeline) matchTerms(w *work) {
	for _, m := range w.book.MatchIn(w.source, w.from, p.scope(w)) {
		inFact := false
		for _, s := range w.spans {
			inFact = inFact || m.Start < s.end && s.start < m.End
		}
		if inFact {
			continue
		}
		n, ok := w.book.Required(m, w.from, w.to)
		if !ok {
			continue
		}
		w.terms = append(w.terms, termUse{m, n})
		w.result.Terms = append(w.result.Terms, TermHit{ID: m.Term.ID, Source: m.Text, Target: n.Preferred, Draft: n.Draft, Version: m.Term.Version})
		if n.Draft {
			w.find(Review, codeTermDraft, n.Preferred)
		}
		if m.Ambiguous {
			w.find(Review, codeTermAmbiguous, m.Text)
		}
		if m.Term.Review != "" {
			w.find(Review, codeTermSensitive, m.Text)
		}
	}
}

func (p *Pipeline) glossed(w *work) Result {
	r := w.done(p.gloss(w), Gloss)
	r.Findings = distinct(r.Findings)
	return r
}

// gloss marks the source's terms, and says the sentences that are known.
func (p *Pipeline) gloss(w *work) string {
	var lines []string
	for _, line := range strings.Split(w.source, "\n") {
		var r Result
		pieces, _ := sentences(w.book, line, w.from, w.to, &r)
		var out []string
		for _, x := range pieces {
			if x.said != "" {
				out = append(out, x.said)
			} else {
				out = append(out, p.marked(x.source, w))
			}
		}
		lines = append(lines, strings.Join(out, " "))
	}
	return strings.Join(lines, "\n")
}

func (p *Pipeline) marked(s string, w *work) string {
	if w.from == language.Und {
		return s
	}
	var b strings.Builder
	at := 0
	for _, m := range w.book.MatchIn(s, w.from, p.scope(w)) {
		n, ok := w.book.Required(m, w.from, w.to)
		if !ok || strings.ContainsFunc(m.Text, unicode.IsDigit) {
			continue
		}
		b.WriteString(s[at:m.Start] + n.Preferred + "(" + m.Text + ")")
		at = m.End
	}
	b.WriteString(s[at:])
	return b.String()
}
