package glossary

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// lexicon is a trie without nodes: the wordings sorted, one after the other in
// one string, and a prefix is a range of them. A map for each rune took twenty
// times the room.
type lexicon struct {
	text  string
	at    []uint32 // where each wording begins, and the end of the last
	first []uint32 // where each wording's endings begin, and the end of the last
	ends  []ending
	heads map[string]run
	maybe [256]uint64 // a bit for each head: most words of a text are none
	short bool        // one wording at least is a single letter of a script without spaces
	exact []string    // the wordings whose capitals matter
}

// ending is an entry that has a wording.
type ending struct {
	term *Term
	// exact is one more than the index of the wording as it has to be written, when
	// case matters.
	exact uint32
	// variant: it is not the term's preferred wording.
	variant bool
}

// run is the wordings from lo to below hi: all that begin alike for so many bytes.
type run struct{ lo, hi, depth uint32 }

// lexiconDraft collects wordings for a lexicon.
type lexiconDraft struct {
	keys  []string
	ends  []ending
	exact []string
}

func (d *lexiconDraft) add(key string, t *Term, variant bool, exact string) {
	e := ending{term: t, variant: variant}
	if exact != "" {
		d.exact = append(d.exact, exact)
		e.exact = uint32(len(d.exact))
	}
	d.keys, d.ends = append(d.keys, key), append(d.ends, e)
}

// build sorts; entries with the same wording stay in the order they came in.
func (d *lexiconDraft) build() lexicon {
	order := make([]int, len(d.keys))
	size := 0
	for i := range order {
		order[i] = i
		size += len(d.keys[i])
	}
	sort.SliceStable(order, func(a, c int) bool { return d.keys[order[a]] < d.keys[order[c]] })
	x := lexicon{heads: map[string]run{}, exact: d.exact, ends: make([]ending, 0, len(order))}
	var text strings.Builder
	text.Grow(size)
	last := ""
	for n, i := range order {
		if key := d.keys[i]; n == 0 || key != last {
			x.at = append(x.at, uint32(text.Len()))
			x.first = append(x.first, uint32(n))
			text.WriteString(key)
			last = key
		}
		x.ends = append(x.ends, d.ends[i])
	}
	x.text = text.String()
	x.at, x.first = append(x.at, uint32(text.Len())), append(x.first, uint32(len(order)))
	for k := range len(x.at) - 1 {
		unit := headOf(x.key(uint32(k)))
		if r, n := utf8.DecodeRuneInString(unit); n == len(unit) && unspaced(r) {
			x.short = true
		}
		h, ok := x.heads[unit]
		if !ok {
			h = run{lo: uint32(k), depth: uint32(len(unit))}
		}
		h.hi = uint32(k) + 1
		x.heads[unit] = h
		b := bit(unit)
		x.maybe[b/64] |= 1 << (b % 64)
	}
	return x
}

func bit(s string) uint32 {
	return (uint32(s[0])*37 + uint32(s[len(s)/2])*1021 + uint32(s[len(s)-1])*131 + uint32(len(s))*7) % (256 * 64)
}

// head are the wordings that begin with a unit.
func (x *lexicon) head(unit string) (run, bool) {
	if b := bit(unit); x.maybe[b/64]>>(b%64)&1 == 0 {
		return run{}, false
	}
	at, ok := x.heads[unit]
	return at, ok
}

// headOf is what a wording is filed under: its first word or, in a script without
// spaces, its first two letters. Most places of a text are done with after one
// look for that.
func headOf(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if unspaced(r) {
		_, m := utf8.DecodeRuneInString(s[n:])
		return s[:n+m]
	}
	if !spacedWord(r) {
		return s[:n]
	}
	for i, r := range s {
		if !spacedWord(r) {
			return s[:i]
		}
	}
	return s
}

func (x *lexicon) key(k uint32) string { return x.text[x.at[k]:x.at[k+1]] }

// next is the rune of wording k behind the depth; -1 at its end.
func (x *lexicon) next(k, depth uint32) rune {
	from := x.at[k] + depth
	if from >= x.at[k+1] {
		return -1
	}
	if c := x.text[from]; c < utf8.RuneSelf {
		return rune(c)
	}
	r, _ := utf8.DecodeRuneInString(x.text[from:x.at[k+1]])
	return r
}

// step narrows the run to the wordings that go on with r; false when none does.
func (x *lexicon) step(s run, r rune) (run, bool) {
	width := uint32(1)
	if r >= utf8.RuneSelf {
		width = uint32(utf8.RuneLen(r))
	}
	// Most runs are one wording, or begin alike for longer than we are.
	if x.next(s.lo, s.depth) == r && x.next(s.hi-1, s.depth) == r {
		return run{s.lo, s.hi, s.depth + width}, true
	}
	if s.hi-s.lo == 1 {
		return s, false
	}
	lo, hi := s.lo, s.hi
	for lo < hi {
		if m := (lo + hi) / 2; x.next(m, s.depth) < r {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo == s.hi || x.next(lo, s.depth) != r {
		return s, false
	}
	from := lo
	for hi = s.hi; lo < hi; {
		if m := (lo + hi) / 2; x.next(m, s.depth) <= r {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return run{from, lo, s.depth + width}, true
}

// here are the entries whose wording ends at the run.
func (x *lexicon) here(s run) []ending {
	if x.at[s.lo]+s.depth != x.at[s.lo+1] {
		return nil // the shortest wording is the first
	}
	return x.ends[x.first[s.lo]:x.first[s.lo+1]]
}
