package sandbox

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// amazonActions are the messages that may be sent, and the most letters that
// each carries; 0 means it carries no words of the seller's.
var amazonActions = map[string]int{"confirmCustomizationDetails": 800, "confirmDeliveryDetails": 2000, "legalDisclosure": 0, "confirmOrderDetails": 2000,
	"confirmServiceDetails": 2000, "warranty": 0, "digitalAccessKey": 400, "unexpectedProblem": 2000, "invoice": 0}

// actionsFor are the messages that an order's state allows. One of them is no
// operation any more, as the live platform's own examples still have it.
func actionsFor(o *order) []string {
	switch o.status {
	case unshipped:
		return []string{"confirmCustomizationDetails", "confirmOrderDetails", "unexpectedProblem"}
	case partly:
		return []string{"confirmDeliveryDetails", "confirmOrderDetails", "unexpectedProblem"}
	case shipped:
		return []string{"confirmDeliveryDetails", "legalDisclosure", "unexpectedProblem", "invoice"}
	case delivered:
		return []string{"legalDisclosure", "warranty", "unexpectedProblem", "invoice", "negativeFeedbackRemoval"}
	}
	return nil
}

// messageRoutes are the operations about messages to buyers.
func (w *World) messageRoutes() []amazonRoute {
	const base, role = "/messaging/v1/orders/{}", "messaging"
	return []amazonRoute{
		{http.MethodGet, base, "templates", role, 1, 5, false, named(w.amazonActionList)},
		{http.MethodGet, base + "/attributes", "templates", role, 1, 5, false, named(w.amazonAttributes)},
		{http.MethodPost, base + "/messages/{}", "template", role, 1, 5, false, w.amazonSend},
	}
}

func hal(a reply) reply {
	a.kind = "application/hal+json"
	return a
}

func messageRefusal(status int, code, why string) reply {
	return hal(amazonError(status, code, why, ""))
}

// aboutOrder finds the order that a message is about.
func aboutOrder(c *call, id string) (*order, *reply) {
	if ids := listOf(c.URL.Query(), "marketplaceIds"); len(ids) != 1 || ids[0] != c.s.Marketplace {
		bad := messageRefusal(http.StatusBadRequest, "InvalidInput", "marketplaceIds must name one marketplace of the seller.")
		return nil, &bad
	}
	o := c.s.order(id)
	if o == nil {
		bad := messageRefusal(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.")
		return nil, &bad
	}
	return o, nil
}

func (w *World) amazonActionList(c *call, id string) reply {
	o, bad := aboutOrder(c, id)
	if bad != nil {
		return *bad
	}
	base, query := "/messaging/v1/orders/"+o.id, "?marketplaceIds="+c.s.Marketplace
	links, inside := []m{}, []m{}
	for _, name := range actionsFor(o) {
		link := m{"href": base + "/messages/" + name + query, "name": name}
		links = append(links, link)
		inside = append(inside, m{"_links": m{"self": link, "schema": m{"href": base + "/messages/" + name + "/schema", "name": name}}, "payload": m{"name": name}})
	}
	links = append(links, m{"href": base + "/attributes" + query, "name": "attributes"})
	return hal(jsonReply(http.StatusOK, m{"_links": m{"self": m{"href": base + query}, "actions": links}, "_embedded": m{"actions": inside}}))
}

func (w *World) amazonAttributes(c *call, id string) reply {
	if _, bad := aboutOrder(c, id); bad != nil {
		return *bad
	}
	return hal(jsonReply(http.StatusOK, m{"buyer": m{"locale": strings.ReplaceAll(c.s.site().locale, "_", "-")}}))
}

var (
	looksLikeHTML = regexp.MustCompile(`<[a-zA-Z/!][^>]*>`)
	looksLikeMail = regexp.MustCompile(`[^\s@]+@[^\s@]+\.[^\s@]+`)
	looksLikeLink = regexp.MustCompile(`(?i)\b(https?://|www\.)`)
)

func (w *World) amazonSend(c *call, parts []string) reply {
	o, bad := aboutOrder(c, parts[0])
	if bad != nil {
		return *bad
	}
	invalid := func(why string) reply { return messageRefusal(http.StatusBadRequest, "InvalidInput", why) }
	action := parts[1]
	most, known := amazonActions[action]
	switch {
	case !known:
		return messageRefusal(http.StatusNotFound, "NotFound", "The requested resource doesn't exist.")
	case !slices.Contains(actionsFor(o), action):
		return messageRefusal(http.StatusForbidden, "Unauthorized", "This message is not allowed for the order at the moment.")
	}
	var q struct {
		Text        *string `json:"text"`
		Attachments []struct {
			ID   string `json:"uploadDestinationId"`
			Name string `json:"fileName"`
		} `json:"attachments"`
		From string `json:"coverageStartDate"`
		To   string `json:"coverageEndDate"`
	}
	// json.Unmarshal and not decode: here an empty body is no JSON.
	if json.Unmarshal(c.body, &q) != nil {
		return invalid("The body is not valid JSON.")
	}
	for _, a := range q.Attachments {
		if a.ID == "" || a.Name == "" {
			return invalid("attachments need uploadDestinationId and fileName.")
		}
	}
	text := ""
	switch {
	case most == 0 && q.Text != nil:
		return invalid("This message carries no text.")
	case most > 0 && (q.Text == nil || *q.Text == ""):
		return invalid("text is required.")
	case most > 0:
		text = *q.Text
	case action == "warranty":
		for _, v := range []string{q.From, q.To} {
			if _, err := time.Parse(time.RFC3339, v); v != "" && err != nil {
				return invalid("coverageStartDate and coverageEndDate must be ISO 8601 date-times.")
			}
		}
		if len(q.Attachments) == 0 && q.From == "" {
			return invalid("Either attachments or the dates of the coverage are required.")
		}
	case len(q.Attachments) == 0:
		return invalid("attachments are required.")
	}
	switch {
	case len([]rune(text)) > most:
		return invalid("text must not be longer than " + strconv.Itoa(most) + " characters.")
	case looksLikeHTML.MatchString(text):
		return invalid("text must not contain HTML.")
	case looksLikeMail.MatchString(text):
		return invalid("text must not contain e-mail addresses.")
	case looksLikeLink.MatchString(text):
		return invalid("text must not contain links that have nothing to do with the order.")
	}
	w.recordMessage(MessageEntry{Store: c.s.Name, Buyer: o.buyer.id, Order: o.id, Text: text, Key: action, ID: strconv.FormatInt(c.s.next(), 10), By: "api", At: w.now()})
	return hal(jsonReply(http.StatusCreated, m{}))
}
