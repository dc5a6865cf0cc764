package translate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	s := &spy{name: "s"}
	p := translate.New(translate.Options{Engines: []translate.Engine{s}, Book: book(t)})
	local := func(store string) translate.Request {
		r := english("The parcel #1001 never arrived at all")
		r.Local, r.Store = true, store
		return r
	}
	base := english("The parcel #1001 never arrived at all")
	out, names := base, english("Hi Anna,\nthe parcel never came")
	out.Outgoing = true
	otherName := english("Hi Berta,\nthe parcel never came")
	rules := translate.New(translate.Options{Engines: []translate.Engine{s}, Rules: map[string]translate.Rule{"s": {Local: true}}})
	for i, tc := range []struct {
		p     *translate.Pipeline
		req   translate.Request
		want  string
		asked bool
	}{
		{p, base, "#1001", true},
		{p, base, "#1001", false},
		{p, english("The parcel #2002 never arrived at all"), "#2002", false}, // with its own number
		{p, english("The box #2002 never arrived at all"), "#2002", true},
		{p, out, "#1001", true}, // another direction
		{p, translate.Request{Text: base.Text, From: base.From, To: language.German}, "#1001", true},
		{p, names, "Anna", true},
		{p, otherName, "Berta", false},
		{rules, base, "#1001", true},
		{rules, local("a"), "#1001", true},
		{rules, local("a"), "#1001", false},
		{rules, local("b"), "#1001", true},
	} {
		before := s.called()
		r := do(t, tc.p, tc.req)
		if !strings.Contains(r.Text, tc.want) || r.Engine != "s" || (s.called() > before) != tc.asked {
			t.Errorf("%d: %q, asked %d times", i, r.Text, s.called()-before)
		}
	}
	// Another glossary asks anew.
	other, err := p.Book().With(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if other.Version() != p.Book().Version() {
		before := s.called()
		p.SetBook(other)
		if do(t, p, base); s.called() == before {
			t.Error("the answer of another glossary was used")
		}
	}
	// What has faults is not kept, and a bounded cache forgets.
	bad := &enginetest.Bad{Trick: enginetest.Invent, Honest: 1}
	p = translate.New(translate.Options{Engines: []translate.Engine{bad}})
	if a, b := do(t, p, base), do(t, p, base); !a.Blocked() || !b.Blocked() {
		t.Error("faults got through")
	}
	small := &spy{name: "small"}
	p = translate.New(translate.Options{Engines: []translate.Engine{small}, CacheBytes: 1000})
	for i := range 6 {
		do(t, p, english(fmt.Sprintf("Where did parcel %c go", 'a'+i%3)))
	}
	if none := (&spy{name: "none"}); small.called() <= 3 {
		t.Errorf("%d calls with room for two", small.called())
	} else {
		p = translate.New(translate.Options{Engines: []translate.Engine{none}, CacheBytes: -1})
		do(t, p, base)
		if do(t, p, base); none.called() != 2 {
			t.Errorf("%d calls without a cache", none.called())
		}
	}
}

func TestTheSameQuestionIsAskedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &spy{name: "s", hold: make(chan struct{})}
		p := translate.New(translate.Options{Engines: []translate.Engine{s}})
		first, leave := context.WithCancel(t.Context())
		results := make([]translate.Result, 6)
		errs := make([]error, 6)
		for i := range results {
			ctx := t.Context()
			if i == 0 {
				ctx = first
			}
			go func() {
				results[i], errs[i] = p.Do(ctx, english(fmt.Sprintf("The parcel #100%d never arrived at all", i)))
			}()
			synctest.Wait()
		}
		leave() // whoever asked first goes: the others get their answer all the same
		synctest.Wait()
		close(s.hold)
		synctest.Wait()
		if !errors.Is(errs[0], context.Canceled) {
			t.Errorf("the one who left: %v", errs[0])
		}
		for i := 1; i < len(results); i++ {
			if errs[i] != nil || !strings.Contains(results[i].Text, fmt.Sprintf("#100%d", i)) {
				t.Errorf("%d: %+v, %v", i, results[i], errs[i])
			}
		}
		if s.called() != 1 {
			t.Errorf("%d calls", s.called())
		}
	})
}

