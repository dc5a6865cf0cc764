package bot

import (
	"strings"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/i18n"
)

// refundView is what a refund card shows.
type refundView struct {
	Refund    Payback
	Approval  approvals.Approval
	Questions []approvals.Question
	// Lent is whose power was handed on for this approval alone.
	Lent  []approvals.Delegation
	Looks []refundLook
	// Glass: it went out although the rules were not met.
	Glass *glass
	Store *Store
	Name  func(id string) string
	Zone  *time.Location
	// After is what followed once it was confirmed; MayTell: the buyer can be told
	// at the press of a button.
	After   []after
	MayTell bool
	// Full: nothing is cut, for who asks for all of it.
	Full bool
}

// What fits a phone's screen; the rest is behind a button.
const (
	noteOnCard     = 160
	findingsOnCard = 3
	looksOnCard    = 4
)

func refundCard(v refundView, p *i18n.Printer) chat.Card {
	r, cmd := v.Refund, v.Refund.Body.Cmd
	asker := v.Name(string(r.By))
	yes, no, reason := cast(p, v.Approval, v.Name)
	list := p.List(yes...)
	c := chat.Card{Title: p.T(i18n.Key("refund.title."+string(r.State)), "amount", cmd.Amount.String(), "n", v.Approval.Left())}
	c.Parts = []chat.Part{{Kind: chat.Fields, Fields: refundFields(v, p)}}
	cut := refundWords(&c, v, p)
	if v.Glass != nil {
		c.Parts = append(c.Parts, glassNote(v, p))
	}
	switch r.State {
	case RefundAsked:
		c.Tone = chat.Warning
		c.Buttons = []chat.Button{
			{Label: p.T("button.approve"), Command: "approve " + r.ID, Tone: chat.Primary,
				Confirm: p.T("refund.confirm", "amount", cmd.Amount.String(), "order", r.Ref())},
			{Label: p.T("button.deny"), Command: "deny " + r.ID, Tone: chat.Bad},
			{Label: p.T("approval.button.ask"), Command: "ask " + r.ID},
			{Label: p.T("approval.button.hand_on"), Command: "delegate " + r.ID},
		}
		c.Foot = p.T("approval.foot", "asker", asker, "until", stamp(v.Approval.Until, v.Zone))
		if list != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("refund.approved_so_far", "who", list)})
		}
		for _, x := range v.Lent {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("approval.handed_on", "id", r.ID, "who", v.Name(string(x.From)), "whom", v.Name(string(x.To)))})
		}
	case RefundConfirmed:
		c.Tone, c.Foot = chat.Good, p.T("refund.foot.confirmed", "asker", asker, "who", list, "when", stamp(r.Updated, v.Zone))
		parts, open := afterParts(v, p)
		c.Parts = append(c.Parts, parts...)
		if open {
			c.Buttons = append(c.Buttons, chat.Button{Label: p.T("after.button.tell"), Command: "refunds tell " + r.ID})
		}
	case RefundDenied:
		c.Foot = p.T("refund.foot.denied", "asker", asker, "who", no)
		if no == asker {
			c.Title, c.Foot = p.T("refund.title.withdrawn", "amount", cmd.Amount.String()), p.T("refund.foot.withdrawn", "asker", asker)
		}
		if reason != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("field.why"), Text: reason})
		}
	case RefundExpired:
		c.Foot = p.T("refund.foot.expired", "asker", asker)
	case RefundRejected, RefundFailed:
		c.Tone, c.Foot = chat.Bad, p.T("refund.foot.rejected", "asker", asker, "who", list)
		if list == "" {
			c.Foot = p.T("approval.foot_unapproved", "asker", asker)
		}
		if r.Error != byHand {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("refund.rejected", "why", whyText(p, r.Error))})
		}
	case RefundUnknown:
		c.Tone, c.Foot = chat.Warning, p.T("refund.foot.unknown", "asker", asker, "who", list)
		if r.Error == askPerson {
			c.Tone = chat.Bad
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("refund.ask_person", "order", r.Ref())})
			c.Buttons = []chat.Button{
				{Label: p.T("settle.button.happened"), Command: "settle " + r.ID + " happened", Confirm: p.T("settle.confirm_happened", "amount", cmd.Amount.String(), "order", r.Ref())},
				{Label: p.T("settle.button.not_happened"), Command: "settle " + r.ID + " not", Tone: chat.Bad,
					Confirm: p.T("settle.confirm_not_happened", "amount", cmd.Amount.String(), "order", r.Ref())},
			}
		}
	default:
		c.Tone, c.Foot = chat.Primary, p.T("refund.foot.working", "asker", asker, "who", list)
		if r.State == RefundApproved && r.Error != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("refund.waits", "why", whyText(p, r.Error))})
			if !r.Due.IsZero() {
				c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("settle.goes_out", "when", stampAs("15:04", r.Due, v.Zone))})
			}
		}
	}
	if r.Error == askPerson || r.Error == byHand {
		c.Parts = append(c.Parts, lookParts(v, p)...)
		cut = cut || len(v.Looks) > looksOnCard
	}
	if cut && !v.Full {
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("approval.button.all"), Command: "approvals " + r.ID})
	}
	if r.Body.Link != "" {
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("button.order"), URL: r.Body.Link})
	}
	return c
}

