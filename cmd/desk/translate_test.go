package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/i18n"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

// deskSays runs the program and gives what it said.
func deskSays(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e strings.Builder
	env := map[string]string{"LANG": "en_GB.UTF-8"}
	code = run(t.Context(), args, func(k string) string { return env[k] }, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// serveEngine puts an engine behind an address as language models have it, and
// gives a configuration that names it.
func serveEngine(t *testing.T, e translate.Engine, to language.Tag) string {
	t.Helper()
	wanted := regexp.MustCompile(`(?m)^- (.+): (.+)$`)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Messages []struct{ Role, Content string }
		}
		var texts []string
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || len(q.Messages) != 2 || json.Unmarshal([]byte(q.Messages[1].Content), &texts) != nil {
			t.Errorf("not a question for a model: %v", err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		batch := make([]translate.Segment, len(texts))
		for i, s := range texts {
			batch[i].Text = s
			for _, m := range wanted.FindAllStringSubmatch(q.Messages[0].Content, -1) {
				if strings.Contains(s, m[1]) {
					batch[i].Terms = append(batch[i].Terms, translate.TermPair{Source: m[1], Target: m[2]})
				}
			}
		}
		answer, err := e.Translate(r.Context(), batch, language.English, to)
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		content, err := json.Marshal(answer)
		if err == nil {
			err = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{
				"finish_reason": "stop", "message": map[string]string{"role": "assistant", "content": string(content)}}}})
		}
		if err != nil {
			t.Errorf("answer: %v", err)
		}
	}))
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "desk.toml")
	text := fmt.Sprintf("[[engine]]\nname = \"model\"\nbase_url = %q\nmodel = \"toy\"\n", srv.URL+"/v1")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const fourFacts = "Order 112-3456789-0123456: refund USD 19.90 to me by 2026-12-01, see https://example.com/a?b=1"

var facts = []string{"112-3456789-0123456", "USD 19.90", "2026-12-01", "https://example.com/a?b=1"}

// Whatever an engine does, either all facts come out byte for byte, once each,
// or the program says which one did not and ends with another status than 0.
func TestAnEngineThatGoesWrongLosesNoFactUnseen(t *testing.T) {
	t.Parallel()
	to := language.MustParse("zh-CN")
	// sent tells of tricks whether what comes of them can be sent, since the
	// pipeline undoes them, or has to be refused; of others it may be either.
	sent := map[enginetest.Trick]bool{enginetest.Reorder: true, enginetest.Recase: true, enginetest.Respace: true, enginetest.Marks: true}
	for _, bad := range []enginetest.Trick{enginetest.Drop, enginetest.Duplicate, enginetest.Renumber, enginetest.TurnToWord, enginetest.Echo,
		enginetest.Preamble, enginetest.Cut, enginetest.Foreign, enginetest.Invent, enginetest.Sign, enginetest.Glue, enginetest.Fewer,
		enginetest.Empty, enginetest.Fail, enginetest.Break} {
		sent[bad] = false
	}
	for _, trick := range enginetest.Tricks {
		for _, honest := range []int64{0, 1} {
			t.Run(fmt.Sprintf("%s after %d", trick, honest), func(t *testing.T) {
				t.Parallel()
				file := serveEngine(t, &enginetest.Bad{Trick: trick, Honest: honest}, to)
				code, out, errs := deskSays(t, "translate", "--config", file, "--from", "en", "--to", "zh-CN", fourFacts)
				for _, f := range facts {
					if n := strings.Count(out, f); n != 1 && (code == 0 || !strings.Contains(errs, f)) {
						t.Errorf("status %d, %s is there %d times and nobody says so:\n%s\n%s", code, f, n, out, errs)
					}
				}
				if code != 0 && errs == "" {
					t.Error("refused without a word")
				}
				if want, ok := sent[trick]; ok && honest == 1 && want != (code == 0) {
					t.Errorf("status %d:\n%s\n%s", code, out, errs)
				}
			})
		}
	}
}

