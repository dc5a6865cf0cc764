package ebay

import (
	"testing"

	"helloworld/connectors"
)

func TestAnotherSellersConsentIsRefused(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		expected string
		ok       bool
	}{
		"the same": {"toy-seller", true}, "in other letters": {"Toy-Seller", true}, "by the id that never changes": {"u1", true},
		"nobody is expected": {"", true}, "another": {"somebody-else", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := newShop(t, newServer(t, 1))
			shop.expected = x.expected
			token, err := shop.tokens.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = shop.sameSeller(t.Context(), connectors.Credential{Access: token})
			if got := err == nil; got != x.ok {
				t.Fatalf("%v", err)
			}
			if err != nil && (connectors.KindOf(err) != connectors.Invalid || codeOf(err) != connectors.OtherSeller) {
				t.Errorf("%v", err)
			}
		})
	}
}
