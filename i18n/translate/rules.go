package translate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// Rule is what an engine may be used for, and what it costs.
type Rule struct {
	// Local: it runs on the seller's own machine, so that text which must not leave
	// may go there.
	Local bool
	// Pairs are the languages it is for, such as "en>zh" or "*>ja"; empty means all.
	Pairs []string
	// MaxLetters is the longest text it takes at once; a longer paragraph goes in
	// pieces. 0 means 5,000.
	MaxLetters int
	// MonthLetters is how many letters a calendar month (UTC) it may get; 0: any number.
	MonthLetters int64
	// MonthCost is how much a calendar month may cost, in millionths of Currency; 0: anything.
	MonthCost int64
	// MillionCost is what a million letters cost, in millionths of Currency.
	MillionCost int64
	Currency    string
}

// maxLetters is what an engine takes at once if its rule does not say.
const maxLetters = 5000

func (r Rule) limit() int {
	if r.MaxLetters > 0 {
		return r.MaxLetters
	}
	return maxLetters
}

// Takes: the engine is for translating from one language into another.
func (r Rule) Takes(from, to language.Tag) bool {
	if len(r.Pairs) == 0 {
		return true
	}
	for _, s := range r.Pairs {
		if a, b, err := ParsePair(s); err == nil && fits(a, from) && fits(b, to) {
			return true
		}
	}
	return false
}

// ParsePair reads "en>zh", "*>ja" or "pt-BR>*"; "*" becomes language.Und.
func ParsePair(s string) (from, to language.Tag, err error) {
	a, b, ok := strings.Cut(s, ">")
	if !ok {
		return from, to, fmt.Errorf("translate: %q is not a pair such as en>zh", s)
	}
	for _, side := range []struct {
		text string
		tag  *language.Tag
	}{{a, &from}, {b, &to}} {
		text := strings.TrimSpace(side.text)
		if text == "*" {
			continue
		}
		if *side.tag, err = language.Parse(text); err != nil || *side.tag == language.Und {
			return from, to, fmt.Errorf("translate: %q in the pair %q is not a language", text, s)
		}
	}
	return from, to, nil
}

// fits: what a rule says of a language holds for a text's. A rule that names a
// script or a country means just that one; zh-TW and zh-Hant are the same.
func fits(rule, tag language.Tag) bool {
	if rule == language.Und {
		return true
	}
	if base(rule) != base(tag) {
		return false
	}
	_, scr, region := rule.Raw()
	switch named := scr != (language.Script{}); {
	case named || base(rule) == "zh" && region != (language.Region{}):
		return script(rule) == script(tag)
	case region != (language.Region{}):
		_, _, have := tag.Raw()
		return have == region
	}
	return true
}

// sample is a pair that the rule takes, as near to the wanted one as it lets.
func (r Rule) sample(from, to language.Tag) (language.Tag, language.Tag) {
	if r.Takes(from, to) {
		return from, to
	}
	for _, s := range r.Pairs {
		a, b, err := ParsePair(s)
		if err != nil {
			continue
		}
		if a == language.Und {
			a = from
		}
		if b == language.Und {
			b = to
		}
		return a, b
	}
	return from, to
}

// cost is what so many letters cost, rounded up so that many small calls are not free.
func (r Rule) cost(letters int64) int64 {
	const million = 1_000_000
	return letters/million*r.MillionCost + (letters%million*r.MillionCost+million-1)/million
}

// Usage is one call of an engine as it is counted. It holds no text.
type Usage struct {
	Engine   string
	From, To language.Tag
	At       time.Time
	// Letters were sent; Cost is in millionths of Currency.
	Letters, Cost int64
	Currency      string
	// Failed is the kind of its error; empty when it answered.
	Failed string
	Took   time.Duration
}

// Ledger keeps count of what engines did, over restarts and replicas.
type Ledger interface {
	Count(ctx context.Context, u Usage) error
	// Spent is what an engine got and cost since a moment.
	Spent(ctx context.Context, engine string, since time.Time) (letters, cost int64, err error)
}
