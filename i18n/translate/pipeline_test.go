package translate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"
	"pgregory.net/rapid"

	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

var zhCN = language.MustParse("zh-CN")

func book(t testing.TB) *glossary.Book {
	t.Helper()
	b, err := glossary.Default()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func do(t testing.TB, p *translate.Pipeline, req translate.Request) translate.Result {
	t.Helper()
	r, err := p.Do(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func has(r translate.Result, code string) bool {
	return slices.ContainsFunc(r.Findings, func(f translate.Finding) bool { return f.Code == code })
}

func TestEveryFindingHasASentence(t *testing.T) {
	t.Parallel()
	for _, tag := range i18n.Langs() {
		p := i18n.For(tag)
		for _, code := range translate.Codes {
			if !p.Has(i18n.Key("finding." + code)) {
				t.Errorf("%s has no finding.%s", tag, code)
			}
		}
	}
	// Codes lists all of them: every constant of the package is in it.
	src, err := os.ReadFile(filepath.Join("verify.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(src), "\n") {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "= \"")
		if ok && strings.HasPrefix(name, "code") && !slices.Contains(translate.Codes, strings.TrimSuffix(value, "\"")) {
			t.Errorf("%s is not in Codes", name)
		}
	}
}

func TestWithoutAnEngine(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Book: book(t)})
	for _, tc := range []struct {
		from, to, text, want string
		grade                translate.Grade
		lang                 string
		blocked              bool
	}{
		{"en", "zh-CN", "Item defective, request refund", "商品存在质量问题，申请退款", translate.Exact, "en", false},
		{"und", "zh-CN", "ITEM DEFECTIVE, request refund.", "商品存在质量问题，申请退款", translate.Exact, "en", false},
		{"und", "zh-CN", "Wo ist meine Bestellung 302-1234567-7654321?", "我的订单 302-1234567-7654321 现在到哪里了？", translate.Template, "de", false},
		{"und", "zh-CN", "注文１００１はいつ届きますか？", "订单 １００１ 什么时候能送达？", translate.Template, "ja", false},
		{"und", "zh-CN", "Hello. I received the wrong item!\n\nThank you", "您好！卖家发错货了，我收到的不是我订购的商品。\n\n谢谢。", translate.Template, "en", false},
		{"zh-CN", "de", "退款将在 1 个工作日内到账。感谢您的耐心等待。", "Die Rückerstattung erreicht Sie innerhalb von 1 Werktag. Vielen Dank für Ihre Geduld.", translate.Template, "zh-CN", false},
		{"en", "zh-CN", "I want a refund for #1001", "I want a 退款(refund) for #1001", translate.Gloss, "en", true},
		{"en", "zh-CN", "Hello. My refund is late.", "您好！ My 退款(refund) is late.", translate.Gloss, "en", true},
		{"und", "zh-CN", "hmm", "hmm", translate.Gloss, "und", true},
		{"und", "zh-CN", "#1001 👍 12,50 €", "#1001 👍 12,50 €", translate.Same, "und", false},
		{"und", "zh-CN", "请退款", "请退款", translate.Same, "zh-CN", false},
		{"en", "en-GB", "A refund", "A refund", translate.Same, "en", false},
		{"und", "zh-CN", "", "", translate.Same, "und", false},
	} {
		r := do(t, p, translate.Request{Text: tc.text, From: language.Make(tc.from), To: language.Make(tc.to)})
		if r.Text != tc.want || r.Grade != tc.grade || r.From.String() != tc.lang || r.Blocked() != tc.blocked {
			t.Errorf("%q: got %q, %s, from %s, blocked %v", tc.text, r.Text, r.Grade, r.From, r.Blocked())
		}
	}
	if _, err := p.Do(t.Context(), translate.Request{Text: "x"}); !errors.Is(err, translate.ErrNoTarget) {
		t.Errorf("no target: %v", err)
	}
}

// fake answers as told, and remembers what it was asked. It answers a probe
// honestly.
type fake struct {
	mu     sync.Mutex
	answer func(n int, s translate.Segment) (string, error)
	calls  int
	asked  []translate.Segment
}

func (f *fake) Name() string { return "fake" }

func (f *fake) Translate(_ context.Context, batch []translate.Segment, _, _ language.Tag) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	probe := strings.Contains(batch[0].Text, "is the order number")
	if !probe {
		f.calls++
		f.asked = append(f.asked, batch...)
	}
	for _, s := range batch {
		if probe {
			out = append(out, s.Text)
			continue
		}
		a, err := f.answer(f.calls, s)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

func TestAnEngineSeesNoFacts(t *testing.T) {
	t.Parallel()
	f := &fake{answer: func(_ int, s translate.Segment) (string, error) {
		return `我对订单<x id="0"/>有疑问，已付<x id="1"/>，请退款。`, nil
	}}
	p := translate.New(translate.Options{Book: book(t), Engines: []translate.Engine{f}})
	r := do(t, p, translate.Request{Text: "I paid €12.50 for order 302-1234567-7654321 and want a refund", From: language.English, To: zhCN})
	if f.asked[0].Text != `I paid <x id="0"/> for order <x id="1"/> and want a refund` {
		t.Errorf("asked %q", f.asked[0].Text)
	}
	if len(f.asked[0].Terms) != 1 || f.asked[0].Terms[0] != (translate.TermPair{Source: "refund", Target: "退款"}) {
		t.Errorf("terms %v", f.asked[0].Terms)
	}
	if r.Grade != translate.ByEngine || r.Engine != "fake" || r.Blocked() || !strings.Contains(r.Text, "302-1234567-7654321") || !has(r, "term_draft") {
		t.Errorf("got %+v", r)
	}
}

func TestOneRepair(t *testing.T) {
	t.Parallel()
	f := &fake{answer: func(n int, s translate.Segment) (string, error) {
		if n == 1 {
			return "我想要还钱，单号弄丢了", nil // no token, no term
		}
		return "我想要 __PH1__，订单号是 __PH0__", nil
	}}
	p := translate.New(translate.Options{Book: book(t), Engines: []translate.Engine{f}})
	r := do(t, p, translate.Request{Text: "About #1001: I want a refund", From: language.English, To: zhCN})
	if r.Text != "我想要 退款，订单号是 #1001" || r.Blocked() || !has(r, "repaired") || f.calls != 2 {
		t.Errorf("got %q %v after %d calls", r.Text, r.Findings, f.calls)
	}
	if f.asked[1].Text != "About __PH0__: I want a __PH1__" {
		t.Errorf("the repair asked %q", f.asked[1].Text)
	}
	// What stays wrong is blocked, after no more than two calls.
	f2 := &fake{answer: func(int, translate.Segment) (string, error) { return "我想要还钱", nil }}
	r = do(t, translate.New(translate.Options{Book: book(t), Engines: []translate.Engine{f2}}), translate.Request{Text: "About #1001: I want a refund", From: language.English, To: zhCN})
	if !r.Blocked() || !has(r, "token_lost") || !has(r, "term_missing") || f2.calls != 2 {
		t.Errorf("got %q %v after %d calls", r.Text, r.Findings, f2.calls)
	}
}

func TestEnginesTakeTurns(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	busy := &fake{answer: func(int, translate.Segment) (string, error) {
		return "", &translate.EngineError{Kind: translate.Busy, Engine: "fake", RetryAfter: time.Minute}
	}}
	good := &fake{answer: func(int, translate.Segment) (string, error) { return "包裹还没有到。", nil }}
	p := translate.New(translate.Options{Engines: []translate.Engine{busy, good}, Now: func() time.Time { return now }})
	req := translate.Request{Text: "The parcel is not here yet", From: language.English, To: zhCN}
	for i := range 3 {
		r := do(t, p, req)
		if r.Text != "包裹还没有到。" || !has(r, []string{"engine_busy", "engine_resting", "engine_resting"}[i]) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if busy.calls != 1 {
		t.Errorf("asked the busy engine %d times within its minute", busy.calls)
	}
	now = now.Add(time.Minute)
	req.Text = "The parcel is not here yet again"
	do(t, p, req)
	if busy.calls != 2 {
		t.Errorf("did not ask the busy engine again after its minute")
	}
	bad := &fake{answer: func(int, translate.Segment) (string, error) { return "", errors.New("no") }}
	r := do(t, translate.New(translate.Options{Engines: []translate.Engine{bad}}), req)
	if r.Grade != translate.Gloss || !has(r, "engine_failed") || r.Text != req.Text {
		t.Errorf("all engines failing: %+v", r)
	}
}

func TestAnEngineThatKeepsNoTokenIsRefused(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	e := &enginetest.Bad{Trick: enginetest.Drop}
	p := translate.New(translate.Options{Engines: []translate.Engine{e}, Now: func() time.Time { return now }})
	r := do(t, p, translate.Request{Text: "The parcel is not here yet", From: language.English, To: zhCN})
	if r.Grade != translate.Gloss || r.Engine != "" || !has(r, "engine_forgets") {
		t.Errorf("got %+v", r)
	}
	_, err := p.Do(cancelled(t), translate.Request{Text: "The parcel is not here yet", From: language.English, To: zhCN})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestOutgoing(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Book: book(t)})
	r := do(t, p, translate.Request{Text: "我们已为您退款 59.90 EUR。", From: zhCN, To: language.German, Outgoing: true})
	if r.Text != "Wir haben eine Rückerstattung von 59.90 EUR veranlasst." || !has(r, "confirm_amount") || !r.NeedsReview() || r.Blocked() ||
		r.Back != "我们已为您退款 59.90 EUR。" || r.BackGrade != translate.Template {
		t.Errorf("got %+v", r)
	}
	r = do(t, p, translate.Request{Text: "很抱歉，订单 1001 已发货，无法取消。", From: zhCN, To: language.Japanese, Outgoing: true})
	if !has(r, "confirm_refusal") || !has(r, "confirm_review") {
		t.Errorf("got %+v", r.Findings)
	}
}

// memory is a translation memory in a map.
type memory struct {
	mu sync.Mutex
	m  map[string]string
}

func (m *memory) Recall(_ context.Context, key string) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.m[key]
	return s, ok, nil
}

func (m *memory) Keep(_ context.Context, u translate.Unit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.m[u.Key] = u.Target
	return nil
}

func TestMemory(t *testing.T) {
	t.Parallel()
	m := &memory{m: map[string]string{}}
	p := translate.New(translate.Options{Book: book(t), Memory: m})
	req := translate.Request{Text: "My cat ate 2 of the labels for #1001, refund?", From: language.English, To: zhCN}
	if err := p.Learn(t.Context(), req, "我的猫吃掉了 #1001 的 2 张标签，可以退款吗？"); err != nil {
		t.Fatal(err)
	}
	for _, s := range m.m {
		if strings.ContainsAny(strings.NewReplacer("PH0", "", "PH1", "").Replace(s), "0123456789") {
			t.Errorf("a fact is in memory: %q", s)
		}
	}
	req.Text = "my cat ate 3 of the labels for #2002, refund?"
	if r := do(t, p, req); r.Text != "我的猫吃掉了 #2002 的 3 张标签，可以退款吗？" || r.Grade != translate.Template || r.Blocked() {
		t.Errorf("got %+v", r)
	}
	req.Outgoing = true
	if r := do(t, p, req); r.Grade != translate.Gloss {
		t.Errorf("the other direction knows it too: %+v", r)
	}
	plain := translate.Request{Text: "My cat ate the label", From: language.English, To: zhCN}
	if err := p.Learn(t.Context(), plain, "我的猫吃掉了标签"); err != nil {
		t.Fatal(err)
	}
	if r := do(t, p, plain); r.Grade != translate.Exact {
		t.Errorf("got %+v", r)
	}
	for _, bad := range []string{"猫吃了 #1001 的标签", "猫吃了 #1001 的 2 张标签和 5 张", "猫吃了 #1002 的 2 张"} {
		if err := p.Learn(t.Context(), translate.Request{Text: "My cat ate 2 of the labels for #1001", From: language.English, To: zhCN}, bad); !errors.Is(err, translate.ErrFactsDiffer) {
			t.Errorf("learnt %q: %v", bad, err)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Book: book(t)})
	got := translate.Explain(do(t, p, translate.Request{Text: "I want\na refund", From: language.English, To: zhCN}))
	want := []string{"grade: gloss", "from: en", "to: zh-CN", "term: act.refund v1: refund → 退款 (draft)", "finding: review term_draft: 退款", "finding: note no_engine"}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("no line %q in %q", w, got)
		}
	}
}

