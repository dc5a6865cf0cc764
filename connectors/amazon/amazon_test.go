package amazon

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
	"pgregory.net/rapid"

	"helloworld/connectors"
	"helloworld/connectors/conntest"
)

// configOf is a seller's whole configuration.
func configOf(s *spServer) connectors.Config {
	return connectors.Config{
		Info: connectors.Info{Store: "amz-de", Currency: "EUR"}, BaseURL: s.URL, TokenURL: s.URL + "/auth/o2/token",
		ClientID: "app", ClientSecret: "amzn1.oa2-cs.v1.app", Redirect: "https://desk.example/back",
		Options: map[string]string{"marketplace": market, "seller": grantee, "application": appID, "consent": s.URL, "secret_rotated": "2026-09-01",
			"queue": s.URL + "/123456789012/desk", "queue_arn": queueARN},
		Secrets:    map[string]connectors.Secret{secretQueueID: queueID, secretQueueKey: queueKey},
		Credential: connectors.Credential{Access: "Atza|first-000000001", Refresh: "Atzr|refresh-00001", Expires: s.clock.now().Add(time.Hour), Granted: s.clock.now()},
		Transport:  s.Client().Transport, Now: s.clock.now,
		Sleep: func(ctx context.Context, d time.Duration) error { s.clock.add(d); return ctx.Err() },
	}
}

func newSeller(t testing.TB, s *spServer) *Seller {
	t.Helper()
	return sellerOf(t, configOf(s))
}

