package config

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ErrUnfinished tells that the answers ended before the questions did.
var ErrUnfinished = errors.New("the answers ended before the last question; nothing was written")

// Init asks a person for a first configuration. It returns the file, and the
// variables that have to be set beside it. Secrets are never asked for.
func Init(in io.Reader, out io.Writer, words func(lang, key string, args ...any) string, lang string) ([]byte, []string, error) {
	lines := bufio.NewScanner(in)
	ask := func(q string, ok func(string) bool, bad string) (string, error) {
		for {
			if _, err := fmt.Fprintln(out, q); err != nil {
				return "", err
			}
			if !lines.Scan() {
				return "", errors.Join(ErrUnfinished, lines.Err())
			}
			if s := strings.TrimSpace(lines.Text()); ok(s) {
				return s, nil
			}
			if _, err := fmt.Fprintln(out, bad); err != nil {
				return "", err
			}
		}
	}
	if lang == "" {
		s, err := ask("1 中文  2 English", func(s string) bool { return s == "1" || s == "2" }, "1 / 2")
		if err != nil {
			return nil, nil, err
		}
		lang = map[string]string{"1": "zh-CN", "2": "en"}[s]
	}
	id, err := ask(words(lang, "init.person_id"), func(s string) bool { return s != "" && !strings.ContainsAny(s, " \"") }, words(lang, "init.bad_id"))
	if err != nil {
		return nil, nil, err
	}
	file := fmt.Sprintf("[[person]]\nid = %s\nlanguage = %q\nroles = [\"admin\", \"manager\", \"agent\", \"ops\"]\nstores = [\"*\"]\n", strconv.Quote(id), lang)
	return []byte(file), nil, nil
}
