package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestStories plays testdata/*.txtar: each is a script that people could have
// lived. The desk in them is the real one, its adapters talk real HTTP, IMAP and
// SMTP to sandbox shops and to the chats' fakes on loopback.
//
// A line is a verb and its words; quotes keep words together, # begins a comment,
// @file stands for a file of the archive, $NAME for what a capture caught. The
// verbs are listed in [verbs].
//
// Every story also ends with questions that it need not ask: the shops' ledger
// holds no refund and no message that the story does not tell of, the audit log's
// chain holds, and no job was given up.
func TestStories(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newStory(t)
			for _, f := range a.Files {
				s.files[f.Name] = strings.TrimSuffix(string(f.Data), "\n")
			}
			if err := s.play(file, string(a.Comment)); err != nil {
				s.fail(err)
			}
		})
	}
}

// play carries a script out, line by line.
func (s *story) play(file, script string) error {
	for i, line := range strings.Split(script, "\n") {
		s.at = fmt.Sprintf("%s:%d: %s", file, i+1, strings.TrimSpace(line))
		w, err := splitLine(line)
		if err == nil && len(w) > 0 {
			if w, err = s.expand(w); err == nil {
				err = s.do(w[0], w[1:])
			}
		}
		if err != nil {
			return err
		}
	}
	s.at = file + ": the end"
	if s.desk == nil {
		return errors.New("nothing happens in this story")
	}
	return s.epilogue()
}

// do carries one line out.
func (s *story) do(name string, w []string) error {
	v, ok := verbs[name]
	if !ok {
		return fmt.Errorf("there is no verb %q", name)
	}
	if len(w) < v.least {
		return fmt.Errorf("%s needs more words: %s", name, v.usage)
	}
	if !v.before {
		s.begin()
	}
	return v.do(s, w)
}

// fail ends the story, telling what could be seen.
func (s *story) fail(err error) {
	s.t.Helper()
	s.t.Fatalf("%s\n%v\n\n%s", s.at, err, s.scene())
}

// splitLine splits a line as a shell would, with single quotes only; two of them
// inside quotes are one.
func splitLine(line string) ([]string, error) {
	var out []string
	rs := []rune(line)
	for i := 0; i < len(rs); {
		switch {
		case unicode.IsSpace(rs[i]):
			i++
			continue
		case rs[i] == '#':
			return out, nil
		}
		var w strings.Builder
		for i < len(rs) && !unicode.IsSpace(rs[i]) {
			if rs[i] != '\'' {
				w.WriteRune(rs[i])
				i++
				continue
			}
			for i++; ; i++ {
				if i == len(rs) {
					return nil, fmt.Errorf("a quote is not closed")
				}
				if rs[i] == '\'' {
					if i+1 == len(rs) || rs[i+1] != '\'' {
						break
					}
					i++
				}
				w.WriteRune(rs[i])
			}
			i++
		}
		out = append(out, w.String())
	}
	return out, nil
}

// expand puts files and captured words in.
func (s *story) expand(w []string) ([]string, error) {
	out := make([]string, len(w))
	for i, x := range w {
		if name, ok := strings.CutPrefix(x, "@"); ok {
			text, ok := s.files[name]
			if !ok {
				return nil, fmt.Errorf("the story has no file %q", name)
			}
			out[i] = text
			continue
		}
		missing := ""
		out[i] = os.Expand(strings.ReplaceAll(x, "$$", "\x00"), func(name string) string {
			v, ok := s.caught[name]
			if !ok {
				missing = name
			}
			return v
		})
		out[i] = strings.ReplaceAll(out[i], "\x00", "$")
		if missing != "" {
			return nil, fmt.Errorf("nothing was captured as %s", missing)
		}
	}
	return out, nil
}

func TestStoryWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                                   "",
		"# all of it":                        "",
		"wait":                               "wait",
		"say anna '/refund 1234 full' # x":   "say|anna|/refund 1234 full",
		"order shopify-main#1234 5.00 EUR":   "order|shopify-main#1234|5.00|EUR",
		"say anna 'it''s here' 'and  there'": "say|anna|it's here|and  there",
		"fill anna note='two words' a=1":     "fill|anna|note=two words|a=1",
	} {
		got, err := splitLine(line)
		if err != nil || strings.Join(got, "|") != want {
			t.Errorf("%q: %q, %v", line, got, err)
		}
	}
	if _, err := splitLine("say anna 'open"); err == nil {
		t.Error("an open quote was taken")
	}
}
