package translate

import (
	"fmt"
	"strings"
)

// Explain tells how a result came about, one fact a line, in fixed words that a
// script can read. People get the catalogue's sentences for the findings' codes.
func Explain(r Result) []string {
	out := []string{"grade: " + string(r.Grade), "from: " + r.From.String(), "to: " + r.To.String()}
	add := func(name, v string) {
		if v != "" {
			out = append(out, name+": "+strings.ReplaceAll(v, "\n", " "))
		}
	}
	add("engine", r.Engine)
	add("model", r.Model)
	add("glossary", r.Glossary)
	for _, t := range r.Terms {
		draft := ""
		if t.Draft {
			draft = " (draft)"
		}
		add("term", fmt.Sprintf("%s v%d: %s → %s%s", t.ID, max(t.Version, 1), t.Source, t.Target, draft))
	}
	for _, f := range r.Findings {
		what := ""
		if f.What != "" {
			what = ": " + f.What
		}
		add("finding", string(f.Severity)+" "+f.Code+what)
	}
	if r.Back != "" {
		add("back", r.Back+" ("+string(r.BackGrade)+")")
	}
	return out
}
