package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const messageAPI = "API_MESSAGE"

// thread is a conversation on eBay.
type thread struct {
	id       string
	buyer    *buyer
	order    *order
	item     string
	title    string
	status   string
	created  time.Time
	messages []*message
}

type message struct {
	id, text, subject string
	shop              bool
	at                time.Time
	photo             int // number of a picture; 0 is none
	media             []ebayMedia
	read              bool
}

type ebayMedia struct {
	Name string `json:"mediaName"`
	Type string `json:"mediaType"`
	URL  string `json:"mediaUrl"`
}

// threadOf is the conversation with a buyer about an order, made if need be.
func (s *store) threadOf(b *buyer, o *order) *thread {
	for _, t := range s.threads {
		if t.buyer.id == b.id && t.order == o {
			return t
		}
	}
	s.keep(o)
	t := &thread{id: strconv.FormatInt(1840000000+s.next(), 10), buyer: b, order: o, status: "ACTIVE", created: s.w.now()}
	if o != nil && len(o.lines) > 0 {
		t.item, t.title = o.lines[0].item, o.lines[0].title
	}
	s.threads = append(s.threads, t)
	return t
}

func (s *store) say(t *thread, shop bool, text string, photo int) *message {
	x := &message{id: strconv.FormatInt(2520000000+s.next(), 10), text: text, shop: shop, at: s.w.now(), photo: photo, subject: t.title, read: shop}
	t.messages = append(t.messages, x)
	t.status = "ACTIVE"
	if about := ""; !shop {
		if t.order != nil {
			about = t.order.id
		}
		s.changed(changeMessage, x.id, t.buyer.id, about)
	}
	return x
}

func (w *World) ebayMessageJSON(c *call, t *thread, x *message) m {
	from, to := t.buyer.username, c.s.seller
	if x.shop {
		from, to = to, from
	}
	media := append([]ebayMedia{}, x.media...)
	if x.photo > 0 {
		media = append(media, ebayMedia{Name: "photo-" + strconv.Itoa(x.photo) + ".png", Type: "IMAGE", URL: w.base(c.Request) + "/images/" + strconv.Itoa(x.photo) + ".png"})
	}
	return m{"messageId": x.id, "messageBody": x.text, "subject": x.subject, "createdDate": stamp(x.at), "readStatus": x.read,
		"senderUsername": from, "recipientUsername": to, "messageMedia": media}
}

func (w *World) ebayTalk(c *call, t *thread) m {
	unread := 0
	for _, x := range t.messages {
		if !x.read && !x.shop {
			unread++
		}
	}
	out := m{"conversationId": t.id, "conversationType": "FROM_MEMBERS", "conversationStatus": t.status, "conversationTitle": t.title,
		"createdDate": stamp(t.created), "unreadCount": unread}
	if t.item != "" {
		out["referenceId"], out["referenceType"] = t.item, "LISTING"
	}
	if n := len(t.messages); n > 0 {
		out["latestMessage"] = w.ebayMessageJSON(c, t, t.messages[n-1])
	}
	return out
}

func msgError(code int, text string) reply {
	return ebayError(http.StatusBadRequest, code, messageAPI, "REQUEST", text)
}

func conversationType(q url.Values) *reply {
	var bad reply
	switch q.Get("conversation_type") {
	case "FROM_MEMBERS", "FROM_EBAY":
		return nil
	case "":
		bad = msgError(355017, "The required conversation_type query parameter is either missing or has an invalid value. Please include this parameter and use a supported value.")
	default:
		bad = msgError(355002, "Invalid conversation_type value. Please see documentation for valid values.")
	}
	return &bad
}