func sellerOf(t testing.TB, c connectors.Config) *Seller {
	t.Helper()
	out, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func refundOf(s *spServer, minor int64) connectors.Refund {
	return connectors.Refund{Key: "5f3a1c9e-0000-4000-8000-000000000001", Order: "302-1234567-8901001",
		Amount: connectors.Money{Minor: minor, Currency: "EUR"}, Reason: connectors.ReasonDamaged, Asked: s.clock.now().Add(-10 * time.Minute)}
}

func bench(t *testing.T) *conntest.Bench {
	s := newServer(t, 10)
	lock := func(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }
	refused := refundOf(s, 100)
	refused.Reason = connectors.ReasonPrice
	return &conntest.Bench{
		Shop: newSeller(t, s), Orders: 10, Order: "302-1234567-8901001", Number: "302-1234567-8901001", BigID: bigItem, PageSize: 4,
		Missing: "302-0000000-0000000", Refund: refundOf(s, 1990), Refused: refused,
		Secrets: []string{"Atza|first-000000001", "Atzr|refresh-00001", "Atza|next-000000001", "amzn1.oa2-cs.v1.app", buyer, "deadbeefdeadbeef",
			"Atza|own-0000000001", "Atza|granted-00000001", queueKey},
		Revoke:    func() { lock(func() { s.revoked = true }) },
		BreakApp:  func() { lock(func() { s.appBroken, s.access = true, "gone" }) },
		Expire:    func() { lock(func() { s.access = "gone" }) },
		Refreshes: func() (n int) { lock(func() { n = s.refreshes }); return },
		Throttle:  func(n int, _ time.Duration) { lock(func() { s.throttle = n }) },
		Fail:      func(n int, f conntest.Fault) { lock(func() { s.fail, s.fault = n, f }) },
		Odd: func() {
			lock(func() { s.rude = true; s.orders[1]["fulfillment"] = map[string]any{"fulfillmentStatus": "TELEPORTED"} })
		},
		Poison: func() {
			lock(func() { s.rude = true; s.orders[3]["proceeds"] = map[string]any{"grandTotal": eur("59,90 " + buyer)} })
		},
		LoseRefund: func() { lock(func() { s.lose = true }) },
		Settle:     s.settle,
		Sent:       func() (n int) { lock(func() { n = s.sent }); return },
		Calls:      func() (n int) { lock(func() { n = s.calls }); return },

		Consent: s.consent,
		Refuse: func(link string) url.Values {
			q := s.consent(link)
			return url.Values{"state": q["state"]}
		},

		Items: 10, SKU: oddSKU, Price: connectors.Money{Minor: 1490, Currency: "EUR"},
		PoisonItem: func() {
			lock(func() {
				s.rude = true
				s.listings[2]["offers"] = []any{map[string]any{"marketplaceId": market, "offerType": "B2C", "price": eur("9,90 " + buyer)}}
			})
		},
		Stock:    connectors.StockSet{Key: "k-1", SKU: oddSKU, Quantity: 3},
		StockBad: connectors.StockSet{Key: "k-2", SKU: "NO/SUCH", Quantity: 3},
		StockOf:  func(sku string) (n int) { lock(func() { n = s.stockOf(sku) }); return },

		Ship:     shipOf(s),
		LoseShip: func() { lock(func() { s.loseShip = true }) },
		Shipped:  func() (n int) { lock(func() { n = s.shipped }); return },

		Returns: 4,

		Template:  connectors.TemplateMessage{Key: "t-1", Order: "302-1234567-8901001", ID: "confirmDeliveryDetails", Text: "Wann sind Sie zu Hause?", Lang: language.German},
		Templated: func() (n int) { lock(func() { n = len(s.templated) }); return },

		Enqueue: func(n int) {
			lock(func() {
				for range n {
					s.enqueue(orderNews)
				}
			})
		},
		EnqueueBad: func() { lock(func() { s.enqueue("not { JSON") }) },
		Queued:     func() (n int) { lock(func() { n = len(s.queue) }); return },

		Skips: map[string]string{
			"connect: scopes": "the platform names no scopes when it gives a token: a missing role shows at the first call that needs it",
		},
	}
}

func shipOf(s *spServer) connectors.Ship {
	return connectors.Ship{Key: "5f3a1c9e-0000-4000-8000-0000000000aa", Order: "302-1234567-8901001", Carrier: "dhl", Number: "00340434292135100186", At: s.clock.now()}
}

const orderNews = `{"NotificationVersion":"1.0","NotificationType":"ORDER_CHANGE","PayloadVersion":"1.0","EventTime":"2026-11-21T11:00:00.123Z",
"Payload":{"OrderChangeNotification":{"NotificationLevel":"OrderLevel","SellerId":"A2SELLER","AmazonOrderId":"302-1234567-8901001","OrderChangeType":"OrderStatusChange"}},
"NotificationMetadata":{"ApplicationId":"a","SubscriptionId":"s","PublishTime":"2026-11-21T11:00:01Z","NotificationId":"d0e9e693-c3ad-4373-979f-ed4ec98dd746"}}`

func TestExam(t *testing.T) { conntest.Run(t, bench) }

func TestFeedDocument(t *testing.T) {
	s := newServer(t, 3)
	c := newSeller(t, s)
	cmd := refundOf(s, 5990)
	r, err := c.Refund(t.Context(), cmd)
	if err != nil || r.State != connectors.StateAccepted || r.ID == "" || r.After <= 0 {
		t.Fatalf("%+v %v", r, err)
	}
	d := s.document(r.ID)
	if d.Message.Order != cmd.Order || d.Message.ID != messageID(cmd.Key) || len(d.Message.Items) != 1 {
		t.Fatalf("%+v", d)
	}
	i := d.Message.Items[0]
	var text []string
	for _, x := range i.Components {
		text = append(text, x.Type+" "+x.Amount.Value+" "+x.Amount.Currency)
	}
	if got := strings.Join(text, ", "); got != "Principal 46.22 EUR, Tax 8.78 EUR, Shipping 4.12 EUR, ShippingTax 0.78 EUR" {
		t.Errorf("components: %s", got)
	}
	if i.Key != cmd.Key || i.Reason != "GeneralAdjustment" || i.Item != "60000000001" {
		t.Errorf("item %+v", i)
	}
}

func TestOneOpenRefundAnOrder(t *testing.T) {
	s := newServer(t, 3)
	c := newSeller(t, s)
	first := refundOf(s, 1000)
	r, err := c.Refund(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	second := first
	second.Key = "another"
	if _, err := c.Refund(t.Context(), second); connectors.KindOf(err) != connectors.Conflict {
		t.Fatalf("a second one beside it: %v", err)
	}
	q, err := c.Quote(t.Context(), first.Order)
	if err != nil || !slices.Equal(q.Findings, []connectors.Snag{connectors.SnagShipFirst, connectors.SnagPending}) {
		t.Fatalf("%v %v", q.Findings, err)
	}
	s.settle()
	if r, err = c.RefundState(t.Context(), first, r); err != nil || r.State != connectors.StateApplied {
		t.Fatalf("%+v %v", r, err)
	}
	if q, err = c.Quote(t.Context(), first.Order); err != nil || q.Remaining.Minor != 4990 || q.Order.Refunds[0].Amount.Minor != 1000 {
		t.Fatalf("fees are not the buyer's: %v %+v %v", q.Remaining, q.Order.Refunds, err)
	}
	second.Amount.Minor = 4991
	if _, err := c.Refund(t.Context(), second); connectors.KindOf(err) != connectors.Conflict {
		t.Fatalf("over what is left: %v", err)
	}
}

func TestRefundStateIsHonest(t *testing.T) {
	lost := func(t *testing.T) (*spServer, connectors.Refund, connectors.Receipt) {
		s := newServer(t, 3)
		s.lose = true
		cmd := refundOf(s, 1000)
		r, err := newSeller(t, s).Refund(t.Context(), cmd)
		if connectors.KindOf(err) != connectors.Unsure {
			t.Fatal(err)
		}
		return s, cmd, r
	}
	look := func(t *testing.T, s *spServer, cmd connectors.Refund, r connectors.Receipt) connectors.Receipt {
		t.Helper()
		out, err := newSeller(t, s).RefundState(t.Context(), cmd, r) // as after a restart: nothing in memory
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	t.Run("nothing listed yet", func(t *testing.T) {
		s, cmd, r := lost(t)
		s.feeds = nil
		if got := look(t, s, cmd, r); got.State != connectors.StateUnknown || got.After <= 0 {
			t.Fatalf("%+v", got)
		}
		s.clock.add(quiet + time.Second)
		if got := look(t, s, cmd, r); got.State != connectors.StateAbsent {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("one stray is accepted, not applied", func(t *testing.T) {
		s, cmd, r := lost(t)
		if got := look(t, s, cmd, r); got.State != connectors.StateAccepted || got.Code != guessed {
			t.Fatalf("%+v", got)
		}
		s.settle()
		s.posted = nil // the finances are two days behind
		if got := look(t, s, cmd, r); got.State != connectors.StateAccepted {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("two strays", func(t *testing.T) {
		s, cmd, r := lost(t)
		s.feeds = append(s.feeds, map[string]any{"feedId": "1", "feedType": feedType, "createdTime": s.clock.now().Format(time.RFC3339), "processingStatus": "DONE"})
		if got := look(t, s, cmd, r); got.State != connectors.StateUnknown || got.Code != "several_feeds" {
			t.Fatalf("%+v", got)
		}
		// One of them is known to be another refund's.
		cmd.Taken = []string{"1"}
		if got := look(t, s, cmd, r); got.State != connectors.StateAccepted || got.Code != guessed || got.ID == "1" {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("a second one beside what was taken for ours", func(t *testing.T) {
		s, cmd, r := lost(t)
		had := look(t, s, cmd, r)
		s.feeds = append(s.feeds, map[string]any{"feedId": "1", "feedType": feedType, "createdTime": s.clock.now().Format(time.RFC3339), "processingStatus": "IN_QUEUE"})
		if got := look(t, s, cmd, had); got.State != connectors.StateAccepted || got.Code != guessed || got.ID != had.ID {
			t.Fatalf("%+v, and it was %+v", got, had)
		}
		// Once somebody else has it for certain, it is let go, and nothing else is taken.
		cmd.Taken = []string{had.ID}
		if got := look(t, s, cmd, had); got.State != connectors.StateUnknown || got.ID != "" {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("the only one is another's", func(t *testing.T) {
		s, cmd, r := lost(t)
		cmd.Taken = []string{s.feeds[0]["feedId"].(string)}
		s.clock.add(quiet + time.Second)
		if got := look(t, s, cmd, r); got.State != connectors.StateAbsent {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("a second attempt whose process ended", func(t *testing.T) {
		// The first never came in. Of the second there is no receipt but the first's, or
		// none at all, and what the desk wrote down before both.
		s, cmd, r := lost(t)
		feed := s.feeds[0]
		s.feeds, cmd.Sent = nil, []time.Time{s.clock.now()}
		s.clock.add(30 * time.Minute)
		cmd.Sent = append(cmd.Sent, s.clock.now())
		for _, had := range []connectors.Receipt{r, {}} {
			if got := look(t, s, cmd, had); got.State != connectors.StateUnknown || got.After <= 0 || got.After > quiet {
				t.Errorf("it may still turn up: %+v", got)
			}
		}
		s.clock.add(time.Minute)
		feed["createdTime"] = s.clock.now().Format(time.RFC3339)
		s.feeds = append(s.feeds, feed)
		s.clock.add(time.Hour)
		for _, had := range []connectors.Receipt{r, {}} {
			if got := look(t, s, cmd, had); got.State != connectors.StateAccepted || got.Code != guessed {
				t.Errorf("the feed of the second attempt is there: %+v", got)
			}
		}
		s.feeds = nil
		if got := look(t, s, cmd, connectors.Receipt{}); got.State != connectors.StateAbsent {
			t.Errorf("neither came in: %+v", got)
		}
	})
	t.Run("a first attempt that came very late", func(t *testing.T) {
		s, cmd, _ := lost(t)
		cmd.Sent = []time.Time{s.clock.now()}
		s.clock.add(30 * time.Minute)
		cmd.Sent = append(cmd.Sent, s.clock.now())
		if got := look(t, s, cmd, connectors.Receipt{State: connectors.StateUnknown, Code: sentAt + s.clock.now().Format(time.RFC3339Nano)}); got.State != connectors.StateAccepted {
			t.Errorf("%+v", got)
		}
	})
	t.Run("another message's report", func(t *testing.T) {
		s, cmd, r := lost(t)
		s.settle()
		s.posted = nil
		id := s.feeds[0]["feedId"].(string)
		s.docs["report-"+id] = []byte(`<AmazonEnvelope><Message><ProcessingReport><ProcessingSummary><MessagesWithError>1</MessagesWithError></ProcessingSummary><Result><MessageID>77</MessageID><ResultCode>Error</ResultCode></Result></ProcessingReport></Message></AmazonEnvelope>`)
		if got := look(t, s, cmd, r); got.State != connectors.StateUnknown {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("fatal", func(t *testing.T) {
		s := newServer(t, 3)
		c := newSeller(t, s)
		cmd := refundOf(s, 1000)
		r, err := c.Refund(t.Context(), cmd)
		if err != nil {
			t.Fatal(err)
		}
		s.feeds[0]["processingStatus"] = "FATAL"
		if got := look(t, s, cmd, r); got.State != connectors.StateUnknown {
			t.Fatalf("a fatal end says nothing: %+v", got)
		}
	})
}

func TestSpreadIsExact(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	raw, _ := json.Marshal(s.orders[0])
	w, err := decodeOrder(raw)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 5990).Draw(t, "minor")
		out, err := spread(connectors.Refund{Amount: connectors.Money{Minor: n, Currency: "EUR"}}, w)
		if err != nil {
			t.Fatal(err)
		}
		var total int64
		for _, a := range out {
			for _, c := range a.components {
				if c.amount.Minor <= 0 {
					t.Fatalf("a component of %v", c.amount)
				}
				total += c.amount.Minor
			}
		}
		if total != n {
			t.Fatalf("%d of %d", total, n)
		}
	})
	for name, cmd := range map[string]connectors.Refund{
		"too much":       {Amount: connectors.Money{Minor: 5991, Currency: "EUR"}},
		"other currency": {Amount: connectors.Money{Minor: 1, Currency: "USD"}},
		"no such line":   {Amount: connectors.Money{Minor: 1, Currency: "EUR"}, Lines: []connectors.RefundLine{{Line: "x"}}},
		"sum": {Amount: connectors.Money{Minor: 2, Currency: "EUR"},
			Lines: []connectors.RefundLine{{Line: "60000000000", Amount: connectors.Money{Minor: 1, Currency: "EUR"}}}},
	} {
		if _, err := spread(cmd, w); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestOrderIsReadExactly(t *testing.T) {
	s := newServer(t, 3)
	o, err := newSeller(t, s).Order(t.Context(), "302-1234567-8901001")
	if err != nil {
		t.Fatal(err)
	}
	m := func(n int64) connectors.Money { return connectors.Money{Minor: n, Currency: "EUR"} }
	if l := o.Lines[0]; o.Total != m(5990) || o.Tax != m(956) || o.Shipping != m(412) || l.Price != m(4622) || l.Quantity != 2 {
		t.Errorf("%v %v %v %+v", o.Total, o.Tax, o.Shipping, o.Lines)
	}
	if o.Number != "EU-1001" || o.Site.String() != "de-DE" || o.Buyer.Email != buyer || o.Buyer.Country != "DE" || o.Status != connectors.OrderPaid {
		t.Errorf("%+v", o)
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]connectors.Kind{
		`{"errors":[{"code":"QuotaExceeded","message":"m"}]}`: connectors.Busy,
		`{"errors":[{"code":"InvalidInput","message":"m"}]}`:  connectors.Invalid,
		`{"errors":[{"code":"Unauthorized","message":"m"}]}`:  connectors.Reauthorise,
		`{"error":"invalid_client"}`:                          connectors.AppBroken,
		`{"error":"invalid_grant"}`:                           connectors.Reauthorise,
	} {
		err := classify("op", 400, nil, []byte(body))
		var e *connectors.Error
		if !errors.As(err, &e) || e.Kind != want {
			t.Errorf("%s: %v", body, err)
		}
	}
	if err := classify("op", 500, nil, []byte("<html>")); err != nil {
		t.Errorf("a page is left to the status: %v", err)
	}
}

func TestCanSaysWhatInstead(t *testing.T) {
	for _, c := range newSeller(t, newServer(t, 1)).Can(t.Context()) {
		if c.Name == connectors.CapMessage && (c.OK || c.Reason != "can.no_message_api" || c.Instead != "can.use_mail") {
			t.Errorf("%+v", c)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := connectors.Config{Info: connectors.Info{Region: "eu"}, ClientID: "a", ClientSecret: "b", Options: map[string]string{"marketplace": market}}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*connectors.Config){
		"no region":      func(c *connectors.Config) { c.Region = "" },
		"no marketplace": func(c *connectors.Config) { c.Options = nil },
		"no secret":      func(c *connectors.Config) { c.ClientSecret = "" },
		"odd option":     func(c *connectors.Config) { c.Options = map[string]string{"marketplace": market, "x": "y"} },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzOrder(f *testing.F) {
	s := newServer(f, 2)
	for _, o := range s.orders {
		b, err := json.Marshal(o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"orderId":"1","orderItems":[{"orderItemId":"1","quantityOrdered":-5,"product":{"price":{"unitPrice":{"amount":1e3,"currencyCode":"JPY"}}}},{"proceeds":{"proceedsTotal":{"amount":"9","currencyCode":"USD"}}}]}`))
	c := newSeller(f, s)
	f.Fuzz(func(t *testing.T, raw []byte) {
		w, err := decodeOrder(raw)
		if err != nil {
			return
		}
		if o, err := c.order(w, raw); err == nil {
			_ = o.Remaining()
			_, _ = spread(connectors.Refund{Amount: connectors.Money{Minor: 1, Currency: "EUR"}}, w)
		}
	})
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(`<AmazonEnvelope><Message><ProcessingReport><ProcessingSummary><MessagesSuccessful>1</MessagesSuccessful></ProcessingSummary></ProcessingReport></Message></AmazonEnvelope>`))
	f.Add([]byte(`<?xml version="1.0" encoding="klingon"?><x/>`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		if r, err := decodeReport(b); err == nil {
			r.failure()
			r.names("1")
		}
	})
}
