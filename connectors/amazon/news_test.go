package amazon

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

// newsExamples are the platform's own examples of a kind of news.
func newsExamples(t *testing.T, file string) []json.RawMessage {
	t.Helper()
	path, ok := contractPath("notifications/" + file)
	if !ok {
		t.Skip("SKIPPED: the Amazon contracts are not here (set CONTRACTS_DIR)")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Examples   []json.RawMessage `json:"examples"`
		Properties map[string]struct {
			Examples []json.RawMessage `json:"examples"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	if len(schema.Examples) > 0 {
		return schema.Examples
	}
	whole := map[string]json.RawMessage{} // the example stands in parts
	for k, p := range schema.Properties {
		if len(p.Examples) > 0 {
			whole[k] = p.Examples[0]
		}
	}
	whole["NotificationType"] = json.RawMessage(`"FBA_INVENTORY_AVAILABILITY_CHANGES"`)
	out, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return []json.RawMessage{out}
}

func TestNewsExamples(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]connectors.Event{
		"OrderChangeNotification.json": {Kind: connectors.EventOrder, Topic: "ORDER_CHANGE", Order: "903-8868176-2219830", Ref: "903-8868176-2219830",
			Account: "A3TH9S8BH6GOGM", ID: "d0e9e693-c3ad-4373-979f-ed4ec98dd746", At: time.Date(2020, 1, 11, 0, 9, 53, 109e6, time.UTC)},
		"FeedProcessingFinishedNotification.json": {Kind: connectors.EventFeed, Topic: "FEED_PROCESSING_FINISHED", Ref: "53347018456",
			Account: "A3TH9S8BH6GOGM", ID: "d0e9e693-c3ad-4373-979f-ed4ec98dd746", At: time.Date(2020, 7, 13, 19, 42, 4, 284e6, time.UTC)},
		"ListingsItemMfnQuantityChange.json": {Kind: connectors.EventStock, Topic: "LISTINGS_ITEM_MFN_QUANTITY_CHANGE", Ref: "NLS-SHOES-03",
			Account: "AXXXXXXXXXXXXX", ID: "8e009934-da2c-4f9c-9bc7-93f23b7e1f60", At: time.Date(2021, 2, 3, 18, 59, 30, 194e6, time.UTC)},
		"FBAInventoryAvailabilityChangeNotification.json": {Kind: connectors.EventStock, Topic: "FBA_INVENTORY_AVAILABILITY_CHANGES", Ref: "SELLERSKU-1",
			Account: "A3TH9S8BH6GOGM", At: time.Date(2020, 7, 13, 19, 42, 4, 284e6, time.UTC)},
		"TransactionUpdateNotification.json": {Kind: connectors.EventOther, Topic: "TRANSACTION_UPDATE", Order: "8129762527551",
			Account: "A3TH9S8BH6GOGM", ID: "d0e9e693-c3ad-4373-979f-ed4ec98dd746", At: time.Date(2023, 7, 14, 3, 35, 13, 214e6, time.UTC)},
	} {
		raw := newsExamples(t, file)[0]
		got := decodeNews(string(raw), "m")
		if want.ID == "" {
			want.ID = got.ID // its example has it in no one place
		}
		if string(got.Raw) != string(raw) {
			t.Errorf("%s: the event is not kept as it came", file)
		}
		got.Raw = nil
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s:\n%+v, want\n%+v", file, got, want)
		}
	}
	// All that the desk asks for is there in the contracts.
	known := map[string]bool{"ORDER_CHANGE": true, "FEED_PROCESSING_FINISHED": true, "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": true,
		"FBA_INVENTORY_AVAILABILITY_CHANGES": true, "TRANSACTION_UPDATE": true}
	for _, x := range topics {
		if !known[x.name] {
			t.Errorf("%s has no contract", x.name)
		}
	}
}

func TestNewsThatIsOdd(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]connectors.EventKind{
		``:               connectors.EventOther,
		`not { JSON`:     connectors.EventOther,
		`null`:           connectors.EventOther,
		`[]`:             connectors.EventOther,
		`<html></html>`:  connectors.EventOther,
		"\xef\xbb\xbf{}": connectors.EventOther,
		orderNews[:60]:   connectors.EventOther,
		`{"NotificationType":"ORDER_CHANGE","Payload":{"OrderChangeNotification":{"AmazonOrderId":17}}}`: connectors.EventOther,
		`{"NotificationType":"ORDER_CHANGE","Payload":"x"}`:                                              connectors.EventOther,
		`{"NotificationType":"SOMETHING_NEW","Payload":{"Sku":"x"}}`:                                     connectors.EventOther,
		`{"notificationType":"LISTINGS_ITEM_ISSUES_CHANGE","payload":{"Sku":"x"}}`:                       connectors.EventItem,
		`{"notificationType":"REPORT_PROCESSING_FINISHED","payload":{"reportProcessingFinishedNotification":{"reportType":"GET_XML_RETURNS_DATA_BY_RETURN_DATE","reportId":"9007199254740993"}}}`:                     connectors.EventReturn,
		`{"NotificationType":"TRANSACTION_UPDATE","Payload":{"TransactionUpdateNotification":{"TransactionType":"Refund","RelatedIdentifiers":[{"RelatedIdentifierName":"ORDER_ID","RelatedIdentifierValue":"9"}]}}}`: connectors.EventRefund,
	} {
		e := decodeNews(body, "m-7")
		if e.Kind != want || e.ID != "sqs:m-7" || len(e.Raw) == 0 {
			t.Errorf("%s: %+v", body, e)
		}
	}
}

func TestQueue(t *testing.T) {
	s := newServer(t, 1)
	c := newSeller(t, s)
	if err := c.Queue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.dests) != 1 || len(s.subs) != len(topics) {
		t.Fatalf("%v %v", s.dests, s.subs)
	}
	// After a restart what is there is taken as it is.
	if err := newSeller(t, s).Queue(t.Context()); err != nil || len(s.dests) != 1 {
		t.Fatalf("%v %v", err, s.dests)
	}
	s.subs["ORDER_CHANGE"]["destinationId"] = "somebody-else"
	if err := c.Queue(t.Context()); connectors.KindOf(err) != connectors.Conflict || codeOf(err) != "sent_elsewhere" {
		t.Errorf("%v", err)
	}
	// One kind of news that needs a role does not keep the others back.
	s.subs = map[string]map[string]any{}
	s.lacks = []string{"/notifications/v1/subscriptions/FBA_"}
	if err := c.Queue(t.Context()); err != nil || len(s.subs) != len(topics)-1 {
		t.Errorf("%v %d", err, len(s.subs))
	}
	// The application's own token: over, and renewed; refused, and nobody else's business.
	s.ownAccess = "Atza|over"
	if err := c.Queue(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
	s.lacks = []string{"/notifications/v1/destinations"}
	if err := c.Queue(t.Context()); connectors.KindOf(err) != connectors.AppBroken {
		t.Errorf("%v", err)
	}
}

func TestReceive(t *testing.T) {
	s := newServer(t, 1)
	c := newSeller(t, s)
	for i := range 23 {
		s.enqueue(strings.Replace(orderNews, "11:00:00.123Z", fmt.Sprintf("11:00:%02d.5+02:00", 59-i), 1))
	}
	total := 0
	for {
		got, err := c.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			break
		}
		for i := 1; i < len(got); i++ {
			if got[i].At.Before(got[i-1].At) || got[i].At.Location() != time.UTC {
				t.Error("not the oldest first")
			}
		}
		total += len(got)
		if err := c.Ack(t.Context(), append(got, got[0])...); err != nil {
			t.Fatal(err)
		}
	}
	if total != 23 || len(s.queue) != 0 {
		t.Errorf("%d events, %d left", total, len(s.queue))
	}
	if err := c.Ack(t.Context(), connectors.Event{Handle: "long gone"}); err != nil {
		t.Errorf("what is gone is acknowledged: %v", err)
	}
	if err := c.Ack(t.Context()); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Receive(ctx); connectors.KindOf(err) != connectors.Down || codeOf(err) != "cancelled" {
		t.Errorf("%v", err)
	}
	conf := configOf(s)
	conf.Secrets = map[string]connectors.Secret{secretQueueID: "AKIDWRONG", secretQueueKey: "secret-that-is-wrong"}
	_, err := sellerOf(t, conf).Receive(t.Context())
	if connectors.KindOf(err) != connectors.AppBroken || strings.Contains(err.Error(), "secret-that-is-wrong") {
		t.Errorf("%v", err)
	}
	conf = configOf(s)
	conf.Options["queue"] = s.URL + "/1/other"
	if _, err = sellerOf(t, conf).Receive(t.Context()); connectors.KindOf(err) != connectors.NotFound {
		t.Errorf("%v", err)
	}
	s.Close()
	if _, err = c.Receive(t.Context()); connectors.KindOf(err) != connectors.Down {
		t.Errorf("%v", err)
	}
}

func TestQueueConfiguration(t *testing.T) {
	t.Parallel()
	both := map[string]connectors.Secret{secretQueueID: "i", secretQueueKey: "k"}
	for name, x := range map[string]struct {
		options map[string]string
		secrets map[string]connectors.Secret
		arn     string
	}{
		"address tells": {map[string]string{"queue": "https://sqs.eu-west-1.amazonaws.com/123456789012/desk"}, both, queueARN},
		"told":          {map[string]string{"queue": "http://127.0.0.1:9/q", "queue_arn": "arn:aws:sqs:us-east-1:1:q"}, both, "arn:aws:sqs:us-east-1:1:q"},
		"no region":     {map[string]string{"queue": "http://127.0.0.1:9/q"}, both, ""},
		"no secrets":    {map[string]string{"queue": "https://sqs.eu-west-1.amazonaws.com/1/q"}, nil, ""},
		"no address":    {map[string]string{"queue": "desk"}, both, ""},
		"no queue":      {map[string]string{"queue_arn": "arn:aws:sqs:us-east-1:1:q"}, both, ""},
	} {
		q, err := newQueue(connectors.Config{Options: x.options, Secrets: x.secrets})
		if (err == nil) != (x.arn != "") || q != nil && q.arn != x.arn {
			t.Errorf("%s: %+v %v", name, q, err)
		}
	}
	s, err := New(connectors.Config{Info: connectors.Info{Store: "x", Region: "eu"}, ClientID: "a", ClientSecret: "b", Options: map[string]string{"marketplace": market}})
	if err != nil {
		t.Fatal(err)
	}
	_, err1 := s.Receive(t.Context())
	for _, err := range []error{s.Queue(t.Context()), err1, s.Ack(t.Context())} {
		if connectors.KindOf(err) != connectors.Unsupported || codeOf(err) != "not_configured" {
			t.Errorf("without a queue: %v", err)
		}
	}
	for _, x := range s.Can(t.Context()) {
		if x.Name == connectors.CapQueue && (x.OK || x.Reason != "can.not_configured") || x.Name == connectors.CapDecide && x.Reason != "can.no_return_api" {
			t.Errorf("%+v", x)
		}
	}
}

func FuzzNews(f *testing.F) {
	f.Add(orderNews)
	f.Add(`{"NotificationType":"TRANSACTION_UPDATE","Payload":{"TransactionUpdateNotification":{"RelatedIdentifiers":[{}]}}}`)
	f.Add("not { JSON")
	f.Add(`{"notificationType":"FEED_PROCESSING_FINISHED","eventTime":"2020-07-13T19:42:04.284+25:00","payload":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		if e := decodeNews(body, "m"); e.ID == "" || e.Kind == "" || len(e.Raw) == 0 || e.At.Location() != time.UTC {
			t.Errorf("%+v", e)
		}
	})
}
