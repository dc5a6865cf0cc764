package config

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helloworld/i18n"
)

func words(lang, key string, args ...any) string {
	return i18n.ForLocale(lang).T(i18n.Key(key), args...)
}

// typist hands out a line at a time, and shows it as a terminal does.
type typist struct {
	in  *bufio.Reader
	out io.Writer
}

func (t typist) Read(p []byte) (int, error) {
	line, err := t.in.ReadString('\n')
	if len(line) > len(p) {
		return 0, io.ErrShortBuffer
	}
	_, _ = io.WriteString(t.out, line)
	return copy(p, line), err
}

// hole is a sentence that is missing, or a slot nobody filled.
var hole = regexp.MustCompile(`\[init\.|\{[a-z]+\}`)

// TestInit plays whole dialogues: the answers are in *.answers, what was said and
// written in *.golden.
func TestInit(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/init/*.answers")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			answers, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			file, env, err := Init(typist{bufio.NewReader(bytes.NewReader(answers)), &out}, &out, words, "")
			if err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			if h := hole.FindString(out.String() + string(file)); h != "" {
				t.Errorf("a sentence has a hole: %s", h)
			}
			c, err := Parse("desk.toml", file, func(name string) string {
				if slices.Contains(env, name) {
					return secretValue
				}
				return ""
			})
			if err != nil {
				t.Fatalf("the file is not a configuration: %v\n%s", err, file)
			}
			if len(c.People) == 0 || !slices.Contains(c.People[0].Roles, "admin") || len(c.Channels) == 0 {
				t.Errorf("nobody may act, or nothing is heard: %+v", c)
			}
			for _, s := range c.Stores {
				if s.Access == "" && s.Secret == "" {
					t.Errorf("store %s has no secret, and no variable was named", s.ID)
				}
			}
			fmt.Fprintf(&out, "\n== desk.toml\n%s\n== variables\n%s\n", file, strings.Join(env, "\n"))
			golden(t, filepath.Join("init", strings.TrimSuffix(filepath.Base(path), ".answers")+".golden"), out.Bytes())
		})
	}
}

func TestInitEnds(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("testdata/init/whole-en.answers")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for n := range len(lines) - 1 {
		file, env, err := Init(strings.NewReader(strings.Join(lines[:n], "")), io.Discard, words, "")
		if !errors.Is(err, ErrUnfinished) || file != nil || env != nil {
			t.Errorf("after %d answers: %v, %d bytes", n, err, len(file))
		}
	}
	if _, _, err := Init(strings.NewReader(string(whole)), io.Discard, words, ""); err != nil {
		t.Errorf("all answers: %v", err)
	}
	if _, _, err := Init(strings.NewReader("1\n"+strings.Repeat("x", 1<<20)), io.Discard, words, ""); !errors.Is(err, bufio.ErrTooLong) {
		t.Errorf("an endless line: %v", err)
	}
}

// TestInitOfANewPlatform: one more word in the list of platforms is enough for the
// dialogue, which then asks for what every shop has.
func TestInitOfANewPlatform(t *testing.T) {
	t.Parallel()
	for lang, asked := range map[string]string{"en": "5 = bazaar. Enter", "zh-CN": "，5 = bazaar。回车"} {
		var out bytes.Buffer
		d := &dialogue{in: bufio.NewScanner(strings.NewReader("5\nhttps://api.bazaar.example\n\nMy stall\nhello-app\neur\nes\nn\n" +
			"bazaar\n\n\n\n\neur\nes\nn\n\n")), out: &out, words: words, lang: lang,
			platforms: append(strings.Split(tagOf[Store]("Platform", "enum"), ","), "bazaar")}
		w := &writer{lang: lang}
		d.stores(w)
		if d.err != nil || !strings.Contains(out.String(), asked) || hole.MatchString(out.String()+w.String()) {
			t.Fatalf("%s: %v\n%s", lang, d.err, out.String())
		}
		want := "\n[[store]]\nid = \"bazaar\"\nplatform = \"bazaar\"\nname = \"My stall\"\nbase_url = \"https://api.bazaar.example\"\nclient_id = \"hello-app\"\n" +
			"currency = \"EUR\"\nlanguage = \"es\"\n\n[[store]]\nid = \"bazaar-2\"\nplatform = \"bazaar\"\ncurrency = \"EUR\"\nlanguage = \"es\"\n"
		if w.String() != want {
			t.Errorf("%s:\n%s\nwant\n%s", lang, w.String(), want)
		}
		vars := []string{"DESK_BAZAAR_CLIENT_SECRET", "DESK_BAZAAR_REFRESH_TOKEN", "DESK_BAZAAR_2_ACCESS_TOKEN"}
		if !slices.Equal(w.variables, vars) {
			t.Errorf("%s: %v", lang, w.variables)
		}
	}
}

// shut is a terminal that is gone.
type shut struct{}

func (shut) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestInitWithNobodyThere(t *testing.T) {
	t.Parallel()
	if _, _, err := Init(strings.NewReader("1\n"), shut{}, words, "en"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
}

// TestFormsHaveSentences: every form that a dialogue may ask for says what is
// wrong in both languages.
func TestFormsHaveSentences(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		d := &dialogue{words: words, lang: lang.String()}
		for _, name := range []string{"zone", "currency", "language", "hostport", "mail", "slack", "telegram"} {
			if _, wrong := d.form(name, false)("!"); wrong == "" || hole.MatchString(wrong) {
				t.Errorf("%s: %s: %q", lang, name, wrong)
			}
			if v, wrong := d.form(name, false)(forms[name].eg); v != forms[name].eg || wrong != "" {
				t.Errorf("%s: the example %q of %s is refused: %s", lang, forms[name].eg, name, wrong)
			}
		}
	}
}
