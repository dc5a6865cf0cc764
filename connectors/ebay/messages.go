package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"helloworld/connectors"
)

const (
	// messagePage is the most that eBay gives at once; offsets are multiples of it.
	messagePage = 50
	// maxPages bounds how far back one conversation is read.
	maxPages = 40
	// lookBack is how much older than the cursor messages still count. A
	// conversation that moves to the front of the list while it is read is met
	// again next time, together with what was missed in it.
	lookBack = 48 * time.Hour
	// messageLimit is eBay's own.
	messageLimit = 2000
	// fromMembers leaves out what eBay itself writes.
	fromMembers = "FROM_MEMBERS"
)

// MessageLimit is the most characters one message may have.
func (s *Shop) MessageLimit() int { return messageLimit }

// Messages lists what was said since the cursor, by both sides. Within a page
// the oldest comes first; a page holds whole conversations.
func (s *Shop) Messages(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Message], error) {
	var page connectors.Page[connectors.Message]
	at, err := placeOf(since.Token)
	if err != nil {
		return page, invalid(opMessages, "cursor", err.Error())
	}
	seller, err := s.seller(ctx)
	if err != nil {
		return page, err
	}
	limit := messagePage
	if since.Limit > 0 {
		limit = min(since.Limit, messagePage)
	}
	q := url.Values{"conversation_type": {fromMembers}, "limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(at.Offset)}}
	var back time.Time
	if !since.Since.IsZero() {
		q.Set("start_time", stamp(since.Since))
		back = since.Since.Add(-lookBack)
	}
	var list wireConversations
	if err := s.read(ctx, opMessages, s.base+"/commerce/message/v1/conversation", q, &list); err != nil {
		return page, err
	}
	page.Total = list.Total
	for _, raw := range list.Conversations {
		c, err := readConversation(raw)
		var msgs []connectors.Message
		var bad []connectors.BadItem
		if err == nil {
			msgs, bad, err = s.conversation(ctx, c, seller, back)
		}
		switch connectors.KindOf(err) {
		case connectors.NotFound, connectors.Invalid:
			// eBay lists it and does not give it out: the others go on without it.
		default:
			if err != nil {
				return connectors.Page[connectors.Message]{}, err
			}
		}
		if err != nil {
			page.Bad = append(page.Bad, connectors.BadItem{ID: orElse(c.ID, "?"), Err: err, Raw: raw})
			continue
		}
		page.Items, page.Bad = append(page.Items, msgs...), append(page.Bad, bad...)
	}
	for _, m := range page.Items {
		if m.At.After(at.Seen) {
			at.Seen = m.At
		}
	}
	slices.SortStableFunc(page.Items, func(a, b connectors.Message) int { return a.At.Compare(b.At) })
	page.Next = connectors.Cursor{Since: since.Since, Limit: since.Limit}
	if at.Offset+len(list.Conversations) < list.Total && len(list.Conversations) > 0 {
		at.Offset += limit
		page.Next.Token, page.More = at.token(), true
		return page, nil
	}
	if !at.Seen.IsZero() && at.Seen.Add(-overlap).After(since.Since) {
		page.Next.Since = at.Seen.Add(-overlap)
	}
	return page, nil
}

// readConversation reads a conversation of the list.
func readConversation(raw json.RawMessage) (wireConversation, error) {
	var c wireConversation
	err := json.Unmarshal(raw, &c)
	if err == nil && c.ID == "" {
		err = errors.New("it has no id")
	}
	if err != nil {
		return c, invalid(opMessages, "unreadable", "a conversation cannot be read: "+err.Error())
	}
	return c, nil
}

// conversation reads a conversation back to a time, newest first as eBay gives it.
func (s *Shop) conversation(ctx context.Context, c wireConversation, seller string, back time.Time) (out []connectors.Message, bad []connectors.BadItem, err error) {
	for i := range maxPages {
		list, err := s.talk(ctx, c.ID, i*messagePage)
		if err != nil {
			return nil, nil, err
		}
		older := false
		for _, raw := range list.Messages {
			m, err := s.message(raw, c, seller)
			if err != nil {
				bad = append(bad, connectors.BadItem{ID: c.ID, Err: invalid(opMessages, "unreadable", err.Error()), Raw: raw})
				continue
			}
			if m.At.Before(back) {
				older = true
				continue
			}
			out = append(out, m)
		}
		if older || (i+1)*messagePage >= list.Total || len(list.Messages) == 0 {
			break
		}
	}
	return out, bad, nil
}

func (s *Shop) talk(ctx context.Context, id string, offset int) (wireMessages, error) {
	var list wireMessages
	q := url.Values{"conversation_type": {fromMembers}, "limit": {strconv.Itoa(messagePage)}, "offset": {strconv.Itoa(offset)}}
	err := s.read(ctx, opMessages, s.base+"/commerce/message/v1/conversation/"+url.PathEscape(id), q, &list)
	return list, err
}

var orderIn = regexp.MustCompile(`\b\d{2}-\d{5}-\d{5}\b`)

// mediaTypes are eBay's words for what is attached.
var mediaTypes = map[string]string{"IMAGE": "image/*", "PDF": "application/pdf", "DOC": "application/msword", "TXT": "text/plain"}

var errNoMessage = errors.New("it is not a message")

// message makes our message of eBay's.
func (s *Shop) message(raw json.RawMessage, c wireConversation, seller string) (connectors.Message, error) {
	var w wireMessage
	if err := json.Unmarshal(raw, &w); err != nil {
		return connectors.Message{}, errors.Join(errNoMessage, err)
	}
	if w.ID == "" {
		return connectors.Message{}, errors.Join(errNoMessage, errors.New("it has no id"))
	}
	at, err := when(w.Created)
	if err != nil || at.IsZero() {
		return connectors.Message{}, errors.Join(errNoMessage, errors.New("it has no date"), err)
	}
	m := connectors.Message{ID: w.ID, Thread: c.ID, Subject: orElse(w.Subject, c.Title), Text: w.Body, At: at, Site: s.site(""), Raw: raw,
		FromShop: strings.EqualFold(w.From, seller)}
	m.Buyer.ID = w.From
	if m.FromShop {
		m.Buyer.ID = w.To
		s.mu.Lock()
		m.Key = s.claims[w.ID]
		s.mu.Unlock()
	}
	m.Order = orElse(orderIn.FindString(w.Subject), orderIn.FindString(w.Body))
	for _, f := range w.Media {
		m.Files = append(m.Files, connectors.Attachment{Name: f.Name, MIME: mediaTypes[f.Type], URL: f.URL})
	}
	return m, nil
}

type sendBody struct {
	Conversation string `json:"conversationId,omitempty"`
	Party        string `json:"otherPartyUsername,omitempty"`
	Text         string `json:"messageText"`
}

// Send sends one message, into its conversation or, if there is none, to the
// buyer by name.
func (s *Shop) Send(ctx context.Context, m connectors.Outgoing) (connectors.Receipt, error) {
	no := connectors.Receipt{State: connectors.StateRejected}
	text := strings.TrimSpace(m.Text)
	switch n := utf8.RuneCountInString(text); {
	case m.Key == "":
		return no, invalid(opSend, "no_key", "a message needs a key")
	case n == 0:
		return no, invalid(opSend, "empty", "the message says nothing")
	case n > messageLimit:
		return no, invalid(opSend, "too_long", "a message may have "+strconv.Itoa(messageLimit)+" characters, this one has "+strconv.Itoa(n))
	case m.Thread == "" && m.Buyer.ID == "":
		return no, invalid(opSend, "nobody", "there is neither a conversation nor a buyer to write to")
	}
	if id := s.idOf(m.Key); id != "" {
		return connectors.Receipt{State: connectors.StateApplied, ID: id}, nil
	}
	body := sendBody{Conversation: m.Thread, Text: text}
	if m.Thread == "" {
		body.Party = m.Buyer.ID
	}
	var out struct {
		ID string `json:"messageId"`
	}
	if err := s.write(ctx, opSend, s.base+"/commerce/message/v1/send_message", body, &out); err != nil {
		if connectors.KindOf(err) == connectors.Unsure {
			s.remember(m.Key, "")
			return connectors.Receipt{State: connectors.StateUnknown, After: lookAgain}, err
		}
		return connectors.Receipt{State: refusal(err), Code: codeOf(err)}, err
	}
	if out.ID == "" {
		s.remember(m.Key, "")
		return connectors.Receipt{State: connectors.StateUnknown, After: lookAgain},
			&connectors.Error{Kind: connectors.Unsure, Platform: Platform, Op: opSend, Code: "unclear", Err: errors.New("the answer names no message")}
	}
	s.remember(m.Key, out.ID)
	return connectors.Receipt{State: connectors.StateApplied, ID: out.ID}, nil
}

// SendState reads the conversation: is a message of ours with these words there,
// not older than the approval?
func (s *Shop) SendState(ctx context.Context, m connectors.Outgoing) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	unsure := connectors.Receipt{State: connectors.StateUnknown, After: lookAgain}
	if id := s.idOf(m.Key); id != "" {
		return connectors.Receipt{State: connectors.StateApplied, ID: id}, nil
	}
	seller, err := s.seller(ctx)
	if err != nil {
		return unsure, err
	}
	threads := []wireConversation{{ID: m.Thread}}
	if m.Thread == "" {
		var list wireConversations
		q := url.Values{"conversation_type": {fromMembers}, "other_party_username": {m.Buyer.ID}, "limit": {strconv.Itoa(messagePage)}, "offset": {"0"}}
		if err := s.read(ctx, opMessages, s.base+"/commerce/message/v1/conversation", q, &list); err != nil {
			return unsure, err
		}
		threads = nil
		for _, raw := range list.Conversations {
			c, err := readConversation(raw)
			if err != nil {
				return unsure, err // it may be the very one
			}
			threads = append(threads, c)
		}
	}
	back := time.Time{}
	if !m.Asked.IsZero() {
		back = m.Asked.Add(-clockSlack)
	}
	want := words(m.Text)
	for _, c := range threads {
		said, _, err := s.conversation(ctx, c, seller, back)
		if err != nil {
			return unsure, err
		}
		for _, x := range said {
			if x.FromShop && (x.Key == "" || x.Key == m.Key) && words(x.Text) == want {
				s.remember(m.Key, x.ID)
				return connectors.Receipt{State: connectors.StateApplied, ID: x.ID}, nil
			}
		}
	}
	if s.settling(m.Key) {
		return unsure, nil
	}
	return connectors.Receipt{State: connectors.StateAbsent}, nil
}

// words is a text without what may change on its way: spaces, line ends and
// escaped characters.
func words(s string) string { return strings.Join(strings.Fields(html.UnescapeString(s)), " ") }
