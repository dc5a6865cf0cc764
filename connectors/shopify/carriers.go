package shopify

import "strings"

// companies are the platform's words for carriers of package tracking, exactly
// as it lists them: with another spelling it makes no link of the number. Some
// it lists only for shops of one country; there, too, the word is this one. It
// has none for Cainiao, GOFO, Yanwen, Landmark, Speedee and the EMS of the posts.
var companies = map[string]string{
	"4px":           "4PX",
	"amazon":        "Amazon",
	"canada-post":   "Canada Post",
	"canpar":        "Canpar",
	"china-post":    "China Post",
	"correios":      "Correios",
	"deutsche-post": "Deutsche Post",
	"dhl":           "DHL Express",
	"dhl-ecommerce": "DHL eCommerce",
	"dhl-paket":     "DHL",
	"dpd":           "DPD",
	"fedex":         "FedEx",
	"gls":           "GLS",
	"hermes":        "Hermes",
	"evri":          "Evri",
	"japan-post":    "Japan Post (EN)",
	"la-poste":      "Colissimo",
	"lasership":     "Lasership",
	"old-dominion":  "Old Dominion",
	"ontrac":        "OnTrac",
	"purolator":     "Purolator",
	"royal-mail":    "Royal Mail",
	"sf":            "SF Express",
	"ups":           "UPS",
	"usps":          "USPS",
	"yodel":         "Yodel",
	"yunexpress":    "YunExpress",
}

// Carrier is the platform's own word for a carrier of package tracking.
func (s *Shop) Carrier(code string) (string, bool) {
	word, ok := companies[strings.ToLower(strings.TrimSpace(code))]
	return word, ok
}

// company is what is sent: the platform's word, also for a name that people
// wrote in their own way; else that name as it is.
func (s *Shop) company(carrier string) string {
	carrier = strings.TrimSpace(carrier)
	if word, ok := s.Carrier(carrier); ok {
		return word
	}
	for _, word := range companies {
		if strings.EqualFold(word, carrier) {
			return word
		}
	}
	return carrier
}
