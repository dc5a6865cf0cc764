package translate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

// kept is a memory in a map.
type kept map[string]string

func (k kept) Recall(_ context.Context, key string) (string, bool, error) {
	text, ok := k[key]
	return text, ok, nil
}

func (k kept) Keep(_ context.Context, u translate.Unit) error {
	k[u.Key] = u.Target
	return nil
}

func unitOf(t testing.TB, p *translate.Pipeline, source, target string, outgoing bool) translate.Unit {
	t.Helper()
	u, err := p.Unit(translate.Request{Text: source, From: language.English, To: zhCN, Outgoing: outgoing}, target)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTMXRoundTrip(t *testing.T) {
	t.Parallel()
	p := translate.New(translate.Options{Book: book(t)})
	units := []translate.Unit{
		unitOf(t, p, "Your refund of USD 19.90 for 112-3456789-0123456 is on its way.", "订单 112-3456789-0123456 的退款 USD 19.90 正在处理。", true),
		unitOf(t, p, "The box is open.", "盒子开了。", false),
		unitOf(t, p, "He said \"no\" <b>&amp;</b> ]]> 'x'\n\tnext line", "他说“不”<b>&amp;</b> ]]> ＇x＇\n\t下一行", false),
		unitOf(t, p, "3 of 3 {name} 👍🏽", "3 之 3 {name} 👍🏽", true),
		unitOf(t, p, "an [[ open bracket", "一个 [[ 开着的括号", true),
		unitOf(t, p, "two  spaces ", "两个  空格", true),
	}
	var b bytes.Buffer
	n, err := translate.WriteTMX(&b, units, onTermsDay())
	if err != nil || n != len(units) {
		t.Fatalf("wrote %d: %v", n, err)
	}
	for _, w := range []string{`<tmx version="1.4">`, `<ph x="2"/>`, `creationdate="20261122T120000Z"`, `srclang="en"`, `xml:lang="zh-CN"`} {
		if !strings.Contains(b.String(), w) {
			t.Errorf("no %s in\n%s", w, b.String())
		}
	}
	for _, fact := range []string{"19.90", "112-3456789-0123456", "{name}"} {
		if strings.Contains(b.String(), fact) {
			t.Errorf("%s is in the file", fact)
		}
	}
	got, left, err := translate.ReadTMX(&b)
	if err != nil || len(left) > 0 {
		t.Fatalf("%v, %v", left, err)
	}
	if !reflect.DeepEqual(got, units) {
		t.Errorf("got\n%+v\nwant\n%+v", got, units)
	}
	// And memory answers from what came back.
	memory := kept{}
	p = translate.New(translate.Options{Book: book(t), Memory: memory})
	for _, u := range got {
		m, err := p.Masked(u)
		if err != nil {
			t.Fatal(err)
		}
		if err := memory.Keep(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	r := do(t, p, translate.Request{Text: "Your refund of USD 7.00 for 112-0000000-0000001 is on its way.", From: language.English, To: zhCN, Outgoing: true})
	if r.Text != "订单 112-0000000-0000001 的退款 USD 7.00 正在处理。" || r.Grade != translate.Template {
		t.Errorf("%q, %s", r.Text, r.Grade)
	}
}

func TestTMXLeavesOutWhatXMLCannotCarry(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	units := []translate.Unit{
		{Key: strings.Repeat("a", 64), Source: "a\uffffb", Target: "b", From: language.English, To: zhCN},
		{Key: strings.Repeat("b", 64), Source: "a", Target: "b\xff", From: language.English, To: zhCN},
		{Key: strings.Repeat("c", 64), Source: "a\x01", Target: "b", From: language.English, To: zhCN},
	}
	if n, err := translate.WriteTMX(&b, units, onTermsDay()); n != 0 || err != nil {
		t.Errorf("wrote %d: %v", n, err)
	}
	if got, left, err := translate.ReadTMX(&b); len(got)+len(left) != 0 || err != nil {
		t.Errorf("%v, %v, %v", got, left, err)
	}
	if _, err := translate.WriteTMX(full{}, units, onTermsDay()); !errors.Is(err, errFull) {
		t.Errorf("a full disk: %v", err)
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

const foreign = `<?xml version="1.0" encoding="%s"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="EN-US" datatype="plaintext"/><body>
<tu tuid="7"><note>mine</note>
<tuv xml:lang="zh-CN"><seg>订单 #77 已退款 <ph>{0}</ph>。</seg></tuv>
<tuv xml:lang="EN-US"><prop type="x">y</prop><seg>Order <bpt i="1">&lt;b&gt;</bpt>#77<ept i="1">&lt;/b&gt;</ept> was refunded <ph x="1">{0}</ph>.</seg></tuv>
<tuv lang="de"><seg>Bestellung <hi>#77</hi> wurde erstattet {0}.</seg></tuv>
</tu>
<tu srclang="*all*"><tuv xml:lang="en"><seg>Hello</seg></tuv><tuv xml:lang="fr"><seg>Bonjour</seg></tuv></tu>
</body></tmx>`

func TestTMXOfOtherTools(t *testing.T) {
	t.Parallel()
	want := []translate.Unit{
		{Source: "Order <b>#77</b> was refunded {0}.", Target: "订单 #77 已退款 {0}。", From: language.MustParse("en-US"), To: zhCN},
		{Source: "Order <b>#77</b> was refunded {0}.", Target: "Bestellung #77 wurde erstattet {0}.", From: language.MustParse("en-US"), To: language.German},
		{Source: "Hello", Target: "Bonjour", From: language.English, To: language.French},
	}
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(fmt.Sprintf(foreign, "UTF-16"))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, data := range map[string][]byte{"UTF-8": []byte(fmt.Sprintf(foreign, "utf-8")), "with a mark": []byte("\ufeff" + fmt.Sprintf(foreign, "UTF-8")), "UTF-16": wide} {
		got, left, err := translate.ReadTMX(bytes.NewReader(data))
		if err != nil || len(left) > 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, %v", name, got, left, err)
		}
	}
	p := translate.New(translate.Options{Book: book(t)})
	u, err := p.Masked(translate.Unit{Source: "Order #77 was refunded.", Target: "订单 #77 已退款。", From: language.English, To: zhCN, Outgoing: true})
	if err != nil || u != unitOf(t, p, "Order #77 was refunded.", "订单 #77 已退款。", true) || strings.Contains(u.Source+u.Target, "77") {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := p.Masked(translate.Unit{Source: "Order #77 was refunded.", Target: "订单 #78 已退款。", From: language.English, To: zhCN}); !errors.Is(err, translate.ErrFactsDiffer) {
		t.Errorf("another order number: %v", err)
	}
}

func body(units string) string {
	return `<tmx version="1.4"><header srclang="en"/><body>` + units + `</body></tmx>`
}

func tu(props, source, target string) string {
	return body(`<tu>` + props + `<tuv xml:lang="en"><seg>` + source + `</seg></tuv><tuv xml:lang="zh-CN"><seg>` + target + `</seg></tuv></tu>`)
}

func TestTMXFromEnemies(t *testing.T) {
	t.Parallel()
	bomb := `<!DOCTYPE tmx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + tu("", "&b;", "x")
	for name, tc := range map[string]struct{ in, why string }{
		"nothing":            {"", "no tmx"},
		"not XML":            {"source,target\na,b", ""},
		"another file":       {"<html><body>x</body></html>", "html"},
		"a bomb":             {bomb, "entities"},
		"a parameter entity": {`<!DOCTYPE tmx [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>` + tu("", "a", "b"), "entities"},
		"an entity":          {tu("", "&secret;", "x"), "entity"},
		"cut":                {tu("", "a", "b")[:90], ""},
		"invalid letters":    {tu("", "a\xff", "b"), "UTF-8"},
		"an old alphabet":    {`<?xml version="1.0" encoding="koi8-r"?>` + tu("", "a", "b"), "koi8-r"},
		"deep":               {tu("", strings.Repeat("<hi>", 50)+strings.Repeat("</hi>", 50), "x"), "deep"},
		"unit in unit":       {body("<tu><tu></tu></tu>"), "within"},
		"huge":               {body("<tu><tuv xml:lang=\"en\"><seg>" + strings.Repeat("ha ", 1<<20)), "KiB"},
		"a huge word":        {`<tmx x="` + strings.Repeat("ha ", 1<<20), "KiB"},
		"many languages":     {body("<tu>" + strings.Repeat(`<tuv lang="fr"><seg>b</seg></tuv>`, 70) + "</tu>"), "languages"},
	} {
		got, left, err := translate.ReadTMX(strings.NewReader(tc.in))
		if !errors.Is(err, translate.ErrBadTMX) || got != nil || left != nil || !strings.Contains(err.Error(), tc.why) || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %d units, %v, %v", name, len(got), left, err)
		}
	}
	key := func(k string) string { return `<prop type="x-desk-key">` + k + `</prop>` }
	ours := key(strings.Repeat("0", 64))
	for name, tc := range map[string]struct{ in, why string }{
		"one language":             {body(`<tu><tuv xml:lang="en"><seg>a</seg></tuv></tu>`), "one language"},
		"no language":              {body(`<tu><tuv xml:lang="en"><seg>a</seg></tuv><tuv><seg>b</seg></tuv></tu>`), "not a language"},
		"empty":                    {tu("", "a", " "), "empty"},
		"too long":                 {tu("", strings.Repeat("a", 200_000), "b"), "letters"},
		"a key of somebody else's": {tu(key("../../x"), "a", "b"), "key"},
		"a lost placeholder":       {tu(ours, `a <ph x="1"/>`, "b"), "facts"},
		"a doubled placeholder":    {tu(ours, `a <ph x="1"/>`, `b <ph x="1"/><ph x="1"/>`), "facts"},
		"an invented placeholder":  {tu(ours, `a`, `b <ph x="1"/>`), "facts"},
		"a number out of order":    {tu(ours, `a <ph x="2"/>`, `b <ph x="2"/>`), "facts"},
		"a fact not masked":        {tu(ours, "order 112-3456789-0123456", "订单 112-3456789-0123456"), "facts"},
		"an address brought in":    {tu(ours, "see <ph x='1'/>", "见 <ph x='1'/> http://evil.example/x"), "facts"},
		"a broken token":           {tu(ours, "see <ph x='1'/>", "见 <ph x='1'/> __PH"), "facts"},
	} {
		got, left, err := translate.ReadTMX(strings.NewReader(tc.in))
		if err != nil || len(got) != 0 || len(left) != 1 || !strings.Contains(left[0].Error(), tc.why) || !strings.Contains(left[0].Error(), "line 1") {
			t.Errorf("%s: %+v, %v, %v", name, got, left, err)
		}
	}
	// A forged key does not put a text under another's name.
	got, _, err := translate.ReadTMX(strings.NewReader(tu(ours, "Hello", "再见")))
	if err != nil || len(got) != 1 || got[0].Key == strings.Repeat("0", 64) {
		t.Errorf("%+v, %v", got, err)
	}
	// What a tool writes into a placeholder is not read.
	got, left, err := translate.ReadTMX(strings.NewReader(tu(ours, `a <ph x="1">1 <sub>2</sub></ph>!`, `b <ph x="1">9</ph>`)))
	if err != nil || len(got) != 1 || got[0].Source != "a __PH0__!" || got[0].Target != "b __PH0__" {
		t.Errorf("%+v, %v, %v", got, left, err)
	}
}

func FuzzReadTMX(f *testing.F) {
	f.Add(fmt.Sprintf(foreign, "utf-8"))
	f.Add(tu(`<prop type="x-desk-key">`+strings.Repeat("0", 64)+`</prop>`, `a <ph x="1"/>`, `<ph x="1"/> b`))
	f.Fuzz(func(t *testing.T, s string) {
		units, _, err := translate.ReadTMX(strings.NewReader(s))
		if err != nil {
			if !errors.Is(err, translate.ErrBadTMX) {
				t.Fatal(err)
			}
			return
		}
		var own []translate.Unit
		for _, u := range units {
			if u.Key != "" {
				own = append(own, u)
			}
		}
		var b bytes.Buffer
		if _, err := translate.WriteTMX(&b, own, onTermsDay()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := translate.ReadTMX(&b); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

// Whatever memory keeps comes back from a file as it was.
func FuzzTMXRoundTrip(f *testing.F) {
	f.Add("Order 112-3456789-0123456: USD 19.90 👍")
	f.Add("[[0]] __PH1__ <x id=2> ü5 2nd a&b ]]>")
	p := translate.New(translate.Options{})
	f.Fuzz(func(t *testing.T, s string) {
		u, err := p.Unit(translate.Request{Text: s, From: language.English, To: zhCN}, s)
		if err != nil || strings.TrimSpace(u.Source) == "" || len([]rune(u.Source)) > 1000 {
			return
		}
		var b bytes.Buffer
		n, err := translate.WriteTMX(&b, []translate.Unit{u}, onTermsDay())
		if err != nil {
			t.Fatal(err)
		}
		got, left, err := translate.ReadTMX(&b)
		if err != nil || len(left) > 0 || len(got) != n || n == 1 && got[0] != u {
			t.Fatalf("%+v\ncame back as %+v, %v, %v", u, got, left, err)
		}
	})
}
