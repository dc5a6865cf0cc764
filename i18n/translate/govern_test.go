package translate_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
	"helloworld/i18n/translate/openai"
)

// spy is the honest toy under a name, and remembers what it was given.
type spy struct {
	name string
	// hold blocks every call that is no try-out until it is closed.
	hold chan struct{}
	fail func(call int) error

	mu    sync.Mutex
	calls int
	seen  []translate.Segment
	pairs []string
}

func (s *spy) Name() string { return s.name }

// Model is what it runs on.
func (s *spy) Model() string { return s.name + "-1" }

func (s *spy) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	out, err := enginetest.Toy{}.Translate(ctx, batch, from, to)
	probe := strings.Contains(batch[0].Text, "is the order number")
	s.mu.Lock()
	s.seen = append(s.seen, batch...)
	s.pairs = append(s.pairs, from.String()+">"+to.String())
	if !probe {
		s.calls++
	}
	call := s.calls
	s.mu.Unlock()
	if probe {
		return out, err
	}
	if s.hold != nil {
		select {
		case <-s.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.fail != nil {
		if err := s.fail(call); err != nil {
			return nil, err
		}
	}
	return out, err
}

func (s *spy) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *spy) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, x := range s.seen {
		fmt.Fprintln(&b, x.Text, x.Terms)
	}
	return b.String()
}

// clock is a time that a test moves.
type clock struct{ at atomic.Int64 }

func newClock(t time.Time) *clock {
	c := &clock{}
	c.at.Store(t.UnixNano())
	return c
}
func (c *clock) now() time.Time      { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) add(d time.Duration) { c.at.Add(int64(d)) }

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func english(text string) translate.Request {
	return translate.Request{Text: text, From: language.English, To: zhCN}
}

func kindErr(k translate.ErrorKind, after time.Duration) error {
	return &translate.EngineError{Kind: k, Engine: "x", RetryAfter: after, Err: errors.New("no")}
}

// ledger keeps calls in memory; spent is what other replicas had before.
type ledger struct {
	mu     sync.Mutex
	uses   []translate.Usage
	before int64
	down   bool
}

func (l *ledger) Count(_ context.Context, u translate.Usage) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return errors.New("down")
	}
	l.uses = append(l.uses, u)
	return nil
}

func (l *ledger) Spent(_ context.Context, engine string, since time.Time) (letters, cost int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return 0, 0, errors.New("down")
	}
	for _, u := range l.uses {
		if u.Engine == engine && !u.At.Before(since) {
			letters, cost = letters+u.Letters, cost+u.Cost
		}
	}
	return letters + l.before, cost, nil
}

// What a service answers over HTTP leads to the next engine, then to none, and
// the finding says what happened.
func TestAnswersThatAreNoneLeadOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		header string
		body   string
		code   string
	}{
		"too many":      {429, "30", "", "engine_busy"},
		"used up":       {456, "", "", "engine_quota"},
		"down":          {503, "", "", "engine_down"},
		"refused":       {403, "", "no", "engine_denied"},
		"too long":      {413, "", "", "engine_too_long"},
		"empty":         {200, "", "", "engine_bad_answer"},
		"no JSON":       {200, "", "<html>hello", "engine_bad_answer"},
		"half of it":    {200, "", `{"choices":[{"message":{"content":"[\"x\"]"},"finish_reason":"stop"}]}`, "engine_bad_answer"},
		"cut":           {200, "", `{"choices":[{"message":{"content":"[]"},"finish_reason":"length"}]}`, "engine_too_long"},
		"other choices": {200, "", `{"choices":[]}`, "engine_bad_answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tc.header != "" {
					w.Header().Set("Retry-After", tc.header)
				}
				w.WriteHeader(tc.status)
				io.WriteString(w, tc.body)
			}))
			t.Cleanup(srv.Close)
			bad, err := openai.New(openai.Config{Name: "bad", BaseURL: srv.URL, Model: "m", Key: "k"})
			if err != nil {
				t.Fatal(err)
			}
			req := english("The parcel #1001 never arrived.\nPlease help me")
			r := do(t, translate.New(translate.Options{Engines: []translate.Engine{bad, &spy{name: "good"}}}), req)
			if r.Engine != "good" || r.Model != "good-1" || r.Grade != translate.ByEngine || !has(r, tc.code) || !strings.Contains(r.Text, "#1001") {
				t.Errorf("with another engine: %+v", r)
			}
			r = do(t, translate.New(translate.Options{Engines: []translate.Engine{bad}, Book: book(t)}), req)
			if r.Grade != translate.Gloss || !r.Blocked() || !has(r, tc.code) {
				t.Errorf("alone: %+v", r)
			}
			r = do(t, translate.New(translate.Options{Engines: []translate.Engine{bad}, Book: book(t)}), english("Item defective, request refund"))
			if r.Grade != translate.Exact {
				t.Errorf("a phrase: %+v", r)
			}
		})
	}
}

