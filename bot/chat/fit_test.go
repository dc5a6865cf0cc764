package chat

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"pgregory.net/rapid"
)

// letters is s without what a cut may leave out: white space and
// bidirectional controls.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || isBidi(r) {
			return -1
		}
		return r
	}, s)
}

// said is every word on the cards, with the words of shortened texts left out.
func said(cards []Card, kind PartKind) string {
	var b strings.Builder
	for _, c := range cards {
		for _, p := range c.Parts {
			if p.Kind == kind {
				b.WriteString(p.Text)
			}
		}
	}
	return letters(b.String())
}

// kept reports the first limit that c breaks.
func kept(t interface{ Errorf(string, ...any) }, c Card, l Limits) {
	over := func(what, s string, limit int) {
		if limit > 0 && l.Unit.Len(s) > limit {
			t.Errorf("%s is %d long, limit %d: %q", what, l.Unit.Len(s), limit, s)
		}
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("%s is not clean: %q", what, s)
		}
		if balance(s) != s {
			t.Errorf("%s has lone bidirectional controls: %q", what, s)
		}
	}
	over("title", c.Title, l.Title)
	over("foot", c.Foot, l.Foot)
	if l.Message >= leastMessage {
		over("message", PlainText(c), l.Message)
	}
	if l.Parts > 0 && len(c.Parts) > l.Parts {
		t.Errorf("%d parts, limit %d", len(c.Parts), l.Parts)
	}
	if l.Buttons > 0 && len(c.Buttons) > l.Buttons {
		t.Errorf("%d buttons, limit %d", len(c.Buttons), l.Buttons)
	}
	for _, b := range c.Buttons {
		over("button", b.Label, l.ButtonText)
		over("confirm", b.Confirm, l.Confirm)
		if l.Confirm == 0 && b.Confirm != "" {
			t.Errorf("a question where there are none")
		}
	}
	for _, p := range c.Parts {
		over("text", p.Text, l.Text)
		over("label", p.Label, l.FieldText)
		if p.Kind == Image && !l.Images {
			t.Errorf("a picture where there are none")
		}
		if l.FieldsPerPart > 0 && len(p.Fields) > l.FieldsPerPart {
			t.Errorf("%d fields, limit %d", len(p.Fields), l.FieldsPerPart)
		}
		for _, f := range p.Fields {
			over("field label", f.Label, l.FieldText)
			over("field value", f.Value, l.FieldText)
		}
	}
}

func asJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// Pieces of text that go wrong when cut in the wrong place.
var pieces = []string{
	"Hello", " ", "\n\n", "\n", ". ", "订单号码", "。", "返品したいです", "مرحبا", "שלום", "é", "e\u0301", "👩‍👩‍👧‍👦",
	"🇩🇪", "👍🏽", "\u202E", "\u202C", "\u2067", "\u2069", "\u2066", "\x00", "\xff", "*b*", "<!channel>", "&amp;",
	"ประเทศไทย", "한국어", "Z\u0310\u0310\u0310\u0310\u0310\u0310", "\r\n", "\u200d", "a", "1234-5678",
}

func text(max int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, max).Draw(t, "pieces"), "")
	})
}

func cards() *rapid.Generator[Card] {
	return rapid.Custom(func(t *rapid.T) Card {
		c := Card{
			Key: rapid.SampledFrom([]string{"", "k"}).Draw(t, "key"), Title: text(30).Draw(t, "title"),
			Foot: text(30).Draw(t, "foot"), Lang: "en", Tone: Good,
		}
		for range rapid.IntRange(0, 6).Draw(t, "parts") {
			p := Part{
				Kind:  rapid.SampledFrom([]PartKind{Text, Quote, Fields, Image, Progress, Code, Note}).Draw(t, "kind"),
				Label: text(8).Draw(t, "label"),
			}
			switch p.Kind {
			case Fields:
				for range rapid.IntRange(0, 14).Draw(t, "fields") {
					p.Fields = append(p.Fields, Field{Label: text(12).Draw(t, "l"), Value: text(40).Draw(t, "v")})
				}
			case Image:
				p.File = &File{Name: text(5).Draw(t, "name"), URL: "https://example.com/" + strings.Repeat("a", rapid.IntRange(0, 900).Draw(t, "url"))}
			case Progress:
				p.Done, p.Total = rapid.Int64().Draw(t, "done"), rapid.Int64().Draw(t, "total")
			}
			p.Text = text(150).Draw(t, "text")
			c.Parts = append(c.Parts, p)
		}
		for range rapid.IntRange(0, 9).Draw(t, "buttons") {
			c.Buttons = append(c.Buttons, Button{
				Label: text(12).Draw(t, "b"), Command: rapid.StringMatching(`[a-z]{8}`).Draw(t, "token"),
				Confirm: text(20).Draw(t, "confirm"),
			})
		}
		return c
	})
}

