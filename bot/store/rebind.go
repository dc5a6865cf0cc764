package store

import (
	"strconv"
	"strings"
)

// Rebind turns the question marks of a query into $1, $2, … as PostgreSQL wants
// them, leaving those in quotes and comments alone.
func Rebind(query string) string {
	if !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for i := 0; i < len(query); {
		switch c := query[i]; {
		case c == '?':
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			i++
		case c == '\'' || c == '"':
			i = copyTo(&b, query, i, 1, string(c))
		case strings.HasPrefix(query[i:], "--"):
			i = copyTo(&b, query, i, 2, "\n")
		case strings.HasPrefix(query[i:], "/*"):
			i = copyTo(&b, query, i, 2, "*/")
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

// copyTo copies what starts at i, to the end of the first end that is found
// after the first skip bytes. A doubled quote simply starts another quotation.
func copyTo(b *strings.Builder, s string, i, skip int, end string) int {
	j := len(s)
	if k := strings.Index(s[i+skip:], end); k >= 0 {
		j = i + skip + k + len(end)
	}
	b.WriteString(s[i:j])
	return j
}
