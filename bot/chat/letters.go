package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// Len counts s in the unit a network counts in.
func (u Unit) Len(s string) int {
	n := 0
	for _, r := range s {
		n++
		if u == UTF16 && r > 0xFFFF {
			n++
		}
	}
	return n
}

// Clean takes out of s what no network shows and some choke on: NUL and other
// control characters (tab and newline stay), broken UTF-8, and bidirectional
// controls that have lost their partner. An embedding, override or isolate that
// nobody closed is closed at the end, so that it cannot turn round whatever a
// renderer puts after it. Joiners inside emoji and scripts stay.
func Clean(s string) string {
	if !needsCleaning(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
		case r == '\r':
			b.WriteByte('\n')
			if strings.HasPrefix(s[i+n:], "\n") {
				n++
			}
		case r != '\n' && r != '\t' && unicode.IsControl(r):
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return balance(b.String())
}

func needsCleaning(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		// 0xC2 leads the C1 controls, 0xE2 the bidirectional ones; whatever else
		// they lead is only looked at once more.
		if c < 0x20 && c != '\n' && c != '\t' || c == 0x7F || c == 0xC2 || c == 0xE2 {
			return true
		}
	}
	return !utf8.ValidString(s)
}

// The bidirectional controls.
const (
	bidiPDF = '\u202C'
	bidiPDI = '\u2069'
)

func opensEmbedding(r rune) bool {
	return r == '\u202A' || r == '\u202B' || r == '\u202D' || r == '\u202E'
}
func opensIsolate(r rune) bool { return r >= '\u2066' && r <= '\u2068' }
func isBidi(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}

// deepest is how many levels Unicode has; whoever nests further means harm.
const deepest = 125

// balance drops closers that close nothing and closes what is left open.
func balance(s string) string {
	if strings.IndexFunc(s, isBidi) < 0 {
		return s
	}
	var b strings.Builder
	var open []rune // what would close each
	isolates := 0
	for _, r := range s {
		switch {
		case isBidi(r) && r != bidiPDF && r != bidiPDI && len(open) >= deepest:
			continue
		case opensEmbedding(r):
			open = append(open, bidiPDF)
		case opensIsolate(r):
			open = append(open, bidiPDI)
			isolates++
		case r == bidiPDF:
			if len(open) == 0 || open[len(open)-1] != bidiPDF {
				continue
			}
			open = open[:len(open)-1]
		case r == bidiPDI:
			if isolates == 0 {
				continue
			}
			// The end of an isolate ends the embeddings inside it too.
			for open[len(open)-1] != bidiPDI {
				open = open[:len(open)-1]
			}
			open = open[:len(open)-1]
			isolates--
		}
		b.WriteRune(r)
	}
	for i := len(open) - 1; i >= 0; i-- {
		b.WriteRune(open[i])
	}
	return b.String()
}

// Shorten cuts s to at most limit units, between letters, ending in "…" when
// something is missing. A limit of zero or less leaves s alone.
func Shorten(s string, limit int, u Unit) string {
	if limit <= 0 || u.Len(s) <= limit {
		return s
	}
	room := limit - 1
	for {
		head := s[:prefix(s, room, u)]
		out := balance(strings.TrimRightFunc(head, unicode.IsSpace)) + "…"
		over := u.Len(out) - limit // what closes a bidirectional control needs a place too
		if over <= 0 || room <= 0 {
			return out
		}
		room -= max(1, over/2)
	}
}

// prefix is the length in bytes of the longest run of whole grapheme clusters
// at the start of s that is at most limit units long.
func prefix(s string, limit int, u Unit) int {
	used, end := 0, 0
	g := graphemes.FromString(s)
	for g.Next() {
		used += u.Len(g.Value())
		if used > limit {
			break
		}
		end += len(g.Value())
	}
	return end
}

// take splits s in two: a head of at most limit units, and the rest. It cuts
// after a paragraph if there is one far enough on, else after a line, a
// sentence, a word, and last between two letters. Only white space at the cut
// is left out. The head is empty only if nothing but white space came before.
func take(s string, limit int, u Unit) (head, tail string) {
	if u.Len(s) <= limit {
		return s, ""
	}
	for room := limit; ; {
		end := prefix(s, room, u)
		if end == 0 {
			end = forced(s, max(room, 1), u)
		}
		next, _ := utf8.DecodeRuneInString(s[end:])
		cut := niceCut(s[:end], unicode.IsSpace(next))
		head = strings.TrimRightFunc(balance(s[:cut]), unicode.IsSpace)
		if room <= 1 && u.Len(head) > limit {
			head = strings.Map(func(r rune) rune {
				if isBidi(r) {
					return -1
				}
				return r
			}, head)
		}
		if u.Len(head) <= limit || room <= 1 {
			return head, trimLeft(balance(s[cut:]))
		}
		room = max(1, room-max(1, (u.Len(head)-limit)/2))
	}
}

// forced cuts a single cluster that is longer than the limit (letters under
// heaps of accents) between two runes.
func forced(s string, limit int, u Unit) int {
	used := 0
	for i, r := range s {
		used++
		if u == UTF16 && r > 0xFFFF {
			used++
		}
		if used > limit && i > 0 {
			return i
		}
	}
	return len(s)
}

// trimLeft leaves out leading white space, unless something hangs on it.
func trimLeft(s string) string {
	for g := graphemes.FromString(s); g.Next(); {
		if strings.TrimSpace(g.Value()) != "" {
			return s[g.Start():]
		}
	}
	return ""
}

// niceCut finds the best place to end s, which goes on after its end, with
// white space or without.
func niceCut(s string, space bool) int {
	half := len(s) / 3
	if i := strings.LastIndex(s, "\n\n"); i > half {
		return i + 2
	}
	if i := strings.LastIndexByte(s, '\n'); i > half {
		return i + 1
	}
	if i := lastSentence(s); i > half {
		return i
	}
	if space {
		return len(s)
	}
	if i := strings.LastIndexFunc(s, unicode.IsSpace); i > len(s)/4 {
		_, n := utf8.DecodeRuneInString(s[i:])
		if boundary(s, i+n) {
			return i + n
		}
	}
	return len(s)
}

// lastSentence is the end of the last whole sentence in s, or 0.
func lastSentence(s string) int {
	end := 0
	for i, r := range s {
		switch r {
		case '。', '！', '？', '；', '।', '۔':
			end = i + utf8.RuneLen(r)
		case '.', '!', '?', '؟', '…':
			n := i + utf8.RuneLen(r)
			if next, _ := utf8.DecodeRuneInString(s[n:]); n < len(s) && unicode.IsSpace(next) {
				end = n
			}
		}
	}
	// Closing quotes and brackets, and whatever hangs on the stop, belong to it.
	for end > 0 && end < len(s) {
		r, n := utf8.DecodeRuneInString(s[end:])
		if !unicode.In(r, unicode.Pe, unicode.Pf, unicode.M, unicode.Cf) {
			break
		}
		end += n
	}
	if end > 0 && !boundary(s, end) {
		return 0
	}
	return end
}

// boundary tells whether a grapheme cluster ends at i.
func boundary(s string, i int) bool {
	start := max(0, i-64)
	for start > 0 && !utf8.RuneStart(s[start]) {
		start--
	}
	g := graphemes.FromString(s[start:])
	at := start
	for g.Next() {
		at += len(g.Value())
		if at >= i {
			return at == i
		}
	}
	return at == i
}
