package commands

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"helloworld/connectors"
	"helloworld/i18n"
)

// marks are the signs a command starts with.
const marks = "/／!！"

// commandLine tells whether a text is a command, and gives it without its sign
// and without a leading "desk". Addressed text is a command even without one.
func commandLine(text string, addressed bool) (line string, is bool) {
	line = strings.TrimSpace(bare(text))
	r, n := utf8.DecodeRuneInString(line)
	is = strings.ContainsRune(marks, r) && r != utf8.RuneError
	if is {
		line = strings.TrimSpace(line[n:])
		if next, _ := utf8.DecodeRuneInString(line); line == "" || strings.ContainsRune(marks, next) {
			return "", addressed // "//", "!!" is talk
		}
	}
	first, rest, _ := strings.Cut(line, " ")
	if strings.EqualFold(narrow(first), "desk") {
		return strings.TrimSpace(rest), true
	}
	if !is && addressed {
		// "@desk refund 1234" is a command, "@desk thank you" is found not to be one
		// by the router.
		return line, startsWithVerb(line)
	}
	return line, is
}

func startsWithVerb(line string) bool {
	names := map[string]*Spec{}
	for _, s := range All {
		names[s.Name] = s
		for _, zh := range s.Zh {
			names[zh] = s
		}
	}
	verb, _ := splitVerb(line, names)
	return names[verb] != nil
}

// bare takes out what cannot be seen and has no meaning in a command: zero-width
// signs at its start, byte order marks, direction marks.
func bare(s string) string {
	return strings.TrimLeftFunc(strings.ToValidUTF8(s, ""), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc)
	})
}

// narrow makes full-width letters, digits and signs ordinary, and drops format
// signs (zero width, direction).
func narrow(s string) string {
	s = width.Narrow.String(norm.NFC.String(s))
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cf) {
			return -1
		}
		return r
	}, s)
}

// splitVerb takes a line's verb off. A Chinese verb need not be followed by a
// space: 退款1234.
func splitVerb(line string, names map[string]*Spec) (verb, rest string) {
	line = strings.TrimSpace(line)
	i := strings.IndexFunc(line, unicode.IsSpace)
	if i < 0 {
		i = len(line)
	}
	word := strings.ToLower(narrow(line[:i]))
	rest = strings.TrimSpace(line[i:])
	if names[word] != nil || word == "" {
		return word, rest
	}
	best := ""
	for name := range names {
		if name[0] >= utf8.RuneSelf && strings.HasPrefix(line, name) && len(name) > len(best) {
			best = name
		}
	}
	if best != "" {
		return best, strings.TrimSpace(line[len(best):])
	}
	return word, rest
}

// noteWords begin a note to colleagues in a thread.
var noteWords = []string{"note:", "note：", "备注:", "备注：", "内部:", "内部："}

// noteText tells whether something written in a thread is a note, and its text.
func noteText(s string) (string, bool) {
	s = strings.TrimSpace(s)
	for _, w := range noteWords {
		if len(s) >= len(w) && strings.EqualFold(s[:len(w)], w) {
			return strings.TrimSpace(s[len(w):]), true
		}
	}
	return "", false
}

// readArgs reads a command's arguments. What is typed beyond the last is a
// problem, unless the last takes the rest.
func readArgs(p *i18n.Printer, s *Spec, rest string) (map[string]string, error) {
	args := map[string]string{}
	for _, a := range s.Args {
		rest = strings.TrimSpace(rest)
		if a.Kind == Rest {
			if rest != "" {
				args[a.Name] = rest
			}
			rest = ""
			continue
		}
		word, after := cutWord(rest)
		if word == "" {
			break
		}
		value, used, ok := readArg(a, word, after)
		if !ok {
			if a.Optional {
				continue // perhaps the next one
			}
			return args, i18n.NewProblem(nil, "error.argument", "arg", p.T(i18n.Key("arg."+a.Name)), "got", clip(word, 40), "usage", usage(p, s))
		}
		args[a.Name], rest = value, used
	}
	if rest = strings.TrimSpace(rest); rest != "" {
		return args, i18n.NewProblem(nil, "error.too_many", "got", clip(rest, 80), "usage", usage(p, s))
	}
	for _, a := range s.Args {
		if !a.Optional && args[a.Name] == "" {
			return args, i18n.NewProblem(nil, "error.missing", "arg", p.T(i18n.Key("arg."+a.Name)), "usage", usage(p, s))
		}
	}
	return args, nil
}

func cutWord(s string) (word, rest string) {
	i := strings.IndexFunc(s, unicode.IsSpace)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// clip shows no more than n letters of what somebody typed.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// readArg reads one argument and tells what is left of the line.
func readArg(a Arg, word, after string) (value, rest string, ok bool) {
	w := narrow(word)
	switch a.Kind {
	case Order:
		return readOrder(w, after)
	case StoreName:
		return strings.ToLower(w), after, w != "" && len(w) <= 100
	}
	return w, after, true
}

// readOrder takes an order number as it is typed; it has to hold a digit.
func readOrder(w, after string) (string, string, bool) {
	if !strings.ContainsFunc(w, unicode.IsDigit) || len(w) > 100 {
		return "", "", false
	}
	for _, r := range w {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("#-_./!", r) {
			return "", "", false
		}
	}
	return w, after, true
}

// readReason understands a reason's own word and its name in either language.
func readReason(p *i18n.Printer, w string) (connectors.RefundReason, bool) {
	w = strings.ToLower(strings.ReplaceAll(w, "-", "_"))
	for _, r := range connectors.Reasons {
		if w == string(r) || slices.Contains(reasonWords(r), w) || strings.EqualFold(w, p.T(i18n.Key("reason."+string(r)))) {
			return r, true
		}
	}
	return "", false
}

// reasonWords are a reason's names in every language the desk speaks.
func reasonWords(r connectors.RefundReason) []string {
	var out []string
	for _, tag := range i18n.Langs() {
		p := i18n.For(tag)
		out = append(out, strings.ReplaceAll(strings.ToLower(p.T(i18n.Key("reason."+string(r)))), " ", "_"))
		out = append(out, strings.FieldsFunc(strings.ToLower(p.T(i18n.Key("reason_also."+string(r)))), listSign)...)
	}
	return out
}

// listSign stands between the words of a list in a catalogue.
func listSign(r rune) bool { return r == ',' || r == '、' || r == ' ' }
