package translate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// Part is one paragraph of a message, or the whole of one that was not cut.
type Part struct {
	// Line is the number of its first line, from 0.
	Line int
	Result
}

// Stream translates paragraph by paragraph, so that a person reads the first
// while the engine works on the rest. The language is found for the message as a
// whole. The parts' texts, joined with line ends, are what [Pipeline.Do] gives,
// but for repairs: those are asked for per paragraph here. An error ends it.
func (p *Pipeline) Stream(ctx context.Context, req Request) iter.Seq2[Part, error] {
	return func(yield func(Part, error) bool) {
		req, lines, err := p.cutUp(ctx, req)
		if err != nil {
			yield(Part{}, err)
			return
		}
		words := 0
		for _, line := range lines {
			if hasLetter(line) {
				words++
			}
		}
		at := 0
		for _, line := range lines {
			one := req
			one.Text = line
			r, err := p.do(ctx, one, words)
			if err != nil {
				yield(Part{Line: at}, err)
				return
			}
			if !yield(Part{at, r}, nil) {
				return
			}
			at += strings.Count(line, "\n") + 1
		}
	}
}

// cutUp cuts a message into its paragraphs and settles its language, or leaves it
// whole: where it is known as a whole, and where there is nothing to translate.
func (p *Pipeline) cutUp(ctx context.Context, req Request) (Request, []string, error) {
	if req.To == language.Und {
		return req, nil, ErrNoTarget
	}
	w := &work{req: req, book: p.Book(), source: normalise(req.Text), from: req.From, to: req.To}
	whole := []string{w.source}
	w.spans = facts(req, w.source)
	bare := without(w.source, w.spans)
	if !hasLetter(bare) || len(w.spans) > maxFacts {
		return req, whole, nil
	}
	if w.from == language.Und {
		d := detectIn(w.book, w.source, bare, req)
		if !d.sure {
			return req, whole, nil
		}
		w.from = d.tag
	}
	if _, ok := p.known(ctx, w); ok {
		return req, whole, nil
	}
	// A line of its own does not tell that it is a signature.
	req.From, req.Names = w.from, w.private()
	return req, strings.Split(w.source, "\n"), nil
}

// atOnce is how many messages of a batch are worked on at the same time.
const atOnce = 4

// Batch translates several messages; the results are in the messages' order. A
// message that fails leaves an empty result and does not stop the others.
func (p *Pipeline) Batch(ctx context.Context, reqs []Request) ([]Result, error) {
	out, errs := make([]Result, len(reqs)), make([]error, len(reqs))
	var wg sync.WaitGroup
	turn := make(chan struct{}, atOnce)
	for i := range reqs {
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			if out[i], errs[i] = p.Do(ctx, reqs[i]); errs[i] != nil {
				errs[i] = fmt.Errorf("message %d: %w", i, errs[i])
			}
		})
	}
	wg.Wait()
	return out, errors.Join(errs...)
}
