package amazon

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"helloworld/connectors"
)

// action is a message that the platform lets sellers send.
type action struct {
	// op is the operation's name in the model.
	op string
	// max is the most letters of the text; 0: it carries none.
	max int
	// file: it consists of a file and nothing else.
	file bool
}

// actions are the messages by the platform's names. Names that are not here, some
// of which its own sandbox still lists, are left out.
var actions = map[string]action{
	"confirmCustomizationDetails": {op: "confirmCustomizationDetails", max: 800},
	"confirmDeliveryDetails":      {op: "createConfirmDeliveryDetails", max: 2000},
	"confirmOrderDetails":         {op: "createConfirmOrderDetails", max: 2000},
	"confirmServiceDetails":       {op: "createConfirmServiceDetails", max: 2000},
	"digitalAccessKey":            {op: "createDigitalAccessKey", max: 400},
	"unexpectedProblem":           {op: "createUnexpectedProblem", max: 2000},
	"legalDisclosure":             {op: "createLegalDisclosure", file: true},
	"invoice":                     {op: "sendInvoice", file: true},
	"warranty":                    {op: "CreateWarranty", file: true},
}

// wireActions is what may be sent for an order now.
type wireActions struct {
	Links struct {
		Actions []struct {
			Href string `json:"href"`
			Name string `json:"name"`
		} `json:"actions"`
	} `json:"_links"`
}

// Templates lists what may be sent for an order now: those that carry a text.
// Messages that consist of a file are left out, since files cannot be handed in.
func (s *Seller) Templates(ctx context.Context, order string) ([]connectors.Template, error) {
	id, market, err := s.messaged(ctx, order)
	if err != nil {
		return nil, err
	}
	listed, err := s.listed(ctx, id, market)
	if err != nil {
		return nil, err
	}
	var out []connectors.Template
	for _, name := range listed {
		if a, ok := actions[name]; ok && !a.file {
			out = append(out, connectors.Template{ID: name, Text: a.max > 0, Max: a.max})
		}
	}
	return out, nil
}

// messaged is the order's id and its marketplace: messages want to know it.
func (s *Seller) messaged(ctx context.Context, order string) (id, market string, err error) {
	id = strings.TrimPrefix(strings.TrimSpace(order), "#")
	if len(s.markets) == 1 && orderID.MatchString(id) {
		return id, s.markets[0], nil
	}
	w, _, err := s.read(ctx, order)
	if err != nil {
		return "", "", err
	}
	return w.ID, s.marketsOf(w)[0], nil
}

func (s *Seller) listed(ctx context.Context, id, market string) ([]string, error) {
	var a wireActions
	if err := s.get(ctx, "getMessagingActionsForOrder", "/messaging/v1/orders/"+pathID(id), url.Values{"marketplaceIds": {market}}, &a); err != nil {
		return nil, err
	}
	var out []string
	for _, l := range a.Links.Actions {
		out = append(out, l.Name)
	}
	return out, nil
}