// silent answers nothing, not even the try-out, until its time is over.
type silent struct{ calls atomic.Int64 }

func (d *silent) Name() string { return "silent" }

func (d *silent) Translate(ctx context.Context, _ []translate.Segment, _, _ language.Tag) ([]string, error) {
	d.calls.Add(1)
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestASlowEngineHoldsNobodyUpForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow, good := &silent{}, &spy{name: "good"}
		p := translate.New(translate.Options{Engines: []translate.Engine{slow, good}, Timeout: 20 * time.Second})
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				if r := do(t, p, english(fmt.Sprintf("Where did parcel %c go", 'a'+i))); r.Engine != "good" || !has(r, "engine_down") {
					t.Errorf("%+v", r)
				}
			})
		}
		// Somebody in a hurry does not wait for it.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Do(ctx, english("Where is it")); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("in a hurry: %v after %v", err, time.Since(start))
		}
		wg.Wait()
		if took := time.Since(start); took != 20*time.Second || slow.calls.Load() != 1 {
			t.Errorf("all of them took %v and asked %d times", took, slow.calls.Load())
		}
		do(t, p, english("Where did it go then"))
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("the next one waited %v", took-20*time.Second)
		}
	})
}

type panics struct{}

func (panics) Name() string { return "panics" }
func (panics) Translate(context.Context, []translate.Segment, language.Tag, language.Tag) ([]string, error) {
	panic("secret text")
}

func TestAPanicIsAnAnswerThatIsNone(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Engines: []translate.Engine{panics{}, &spy{name: "good"}}})
	if r := do(t, p, english("Where did it go")); r.Engine != "good" || !has(r, "engine_bad_answer") {
		t.Errorf("%+v", r)
	}
	if err := p.Probe(t.Context(), language.English, zhCN)[0].Err; err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestFaultsLeadOn(t *testing.T) {
	t.Parallel()
	for _, trick := range []enginetest.Trick{enginetest.Invent, enginetest.Empty, enginetest.Fewer, enginetest.Echo, enginetest.Preamble} {
		p := translate.New(translate.Options{Engines: []translate.Engine{&enginetest.Bad{Trick: trick, Honest: 1}, &spy{name: "good"}}})
		r := do(t, p, english("The parcel #1001 never arrived.\nPlease help me"))
		if r.Engine != "good" || r.Blocked() || !has(r, "engine_unfit") && !has(r, "engine_bad_answer") {
			t.Errorf("%s: %+v", trick, r)
		}
	}
}

// A paragraph that is translated alone hides what the whole message gave away.
func TestAStreamShowsNoNames(t *testing.T) {
	t.Parallel()
	s := &spy{name: "s"}
	p := translate.New(translate.Options{Engines: []translate.Engine{s}})
	var text []string
	for part, err := range p.Stream(t.Context(), english("The parcel never came to my house.\nBest regards,\nAnna Schmidt\nAnna Schmidt never got it")) {
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, part.Text)
	}
	if strings.Contains(s.text(), "Anna") || strings.Count(strings.Join(text, "\n"), "Anna Schmidt") != 2 {
		t.Errorf("the engine saw\n%s\nand the text is\n%s", s.text(), strings.Join(text, "\n"))
	}
}

func TestMemoryKeepsNoNames(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Book: book(t)})
	req := english("Hi Anna,\nplease send Bob's label to Hauptstr. 5")
	req.Names = []string{"Bob Dylan"}
	u, err := p.Unit(req, "Anna，您好！\n请把 Bob 的标签寄到 Hauptstr. 5")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []string{"Anna", "Bob", "Hauptstr"} {
		if strings.Contains(u.Source+u.Target, x) {
			t.Errorf("%q is kept in %+v", x, u)
		}
	}
}
