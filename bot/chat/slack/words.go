package slack

import (
	"strconv"
	"strings"

	slackgo "github.com/slack-go/slack"
)

// readable turns Slack's text into what the person typed: entities become
// letters, mentions and links their labels, and ":names:" of emoji the emoji, as
// far as the message's own rich text tells which they are.
func readable(s string, blocks slackgo.Blocks, mention func(id string) string) string {
	if strings.Contains(s, ":") && len(blocks.BlockSet) > 0 {
		s = withEmoji(s, blocks)
	}
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			break
		}
		j := strings.IndexByte(s[i:], '>')
		if j < 0 {
			break
		}
		b.WriteString(unescape.Replace(s[:i]))
		b.WriteString(entity(s[i+1:i+j], mention))
		s = s[i+j+1:]
	}
	b.WriteString(unescape.Replace(s))
	return b.String()
}

var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// entity is what stands between angle brackets, in words.
func entity(e string, mention func(string) string) string {
	target, label, labelled := strings.Cut(e, "|")
	target, label = unescape.Replace(target), unescape.Replace(label)
	switch {
	case strings.HasPrefix(target, "@"):
		if labelled && label != "" {
			return "@" + strings.TrimPrefix(label, "@")
		}
		return "@" + mention(target[1:])
	case strings.HasPrefix(target, "#"):
		if labelled && label != "" {
			return "#" + label
		}
		return target
	case strings.HasPrefix(target, "!"):
		if labelled && label != "" {
			if strings.HasPrefix(target, "!subteam") && !strings.HasPrefix(label, "@") {
				return "@" + label
			}
			return label
		}
		word, _, _ := strings.Cut(target[1:], "^")
		return "@" + word
	case !labelled || label == "":
		return target
	case strings.HasPrefix(target, "mailto:"), strings.HasPrefix(target, "tel:"):
		// Slack makes links of what looks like an address or a telephone number,
		// and order numbers do.
		return label
	}
	_, address, _ := strings.Cut(target, "://")
	if strings.TrimSuffix(address, "/") == strings.TrimSuffix(label, "/") || target == label {
		return label
	}
	return label + " (" + target + ")"
}

// withEmoji puts emoji in the place of their names.
func withEmoji(s string, blocks slackgo.Blocks) string {
	var pairs []string
	seen := map[string]bool{}
	for _, b := range blocks.BlockSet {
		rich, ok := b.(*slackgo.RichTextBlock)
		if !ok {
			continue
		}
		for _, span := range spans(rich.Elements) {
			e, ok := span.(*slackgo.RichTextSectionEmojiElement)
			if !ok || e.Name == "" || e.Unicode == "" {
				continue
			}
			name := ":" + e.Name + ":"
			if e.SkinTone > 1 {
				name += ":skin-tone-" + strconv.Itoa(e.SkinTone) + ":"
			}
			if letter, ok := fromHex(e.Unicode); ok && !seen[name] {
				seen[name] = true
				pairs = append(pairs, name, letter)
			}
		}
	}
	if len(pairs) == 0 {
		return s
	}
	// Names with a skin tone begin like those without; the longer come first.
	for i := 2; i < len(pairs); i += 2 {
		for j := i; j >= 2 && len(pairs[j]) > len(pairs[j-2]); j -= 2 {
			pairs[j], pairs[j-2] = pairs[j-2], pairs[j]
			pairs[j+1], pairs[j-1] = pairs[j-1], pairs[j+1]
		}
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// spans are all runs of letters in rich text.
func spans(all []slackgo.RichTextElement) []span {
	var out []span
	for _, e := range all {
		switch e := e.(type) {
		case *slackgo.RichTextSection:
			out = append(out, e.Elements...)
		case *slackgo.RichTextQuote:
			out = append(out, e.Elements...)
		case *slackgo.RichTextPreformatted:
			out = append(out, e.Elements...)
		case *slackgo.RichTextList:
			out = append(out, spans(e.Elements)...)
		}
	}
	return out
}

// fromHex reads "1f44d-1f3fd".
func fromHex(s string) (string, bool) {
	var b strings.Builder
	for _, h := range strings.Split(s, "-") {
		n, err := strconv.ParseUint(h, 16, 32)
		if err != nil || n == 0 || n > 0x10FFFF || n >= 0xD800 && n < 0xE000 {
			return "", false
		}
		b.WriteRune(rune(n))
	}
	return b.String(), true
}

// addressed takes the desk's mention out of text, and tells whether it was there.
func addressed(s, bot string) (string, bool) {
	if bot == "" {
		return s, false
	}
	found := false
	for {
		i := strings.Index(s, "<@"+bot)
		if i < 0 {
			return s, found
		}
		rest := s[i+2+len(bot):]
		if !strings.HasPrefix(rest, ">") && !strings.HasPrefix(rest, "|") {
			return s, found // another's id that begins like ours
		}
		j := strings.IndexByte(rest, '>')
		if j < 0 {
			return s, found
		}
		found = true
		before, after := s[:i], rest[j+1:]
		if strings.TrimSpace(before) == "" {
			after = strings.TrimLeft(after, " ,:")
		}
		if before != "" && strings.HasSuffix(before, " ") {
			after = strings.TrimPrefix(after, " ")
		}
		s = before + after
		if before == "" || after == "" {
			s = strings.TrimSpace(s)
		}
	}
}
