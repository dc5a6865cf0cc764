package i18n

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

func printerOf(t *testing.T, lang, toml string) *Printer {
	t.Helper()
	all, err := load(fstest.MapFS{"locales/" + lang + "/t.toml": {Data: []byte(toml)}})
	if err != nil {
		t.Fatal(err)
	}
	return &Printer{all[0]}
}

func TestSay(t *testing.T) {
	t.Parallel()
	p := printerOf(t, "en", `
[t]
plain = "Asked for {amount} by {who}."
brace = "Type {order} or {} or {Two Words} {x"
[t.n]
one = "{n} order of {who}"
other = "{n} orders of {who}"
[t.deep.er]
x = "deep"
`)
	for _, tc := range []struct {
		key  Key
		args []any
		want string
	}{
		{"t.plain", []any{"amount", "59.90 EUR", "who", "anna"}, "Asked for 59.90 EUR by anna."},
		{"t.plain", []any{"who", "{amount}", "amount", "%d {who}"}, "Asked for %d {who} by {amount}."},
		{"t.plain", []any{"who", "anna"}, "Asked for {amount} by anna."},
		{"t.plain", []any{"who", nil, "amount"}, "Asked for {amount} by ."},
		{"t.brace", []any{"order", "701-1234567-1234567"}, "Type 701-1234567-1234567 or {} or {Two Words} {x"},
		{"t.n", []any{"n", 1, "who", "bo"}, "1 order of bo"},
		{"t.n", []any{"n", int64(123456789012), "who", "bo"}, "123456789012 orders of bo"},
		{"t.n", []any{"n", 0, "who", language.German}, "0 orders of de"},
		{"t.n", []any{"n", "1", "who", "bo"}, "1 orders of bo"}, // text is not a count
		{"t.deep.er.x", nil, "deep"},
		{"t.none", []any{"a", "b"}, "[t.none]"},
	} {
		if got := p.T(tc.key, tc.args...); got != tc.want {
			t.Errorf("T(%s, %v) = %q, want %q", tc.key, tc.args, got, tc.want)
		}
	}
	if p.Has("t.none") || !p.Has("t.plain") {
		t.Error("Has does not tell what is there")
	}
}

func TestPluralFormsOfOtherLanguages(t *testing.T) {
	t.Parallel()
	p := printerOf(t, "ru", "[t.n]\none=\"{n} заказ\"\nfew=\"{n} заказа\"\nmany=\"{n} заказов\"\nother=\"{n} заказа\"\n")
	for n, want := range map[int]string{1: "1 заказ", 3: "3 заказа", 5: "5 заказов", 11: "11 заказов", 21: "21 заказ", 10_000_021: "10000021 заказ"} {
		if got := p.T("t.n", "n", n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if f := form(language.English, -1); f != plural.One {
		t.Errorf("form of -1 is %v", f)
	}
}

func TestWhoGetsWhichLanguage(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "zh-CN", "zh": "zh-CN", "zh_CN": "zh-CN", "zh-hans": "zh-CN", "zh-TW": "zh-CN", "zh_CN.UTF-8": "zh-CN",
		"en": "en", "en-GB": "en", "en_US": "en", "de": "en", "fr-FR": "en", "ja-JP": "en",
		"!!": "zh-CN", "und": "zh-CN",
	} {
		if got := ForLocale(in).Lang().String(); got != want {
			t.Errorf("ForLocale(%q) speaks %s, want %s", in, got, want)
		}
	}
	if For(language.English) != For(language.English) {
		t.Error("printers are not kept")
	}
	if Langs()[0] != Default() {
		t.Errorf("first language is %s", Langs()[0])
	}
}

func TestMomentsAndCounts(t *testing.T) {
	t.Parallel()
	zh, en := For(Default()), For(language.English)
	at := time.Date(2026, 11, 21, 6, 5, 0, 0, time.UTC)
	china := time.FixedZone("CST", 8*3600)
	for _, tc := range []struct{ got, want string }{
		{zh.When(at, china), "2026-11-21 14:05"},
		{en.When(at, china), "21 Nov 2026, 14:05"},
		{en.When(at, nil), "21 Nov 2026, 06:05 UTC"},
		{zh.Ago(90 * time.Second), "1 分钟前"},
		{en.Ago(90 * time.Second), "1 minute ago"},
		{en.Ago(-3 * time.Hour), "in 3 hours"},
		{en.Ago(0), "just now"},
		{zh.Ago(73 * time.Hour), "3 天前"},
		{en.Span(47 * time.Hour), "47 hours"},
		{en.Span(-5 * time.Second), "5 seconds"},
		{en.Num(-1234567), "-1,234,567"},
		{zh.Num(999), "999"},
		{en.List("a", "b"), "a, b"},
		{zh.List("退款", "退货"), "退款、退货"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp 10.0.0.1: refused")
	p := NewProblem(cause, "common.in", "span", "Frau Müller")
	err := fmt.Errorf("refund: %w", p)
	got, ok := AsProblem(err)
	if !ok || got != p || !errors.Is(err, cause) {
		t.Fatalf("problem is lost in %v", err)
	}
	said := got.Say(For(language.English))
	if said != "in Frau Müller (ref "+p.Ref+")" || len(p.Ref) != 8 {
		t.Errorf("said %q", said)
	}
	if zh := got.Say(For(Default())); !strings.Contains(zh, "参考编号 "+p.Ref) {
		t.Errorf("said %q", zh)
	}
	log := err.Error()
	if !strings.Contains(log, p.Ref) || !strings.Contains(log, "refused") || strings.Contains(log, "Müller") {
		t.Errorf("logged %q", log)
	}
	if again := NewProblem(cause, "common.in"); again.Ref != p.Ref {
		t.Error("the same trouble has two references")
	}
	if quiet := NewProblem(nil, "common.now"); quiet.Say(For(language.English)) != "just now" || quiet.Error() != "common.now" {
		t.Errorf("without a cause: %q, %q", quiet.Say(For(language.English)), quiet.Error())
	}
	if _, ok := AsProblem(cause); ok {
		t.Error("found a problem in a plain error")
	}
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, data, want string }{
		"two topics":  {"locales/en/a.toml", "[a]\nx=\"1\"\n[b]\ny=\"2\"", "[b] does not belong here"},
		"not text":    {"locales/en/a.toml", "[a]\nx=3", "neither a sentence"},
		"not TOML":    {"locales/en/a.toml", "[a\n", "not TOML"},
		"twice":       {"locales/en/a.toml", "[a]\nx=\"1\"\nx=\"2\"", "x"},
		"no language": {"locales/quark_nonsense/a.toml", "[a]\nx=\"1\"", "not a language"},
	} {
		all, err := load(fstest.MapFS{tc.file: {Data: []byte(tc.data)}, "locales/zh-CN/b.toml": {Data: []byte("[b]\nok=\"好\"")}})
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), tc.file) {
			t.Errorf("%s: %v", name, err)
		}
		if len(all) == 0 || (&Printer{all[0]}).T("b.ok") != "好" {
			t.Errorf("%s: one bad file cost the words of another", name)
		}
	}
}
