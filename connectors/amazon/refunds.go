package amazon

import (
	"context"
	"net/url"
	"time"

	"helloworld/connectors"
)

const (
	// quiet is how long after sending a feed that nobody lists may still turn up.
	quiet = 3 * time.Minute
	// slack is how far clocks may differ.
	slack = 2 * time.Minute
	// lookAgain is the longest pause while a feed is being worked on.
	lookAgain = 2 * time.Minute
	// searchAgain is the shortest pause between two searches among all feeds, which
	// the platform allows ten times at once and then every three quarters of a minute.
	searchAgain = 5 * time.Second
	// forget is how long a refund without a known end blocks its order.
	forget = 24 * time.Hour
	// guessed marks a feed that is ours by time alone.
	guessed = "matched_by_time"
	// sentAt begins the code of a receipt whose answer was lost.
	sentAt = "sent_at:"
)

// sentFeed is a refund that this process sent. Its id is empty when the answer
// was lost, or has not come yet.
type sentFeed struct {
	id, order string
	at        time.Time
	done      bool
}

// Quote tells what is left to refund: what was paid less what the finances show
// and what is on its way. The finances are up to two days behind.
func (s *Seller) Quote(ctx context.Context, order string) (connectors.Quote, error) {
	q, _, err := s.quote(ctx, order)
	return q, err
}

func (s *Seller) quote(ctx context.Context, order string) (connectors.Quote, wireOrder, error) {
	w, raw, err := s.read(ctx, order)
	if err != nil {
		return connectors.Quote{}, w, err
	}
	o, err := s.order(w, raw)
	if err != nil {
		return connectors.Quote{}, w, fault(connectors.Invalid, "getOrder", "unreadable", err.Error())
	}
	seen, err := s.refundsOf(ctx, w.ID)
	if err != nil {
		return connectors.Quote{}, w, err
	}
	var sum sums
	for _, r := range seen {
		o.Refunds = append(o.Refunds, r)
		o.Refunded = sum.add(o.Refunded, r.Amount)
	}
	s.catchUp(ctx, w.ID)
	pending := s.pendingOf(w.ID)
	if sum.err != nil {
		return connectors.Quote{}, w, fault(connectors.Invalid, "listTransactions", "unreadable", sum.err.Error())
	}
	q := connectors.Quote{Order: o, Remaining: o.Remaining(), Tax: o.Tax, Shipping: o.Shipping}
	least := func(m connectors.Money) connectors.Money {
		return connectors.Money{Minor: max(0, min(m.Minor, q.Remaining.Minor)), Currency: q.Remaining.Currency}
	}
	for i, l := range o.Lines {
		p := sum.partsOf(w.Items[i])
		// What the platform withheld of the tax it gives back itself.
		withheld := sum.withheldOf(w.Items[i])
		q.Remaining.Minor = max(0, q.Remaining.Minor-withheld.Minor)
		q.Lines = append(q.Lines, connectors.QuoteLine{Line: l, Quantity: l.Quantity, Remaining: sum.add(p.principal, p.tax)})
	}
	for i := range q.Lines {
		q.Lines[i].Remaining = least(q.Lines[i].Remaining)
	}
	q.Tax, q.Shipping = least(q.Tax), least(q.Shipping)
	if sum.err != nil {
		return connectors.Quote{}, w, fault(connectors.Invalid, "getOrder", "unreadable", sum.err.Error())
	}
	switch {
	case q.Remaining.Minor <= 0:
		q.Findings = append(q.Findings, connectors.SnagNothingLeft)
	case o.Status == connectors.OrderPending:
		q.Findings = append(q.Findings, connectors.SnagUnpaid)
	}
	if o.Status == connectors.OrderCancelled {
		q.Findings = append(q.Findings, connectors.SnagCancelled)
	}
	if o.Status == connectors.OrderPaid {
		// An adjustment is of what was shipped; before that the order is cancelled.
		q.Findings = append(q.Findings, connectors.SnagShipFirst)
	}
	if pending {
		q.Findings = append(q.Findings, connectors.SnagPending)
	}
	return q, w, nil
}

