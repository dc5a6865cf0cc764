package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	// File is the name the configuration was read under.
	File string
	// Line is where it is, counted from 1; 0 when it is in no line.
	Line int
	// Key is the setting: desk.pull, store[2].currency. Items are counted from 1.
	Key string
	// What is wrong, and what is expected.
	What string
}

// String says it as compilers do, so that editors find the place.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	for _, s := range []string{p.Key, p.What} {
		if s != "" {
			b.WriteString(": " + s)
		}
	}
	return b.String()
}

// Problems are all that is wrong with a configuration, in the order of lines.
type Problems []Problem

// Error says them all, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = x.String()
	}
	return strings.Join(lines, "\n")
}

// secretShape are values that are secrets whatever key they stand behind.
var secretShape = regexp.MustCompile(`^(xox[a-z]-|xapp-|shp[a-z]{2}_|Atz[ar]\||amzn1\.oa2-cs\.|v\^1\.1#|(PRD|SBX)-[0-9a-f]{8,}|sk-[A-Za-z0-9_-]{32})|^[0-9]{6,}:[A-Za-z0-9_-]{30,}$`)

// looksSecret tells whether a value is a secret by its shape. It sees what the
// platforms mark; that a value is not seen here proves nothing.
func looksSecret(s string) bool {
	if secretShape.MatchString(s) {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && u.User != nil
}

// longest is how many letters of a value a message repeats.
const longest = 40

// show is a value as a message may repeat it: short, and never a secret, which
// people do paste behind the wrong key.
func show(s string) string {
	switch {
	case looksSecret(s) || strings.Contains(s, "@") && strings.Contains(s, "://"):
		return "the value"
	case utf8.RuneCountInString(s) > longest:
		return fmt.Sprintf("the value (%d letters)", utf8.RuneCountInString(s))
	}
	return strconv.Quote(s)
}

// bare are keys that TOML lets stand without quotes.
var bare = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// showKey is a key as a message may repeat it.
func showKey(s string) string {
	switch {
	case looksSecret(s):
		return "•••"
	case bare.MatchString(s) && len(s) <= longest:
		return s
	}
	return show(s)
}
