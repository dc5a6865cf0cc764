package sandbox

import (
	"errors"
	"fmt"
	"net/http"
)

// market is what the sides of a store remember that are not Shopify's: Amazon, eBay and WooCommerce beyond orders.
type market struct {
	grantless
	queue        queue
	destinations []*destination
	notes        []*noteSub
	reports      []*report
	stock        []stockDue
	issues       map[string][]m // of listings, by SKU

	shelves    map[string]*shelf // by SKU
	endsAtZero bool
	revised    map[string]int // by SKU, on the day revisedOn
	revisedOn  string
	calls      map[string]int // by API, on the day callsOn
	callsOn    string
	dailyOf    map[string]int
	signKeys   []*signKey
	alertEmail string
	woo        wooSide
	targets    []*target
	wishes     []*wish

	// How many of the next feeds and reports end badly or never, and how many
	// quantities are accepted and forgotten.
	fatalFeeds, stuckFeeds, fatalReports, stuckReports, deafStock int
}

// marketNews hears of all changes, for the queues and the calls of these two
// platforms.
func (w *World) marketNews(c change) {
	switch c.s.Platform {
	case Amazon:
		c.s.amazonNews(c)
	case Ebay:
		c.s.ebayNews(c)
	}
}

// marketAccount adds what clients of these two platforms need besides.
func (s *store) marketAccount(a *Account) {
	switch s.Platform {
	case Amazon:
		a.Queue = s.queueAccess()
	case Ebay:
		a.Verification = "sandbox-verification-token-of-" + s.Name
	case Woo:
		s.wooAccount(a)
	}
}

// ErrBadLever is what errors about a lever that a store does not have wrap.
var ErrBadLever = errors.New("no such lever")

// The levers of [World.Jam].
const (
	// JamFeedFatal and JamFeedStuck: the next feeds end badly, or never.
	JamFeedFatal = "feed-fatal"
	JamFeedStuck = "feed-stuck"
	// JamReportFatal and JamReportStuck: so do the next reports.
	JamReportFatal = "report-fatal"
	JamReportStuck = "report-stuck"
	// JamStock: the next quantities are accepted, and never show.
	JamStock = "stock-deaf"
	// JamQueueTwice: the next messages are in the queue twice. JamQueueLost: they
	// never get there. JamQueueBackwards: the newest come first, while n is not 0.
	JamQueueTwice     = "queue-twice"
	JamQueueLost      = "queue-lost"
	JamQueueBackwards = "queue-backwards"
	// JamEndsAtZero: eBay ends listings that are out of stock, while n is not 0.
	JamEndsAtZero = "ends-at-zero"
	// JamGateway: the payment gateway of a WooCommerce shop refuses the next refunds.
	JamGateway = "gateway-refuses"
)

// Jam makes something of an Amazon, eBay or WooCommerce account go wrong n times; 0 ends it.
func (w *World) Jam(store, lever string, n int) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	if (s.Platform == Woo) != (lever == JamGateway) || s.Platform == Shopify || s.Platform == Ebay && lever != JamEndsAtZero {
		return fmt.Errorf("%w: %q of %q", ErrBadLever, lever, store)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &s.market.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	switch lever {
	case JamGateway:
		s.market.woo.gatewayNo = n
	case JamQueueTwice:
		q.twice = n
	case JamQueueLost:
		q.lost = n
	case JamQueueBackwards:
		q.backwards = n != 0
	case JamEndsAtZero:
		s.market.endsAtZero = n != 0
	default:
		count := map[string]*int{JamFeedFatal: &s.market.fatalFeeds, JamFeedStuck: &s.market.stuckFeeds, JamReportFatal: &s.market.fatalReports,
			JamReportStuck: &s.market.stuckReports, JamStock: &s.market.deafStock}[lever]
		if count == nil {
			return fmt.Errorf("%w: %q", ErrBadLever, lever)
		}
		*count = n
	}
	return nil
}

// Queued counts what lies in an Amazon account's queue, hidden or not.
func (w *World) Queued(store string) (int, error) {
	s, err := w.store(store)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	s.ripen()
	s.mu.Unlock()
	there, hidden := s.market.queue.counts(w.now())
	return there + hidden, nil
}

// Enqueue puts a message into an Amazon account's queue, as it stands.
func (w *World) Enqueue(store, body string) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	if s.Platform != Amazon {
		return fmt.Errorf("%w: %q has no queue", ErrBadLever, store)
	}
	s.market.queue.put(s.Name, body, w.now())
	return nil
}

// controlMarkets adds the levers of the Amazon and eBay sides.
func (w *World) controlMarkets(mux *http.ServeMux) {
	type lever struct {
		Store string `json:"store"`
		Lever string `json:"lever"`
		Times *int   `json:"times"`
		Body  string `json:"body"`
		Buyer string `json:"buyer"`
		API   string `json:"api"`
	}
	post(mux, "jam", func(l lever) (any, error) {
		n := 1
		if l.Times != nil {
			n = *l.Times
		}
		return nil, w.Jam(l.Store, l.Lever, n)
	})
	post(mux, "enqueue", func(l lever) (any, error) { return nil, w.Enqueue(l.Store, l.Body) })
	post(mux, "forget", func(l lever) (any, error) { return nil, w.ForgetUser(l.Store, l.Buyer) })
	post(mux, "daily", func(l lever) (any, error) {
		if l.Times == nil {
			return nil, fmt.Errorf("%w: how many calls a day?", ErrBadLever)
		}
		return nil, w.SetDaily(l.Store, l.API, *l.Times)
	})
	mux.HandleFunc("GET /control/queue", func(rw http.ResponseWriter, r *http.Request) {
		n, err := w.Queued(r.URL.Query().Get("store"))
		answer(rw, m{"messages": n}, err)
	})
}
