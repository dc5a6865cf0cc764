package sandbox

import "sync"

// The scopes of tokens that belong to an application and to no seller.
const (
	scopeNotes    = "sellingpartnerapi::notifications"
	scopeRotation = "sellingpartnerapi::client_credential:rotation"
)

// grantless are the access tokens that belong to no seller.
type grantless struct {
	mu     sync.Mutex
	tokens map[string]bool
}

func (g *grantless) keepGrantless(token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.tokens == nil {
		g.tokens = map[string]bool{}
	}
	g.tokens[token] = true
}

func (g *grantless) isGrantless(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tokens[token]
}
