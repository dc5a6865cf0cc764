package glossary

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// deeplLongest is how many bytes the engine allows a wording.
const deeplLongest = 1024

// deepl reads "source,target" or "source,target,source language,target
// language". Such a list is right in one direction, so its entries are too.
func (in *reading) deepl(data []byte) {
	data, ok := in.text(data)
	if !ok {
		return
	}
	c := csv.NewReader(bytes.NewReader(data))
	c.FieldsPerRecord = -1
	type pair struct{ from, to, word string }
	first := map[pair]int{}
	for {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			f := Fault{Code: "quotes"}
			if at := (*csv.ParseError)(nil); errors.As(err, &at) {
				f.Line = at.StartLine
			}
			in.fault(f)
			continue
		}
		line, _ := c.FieldPos(0)
		from, to := in.options.From, in.options.To
		switch len(cells) {
		case 2:
			if from == language.Und || to == language.Und {
				in.fault(Fault{Line: line, Code: "pair"})
				continue
			}
		case 4:
			var bad string
			if from, bad = tagOf(cells[2], bad); bad == "" {
				to, bad = tagOf(cells[3], bad)
			}
			if bad != "" {
				in.fault(Fault{Line: line, Code: "language", What: strings.ToValidUTF8(bad, "?")})
				continue
			}
		default:
			in.fault(Fault{Line: line, Column: min(len(cells)+1, 3), Code: "cells", What: count(len(cells)) + "/2"})
			continue
		}
		source, target := unguarded(cells[0]), unguarded(cells[1])
		if langKey(from) == langKey(to) {
			in.fault(Fault{Line: line, Code: "twice", What: from.String()})
			continue
		}
		k := pair{langKey(from), langKey(to), Fold(source)}
		if at, ok := first[k]; ok {
			in.fault(Fault{Line: line, Column: 1, Code: "duplicate", What: count(at)})
			continue
		}
		first[k] = line
		sum := sha256.Sum256([]byte(k.from + "\x00" + k.to + "\x00" + k.word))
		r := row{"id": "deepl." + k.from + "." + k.to + "." + hex.EncodeToString(sum[:6]), "kind": string(Word), "status": string(Draft),
			"direction": k.from + ">" + k.to, "version": "1"}
		r.put(from.String(), source)
		r.put(to.String(), target)
		in.add(r, line, func(column string) int {
			return slices.Index([]string{from.String(), to.String()}, column) + 1
		})
	}
}

func tagOf(s, bad string) (language.Tag, string) {
	tag, err := language.Parse(strings.TrimSpace(s))
	if err != nil {
		return tag, s
	}
	return tag, bad
}

// DeepLPairs are the words of one direction that the engine's own glossary can
// be given: those that hold everywhere and that no context decides. left are the
// others, each with why.
func (b *Book) DeepLPairs(from, to language.Tag, on time.Time) (pairs [][2]string, left []Fault) {
	day := ""
	if !on.IsZero() {
		day = on.UTC().Format(time.DateOnly)
	}
	taken := map[string]string{}
	for _, preferred := range []bool{true, false} {
		for _, t := range b.terms {
			source, ok := t.In(from)
			target, ok2 := t.In(to)
			why := ""
			switch d := t.Scope.Direction; {
			case !ok || !ok2 || t.Kind == Whole || t.Kind == Remark:
				continue // there is nothing to say, or it is a sentence
			case t.Status == Deprecated || source.Status == Deprecated || target.Status == Deprecated:
				continue
			case len(d) > 0 && !slices.Contains(d, langKey(from)+">"+langKey(to)):
				continue
			case day != "" && (t.Since > day || t.Until != "" && t.Until < day):
				continue
			case t.Scope.Store != "" || t.Scope.Platform != "":
				why = "scope"
			case len(t.Context.Requires)+len(t.Context.Excludes) > 0 || t.Money:
				why = "context"
			}
			words := source.Variants
			if preferred {
				words = []string{source.Preferred}
			}
			for _, word := range words {
				reason := why
				if reason == "" {
					reason = unsuitable(word, target.Preferred)
				}
				key := word
				if !source.Case {
					key = Fold(word)
				}
				if other, ok := taken[key]; reason == "" && ok {
					if other == target.Preferred {
						continue
					}
					reason = "conflict"
				}
				if reason != "" {
					left = append(left, Fault{ID: t.ID, Field: from.String(), Code: "left_" + reason, What: word})
					continue
				}
				taken[key] = target.Preferred
				pairs = append(pairs, [2]string{word, target.Preferred})
			}
		}
	}
	return pairs, left
}

// unsuitable tells why the engine does not take a pair. It takes cells as they
// are, so one that a spreadsheet would work out cannot be guarded.
func unsuitable(source, target string) string {
	for _, s := range []string{source, target} {
		switch {
		case len(s) > deeplLongest:
			return "long"
		case strings.ContainsAny(s, "\n\t"):
			return "control"
		case guarded(s) != s:
			return "formula"
		case strings.TrimSpace(s) != s || s == "":
			return "spaces"
		}
	}
	return ""
}

func (b *Book) writeDeepL(w io.Writer, o WriteOptions) ([]Fault, error) {
	if o.From == language.Und || o.To == language.Und || langKey(o.From) == langKey(o.To) {
		return nil, errors.New("a list for DeepL needs two languages")
	}
	pairs, left := b.DeepLPairs(o.From, o.To, o.On)
	c := csv.NewWriter(w)
	for _, p := range pairs {
		if err := c.Write(p[:]); err != nil {
			return nil, err
		}
	}
	c.Flush()
	return left, c.Error()
}
