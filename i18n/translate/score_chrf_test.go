package translate_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"helloworld/i18n/translate"
)

func chrF(words int, pairs ...[2]string) float64 {
	c := translate.ChrF{Words: words}
	for _, p := range pairs {
		c.Add(p[0], p[1])
	}
	return c.Score()
}

// The table was made with the reference implementation.
func TestChrFEqualsTheReference(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "..", "shared", "data", "chrf-fixtures.tsv")
	if dir := os.Getenv("CONTRACTS_DIR"); dir != "" {
		file = filepath.Join(dir, "..", "data", "chrf-fixtures.tsv")
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("SKIPPED: chrF and chrF++ were not held against the reference's figures (set CONTRACTS_DIR)")
	}
	if err != nil {
		t.Fatal(err)
	}
	var all [][2]string
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 4 {
			t.Fatalf("line %d has %d fields", i+2, len(f))
		}
		pairs := [][2]string{{f[0], f[1]}}
		if f[0] == "(corpus)" {
			pairs = all
		}
		all = append(all, pairs[0])
		for words, text := range map[int]string{0: f[2], 2: f[3]} {
			want, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			if got := chrF(words, pairs...); math.Abs(got-want) > 0.0005001 {
				t.Errorf("line %d, up to %d words: %.4f, want %.3f", i+2, words, got, want)
			}
		}
	}
	if len(all) < 10 {
		t.Errorf("only %d lines", len(all))
	}
}

// Figures worked out by hand.
func TestChrFByHand(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text, reference string
		words           int
		want            float64
	}{
		{"", "", 0, 0},
		{"", "abc", 2, 0},
		{"abc", "", 2, 0},
		{"abc", "abc", 0, 100},
		{"a b c", "abc", 0, 100},    // spaces do not count between letters
		{"ab", "cd", 2, 0},          // nothing shared
		{"ab", "ac", 0, 25},         // one of two letters, no pair: (1/2+0)/2
		{"退货", "退款", 0, 25},         // letters are runes, not bytes
		{"a b", "a c", 2, 25},       // letters 1/2 and 0, words 1/2 and 0
		{"back.", "back .", 2, 100}, // a mark at the end stands alone
		{"(back", "( back", 2, 100}, // and one at the beginning
		{"aaaa", "aa", 0, fScore((2./4+1./3)/2, 1)},
		{"abc", "abcdef", 0, fScore(1, (3./6+2./5+1./4)/3)},
	} {
		if got := chrF(tc.words, [2]string{tc.text, tc.reference}); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%q, %q, up to %d words: %v, want %v", tc.text, tc.reference, tc.words, got, tc.want)
		}
	}
}

func fScore(precision, recall float64) float64 {
	return 100 * 5 * precision * recall / (4*precision + recall)
}
