package translate

import (
	"context"

	"golang.org/x/text/language"
)

// Engine turns text into another language. It gets text whose facts and names are
// already replaced by tokens, and never sees a buyer's data.
type Engine interface {
	Name() string
	// Translate answers with as many texts as it was given, in the same order.
	Translate(ctx context.Context, batch []Segment, from, to language.Tag) ([]string, error)
}

// Modelled is an engine that says which model it runs on.
type Modelled interface{ Model() string }

// Segment is one text for an engine.
type Segment struct {
	Text string
	// Terms are the glossary's words that must appear, for engines that can be told.
	Terms []TermPair
	// Style is how it is to sound, for engines that can be told.
	Style Style
}

// Style is how a text is to sound.
type Style struct {
	// Professional: a shop writes to its customer, so the polite form and the
	// trade's own register.
	Professional bool
	// Platform is the marketplace it is written on; may be empty.
	Platform string
}

// TermPair is a word and what it has to become.
type TermPair struct{ Source, Target string }

// Grade says how a translation came about.
type Grade string

// The grades.
const (
	// Exact: an approved phrase or a memory entry, word for word.
	Exact Grade = "exact"
	// Template: a pattern with typed slots.
	Template Grade = "template"
	// ByEngine: an engine translated it and the checks passed or are listed.
	ByEngine Grade = "engine"
	// Gloss: the source with its terms marked. It is not a translation and is never sent.
	Gloss Grade = "gloss"
	// Same: source and target language are the same; nothing was translated.
	Same Grade = "same"
)

// Severity is what a finding asks for.
type Severity string

// The severities.
const (
	Block  Severity = "block"
	Review Severity = "review"
	Note   Severity = "note"
)

// Finding is something a check noticed.
type Finding struct {
	Severity Severity `json:"severity"`
	// Code is the catalogue key of the sentence, under "finding.".
	Code string `json:"code"`
	// What is the piece of text it is about: the lost order number.
	What string `json:"what,omitempty"`
}

// Request is a text to translate.
type Request struct {
	Text string
	// From may be language.Und: then it is detected.
	From, To language.Tag
	// Site is the marketplace's locale, History what the buyer wrote before:
	// both help detection.
	Site    language.Tag
	History []language.Tag
	// Store and Platform select glossary entries.
	Store, Platform string
	// Outgoing: this is meant for a buyer, so formality and review rules apply.
	Outgoing bool
	// Local: nothing of this text may leave this machine: only engines whose rule
	// says [Rule.Local] are asked.
	Local bool
	// Names are the buyer's name, address lines and the like. Wherever they stand
	// in the text an engine sees a token instead.
	Names []string
}

// Result is what came of it.
type Result struct {
	Text string `json:"text"`
	// From is und when no language was sure enough; then Grade is Gloss.
	From   language.Tag `json:"from"`
	To     language.Tag `json:"to"`
	Grade  Grade        `json:"grade"`
	Engine string       `json:"engine,omitempty"`
	// Model is what the engine ran on, where it says so.
	Model    string    `json:"model,omitempty"`
	Glossary string    `json:"glossary,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
	Terms    []TermHit `json:"terms,omitempty"`
	// Back is Text translated back, for the agent to check; may be empty.
	Back      string `json:"back,omitempty"`
	BackGrade Grade  `json:"back_grade,omitempty"`
}

// TermHit is a glossary entry that was used.
type TermHit struct {
	ID, Source, Target string
	Draft              bool
	// Version is the entry's.
	Version int
}

// Blocked: it must not be sent as it is.
func (r Result) Blocked() bool {
	if r.Grade == Gloss {
		return true
	}
	for _, f := range r.Findings {
		if f.Severity == Block {
			return true
		}
	}
	return false
}

// NeedsReview: a person has to confirm it.
func (r Result) NeedsReview() bool {
	for _, f := range r.Findings {
		if f.Severity != Note {
			return true
		}
	}
	return r.Blocked()
}
