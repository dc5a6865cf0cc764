package audit

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// An id, a code, a hash or a list of them has no space and no "@", and letters
// of one alphabet; an amount has one space. Everything else may be somebody's
// words, name or mail address.
var (
	idText     = regexp.MustCompile(`^[A-Za-z0-9_.:,;/#+=|~*<>-]*$`)
	amountText = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)? [A-Z]{3}$`)
)

func (l *Log) bare(s string) string {
	if len(s) <= 512 && (idText.MatchString(s) || amountText.MatchString(s)) {
		return s
	}
	return l.Words(s)
}

// wordless replaces texts in a detail by their hashes. It looks at what the
// detail is as JSON, so that a type of somebody's own hides nothing.
func (l *Log) wordless(detail map[string]any) any {
	out := map[string]any{}
	for k, v := range detail {
		switch x := v.(type) {
		case string:
			out[k] = l.bare(x)
		case bool, int, int64, uint64:
			out[k] = x
		default:
			out[k] = l.strip(plain(v))
		}
	}
	return out
}

// plain is a value as JSON has it; one that cannot be written stays, and
// marshalling it will say why.
func plain(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return v
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		return v
	}
	return out
}

func (l *Log) strip(v any) any {
	switch x := v.(type) {
	case string:
		return l.bare(x)
	case []any:
		for i := range x {
			x[i] = l.strip(x[i])
		}
	case map[string]any:
		out := map[string]any{}
		for k := range x {
			out[l.bare(k)] = l.strip(x[k])
		}
		return out
	}
	return v
}