func limits() *rapid.Generator[Limits] {
	return rapid.Custom(func(t *rapid.T) Limits {
		some := func(name string, lo, hi int) int {
			if rapid.Bool().Draw(t, "no "+name) {
				return 0
			}
			return rapid.IntRange(lo, hi).Draw(t, name)
		}
		return Limits{
			Unit: rapid.SampledFrom([]Unit{Runes, UTF16}).Draw(t, "unit"), Message: some("message", leastMessage, 600),
			Text: some("text", 8, 300), Title: some("title", 2, 60), Foot: some("foot", 2, 60), FieldText: some("field", 2, 60),
			ButtonText: some("button", 2, 30), Parts: some("parts", 1, 6), FieldsPerPart: some("fields", 1, 10),
			Buttons: some("buttons", 1, 5), Confirm: some("confirm", 4, 30), Images: rapid.Bool().Draw(t, "images"),
		}
	})
}

func TestFitProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, l := cards().Draw(t, "card"), limits().Draw(t, "limits")
		fitted := Fit(c, l)
		if len(fitted) == 0 {
			t.Fatalf("no card at all")
		}
		var tokens, wanted []string
		for i, f := range fitted {
			kept(t, f, l)
			if again := Fit(f, l); len(again) != 1 || asJSON(again[0]) != asJSON(f) {
				t.Errorf("card %d does not come back as it is:\n%s\n%s", i, asJSON(f), asJSON(again))
			}
			if f.Tone != c.Tone || f.Lang != c.Lang {
				t.Errorf("card %d has another tone or language", i)
			}
			for _, b := range f.Buttons {
				tokens = append(tokens, b.Command)
			}
		}
		for _, b := range c.Buttons {
			wanted = append(wanted, b.Command)
		}
		if asJSON(tokens) != asJSON(wanted) {
			t.Errorf("buttons %v, want %v", tokens, wanted)
		}
		for _, kind := range []PartKind{Quote, Code} {
			want := ""
			for _, p := range c.Parts {
				if p.Kind == kind {
					want += Clean(p.Text)
				}
			}
			if got := said(fitted, kind); got != letters(want) {
				t.Errorf("%s lost words:\n got %q\nwant %q", kind, got, letters(want))
			}
		}
		// Whatever was shortened stands somewhere in full.
		all := ""
		for _, f := range fitted {
			all += letters(PlainText(f))
		}
		all = strings.NewReplacer("“", "", "”", "").Replace(all)
		for _, p := range c.Parts {
			for _, f := range p.Fields {
				if v := letters(Clean(f.Value)); !strings.Contains(all, v) {
					t.Errorf("value %q is nowhere in full", v)
				}
			}
		}
		if v := letters(Clean(c.Title)); !strings.Contains(all, v) {
			t.Errorf("title %q is nowhere in full", v)
		}
	})
}

func TestFitNeverCutsALetter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := Clean(text(200).Draw(t, "text"))
		l := Limits{Text: rapid.IntRange(12, 80).Draw(t, "limit"), Unit: UTF16}
		whole := map[string]bool{}
		for g := graphemes.FromString(s); g.Next(); {
			whole[g.Value()] = true
		}
		for _, c := range Fit(Card{Parts: []Part{{Kind: Quote, Text: s}}}, l) {
			for _, p := range c.Parts {
				for g := graphemes.FromString(p.Text); g.Next(); {
					v := g.Value()
					if r, _ := utf8.DecodeRuneInString(v); !whole[v] && !isBidi(r) && UTF16.Len(v) <= l.Text {
						t.Errorf("%q is not a letter of %q", v, s)
					}
				}
			}
		}
	})
}

