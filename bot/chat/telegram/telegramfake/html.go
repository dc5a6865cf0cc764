package telegramfake

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// units counts UTF-16 code units.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

var tagTypes = map[string]string{"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
	"ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
	"tg-spoiler": "spoiler", "span": "spoiler", "a": "text_link", "code": "code", "pre": "pre",
	"blockquote": "blockquote"}

var attribute = regexp.MustCompile(`([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?`)

// parseHTML reads Telegram's little HTML: a fixed set of tags, each closed in
// order, and four named entities.
func parseHTML(s string) (string, []Entity, *apiError) {
	type open struct {
		tag    string
		entity Entity
	}
	var out strings.Builder
	var stack []open
	var found []Entity
	at := 0
	fail := func(format string, a ...any) (string, []Entity, *apiError) {
		return "", nil, bad("can't parse entities: " + fmt.Sprintf(format, a...))
	}
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '&':
			r, n := unescape(s[i:])
			out.WriteString(r)
			at += units(r)
			i += n
		case c != '<':
			n := strings.IndexAny(s[i:], "<&")
			if n < 0 {
				n = len(s) - i
			}
			out.WriteString(s[i : i+n])
			at += units(s[i : i+n])
			i += n
		case strings.HasPrefix(s[i:], "</"):
			end := strings.IndexByte(s[i:], '>')
			if end < 0 {
				return fail("Unclosed end tag at byte offset %d", i)
			}
			tag := strings.ToLower(strings.TrimSpace(s[i+2 : i+end]))
			if len(stack) == 0 {
				return fail("Unexpected end tag at byte offset %d", i)
			}
			top := stack[len(stack)-1]
			if tag != "" && tag != top.tag {
				return fail("Unmatched end tag at byte offset %d, expected \"</%s>\", found \"</%s>\"", i, top.tag, tag)
			}
			stack = stack[:len(stack)-1]
			top.entity.Length = at - top.entity.Offset
			if top.entity.Length > 0 && top.entity.Type != "" {
				found = append(found, top.entity)
			}
			i += end + 1
		default:
			name := strings.IndexAny(s[i:], "> \t\r\n")
			if name < 0 {
				return fail("Unclosed start tag at byte offset %d", i)
			}
			tag := strings.ToLower(s[i+1 : i+name])
			kind, ok := tagTypes[tag]
			if !ok {
				return fail("Unsupported start tag \"%s\" at byte offset %d", tag, i)
			}
			end := strings.IndexByte(s[i:], '>')
			if end < 0 {
				return fail("Unclosed start tag at byte offset %d", i)
			}
			attrs := s[i+name : i+end]
			e := Entity{Type: kind, Offset: at}
			for _, m := range attribute.FindAllStringSubmatch(attrs, -1) {
				if m[1] == "href" && tag == "a" {
					e.URL = m[2] + m[3] + m[4]
				}
			}
			if tag == "a" {
				if id, ok := strings.CutPrefix(e.URL, "tg://user?id="); ok {
					n, _ := strconv.ParseInt(id, 10, 64)
					e.Type, e.User, e.URL = "text_mention", &User{ID: n}, ""
				} else if e.URL == "" {
					e.Type = ""
				}
			}
			stack = append(stack, open{tag, e})
			i += end + 1
		}
	}
	if len(stack) > 0 {
		return fail("Can't find end tag corresponding to start tag \"%s\"", stack[len(stack)-1].tag)
	}
	return out.String(), found, nil
}

