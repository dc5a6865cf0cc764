package amazon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"helloworld/connectors"
)

// topic is a kind of news that the desk wants.
type topic struct {
	name, version string
	// role is what the seller has to have granted for it.
	role string
}

// topics are what is sent to the queue.
var topics = []topic{
	{"ORDER_CHANGE", "1.0", roleOrders},
	{"FEED_PROCESSING_FINISHED", "2020-09-04", ""},
	{"LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "1.0", roleListing},
	{"FBA_INVENTORY_AVAILABILITY_CHANGES", "1.0", roleFBA},
	{"TRANSACTION_UPDATE", "1.0", roleFinance},
}

type wireDestination struct {
	ID       string `json:"destinationId"`
	Name     string `json:"name"`
	Resource struct {
		SQS *struct {
			ARN string `json:"arn"`
		} `json:"sqs"`
	} `json:"resource"`
}

type wireSubscription struct {
	ID          string `json:"subscriptionId"`
	Version     string `json:"payloadVersion"`
	Destination string `json:"destinationId"`
}

// Queue makes sure that all we want is sent to the queue. What is there is left
// as it is; one kind of news that cannot be had does not keep the others back.
func (s *Seller) Queue(ctx context.Context) error {
	if s.queue == nil {
		return noQueue("createSubscription")
	}
	dest, err := s.destination(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, t := range topics {
		err := s.subscribe(ctx, t, dest)
		if err != nil && connectors.KindOf(err) == connectors.Unsupported && t.name != "ORDER_CHANGE" {
			s.log.WarnContext(ctx, "news that this account cannot have", "store", s.info.Store, "topic", t.name, "err", err)
			continue
		}
		if failed == nil {
			failed = err
		}
	}
	return failed
}

// destination is the platform's id of our queue. These calls are the
// application's own; no seller has a part in them.
func (s *Seller) destination(ctx context.Context) (string, error) {
	find := func() (string, error) {
		var a struct {
			Payload []wireDestination `json:"payload"`
		}
		if err := s.ownCall(ctx, connectors.Call{Op: "getDestinations", Method: http.MethodGet, URL: s.base + "/notifications/v1/destinations", Read: true}, &a); err != nil {
			return "", err
		}
		for _, d := range a.Payload {
			if d.Resource.SQS != nil && d.Resource.SQS.ARN == s.queue.arn {
				return d.ID, nil
			}
		}
		return "", nil
	}
	id, err := find()
	if err != nil || id != "" {
		return id, err
	}
	var made struct {
		Payload wireDestination `json:"payload"`
	}
	name := "helloworld-desk-" + s.queue.arn[strings.LastIndexByte(s.queue.arn, ':')+1:]
	err = s.ownCall(ctx, connectors.Call{Op: "createDestination", Method: http.MethodPost, URL: s.base + "/notifications/v1/destinations",
		Body: map[string]any{"name": name, "resourceSpecification": map[string]any{"sqs": map[string]any{"arn": s.queue.arn}}}}, &made)
	switch kind := connectors.KindOf(err); {
	case err == nil && made.Payload.ID != "":
		return made.Payload.ID, nil
	case err == nil || kind == connectors.Conflict || kind == connectors.Unsure:
		// Another replica was quicker, or the answer got lost: look.
		id, ferr := find()
		if ferr != nil {
			return "", ferr
		}
		if id != "" {
			return id, nil
		}
		if err == nil {
			err = fault(connectors.Unsure, "createDestination", "no_id", "the queue was taken, but came back without an id")
		}
	}
	return "", err
}

// ownCall makes a call with the application's own token.
func (s *Seller) ownCall(ctx context.Context, call connectors.Call, out any) error {
	for again := false; ; again = true {
		tok, err := s.own.Token(ctx)
		if err != nil {
			return err
		}
		call.Bare, call.Header = true, http.Header{tokenHeader: {string(tok)}}
		h, err := s.client.Do(ctx, call, out)
		s.use.note(call.Op, h, s.now())
		if err == nil {
			if call.Method == http.MethodGet {
				s.use.read(s.now())
			}
			return nil
		}
		if again || connectors.KindOf(err) != connectors.Reauthorise {
			return s.ownFault(err)
		}
		s.own.Stale(tok) // refused before it was looked at: nothing was done
	}
}

// ownFault: no seller can mend what the application itself is refused for.
func (s *Seller) ownFault(err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.Reauthorise {
		return err
	}
	copied := *e
	copied.Kind, copied.Link = connectors.AppBroken, manageApps
	return &copied
}

// subscribe makes sure that one kind of news is sent to our queue.
func (s *Seller) subscribe(ctx context.Context, t topic, dest string) error {
	path := "/notifications/v1/subscriptions/" + t.name
	look := func() (wireSubscription, error) {
		var a struct {
			Payload wireSubscription `json:"payload"`
		}
		err := s.doAs(ctx, t.role, connectors.Call{Op: "getSubscription", Method: http.MethodGet, URL: s.base + path + "?payloadVersion=" + t.version, Read: true}, &a)
		if err != nil && connectors.KindOf(err) == connectors.NotFound {
			err = nil
		}
		return a.Payload, err
	}
	there, err := look()
	if err != nil {
		return err
	}
	if there.ID == "" {
		body := map[string]any{"payloadVersion": t.version, "destinationId": dest}
		if t.name == "ORDER_CHANGE" {
			// Without one it is refused.
			body["processingDirective"] = map[string]any{"eventFilter": map[string]any{"eventFilterType": t.name, "marketplaceIds": s.markets,
				"orderChangeTypes": []string{"OrderStatusChange", "BuyerRequestedChange"}}}
		}
		var made struct {
			Payload wireSubscription `json:"payload"`
		}
		err := s.doAs(ctx, t.role, connectors.Call{Op: "createSubscription", Method: http.MethodPost, URL: s.base + path, Body: body}, &made)
		if kind := connectors.KindOf(err); err != nil && kind != connectors.Conflict && kind != connectors.Unsure {
			return err
		}
		if err == nil {
			return nil
		}
		again, lerr := look()
		if lerr != nil {
			return lerr
		}
		if again.ID == "" {
			return err
		}
		there = again
	}
	if there.Destination != dest {
		return fault(connectors.Conflict, "createSubscription", "sent_elsewhere", t.name+" is sent to another queue: use that one, or take that subscription away")
	}
	return nil
}

// wireNews is a notification. Its names begin in capitals or not, by topic;
// decoding does not mind.
type wireNews struct {
	Type     string          `json:"NotificationType"`
	At       string          `json:"EventTime"`
	Payload  json.RawMessage `json:"Payload"`
	Metadata struct {
		ID string `json:"NotificationId"`
	} `json:"NotificationMetadata"`
}

type wireNewsPayload struct {
	Seller string `json:"SellerId"`
	SKU    string `json:"Sku"`
	Order  *struct {
		Seller string `json:"SellerId"`
		Order  string `json:"AmazonOrderId"`
	} `json:"OrderChangeNotification"`
	Feed *struct {
		Seller string `json:"sellerId"`
		Feed   string `json:"feedId"`
	} `json:"feedProcessingFinishedNotification"`
	Report *struct {
		Seller string `json:"sellerId"`
		Report string `json:"reportId"`
		Type   string `json:"reportType"`
	} `json:"reportProcessingFinishedNotification"`
	Money *struct {
		Partner struct {
			Seller string `json:"SellingPartnerId"`
		} `json:"SellingPartnerMetadata"`
		Related []struct {
			Name  string `json:"RelatedIdentifierName"`
			Value string `json:"RelatedIdentifierValue"`
		} `json:"RelatedIdentifiers"`
		Type string `json:"TransactionType"`
	} `json:"TransactionUpdateNotification"`
}

// decodeNews reads one message of the queue. What cannot be read is kept as it
// is, and never holds up the others.
func decodeNews(body, message string) connectors.Event {
	e := connectors.Event{ID: "sqs:" + message, Kind: connectors.EventOther, Raw: []byte(body)}
	if len(e.Raw) == 0 {
		e.Raw = []byte("{}") // an empty message is one too
	}
	var n wireNews
	if json.Unmarshal([]byte(body), &n) != nil || n.Type == "" {
		return e
	}
	e.Topic = n.Type
	if n.Metadata.ID != "" {
		e.ID = n.Metadata.ID
	}
	if t, err := time.Parse(time.RFC3339Nano, n.At); err == nil {
		e.At = t.UTC()
	}
	var p wireNewsPayload
	if len(bytes.TrimSpace(n.Payload)) == 0 || json.Unmarshal(n.Payload, &p) != nil {
		return e
	}
	e.Account = p.Seller
	switch {
	case n.Type == "ORDER_CHANGE" && p.Order != nil && p.Order.Order != "":
		e.Kind, e.Order, e.Account = connectors.EventOrder, p.Order.Order, p.Order.Seller
		e.Ref = e.Order
	case n.Type == "FEED_PROCESSING_FINISHED" && p.Feed != nil && p.Feed.Feed != "":
		e.Kind, e.Ref, e.Account = connectors.EventFeed, p.Feed.Feed, p.Feed.Seller
	case n.Type == "REPORT_PROCESSING_FINISHED" && p.Report != nil && p.Report.Type == returnsReport:
		e.Kind, e.Ref, e.Account = connectors.EventReturn, p.Report.Report, p.Report.Seller
	case n.Type == "LISTINGS_ITEM_MFN_QUANTITY_CHANGE" && p.SKU != "", n.Type == "FBA_INVENTORY_AVAILABILITY_CHANGES" && p.SKU != "":
		e.Kind, e.Ref = connectors.EventStock, p.SKU
	case strings.HasPrefix(n.Type, "LISTINGS_ITEM_") && p.SKU != "":
		e.Kind, e.Ref = connectors.EventItem, p.SKU
	case n.Type == "TRANSACTION_UPDATE" && p.Money != nil:
		e.Account = p.Money.Partner.Seller
		for _, r := range p.Money.Related {
			if strings.EqualFold(strings.ReplaceAll(r.Name, "_", ""), "OrderId") {
				e.Order = r.Value
			}
		}
		if strings.Contains(strings.ToLower(p.Money.Type), "refund") {
			e.Kind, e.Ref = connectors.EventRefund, e.Order
		}
	}
	return e
}
