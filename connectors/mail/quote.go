package mail

import (
	"regexp"
	"strings"
)

// attribution are the lines with which mail programs introduce what they quote.
// The line may be wrapped: up to three lines are read as one.
var attribution = regexp.MustCompile(`(?i)^(?:` + strings.Join([]string{
	`on\b.{4,250}\bwrote\s?:`,
	`am\b.{4,250}\bschrieb\b.{0,250}:`,
	`.{1,120}\bschrieb am\b.{4,120}:`,
	`le\b.{4,250}\ba écrit\s?:`,
	`el\b.{4,250}\bescribió\s?:`,
	`il\b.{4,250}\bha scritto\s?:`,
	`(?:em|a)\b.{4,250}\bescreveu\s?:`,
	`op\b.{4,250}\bschreef\b.{0,250}:`,
	`(?:den|d\.)\b.{4,250}\bskrev\b.{0,250}:`,
	`(?:w dniu|dnia|.{1,60},)\b?.{4,250}\bnapisał(?:\(a\)|a)?\s?:`,
	`.{4,250}(?:写道|寫道|编写)\s?[:：]`,
	`\d{4}年\d{1,2}月\d{1,2}日.{0,250}[:：]`,
	`.{4,250}(?:さんは書きました|のメッセージ|님이 작성)\s?[:：]`,
	`\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[ T,].{0,150}<[^<>@\s]+@[^<>\s]+>\s?[:：]`,
}, "|") + `)$`)

// divider are the lines that Outlook, QQ Mail and their like put above a quote.
var divider = regexp.MustCompile(`(?i)^[-_]{2,}\s*(?:original message|original-?nachricht|ursprüngliche nachricht|message d'origine|` +
	`mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|wiadomość oryginalna|ursprungligt meddelande|` +
	`原始邮件|原始郵件|原邮件|回复的原邮件|元のメッセージ|original appointment)\s*[-_]{2,}$`)

// headerLine is one line of the block of headers that Outlook quotes.
var headerLine = regexp.MustCompile(`(?i)^\**(from|sent|date|to|cc|subject|von|gesendet|datum|an|betreff|de|envoyé|date|à|objet|` +
	`enviado(?: el)?|fecha|para|asunto|da|inviato|data|a|oggetto|assunto|van|verzonden|aan|onderwerp|od|wysłano|do|temat|` +
	`från|skickat|till|ämne|发件人|发送时间|发送日期|日期|收件人|抄送|主题|寄件者|寄件日期|收件者|主旨|差出人|送信日時|日時|宛先|件名)\**\s?[:：]\**\s*\S`)

// startsBlock: only these begin such a block; "To: …" alone is somebody's list.
var startsBlock = regexp.MustCompile(`(?i)^\**(from|von|de|da|van|od|från|发件人|寄件者|差出人)\**\s?[:：]`)

// fold takes off what was quoted and the signature, and gives back what was
// written. If that were nothing, all of it is given back.
func fold(text string) string {
	lines := strings.Split(text, "\n")
	var out []string
	for i := 0; i < len(lines); {
		line := strings.TrimSpace(lines[i])
		if n := attributed(lines, i); n > 0 {
			end, quoted := skipQuote(lines, i+n)
			if !quoted {
				break // everything below is the quote
			}
			i = end
			continue
		}
		if divider.MatchString(line) || headerBlock(lines, i) {
			break
		}
		if strings.HasPrefix(line, ">") {
			i++
			continue
		}
		out = append(out, strings.TrimRight(lines[i], " \t"))
		i++
	}
	// A rule of underscores above a block that was folded goes with it.
	for len(out) > 0 && strings.Trim(out[len(out)-1], "_ -") == "" {
		out = out[:len(out)-1]
	}
	s := strings.TrimSpace(collapse(unsigned(out)))
	if s == "" {
		s = strings.TrimSpace(collapse(lines))
	}
	return s
}