func unescape(s string) (string, int) {
	for name, r := range map[string]string{"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": `"`} {
		if strings.HasPrefix(s, name) {
			return r, len(name)
		}
	}
	if end := strings.IndexByte(s, ';'); strings.HasPrefix(s, "&#") && end > 2 && end < 12 {
		digits, base := s[2:end], 10
		if digits[0] == 'x' || digits[0] == 'X' {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseInt(digits, base, 32); err == nil && n > 0 {
			return string(rune(n)), end + 1
		}
	}
	return "&", 1
}

var auto = []struct {
	kind string
	re   *regexp.Regexp
}{
	{"url", regexp.MustCompile(`(?i)\bhttps?://[^\s<>]+|\b(?:www\.)?[a-z0-9-]+\.(?:com|org|net|io|me|example)\b[^\s<>]*`)},
	{"email", regexp.MustCompile(`[\w.+-]+@[\w-]+\.[\w.]+`)},
	{"mention", regexp.MustCompile(`(?:^|[^\w@])(@[A-Za-z0-9_]{3,32})\b`)},
	{"hashtag", regexp.MustCompile(`(?:^|[^\w#])(#\pL[\pL\pN_]*)`)},
	{"bot_command", regexp.MustCompile(`(?:^|[\s(])(/[A-Za-z0-9_]{1,64}(?:@\w+)?)`)},
}

// detect finds what Telegram turns into links by itself, outside code.
func detect(text string, have []Entity) []Entity {
	taken := make([]bool, units(text)+1)
	for _, e := range have {
		if e.Type == "code" || e.Type == "pre" || e.Type == "text_link" || e.Type == "text_mention" {
			for i := e.Offset; i < e.Offset+e.Length && i < len(taken); i++ {
				taken[i] = true
			}
		}
	}
	out := have
	for _, a := range auto {
	hits:
		for _, m := range a.re.FindAllStringSubmatchIndex(text, -1) {
			from, to := m[0], m[1]
			if len(m) > 2 {
				from, to = m[2], m[3]
			}
			off, n := units(text[:from]), units(text[from:to])
			for i := off; i < off+n; i++ {
				if taken[i] {
					continue hits
				}
			}
			for i := off; i < off+n; i++ {
				taken[i] = true
			}
			out = append(out, Entity{Type: a.kind, Offset: off, Length: n})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Offset < out[j].Offset })
	return out
}

// formatted is a text argument as people will see it.
func formatted(in params, field string, limit int) (string, []Entity, *apiError) {
	text := strings.ToValidUTF8(in.text[field], "")
	if text != in.text[field] {
		return "", nil, bad("strings must be encoded in UTF-8")
	}
	var entities []Entity
	entityField := "entities"
	if field == "caption" {
		entityField = "caption_entities"
	}
	switch mode := strings.ToLower(in.text["parse_mode"]); mode {
	case "html":
		var e *apiError
		if text, entities, e = parseHTML(text); e != nil {
			return "", nil, e
		}
	case "":
		if e := in.json(entityField, &entities); e != nil {
			return "", nil, e
		}
	case "markdown", "markdownv2":
		// Markup is left as it is: nothing here renders it.
	default:
		return "", nil, bad("unsupported parse_mode")
	}
	if trimmed := strings.TrimLeft(text, " \n\t"); trimmed != text {
		cut := units(text) - units(trimmed)
		for i := range entities {
			entities[i].Offset = max(0, entities[i].Offset-cut)
		}
		text = trimmed
	}
	text = strings.TrimRight(text, " \n\t")
	if units(text) > limit {
		if field == "caption" {
			return "", nil, bad("message caption is too long")
		}
		return "", nil, bad("message is too long")
	}
	return text, detect(text, entities), nil
}

// keyboard reads reply_markup.
func keyboard(in params) (rows [][]Button, force bool, e *apiError) {
	if !in.has("reply_markup") {
		return nil, false, nil
	}
	var m struct {
		Inline [][]Button `json:"inline_keyboard"`
		Force  bool       `json:"force_reply"`
	}
	if err := json.Unmarshal([]byte(in.text["reply_markup"]), &m); err != nil {
		return nil, false, bad("can't parse reply keyboard markup JSON object")
	}
	count := 0
	for _, row := range m.Inline {
		if len(row) == 0 {
			continue
		}
		for _, b := range row {
			count++
			switch {
			case strings.TrimSpace(b.Text) == "":
				return nil, false, bad("can't parse inline keyboard button: Text must be non-empty")
			case b.URL != "" && !linkable(b.URL):
				return nil, false, bad("inline keyboard button URL '" + b.URL + "' is invalid: Wrong HTTP URL")
			case b.URL == "" && (b.Data == "" || len(b.Data) > 64):
				return nil, false, bad("BUTTON_DATA_INVALID")
			}
		}
		rows = append(rows, row)
	}
	if count > 100 {
		return nil, false, bad("too many inline keyboard buttons")
	}
	return rows, m.Force, nil
}

var hostWithDot = regexp.MustCompile(`(?i)^(?:https?://|tg://)?[^/\s:@]*\.[a-z0-9-]{2,}(?:[:/?#]|$)|^tg://`)

func linkable(u string) bool {
	return hostWithDot.MatchString(u) && !strings.Contains(u, "://127.") && !strings.Contains(u, "://10.")
}
