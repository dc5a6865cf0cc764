package ebay

import (
	"errors"
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"helloworld/connectors"
)

var errWhere = errors.New("ebay: no such site: EBAY_DE, or a country: DE")

// addresses are sites that go by another name than their country's.
var addresses = map[string]string{"EBAY.COM": "US", "EBAY.CO.UK": "GB", "EBAY.COM.AU": "AU", "EBAY.COM.HK": "HK", "EBAY.COM.MY": "MY", "EBAY.COM.SG": "SG", "UK": "GB"}

// locate reads a site as people write it: EBAY_DE, DE, ebay.de, www.ebay.co.uk.
func locate(where string) (connectors.Spot, error) {
	w := strings.ToUpper(strings.TrimSpace(where))
	w = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(w, "HTTPS://"), "HTTP://"), "WWW.")
	w, _, _ = strings.Cut(w, "/")
	switch country, known := addresses[w]; {
	case known:
		w = country
	case strings.HasPrefix(w, "EBAY."):
		w = strings.TrimPrefix(w, "EBAY.")
	}
	if !strings.HasPrefix(w, "EBAY_") {
		w = "EBAY_" + w
	}
	lang, ok := sites[w]
	if !ok {
		return connectors.Spot{}, errWhere
	}
	country := strings.TrimPrefix(w, "EBAY_")
	spot := connectors.Spot{ID: "ebay-" + strings.ToLower(strings.ReplaceAll(country, "_", "-")), Language: language.Make(lang.String()),
		Options: map[string]string{"marketplace": w}}
	if r, err := language.ParseRegion(country); err == nil {
		if unit, ok := currency.FromRegion(r); ok {
			spot.Currency = unit.String()
		}
	} else {
		spot.Currency = "USD"
	}
	return spot, nil
}
