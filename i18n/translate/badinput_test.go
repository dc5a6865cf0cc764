package translate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

func TestBadInput(t *testing.T) {
	t.Parallel()
	sentence := "The parcel with number 1Z999AA10123456784 has not come, please tell me where it is. "
	lines := strings.TrimSpace(strings.Repeat(sentence+"\n", 50_000/len(sentence)))
	one := strings.TrimSpace(strings.Repeat("Where is the parcel that I am waiting for, please tell me. ", 850))
	p := translate.New(translate.Options{Book: book(t), Engines: []translate.Engine{enginetest.Toy{}}})
	plain := translate.New(translate.Options{Book: book(t)})
	for _, tc := range []struct {
		name, text string
		grade      translate.Grade
		// kept is what has to be in the result as it is.
		kept []string
	}{
		{"nothing", "", translate.Same, nil},
		{"spaces", " \n\t \u3000", translate.Same, nil},
		{"invisible", "\u200b\u200e\u202e\ufeff", translate.Same, nil},
		{"emoji", "😡😡 👨\u200d👩\u200d👧 🇩🇪", translate.Same, []string{"😡😡 👨\u200d👩\u200d👧 🇩🇪"}},
		{"NUL", "Where is\x00 my order #1001, please\x00?", translate.ByEngine, []string{"#1001"}},
		{"not UTF-8", "Where is my \xff\xfeparcel for \xc3(#1001\xa0)?", translate.ByEngine, []string{"#1001"}},
		{"turned round", "Where is my order \u202e1001\u202c, I paid \u2066€12.50\u2069 for it", translate.ByEngine, []string{"1001", "€12.50"}},
		{"split by what is not seen", "I paid €12\u200b.50 for order #10\u200d01 and wait for it", translate.ByEngine, []string{"€12.50"}},
		{"markup", "<p>Where is my <b>order</b> #1001?</p><br/>&nbsp;I paid &euro;5", translate.ByEngine, []string{"#1001"}},
		{"code", "for i := 0; i < 10; i++ { fmt.Println(\"where is my order\", i) }", translate.ByEngine, []string{"10"}},
		{"table", "| order | paid | date |\n|---|---|---|\n| #1001 | €12.50 | 2026-11-21 |", translate.ByEngine, []string{"#1001", "€12.50", "2026-11-21", "|---|---|---|"}},
		{"our own tokens", "What do __PH0__ and <x id=\"3\"/> and [[1]] mean in my order #1001?", translate.ByEngine, []string{"__PH0__", `<x id="3"/>`, "[[1]]", "#1001"}},
		{"two languages", "Hello, where is my order #1001? 我的订单在哪里？ Wo ist meine Bestellung?", translate.ByEngine, []string{"#1001"}},
		{"many lines", lines, translate.ByEngine, nil},
		{"one long line", one, translate.ByEngine, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			req := translate.Request{Text: tc.text, From: language.English, To: zhCN}
			r := do(t, p, req)
			if r.Grade != tc.grade {
				t.Errorf("grade %s, want %s: %v", r.Grade, tc.grade, r.Findings)
			}
			req.From = language.Und
			for _, r := range []translate.Result{r, do(t, p, req), do(t, plain, req)} {
				if !utf8.ValidString(r.Text) || strings.ContainsAny(r.Text, "\x00\u202e\u2066\u200b\ufeff") {
					t.Errorf("what is not seen is still in %.200q", r.Text)
				}
				for _, k := range tc.kept {
					if !r.Blocked() && !strings.Contains(r.Text, k) {
						t.Errorf("%q is not in %.300q, %v", k, r.Text, r.Findings)
					}
				}
			}
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("took %s", d)
			}
		})
	}
	r := do(t, p, translate.Request{Text: lines, From: language.English, To: zhCN})
	if r.Blocked() || strings.Count(r.Text, "\n") != strings.Count(lines, "\n") || strings.Count(r.Text, "1Z999AA10123456784") != strings.Count(lines, "1Z999AA10123456784") {
		t.Errorf("lines: %d of %d, %v", strings.Count(r.Text, "\n"), strings.Count(lines, "\n"), r.Findings)
	}
}

// TestALongLineGoesInSentences: an engine with a limit gets whole sentences, and
// each of them.
func TestALongLineGoesInSentences(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 900 {
		fmt.Fprintf(&text, "Please tell me where order #%d is that I am waiting for. ", 10_000+i)
	}
	longest, calls := 0, 0
	f := &fake{answer: func(_ int, s translate.Segment) (string, error) {
		calls++
		longest = max(longest, utf8.RuneCountInString(s.Text))
		if !strings.HasPrefix(s.Text, "Please") || !strings.HasSuffix(s.Text, "for.") {
			t.Errorf("a sentence is cut: %.40q … %q", s.Text, s.Text[max(0, len(s.Text)-40):])
		}
		out, err := enginetest.Toy{}.Translate(t.Context(), []translate.Segment{s}, language.English, zhCN)
		return out[0], err
	}}
	p := translate.New(translate.Options{Engines: []translate.Engine{f}, Rules: map[string]translate.Rule{"fake": {MaxLetters: 2000}}})
	r := do(t, p, translate.Request{Text: text.String(), From: language.English, To: zhCN})
	if r.Blocked() || longest > 2000 || calls < 20 {
		t.Errorf("%d pieces, the longest of %d letters, %v", calls, longest, r.Findings)
	}
	for i := range 900 {
		if n := strings.Count(r.Text, fmt.Sprintf("#%d", 10_000+i)); n != 1 {
			t.Fatalf("order %d is there %d times", i, n)
		}
	}
}
