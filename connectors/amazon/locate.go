package amazon

import (
	"errors"
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"

	"helloworld/connectors"
)

var errWhere = errors.New("amazon: no such marketplace: a country (DE), an address (amazon.de) or a marketplace's id")

// regions are the countries whose marketplaces are not run from Europe.
var regions = map[string]string{"US": "na", "CA": "na", "MX": "na", "BR": "na", "JP": "fe", "AU": "fe", "SG": "fe"}

// locate reads a marketplace as people write it: DE, amazon.de,
// https://www.amazon.co.jp/, UK, A1PA6795UKMFR9.
func locate(where string) (connectors.Spot, error) {
	w := strings.ToUpper(strings.TrimSpace(where))
	w = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(w, "HTTPS://"), "HTTP://"), "WWW.")
	w, _, _ = strings.Cut(w, "/")
	if w == "UK" {
		w = "GB"
	}
	for id, s := range sites {
		lang := language.Make(s.language)
		country, _ := lang.Region()
		if w != id && w != country.String() && !strings.EqualFold("www."+w, s.domain) {
			continue
		}
		region := regions[country.String()]
		if region == "" {
			region = "eu"
		}
		spot := connectors.Spot{ID: "amazon-" + strings.ToLower(country.String()), Region: region, Language: lang,
			Options: map[string]string{"marketplace": id}}
		if unit, ok := currency.FromRegion(country); ok {
			spot.Currency = unit.String()
		}
		return spot, nil
	}
	return connectors.Spot{}, errWhere
}
