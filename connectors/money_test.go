package connectors

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestParseMoney(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in, cur string
		want    int64
		ok      bool
	}{
		{"59.90", "EUR", 5990, true},
		{"59.9", "EUR", 5990, true},
		{"59", "EUR", 5900, true},
		{"-3", "EUR", -300, true},
		{"+3", "EUR", 300, true},
		{".5", "EUR", 50, true},
		{"0.00", "EUR", 0, true},
		{"59.9000", "EUR", 5990, true},
		{"1200", "JPY", 1200, true},
		{"1200.0", "JPY", 1200, true},
		{"1200.5", "JPY", 0, false},
		{"1.234", "KWD", 1234, true},
		{"1.2345", "KWD", 0, false},
		{"59.905", "EUR", 0, false},
		{"", "EUR", 0, false},
		{".", "EUR", 0, false},
		{"5.", "EUR", 0, false},
		{"-", "EUR", 0, false},
		{"--5", "EUR", 0, false},
		{"1e3", "EUR", 0, false},
		{"1,00", "EUR", 0, false},
		{" 1", "EUR", 0, false},
		{"１", "EUR", 0, false},
		{"NaN", "EUR", 0, false},
		{"1", "eur", 0, false},
		{"1", "", 0, false},
		{"92233720368547758.06", "EUR", math.MaxInt64 - 1, true},
		{"92233720368547758.08", "EUR", 0, false},
	} {
		got, err := ParseMoney(tc.in, tc.cur)
		if (err == nil) != tc.ok || got.Minor != tc.want {
			t.Errorf("%q %s: %v %v", tc.in, tc.cur, got, err)
		}
		if err != nil && !errors.Is(err, ErrMoney) {
			t.Errorf("%q: %v is not ErrMoney", tc.in, err)
		}
	}
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]Money{
		"59.90": {5990, "EUR"}, "0.05": {5, "EUR"}, "-0.05": {-5, "EUR"}, "1200": {1200, "JPY"}, "0.001": {1, "KWD"},
		"-92233720368547758.08": {math.MinInt64, "EUR"},
	} {
		if got := m.Decimal(); got != want {
			t.Errorf("%d %s: %q, want %q", m.Minor, m.Currency, got, want)
		}
	}
}

func TestMoneyRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := Money{rapid.Int64Range(math.MinInt64+2, math.MaxInt64-1).Draw(t, "minor"), rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "CLF", "USD"}).Draw(t, "currency")}
		got, err := ParseMoney(m.Decimal(), m.Currency)
		if err != nil || got != m {
			t.Fatalf("%v became %v: %v", m, got, err)
		}
		if s := m.Sub(m); !s.IsZero() || s.Currency != m.Currency {
			t.Fatalf("%v less itself is %v", m, s)
		}
	})
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"59.90", "-0", "1200", "", ".", "99999999999999999999", "1e9", "+.5"} {
		f.Add(s, "EUR")
		f.Add(s, "JPY")
	}
	f.Fuzz(func(t *testing.T, s, cur string) {
		m, err := ParseMoney(s, cur)
		if err != nil {
			return
		}
		if again, err := ParseMoney(m.Decimal(), cur); err != nil || again != m {
			t.Fatalf("%q is %v, and then %v: %v", s, m, again, err)
		}
	})
}

func TestMoneyOfTwoCurrenciesIsNone(t *testing.T) {
	t.Parallel()
	eur, usd := Money{100, "EUR"}, Money{100, "USD"}
	for _, tc := range []struct {
		name      string
		got, want Money
	}{
		{"two currencies", eur.Add(usd), Money{0, NoCurrency}},
		{"two currencies less", eur.Sub(usd), Money{0, NoCurrency}},
		{"and on", eur.Add(usd).Add(eur), Money{0, NoCurrency}},
		{"empty first", Money{}.Add(eur), eur},
		{"empty last", eur.Sub(Money{}), eur},
		{"too large", Money{math.MaxInt64 - 1, "EUR"}.Add(Money{2, "EUR"}), Money{0, NoCurrency}},
		{"too small", Money{math.MinInt64 + 1, "EUR"}.Sub(Money{2, "EUR"}), Money{0, NoCurrency}},
		{"no negative", eur.Sub(Money{math.MinInt64, "EUR"}), Money{0, NoCurrency}},
		{"ordinary", eur.Add(Money{-30, "EUR"}), Money{70, "EUR"}},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, tc.got, tc.want)
		}
	}
	if _, err := eur.Plus(usd); !errors.Is(err, ErrMoney) {
		t.Errorf("got %v", err)
	}
}
