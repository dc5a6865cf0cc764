package translate

import (
	"strings"
	"unicode"
)

// ChrF compares texts with references by the runs of letters, and of words, that
// they share: chrF with Words 0, chrF++ with Words 2. Every text added counts
// towards one figure, as a corpus does; the zero value is ready.
//
// Runs have up to six letters, spaces do not count, and recall weighs twice as
// much as precision.
type ChrF struct {
	// Words is the longest run of words that counts.
	Words int

	orders [chrLetters + chrWords]overlap
}

const (
	chrLetters = 6
	chrWords   = 2
	chrBeta    = 2
)

// overlap counts runs of one length.
type overlap struct{ text, reference, shared int }

// Add counts a text and what it should have been.
func (c *ChrF) Add(text, reference string) {
	a, b := []rune(strings.Join(pieces(text), "")), []rune(strings.Join(pieces(reference), ""))
	for n := 1; n <= chrLetters; n++ {
		c.orders[n-1].add(letterRuns(a, n), letterRuns(b, n))
	}
	v, w := chrTokens(text), chrTokens(reference)
	for n := 1; n <= min(c.Words, chrWords); n++ {
		c.orders[chrLetters+n-1].add(wordRuns(v, n), wordRuns(w, n))
	}
}

func (o *overlap) add(text, reference map[string]int) {
	// Where the reference is too short for such runs the text is not to blame.
	if len(reference) == 0 {
		return
	}
	for run, n := range text {
		o.text += n
		o.shared += min(n, reference[run])
	}
	for _, n := range reference {
		o.reference += n
	}
}

// Score is the figure, 0 to 100.
func (c *ChrF) Score() float64 {
	var precision, recall, n float64
	for _, o := range c.orders {
		if o.text > 0 && o.reference > 0 {
			precision += float64(o.shared) / float64(o.text)
			recall += float64(o.shared) / float64(o.reference)
			n++
		}
	}
	if precision+recall == 0 {
		return 0
	}
	precision, recall = precision/n, recall/n
	const weight = chrBeta * chrBeta
	return 100 * (1 + weight) * precision * recall / (weight*precision + recall)
}

// pieces cuts at white space. The four separators of files and records are
// white space to the reference implementation.
func pieces(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// chrTokens are words with one mark at their end, or else at their beginning,
// standing alone.
func chrTokens(s string) []string {
	const marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	var out []string
	for _, w := range pieces(s) {
		rs := []rune(w)
		last := len(rs) - 1
		switch {
		case last == 0:
			out = append(out, w)
		case strings.ContainsRune(marks, rs[last]):
			out = append(out, string(rs[:last]), string(rs[last]))
		case strings.ContainsRune(marks, rs[0]):
			out = append(out, string(rs[0]), string(rs[1:]))
		default:
			out = append(out, w)
		}
	}
	return out
}

func letterRuns(rs []rune, n int) map[string]int {
	out := map[string]int{}
	for i := 0; i+n <= len(rs); i++ {
		out[string(rs[i:i+n])]++
	}
	return out
}

func wordRuns(words []string, n int) map[string]int {
	out := map[string]int{}
	for i := 0; i+n <= len(words); i++ {
		out[strings.Join(words[i:i+n], " ")]++
	}
	return out
}
