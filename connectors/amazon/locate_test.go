package amazon

import "testing"

func TestLocate(t *testing.T) {
	t.Parallel()
	for where, want := range map[string][4]string{
		"DE": {"A1PA6795UKMFR9", "EUR", "eu", "amazon-de"}, "https://www.amazon.co.jp/": {"A1VC38T7YXB528", "JPY", "fe", "amazon-jp"},
		"amazon.com": {"ATVPDKIKX0DER", "USD", "na", "amazon-us"}, " uk ": {"A1F83G8C2ARO7P", "GBP", "eu", "amazon-gb"},
		"A2Q3Y263D00KWC": {"A2Q3Y263D00KWC", "BRL", "na", "amazon-br"},
	} {
		got, err := locate(where)
		if err != nil || got.Options["marketplace"] != want[0] || got.Currency != want[1] || got.Region != want[2] || got.ID != want[3] {
			t.Errorf("%q: %+v, %v; want %v", where, got, err, want)
		}
	}
	for _, where := range []string{"", "XX", "amazon", "example.com", "日本"} {
		if got, err := locate(where); err == nil {
			t.Errorf("%q is taken for %+v", where, got)
		}
	}
	for id, s := range sites {
		if got, err := locate(s.domain); err != nil || got.Options["marketplace"] != id {
			t.Errorf("%s is taken for %+v, %v", s.domain, got, err)
		}
	}
}