func TestEachPairHasItsEngines(t *testing.T) {
	t.Parallel()
	ja, all := &spy{name: "ja"}, &spy{name: "all"}
	p := translate.New(translate.Options{Engines: []translate.Engine{ja, all}, Rules: map[string]translate.Rule{"ja": {Pairs: []string{"*>ja"}}, "all": {Pairs: []string{"en>*"}}}})
	for _, tc := range []struct {
		from, to, engine, code string
	}{
		{"en", "ja", "ja", ""}, {"en", "zh-CN", "all", ""}, {"de", "zh-CN", "", "no_engine_pair"}, {"de", "ja", "ja", ""},
	} {
		r := do(t, p, translate.Request{Text: "Nobody knows where this parcel went", From: language.Make(tc.from), To: language.Make(tc.to)})
		if r.Engine != tc.engine || tc.code != "" && !has(r, tc.code) {
			t.Errorf("%s>%s: %+v", tc.from, tc.to, r)
		}
	}
}

// Nothing that says who the buyer is leaves, and all of it is in what is sent.
func TestAnEngineSeesNoNames(t *testing.T) {
	t.Parallel()
	private := []string{"Jürgen", "Müller", "Hauptstr. 5", "45127", "Essen", "DE89 3704 0044 0532 0130 00", "juergen@mueller.example", "+49 201 1234567", "Petra", "Schmidt"}
	text := "Dear Petra,\n\nthe parcel for Jürgen Müller never arrived at Hauptstr. 5, 45127 Essen. Pay it to DE89 3704 0044 0532 0130 00.\n" +
		"Write to juergen@mueller.example or call +49 201 1234567\n\nBest regards,\nPetra Schmidt"
	s := &spy{name: "s"}
	p := translate.New(translate.Options{Engines: []translate.Engine{s}, Book: book(t)})
	req := translate.Request{Text: text, From: language.English, To: language.German, Outgoing: true, Names: []string{"Jürgen Müller", "Hauptstr. 5", "Essen", "45127"}}
	r := do(t, p, req)
	if r.Engine != "s" || r.Blocked() {
		t.Errorf("got %+v", r)
	}
	for _, x := range private {
		if strings.Contains(s.text(), x) {
			t.Errorf("the engine saw %q in\n%s", x, s.text())
		}
		if !strings.Contains(r.Text, x) {
			t.Errorf("%q is not in\n%s", x, r.Text)
		}
	}
	if len(s.pairs) < 3 || s.pairs[len(s.pairs)-1] != "de>en" {
		t.Errorf("no way back: %v", s.pairs)
	}
	for _, seg := range s.seen[3:] { // after the try-out
		if seg.Style.Professional {
			return
		}
	}
	t.Error("nobody asked for the shop's tone")
}

