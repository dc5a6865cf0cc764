package translate

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cut is a piece of a text: a line, or a part of one.
type cut struct {
	start, end int
	// more: it goes on the line of the one before.
	more bool
}

// tokenLetters is the most that a token takes in any form.
const tokenLetters = 14

// cuts are the lines of a text, those over the limit in pieces. A piece ends with
// a sentence where there is one, else between words, and never within a fact.
func cuts(s string, spans []span, limit int) []cut {
	var out []cut
	at := 0
	for line := range strings.SplitSeq(s, "\n") {
		end := at + len(line)
		if len(line)+tokenLetters*len(spans) <= limit {
			out = append(out, cut{at, end, false})
		} else {
			out = append(out, cutLine(s, at, end, spans, limit)...)
		}
		at = end + 1
	}
	return out
}

// cutLine cuts one line. It counts a fact as its token.
func cutLine(s string, from, to int, spans []span, limit int) []cut {
	var out []cut
	letters := 0
	// The last places where it may be cut, best first: after a sentence, between
	// words, between letters.
	var places [3]int
	next := 0
	for next < len(spans) && spans[next].end <= from {
		next++
	}
	start := from
	for i := from; i < to; {
		var size int
		n := 1
		if next < len(spans) && spans[next].start == i && spans[next].end <= to {
			size, n = spans[next].end-i, tokenLetters
			next++
		} else {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		if letters+n > limit && i > start {
			at := i
			for _, p := range places {
				if p > start {
					at = p
					break
				}
			}
			out = add(out, s, start, at, from)
			start, letters = at, lettersIn(s, spans, at, i)
			for k, p := range places {
				if p <= at {
					places[k] = 0
				}
			}
		}
		i += size
		letters += n
		if k := placeAt(s, i, to); k >= 0 && i < to {
			places[k] = i
		}
	}
	return add(out, s, start, to, from)
}

// add takes a piece without the space before it, which joining puts back.
func add(out []cut, s string, start, end, lineStart int) []cut {
	if start == lineStart {
		return append(out, cut{start, end, false})
	}
	start += len(s[start:end]) - len(strings.TrimLeftFunc(s[start:end], unicode.IsSpace))
	if start == end {
		return out
	}
	return append(out, cut{start, end, true})
}

// lettersIn counts from one place to another as cutLine does.
func lettersIn(s string, spans []span, from, to int) int {
	n := utf8.RuneCountInString(s[from:to])
	for _, x := range spans {
		if x.start >= from && x.end <= to {
			n += tokenLetters - utf8.RuneCountInString(x.text)
		}
	}
	return n
}

// placeAt says how good it is to cut before byte i: 0 a sentence has ended, 1 a
// word has, 2 between letters, -1 not at all.
func placeAt(s string, i, end int) int {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i:end])
	switch {
	case unicode.IsMark(after) || before == '\u200d' || after == '\u200d':
		return -1
	case strings.ContainsRune("。！？", before) && !strings.ContainsRune("。！？”’」）", after):
		return 0
	case unicode.IsSpace(after):
		if last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s[:i], `"'”’»)`)); strings.ContainsRune(".!?…", last) {
			return 0
		}
		return 1
	case spaceless(before) || spaceless(after) || !unicode.IsLetter(before) && !unicode.IsLetter(after):
		return 1
	}
	return 2
}

// spaceless letters are written without spaces between words.
func spaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) || strings.ContainsRune("，、；", r)
}
