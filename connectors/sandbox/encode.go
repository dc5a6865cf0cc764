package sandbox

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// encode writes an answer as JSON. It knows the few shapes that answers are made
// of, and is several times as quick as json.Marshal, which looks at every level
// of them again; pages of orders are most of what a world does. An ordered
// object keeps the order of its fields.
func encode(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case string:
		return encodeText(b, v)
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case ordered:
		b.WriteByte('{')
		for i, p := range v {
			if err := encodeField(b, i > 0, p.key, p.value); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case m:
		b.WriteByte('{')
		some := false
		for k, one := range v {
			if err := encodeField(b, some, k, one); err != nil {
				return err
			}
			some = true
		}
		b.WriteByte('}')
	case []m:
		return encodeList(b, v)
	case []any:
		return encodeList(b, v)
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		b.Write(raw)
	}
	return nil
}

func encodeField(b *bytes.Buffer, comma bool, key string, v any) error {
	if comma {
		b.WriteByte(',')
	}
	if err := encodeText(b, key); err != nil {
		return err
	}
	b.WriteByte(':')
	return encode(b, v)
}

func encodeList[T any](b *bytes.Buffer, list []T) error {
	if list == nil {
		b.WriteString("null")
		return nil
	}
	b.WriteByte('[')
	for i, one := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encode(b, any(one)); err != nil {
			return err
		}
	}
	b.WriteByte(']')
	return nil
}

func encodeText(b *bytes.Buffer, v string) error {
	for i := range len(v) {
		if c := v[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			raw, err := json.Marshal(v)
			b.Write(raw)
			return err
		}
	}
	b.WriteByte('"')
	b.WriteString(v)
	b.WriteByte('"')
	return nil
}
