package telegram

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-telegram/bot/models"

	"helloworld/bot/chat"
)

// What Telegram takes, counted after markup is read.
const (
	messageLimit = 4096
	captionLimit = 1024
	toastLimit   = 200
)

// ownData begins the callback data that is the transport's own and never a
// card's token.
const ownData = "~f:"

// rendered is a card ready to be sent.
type rendered struct {
	html  string
	plain string // what people will read, for counting
	// images are the pictures, out of the text.
	images []chat.Part
	rows   [][]models.InlineKeyboardButton
}

func (r rendered) size() int { return chat.UTF16.Len(r.plain) }

func (r rendered) markup() models.ReplyMarkup {
	if len(r.rows) == 0 {
		return nil
	}
	return models.InlineKeyboardMarkup{InlineKeyboard: r.rows}
}

// writer writes HTML and what people will read of it side by side.
type writer struct{ html, plain strings.Builder }

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func (w *writer) text(s string) {
	w.html.WriteString(escape.Replace(s))
	w.plain.WriteString(s)
}

func (w *writer) in(tag, s string) {
	if s == "" {
		return
	}
	w.html.WriteString("<" + tag + ">")
	w.text(s)
	w.html.WriteString("</" + tag + ">")
}

var (
	// mentions are what Telegram notifies somebody for.
	mentions = regexp.MustCompile(`(?:^|[^\pL\pN_@.])(@[A-Za-z0-9_]{3,})`)
	// leads are all that it would make into something to press.
	leads = regexp.MustCompile(`((?i:[a-z][a-z0-9+.-]*://\S+|\S*@[\pL\pN_]\S*|[\pL\pN][\pL\pN.-]*\.\pL{2,}[^\s"'“”‘’（）(),;!，。！？、]*))` +
		`|(?:^|[\s(（])(/[A-Za-z0-9_]+(?:@\w+)?|#[\pN_]*\pL[\pL\pN_]*|\$[A-Za-z]+)`)
)

// inert writes s so that nothing in a group of re leads anywhere: as code, which
// Telegram leaves alone. tag, if any, surrounds the rest.
func (w *writer) inert(s string, re *regexp.Regexp, tag string) {
	plain := w.text
	if tag != "" {
		plain = func(s string) { w.in(tag, s) }
	}
	at := 0
	for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
		for g := 2; g < len(m); g += 2 { // the group that matched
			if m[g] >= 0 {
				plain(s[at:m[g]])
				w.in("code", s[m[g]:m[g+1]])
				at = m[g+1]
			}
		}
	}
	plain(s[at:])
}

func (w *writer) gap() {
	if w.plain.Len() > 0 {
		w.text("\n")
	}
}

var toneMarks = map[chat.Tone]string{chat.Good: "✅ ", chat.Warning: "⚠️ ", chat.Bad: "🔴 "}

// render makes HTML of a card.
func render(c chat.Card) rendered {
	var w writer
	var r rendered
	if c.Title != "" {
		w.text(toneMarks[c.Tone])
		w.inert(c.Title, mentions, "b")
	}
	for i, p := range c.Parts {
		if p.Kind == chat.Image && p.File != nil && sendable(p.File) {
			r.images = append(r.images, p)
			if p.Label == "" && p.Text == "" {
				continue
			}
		}
		w.gap()
		if i > 0 || c.Title != "" {
			w.gap()
		}
		w.part(p)
	}
	if c.Foot != "" {
		w.gap()
		w.inert(c.Foot, mentions, "i")
	}
	var row []models.InlineKeyboardButton
	width := 0
	for _, b := range c.Buttons {
		k := models.InlineKeyboardButton{Text: b.Label, Style: styles[b.Tone]}
		if strings.TrimSpace(k.Text) == "" {
			k.Text = "…"
		}
		switch {
		case b.URL == "":
			k.CallbackData = b.Command
			if strings.HasPrefix(k.CallbackData, "~") {
				k.CallbackData = "~" + k.CallbackData
			}
		case reachable(b.URL):
			k.URL = b.URL
		default:
			// Telegram refuses a whole card for one address it does not like.
			line := b.Label + ": " + b.URL
			if chat.UTF16.Len(w.plain.String())+chat.UTF16.Len(line)+1 <= messageLimit {
				w.gap()
				w.text(line)
			}
			continue
		}
		n := utf8.RuneCountInString(k.Text)
		if len(row) > 0 && (len(row) == 4 || width+n > 28) {
			r.rows, row, width = append(r.rows, row), nil, 0
		}
		row, width = append(row, k), width+n+2
	}
	if len(row) > 0 {
		r.rows = append(r.rows, row)
	}
	if strings.TrimSpace(w.plain.String()) == "" && len(r.images) == 0 {
		w.text("·") // Telegram sends nothing without words
	}
	r.html, r.plain = w.html.String(), w.plain.String()
	return r
}