// message draws a buyer's message with facts of all sorts in it.
func message(t *rapid.T) (string, []string) {
	fact := rapid.OneOf(
		rapid.StringMatching(`[0-9]{3}-[0-9]{7}-[0-9]{7}`),
		rapid.StringMatching(`#[1-9][0-9]{3}`),
		rapid.StringMatching(`1Z[0-9A-Z]{15}[0-9]`),
		rapid.StringMatching(`€[1-9][0-9]{0,2}\.[0-9]{2}`),
		rapid.StringMatching(`[1-9][0-9]{0,2},[0-9]{2} €`),
		rapid.StringMatching(`20[0-9]{2}-0[1-9]-1[0-9]`),
		rapid.StringMatching(`https://[a-z]{3,8}\.example/[a-z0-9]{1,9}`),
		rapid.StringMatching(`[a-z]{3,8}@[a-z]{3,8}\.com`),
		rapid.StringMatching(`[A-Z]{2,4}-[0-9]{2,4}-[A-Z]{2}`),
		rapid.SampledFrom([]string{"{name}", "👍🏽", "__PH0__", "[[1]]", `<x id="0"/>`, "¥1200"}),
	)
	word := rapid.SampledFrom(strings.Fields("parcel arrived broken refund please where damaged label the my order box tracking number wrong item return blue again already never still"))
	var b strings.Builder
	var facts []string
	for range rapid.IntRange(1, 3).Draw(t, "lines") {
		for range rapid.IntRange(1, 12).Draw(t, "words") {
			if rapid.IntRange(0, 3).Draw(t, "fact?") == 0 {
				f := fact.Draw(t, "fact")
				facts = append(facts, f)
				b.WriteString(f + " ")
			}
			b.WriteString(word.Draw(t, "word") + " ")
		}
		b.WriteString("\n")
	}
	return b.String(), facts
}

