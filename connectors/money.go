package connectors

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Money is an exact amount: whole minor units and an ISO 4217 currency.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// exponents lists the currencies whose minor unit is not a hundredth (ISO 4217).
var exponents = map[string]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
	"VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "UYI": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}

// Exponent is how many decimals a currency has: JPY 0, EUR 2, KWD 3.
func Exponent(currency string) int {
	if n, ok := exponents[currency]; ok {
		return n
	}
	return 2
}

// ErrMoney is what the errors of ParseMoney and Plus wrap.
var ErrMoney = errors.New("not an amount of money")

// ParseMoney reads a platform's plain decimal string ("59.90", "-3", "1200").
// It never goes through a float. More decimals than the currency has are
// accepted only if they are zeros.
func ParseMoney(decimal, currency string) (Money, error) {
	bad := func(why string) (Money, error) {
		return Money{}, fmt.Errorf("%w: %q %s: %s", ErrMoney, decimal, currency, why)
	}
	if len(currency) != 3 || strings.ToUpper(currency) != currency {
		return bad("currency is not an ISO 4217 code")
	}
	s := decimal
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	whole, frac, dotted := strings.Cut(s, ".")
	if whole == "" && frac == "" || dotted && frac == "" {
		return bad("no digits")
	}
	exp := Exponent(currency)
	for len(frac) > exp && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	if len(frac) > exp {
		return bad("more decimals than the currency has")
	}
	digits := whole + frac + strings.Repeat("0", exp-len(frac))
	if strings.Trim(digits, "0123456789") != "" {
		return bad("not a decimal number")
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n == math.MaxInt64 {
		return bad("too large")
	}
	if neg {
		n = -n
	}
	return Money{n, currency}, nil
}

// Decimal is the amount as platforms write it: "59.90", "1200".
func (m Money) Decimal() string {
	exp := Exponent(m.Currency)
	sign, n := "", uint64(m.Minor)
	if m.Minor < 0 {
		sign, n = "-", -n
	}
	s := strconv.FormatUint(n, 10)
	if exp == 0 {
		return sign + s
	}
	if len(s) <= exp {
		s = strings.Repeat("0", exp+1-len(s)) + s
	}
	return sign + s[:len(s)-exp] + "." + s[len(s)-exp:]
}

// String is the amount with its currency: "59.90 EUR".
func (m Money) String() string {
	if m.Currency == "" {
		return strconv.FormatInt(m.Minor, 10)
	}
	return m.Decimal() + " " + m.Currency
}

// IsZero: no amount at all.
func (m Money) IsZero() bool { return m.Minor == 0 }

// NoCurrency is ISO 4217's code for "no currency". It marks what came of adding
// two currencies, or of a sum beyond all amounts: it equals no amount, and
// whatever is added to it stays so.
const NoCurrency = "XXX"

// Plus adds. An empty amount without a currency takes the other's. Two
// different currencies, or a sum that is too large, are an error.
func (m Money) Plus(o Money) (Money, error) {
	currency := m.Currency
	if currency == "" {
		currency = o.Currency
	}
	if o.Currency != "" && o.Currency != currency {
		return Money{Currency: NoCurrency}, fmt.Errorf("%w: %s and %s cannot be added", ErrMoney, m, o)
	}
	sum := m.Minor + o.Minor
	if (m.Minor > 0) == (o.Minor > 0) && (sum > 0) != (m.Minor > 0) && m.Minor != 0 && o.Minor != 0 {
		return Money{Currency: NoCurrency}, fmt.Errorf("%w: %s and %s are too much", ErrMoney, m, o)
	}
	if currency == NoCurrency {
		sum = 0
	}
	return Money{sum, currency}, nil
}

// Add is Plus for amounts of one order, which have one currency by their nature.
// Where they have not, it gives nothing at all in [NoCurrency]: nobody can refund
// that, and it goes wrong in no silence, since it equals no other amount.
func (m Money) Add(o Money) Money {
	sum, _ := m.Plus(o)
	return sum
}

// Sub subtracts, by the rules of Add.
func (m Money) Sub(o Money) Money {
	if o.Minor == math.MinInt64 {
		return Money{Currency: NoCurrency}
	}
	return m.Add(Money{-o.Minor, o.Currency})
}
