package ebay

import "testing"

func TestLocate(t *testing.T) {
	t.Parallel()
	for where, want := range map[string][3]string{
		"EBAY_DE": {"EBAY_DE", "EUR", "ebay-de"}, "de": {"EBAY_DE", "EUR", "ebay-de"}, " https://www.ebay.co.uk/ ": {"EBAY_GB", "GBP", "ebay-gb"},
		"ebay.com": {"EBAY_US", "USD", "ebay-us"}, "ebay.fr": {"EBAY_FR", "EUR", "ebay-fr"}, "UK": {"EBAY_GB", "GBP", "ebay-gb"},
	} {
		got, err := locate(where)
		if err != nil || got.Options["marketplace"] != want[0] || got.Currency != want[1] || got.ID != want[2] || got.Language.String() == "und" {
			t.Errorf("%q: %+v, %v; want %v", where, got, err, want)
		}
	}
	for _, where := range []string{"", "XX", "EBAY_", "EBAY_XX", "example.com", "德国"} {
		if got, err := locate(where); err == nil {
			t.Errorf("%q is taken for %+v", where, got)
		}
	}
}