var styles = map[chat.Tone]string{chat.Good: "success", chat.Bad: "danger", chat.Primary: "primary"}

func (w *writer) part(p chat.Part) {
	label := func(end string) {
		if p.Label != "" {
			w.inert(p.Label+":", mentions, "b")
			w.text(end)
		}
	}
	switch p.Kind {
	case chat.Quote:
		label("\n")
		if p.Text != "" {
			w.html.WriteString("<blockquote>")
			w.inert(p.Text, leads, "")
			w.html.WriteString("</blockquote>")
		}
	case chat.Code:
		label(" ")
		tag := "code"
		if strings.Contains(p.Text, "\n") {
			tag = "pre"
		}
		w.in(tag, p.Text)
	case chat.Note:
		label(" ")
		w.inert(p.Text, mentions, "i")
	case chat.Progress:
		label(" ")
		w.in("code", chat.Bar(p.Done, p.Total))
		if p.Text != "" {
			w.gap()
			w.inert(p.Text, mentions, "")
		}
	default:
		if p.Text != "" || len(p.Fields) == 0 {
			label(" ")
			w.inert(p.Text, mentions, "")
		} else {
			label("")
		}
		if p.Kind == chat.Image && p.File != nil && !sendable(p.File) {
			w.text(" " + p.File.Name)
		}
	}
	for i, f := range p.Fields {
		if i > 0 || p.Label != "" || p.Text != "" {
			w.gap()
		}
		switch {
		case f.Label != "" && f.Value != "":
			w.inert(f.Label+":", mentions, "b")
			w.text(" ")
		default:
			w.inert(f.Label, mentions, "b")
		}
		w.inert(f.Value, mentions, "")
	}
}

// sendable tells whether Telegram can be given this picture.
func sendable(f *chat.File) bool { return len(f.Data) > 0 || f.ID != "" || reachable(f.URL) }

// reachable tells whether Telegram takes an address: it must look like one that
// is reached from anywhere.
func reachable(s string) bool {
	u, err := url.Parse(s)
	if err != nil {
		return false
	}
	if u.Scheme == "tg" {
		return true
	}
	host := u.Hostname()
	if u.Scheme != "http" && u.Scheme != "https" || !strings.Contains(host, ".") {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsUnspecified() && !ip.IsLinkLocalUnicast()
	}
	return true
}

// caption is r for a place that takes 1,024 units: its longest text gives way.
// Only a repaint of a card that had room for a picture comes here.
func caption(c chat.Card) rendered {
	r := render(c)
	parts := append([]chat.Part(nil), c.Parts...)
	c.Parts = parts
	for tries := 0; r.size() > captionLimit && tries <= len(parts); tries++ {
		longest := -1
		for i, p := range parts {
			if longest < 0 || chat.UTF16.Len(p.Text) > chat.UTF16.Len(parts[longest].Text) {
				longest = i
			}
		}
		if longest < 0 {
			break
		}
		have := chat.UTF16.Len(parts[longest].Text)
		parts[longest].Text = chat.Shorten(parts[longest].Text, max(8, have-(r.size()-captionLimit)), chat.UTF16)
		r = render(c)
	}
	return r
}

// number writes an id as Telegram's parameters want it.
func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n != 0
}