// Whatever an engine does, the facts come through byte for byte, or the result
// cannot be sent.
func TestFactsSurviveOrNothingIsSent(t *testing.T) {
	t.Parallel()
	glossaryBook := book(t)
	var mu sync.Mutex
	sent, blocked := map[enginetest.Trick]int{}, map[enginetest.Trick]int{}
	rapid.Check(t, func(rt *rapid.T) {
		text, facts := message(rt)
		trick := rapid.SampledFrom(append([]enginetest.Trick{"honest"}, enginetest.Tricks...)).Draw(rt, "trick")
		to := rapid.SampledFrom([]language.Tag{zhCN, language.Japanese, language.German}).Draw(rt, "to")
		// One honest call, so that it gets past the probe.
		e := &enginetest.Bad{Trick: trick, Honest: 1}
		p := translate.New(translate.Options{Book: glossaryBook, Engines: []translate.Engine{e}})
		r, err := p.Do(context.Background(), translate.Request{Text: text, From: language.English, To: to})
		if err != nil {
			rt.Fatal(err)
		}
		mu.Lock()
		if r.Blocked() {
			blocked[trick]++
		} else {
			sent[trick]++
		}
		mu.Unlock()
		if r.Blocked() {
			return
		}
		// An echo is a translation only where every word was a term and forced.
		if trick == enginetest.Echo && glossary.Fold(r.Text) == glossary.Fold(text) {
			rt.Fatalf("the source came through as its translation: %q", text)
		}
		want := map[string]int{}
		for _, f := range facts {
			want[f]++
		}
		for f, n := range want {
			if strings.Count(r.Text, f) < n {
				rt.Fatalf("%s: %q is lost\nfrom %q\nto   %q", trick, f, text, r.Text)
			}
		}
		for _, never := range []string{"4711", "someone@", "77", "Sure!", "\u202e"} {
			if strings.Contains(r.Text, never) && !strings.Contains(text, never) {
				rt.Fatalf("%s: %q was added\nfrom %q\nto   %q", trick, never, text, r.Text)
			}
		}
	})
	// The harmless tricks must not block everything, nor the harmful ones nothing,
	// or the property says little.
	for _, trick := range []enginetest.Trick{"honest", enginetest.Reorder, enginetest.Recase, enginetest.Marks} {
		if sent[trick] == 0 && blocked[trick] > 3 {
			t.Errorf("%s never gets through: %d blocked", trick, blocked[trick])
		}
	}
	for _, trick := range []enginetest.Trick{enginetest.Preamble, enginetest.Invent, enginetest.Empty, enginetest.Fail, enginetest.Fewer, enginetest.Renumber} {
		if sent[trick] > 0 {
			t.Errorf("%s got through %d times", trick, sent[trick])
		}
	}
}

