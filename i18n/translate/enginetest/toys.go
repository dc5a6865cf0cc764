package enginetest

import (
	"context"
	"fmt"
	"hash/fnv"
	"html"
	"regexp"
	"strings"
	"sync/atomic"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

var (
	anyToken = regexp.MustCompile(`<x id="\d+"/>|__PH\d+__|\[\[\d+\]\]`)
	aWord    = regexp.MustCompile(`\p{L}[\p{L}\p{M}'’-]*`)
)

// Toy is an honest engine without any knowledge: it puts each word into the
// target's script, keeps tokens, and says the terms it is given.
type Toy struct{}

// Name is the engine's name.
func (Toy) Name() string { return "toy" }

// Translate replaces words one by one.
func (Toy) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]string, len(batch))
	for i, s := range batch {
		out[i] = toy(s, to)
	}
	return out, nil
}

func toy(s translate.Segment, to language.Tag) string {
	text := s.Text
	// Terms become private marks first, so that their words are left alone.
	for i, t := range s.Terms {
		text = strings.Replace(text, t.Source, string(rune(0xE000+i)), 1)
	}
	var b strings.Builder
	at := 0
	for _, m := range anyToken.FindAllStringIndex(text, -1) {
		b.WriteString(words(text[at:m[0]], to))
		b.WriteString(text[m[0]:m[1]])
		at = m[1]
	}
	b.WriteString(words(text[at:], to))
	out := b.String()
	for i, t := range s.Terms {
		out = strings.Replace(out, string(rune(0xE000+i)), " "+t.Target+" ", 1)
	}
	return out
}

var vocabulary = map[string][]string{
	"zh": strings.Fields("我们 已经 收到 您的 商品 包裹 请问 什么 时候 可以 处理 谢谢"),
	"ja": strings.Fields("ありがとう 商品は どこに いつ お届け して ください こちら です"),
	"de": strings.Fields("wir haben die der Ware nicht und bitte Sie Ihnen für mit noch ist das"),
	"en": strings.Fields("we have the parcel not and please you for with still is this was received"),
}

func words(s string, to language.Tag) string {
	b, _ := to.Base()
	list := vocabulary[b.String()]
	if list == nil {
		list = vocabulary["en"]
	}
	return aWord.ReplaceAllStringFunc(s, func(w string) string {
		h := fnv.New32a()
		h.Write([]byte(w))
		pick := list[h.Sum32()%uint32(len(list))]
		if n := len([]rune(w)); n > 12 { // a run of Chinese is many words
			return strings.TrimSpace(strings.Repeat(pick+" ", n/3))
		}
		return pick
	})
}

// Trick is a way in which engines go wrong.
type Trick string

// The tricks.
const (
	Drop       Trick = "drop"       // loses the first token
	Duplicate  Trick = "duplicate"  // says the first token twice
	Reorder    Trick = "reorder"    // harmless: tokens in another order
	Renumber   Trick = "renumber"   // makes up a token
	TurnToWord Trick = "word"       // writes a token as words
	Recase     Trick = "recase"     // tokens in another case
	Respace    Trick = "respace"    // spaces within tokens
	Echo       Trick = "echo"       // gives the source back
	Preamble   Trick = "preamble"   // talks about what it does
	Cut        Trick = "cut"        // stops half-way
	Foreign    Trick = "foreign"    // answers in a language nobody asked for
	Marks      Trick = "marks"      // strews marks of direction
	Invent     Trick = "invent"     // adds a number, an address, a link
	Sign       Trick = "sign"       // puts a minus before a token
	Glue       Trick = "glue"       // writes digits right beside a token
	Fewer      Trick = "fewer"      // gives fewer texts than asked
	Empty      Trick = "empty"      // gives empty texts
	Fail       Trick = "fail"       // gives an error
	Break      Trick = "break"      // breaks a token in two
	Full       Trick = "full-width" // writes full-width digits in tokens
	Swap       Trick = "swap"       // turns the digits of tokens round, or counts on
	Escape     Trick = "escape"     // writes marks as HTML does
	Half       Trick = "half"       // gives empty texts for every second one
	Count      Trick = "count"      // adds a number without being asked
	Arabic     Trick = "arabic"     // writes Arabic digits
	Superset   Trick = "superset"   // puts a sign of money or a letter right beside a token
	Bold       Trick = "bold"       // puts marks of layout around tokens
	Repeat     Trick = "repeat"     // says everything twice
)

