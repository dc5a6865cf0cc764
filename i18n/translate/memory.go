package translate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/language"

	"helloworld/glossary"
)

// Memory keeps approved translations. Text in it has its facts masked: no order
// number, amount or address ever gets there.
type Memory interface {
	Recall(ctx context.Context, key string) (text string, ok bool, err error)
	Keep(ctx context.Context, u Unit) error
}

// Unit is an approved translation as memory keeps it, facts masked on both sides.
type Unit struct {
	Key            string
	Source, Target string
	From, To       language.Tag
	Outgoing       bool
}

// ErrFactsDiffer: an approved text does not have the source's facts.
var ErrFactsDiffer = errors.New("translate: the translation's facts are not the source's")

// memoryForm is how facts are masked in memory.
var memoryForm = tokenForms[1]

// memoryKey names a text with its facts masked, a pair of languages and a
// direction.
func memoryKey(source string, spans []span, from, to language.Tag, outgoing bool) string {
	kinds := make([]string, len(spans))
	for i, s := range spans {
		kinds[i] = string(s.kind)
	}
	h := sha256.Sum256(fmt.Appendf(nil, "1\x00%s\x00%s\x00%s\x00%v\x00%s", base(from), to, strings.Join(kinds, ","), outgoing,
		glossary.Fold(mask(source, spans, memoryForm, 0))))
	return hex.EncodeToString(h[:])
}

// recall answers from memory, after the checks that today's glossary asks for.
func (p *Pipeline) recall(ctx context.Context, w *work) (Result, bool) {
	if p.memory == nil {
		return Result{}, false
	}
	masked, ok, err := p.memory.Recall(ctx, memoryKey(w.source, w.spans, w.from, w.to, w.req.Outgoing))
	if err != nil {
		p.log.WarnContext(ctx, "translation memory does not answer", "err", err)
	}
	if err != nil || !ok {
		return Result{}, false
	}
	back := restore(masked, texts(w.spans), memoryForm, 0)
	if len(checkTokens(back, w.source, w.spans)) > 0 {
		return Result{}, false
	}
	r := w.result
	r.Text, r.Grade = back.text, Exact
	if len(w.spans) > 0 {
		r.Grade = Template
	}
	r.Findings = append(r.Findings, p.unsaid(w, r.Text, func(glossary.Need) bool { return true })...)
	return r, true
}

// Learn keeps a translation that a person approved. The text has to have the
// source's facts, each as often.
func (p *Pipeline) Learn(ctx context.Context, req Request, text string) error {
	if p.memory == nil {
		return nil
	}
	u, err := p.Unit(req, text)
	if err != nil {
		return err
	}
	if err := p.memory.Keep(ctx, u); err != nil {
		return fmt.Errorf("translate: learn: %w", err)
	}
	return nil
}

// Unit is what memory would keep of a translation, for those who keep it in a
// transaction of their own. The text has to have the source's facts, each as often.
func (p *Pipeline) Unit(req Request, text string) (Unit, error) {
	source, text := normalise(req.Text), normalise(text)
	spans := facts(req, source)
	from := req.From
	if from == language.Und {
		d := detectIn(p.Book(), source, without(source, spans), req)
		if !d.sure {
			return Unit{}, fmt.Errorf("translate: learn: %w", errUnsure)
		}
		from = d.tag
	}
	// Longest first, so that "12" does not find itself inside "1200".
	masked := text
	used := make([]bool, len(spans))
	for range spans {
		next := -1
		for i, s := range spans {
			if !used[i] && (next < 0 || len(s.text) > len(spans[next].text)) {
				next = i
			}
		}
		used[next] = true
		at := strings.Index(masked, spans[next].text)
		if at < 0 {
			return Unit{}, ErrFactsDiffer
		}
		// A private-use rune per fact, so that no fact is found inside a token.
		masked = masked[:at] + string(rune(0xE000+next)) + masked[at+len(spans[next].text):]
	}
	if len(protect(strings.Map(dropPrivate, masked))) > 0 {
		return Unit{}, ErrFactsDiffer
	}
	for i := range spans {
		masked = strings.ReplaceAll(masked, string(rune(0xE000+i)), memoryForm.make(i))
	}
	return Unit{Key: memoryKey(source, spans, from, req.To, req.Outgoing), Source: mask(source, spans, memoryForm, 0), Target: masked,
		From: from, To: req.To, Outgoing: req.Outgoing}, nil
}

var errUnsure = errors.New("the language is not sure")

func dropPrivate(r rune) rune {
	if r >= 0xE000 && r <= 0xF8FF {
		return ' '
	}
	return r
}

func texts(spans []span) []string {
	out := make([]string, len(spans))
	for i, s := range spans {
		out[i] = s.text
	}
	return out
}
