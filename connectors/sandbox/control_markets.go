package sandbox

import (
	"net/http"
)

// controlMarkets adds the levers of the Amazon and eBay sides.
func (w *World) controlMarkets(_ *http.ServeMux) {}

// market is what the Amazon and the eBay side of a store remember beyond orders.
type market struct{}

// QueueAccess is what a client of the queue needs. It opens nothing but this
// world.
type QueueAccess struct {
	// Path is the queue service's place below the world's address; URL is the
	// queue's own, below the same address.
	Path   string `json:"path"`
	URL    string `json:"url"`
	ARN    string `json:"arn"`
	Region string `json:"region"`
	KeyID  string `json:"key_id"`
	Secret string `json:"secret"`
}

func (s *store) marketAccount(_ *Account) {}