// attributed tells how many lines from i on introduce a quote; 0 if none do.
func attributed(lines []string, i int) int {
	line := strings.TrimSpace(lines[i])
	if line == "" || strings.HasPrefix(line, ">") || len(line) > 600 {
		return 0
	}
	for n := 1; n <= 3 && i+n <= len(lines); n++ {
		if n > 1 {
			next := strings.TrimSpace(lines[i+n-1])
			if next == "" || strings.HasPrefix(next, ">") {
				return 0
			}
			line += " " + next
		}
		if attribution.MatchString(line) && plausible(line) {
			return n
		}
	}
	return 0
}

// plausible: an attribution names a day or an address. A buyer's own sentence
// ("On your page you wrote:") seldom does.
func plausible(line string) bool {
	return strings.ContainsAny(line, "0123456789０１２３４５６７８９@")
}

// skipQuote skips the quoted lines from i on. quoted is false if there are none.
func skipQuote(lines []string, i int) (end int, quoted bool) {
	j := i
	for j < len(lines) {
		line := strings.TrimSpace(lines[j])
		if strings.HasPrefix(line, ">") {
			quoted, end = true, j+1
		} else if line != "" {
			break
		}
		j++
	}
	return end, quoted
}

// headerBlock tells whether three or more headers of a quoted mail stand here.
func headerBlock(lines []string, i int) bool {
	if !startsBlock.MatchString(strings.TrimSpace(lines[i])) {
		return false
	}
	n := 0
	for j := i; j < len(lines) && j < i+8; j++ {
		line := strings.TrimSpace(lines[j])
		switch {
		case headerLine.MatchString(line):
			n++
		case line == "" && n > 0 && j == i+1:
			// Some programs put an empty line after each header.
		}
	}
	return n >= 3
}

// unsigned cuts the signature: from "-- " on, or from "--" in the last lines.
func unsigned(lines []string) []string {
	for i, l := range lines {
		if l == "--" && i > 0 && len(lines)-i <= 15 {
			return lines[:i]
		}
	}
	return lines
}

// collapse joins lines, leaving one empty line where there were several.
func collapse(lines []string) string {
	var b strings.Builder
	empty := 0
	for _, l := range lines {
		if strings.TrimSpace(l) == "" {
			empty++
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
			if empty > 0 {
				b.WriteByte('\n')
			}
		}
		empty = 0
		b.WriteString(strings.TrimRight(l, " \t\r"))
	}
	return b.String()
}

// normalise makes one kind of line end and one kind of space.
func normalise(s string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u00A0", " ", "\u2028", "\n", "\u2029", "\n",
		"\uFEFF", "", "\u200B", "", "\x00", "").Replace(s)
}

// unflow joins the lines of format=flowed text (RFC 3676).
func unflow(s string, delsp bool) string {
	var out []string
	open, depth := false, 0
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		d := 0
		for d < len(line) && line[d] == '>' {
			d++
		}
		body := strings.TrimPrefix(line[d:], " ")
		flows := strings.HasSuffix(body, " ") && body != "-- "
		if flows && delsp {
			body = body[:len(body)-1]
		}
		if open && d == depth && body != "-- " {
			out[len(out)-1] += body
		} else {
			if d > 0 {
				body = strings.Repeat(">", d) + " " + body
			}
			out = append(out, body)
		}
		open, depth = flows, d
	}
	return strings.Join(out, "\n")
}

var rule = regexp.MustCompile(`^-{6,}\s*\S.{0,60}\S\s*-{6,}$`)

// between gives what stands between the two rules with which Amazon frames a
// buyer's words ("------------- Begin message -------------"), in whatever
// language; all of it, if there is no such frame.
func between(text string) string {
	lines := strings.Split(text, "\n")
	begin := -1
	for i, l := range lines {
		if l = strings.TrimSpace(l); !rule.MatchString(l) || divider.MatchString(l) {
			continue
		}
		if begin < 0 {
			begin = i
			continue
		}
		if s := strings.TrimSpace(strings.Join(lines[begin+1:i], "\n")); s != "" {
			return s
		}
		return text
	}
	return text
}
