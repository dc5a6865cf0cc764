package glossary

import "strings"

// around looks for the words of contexts in one text, for each of them once.
type around struct {
	text  folded
	whole string
	known map[string]bool
	pairs *[64]uint64 // a bit for every two bytes beside each other
}

// may: all pairs of bytes of a word are in the text. It spares most searches.
func (a *around) may(w string) bool {
	bit := func(s string, i int) uint { return (uint(s[i])*31 + uint(s[i+1])) % (64 * 64) }
	if a.pairs == nil {
		a.pairs = &[64]uint64{}
		for i := range len(a.whole) - 1 {
			b := bit(a.whole, i)
			a.pairs[b/64] |= 1 << (b % 64)
		}
	}
	for i := range len(w) - 1 {
		if b := bit(w, i); a.pairs[b/64]>>(b%64)&1 == 0 {
			return false
		}
	}
	return true
}

// any: at least one of the words, which are folded, is there.
func (a *around) any(words []string) bool {
	for _, w := range words {
		if !a.may(w) {
			continue
		}
		there, ok := a.known[w]
		if !ok {
			there = strings.Contains(a.whole, w) && a.text.find([]rune(w))
			if a.known == nil {
				a.known = map[string]bool{}
			}
			a.known[w] = there
		}
		if there {
			return true
		}
	}
	return false
}
