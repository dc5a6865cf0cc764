package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPolicyCases: the two examples that ship go together, and a case that does
// not hold is named, with what was expected.
func TestPolicyCases(t *testing.T) {
	t.Parallel()
	rules := filepath.Join(root(t), "deploy", "policy.example.toml")
	cases := filepath.Join(root(t), "deploy", "policy-cases.example.toml")
	tryOn := func(rules, file string) (int, string) {
		var out, bad bytes.Buffer
		code := run(context.Background(), []string{"policy", "test", file, "--config", rules}, func(string) string { return "" }, nil, &out, &bad)
		return code, out.String() + bad.String()
	}
	try := func(file string) (int, string) { return tryOn(rules, file) }
	if code, out := try(cases); code != 0 || !strings.Contains(out, "12 of 12 cases hold") {
		t.Errorf("%d\n%s", code, out)
	}
	text, err := os.ReadFile(cases)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ name, from, to, says string }{
		{"votes", "votes = 1\n", "votes = 2\n", "BAD  a small one\n"},
		{"approvers", `"person:lead"]`, `"person:other"]`, "expected rule \"small\" · votes 1 · approvers [manager, person:other]"},
		{"refused", `refused = "hours"`, `refused = ""`, "11 of 12 cases hold"},
		{"a key that is none", "votes = 1\n", "vots = 1\n", "vots"},
		{"an amount that is none", `"12.50 EUR"`, `"12,50 EUR"`, "amount"},
		{"a reason that is none", `reason = "damaged"`, `reason = "dammaged"`, `case 1 "a small one": reason: "dammaged" is not one of `},
		{"a role that is none", `roles = ["manager"]`, `roles = ["boss"]`, `case 4 "larger than anybody may": roles: "boss" is not one of `},
		{"a store that is none", `store = "ebay-de"`, `store = "nostore"`, `case 1 "a small one": store: "nostore" is not one of `},
		{"a method that is none", `reason = "damaged"`, `method = "cash"`, `case 1 "a small one": method: "cash" is not one of `},
		{"a currency that is none", `"5 KWD"`, `"5 KWT"`, `case 11 "a currency without a rate": amount: "KWT" is not a currency`},
	} {
		file := filepath.Join(t.TempDir(), "cases.toml")
		changed := strings.Replace(string(text), x.from, x.to, 1)
		if changed == string(text) {
			t.Fatalf("%s: nothing is changed", x.name)
		}
		if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out := try(file); code != 1 || !strings.Contains(out, x.says) {
			t.Errorf("%s: %d\n%s", x.name, code, out)
		}
	}
	// Where the file names no store, whose it would be is known in the chat only.
	text, err = os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	storeless := filepath.Join(t.TempDir(), "desk.toml")
	if err := os.WriteFile(storeless, bytes.Replace(text, []byte("[[store]]\nid = \"ebay-de\"\nplatform = \"ebay\"\n"), nil, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := tryOn(storeless, cases); code != 0 || !strings.Contains(out, "12 of 12 cases hold") {
		t.Errorf("without stores: %d\n%s", code, out)
	}
}
