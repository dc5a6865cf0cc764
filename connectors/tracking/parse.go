package tracking

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// longest is more than any carrier's number has.
const longest = 64

// Verdict is what a number's text says.
type Verdict string

// The verdicts.
const (
	// Valid: the first candidate's check digit is right.
	Valid Verdict = "valid"
	// Plausible: it has a carrier's shape, and nothing speaks against it.
	Plausible Verdict = "plausible"
	// Unknown: no carrier of the table writes numbers like that, or only ones whose
	// check digit does not fit. It is no reason to refuse it: there are more carriers.
	Unknown Verdict = "unknown"
	// Wrong: a shape that only one kind of carrier uses, with a wrong check digit.
	// It is a typing mistake.
	Wrong Verdict = "check_digit"
)

// Check is what a check digit says.
type Check string

// The outcomes of a check.
const (
	Good    Check = "good"
	NoCheck Check = "none"
	Bad     Check = "bad"
)

// Hint is what is known beside the number. All of it may be empty.
type Hint struct {
	// Country is where the parcel goes (ISO 3166, two letters).
	Country string
	// Carrier is what somebody says it is: a code, or a name as people write it.
	Carrier string
	// Platform is the marketplace the order is from.
	Platform string
}

// Candidate is a carrier whose number it may be.
type Candidate struct {
	// Carrier is its code, and Name its name.
	Carrier, Name string
	// Format is which of the carrier's formats fits.
	Format string
	Check  Check
	// Confidence is from 1 to 99; it says which candidate is likelier, not how likely.
	Confidence int
	// Country is the post's, where the number says it.
	Country string
	// URL is the carrier's public page for this number.
	URL string
}

// Result is what a number's text tells.
type Result struct {
	// Number is normalised: half-width capital letters and digits.
	Number string
	// Candidates are the likeliest first, one for each carrier.
	Candidates []Candidate
	Verdict    Verdict
}

// Best is the likeliest carrier's code; empty if there is none.
func (r Result) Best() string {
	if len(r.Candidates) == 0 || r.Candidates[0].Check == Bad {
		return ""
	}
	return r.Candidates[0].Carrier
}

// Normalise makes a number one form: full-width letters and digits become
// ordinary ones, small letters capitals, and what only separates groups goes.
func Normalise(number string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), unicode.Is(unicode.Cf, r), unicode.IsControl(r), r == '·', r == '_', r == '−', r == '\ufffd':
			return -1
		}
		return unicode.ToUpper(r)
	}, width.Narrow.String(strings.ToValidUTF8(number, "")))
}

// Parse tells which carriers may have given a number, the likeliest first.
func Parse(number string, hint Hint) Result {
	r := Result{Number: Normalise(number), Verdict: Unknown}
	if len(r.Number) < 8 || len(r.Number) > longest || !plain(r.Number) {
		return r
	}
	asked := ""
	if c, ok := Find(hint.Carrier); ok {
		asked = c.Code
	}
	country := strings.ToUpper(strings.TrimSpace(hint.Country))
	wrong := false
	var good, bad []Candidate
	for _, f := range formats {
		if f.carrier != asked && (f.asked || f.local && !slices.Contains(f.home, country)) {
			continue
		}
		how, fits := f.judge(r.Number)
		if !fits {
			continue
		}
		c := Candidate{Carrier: f.carrier, Format: f.id, Check: how, Confidence: f.weight}
		if slices.Contains(f.home, country) {
			c.Confidence += 15
		} else if country != "" && len(f.home) > 0 {
			c.Confidence -= 15
		}
		if how == Bad {
			wrong = wrong || f.sure
			bad = append(bad, c)
			continue
		}
		good = append(good, c)
	}
	for _, c := range posts(r.Number) {
		if c.Check == Bad {
			wrong = true
			bad = append(bad, c)
			continue
		}
		good = append(good, c)
	}
	if wrong && !slices.ContainsFunc(good, func(c Candidate) bool { return c.Carrier == asked }) {
		// What the agent says is believed over a shape; else nothing else counts.
		r.Verdict, good = Wrong, nil
	}
	r.Candidates = rank(good, asked, hint.Platform, r.Number)
	if len(r.Candidates) == 0 {
		for i := range bad {
			bad[i].Confidence = min(bad[i].Confidence, 20)
		}
		r.Candidates = rank(bad, asked, hint.Platform, r.Number)
		return r
	}
	r.Verdict = Plausible
	if r.Candidates[0].Check == Good {
		r.Verdict = Valid
	}
	return r
}

// judge tells whether a number has this format, and what its check digit says.
func (f format) judge(n string) (Check, bool) {
	switch {
	case !f.shape.MatchString(n), f.rest != nil && !f.rest(n):
		return NoCheck, false
	case f.check == nil:
		return NoCheck, true
	case f.check(n):
		return Good, true
	}
	return Bad, true
}

// rank orders candidates and keeps the best of each carrier.
func rank(all []Candidate, asked, platform, number string) []Candidate {
	for i := range all {
		c := &all[i]
		if c.Carrier == asked {
			c.Confidence += 60
		}
		if c.Carrier == platform {
			c.Confidence += 10
		}
		c.Confidence = max(1, min(c.Confidence, 99))
	}
	slices.SortStableFunc(all, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(byCode[a.Carrier], byCode[b.Carrier]))
	})
	var out []Candidate
	for _, c := range all {
		if slices.ContainsFunc(out, func(o Candidate) bool { return o.Carrier == c.Carrier }) {
			continue
		}
		if c.Name == "" {
			c.Name = carriers[byCode[c.Carrier]].Name
		}
		c.URL = Page(c.Carrier, number)
		out = append(out, c)
	}
	return out
}

func plain(n string) bool {
	return strings.IndexFunc(n, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) < 0
}