func TestToySitsTheExam(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, enginetest.Exam{
		New:    func(*testing.T) translate.Engine { return enginetest.Toy{} },
		Broken: func(*testing.T) translate.Engine { return &enginetest.Bad{Trick: enginetest.Fail} },
		From:   language.English, To: zhCN,
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Book: book(t), Engines: []translate.Engine{enginetest.Toy{}}})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			r, err := p.Do(context.Background(), translate.Request{Text: fmt.Sprintf("The parcel #10%02d never arrived", i), From: language.English, To: zhCN})
			if err != nil || !strings.Contains(r.Text, fmt.Sprintf("#10%02d", i)) {
				t.Errorf("%d: %+v, %v", i, r, err)
			}
		})
	}
	wg.Wait()
}

func TestProbe(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Engines: []translate.Engine{enginetest.Toy{}, &enginetest.Bad{Trick: enginetest.TurnToWord}, &enginetest.Bad{Trick: enginetest.Fail}}})
	got := p.Probe(t.Context(), language.English, zhCN)
	if len(got) != 3 || got[0].Err != nil || !slices.Equal(got[0].Forms, []string{"xml", "ph", "brackets"}) || got[1].Err == nil || len(got[1].Forms) > 0 || translate.KindOf(got[2].Err) != translate.Down {
		t.Errorf("got %+v", got)
	}
}

func TestAFloodOfNumbersIsNotTranslated(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 3_000 {
		fmt.Fprintf(&b, "refund %d ", i)
	}
	p := translate.New(translate.Options{Book: book(t), Engines: []translate.Engine{enginetest.Toy{}}})
	if r := do(t, p, translate.Request{Text: b.String(), From: language.English, To: zhCN}); !r.Blocked() || !has(r, "too_many_facts") {
		t.Errorf("grade %s", r.Grade)
	}
}

func TestALongMessageIsNotCut(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 120 {
		fmt.Fprintf(&b, "The parcel #%d never arrived and nobody answers my letters.\n", 1000+i)
	}
	p := translate.New(translate.Options{Book: book(t), Engines: []translate.Engine{enginetest.Toy{}}})
	r := do(t, p, translate.Request{Text: b.String(), From: language.English, To: zhCN})
	if r.Blocked() || strings.Count(r.Text, "\n") != 119 || !strings.Contains(r.Text, "#1000") || !strings.Contains(r.Text, "#1119") {
		t.Errorf("%d lines, %v", strings.Count(r.Text, "\n")+1, r.Findings)
	}
}