func (w *World) ebayConversations(c *call) reply {
	q := c.URL.Query()
	if bad := conversationType(q); bad != nil {
		return *bad
	}
	limit, offset, bad := ebayPage(c, 25, 50, 355009, 355008, messageAPI)
	if bad != nil {
		return *bad
	}
	if q.Get("reference_id") != "" && q.Get("reference_type") == "" {
		return msgError(355022, "The parameter reference_type is required whenever reference_id is provided.")
	}
	if t := q.Get("reference_type"); t != "" && t != "LISTING" {
		return msgError(355003, "Invalid reference_type value. Please see documentation for valid values.")
	}
	state := q.Get("conversation_status")
	if state != "" && !slices.Contains([]string{"ACTIVE", "ARCHIVE", "DELETE", "READ", "UNREAD"}, state) {
		return msgError(355001, "Invalid conversation_status value. Please see documentation for valid values.")
	}
	var when span
	for i, name := range []string{"start_time", "end_time"} {
		v := q.Get(name)
		if v == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return msgError(355005, "Invalid date format used for one or both date filters. Please use ISO 8601 dates with UTC offset.")
		}
		if i == 0 {
			when.from = at
		} else {
			when.to = at
		}
	}
	if !when.to.IsZero() && when.to.Before(when.from) {
		return msgError(355004, "The start_time must be an earlier date than end_time.")
	}
	var found []*thread
	for _, t := range c.s.threads {
		last := t.created
		if n := len(t.messages); n > 0 {
			last = t.messages[n-1].at
		}
		unread := slices.ContainsFunc(t.messages, func(x *message) bool { return !x.read })
		switch {
		case q.Get("conversation_type") == "FROM_EBAY",
			!when.holds(last),
			q.Get("other_party_username") != "" && q.Get("other_party_username") != t.buyer.username,
			q.Get("reference_id") != "" && q.Get("reference_id") != t.item,
			state == "UNREAD" && !unread, state == "READ" && unread,
			(state == "ACTIVE" || state == "ARCHIVE" || state == "DELETE") && state != t.status:
			continue
		}
		found = append(found, t)
	}
	// The conversation in which something was said last comes first.
	slices.SortStableFunc(found, func(a, b *thread) int {
		return b.messages[len(b.messages)-1].at.Compare(a.messages[len(a.messages)-1].at)
	})
	out := []m{}
	for _, t := range found[min(offset, len(found)):min(offset+limit, len(found))] {
		out = append(out, w.ebayTalk(c, t))
	}
	return jsonReply(http.StatusOK, w.ebayLinks(c, m{"conversations": out}, limit, offset, len(found)))
}

func (s *store) thread(id string) *thread {
	for _, t := range s.threads {
		if t.id == id {
			return t
		}
	}
	return nil
}

func (w *World) ebayConversation(c *call, id string) reply {
	if bad := conversationType(c.URL.Query()); bad != nil {
		return *bad
	}
	limit, offset, bad := ebayPage(c, 25, 50, 355009, 355008, messageAPI)
	if bad != nil {
		return *bad
	}
	t := c.s.thread(id)
	if t == nil {
		return msgError(355007, "Invalid or unrecognized conversation_id value.")
	}
	list := slices.Clone(t.messages)
	slices.Reverse(list) // newest first
	out := []m{}
	for _, x := range list[min(offset, len(list)):min(offset+limit, len(list))] {
		out = append(out, w.ebayMessageJSON(c, t, x))
	}
	return jsonReply(http.StatusOK, w.ebayLinks(c, m{"messages": out, "conversationTitle": t.title, "conversationType": "FROM_MEMBERS", "conversationStatus": t.status},
		limit, offset, len(list)))
}

