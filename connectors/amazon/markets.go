package amazon

import (
	"errors"
	"net/url"
	"strings"
)

// site is what is known of a marketplace: the shop's domain, the Seller Central
// on which its sellers grant access, and the language it is run in, which is a
// prior and no more.
type site struct{ domain, central, language string }

const europe = "sellercentral-europe.amazon.com"

// sites are the marketplaces by their ids.
var sites = map[string]site{
	"ATVPDKIKX0DER":  {"www.amazon.com", "sellercentral.amazon.com", "en-US"},
	"A2EUQ1WTGCTBG2": {"www.amazon.ca", "sellercentral.amazon.ca", "en-CA"},
	"A1AM78C64UM0Y8": {"www.amazon.com.mx", "sellercentral.amazon.com.mx", "es-MX"},
	"A2Q3Y263D00KWC": {"www.amazon.com.br", "sellercentral.amazon.com.br", "pt-BR"},
	"A1PA6795UKMFR9": {"www.amazon.de", europe, "de-DE"},
	"A13V1IB3VIYZZH": {"www.amazon.fr", europe, "fr-FR"},
	"APJ6JRA9NG5V4":  {"www.amazon.it", europe, "it-IT"},
	"A1RKKUPIHCS9HS": {"www.amazon.es", europe, "es-ES"},
	"A1F83G8C2ARO7P": {"www.amazon.co.uk", europe, "en-GB"},
	"A28R8C7NBKEWEA": {"www.amazon.ie", "sellercentral.amazon.ie", "en-IE"},
	"A1805IZSGTT6HS": {"www.amazon.nl", "sellercentral.amazon.nl", "nl-NL"},
	"A2NODRKZP88ZB9": {"www.amazon.se", "sellercentral.amazon.se", "sv-SE"},
	"A1C3SOZRARQ6R3": {"www.amazon.pl", "sellercentral.amazon.pl", "pl-PL"},
	"AMEN7PMS3EDWL":  {"www.amazon.com.be", "sellercentral.amazon.com.be", "fr-BE"},
	"A33AVAJ2PDY3EV": {"www.amazon.com.tr", "sellercentral.amazon.com.tr", "tr-TR"},
	"ARBP9OOSHTCHU":  {"www.amazon.eg", "sellercentral.amazon.eg", "ar-EG"},
	"A2VIGQ35RCS4UG": {"www.amazon.ae", "sellercentral.amazon.ae", "ar-AE"},
	"A17E79C6D8DWNP": {"www.amazon.sa", "sellercentral.amazon.sa", "ar-SA"},
	"A21TJRUUN4KGV":  {"www.amazon.in", "sellercentral.amazon.in", "en-IN"},
	"AE08WJ6YKNBMC":  {"www.amazon.co.za", "sellercentral.amazon.co.za", "en-ZA"},
	"A1VC38T7YXB528": {"www.amazon.co.jp", "sellercentral.amazon.co.jp", "ja-JP"},
	"A39IBJ37TRP1C6": {"www.amazon.com.au", "sellercentral.amazon.com.au", "en-AU"},
	"A19VAU5U5O7RUS": {"www.amazon.sg", "sellercentral.amazon.sg", "en-SG"},
}

// consentAddress is where sellers grant access.
func consentAddress(option, market string) (string, error) {
	if option == "" {
		host := sites[market].central
		if host == "" {
			host = sites["ATVPDKIKX0DER"].central
		}
		return "https://" + host, nil
	}
	u, err := url.Parse(option)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("not an address")
	}
	return strings.TrimRight(option, "/"), nil
}