// refundFields are the facts of a refund in the order in which people read them.
func refundFields(v refundView, p *i18n.Printer) []chat.Field {
	r, cmd := v.Refund, v.Refund.Body.Cmd
	fields := []chat.Field{{Label: p.T("field.refund"), Value: r.ID}, {Label: p.T("field.store"), Value: v.Store.Name}, {Label: p.T("field.order"), Value: r.Ref()}}
	if r.Body.Buyer != "" {
		fields = append(fields, chat.Field{Label: p.T("field.buyer"), Value: r.Body.Buyer})
	}
	fields = append(fields, refundWhat(r, p)...)
	fields = append(fields,
		chat.Field{Label: p.T("field.reason"), Value: p.T(i18n.Key("reason." + string(cmd.Reason)))},
		chat.Field{Label: p.T("field.order_total"), Value: r.Body.Total.String()},
		chat.Field{Label: p.T("field.refunded_before"), Value: cmd.Before.String()})
	if left := r.Body.Left; left.Currency == cmd.Amount.Currency {
		fields = append(fields, chat.Field{Label: p.T("approval.left_after"), Value: left.Sub(cmd.Amount).String()})
	}
	fields = append(fields, chat.Field{Label: p.T("field.order_state"), Value: p.T(i18n.Key("order.state." + r.Body.Status))})
	// Last, because a conversion is the one long fact, and would leave a gap before what follows.
	return append(fields, rulingFields(p, r.Body.Ruling)...)
}

// refundWords puts what people wrote and what was found onto a card. It tells
// whether some of it was cut.
func refundWords(c *chat.Card, v refundView, p *i18n.Printer) (cut bool) {
	r, cmd := v.Refund, v.Refund.Body.Cmd
	short := func(s string) string {
		if v.Full {
			return s
		}
		x := chat.Shorten(s, noteOnCard, chat.Runes)
		cut = cut || x != s
		return x
	}
	if len(r.Body.Titles) > 0 && len(cmd.Lines) == 0 {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: short(strings.Join(r.Body.Titles, " · "))})
	}
	if cmd.Note != "" {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("field.note"), Text: short(cmd.Note)})
	}
	for i, f := range r.Body.Findings {
		if i == findingsOnCard && !v.Full {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("approval.more_findings", "n", len(r.Body.Findings)-i)})
			cut = true
			break
		}
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: short(f.Say(p))})
	}
	questions := v.Questions
	if n := len(questions); n > 2 && !v.Full {
		questions, cut = questions[n-2:], true
	}
	for _, q := range questions {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("approval.asks", "who", v.Name(string(q.By))), Text: short(q.Text)})
		if q.Answer != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("approval.answers", "who", v.Name(string(q.AnsweredBy))), Text: short(q.Answer)})
		}
	}
	return cut
}

// lookParts are the evidence: what was sent, what the platform showed, and what a
// person found.
func lookParts(v refundView, p *i18n.Printer) []chat.Part {
	looks := v.Looks
	if n := len(looks); n > looksOnCard && !v.Full {
		looks = looks[n-looksOnCard:]
		if v.Looks[0].What == lookSent {
			looks = append([]refundLook{v.Looks[0]}, looks[1:]...)
		}
	}
	var out []chat.Part
	for _, x := range looks {
		at := stamp(x.First, v.Zone)
		if x.Times > 1 {
			at = p.T("settle.look.span", "from", at, "to", stamp(x.Last, v.Zone), "n", int(x.Times))
		}
		who := ""
		if x.What == foundYes || x.What == foundNo {
			who = v.Name(x.Receipt)
		}
		key := i18n.Key("settle.look." + x.What)
		if !p.Has(key) {
			key = "settle.look.trouble"
		}
		text := p.T(key, "when", at, "who", who, "why", whyText(p, x.What))
		if x.Receipt != "" && who == "" {
			text = p.T("settle.look.receipt", "text", text, "receipt", x.Receipt)
		}
		out = append(out, chat.Part{Kind: chat.Note, Text: text})
	}
	return out
}

// voidCard is what is left of a card whose facts have changed.
func voidCard(r Payback, store *Store, p *i18n.Printer) chat.Card {
	return chat.Card{Title: p.T("approval.void_title", "id", r.ID, "order", r.Ref()), Parts: []chat.Part{
		{Kind: chat.Fields, Fields: []chat.Field{{Label: p.T("field.refund"), Value: r.ID}, {Label: p.T("field.store"), Value: store.Name}, {Label: p.T("field.order"), Value: r.Ref()}}},
		{Kind: chat.Text, Text: p.T("approval.void", "id", r.ID)}}}
}
