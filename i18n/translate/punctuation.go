package translate

import (
	"regexp"
	"strings"

	"golang.org/x/text/language"
)

const codePunctuation = "punctuation"

var (
	// narrow is a mark of Latin text right behind a character of Chinese or Japanese.
	narrow = regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}] ?[,;:!?.]`)
	// wide is a mark of Chinese or Japanese text.
	wide = regexp.MustCompile(`[，。；：！？、]`)
	// tight is a French mark without the space before it.
	tight = regexp.MustCompile(`[\p{L}\p{N})»][;!?]|\p{L}:(?:\s|$)`)
	// asks are the Spanish sentences that end with a question or a cry.
	asks = regexp.MustCompile(`[^.!?…\n]*[?!]`)
)

// punctuation notes marks that the language of a text writes otherwise. It is a
// matter of looks, so never more than a note.
func punctuation(text string, to language.Tag, spans []span) []Finding {
	for _, s := range spans {
		text = strings.Replace(text, s.text, " ", 1)
	}
	found := ""
	switch base(to) {
	case "zh", "ja":
		found = narrow.FindString(text)
	case "ko":
	default:
		found = wide.FindString(text)
	}
	switch {
	case found != "":
	case base(to) == "fr" && !strings.EqualFold(region(to), "CA"):
		found = tight.FindString(text)
	case base(to) == "es":
		for _, q := range asks.FindAllString(text, -1) {
			opens, closes := "¿", "?"
			if strings.HasSuffix(q, "!") {
				opens, closes = "¡", "!"
			}
			if hasLetter(q) && !strings.Contains(q, opens) {
				found = closes
			}
		}
	}
	if found == "" {
		return nil
	}
	return []Finding{{Note, codePunctuation, strings.TrimSpace(found)}}
}

func region(t language.Tag) string { r, _ := t.Region(); return r.String() }
