package glossary

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func entries(list ...string) string {
	var b strings.Builder
	for _, s := range list {
		id, rest, _ := strings.Cut(s, " ")
		fmt.Fprintf(&b, "[[term]]\nid = %q\nkind = \"term\"\nstatus = \"draft\"\n%s\n", id, rest)
	}
	return b.String()
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const refund = "langs.en = { preferred = \"refund\" }\nlangs.de = { preferred = \"Erstattung\" }"
	const again = "langs.en = { preferred = \"Refund\" }\nlangs.de = { preferred = \"Rückzahlung\" }"
	for _, tc := range []struct {
		name, toml, want string
	}{
		{"nothing", entries("a " + refund), ""},
		{"said twice", entries("a "+refund, "b "+refund), "duplicate de a,b"},
		{"two words for one", entries("a "+refund, "b "+again), "conflict en a,b"},
		{"two words, told apart", entries("a context.requires = [\"open\"]\n"+refund, "b "+again), ""},
		{"two words, two platforms", entries("a scope.platform = \"ebay\"\n"+refund, "b "+again), ""},
		{"two words, one after the other", entries("a until = \"2026-01-31\"\n"+refund, "b since = \"2026-02-01\"\n"+again), ""},
		{"two words, on the same days", entries("a until = \"2026-02-01\"\n"+refund, "b since = \"2026-02-01\"\n"+again), "conflict en a,b"},
		{"two words, never looked for", entries("a scope.direction = [\"de>en\"]\n"+refund, "b "+again), ""},
		{"a deprecated one", entries("a "+refund, "b "+again) + "[[term]]\nid=\"c\"\nkind=\"term\"\nstatus=\"deprecated\"\n" + again, "conflict en a,b"},
		{"no meaning without context", entries("a context.requires = [\"open\"]\n"+refund, "b context.requires = [\"shut\"]\n"+again), "hole en a,b"},
		{"a context that is never there", entries("a context.requires = [\"Open\"]\ncontext.excludes = [\"open\"]\n" + refund), "hole  a"},
		{"a language", entries("a "+refund, "b langs.en = { preferred = \"x\" }\nlangs.fr = { preferred = \"y\" }"), "missing fr a, missing de b"},
		{"a sentence's language", entries("a "+refund) + "[[phrase]]\nid=\"p\"\nwho=\"in\"\nstatus=\"draft\"\nlangs.en=[\"x\"]\nlangs.fr=[\"y\"]\n", "missing fr a, missing de p"},
		{"forbidden inside", entries("a langs.en = { preferred = \"full refund\", forbidden = [\"refund\"] }\nlangs.de = { preferred = \"y\" }"), "forbidden en a"},
		{"forbidden and allowed", entries("a langs.en = { preferred = \"z\", variants = [\"Refund\"], forbidden = [\"refund\"] }\nlangs.de = { preferred = \"y\" }"), "forbidden en a"},
		{"forbidden, the short form", entries("a langs.en = { preferred = \"z\", variants = [\"full refund\"], forbidden = [\"refund\"] }\nlangs.de = { preferred = \"y\" }"), ""},
		{"a space", entries("a langs.en = { preferred = \"z \" }\nlangs.de = { preferred = \"y\" }"), "spaces en a"},
		{"a direction that never holds", entries("a scope.direction = [\"en>zh-CN\"]\n" + refund), "direction  a"},
		{"days", entries("a since = \"30.11.2026\"\n"+refund, "b since = \"2026-02-01\"\nuntil = \"2026-01-01\"\nlangs.en = { preferred = \"x\" }\nlangs.de = { preferred = \"y\" }"), "day  a, day  b"},
	} {
		var got []string
		for _, f := range Check(bookOf(t, tc.toml)) {
			got = append(got, f.Code+" "+f.Lang+" "+strings.Join(f.IDs, ","))
		}
		if s := strings.Join(got, ", "); s != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, s, tc.want)
		}
	}
	if got := Check(bookOf(t, entries("a "+refund)), de, ja); len(got) != 1 || got[0].Lang != "ja" {
		t.Errorf("the languages that are asked for: %+v", got)
	}
}

func TestTheShippedGlossaryHolds(t *testing.T) {
	t.Parallel()
	for _, f := range Check(shippedBook(t)) {
		t.Errorf("%+v", f)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	a := bookOf(t, entries("a langs.en = { preferred = \"x\" }\nlangs.de = { preferred = \"y\" }", "b langs.en = { preferred = \"z\" }\nlangs.de = { preferred = \"w\" }"))
	b := bookOf(t, entries("a version = 2\nlangs.en = { preferred = \"x\", variants = [\"xx\"] }\nlangs.fr = { preferred = \"y\" }", "c langs.en = { preferred = \"z\" }\nlangs.de = { preferred = \"w\" }"))
	got := Diff(a, b)
	if len(got) != 3 || got[0].ID != "a" || got[1].Kind != "removed" || got[2].Kind != "added" || got[2].ID != "c" {
		t.Fatalf("%+v", got)
	}
	want := []FieldChange{{"version", "", "2"}, {"de", "y", ""}, {"en_variants", "", "xx"}, {"fr", "", "y"}}
	if !slices.Equal(got[0].Fields, want) {
		t.Errorf("got %+v, want %+v", got[0].Fields, want)
	}
	if len(Diff(a, a)) > 0 {
		t.Error("a glossary differs from itself")
	}
}
