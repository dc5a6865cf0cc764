package slack

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"

	"helloworld/bot/chat"
)

// message is what is said: Slack's message for a response URL, of which the
// options of a post are made too.
type message = slackgo.WebhookMessage

// Links in a buyer's words are not to be fetched and shown by Slack.
var no = false

func newMessage(text string, blocks []slackgo.Block) message {
	return message{Text: text, Blocks: &slackgo.Blocks{BlockSet: blocks}, UnfurlLinks: &no, UnfurlMedia: &no}
}

// options say m by the Web API, under a card's key.
func options(m message, key string) []slackgo.MsgOption {
	o := []slackgo.MsgOption{
		slackgo.MsgOptionText(m.Text, false), slackgo.MsgOptionBlocks(m.Blocks.BlockSet...),
		slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl(),
	}
	if m.ThreadTimestamp != "" {
		o = append(o, slackgo.MsgOptionTS(m.ThreadTimestamp))
	}
	if key != "" {
		o = append(o, slackgo.MsgOptionMetadata(slackgo.SlackMetadata{EventType: cardEvent, EventPayload: map[string]any{"key": key}}))
	}
	return o
}

// plain is text that Slack does not parse, not even for emoji: ":moneybag:" in an
// order's note is no picture.
func plain(s string) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject(slackgo.PlainTextType, s, false, false)
}

// notice is how much of a card stands in the notification; the blocks hold all.
const notice = 3000

// render makes blocks of a card that fits [Transport.Limits].
func (t *Transport) render(c chat.Card) message {
	blocks := []slackgo.Block{}
	if c.Title != "" {
		blocks = append(blocks, slackgo.NewHeaderBlock(plain(mark(c.Tone)+c.Title)))
	}
	for _, p := range c.Parts {
		blocks = append(blocks, part(p)...)
	}
	if actions := t.buttons(c); len(actions) > 0 {
		blocks = append(blocks, slackgo.NewActionBlock("", actions...))
	}
	if c.Foot != "" {
		blocks = append(blocks, small(c.Foot))
	}
	text := slackutilsx.EscapeMessage(mark(c.Tone) + chat.Shorten(chat.PlainText(c), notice, chat.UTF16))
	if text == "" {
		text = "…"
	}
	return newMessage(text, blocks)
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

func small(s string) slackgo.Block { return slackgo.NewContextBlock("", plain(s)) }

// span is a run of letters in rich text, whose words Slack does not parse.
type span = slackgo.RichTextSectionElement

func section(parts ...span) slackgo.Block {
	return slackgo.NewRichTextBlock("", slackgo.NewRichTextSection(parts...))
}

func words(s string) span { return slackgo.NewRichTextSectionTextElement(s, nil) }

func bold(s string) span {
	return slackgo.NewRichTextSectionTextElement(s, &slackgo.RichTextSectionTextStyle{Bold: true})
}

// labelled puts a label before words.
func labelled(label, s string) []span {
	var out []span
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

func part(p chat.Part) []slackgo.Block {
	spans := func(parts []span) []slackgo.Block {
		if len(parts) == 0 {
			return nil
		}
		return []slackgo.Block{section(parts...)}
	}
	switch p.Kind {
	case chat.Quote, chat.Code:
		return apart(p)
	case chat.Fields:
		return spans(fields(p))
	case chat.Progress:
		s := chat.Bar(p.Done, p.Total)
		if p.Text != "" {
			s += "\n" + p.Text
		}
		return spans(labelled(p.Label, s))
	case chat.Image:
		return picture(p)
	case chat.Note:
		s := p.Text
		if p.Label != "" {
			s = strings.TrimSuffix(p.Label+": "+s, ": ")
		}
		if s == "" {
			return nil
		}
		return []slackgo.Block{small(s)}
	}
	return spans(labelled(p.Label, p.Text))
}

// apart sets somebody else's words, or something to copy, under its label.
func apart(p chat.Part) []slackgo.Block {
	var all []slackgo.RichTextElement
	if p.Label != "" {
		all = append(all, slackgo.NewRichTextSection(bold(p.Label)))
	}
	switch {
	case p.Text == "":
	case p.Kind == chat.Code:
		all = append(all, &slackgo.RichTextPreformatted{Type: slackgo.RTEPreformatted, Elements: []span{words(p.Text)}})
	default:
		all = append(all, &slackgo.RichTextQuote{Type: slackgo.RTEQuote, Elements: []span{words(p.Text)}})
	}
	if len(all) == 0 {
		return nil
	}
	return []slackgo.Block{slackgo.NewRichTextBlock("", all...)}
}

// fields are lines of label and value. They are rich text rather than a
// section's fields, whose labels can only be bold where values are parsed.
func fields(p chat.Part) []span {
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
func picture(p chat.Part) []slackgo.Block {
	alt := p.Text
	if p.File == nil {
		if s := labelled(p.Label, p.Text); len(s) > 0 {
			return []slackgo.Block{section(s...)}
		}
		return nil
	}
	if alt == "" {
		alt = p.File.Name
	}
	if public(p.File.URL) {
		if alt = chat.Shorten(alt, 1900, chat.UTF16); alt == "" {
			alt = "…"
		}
		var title *slackgo.TextBlockObject
		if p.Label != "" {
			title = plain(p.Label)
		}
		return []slackgo.Block{slackgo.NewImageBlock(p.File.URL, alt, "", title)}
	}
	s := strings.TrimSpace(p.Text + "\n" + p.File.Name)
	if parts := labelled(p.Label, s); len(parts) > 0 {
		return []slackgo.Block{section(parts...)}
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
func (t *Transport) buttons(c chat.Card) []slackgo.BlockElement {
	var out []slackgo.BlockElement
	for i, b := range c.Buttons {
		label := b.Label
		if label == "" {
			label = "…"
		}
		e := slackgo.NewButtonBlockElement("b"+strconv.Itoa(i), b.Command, plain(label)).WithURL(b.URL)
		switch b.Tone {
		case chat.Primary, chat.Good:
			e.Style = slackgo.StylePrimary
		case chat.Bad:
			e.Style = slackgo.StyleDanger
		}
		if b.Confirm != "" {
			e.Confirm = slackgo.NewConfirmationBlockObject(
				plain(chat.Shorten(label, 100, chat.UTF16)), plain(b.Confirm), plain(chat.Shorten(label, 30, chat.UTF16)), plain(t.cancel(c.Lang)),
			).WithStyle(e.Style)
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