// Tricks are all tricks.
var Tricks = []Trick{Drop, Duplicate, Reorder, Renumber, TurnToWord, Recase, Respace, Echo, Preamble, Cut, Foreign, Marks,
	Invent, Sign, Glue, Fewer, Empty, Fail, Break, Full, Swap, Escape, Half, Count, Arabic, Superset, Bold, Repeat}

// Bad is the toy with a trick. It behaves for the first Honest calls, so that it
// gets past whoever tries it out first.
type Bad struct {
	Trick  Trick
	Honest int64
	calls  atomic.Int64
}

// Name is the engine's name.
func (b *Bad) Name() string { return "bad-" + string(b.Trick) }

// Translate plays the trick.
func (b *Bad) Translate(ctx context.Context, batch []translate.Segment, from, to language.Tag) ([]string, error) {
	out, err := Toy{}.Translate(ctx, batch, from, to)
	if err != nil || b.calls.Add(1) <= b.Honest {
		return out, err
	}
	switch b.Trick {
	case Fail:
		return nil, &translate.EngineError{Kind: translate.Down, Engine: b.Name(), Err: fmt.Errorf("out of order")}
	case Fewer:
		return out[:len(out)/2], nil
	}
	for i := range out {
		if b.Trick == Half && i%2 == 1 {
			out[i] = ""
			continue
		}
		out[i] = b.spoil(out[i], batch[i].Text, to)
	}
	return out, nil
}

func (b *Bad) spoil(s, source string, to language.Tag) string {
	first := anyToken.FindString(s)
	once := func(with string) string {
		if first == "" {
			return s
		}
		return strings.Replace(s, first, with, 1)
	}
	all := func(f func(string) string) string { return anyToken.ReplaceAllStringFunc(s, f) }
	switch b.Trick {
	case Drop:
		return once("")
	case Duplicate:
		return once(first + " " + first)
	case Reorder:
		ts := anyToken.FindAllString(s, -1)
		return all(func(string) string {
			t := ts[len(ts)-1]
			ts = ts[:len(ts)-1]
			return t
		})
	case Renumber:
		return s + " __PH77__ <x id=\"77\"/> [[77]]"
	case TurnToWord:
		return once("占位符零")
	case Recase:
		return all(strings.ToLower)
	case Respace:
		return all(func(t string) string {
			return strings.NewReplacer("[[", "[ [ ", "__PH", "__ PH ", "<x", "< x ").Replace(t)
		})
	case Echo:
		return source
	case Preamble:
		return "Sure! Here is the translation: " + s
	case Cut:
		rs := []rune(s)
		return string(rs[:len(rs)/2])
	case Foreign:
		lang := language.Japanese
		if base, _ := to.Base(); base.String() == "ja" {
			lang = language.German
		}
		return words(s, lang)
	case Marks:
		return "\u202e" + all(func(t string) string { return "\u200f" + t[:1] + "\u200b" + t[1:] + "\u2069" })
	case Invent:
		return s + " 4711 someone@example.com http://example.com/x"
	case Sign:
		return once("-" + first)
	case Glue:
		return once("9" + first + "9")
	case Empty:
		return ""
	case Break:
		return once(first[:len(first)/2] + " x " + first[len(first)/2:])
	case Full:
		return all(func(t string) string { return digits(t, func(d rune) rune { return d + '０' }) })
	case Arabic:
		return digits(s, func(d rune) rune { return d + '٠' })
	case Swap:
		return digits(s, func(d rune) rune { return '0' + (d+1)%10 })
	case Escape:
		return html.EscapeString(s)
	case Count:
		return s + " 30"
	case Superset:
		return once("$" + first + "k")
	case Bold:
		return all(func(t string) string { return "**" + t + "**" })
	case Repeat:
		return s + " " + s
	}
	return s
}

// digits puts other runes in the place of digits; f gets them from 0 to 9.
func digits(s string, f func(d rune) rune) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return f(r - '0')
		}
		return r
	}, s)
}
