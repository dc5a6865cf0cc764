package amazon

import (
	"context"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"helloworld/connectors"
)

// budget is what the models name as default for each operation.
var budget = map[string]connectors.Bucket{
	"searchOrders":                 {Rate: 0.0056, Burst: 20},
	"getOrder":                     {Rate: 0.5, Burst: 30},
	"confirmShipment":              {Rate: 2, Burst: 10},
	"createFeedDocument":           {Rate: 0.5, Burst: 15},
	"createFeed":                   {Rate: 0.0083, Burst: 15},
	"getFeed":                      {Rate: 2, Burst: 15},
	"getFeeds":                     {Rate: 0.0222, Burst: 10},
	"getFeedDocument":              {Rate: 0.0222, Burst: 10},
	"listTransactions":             {Rate: 0.5, Burst: 10},
	"searchListingsItems":          {Rate: 5, Burst: 5},
	"getListingsItem":              {Rate: 5, Burst: 10},
	"patchListingsItem":            {Rate: 5, Burst: 5},
	"getInventorySummaries":        {Rate: 2, Burst: 2},
	"createReport":                 {Rate: 0.0167, Burst: 15},
	"getReport":                    {Rate: 2, Burst: 15},
	"getReports":                   {Rate: 0.0222, Burst: 10},
	"getReportDocument":            {Rate: 0.0167, Burst: 15},
	"getMessagingActionsForOrder":  {Rate: 1, Burst: 5},
	"GetAttributes":                {Rate: 1, Burst: 5},
	"confirmCustomizationDetails":  {Rate: 1, Burst: 5},
	"createConfirmDeliveryDetails": {Rate: 1, Burst: 5},
	"createConfirmOrderDetails":    {Rate: 1, Burst: 5},
	"createConfirmServiceDetails":  {Rate: 1, Burst: 5},
	"createDigitalAccessKey":       {Rate: 1, Burst: 5},
	"createUnexpectedProblem":      {Rate: 1, Burst: 5},
	"getDestinations":              {Rate: 1, Burst: 5},
	"createDestination":            {Rate: 1, Burst: 5},
	"getSubscription":              {Rate: 1, Burst: 5},
	"createSubscription":           {Rate: 1, Burst: 5},
	"getMarketplaceParticipations": {Rate: 0.016, Burst: 15},
}

// Operations are the names of all API operations this adapter calls, as the
// platform's models write them.
func Operations() []string { return slices.Sorted(maps.Keys(budget)) }

// opReads is the quota's name for the reading calls of a day.
const opReads = "GET"

// usage counts what was asked for, and keeps the rates that answers named.
type usage struct {
	mu    sync.Mutex
	rates map[string]float64
	// times are the last calls of an operation, no more than its burst.
	times map[string][]time.Time
	day   time.Time
	reads int
}

// rateOf reads the rate that an answer names.
func rateOf(h http.Header) float64 {
	f, err := strconv.ParseFloat(h.Get("X-Amzn-Ratelimit-Limit"), 64)
	if err != nil || !(f > 0) || f > 1e6 {
		return 0
	}
	return f
}

// counted counts each attempt that carries a token.
func (u *usage) counted(now func() time.Time, authorise func(context.Context, *http.Request) error) func(context.Context, *http.Request) error {
	return func(ctx context.Context, r *http.Request) error {
		if err := authorise(ctx, r); err != nil {
			return err
		}
		if r.Method == http.MethodGet {
			u.read(now())
		}
		return nil
	}
}

// read counts one reading call on its day.
func (u *usage) read(now time.Time) {
	day := now.UTC().Truncate(24 * time.Hour)
	u.mu.Lock()
	defer u.mu.Unlock()
	if !day.Equal(u.day) {
		u.day, u.reads = day, 0
	}
	u.reads++
}

// note remembers a call and what its answer said of the limit.
func (u *usage) note(op string, h http.Header, now time.Time) {
	b, known := budget[op]
	if !known || h == nil { // without headers it never got there
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.rates == nil {
		u.rates, u.times = map[string]float64{}, map[string][]time.Time{}
	}
	if r := rateOf(h); r > 0 {
		u.rates[op] = r
	}
	t := append(u.times[op], now)
	u.times[op] = t[max(0, len(t)-b.Burst):]
}

// Quotas tells the limit of each operation: as many calls as the burst allows,
// in the time that it takes to grow back. The platform names only the rate; what
// is used of it is the desk's own count. The reading calls of the day are counted
// too, since the platform has announced to charge for them.
func (s *Seller) Quotas(context.Context) ([]connectors.Quota, error) {
	now := s.now()
	s.use.mu.Lock()
	defer s.use.mu.Unlock()
	var out []connectors.Quota
	for _, op := range Operations() {
		b := budget[op]
		rate, told := s.use.rates[op], true
		if rate == 0 {
			rate, told = b.Rate, false
		}
		window := time.Duration(math.Ceil(float64(b.Burst) / rate * float64(time.Second)))
		q := connectors.Quota{Name: op, Limit: float64(b.Burst), Window: window, Told: told}
		for _, t := range s.use.times[op] {
			if now.Sub(t) < window {
				q.Used++
			}
		}
		q.Left = q.Limit - q.Used
		out = append(out, q)
	}
	reads := connectors.Quota{Name: opReads, Window: 24 * time.Hour, Resets: now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)}
	if now.UTC().Truncate(24 * time.Hour).Equal(s.use.day) {
		reads.Used = float64(s.use.reads)
	}
	return append(out, reads), nil
}