// SendTemplate sends one message. What the platform forbids in a text is refused
// here, since a breach of it costs the seller the permission to write at all.
func (s *Seller) SendTemplate(ctx context.Context, m connectors.TemplateMessage) (connectors.Receipt, error) {
	a, ok := actions[m.ID]
	switch {
	case !ok:
		return connectors.Receipt{}, fault(connectors.Unsupported, "sendTemplate", "no_such_template", "the platform has no message "+m.ID)
	case a.file:
		return connectors.Receipt{}, fault(connectors.Unsupported, a.op, "needs_file", "this message consists of a file")
	case m.Key == "":
		return connectors.Receipt{}, fault(connectors.Invalid, a.op, "incomplete", "a message needs a key")
	}
	if code, why := unfit(m.Text, a.max); code != "" {
		return connectors.Receipt{}, fault(connectors.Invalid, a.op, code, why)
	}
	id, market, err := s.messaged(ctx, m.Order)
	if err != nil {
		return connectors.Receipt{}, certain(a.op, err)
	}
	listed, err := s.listed(ctx, id, market)
	if err != nil {
		return connectors.Receipt{}, certain(a.op, err)
	}
	there := false
	for _, name := range listed {
		there = there || name == m.ID
	}
	if !there {
		return connectors.Receipt{}, fault(connectors.Unsupported, a.op, "not_allowed_now", "the platform does not allow this message for the order now")
	}
	if err := s.speaks(ctx, id, market, m.Lang, a.op); err != nil {
		return connectors.Receipt{}, err
	}
	err = s.do(ctx, connectors.Call{Op: a.op, Method: "POST", URL: s.base + "/messaging/v1/orders/" + pathID(id) + "/messages/" + m.ID + "?" + url.Values{"marketplaceIds": {market}}.Encode(),
		Body: map[string]string{"text": m.Text}}, nil)
	switch {
	case err != nil && connectors.KindOf(err) == connectors.Unsure:
		return connectors.Receipt{State: connectors.StateUnknown}, err
	case err != nil:
		return connectors.Receipt{}, err
	}
	return connectors.Receipt{State: connectors.StateApplied}, nil
}

// speaks refuses a text in another language than the buyer's, where both are known.
func (s *Seller) speaks(ctx context.Context, id, market string, lang language.Tag, op string) error {
	if lang == language.Und {
		return nil
	}
	want, err := s.BuyerLanguage(ctx, id, market)
	if err != nil {
		return certain(op, err)
	}
	have, _ := lang.Base()
	if base, _ := want.Base(); want != language.Und && base != have {
		return fault(connectors.Invalid, op, "buyer_language", "the buyer is to be written to in "+want.String())
	}
	return nil
}

// BuyerLanguage is the language that the platform wants an order's buyer to be
// written to in; Und if it does not say.
func (s *Seller) BuyerLanguage(ctx context.Context, order, market string) (language.Tag, error) {
	var a struct {
		Buyer struct {
			Locale string `json:"locale"`
		} `json:"buyer"`
	}
	if err := s.get(ctx, "GetAttributes", "/messaging/v1/orders/"+pathID(order)+"/attributes", url.Values{"marketplaceIds": {market}}, &a); err != nil {
		return language.Und, err
	}
	return language.Make(a.Buyer.Locale), nil
}

var (
	textHTML = regexp.MustCompile(`(?i)<\s*/?\s*[a-z!][^>]*>|&(?:[a-z]{2,8}|#\d{1,6}|#x[0-9a-f]{1,6});`)
	textMail = regexp.MustCompile(`[^\s@]+\s*@\s*[^\s@]+\.[^\s@]{2,}`)
	textLink = regexp.MustCompile(`(?i)\b(?:[a-z][a-z0-9+.-]{1,12}://|www\.)\S+|\b[a-z0-9-]+\.(?:com|net|org|info|biz|shop|store|online|top|xyz|cn|co\.uk)\b|\b[a-z0-9-]+\.[a-z]{2,6}/\S+`)
)

// unfit tells what is wrong with a text, by the platform's rules.
func unfit(text string, most int) (code, why string) {
	switch {
	case !utf8.ValidString(text):
		return "text_encoding", "the text is not valid UTF-8"
	case most > 0 && strings.TrimSpace(text) == "":
		return "text_empty", "the message needs a text"
	case most == 0 && text != "":
		return "text_not_taken", "the message carries no text"
	case utf8.RuneCountInString(text) > most:
		return "text_too_long", "the text has more letters than the platform takes"
	case textHTML.MatchString(text):
		return "text_html", "the platform forbids HTML"
	case textMail.MatchString(text):
		return "text_email", "the platform forbids e-mail addresses"
	case textLink.MatchString(text):
		return "text_link", "the platform forbids links"
	}
	return "", ""
}