// refundsOf reads an order's refunds from the finances.
func (s *Seller) refundsOf(ctx context.Context, order string) ([]connectors.RefundSeen, error) {
	var out []connectors.RefundSeen
	q := url.Values{"relatedIdentifierName": {"ORDER_ID"}, "relatedIdentifierValue": {order}}
	for range 20 {
		var a struct {
			Payload struct {
				Next         string            `json:"nextToken"`
				Transactions []wireTransaction `json:"transactions"`
			} `json:"payload"`
		}
		if err := s.get(ctx, "listTransactions", "/finances/2024-06-19/transactions", q, &a); err != nil {
			return nil, err
		}
		for _, t := range a.Payload.Transactions {
			if !t.isRefund() {
				continue
			}
			r, err := t.seen()
			if err != nil {
				return nil, fault(connectors.Invalid, "listTransactions", "unreadable", err.Error())
			}
			out = append(out, r)
		}
		if a.Payload.Next == "" {
			return out, nil
		}
		q.Set("nextToken", a.Payload.Next)
	}
	// What was not read may be refunds: to reckon without them could give them twice.
	return nil, fault(connectors.Down, "listTransactions", "endless", "the finances of the order do not end")
}

// catchUp asks what became of feeds that this process sent for an order and does
// not know the end of: another replica may have seen them through.
func (s *Seller) catchUp(ctx context.Context, order string) {
	open := map[string]string{}
	s.mu.Lock()
	for key, f := range s.feeds {
		if f.order == order && f.id != "" && !f.done {
			open[key] = f.id
		}
	}
	s.mu.Unlock()
	for key, id := range open {
		var got wireFeed
		if err := s.get(ctx, "getFeed", "/feeds/2021-06-30/feeds/"+pathID(id), nil, &got); err != nil {
			continue // still open, then
		}
		if got.Status != "DONE" && got.Status != "CANCELLED" {
			continue
		}
		s.mu.Lock()
		if f, ok := s.feeds[key]; ok {
			f.done = true
			s.feeds[key] = f
		}
		s.mu.Unlock()
	}
}

// pendingOf: this process has sent a refund for the order whose end is not known.
func (s *Seller) pendingOf(order string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pendingLocked(order)
}

// pendingLocked: of one whose answer was lost here another replica may have found
// out the end, of which nothing is heard. Once it must be listed, the desk's word
// counts that no other refund of the order is open.
func (s *Seller) pendingLocked(order string) bool {
	for _, f := range s.feeds {
		lasts := forget
		if f.id == "" {
			lasts = quiet + slack
		}
		if f.order == order && !f.done && s.now().Sub(f.at) < lasts {
			return true
		}
	}
	return false
}

// Refund sends one adjustment feed. All that comes before it only reads or
// prepares, and leaves no doubt.
func (s *Seller) Refund(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	if cmd.Key == "" || cmd.Amount.Minor <= 0 {
		return connectors.Receipt{}, fault(connectors.Invalid, "createFeed", "incomplete", "a refund needs a key and an amount")
	}
	s.catchUp(ctx, cmd.Order)
	s.mu.Lock()
	if f, ok := s.feeds[cmd.Key]; ok {
		s.mu.Unlock()
		if f.id == "" {
			return connectors.Receipt{State: connectors.StateUnknown, Code: sentAt + f.at.Format(time.RFC3339Nano), After: quiet},
				fault(connectors.Unsure, "createFeed", "already_sent", "this refund was sent, and its answer got lost")
		}
		return connectors.Receipt{State: connectors.StateAccepted, ID: f.id, After: s.again(f.at)}, nil
	}
	if s.pendingLocked(cmd.Order) {
		s.mu.Unlock()
		return connectors.Receipt{}, fault(connectors.Conflict, "createFeed", "refund_running", "another refund of this order is being worked on")
	}
	s.feeds[cmd.Key] = sentFeed{order: cmd.Order, at: s.now().UTC()}
	s.mu.Unlock()

	r, err := s.send(ctx, cmd)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		f := s.feeds[cmd.Key]
		f.id = r.ID
		s.feeds[cmd.Key], s.owner[r.ID] = f, cmd.Key
	case connectors.KindOf(err) != connectors.Unsure:
		delete(s.feeds, cmd.Key)
	}
	return r, err
}

