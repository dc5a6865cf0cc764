package bot

import (
	"context"
	"strings"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/i18n"
)

func (d *Desk) paintReplacement(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	r, err := getReplacement(tx, id)
	if err != nil {
		return chat.Card{}, "", err
	}
	v := refundView{Refund: r.Payback, Store: d.storeOr(r.Store), Name: d.name, Zone: d.Zone}
	if v.Approval, err = approvals.Get(tx, r.Approval); err != nil {
		return chat.Card{}, "", err
	}
	if v.Questions, err = approvals.Questions(tx, r.Approval); err != nil {
		return chat.Card{}, "", err
	}
	if v.Lent, err = approvals.LentFor(tx, r.Approval); err != nil {
		return chat.Card{}, "", err
	}
	return replacementCard(v, r, p), r.Facts, nil
}

// replacementCard is the card of goods that are sent again. What is the same as
// with a refund is drawn by the same hand.
func replacementCard(v refundView, r Replacement, p *i18n.Printer) chat.Card {
	asker := v.Name(string(r.By))
	yes, no, why := cast(p, v.Approval, v.Name)
	what := ReplacementWhat(p, r.Body)
	c := chat.Card{Title: p.T(i18n.Key("replace.title."+string(r.State)), "what", what, "n", v.Approval.Left())}
	fields := []chat.Field{{Label: p.T("replace.field.id"), Value: r.ID}, {Label: p.T("field.store"), Value: v.Store.Name}, {Label: p.T("field.order"), Value: r.Ref()}}
	for _, f := range refundWhat(r.Payback, p) {
		if f.Label == p.T("field.refund_for") {
			f.Label = p.T("replace.field.lines")
		}
		fields = append(fields, f)
	}
	fields = append(fields, chat.Field{Label: p.T("field.reason"), Value: p.T(i18n.Key("reason." + string(r.Body.Cmd.Reason)))},
		chat.Field{Label: p.T("replace.field.value"), Value: r.Body.Cmd.Amount.String()})
	fields = append(fields, rulingFields(p, r.Body.Ruling)...)
	if parcel := strings.TrimSpace(r.Carrier + " " + r.Tracking); parcel != "" {
		fields = append(fields, chat.Field{Label: p.T("replace.field.parcel"), Value: parcel})
	}
	c.Parts = []chat.Part{{Kind: chat.Fields, Fields: fields}}
	v.Full = true // there is no other place to read the rest of it
	refundWords(&c, v, p)
	list := p.List(yes...)
	switch r.State {
	case RefundAsked:
		c.Tone, c.Foot = chat.Warning, p.T("approval.foot", "asker", asker, "until", stamp(v.Approval.Until, v.Zone))
		c.Buttons = []chat.Button{
			{Label: p.T("button.approve"), Command: "approve " + r.ID, Tone: chat.Primary, Confirm: p.T("replace.confirm", "what", what, "order", r.Ref())},
			{Label: p.T("button.deny"), Command: "deny " + r.ID, Tone: chat.Bad},
			{Label: p.T("approval.button.ask"), Command: "ask " + r.ID},
			{Label: p.T("approval.button.hand_on"), Command: "delegate " + r.ID},
		}
		if list != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("refund.approved_so_far", "who", list)})
		}
		for _, x := range v.Lent {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("approval.handed_on", "id", r.ID, "who", v.Name(string(x.From)), "whom", v.Name(string(x.To)))})
		}
	case RefundApproved:
		c.Tone, c.Foot = chat.Primary, p.T("refund.foot.working", "asker", asker, "who", list)
		say := p.T("replace.please_send")
		if r.Body.exchange() {
			say = p.T("replace.please_exchange")
		}
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: say})
		c.Buttons = []chat.Button{{Label: p.T("replace.button.sent"), Command: "settle " + r.ID + " sent", Tone: chat.Primary}}
	case RefundConfirmed:
		c.Tone, c.Foot = chat.Good, p.T("replace.foot.sent", "asker", asker, "who", list, "sender", v.Name(string(r.SentBy)), "when", stamp(r.Updated, v.Zone))
	case RefundDenied:
		c.Foot = p.T("replace.foot.denied", "asker", asker, "who", no)
		if no == asker {
			c.Foot = p.T("replace.foot.withdrawn", "asker", asker)
		}
		if why != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("field.why"), Text: why})
		}
	default:
		c.Foot = p.T("replace.foot.expired", "asker", asker)
	}
	if r.Body.Link != "" {
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("button.order"), URL: r.Body.Link})
	}
	return c
}
