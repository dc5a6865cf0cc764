package translate

import (
	"context"
	"time"

	"golang.org/x/text/language"
)

// Rule is what an engine may be used for, and what it costs.
type Rule struct {
	// Local: it runs on the seller's own machine, so that text which must not leave
	// may go there.
	Local bool
	// Pairs are the languages it is for, such as "en>zh" or "*>ja"; empty means all.
	Pairs []string
	// MonthLetters is how many letters a calendar month (UTC) it may get; 0: any number.
	MonthLetters int64
	// MonthCost is how much a calendar month may cost, in millionths of Currency; 0: anything.
	MonthCost int64
	// MillionCost is what a million letters cost, in millionths of Currency.
	MillionCost int64
	Currency    string
}

// Usage is one call of an engine as it is counted. It holds no text.
type Usage struct {
	Engine   string
	From, To language.Tag
	At       time.Time
	// Letters were sent; Cost is in millionths of Currency.
	Letters, Cost int64
	Currency      string
	// Failed is the kind of its error; empty when it answered.
	Failed string
	Took   time.Duration
}

// Ledger keeps count of what engines did, over restarts and replicas.
type Ledger interface {
	Count(ctx context.Context, u Usage) error
	// Spent is what an engine got and cost since a moment.
	Spent(ctx context.Context, engine string, since time.Time) (letters, cost int64, err error)
}
