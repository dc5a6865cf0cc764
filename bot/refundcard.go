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
	Refund   Payback
	Approval approvals.Approval
	Store    *Store
	Name     func(id string) string
	Zone     *time.Location
}

func refundCard(v refundView, p *i18n.Printer) chat.Card {
	r, cmd := v.Refund, v.Refund.Body.Cmd
	asker := v.Name(string(r.By))
	var yes []string
	no, reason := "", ""
	for _, x := range v.Approval.Votes {
		if x.Yes {
			yes = append(yes, v.Name(string(x.Who)))
		} else {
			no, reason = v.Name(string(x.Who)), x.Reason
		}
	}
	list := strings.Join(yes, p.T("common.comma"))
	c := chat.Card{Title: p.T(i18n.Key("refund.title."+string(r.State)), "amount", cmd.Amount.String(), "n", v.Approval.Left())}
	fields := []chat.Field{
		{Label: p.T("field.refund"), Value: r.ID},
		{Label: p.T("field.store"), Value: v.Store.Name},
		{Label: p.T("field.order"), Value: r.Ref()},
		{Label: p.T("field.amount"), Value: cmd.Amount.String()},
		{Label: p.T("field.reason"), Value: p.T(i18n.Key("reason." + string(cmd.Reason)))},
		{Label: p.T("field.order_total"), Value: r.Body.Total.String()},
		{Label: p.T("field.refunded_before"), Value: cmd.Before.String()},
		{Label: p.T("field.order_state"), Value: p.T(i18n.Key("order.state." + r.Body.Status))},
		{Label: p.T("field.asked_by"), Value: asker},
	}
	fields = append(fields, refundWhat(r, p)...)
	if r.Body.Buyer != "" {
		fields = append(fields, chat.Field{Label: p.T("field.buyer"), Value: r.Body.Buyer})
	}
	c.Parts = []chat.Part{{Kind: chat.Fields, Fields: fields}}
	if len(r.Body.Titles) > 0 {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: strings.Join(r.Body.Titles, " · ")})
	}
	if cmd.Note != "" {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("field.note"), Text: cmd.Note})
	}
	switch r.State {
	case RefundAsked:
		c.Tone = chat.Warning
		c.Buttons = []chat.Button{
			{Label: p.T("button.approve"), Command: "approve " + r.ID, Tone: chat.Primary,
				Confirm: p.T("refund.confirm", "amount", cmd.Amount.String(), "order", r.Ref())},
			{Label: p.T("button.deny"), Command: "deny " + r.ID, Tone: chat.Bad},
		}
		c.Foot = p.T("refund.foot.asked", "until", stamp(v.Approval.Until, v.Zone))
		if list != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("refund.approved_so_far", "who", list)})
		}
	case RefundConfirmed:
		c.Tone, c.Foot = chat.Good, p.T("refund.foot.confirmed", "asker", asker, "who", list, "when", stamp(r.Updated, v.Zone))
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
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("refund.rejected", "why", whyText(p, r.Error))})
	case RefundUnknown:
		c.Tone, c.Foot = chat.Warning, p.T("refund.foot.unknown", "asker", asker, "who", list)
		if r.Error == askPerson {
			c.Tone = chat.Bad
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("refund.ask_person", "order", r.Ref())})
		}
	default:
		c.Tone, c.Foot = chat.Primary, p.T("refund.foot.working", "asker", asker, "who", list)
		if r.State == RefundApproved && r.Error != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("refund.waits", "why", whyText(p, r.Error))})
		}
	}
	return c
}
