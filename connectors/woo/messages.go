package woo

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	// noteLimit is well below what the shop's database holds of a note.
	noteLimit = 10_000
	// noteSlack is how far the shop's clock may be behind ours.
	noteSlack = 2 * time.Minute
)

// Messages lists what buyers wrote at the checkout, by the orders' last change.
// An order that changes brings its message again, under the same id.
func (s *Shop) Messages(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Message], error) {
	var page connectors.Page[connectors.Message]
	var err error
	page.Next, page.More, page.Total, err = s.changed(ctx, opNotes, since, func(raw json.RawMessage) (time.Time, error) {
		o, err := s.orderOf(raw)
		if err != nil {
			page.Bad = append(page.Bad, connectors.BadItem{ID: idOf(raw), Err: fail(connectors.Invalid, opNotes, "unreadable", err.Error()), Raw: raw})
			return time.Time{}, err
		}
		var w wireOrder
		if err := json.Unmarshal(raw, &w); err == nil && strings.TrimSpace(w.Note) != "" {
			page.Items = append(page.Items, connectors.Message{ID: "checkout-" + o.ID, Thread: o.ID, Order: o.ID, Text: w.Note, Buyer: o.Buyer,
				At: o.Created, Site: o.Site, Raw: raw})
		}
		return o.Updated, nil
	})
	page.Total = 0 // of orders, not of messages
	return page, err
}

// MessageLimit is the most characters of a note.
func (*Shop) MessageLimit() int { return noteLimit }

func orderIn(m connectors.Outgoing) string {
	if m.Order != "" {
		return m.Order
	}
	return m.Thread
}

// Send writes a note that the shop mails to the buyer.
func (s *Shop) Send(ctx context.Context, m connectors.Outgoing) (connectors.Receipt, error) {
	order := orderIn(m)
	if !digits.MatchString(order) {
		return connectors.Receipt{State: connectors.StateRejected}, fail(connectors.NotFound, opSend, "number", "there is no such order")
	}
	if strings.TrimSpace(m.Text) == "" || len([]rune(m.Text)) > noteLimit {
		return connectors.Receipt{State: connectors.StateRejected}, fail(connectors.Invalid, opSend, "length", "the message is empty or too long")
	}
	var done wireNote
	// What looks like a tag would be taken for one, and its words would be lost.
	in := map[string]any{"note": html.EscapeString(m.Text), "customer_note": true}
	if err := s.write(ctx, opSend, http.MethodPost, "/orders/"+order+"/notes", in, &done); err != nil {
		switch connectors.KindOf(err) {
		case connectors.Unsure:
			return connectors.Receipt{State: connectors.StateUnknown}, err
		case connectors.Invalid, connectors.NotFound:
			return connectors.Receipt{State: connectors.StateRejected, Code: codeOf(err)}, err
		}
		return connectors.Receipt{State: connectors.StateAbsent, Code: codeOf(err)}, err
	}
	return connectors.Receipt{State: connectors.StateApplied, ID: string(done.ID)}, nil
}

// SendState looks for a note to the buyer with these words, written since it was
// asked for.
func (s *Shop) SendState(ctx context.Context, m connectors.Outgoing) (connectors.Receipt, error) {
	order := orderIn(m)
	if !digits.MatchString(order) {
		return connectors.Receipt{State: connectors.StateUnknown}, fail(connectors.NotFound, opNotes, "number", "there is no such order")
	}
	var list []wireNote
	if _, err := s.read(ctx, opNotes, "/orders/"+order+"/notes", url.Values{"type": {"customer"}}, &list); err != nil {
		return connectors.Receipt{State: connectors.StateUnknown}, err
	}
	for _, n := range list {
		if n.ToBuyer && words(n.Note) == words(html.EscapeString(m.Text)) && !n.Created.Before(m.Asked.Add(-noteSlack)) {
			return connectors.Receipt{State: connectors.StateApplied, ID: string(n.ID)}, nil
		}
	}
	return connectors.Receipt{State: connectors.StateAbsent, After: 2 * time.Second}, nil
}

var (
	tag   = regexp.MustCompile(`<[^>]*>`)
	curly = strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`, "…", "...")
)

// words is a note's text without what a shop does to it for its pages: tags,
// entities, curly quotation marks, other white space.
func words(s string) string {
	s = html.UnescapeString(tag.ReplaceAllString(s, " "))
	return strings.Join(strings.Fields(curly.Replace(s)), " ")
}