func TestAnHonestEngineTranslates(t *testing.T) {
	t.Parallel()
	file := serveEngine(t, enginetest.Toy{}, language.MustParse("zh-CN"))
	code, out, errs := deskSays(t, "translate", "--config", file, "--engine", "model", "--from", "en", "--to", "zh-CN", "--explain", fourFacts)
	if code != 0 || errs != "" || !strings.Contains(out, "退款") || !strings.Contains(out, "engine: model") {
		t.Errorf("status %d\n%s\n%s", code, out, errs)
	}
	for _, f := range facts {
		if strings.Count(out, f) != 1 {
			t.Errorf("%s is there %d times in %s", f, strings.Count(out, f), out)
		}
	}
	code, out, _ = deskSays(t, "translate", "--config", file, "--no-glossary", "--from", "en", "--to", "zh-CN", "--explain", fourFacts)
	if code != 0 || strings.Contains(out, "退款") || strings.Contains(out, "term:") {
		t.Errorf("without a glossary: status %d\n%s", code, out)
	}
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	to := language.MustParse("zh-CN")
	config := serveEngine(t, enginetest.Toy{}, to)
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := write("good.tsv", "# ours\nThe refund of USD 19.90 for #1001 is late.\t#1001 的退款 USD 19.90 迟到了。\trefund=退款\n"+
		"Please print the return label.\t请打印退货面单。\treturn label=退货面单|退货标签\n")
	for name, tc := range map[string]struct {
		args []string
		code int
		want []string
		not  []string
	}{
		"with": {[]string{"--eval", good, "--config", config}, 0,
			[]string{"n: 2\n", "chrF++: ", "TSR: 100.00 % (2 of 2)\n", "facts kept: 100.00 % (2 of 2)\n", "numbers kept: 100.00 % (1 of 1)\n", "no translation: 0\n"}, []string{"line 2:"}},
		"without glossary": {[]string{"--eval", good, "--config", config, "--no-glossary", "--engine", "model"}, 0,
			[]string{"TSR: 0.00 % (0 of 2)\n", "facts kept: 100.00 % (2 of 2)\n"}, nil},
		"line by line": {[]string{"--eval", good, "--config", config, "--explain"}, 0,
			[]string{"line 2: chrF++ ", "line 3: chrF++ ", "terms 1 of 1, facts 2 of 2", "engine: model"}, []string{"line 1:"}},
		"no engine": {[]string{"--eval", good}, 0, []string{"TSR: 0.00 % (0 of 2)\n", "no translation: 2\n"}, nil},
		"bad lines": {[]string{"--eval", write("bad.tsv", "a\tb\nonly one\n\tx\n")}, 1,
			[]string{"line 2: has 1 fields", "line 3: has no source"}, []string{"line 1:"}},
		"no file":         {[]string{"--eval", filepath.Join(dir, "none.tsv")}, 1, []string{"none.tsv"}, nil},
		"unknown engine":  {[]string{"--eval", good, "--config", config, "--engine", "other"}, 1, []string{`"other"`}, nil},
		"a text as well":  {[]string{"--eval", good, "hello"}, 1, []string{"either"}, nil},
		"nothing at all":  {nil, 1, []string{"either"}, nil},
		"not a language":  {[]string{"--eval", good, "--from", "???"}, 1, []string{"not a language"}, nil},
		"language unsaid": {[]string{"--eval", good, "--from", "und"}, 1, []string{"--from"}, nil},
	} {
		code, out, errs := deskSays(t, append([]string{"translate", "--to", "zh-CN", "--from", "en"}, tc.args...)...)
		if code != tc.code {
			t.Errorf("%s: status %d\n%s\n%s", name, code, out, errs)
		}
		for _, w := range tc.want {
			if !strings.Contains(out+errs, w) {
				t.Errorf("%s: no %q in\n%s\n%s", name, w, out, errs)
			}
		}
		for _, w := range tc.not {
			if strings.Contains(out+errs, w) {
				t.Errorf("%s: %q in\n%s\n%s", name, w, out, errs)
			}
		}
	}
}

// A finding that stops a text is told in the reader's language.
func TestWhatIsLostIsNamedInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	file := serveEngine(t, &enginetest.Bad{Trick: enginetest.Drop, Honest: 1}, language.MustParse("zh-CN"))
	var o, e strings.Builder
	code := run(t.Context(), []string{"translate", "--config", file, "--from", "en", "--to", "zh-CN", fourFacts},
		func(k string) string { return map[string]string{"LANG": "zh_CN.UTF-8"}[k] }, strings.NewReader(""), &o, &e)
	want := i18n.ForLocale("zh_CN.UTF-8").T("finding.token_lost", "what", facts[0])
	if code != 1 || !strings.Contains(e.String(), want) {
		t.Errorf("status %d, no %q in %s", code, want, e.String())
	}
}
