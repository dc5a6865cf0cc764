package slack

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"helloworld/bot/chat"
)

// message is what is posted.
type message struct {
	Channel  string    `json:"channel,omitempty"`
	User     string    `json:"user,omitempty"`
	TS       string    `json:"ts,omitempty"`
	Thread   string    `json:"thread_ts,omitempty"`
	Text     string    `json:"text"`
	Blocks   []block   `json:"blocks"`
	Metadata *metadata `json:"metadata,omitempty"`
	// Links in a buyer's words are not to be fetched and shown by Slack.
	UnfurlLinks bool `json:"unfurl_links"`
	UnfurlMedia bool `json:"unfurl_media"`
}

type metadata struct {
	Type    string  `json:"event_type"`
	Payload cardKey `json:"event_payload"`
}

type cardKey struct {
	Key string `json:"key"`
}

// block is any block of Block Kit that is used here.
type block struct {
	Type     string    `json:"type"`
	BlockID  string    `json:"block_id,omitempty"`
	Text     *text     `json:"text,omitempty"`
	Elements []element `json:"elements,omitempty"`
	ImageURL string    `json:"image_url,omitempty"`
	AltText  string    `json:"alt_text,omitempty"`
	Title    *text     `json:"title,omitempty"`
	// Inputs of modals.
	Label    *text  `json:"label,omitempty"`
	Hint     *text  `json:"hint,omitempty"`
	Optional bool   `json:"optional,omitempty"`
	Element  *input `json:"element,omitempty"`
}

type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
	// Emoji is sent as false: ":moneybag:" in an order's note is no picture.
	Emoji *bool `json:"emoji,omitempty"`
}

// element is what stands in a block: a button, a text, or rich text.
type element struct {
	Type     string    `json:"type"`
	ActionID string    `json:"action_id,omitempty"`
	Label    any       `json:"text,omitempty"`
	Value    string    `json:"value,omitempty"`
	URL      string    `json:"url,omitempty"`
	Style    any       `json:"style,omitempty"`
	Confirm  *confirm  `json:"confirm,omitempty"`
	Elements []element `json:"elements,omitempty"`
	Emoji    *bool     `json:"emoji,omitempty"`
}

type confirm struct {
	Title   *text  `json:"title"`
	Text    *text  `json:"text"`
	Confirm *text  `json:"confirm"`
	Deny    *text  `json:"deny"`
	Style   string `json:"style,omitempty"`
}

type look struct {
	Bold bool `json:"bold,omitempty"`
}

var no = false

func plain(s string) *text { return &text{Type: "plain_text", Text: s, Emoji: &no} }

// notice is how much of a card stands in the notification; the blocks hold all.
const notice = 3000

// escape is what Slack asks for in text that it parses.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// render makes blocks of a card that fits [Transport.Limits].
func (t *Transport) render(c chat.Card) message {
	m := message{Blocks: []block{}}
	if c.Title != "" {
		m.Blocks = append(m.Blocks, block{Type: "header", Text: plain(mark(c.Tone) + c.Title)})
	}
	for _, p := range c.Parts {
		m.Blocks = append(m.Blocks, part(p)...)
	}
	if actions := t.buttons(c); len(actions) > 0 {
		m.Blocks = append(m.Blocks, block{Type: "actions", Elements: actions})
	}
	if c.Foot != "" {
		m.Blocks = append(m.Blocks, small(c.Foot))
	}
	m.Text = escape.Replace(mark(c.Tone) + chat.Shorten(chat.PlainText(c), notice, chat.UTF16))
	if m.Text == "" {
		m.Text = "…"
	}
	return m
}

// mark is a tone as a sign: colour alone does not reach everyone.
func mark(t chat.Tone) string {
	switch t {
	case chat.Good:
		return "✅ "
	case chat.Warning:
		return "⚠️ "
	case chat.Bad:
		return "⛔ "
	}
	return ""
}

func small(s string) block {
	return block{Type: "context", Elements: []element{{Type: "plain_text", Label: s, Emoji: &no}}}
}

// rich is a block of rich text, whose words Slack does not parse.
func rich(kind string, parts ...element) block {
	return block{Type: "rich_text", Elements: []element{{Type: kind, Elements: parts}}}
}

func words(s string) element { return element{Type: "text", Label: s} }

func bold(s string) element { return element{Type: "text", Label: s, Style: look{Bold: true}} }

// labelled puts a label before words.
func labelled(label, s string) []element {
	var out []element
	if label != "" {
		out = append(out, bold(label))
		if s != "" {
			out = append(out, words("\n"))
		}
	}
	if s != "" {
		out = append(out, words(s))
	}
	return out
}

