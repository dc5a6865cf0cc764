package sandbox

import (
	"net/http"
)

// market is what the Amazon and the eBay side of a store remember beyond orders.
type market struct {
	queue queue
	grantless
}

// marketNews hears of all changes, for the queues and the calls of these two
// platforms.
func (w *World) marketNews(_ change) {}

// controlMarkets adds the levers of the Amazon and eBay sides.
func (w *World) controlMarkets(_ *http.ServeMux) {}

// marketAccount adds what clients of these two platforms need besides.
func (s *store) marketAccount(a *Account) {
	if s.Platform == Amazon {
		a.Queue = s.queueAccess()
	}
}
