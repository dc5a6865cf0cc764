// Package enginetest is the exam that every translation engine sits, with a toy
// engine and a troublesome one for testing what uses them.
//
// # Why
//
// The exam asks for what the pipeline relies on and nothing else: as many texts
// back as were given, in order; an error when the context ends; tokens left
// alone in at least one form; no secret in an error. How good a translation is,
// no exam can tell.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

// Exam is one engine's exam.
type Exam struct {
	// New makes the engine, set up to work. Text that its server knows nothing of
	// may come back in any wording, but with its tokens.
	New func(t *testing.T) translate.Engine
	// Broken makes the engine with a server that always fails; nil skips that.
	Broken func(t *testing.T) translate.Engine
	// Secret is what must not show in an error; empty skips that.
	Secret   string
	From, To language.Tag
}

// Run sits the exam.
func Run(t *testing.T, x Exam) {
	t.Helper()
	t.Run("has a name", func(t *testing.T) {
		if name := x.New(t).Name(); name == "" || strings.ContainsAny(name, " \n") {
			t.Errorf("name %q", name)
		}
	})
	t.Run("nothing gives nothing", func(t *testing.T) {
		out, err := x.New(t).Translate(t.Context(), nil, x.From, x.To)
		if err != nil || len(out) != 0 {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("as many texts in the same order", func(t *testing.T) {
		e := x.New(t)
		var batch []translate.Segment
		for i := range 40 {
			batch = append(batch, translate.Segment{Text: fmt.Sprintf("Order __PH%d__ arrived.", i)})
		}
		out, err := e.Translate(t.Context(), batch, x.From, x.To)
		if err != nil {
			t.Fatal(err)
		}
		if len(out) != len(batch) {
			t.Fatalf("%d texts for %d", len(out), len(batch))
		}
		for i, s := range out {
			if !strings.Contains(s, fmt.Sprintf("__PH%d__", i)) {
				t.Errorf("text %d is %q", i, s)
			}
		}
	})
	t.Run("keeps a form of token", func(t *testing.T) {
		e := x.New(t)
		kept := 0
		for _, form := range []string{`<x id="%d"/>`, `__PH%d__`, `[[%d]]`} {
			a, b := fmt.Sprintf(form, 0), fmt.Sprintf(form, 1)
			out, err := e.Translate(t.Context(), []translate.Segment{{Text: "Where is my order " + a + " from " + b + "?"}}, x.From, x.To)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(out[0], a) == 1 && strings.Count(out[0], b) == 1 {
				kept++
			}
		}
		if kept == 0 {
			t.Error("every form of token is changed")
		}
	})
	t.Run("marks and line breaks do not break it", func(t *testing.T) {
		e := x.New(t)
		batch := []translate.Segment{{Text: `He said "no" \ {not} <b>&amp;</b>` + "\n\t'ok' 👍"}, {Text: "]}\"],"}}
		out, err := e.Translate(t.Context(), batch, x.From, x.To)
		if err != nil || len(out) != 2 {
			t.Fatalf("got %q, %v", out, err)
		}
	})
	t.Run("a long text is not cut", func(t *testing.T) {
		long := strings.Repeat("The parcel has not arrived yet. ", 150) + "__PH0__"
		out, err := x.New(t).Translate(t.Context(), []translate.Segment{{Text: long}}, x.From, x.To)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out[0], "__PH0__") {
			t.Errorf("the end is gone: %d bytes", len(out[0]))
		}
	})
	t.Run("gives up when told to", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := x.New(t).Translate(ctx, []translate.Segment{{Text: "Hello"}}, x.From, x.To)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
	t.Run("serves several at once", func(t *testing.T) {
		e := x.New(t)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				want := fmt.Sprintf("__PH%d__", i)
				out, err := e.Translate(t.Context(), []translate.Segment{{Text: "Order " + want + " arrived."}}, x.From, x.To)
				if err != nil || len(out) != 1 || !strings.Contains(out[0], want) {
					t.Errorf("%d: %q, %v", i, out, err)
				}
			})
		}
		wg.Wait()
	})
	t.Run("says what is wrong", func(t *testing.T) {
		if x.Broken == nil {
			t.Skip("no broken server to ask")
		}
		_, err := x.Broken(t).Translate(t.Context(), []translate.Segment{{Text: "Hello"}}, x.From, x.To)
		if err == nil {
			t.Fatal("a broken server gave a translation")
		}
		var e *translate.EngineError
		if !errors.As(err, &e) || e.Engine == "" {
			t.Errorf("%v is not an EngineError with a name", err)
		}
		if x.Secret != "" && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, e), x.Secret) {
			t.Error("the secret shows in the error")
		}
	})
}
