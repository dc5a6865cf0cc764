package glossary

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/language"
)

var whole = []Format{TSV, CSV, XLSX, TBX, TOML}

func written(t testing.TB, b *Book, o WriteOptions) []byte {
	t.Helper()
	var out bytes.Buffer
	left, err := Write(&out, b, o)
	if err != nil || o.Format != DeepL && len(left) > 0 {
		t.Fatalf("%s: %v, left %v", o.Format, err, left)
	}
	return out.Bytes()
}

func readBack(t testing.TB, data []byte, o ReadOptions) Import {
	t.Helper()
	in, err := Read(bytes.NewReader(data), o)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// same compares two glossaries by every field of ours.
func same(t testing.TB, f Format, want *Book, got Import) {
	t.Helper()
	for _, x := range got.Faults {
		t.Errorf("%s: %v", f, x)
	}
	b, err := got.Book()
	if err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	if len(b.terms) != len(want.terms) || len(b.phrases) != len(want.phrases) {
		t.Fatalf("%s: %d and %d entries, want %d and %d", f, len(b.terms), len(b.phrases), len(want.terms), len(want.phrases))
	}
	for _, c := range Diff(want, b) {
		t.Errorf("%s: %+v", f, c)
	}
	for i, x := range want.terms {
		if b.terms[i].ID != x.ID {
			t.Fatalf("%s: the order is lost at %s", f, x.ID)
		}
	}
}

func TestTheShippedGlossaryComesBack(t *testing.T) {
	t.Parallel()
	b := shippedBook(t)
	for _, f := range whole {
		same(t, f, b, readBack(t, written(t, b, WriteOptions{Format: f}), ReadOptions{Format: f}))
	}
}

// nasty are pieces of what a seller's words may have in them.
var nasty = []string{"=1+1", "+49", "-5 %", "@SUM(A1)", "'", "''", "'=x", "＝A1", `"`, `a"b`, "a, b", "a;b", "a|b", `a\|b`, `\`, " lead", "trail ", "  ", "line\nbreak",
	"tab\there", "\ttab", "退款", "退款/退货", "<b>&amp;", "]]>", "_x0041_", "_x000D_", "é\u0301", "👍🏽", "نعم", "{n}", "#REF!", "0012", "1e5", "TRUE", "2026-11-30", "desk.kind: abbr", "|", "\u2028", "a\u200bb"}

func word(r *rand.Rand) string {
	s := ""
	for range 1 + r.IntN(3) {
		s += nasty[r.IntN(len(nasty))]
	}
	if strings.TrimSpace(s) == "" {
		return "x" + s
	}
	return s
}

func words(r *rand.Rand) []string {
	var out []string
	for range r.IntN(4) {
		out = append(out, word(r))
	}
	return out
}

// madeUp is a glossary with every field set in some entry.
func madeUp(t testing.TB, seed uint64) *Book {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	maybe := func(s string) string { return []string{"", s}[r.IntN(2)] }
	b := &Book{}
	var terms []*Term
	var phrases []Phrase
	for i := range 12 {
		x := &Term{ID: fmt.Sprintf("t%d", i), Concept: maybe(word(r)), Kind: []Kind{Word, Abbr, Reason, Status}[r.IntN(4)],
			Status: []Standing{Draft, Approved, Deprecated}[r.IntN(3)], Review: maybe(word(r)), Money: r.IntN(2) == 0, Note: maybe(word(r)), Source: maybe(word(r)),
			Version: r.IntN(3), Since: maybe("2026-01-31"), Until: maybe("2026-12-31"), Context: Context{Requires: words(r), Excludes: words(r)},
			Scope: Scope{Store: maybe(word(r)), Platform: maybe("ebay")}, Langs: map[string]Wording{}}
		if r.IntN(2) == 0 {
			x.Scope.Direction = []string{"en>zh", "zh-Hant>de"}
		}
		if i%4 == 0 {
			x.ID = "0 " + word(r) // no name in XML
		}
		for _, lang := range []string{"en", "zh-CN", "zh-TW", "pt-BR", "sr-Latn"}[:2+r.IntN(4)] {
			x.Langs[lang] = Wording{Preferred: word(r), Variants: words(r), Forbidden: words(r), Match: []string{"", "exact", "stem"}[r.IntN(3)],
				Case: r.IntN(2) == 0, Status: []Standing{"", Draft, Approved}[r.IntN(3)]}
		}
		terms = append(terms, x)
		phrases = append(phrases, Phrase{ID: fmt.Sprintf("p%d", i), Who: []Direction{In, Out}[r.IntN(2)], Status: Draft, Approved: []string{"de"}, Review: maybe(word(r)),
			Version: r.IntN(3), Langs: map[string][]string{"en": {"In {n} days.", "Within {n} days."}, "de": {"=In {n} Tagen | bald."}}, One: map[string][]string{"en": {"In {n} day."}}})
	}
	b, err := b.With(terms, phrases)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// No field of ours is lost on the way through any format, whatever is in it.
func TestEveryFieldComesBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		b := madeUp(t, seed)
		for _, f := range whole {
			same(t, f, b, readBack(t, written(t, b, WriteOptions{Format: f}), ReadOptions{Format: f}))
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}

// No cell begins as a formula does.
func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	b := madeUp(t, 7)
	f, err := excelize.OpenReader(bytes.NewReader(written(t, b, WriteOptions{Format: XLSX})))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	rows = append(rows, cellsOf(b.rows())...)
	guardedCells := 0
	for _, cells := range rows {
		for _, c := range cells {
			if strings.HasPrefix(c, "'") {
				guardedCells++
			}
			if c != "" && strings.ContainsAny(firstOf(c), "=+-@\t\r＝＋－＠") {
				t.Errorf("a spreadsheet works out %q", c)
			}
		}
	}
	if guardedCells < 10 {
		t.Errorf("%d cells are guarded", guardedCells)
	}
	for _, s := range nasty {
		if unguarded(guarded(s)) != s {
			t.Errorf("%q does not come back", s)
		}
	}
}

const draftHead = "id\tkind\ten\tzh\tzh_forbidden\tde\tnote\n"

func TestFaultsAreNamed(t *testing.T) {
	t.Parallel()
	const full = "id,kind,status,en,de,de_match,money,since,until,direction,version\n"
	for _, tc := range []struct {
		name   string
		format Format
		data   string
		want   string // line.column code, for each
		good   int
	}{
		{"the simple layout", TSV, draftHead + "a\tterm\trefund\t退款\t偿还\tErstattung\tnoun\n", "", 1},
		{"two variants in one value", TSV, draftHead + "a\tterm\treplacement\t补发/换新\t\tErsatz\t\nb\tterm\tx\ty\t\tz\t\n", "2.4 ambiguous", 1},
		{"two values with a slash", TSV, draftHead + "a\tterm\tA/B\t甲／乙\t\tC\t\n", "2.3 ambiguous, 2.4 ambiguous", 0},
		{"a mark and DOS lines", TSV, "\ufeff" + strings.ReplaceAll(draftHead+"a\tterm\tx\ty\t\tz\t\n", "\n", "\r\n"), "", 1},
		{"too few cells", TSV, draftHead + "a\tterm\tx\n", "2.4 cells", 0},
		{"too many cells", TSV, draftHead + "a\tterm\tx\ty\t\tz\t\tmore\n", "2.8 cells", 0},
		{"no id", TSV, draftHead + "\tterm\tx\ty\t\tz\t\n", "2.1 id", 0},
		{"twice", TSV, draftHead + "a\tterm\tx\ty\t\tz\t\na\tterm\tx\ty\t\tz\t\n", "3.1 duplicate", 1},
		{"a kind", TSV, draftHead + "a\tword\tx\ty\t\tz\t\n", "2.2 kind", 0},
		{"NUL", TSV, draftHead + "a\tterm\tx\x00\ty\t\tz\t\n", "2.3 control", 0},
		{"not UTF-8", TSV, draftHead + "a\tterm\tx\xff\ty\t\tz\t\n", "2.3 utf8", 0},
		{"UTF-16", TSV, "\xff\xfei\x00d\x00", "1.0 encoding", 0},
		{"long", TSV, draftHead + "a\tterm\t" + strings.Repeat("é", longest+1) + "\ty\t\tz\t\n", "2.3 long", 0},
		{"a stray quote", CSV, full + "a,term,draft,27\" monitor,Monitor,,,,,,\nb,term,draft,x,y,,,,,,\n", "2.4 quotes", 1},
		{"an open quote", CSV, full + "a,term,draft,\"x,y,,,,,,\nb,term,draft,x,y,,,,,,\n", "2.0 quotes", 0},
		{"a slash in the full layout", CSV, full + "a,term,draft,VAT,MwSt./USt.,,,,,,\n", "", 1},
		{"every field", CSV, full + "a,term,new,x,y,fuzzy,maybe,30.11.2026,2026-13-01,en>zh-CN,one\n",
			"2.3 status, 2.11 number, 2.7 yesno, 2.8 day, 2.9 day, 2.9 days, 2.10 direction, 2.6 match", 0},
		{"one language", CSV, full + "a,term,draft,x,,,,,,,\n", "2.0 languages", 0},
		{"variants of nothing", CSV, "id,status,en,de,de_variants,fr\na,draft,x,,y,z\n", "2.4 preferred", 0},
		{"one language in two spellings", CSV, "id,status,en,zh,zh-CN\na,draft,x,y,z\n", "2.5 twice", 0},
		{"a column", CSV, "id,status,en,de,colour,de\na,draft,x,y,z,y\n", "1.5 column, 1.6 column_twice", 1},
		{"no header", CSV, "refund,Erstattung\n", "1.1 column, 1.2 column, 1.0 header, 2.0", -1},
		{"nothing", CSV, "", "0.0 empty", 0},
		{"only lines", CSV, "\n\n\n", "0.0 empty", 0},
		{"a sentence's fields", CSV, "id,kind,who,status,en,de,note\na,sentence,,draft,x,y,\nb,sentence,in,draft,x,y,z\nc,term,in,draft,x,y,\n", "2.3 who, 3.7 sentence, 4.3 who", 0},
		{"slots", CSV, "id,kind,who,status,en,de\na,sentence,in,draft,{n} x,y\n", "2.0 entry", 0},
		{"DeepL", DeepL, "refund,Erstattung\nlabel,Etikett,EN,DE\nrefund,Rückzahlung\nx\nx,y,EN,??\nx,y,EN,en-GB\n", "3.1 duplicate, 4.2 cells, 5.0 language, 6.0 twice", 2},
		{"TOML", TOML, "[[term]]\nid=\"a\"\ncolour=3\n", "0.0 toml", 0},
		{"TOML's line", TOML, "[[term]]\nid=\"a\n", "2.6 toml", 0},
		{"an entry in TOML", TOML, "[[term]]\nid=\"a\"\nstatus=\"new\"\nlangs.en={preferred=\"x\"}\nlangs.de={preferred=\"y\"}\n", "0.0 status", 0},
		{"not a workbook", XLSX, "PK\x03\x04 no", "0.0 zip", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := ReadOptions{Format: tc.format, From: en, To: de, GoodRows: true}
			in := readBack(t, []byte(tc.data), o)
			var got []string
			for _, f := range in.Faults {
				got = append(got, fmt.Sprintf("%d.%d %s", f.Line, f.Column, f.Code))
				if f.Error() == "" {
					t.Error("a fault without words")
				}
			}
			if s := strings.Join(got, ", "); s != tc.want && (tc.good >= 0 || !strings.HasPrefix(s, tc.want[:3])) {
				t.Errorf("got %q, want %q", s, tc.want)
			}
			if n := len(in.Terms) + len(in.Phrases); tc.good >= 0 && n != tc.good {
				t.Errorf("%d good rows, want %d", n, tc.good)
			}
			o.GoodRows = false
			if all := readBack(t, []byte(tc.data), o); len(all.Faults) > 0 && len(all.Terms)+len(all.Phrases) > 0 {
				t.Error("some rows went in although others are bad")
			}
		})
	}
}

func TestHostileFiles(t *testing.T) {
	t.Parallel()
	const open = `<tbx type="TBX-Basic" style="dca" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2"><text><body>`
	laughs := `<?xml version="1.0"?><!DOCTYPE tbx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>` + open + `<conceptEntry id="x"><langSec xml:lang="en"><termSec><term>&b;</term></termSec></langSec></conceptEntry></body></text></tbx>`
	outside := `<?xml version="1.0"?><!DOCTYPE tbx [<!ENTITY x SYSTEM "file:///etc/hostname">]>` + open + `</body></text></tbx>`
	unknown := open + `<conceptEntry id="x"><langSec xml:lang="en"><termSec><term>&x;</term></termSec></langSec></conceptEntry></body></text></tbx>`
	deep := open + "<conceptEntry>" + strings.Repeat("<a>", 200_000)
	for _, tc := range []struct {
		name   string
		format Format
		data   []byte
		want   string
	}{
		{"entities in entities", TBX, []byte(laughs), "entities"},
		{"a file of this computer", TBX, []byte(outside), "entities"},
		{"an entity that is nowhere", TBX, []byte(unknown), "xml"},
		{"deep", TBX, []byte(deep), "xml"},
		{"another XML", TBX, []byte("<html></html>"), "tbx"},
		{"cut", TBX, []byte(open + "<conceptEntry>"), "xml"},
		{"a letter that XML has not", TBX, []byte(open + "<conceptEntry id=\"a\x00\">"), "xml"},
		{"not UTF-8", TBX, []byte(open + "<conceptEntry id=\"\xff\">"), "xml"},
		{"a hundred megabytes", CSV, bytes.Repeat([]byte("a,b\n"), 25<<20), "big"},
		{"a workbook that grows", XLSX, bomb(t, mostUnpacked+(1<<20)), "bomb"},
		{"a workbook of many parts", XLSX, parts(t, mostParts+1), "bomb"},
		{"an archive, not a workbook", XLSX, parts(t, 2), "workbook"},
	} {
		in := readBack(t, tc.data, ReadOptions{Format: tc.format, GoodRows: true})
		if len(in.Faults) == 0 || in.Faults[0].Code != tc.want || len(in.Terms) > 0 {
			t.Errorf("%s: %v, want %s", tc.name, in.Faults, tc.want)
		}
		for _, f := range in.Faults {
			if name, err := os.Hostname(); err == nil && strings.Contains(f.Error(), name) {
				t.Errorf("%s: a file was read", tc.name)
			}
		}
	}
}

// bomb is a small archive of one large part.
func bomb(t testing.TB, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 1<<20)
	for range size >> 20 {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parts(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range n {
		if _, err := z.Create(fmt.Sprintf("p%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A workbook as people make it: blank rows, and cells missing at the end.
func TestAWorkbookMadeByHand(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	for cell, v := range map[string]any{"A1": "id", "B1": "en", "C1": "de", "D1": "note", "A3": "a", "B3": "refund", "C3": "Erstattung", "A9": "b", "B9": "x/y", "C9": "z", "A10": "c", "B10": 12, "C10": "zwölf", "D10": "n"} {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	in := readBack(t, b.Bytes(), ReadOptions{Format: XLSX, GoodRows: true})
	if len(in.Terms) != 2 || in.Terms[1].Langs["en"].Preferred != "12" || len(in.Faults) != 1 || in.Faults[0].Line != 9 || in.Faults[0].Column != 2 || in.Faults[0].Code != "ambiguous" {
		t.Errorf("%+v", in)
	}
}

// Another program's file: no standing, notes of its own, a program's stylesheet.
func TestSomebodyElsesTBX(t *testing.T) {
	t.Parallel()
	in := readBack(t, []byte(`<?xml version="1.0" encoding="UTF-8"?>
<?xml-model href="https://example.com/TBX-Basic.rng"?>
<tbx type="TBX-Basic" style="dca" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2"><tbxHeader/><text><body>
<conceptEntry id="c1"><descrip type="subjectField">law</descrip><note>one</note><note>two</note>
<langSec xml:lang="en"><termSec><term>refund</term></termSec><termSec><term>reimbursement</term></termSec></langSec>
<langSec xml:lang="de"><termSec><term>Ersatz</term><termNote type="administrativeStatus">deprecatedTerm-admn-sts</termNote></termSec>
<termSec><term>Erstattung</term></termSec></langSec></conceptEntry>
<conceptEntry id="c2"><langSec xml:lang="en"><termSec><term>alone</term></termSec></langSec></conceptEntry></body></text></tbx>`), ReadOptions{Format: TBX, GoodRows: true})
	if len(in.Terms) != 1 || len(in.Faults) != 1 || in.Faults[0].Code != "languages" || in.Faults[0].Line != 8 {
		t.Fatalf("%+v", in)
	}
	x := in.Terms[0]
	if x.Note != "one\ntwo" || x.Langs["en"].Variants[0] != "reimbursement" || x.Langs["de"].Preferred != "Erstattung" || x.Langs["de"].Forbidden[0] != "Ersatz" || x.Status != Draft {
		t.Errorf("%+v", x)
	}
}

func TestDeepLsList(t *testing.T) {
	t.Parallel()
	b := bookOf(t, `
[[term]]
id = "a"
kind = "term"
status = "approved"
langs.en = { preferred = "refund", variants = ["reimbursement", "=SUM(1)"] }
langs.de = { preferred = "Erstattung, ganze" }
[[term]]
id = "b"
kind = "term"
status = "approved"
context.requires = ["open"]
langs.en = { preferred = "case" }
langs.de = { preferred = "Fall" }
[[term]]
id = "c"
kind = "term"
status = "approved"
scope.direction = ["de>en"]
langs.en = { preferred = "notice" }
langs.de = { preferred = "Hinweis" }
[[term]]
id = "d"
kind = "term"
status = "approved"
langs.en = { preferred = "credit", variants = ["refund"] }
langs.de = { preferred = "Gutschrift" }
`)
	var out bytes.Buffer
	left, err := Write(&out, b, WriteOptions{Format: DeepL, From: en, To: de})
	if err != nil || out.String() != "refund,\"Erstattung, ganze\"\ncredit,Gutschrift\nreimbursement,\"Erstattung, ganze\"\n" {
		t.Errorf("%q %v", out.String(), err)
	}
	var why []string
	for _, f := range left {
		why = append(why, f.ID+" "+f.Code)
	}
	if got := strings.Join(why, ", "); got != "b left_context, a left_formula, d left_conflict" {
		t.Errorf("left out: %s", got)
	}
	in := readBack(t, out.Bytes(), ReadOptions{Format: DeepL, From: en, To: de})
	own, err := in.Book()
	if err != nil || len(in.Terms) != 3 {
		t.Fatalf("%+v %v", in, err)
	}
	m := own.Match("Erstattung, ganze", de)
	if _, ok := own.Required(m[0], de, en); ok {
		t.Error("a list of one direction is turned round")
	}
	if _, err := Write(&out, b, WriteOptions{Format: DeepL, From: language.Chinese, To: language.MustParse("zh-CN")}); err == nil {
		t.Error("one language for both")
	}
}

func TestWhatCannotComeBackIsNotWritten(t *testing.T) {
	t.Parallel()
	b := bookOf(t, "[[term]]\nid=\"a\"\nkind=\"term\"\nstatus=\"draft\"\nnote=\"a\\u0001\"\nlangs.en={preferred=\"x\"}\nlangs.de={preferred=\"y\"}\n")
	for _, f := range Formats {
		var out bytes.Buffer
		if _, err := Write(&out, b, WriteOptions{Format: f, From: en, To: de}); err == nil || out.Len() > 0 || !strings.Contains(err.Error(), "a: note: control") {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	b := madeUp(f, 3)
	for i, format := range Formats {
		f.Add(i, written(f, b, WriteOptions{Format: format, From: en, To: language.MustParse("zh-CN")}))
	}
	f.Add(0, []byte(draftHead+"a\tterm\tx/y\t=z\t\"\n"))
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		if i < 0 || i >= len(Formats) {
			return
		}
		in, err := Read(bytes.NewReader(data), ReadOptions{Format: Formats[i], From: en, To: de, GoodRows: true, Most: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		own, err := in.Book()
		if err != nil {
			t.Fatalf("what was taken makes no glossary: %v", err)
		}
		var out bytes.Buffer
		if _, err := Write(&out, own, WriteOptions{Format: CSV}); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if len(in.Terms)+len(in.Phrases) > 0 {
			same(t, CSV, own, readBack(t, out.Bytes(), ReadOptions{Format: CSV}))
		}
	})
}