func TestFitSplitsWhereAReaderWould(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		limit      int
		want       []string
	}{
		{"fits", "one two", 7, []string{"one two"}},
		{"paragraph", "First one.\n\nSecond, longer one.", 20, []string{"First one.", "Second, longer one."}},
		{"sentence", "It broke. I want my money back.", 18, []string{"It broke.", "I want my money", "back."}},
		{"word", "alpha beta gamma delta", 12, []string{"alpha beta", "gamma delta"}},
		{"chinese sentence", "我收到了坏的商品。我要退款，谢谢你们。", 12, []string{"我收到了坏的商品。", "我要退款，谢谢你们。"}},
		{"letters", "abcdefgh", 3, []string{"abc", "def", "gh"}},
		{"family stays together", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 7, []string{"👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"}},
		{"override is closed", "abc \u202Edef", 100, []string{"abc \u202Edef\u202C"}},
		{"stray closer goes", "abc\u202C\u2069def", 100, []string{"abcdef"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range Fit(Card{Parts: []Part{{Kind: Quote, Text: tt.text}}}, Limits{Text: tt.limit}) {
				for _, p := range c.Parts {
					got = append(got, p.Text)
				}
			}
			if asJSON(got) != asJSON(tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFitGoesOnInTheNextCard(t *testing.T) {
	t.Parallel()
	c := Card{
		Key: "k1", Title: "Refund", Tone: Warning, Lang: "en", Foot: "store-berlin",
		Parts:   []Part{{Kind: Quote, Label: "Buyer", Text: strings.Repeat("word ", 60)}},
		Buttons: []Button{{Label: "Yes", Command: "a"}, {Label: "No", Command: "b"}, {Label: "Why", Command: "c"}},
	}
	got := Fit(c, Limits{Message: 200, Buttons: 2})
	if len(got) != 2 {
		t.Fatalf("%d cards: %s", len(got), asJSON(got))
	}
	if got[0].Key != "k1" || got[1].Key != "k1#2" || got[1].Title != "" || got[1].Tone != Warning {
		t.Errorf("keys, title, tone: %s", asJSON(got))
	}
	if len(got[0].Buttons) != 2 || len(got[1].Buttons) != 1 || got[1].Buttons[0].Command != "c" {
		t.Errorf("buttons: %s", asJSON(got))
	}
	if got[0].Foot != "" || got[1].Foot != "store-berlin" {
		t.Errorf("the foot stands on the last card: %s", asJSON(got))
	}
}

func TestFitTellsShortenedThingsInFull(t *testing.T) {
	t.Parallel()
	c := Card{Parts: []Part{{Kind: Fields, Fields: []Field{{"Order", "123-4567890-1234567"}, {"Sum", "1"}}}}}
	got := Fit(c, Limits{FieldText: 8})
	want := []Part{
		{Kind: Fields, Fields: []Field{{"Order", "123-456…"}, {"Sum", "1"}}},
		{Kind: Text, Label: "Order", Text: "123-4567890-1234567"},
	}
	if len(got) != 1 || asJSON(got[0].Parts) != asJSON(want) {
		t.Errorf("got %s, want %s", asJSON(got), asJSON(want))
	}
}

func TestFitSaysPicturesWhereItCannotShowThem(t *testing.T) {
	t.Parallel()
	c := Card{Parts: []Part{{Kind: Image, Text: "The lid", File: &File{Name: "lid.jpg", URL: "https://example.com/lid.jpg"}}}}
	got := Fit(c, Limits{})
	want := []Part{{Kind: Text, Text: "The lid\nlid.jpg https://example.com/lid.jpg"}}
	if asJSON(got[0].Parts) != asJSON(want) {
		t.Errorf("got %s, want %s", asJSON(got[0].Parts), asJSON(want))
	}
	if got := Fit(c, Limits{Images: true}); asJSON(got[0]) != asJSON(c) {
		t.Errorf("a picture that can be shown changed: %s", asJSON(got))
	}
}

func TestBar(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		done, total int64
		want        string
	}{
		{0, 10, "░░░░░░░░░░ 0 %"}, {6, 10, "▓▓▓▓▓▓░░░░ 60 %"}, {999, 1000, "▓▓▓▓▓▓▓▓▓░ 99 %"}, {10, 10, "▓▓▓▓▓▓▓▓▓▓ 100 %"},
		{12, 10, "▓▓▓▓▓▓▓▓▓▓ 100 %"}, {-1, 10, "░░░░░░░░░░ 0 %"}, {7, 0, "7 …"}, {1 << 62, 1<<62 + 1, "▓▓▓▓▓▓▓▓▓░ 99 %"},
	} {
		if got := Bar(tt.done, tt.total); got != tt.want {
			t.Errorf("Bar(%d, %d) = %q, want %q", tt.done, tt.total, got, tt.want)
		}
	}
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	got := PlainText(Card{
		Title: "Refund", Foot: "berlin",
		Parts: []Part{
			{Kind: Quote, Label: "Buyer", Text: "broken"}, {Kind: Fields, Fields: []Field{{"Order", "1"}, {"Sum", "2 EUR"}}},
			{Kind: Progress, Done: 1, Total: 2}, {Kind: Image, File: &File{Name: "a.png", URL: "https://example.com/a"}},
		},
	})
	want := "Refund\nBuyer: “broken”\nOrder: 1\nSum: 2 EUR\n▓▓▓▓▓░░░░░ 50 %\na.png https://example.com/a\nberlin"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func FuzzFit(f *testing.F) {
	f.Add("title", "text", "label", 200, 10, 5, 2)
	f.Add("\u202E👩‍👩‍👧‍👦", strings.Repeat("Z\u0310", 300), "订单", 128, 1, 1, 1)
	f.Add("", "\x00\xff\u2067", "\u2069", 0, 3, 0, 0)
	f.Fuzz(func(t *testing.T, title, text, label string, message, part, field, n int) {
		l := Limits{Message: message, Text: part, Title: field, FieldText: field, Foot: field, Parts: n, FieldsPerPart: n, Unit: UTF16}
		if len(title)+len(text)+len(label) > 1000 {
			return // enough to go wrong in; more only takes time
		}
		c := Card{Title: title, Foot: label, Parts: []Part{
			{Kind: Quote, Label: label, Text: text}, {Kind: Fields, Fields: []Field{{label, text}, {text, title}}},
		}}
		fitted := Fit(c, l)
		if got, want := said(fitted, Quote), letters(Clean(text)); got != want {
			t.Errorf("lost words: got %q, want %q", got, want)
		}
		for _, card := range fitted {
			if l.Text > 1 && l.Title != 1 {
				kept(t, card, l)
			}
		}
	})
}