func (w *World) ebaySend(c *call) reply {
	var q struct {
		Conversation string      `json:"conversationId"`
		Party        string      `json:"otherPartyUsername"`
		Text         string      `json:"messageText"`
		Media        []ebayMedia `json:"messageMedia"`
		Reference    *struct {
			ID   string `json:"referenceId"`
			Type string `json:"referenceType"`
		} `json:"reference"`
	}
	if decode(c.body, &q) != nil {
		return msgError(355015, "Please pass message text or upload one of more media attachments.")
	}
	switch {
	case q.Text == "" && len(q.Media) == 0:
		return msgError(355015, "Please pass message text or upload one of more media attachments.")
	case len([]rune(q.Text)) > 2000:
		return msgError(355013, "The messageText string exceeds the maximum character threshold of 2000. Please modify the message text to meet this requirement.")
	case len(q.Media) > 5:
		return msgError(355010, "The maximum amount of media that may be sent is 5. Please reduce the number of media in the messageMedia array to 5 and try again.")
	case q.Conversation == "" && q.Party == "":
		return msgError(355018, "conversationId and otherPartyUsername cannot both be empty.")
	}
	for _, md := range q.Media {
		u, err := url.Parse(md.URL)
		switch {
		case md.Name == "" || md.Type == "" || md.URL == "":
			return msgError(355012, "All fields under messageMedia are required. Please add missing field(s).")
		case !slices.Contains([]string{"IMAGE", "PDF", "DOC", "TXT"}, md.Type):
			return msgError(355011, "Invalid mediaType value. Please see documentation for valid values.")
		case err != nil || u.Scheme != "https":
			return msgError(355014, "Invalid mediaUrl. Please see documentation.")
		}
	}
	if ref := q.Reference; ref != nil {
		switch {
		case ref.ID == "" || ref.Type == "":
			return msgError(355021, "All fields under reference are required. Please add missing field(s).")
		case ref.Type != "LISTING":
			return msgError(355003, "Invalid referenceType value. Please see documentation for valid values.")
		}
	}
	t := c.s.thread(q.Conversation)
	if q.Conversation != "" && t == nil {
		return msgError(355007, "Invalid or unrecognized conversation_id value.")
	}
	if t == nil {
		b := c.s.buyer(q.Party)
		if b == nil {
			return msgError(355006, "Invalid or unrecognized otherPartyUsername value.")
		}
		var about *order
		for _, o := range c.s.ordersOf(b) {
			if q.Reference == nil || o.lines[0].item == q.Reference.ID {
				about = o
			}
		}
		t = c.s.threadOf(b, about)
	}
	x := c.s.say(t, true, q.Text, 0)
	x.media = q.Media
	number := ""
	if t.order != nil {
		number = t.order.id
	}
	c.s.answered = append(c.s.answered, answered{buyer: t.buyer, order: t.order, thread: t})
	w.recordMessage(MessageEntry{Store: c.s.Name, Buyer: t.buyer.id, Order: number, Text: q.Text, ID: x.id, By: "api", At: x.at})
	return jsonReply(http.StatusCreated, m{"messageId": x.id, "messageBody": x.text, "subject": x.subject, "createdDate": stamp(x.at), "readStatus": false,
		"senderUserName": c.s.seller, "recipientUserName": t.buyer.username, "messageMedia": append([]ebayMedia{}, x.media...)})
}

func (w *World) ebayUpdate(c *call) reply {
	var q struct {
		Conversation string `json:"conversationId"`
		Status       string `json:"conversationStatus"`
		Type         string `json:"conversationType"`
		Read         *bool  `json:"read"`
	}
	if decode(c.body, &q) != nil || q.Type != "FROM_MEMBERS" && q.Type != "FROM_EBAY" {
		return msgError(355002, "Invalid conversationType value. Please see documentation for valid values.")
	}
	t := c.s.thread(q.Conversation)
	switch {
	case t == nil:
		return msgError(355007, "Invalid or unrecognized conversation_id value.")
	case q.Read != nil: // eBay ignores the status when both are there
		for _, x := range t.messages {
			x.read = *q.Read || x.shop
		}
	case slices.Contains([]string{"ACTIVE", "ARCHIVE", "DELETE", "READ", "UNREAD"}, q.Status):
		t.status = q.Status
	default:
		return msgError(355001, "Invalid conversationStatus value. Please see documentation for valid values.")
	}
	return reply{status: http.StatusNoContent}
}