func part(p chat.Part) []block {
	var out []block
	section := func(parts []element) {
		if len(parts) > 0 {
			out = append(out, rich("rich_text_section", parts...))
		}
	}
	switch p.Kind {
	case chat.Quote, chat.Code:
		kind := "rich_text_quote"
		if p.Kind == chat.Code {
			kind = "rich_text_preformatted"
		}
		b := block{Type: "rich_text"}
		if p.Label != "" {
			b.Elements = append(b.Elements, element{Type: "rich_text_section", Elements: []element{bold(p.Label)}})
		}
		if p.Text != "" {
			b.Elements = append(b.Elements, element{Type: kind, Elements: []element{words(p.Text)}})
		}
		if len(b.Elements) > 0 {
			out = append(out, b)
		}
	case chat.Fields:
		section(fields(p))
	case chat.Progress:
		s := chat.Bar(p.Done, p.Total)
		if p.Text != "" {
			s += "\n" + p.Text
		}
		section(labelled(p.Label, s))
	case chat.Image:
		out = append(out, picture(p)...)
	case chat.Note:
		s := p.Text
		if p.Label != "" {
			s = strings.TrimSuffix(p.Label+": "+s, ": ")
		}
		if s != "" {
			out = append(out, small(s))
		}
	default:
		section(labelled(p.Label, p.Text))
	}
	return out
}

// fields are lines of label and value. They are rich text rather than a
// section's fields, whose labels can only be bold where values are parsed.
func fields(p chat.Part) []element {
	parts := labelled(p.Label, p.Text)
	for _, f := range p.Fields {
		if len(parts) > 0 {
			parts = append(parts, words("\n"))
		}
		if f.Label != "" {
			parts = append(parts, bold(f.Label))
			if f.Value != "" {
				parts = append(parts, words("  "))
			}
		}
		if f.Value != "" {
			parts = append(parts, words(f.Value))
		}
	}
	return parts
}

// picture shows a picture that Slack can fetch. One that it cannot is named
// here; if its bytes are at hand, [Transport.attach] sends them after.
func picture(p chat.Part) []block {
	alt := p.Text
	if p.File == nil {
		if s := labelled(p.Label, p.Text); len(s) > 0 {
			return []block{rich("rich_text_section", s...)}
		}
		return nil
	}
	if alt == "" {
		alt = p.File.Name
	}
	if public(p.File.URL) {
		b := block{Type: "image", ImageURL: p.File.URL, AltText: chat.Shorten(alt, 1900, chat.UTF16)}
		if b.AltText == "" {
			b.AltText = "…"
		}
		if p.Label != "" {
			b.Title = plain(p.Label)
		}
		return []block{b}
	}
	s := strings.TrimSpace(p.Text + "\n" + p.File.Name)
	if parts := labelled(p.Label, s); len(parts) > 0 {
		return []block{rich("rich_text_section", parts...)}
	}
	return nil
}

// public tells whether Slack's servers can be expected to reach an address.
func public(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.User != nil || len(link) > 3000 {
		return false
	}
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsGlobalUnicast() && !addr.IsPrivate()
	}
	return strings.Contains(host, ".") && !strings.HasSuffix(host, ".local") && !strings.HasSuffix(host, ".internal")
}

// buttons are a card's buttons; they fit into one block of actions.
func (t *Transport) buttons(c chat.Card) []element {
	var out []element
	for i, b := range c.Buttons {
		e := element{Type: "button", ActionID: "b" + strconv.Itoa(i), Label: plain(b.Label), Value: b.Command, URL: b.URL}
		if b.Label == "" {
			e.Label = plain("…")
		}
		style := ""
		switch b.Tone {
		case chat.Primary, chat.Good:
			style = "primary"
		case chat.Bad:
			style = "danger"
		}
		if style != "" {
			e.Style = style
		}
		if b.Confirm != "" {
			label := chat.Shorten(b.Label, 30, chat.UTF16)
			e.Confirm = &confirm{
				Title: plain(chat.Shorten(b.Label, 100, chat.UTF16)), Text: plain(b.Confirm), Confirm: plain(label),
				Deny: plain(t.cancel(c.Lang)), Style: style,
			}
		}
		out = append(out, e)
	}
	return out
}

// cancel is the word that takes a press back; a sign where nobody gave words.
func (t *Transport) cancel(lang string) string {
	if t.words != nil {
		if w := chat.Shorten(t.words.Cancel(lang), 30, chat.UTF16); w != "" {
			return w
		}
	}
	return "✕"
}
