package translate

import (
	"regexp"
	"strings"

	"golang.org/x/text/language"
)

// KeyFact is something in an answer that a person has to look at before a buyer
// reads it, whichever way the answer came about.
type KeyFact struct {
	// Code is that of the finding: "confirm_amount".
	Code string
	// Source is the piece as it was written. Said is what the buyer will read of it:
	// the sentences that it stands in, or all of the text where they cannot be told.
	Source, Said string
}

// KeyFacts lists them for what somebody wrote and the text that came of it.
func KeyFacts(source, text string, from, to language.Tag) []KeyFact {
	source = normalise(source)
	var out []KeyFact
	for _, f := range distinct(confirm(source, text, protect(source), from, to)) {
		out = append(out, KeyFact{f.Code, f.What, saidOf(f.What, source, text)})
	}
	return out
}

// saidOf finds the sentences of text that say a piece of source.
func saidOf(what, source, text string) string {
	a, b := told(source), told(text)
	fold := strings.ToLower
	var said []string
	for i, s := range b {
		switch {
		case strings.Contains(fold(s), fold(what)),
			len(a) == len(b) && strings.Contains(fold(a[i]), fold(what)):
			said = append(said, s)
		}
	}
	if len(said) == 0 {
		return strings.TrimSpace(text)
	}
	return strings.Join(said, "\n")
}

// told are a text's sentences, without what is empty.
func told(s string) []string {
	var out []string
	for _, x := range allSentences(s) {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

// addresses are where something lives, as it is written in several countries,
// and the words with which one is announced. A parcel that goes to a wrong one
// does not come back.
var addresses = []*regexp.Regexp{
	regexp.MustCompile(`\b[0-9]{1,5}[A-Za-z]?,?\s+(?:\p{Lu}[\p{L}'’.-]*\s+){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Way|Square)\b`),
	regexp.MustCompile(`\p{Lu}[\p{L}.-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ring)\s*[0-9]{1,4}\s?[a-z]?\b|\p{Lu}\p{L}+er\s(?:Straße|Weg|Platz|Allee)\s*[0-9]{1,4}\b`),
	regexp.MustCompile(`(?i)\b(?:rue|boulevard|allée|calle|avenida|avda\.|paseo|via|viale|piazza|corso|rua|travessa|ul\.|улица|ул\.)\s+[\p{L}0-9][\p{L}\p{M}'’. -]{1,40}?,?\s*(?:n\.?º?\s*)?[0-9]{1,4}\b`),
	regexp.MustCompile(`(?i)\b[0-9]{1,4}\s?(?:bis|ter)?,?\s+(?:rue|avenue|boulevard|place|allée|chemin)\s+\p{L}+`),
	regexp.MustCompile(`[\p{Han}]{2,12}(?:路|街|道|巷|弄)\s*[0-9０-９一二三四五六七八九十]+\s*(?:弄|号|號)|〒\s*[0-9０-９]{3}[-－ー][0-9０-９]{4}|[都道府県][\p{Han}\p{Katakana}]{1,10}[市区町村][\p{Han}\p{Hiragana}\p{Katakana}]*[0-9０-９]+|[\p{Hangul}]{2,}(?:로|길)\s?[0-9]{1,4}`),
	regexp.MustCompile(`(?i)\b(?:shipping|delivery|return|following|this|new|your|our|postal|billing|correct)\s+address\b|(?:liefer|rücksende|versand|rechnungs)(?:adresse|anschrift)\b|\b(?:folgende|diese|neue|ihre|unsere)n?\s+(?:adresse|anschrift)\b|\badresse (?:de|suivante|postale)\b|\b(?:votre|notre|cette) adresse\b|\bdirección (?:de|siguiente|postal)\b|\b(?:su|esta|nuestra) dirección\b|\bindirizzo\b|\bendereço\b|(?:^|\s)адрес|地址|住所|주소`),
}

// placeIn finds the first piece of a text that gives an address away.
func placeIn(text string) string {
	for _, re := range addresses {
		if m := strings.TrimSpace(re.FindString(text)); m != "" {
			return m
		}
	}
	return ""
}
