package rates

import (
	"encoding/xml"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"helloworld/connectors"
)

// ECB is the name of the European Central Bank's file as a source, and Table of
// the table that people keep.
const (
	ECB   = "ECB"
	Table = "table"
)

// ErrSheet is what the errors of a broken file or table wrap.
var ErrSheet = errors.New("rates: not a sheet of rates")

// Sheet is the worth of currencies on a day.
type Sheet struct {
	Source string
	// Day is the day they are of: 2026-11-20.
	Day string
	// worth is one unit of a currency in the currency that all are compared with.
	worth map[string]*big.Rat
}

// Rate is what one unit of a currency is worth in another.
type Rate struct {
	From, To, Source, Day string
	value                 *big.Rat
}

var (
	decimalForm  = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,12})?$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

// decimal reads a positive decimal number exactly.
func decimal(s string) (*big.Rat, error) {
	if !decimalForm.MatchString(s) {
		return nil, fmt.Errorf("%w: a rate is a decimal number such as 7.7312", ErrSheet)
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok || r.Sign() <= 0 {
		return nil, fmt.Errorf("%w: a rate is more than zero", ErrSheet)
	}
	return r, nil
}

// NewTable is a table that people keep: what one unit of each currency is worth
// in the home currency, on a day.
func NewTable(home, day string, worth map[string]string) (Sheet, error) {
	s := Sheet{Source: Table, Day: day, worth: map[string]*big.Rat{home: big.NewRat(1, 1)}}
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return Sheet{}, fmt.Errorf("%w: %q is not a day", ErrSheet, day)
	}
	for currency, text := range worth {
		v, err := decimal(text)
		if err != nil {
			return Sheet{}, fmt.Errorf("%s: %w", currency, err)
		}
		if !currencyForm.MatchString(currency) || currency == home && v.Cmp(big.NewRat(1, 1)) != 0 {
			return Sheet{}, fmt.Errorf("%w: %q", ErrSheet, currency)
		}
		s.worth[currency] = v
	}
	return s, nil
}

// envelope is the bank's file: what a euro costs in each currency.
type envelope struct {
	XMLName xml.Name `xml:"Envelope"`
	Days    []struct {
		Day   string `xml:"time,attr"`
		Rates []struct {
			Currency string `xml:"currency,attr"`
			Rate     string `xml:"rate,attr"`
		} `xml:"Cube"`
	} `xml:"Cube>Cube"`
}

// ParseECB reads the European Central Bank's daily reference file.
func ParseECB(data []byte) (Sheet, error) {
	var e envelope
	if err := xml.Unmarshal(data, &e); err != nil {
		return Sheet{}, fmt.Errorf("%w: %w", ErrSheet, err)
	}
	if len(e.Days) != 1 || len(e.Days[0].Rates) == 0 {
		return Sheet{}, fmt.Errorf("%w: it should have one day with rates", ErrSheet)
	}
	day := e.Days[0]
	if _, err := time.Parse(time.DateOnly, day.Day); err != nil {
		return Sheet{}, fmt.Errorf("%w: its day cannot be read", ErrSheet)
	}
	s := Sheet{Source: ECB, Day: day.Day, worth: map[string]*big.Rat{"EUR": big.NewRat(1, 1)}}
	for _, x := range day.Rates {
		v, err := decimal(x.Rate)
		if err != nil {
			return Sheet{}, err
		}
		if !currencyForm.MatchString(x.Currency) || s.worth[x.Currency] != nil {
			return Sheet{}, fmt.Errorf("%w: a currency is there twice, or is none", ErrSheet)
		}
		s.worth[x.Currency] = v.Inv(v)
	}
	return s, nil
}

// Rate is the rate between two currencies, if the sheet has both.
func (s Sheet) Rate(from, to string) (Rate, bool) {
	a, b := s.worth[from], s.worth[to]
	if a == nil || b == nil {
		return Rate{}, false
	}
	return Rate{From: from, To: to, Source: s.Source, Day: s.Day, value: new(big.Rat).Quo(a, b)}, true
}

// Age is how many days a sheet's day is behind the day of a moment.
func (s Sheet) Age(now time.Time) (int, error) {
	day, err := time.Parse(time.DateOnly, s.Day)
	if err != nil {
		return 0, fmt.Errorf("%w: %q is not a day", ErrSheet, s.Day)
	}
	return int(now.UTC().Sub(day) / (24 * time.Hour)), nil
}

// Of is an amount in the rate's other currency, rounded up: what limits are held
// against.
func (r Rate) Of(m connectors.Money) (connectors.Money, error) { return r.into(m, ceil) }

// Near is the same rounded to the nearest, half up: what people are shown.
func (r Rate) Near(m connectors.Money) (connectors.Money, error) { return r.into(m, near) }

func (r Rate) into(m connectors.Money, whole func(*big.Rat) *big.Int) (connectors.Money, error) {
	if m.Currency != r.From || r.value == nil {
		return connectors.Money{}, fmt.Errorf("%w: %s by a rate for %s", connectors.ErrMoney, m, r.From)
	}
	x := new(big.Rat).SetInt64(m.Minor)
	x.Mul(x, r.value)
	x.Mul(x, new(big.Rat).SetFrac(power(connectors.Exponent(r.To)), power(connectors.Exponent(r.From))))
	n := whole(x)
	if !n.IsInt64() {
		return connectors.Money{}, fmt.Errorf("%w: %s is too much in %s", connectors.ErrMoney, m, r.To)
	}
	return connectors.Money{Minor: n.Int64(), Currency: r.To}, nil
}

// digits are how many digits of a rate are shown where it does not come out even.
const digits = 6

// Text is the rate as people read it: exact where it comes out even within
// reason, else rounded up.
func (r Rate) Text() string {
	if r.value == nil {
		return ""
	}
	for n := range 9 {
		if x := new(big.Rat).Mul(r.value, new(big.Rat).SetInt(power(n))); x.IsInt() {
			return r.value.FloatString(n)
		}
	}
	n, least := 0, new(big.Rat).SetInt(power(digits-1))
	for n < 20 && new(big.Rat).Mul(r.value, new(big.Rat).SetInt(power(n))).Cmp(least) < 0 {
		n++
	}
	scale := power(n)
	up := ceil(new(big.Rat).Mul(r.value, new(big.Rat).SetInt(scale)))
	text := new(big.Rat).SetFrac(up, scale).FloatString(n)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// ceil is the least whole number that is not below x.
func ceil(x *big.Rat) *big.Int {
	n, rest := new(big.Int).DivMod(x.Num(), x.Denom(), new(big.Int))
	if rest.Sign() != 0 {
		n.Add(n, big.NewInt(1))
	}
	return n
}

// near is the nearest whole number, the greater of two as near.
func near(x *big.Rat) *big.Int {
	n := ceil(x)
	if over := new(big.Rat).Sub(new(big.Rat).SetInt(n), x); over.Cmp(big.NewRat(1, 2)) > 0 {
		n.Sub(n, big.NewInt(1))
	}
	return n
}