func TestWhatMustStayStays(t *testing.T) {
	t.Parallel()
	far, near := &spy{name: "far"}, &spy{name: "near"}
	rules := map[string]translate.Rule{"near": {Local: true}}
	req := english("The parcel #1001 never arrived at all")
	req.Local, req.Outgoing = true, true
	r := do(t, translate.New(translate.Options{Engines: []translate.Engine{far, near}, Rules: rules}), req)
	if r.Engine != "near" || has(r, "local_only") {
		t.Errorf("with a local engine: %+v", r)
	}
	r = do(t, translate.New(translate.Options{Engines: []translate.Engine{far}, Rules: rules, Book: book(t)}), req)
	if r.Grade != translate.Gloss || !has(r, "local_only") {
		t.Errorf("without one: %+v", r)
	}
	// On loopback or not: the rule decides.
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(srv.Close)
	loop, err := openai.New(openai.Config{Name: "loop", BaseURL: srv.URL, Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	if r = do(t, translate.New(translate.Options{Engines: []translate.Engine{loop}}), req); !has(r, "local_only") || asked.Load() > 0 {
		t.Errorf("loopback was asked: %+v", r)
	}
	if len(far.seen) > 0 {
		t.Errorf("it left: %s", far.text())
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	const probe = 250 // about what the try-out takes
	for _, tc := range []struct {
		name string
		rule translate.Rule
		// before is what the ledger knows already.
		before int64
		down   bool
		// texts fit before the first is refused.
		fit  int
		told string
	}{
		{"letters", translate.Rule{MonthLetters: 1000}, 0, false, 7, "80 100"},
		{"letters of others", translate.Rule{MonthLetters: 1000}, 500, false, 2, "80 100"},
		{"money", translate.Rule{MonthCost: 20_000, MillionCost: 20_000_000, Currency: "EUR"}, 0, false, 7, "80 100"},
		{"no ledger that answers", translate.Rule{MonthLetters: 1000}, 0, true, 7, "80 100"},
		{"none left at all", translate.Rule{MonthLetters: 10}, 0, false, 0, "100"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			at := newClock(noon)
			var told []string
			s, l := &spy{name: "s"}, &ledger{before: tc.before, down: tc.down}
			p := translate.New(translate.Options{Engines: []translate.Engine{s}, Rules: map[string]translate.Rule{"s": tc.rule}, Ledger: l, Now: at.now,
				OnBudget: func(engine string, percent int) { told = append(told, fmt.Sprint(percent)) }})
			fit := 0
			for i := range 12 {
				r := do(t, p, english(strings.Repeat("parcel ", 13)+fmt.Sprintf("%c arrived", 'a'+i)))
				if r.Engine == "s" {
					fit++
				} else if !has(r, "engine_budget") {
					t.Errorf("%d: %+v", i, r)
				}
			}
			if fit != tc.fit || strings.Join(told, " ") != tc.told {
				t.Errorf("%d fitted, told of %q", fit, told)
			}
			at.add(11 * 24 * time.Hour) // December
			l.mu.Lock()
			l.before = 0
			l.mu.Unlock()
			r := do(t, p, english("The parcel of another month"))
			if tc.fit > 0 && r.Engine != "s" {
				t.Errorf("a new month: %+v", r)
			}
			for _, u := range l.uses {
				if u.Engine != "s" || u.Letters == 0 || u.Currency != tc.rule.Currency || (u.Cost > 0) != (tc.rule.MillionCost > 0) || u.Failed != "" {
					t.Errorf("counted %+v", u)
				}
			}
			if !tc.down && tc.fit > 0 && (len(l.uses) != tc.fit+2 || l.uses[0].Letters > probe) {
				t.Errorf("%d calls counted", len(l.uses))
			}
		})
	}
}

func TestFailuresAreCounted(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	s := &spy{name: "s", fail: func(int) error { return kindErr(translate.Busy, 0) }}
	p := translate.New(translate.Options{Engines: []translate.Engine{s}, Ledger: l, Rules: map[string]translate.Rule{"s": {MillionCost: 1_000_000}}})
	do(t, p, english("Where is 包裹 now"))
	if len(l.uses) != 2 || l.uses[0].Failed != "" || l.uses[1].Failed != "busy" || l.uses[1].Letters != 15 || l.uses[1].Cost != 0 {
		t.Errorf("counted %+v", l.uses)
	}
}

func TestAFailingEngineRests(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		err  error
		// calls go through before it rests, and rest is how long that lasts.
		calls int
		rest  time.Duration
		code  string
	}{
		{"too many", kindErr(translate.Busy, time.Minute), 1, time.Minute, "engine_busy"},
		{"too many, for long", kindErr(translate.Busy, 1000*time.Hour), 1, 24 * time.Hour, "engine_busy"},
		{"denied", kindErr(translate.Denied, time.Second), 1, 15 * time.Minute, "engine_denied"},
		{"used up", kindErr(translate.Quota, 0), 1, time.Hour, "engine_quota"},
		{"down", kindErr(translate.Down, 0), 3, 15 * time.Second, "engine_down"},
		{"down, and says for how long", kindErr(translate.Down, 2*time.Minute), 1, 2 * time.Minute, "engine_down"},
		{"wrong answers", kindErr(translate.BadAnswer, 0), 3, 15 * time.Second, "engine_bad_answer"},
		{"whatever", errors.New("no"), 3, 15 * time.Second, "engine_failed"},
		{"time-out", context.DeadlineExceeded, 1, 15 * time.Second, "engine_down"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			at := newClock(noon)
			s := &spy{name: "s", fail: func(int) error { return tc.err }}
			p := translate.New(translate.Options{Engines: []translate.Engine{s}, Now: at.now})
			n := 0
			ask := func(code string) {
				t.Helper()
				n++
				if r := do(t, p, english(fmt.Sprintf("Where did parcel %c go", 'a'+n))); !has(r, code) {
					t.Errorf("%d: want %s in %v", n, code, r.Findings)
				}
			}
			for range tc.calls {
				ask(tc.code)
			}
			ask("engine_resting")
			at.add(tc.rest - time.Second)
			ask("engine_resting")
			at.add(time.Second)
			ask(tc.code)
			ask("engine_resting")
			if s.called() != tc.calls+1 {
				t.Errorf("%d calls", s.called())
			}
			if tc.calls == 3 { // the next rest is longer
				at.add(tc.rest)
				ask("engine_resting")
				at.add(tc.rest)
				ask(tc.code)
			}
			s.fail = nil
			at.add(25 * time.Hour)
			for range 5 {
				n++
				if r := do(t, p, english(fmt.Sprintf("Where did parcel %c go", 'a'+n))); r.Engine != "s" {
					t.Errorf("well again: %+v", r)
				}
			}
		})
	}
}

func TestAnUnknownPairIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	s := &spy{name: "s", fail: func(int) error { return kindErr(translate.NoPair, 0) }}
	p := translate.New(translate.Options{Engines: []translate.Engine{s}})
	for i := range 4 {
		if r := do(t, p, english(fmt.Sprintf("Where did parcel %c go", 'a'+i))); !has(r, "engine_no_pair") {
			t.Errorf("%d: %v", i, r.Findings)
		}
	}
	if s.called() != 1 {
		t.Errorf("%d calls", s.called())
	}
	s.fail = nil
	if r := do(t, p, translate.Request{Text: "Where did the parcel go", From: language.English, To: language.German}); r.Engine != "s" {
		t.Errorf("another pair: %+v", r)
	}
}
