package commands

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/language"

	"helloworld/connectors"
	"helloworld/i18n"
)

func specs() map[string]*Spec {
	m := map[string]*Spec{}
	for _, s := range All {
		m[s.Name] = s
		for _, zh := range s.Zh {
			m[zh] = s
		}
	}
	return m
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		text      string
		addressed bool
		line      string
		is        bool
	}{
		{"/refund 1234", false, "refund 1234", true},
		{"!refund 1234", false, "refund 1234", true},
		{"／refund 1234", false, "refund 1234", true},
		{"！退款 1234", false, "退款 1234", true},
		{"/desk refund 1234", true, "refund 1234", true},
		{"desk refund 1234", true, "refund 1234", true},
		{"/ｄｅｓｋ health", true, "health", true},
		{"\u200b\u200e/refund 1234", false, "refund 1234", true},
		{"\ufeff/help", false, "help", true},
		{"refund 1234", true, "refund 1234", true},
		{"退款1234", true, "退款1234", true},
		{"thank you", true, "thank you", false},
		{"thank you", false, "thank you", false},
		{"!!", false, "", false},
		{"// a comment", false, "", false},
		{"", false, "", false},
		{"/", true, "", true},
	} {
		line, is := commandLine(c.text, c.addressed)
		if line != c.line || is != c.is {
			t.Errorf("commandLine(%q, %v) = %q, %v; want %q, %v", c.text, c.addressed, line, is, c.line, c.is)
		}
	}
}

func TestSplitVerb(t *testing.T) {
	names := specs()
	for line, want := range map[string][2]string{
		"refund 1234 full":     {"refund", "1234 full"},
		"REFUND 1234":          {"refund", "1234"},
		"ｒｅｆｕｎｄ １２３４":          {"refund", "１２３４"},
		"退款1234":               {"退款", "1234"},
		"退款 1234 全额":           {"退款", "1234 全额"},
		"重新同步ebay-de":          {"重新同步", "ebay-de"},
		"refnd 1234":           {"refnd", "1234"},
		"":                     {"", ""},
		"refund\u00a01234":     {"refund", "1234"},
		"re\u200bfund 1234":    {"refund", "1234"},
		"help\n\nrefund":       {"help", "refund"},
		"重新同步ebay-de messages": {"重新同步", "ebay-de messages"},
	} {
		verb, rest := splitVerb(line, names)
		if verb != want[0] || rest != want[1] {
			t.Errorf("splitVerb(%q) = %q, %q; want %q", line, verb, rest, want)
		}
	}
}

