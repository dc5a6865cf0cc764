package translate

import (
	"html"
	"regexp"
	"strings"
)

// tag is a token as the text has it for engines that read markup.
var tag = regexp.MustCompile(`<x id="\d+"/>`)

var asMarkup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Markup writes a text for an engine that reads HTML or XML: only its tokens are
// tags, and whatever else looks like one is text.
func Markup(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range tag.FindAllStringIndex(s, -1) {
		b.WriteString(asMarkup.Replace(s[at:m[0]]))
		b.WriteString(s[m[0]:m[1]])
		at = m[1]
	}
	b.WriteString(asMarkup.Replace(s[at:]))
	return b.String()
}

// FromMarkup is the text that markup stands for; tokens stay.
func FromMarkup(s string) string { return html.UnescapeString(s) }
