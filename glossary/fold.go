package glossary

import (
	"slices"
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
	start, end []int32
}

// alike are marks that mean the same.
var alike = map[rune]rune{
	'’': '\'', '‘': '\'', 'ʼ': '\'', '`': '\'', '´': '\'',
	'“': '"', '”': '"', '„': '"', '«': '"', '»': '"', '「': '"', '」': '"',
	'–': '-', '—': '-', '‐': '-', '‑': '-', '−': '-',
	'。': '.', '｡': '.', '、': ',', '､': ',',
}

func fold(s string) folded {
	f := folded{runes: make([]rune, 0, len(s)), start: make([]int32, 0, len(s)), end: make([]int32, 0, len(s))}
	f.fold(s)
	return f
}

// fold folds s into f, in the room that f has.
func (f *folded) fold(s string) {
	f.runes, f.start, f.end = f.runes[:0], f.start[:0], f.end[:0]
	put := func(r rune, from, to int32) {
		if r >= utf8.RuneSelf || r == '`' {
			if m, ok := alike[r]; ok {
				r = m
			}
		}
		if r == ' ' || unicode.IsSpace(r) {
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
	var caser cases.Caser
	cased := false
	for i := 0; i < len(s); {
		// Runs of plain letters and digits first: they are most of most texts.
		from := i
		for i < len(s) && plain[s[i]] != 0 && (i+1 == len(s) || s[i+1] < utf8.RuneSelf) {
			i++
		}
		if i > from {
			n := len(f.runes)
			f.runes = slices.Grow(f.runes, i-from)[:n+i-from]
			f.start = slices.Grow(f.start, i-from)[:n+i-from]
			f.end = slices.Grow(f.end, i-from)[:n+i-from]
			rs, starts, ends := f.runes[n:], f.start[n:], f.end[n:]
			for k := range rs {
				rs[k], starts[k], ends[k] = rune(plain[s[from+k]]), int32(from+k), int32(from+k+1)
			}
			continue
		}
		if s[i] == ' ' && i+1 < len(s) && plain[s[i+1]] != 0 {
			put(' ', int32(i), int32(i+1))
			i++
			continue
		}
		// Letters that normalising leaves alone and that the next letter does not
		// change need no more than a look.
		r, n := quiet(s[i:])
		before := i
		for n > 0 {
			next, m := quiet(s[i+n:])
			if m == 0 && i+n < len(s) {
				break
			}
			if r > ' ' && r != '`' && r != 0x7f {
				f.runes, f.start, f.end = append(f.runes, r), append(f.start, int32(i)), append(f.end, int32(i+n))
			} else {
				put(r, int32(i), int32(i+n))
			}
			i += n
			r, n = next, m
		}
		if i > before {
			continue
		}
		// The rest, up to the next letter of ASCII: nothing is composed with that.
		to := i + max(n, 1)
		for to < len(s) && s[to] >= utf8.RuneSelf {
			if _, m := quiet(s[to:]); m > 0 {
				if _, k := quiet(s[to+m:]); k > 0 {
					break
				}
			}
			to++
		}
		if !cased {
			caser, cased = cases.Fold(), true
		}
		foldSlow(s[i:to], i, caser, put)
		i = to
	}
	if n := len(f.runes); n > 0 && f.runes[n-1] == ' ' {
		f.runes, f.start, f.end = f.runes[:n-1], f.start[:n-1], f.end[:n-1]
	}
}

// plain is what each letter of ASCII becomes that stays one letter; 0 for spaces,
// what is invisible and the mark that is made alike.
var plain = func() (t [256]byte) {
	for c := byte('!'); c < 0x7f; c++ {
		t[c] = c
		if 'A' <= c && c <= 'Z' {
			t[c] = c + 'a' - 'A'
		}
	}
	t['`'] = 0
	return t
}()

// foldSlow normalises and folds a piece of text that begins at byte base.
func foldSlow(s string, base int, caser cases.Caser, put func(r rune, from, to int32)) {
	var it norm.Iter
	it.InitString(norm.NFKC, s)
	for !it.Done() {
		from := int32(base + it.Pos())
		seg := it.Next()
		to := int32(base + it.Pos())
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
}

// quiet folds the first letter of s if it is one of the many that normalising
// maps to one letter whatever stands before it; 0 bytes when it is not.
func quiet(s string) (r rune, n int) {
	if s == "" {
		return 0, 0
	}
	if c := s[0]; c < utf8.RuneSelf {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return rune(c), 1
	}
	r, n = utf8.DecodeRuneInString(s)
	switch {
	case 0x4E00 <= r && r <= 0x9FFF, 0xAC00 <= r && r <= 0xD7A3, // Chinese characters, Korean syllables
		0x3041 <= r && r <= 0x3096, 0x30A1 <= r && r <= 0x30FA, r == 'ー', 0x430 <= r && r <= 0x44F, r == 'ё':
	case 0xE0 <= r && r <= 0xFF && r != '÷':
	case 0xC0 <= r && r <= 0xDE && r != '×', 0x410 <= r && r <= 0x42F:
		r += 0x20
	case 0xFF01 <= r && r <= 0xFF5E: // ASCII in full width
		if r -= 0xFF01 - '!'; 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
	case r == '、' || r == '。' || r == '’':
		r = alike[r]
	case r == 0x3000:
		r = ' '
	default:
		return 0, 0
	}
	return r, n
}

// Fold is the form in which two texts are the same text: the key of a
// translation memory.
func Fold(s string) string { return string(fold(s).runes) }

// AsWritten gives a piece of a folded text back as it stands in the text itself;
// a piece that is not in it stays what it is.
func AsWritten(text, piece string) string {
	f := fold(text)
	all := string(f.runes)
	at := strings.Index(all, piece)
	if at < 0 || piece == "" {
		return piece
	}
	from := utf8.RuneCountInString(all[:at])
	to := from + utf8.RuneCountInString(piece) - 1
	return text[f.start[from]:f.end[to]]
}

// squash drops spaces and the marks around a sentence, for comparing whole
// sentences. It takes the room of f, which is gone.
func (f folded) squash() folded {
	from, to := 0, len(f.runes)
	for from < to && outer(f.runes[from]) {
		from++
	}
	for to > from && outer(f.runes[to-1]) {
		to--
	}
	out := folded{f.runes[:0], f.start[:0], f.end[:0]}
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
	if 0 <= r && r < utf8.RuneSelf {
		return wordByte[r]
	}
	return !unspaced(r) && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// wordByte is spacedWord for ASCII.
var wordByte = func() (t [utf8.RuneSelf]bool) {
	for c := range t {
		t[c] = 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z'
	}
	return t
}()

func unspaced(r rune) bool {
	switch {
	case r < 0x0E00: // before Thai there is none
		return false
	case 0x4E00 <= r && r <= 0x9FFF, 0xAC00 <= r && r <= 0xD7A3:
		return true
	}
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