func TestReadArgs(t *testing.T) {
	en := i18n.For(language.English)
	for _, c := range []struct {
		spec *Spec
		rest string
		want map[string]string
		key  string
	}{
		{refund, "1234", map[string]string{"order": "1234"}, ""},
		{refund, "１２３４", map[string]string{"order": "1234"}, ""},
		{refund, "shopify-main#1234 full damaged", map[string]string{"order": "shopify-main#1234", "wish": "full damaged"}, ""},
		{refund, "1234 €12,50 破损 外箱：湿", map[string]string{"order": "1234", "wish": "€12,50 破损 外箱：湿"}, ""},
		{refund, "", nil, "error.missing"},
		{refund, "abc", nil, "error.argument"},
		{resync, "ebay-de orders", map[string]string{"store": "ebay-de", "stream": "orders"}, ""},
		{resync, "ebay-de orders now", nil, "error.too_many"},
		{order, "1234; DROP", nil, "error.argument"},
		{reply, "M7 danke schön", map[string]string{"message": "M7 danke schön"}, ""},
	} {
		got, err := readArgs(en, c.spec, c.rest)
		if c.key != "" {
			p, ok := i18n.AsProblem(err)
			if !ok || string(p.Key) != c.key {
				t.Errorf("%s %q: %v, want %s", c.spec.Name, c.rest, err, c.key)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %q: %v", c.spec.Name, c.rest, err)
			continue
		}
		if len(got) != len(c.want) {
			t.Errorf("%s %q: %v, want %v", c.spec.Name, c.rest, got, c.want)
		}
		for k, v := range c.want {
			if got[k] != v {
				t.Errorf("%s %q: %s is %q, want %q", c.spec.Name, c.rest, k, got[k], v)
			}
		}
	}
}

func TestParseAmount(t *testing.T) {
	for _, c := range []struct{ text, currency, want string }{
		{"12.50", "EUR", "12.50 EUR"},
		{"12,50", "EUR", "12.50 EUR"},
		{"€12.50", "EUR", "12.50 EUR"},
		{"12.50 EUR", "EUR", "12.50 EUR"},
		{"12,50€", "EUR", "12.50 EUR"},
		{"１２．５０", "EUR", "12.50 EUR"},
		{"1.234,56", "EUR", "1234.56 EUR"},
		{"1,234.56", "USD", "1234.56 USD"},
		{"$5", "USD", "5.00 USD"},
		{"¥1200", "JPY", "1200 JPY"},
		{"￥1,200", "JPY", "1200 JPY"},
		{"1200円", "JPY", "1200 JPY"},
		{"1.234", "KWD", "amount.two_ways"},
		{"1.234", "EUR", "amount.two_ways"},
		{"1,234", "USD", "amount.two_ways"},
		{"0.500", "KWD", "0.500 KWD"},
		{"1.2340", "KWD", "1.234 KWD"},
		{"1234.0000 KWD", "KWD", "1234.000 KWD"},
		{"12.5 KD", "KWD", "12.500 KWD"},
		{"0.500", "EUR", "0.50 EUR"},
		{"1.500", "EUR", "amount.two_ways"},
		{"1,23,456.78", "INR", "123456.78 INR"},
		{"₹12,34,567", "INR", "1234567.00 INR"},
		{"1,2,345", "INR", "amount.bad"},
		{"CHF 1'234.50", "CHF", "1234.50 CHF"},
		{"1’234", "CHF", "1234.00 CHF"},
		{"1'23", "CHF", "amount.bad"},
		{"1 234,56 €", "EUR", "1234.56 EUR"},
		{"1\u202f234,56", "EUR", "1234.56 EUR"},
		{"12 34", "EUR", "amount.bad"},
		{"100美元", "USD", "100.00 USD"},
		{"12.50欧元", "EUR", "12.50 EUR"},
		{"100元", "USD", "amount.currency"},
		{"1.000", "JPY", "1000 JPY"},
		{"1e9", "JPY", "amount.bad"},
		{"12.", "EUR", "amount.bad"},
		{".50", "EUR", "amount.bad"},
		{"--5", "EUR", "amount.bad"},
		{"5-", "EUR", "amount.bad"},
		{"0.5", "KWD", "0.500 KWD"},
		{"1.234.567", "EUR", "1234567.00 EUR"},
		{"12.50", "JPY", "amount.no_decimals"},
		{"12.505", "EUR", "amount.two_ways"},
		{"12.5050", "EUR", "amount.decimals"},
		{"12.50 USD", "EUR", "amount.currency"},
		{"$12.50", "EUR", "amount.currency"},
		{"1,23,45", "EUR", "amount.bad"},
		{"1e9", "EUR", "amount.bad"},
		{"-5", "EUR", "-5.00 EUR"},
		{"99999999999999999999", "EUR", "amount.bad"},
		{"", "EUR", "amount.bad"},
		{"abc", "EUR", "amount.bad"},
		{".", "EUR", "amount.bad"},
	} {
		got, err := ParseAmount(c.text, c.currency)
		have := got.String()
		if p, ok := i18n.AsProblem(err); ok {
			have = string(p.Key)
		}
		if have != c.want {
			t.Errorf("ParseAmount(%q, %s) = %s, want %s", c.text, c.currency, have, c.want)
		}
	}
}

func TestNamesAreLegalInEveryChat(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9_]{1,32}$`)
	seen := map[string]bool{}
	for _, s := range All {
		if !form.MatchString(s.Name) {
			t.Errorf("%q is not a legal name", s.Name)
		}
		for _, n := range append([]string{s.Name}, s.Zh...) {
			if seen[n] {
				t.Errorf("%q is the name of two commands", n)
			}
			seen[n] = true
		}
		for _, tag := range i18n.Langs() {
			p := i18n.For(tag)
			for _, k := range []string{"help", "usage"} {
				if key := i18n.Key("command." + s.Name + "." + k); !p.Has(key) {
					t.Errorf("%s has no words in %s", key, tag)
				}
			}
			for _, a := range s.Args {
				if key := i18n.Key("arg." + a.Name); !p.Has(key) {
					t.Errorf("%s has no words in %s", key, tag)
				}
			}
		}
	}
	if len(All) > 49 {
		t.Errorf("%d commands and /desk do not fit into Slack's 50", len(All))
	}
}

func TestReasonsHaveWords(t *testing.T) {
	for _, tag := range i18n.Langs() {
		p := i18n.For(tag)
		for _, r := range connectors.Reasons {
			word := p.T(i18n.Key("reason." + string(r)))
			if got, ok := readReason(p, strings.ReplaceAll(word, " ", "_")); !ok || got != r {
				t.Errorf("%s %q is read as %q", tag, word, got)
			}
		}
	}
}

// FuzzRead: whatever is typed, reading it ends with arguments or a problem, and
// never with broken text.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"/refund 1234 full damaged", "！退款１２３４ 全额", "!note \u202eabc", "/refund 1.234,56", "/reply M7 " + strings.Repeat("长", 3000),
		"/people role x agent,manager", "\x00/help", "/resync \xff\xfe", "👩‍👩‍👧 /order #1"} {
		f.Add(s)
	}
	names, p := specs(), i18n.For(language.English)
	f.Fuzz(func(t *testing.T, text string) {
		line, _ := commandLine(text, true)
		verb, rest := splitVerb(line, names)
		if spec := names[verb]; spec != nil {
			_, err := readArgs(p, spec, rest)
			if err != nil {
				if pr, ok := i18n.AsProblem(err); !ok || pr.Say(p) == "" {
					t.Fatalf("%q: %v is not a problem with words", text, err)
				}
			}
		}
		if utf8.ValidString(text) && !utf8.ValidString(line) {
			t.Fatalf("%q was broken into %q", text, line)
		}
	})
}
