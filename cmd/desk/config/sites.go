package config

// site is a country's site of a marketplace, for what the dialogue suggests.
type site struct {
	// id is Amazon's name of it; empty where Amazon has no site.
	id, region         string
	currency, language string
}

// sites are the sites by country, as sellers name them.
var sites = map[string]site{
	"US": {"ATVPDKIKX0DER", "na", "USD", "en-US"}, "CA": {"A2EUQ1WTGCTBG2", "na", "CAD", "en-CA"},
	"MX": {"A1AM78C64UM0Y8", "na", "MXN", "es-MX"}, "BR": {"A2Q3Y263D00KWC", "na", "BRL", "pt-BR"},
	"DE": {"A1PA6795UKMFR9", "eu", "EUR", "de"}, "GB": {"A1F83G8C2ARO7P", "eu", "GBP", "en-GB"},
	"FR": {"A13V1IB3VIYZZH", "eu", "EUR", "fr"}, "IT": {"APJ6JRA9NG5V4", "eu", "EUR", "it"},
	"ES": {"A1RKKUPIHCS9HS", "eu", "EUR", "es"}, "NL": {"A1805IZSGTT6HS", "eu", "EUR", "nl"},
	"BE": {"AMEN7PMS3EDWL", "eu", "EUR", "nl"}, "IE": {"A28R8C7NBKEWEA", "eu", "EUR", "en-IE"},
	"SE": {"A2NODRKZP88ZB9", "eu", "SEK", "sv"}, "PL": {"A1C3SOZRARQ6R3", "eu", "PLN", "pl"},
	"TR": {"A33AVAJ2PDY3EV", "eu", "TRY", "tr"}, "EG": {"ARBP9OOSHTCHU", "eu", "EGP", "ar"},
	"SA": {"A17E79C6D8DWNP", "eu", "SAR", "ar"}, "AE": {"A2VIGQ35RCS4UG", "eu", "AED", "ar"},
	"IN": {"A21TJRUUN4KGV", "eu", "INR", "en-IN"}, "ZA": {"AE08WJ6YKNBMC", "eu", "ZAR", "en-ZA"},
	"JP": {"A1VC38T7YXB528", "fe", "JPY", "ja"}, "AU": {"A39IBJ37TRP1C6", "fe", "AUD", "en-AU"},
	"SG": {"A19VAU5U5O7RUS", "fe", "SGD", "en-SG"},
	"AT": {"", "", "EUR", "de"}, "CH": {"", "", "CHF", "de"}, "HK": {"", "", "HKD", "zh-HK"},
}

// ebaySites are the countries where eBay has a site of its own.
var ebaySites = []string{"US", "DE", "GB", "AU", "AT", "BE", "CA", "CH", "ES", "FR", "HK", "IE", "IT", "NL", "PL", "SG"}
