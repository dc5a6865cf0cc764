package config

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// ErrUnfinished tells that the answers ended before the questions did.
var ErrUnfinished = errors.New("the answers ended before the last question; nothing was written")

// dialogue asks one question after the other. The first error ends it: every
// later question is answered with nothing, so that the questions read as a list.
type dialogue struct {
	in    *bufio.Scanner
	out   io.Writer
	words func(lang, key string, args ...any) string
	lang  string
	// platforms are the marketplaces that may be chosen.
	platforms []string
	err       error
}

// t is a sentence in the person's language.
func (d *dialogue) t(key string, args ...any) string { return d.words(d.lang, key, args...) }

func (d *dialogue) say(text string) {
	if d.err == nil {
		_, d.err = fmt.Fprintln(d.out, text)
	}
}

// judge takes an answer as it was typed and gives it as it is written down, or
// says what is wrong with it.
type judge func(answer string) (value, wrong string)

// ask asks until the answer will do. Enter takes the usual answer, if there is
// one.
func (d *dialogue) ask(question, usual string, ok judge) string {
	if usual != "" {
		question += " [" + usual + "]"
	}
	for d.err == nil {
		d.say(question)
		if d.err == nil {
			_, d.err = io.WriteString(d.out, "> ")
		}
		if d.err != nil {
			break
		}
		if !d.in.Scan() {
			d.err = ErrUnfinished
			if err := d.in.Err(); err != nil {
				d.err = errors.Join(ErrUnfinished, err)
			}
			break
		}
		answer := strings.TrimSpace(d.in.Text())
		if !utf8.ValidString(answer) || strings.ContainsFunc(answer, unicode.IsControl) {
			d.say(d.t("init.bad.text"))
			continue
		}
		if looksSecret(answer) {
			d.say(d.t("init.bad.secret"))
			continue
		}
		if answer == "" {
			answer = usual
		}
		value, wrong := ok(answer)
		if wrong == "" {
			return value
		}
		d.say(wrong)
	}
	return ""
}

// narrow makes of full-width signs, as a Chinese keyboard types them, plain ones.
func narrow(s string) string { return strings.TrimSpace(width.Fold.String(s)) }

// free takes any text that is not too long; empty only where that is allowed.
func (d *dialogue) free(empty bool) judge {
	return func(s string) (string, string) {
		switch {
		case s == "" && !empty:
			return "", d.t("init.bad.empty")
		case utf8.RuneCountInString(s) > 200:
			return "", d.t("init.bad.long")
		}
		return s, ""
	}
}

// form takes what a form of the declaration allows; each has its sentence.
func (d *dialogue) form(name string, empty bool) judge {
	return func(s string) (string, string) {
		s = narrow(s)
		if s == "" && empty || forms[name].ok(s) {
			return s, ""
		}
		return "", d.t("init.bad."+name, "eg", forms[name].eg)
	}
}

// id takes an id that is not taken. reserved cannot be one.
func (d *dialogue) id(taken []string, reserved string) judge {
	return func(s string) (string, string) {
		s = strings.ToLower(narrow(s))
		if !forms["id"].ok(s) || s == reserved {
			return "", d.t("init.bad.id", "eg", forms["id"].eg)
		}
		if slices.ContainsFunc(taken, func(x string) bool { return variable("{ID}", x) == variable("{ID}", s) }) {
			return "", d.t("init.bad.taken", "id", s)
		}
		return s, ""
	}
}

// parts splits a list as people write one.
func parts(s string) []string {
	return strings.FieldsFunc(narrow(s), func(c rune) bool { return strings.ContainsRune(",;、 \t", c) })
}

// pick takes some of several words, by number or by name. It gives them joined
// by commas, in the order of the list.
func (d *dialogue) pick(words []string, most int, empty bool) judge {
	return func(s string) (string, string) {
		chosen := make([]bool, len(words))
		n := 0
		for _, p := range parts(s) {
			i := slices.Index(words, strings.ToLower(p))
			if k, err := strconv.Atoi(p); err == nil {
				i = k - 1
			}
			if i < 0 || i >= len(words) {
				return "", d.t("init.bad.choice", "n", len(words))
			}
			if !chosen[i] {
				chosen[i] = true
				n++
			}
		}
		if n > most || n == 0 && !empty {
			return "", d.t("init.bad.choice", "n", len(words))
		}
		var out []string
		for i, w := range words {
			if chosen[i] {
				out = append(out, w)
			}
		}
		return strings.Join(out, ","), ""
	}
}

// yes asks a question of yes and no.
func (d *dialogue) yes(question string) bool {
	return d.ask(question, d.t("init.yes"), func(s string) (string, string) {
		switch strings.ToLower(narrow(s)) {
		case "y", "yes", "是", "好", "要":
			return "yes", ""
		case "n", "no", "否", "不", "不要":
			return "no", ""
		}
		return "", d.t("init.bad.yes_no")
	}) == "yes"
}