func (s *Seller) send(ctx context.Context, cmd connectors.Refund) (connectors.Receipt, error) {
	q, w, err := s.quote(ctx, cmd.Order)
	if err != nil {
		return connectors.Receipt{}, certain("createFeed", err)
	}
	if cmd.Amount.Currency == q.Remaining.Currency && cmd.Amount.Minor > q.Remaining.Minor {
		return connectors.Receipt{State: connectors.StateRejected}, fault(connectors.Conflict, "createFeed", "over_remaining", "only "+q.Remaining.String()+" is left of this order")
	}
	cmd.Order = w.ID // as the platform writes it
	items, err := spread(cmd, w)
	if err != nil {
		return connectors.Receipt{State: connectors.StateRejected}, err
	}
	doc, err := s.feedDocument(cmd, items)
	if err != nil {
		return connectors.Receipt{}, fault(connectors.Invalid, "createFeed", "encode", err.Error())
	}
	var d struct {
		ID  string `json:"feedDocumentId"`
		URL string `json:"url"`
	}
	// Neither call refunds anything, so both may be repeated.
	if err := s.do(ctx, connectors.Call{Op: "createFeedDocument", Method: "POST", URL: s.base + "/feeds/2021-06-30/documents", Read: true,
		Body: map[string]string{"contentType": feedContent}}, &d); err != nil {
		return connectors.Receipt{}, certain("createFeed", err)
	}
	if _, err := s.client.Do(ctx, connectors.Call{Op: opUpload, Method: "PUT", URL: d.URL, Raw: doc, ContentType: feedContent, Bare: true, Read: true}, nil); err != nil {
		return connectors.Receipt{}, certain("createFeed", err)
	}
	var f struct {
		ID string `json:"feedId"`
	}
	at := s.now().UTC()
	err = s.do(ctx, connectors.Call{Op: "createFeed", Method: "POST", URL: s.base + "/feeds/2021-06-30/feeds",
		Body: struct {
			Type     string   `json:"feedType"`
			Markets  []string `json:"marketplaceIds"`
			Document string   `json:"inputFeedDocumentId"`
		}{feedType, s.marketsOf(w), d.ID}}, &f)
	lost := connectors.Receipt{State: connectors.StateUnknown, Code: sentAt + at.Format(time.RFC3339Nano), After: s.again(at)}
	switch {
	case err != nil && connectors.KindOf(err) == connectors.Unsure:
		return lost, err
	case err != nil:
		return connectors.Receipt{}, err
	case f.ID == "":
		return lost, fault(connectors.Unsure, "createFeed", "no_id", "the feed was taken, but came back without an id")
	}
	return connectors.Receipt{State: connectors.StateAccepted, ID: f.ID, After: s.again(at)}, nil
}

// again is when to look again at a feed that was sent at at.
func (s *Seller) again(at time.Time) time.Duration {
	if at.IsZero() {
		return lookAgain
	}
	return connectors.Again(s.now().Sub(at), lookAgain)
}

// marketsOf is the order's own marketplace.
func (s *Seller) marketsOf(w wireOrder) []string {
	if w.Channel.Market != "" {
		return []string{w.Channel.Market}
	}
	return s.markets[:1]
}

// certain: what fails before the call that counts leaves no doubt.
func certain(op string, err error) error {
	if connectors.KindOf(err) != connectors.Unsure {
		return err
	}
	return &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: op, Code: "not_sent", Err: err}
}

// pathID makes an id safe to stand in a path.
func pathID(id string) string { return url.PathEscape(id) }
