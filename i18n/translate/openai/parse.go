package openai

import (
	"encoding/json"
	"fmt"
	"strings"
)

// maxTries bounds how many brackets are tried: an answer of nothing but brackets
// is not worth the time.
const maxTries = 50

// parse takes the array of texts out of a model's answer. It accepts thinking
// aloud before it, a fence around it, an object that holds it, and for a single
// text the bare string; never another number of texts.
func parse(content string, want int) ([]string, error) {
	if i := strings.LastIndex(content, "</think>"); i >= 0 {
		content = content[i+len("</think>"):]
	}
	content = strings.TrimSpace(content)
	if content == "" {
		return nil, fmt.Errorf("the model said nothing")
	}
	got, tries := -1, 0
	for i := 0; i < len(content) && tries < maxTries; i++ {
		if content[i] != '[' && content[i] != '{' {
			continue
		}
		tries++
		var v any
		dec := json.NewDecoder(strings.NewReader(content[i:]))
		if err := dec.Decode(&v); err != nil {
			continue
		}
		// What is inside a value that will not do, will not do either.
		i += int(dec.InputOffset()) - 1
		if texts, ok := textsIn(v); ok {
			if len(texts) == want {
				return texts, nil
			}
			got = max(got, len(texts))
		}
	}
	if got >= 0 {
		return nil, fmt.Errorf("%d texts for %d", got, want)
	}
	var one string
	if want == 1 && json.Unmarshal([]byte(content), &one) == nil {
		return []string{one}, nil
	}
	return nil, fmt.Errorf("no array of %d texts in the answer", want)
}

// textsIn reads an array of strings, of objects with one string, or an object
// with one such array.
func textsIn(v any) ([]string, bool) {
	switch v := v.(type) {
	case []any:
		out := make([]string, 0, len(v))
		for _, x := range v {
			switch x := x.(type) {
			case string:
				out = append(out, x)
			case map[string]any:
				s, ok := onlyText(x)
				if !ok {
					return nil, false
				}
				out = append(out, s)
			default:
				return nil, false
			}
		}
		return out, true
	case map[string]any:
		var found []string
		n := 0
		for _, x := range v {
			if list, ok := x.([]any); ok {
				if texts, ok := textsIn(list); ok {
					found = texts
					n++
				}
			}
		}
		return found, n == 1
	}
	return nil, false
}

func onlyText(m map[string]any) (string, bool) {
	for _, k := range []string{"translation", "text", "target", "output"} {
		if s, ok := m[k].(string); ok {
			return s, true
		}
	}
	text, n := "", 0
	for _, v := range m {
		if s, ok := v.(string); ok {
			text = s
			n++
		}
	}
	return text, n == 1
}
