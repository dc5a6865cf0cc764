package glossary

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// folded is a text made alike (compatibility form, one case, one kind of space
// and quotation mark) with the way back: rune i came from the bytes
// [start[i], end[i]) of the original.
type folded struct {
	runes      []rune
	start, end []int
}

// alike are marks that mean the same.
var alike = map[rune]rune{
	'’': '\'', '‘': '\'', 'ʼ': '\'', '`': '\'', '´': '\'',
	'“': '"', '”': '"', '„': '"', '«': '"', '»': '"', '「': '"', '」': '"',
	'–': '-', '—': '-', '‐': '-', '‑': '-', '−': '-',
	'。': '.', '｡': '.', '、': ',', '､': ',',
}

func fold(s string) folded {
	f := folded{runes: make([]rune, 0, len(s)), start: make([]int, 0, len(s)), end: make([]int, 0, len(s))}
	put := func(r rune, from, to int) {
		if m, ok := alike[r]; ok {
			r = m
		}
		if unicode.IsSpace(r) {
			n := len(f.runes)
			if n == 0 {
				return
			}
			if f.runes[n-1] == ' ' {
				f.end[n-1] = to
				return
			}
			r = ' '
		} else if unicode.In(r, unicode.Cf, unicode.Cc) {
			return // invisible: joiners, marks of direction, soft hyphens
		}
		f.runes, f.start, f.end = append(f.runes, r), append(f.start, from), append(f.end, to)
	}
	caser := cases.Fold()
	var it norm.Iter
	it.InitString(norm.NFKC, s)
	for !it.Done() {
		from := it.Pos()
		seg := it.Next()
		to := it.Pos()
		if len(seg) == 1 && seg[0] < 0x80 {
			r := rune(seg[0])
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			put(r, from, to)
			continue
		}
		// Most letters of scripts without case are alone and stay as they are;
		// asking the folder for each would be slow.
		if r, n := utf8.DecodeRune(seg); n == len(seg) && unicode.SimpleFold(r) == r {
			put(r, from, to)
			continue
		}
		for _, r := range caser.String(string(seg)) {
			put(r, from, to)
		}
	}
	if n := len(f.runes); n > 0 && f.runes[n-1] == ' ' {
		f.runes, f.start, f.end = f.runes[:n-1], f.start[:n-1], f.end[:n-1]
	}
	return f
}

// Fold is the form in which two texts are the same text: the key of a
// translation memory.
func Fold(s string) string { return string(fold(s).runes) }

// squash drops spaces and the marks around a sentence, for comparing whole
// sentences.
func (f folded) squash() folded {
	from, to := 0, len(f.runes)
	for from < to && outer(f.runes[from]) {
		from++
	}
	for to > from && outer(f.runes[to-1]) {
		to--
	}
	out := folded{}
	for i := from; i < to; i++ {
		if f.runes[i] != ' ' {
			out.runes, out.start, out.end = append(out.runes, f.runes[i]), append(out.start, f.start[i]), append(out.end, f.end[i])
		}
	}
	return out
}

func outer(r rune) bool { return strings.ContainsRune(" .,!?;:\"'~…¡¿", r) }

// spacedWord: the rune is part of a word in a script that puts spaces between
// words, so that a term next to it is only part of that word.
func spacedWord(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && !unspaced(r)
}

func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == 'ー'
}

// edges tells whether [i, j) stands on word boundaries.
func (f folded) edges(i, j int) bool {
	if i > 0 && spacedWord(f.runes[i-1]) && spacedWord(f.runes[i]) {
		return false
	}
	return !(j < len(f.runes) && spacedWord(f.runes[j]) && spacedWord(f.runes[j-1]))
}

// find tells whether what is in f as a word of its own.
func (f folded) find(what []rune) bool {
	for i := 0; i+len(what) <= len(f.runes); i++ {
		if len(what) > 0 && f.runes[i] == what[0] && string(f.runes[i:i+len(what)]) == string(what) && f.edges(i, i+len(what)) {
			return true
		}
	}
	return false
}
