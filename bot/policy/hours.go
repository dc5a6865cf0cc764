package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hours are when refunds may be asked for and approved. None means always.
type Hours []Span

// Span is a time of day on some days of the week. Where To is not after From, it
// ends on the day after.
type Span struct {
	// Text is how it was written.
	Text     string
	days     [7]bool
	from, to int // minutes of the day
}

// ErrHours is what the errors of ParseSpan wrap.
var ErrHours = errors.New("not hours")

// week are the days as they are written.
var week = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseSpan reads "mon-fri 09:00-18:00", "sat,sun 22:00-02:00", "09:00-24:00".
func ParseSpan(text string) (Span, error) {
	s := Span{Text: strings.Join(strings.Fields(text), " ")}
	bad := func(what string) (Span, error) { return Span{}, fmt.Errorf("%w: %s", ErrHours, what) }
	days, times, two := strings.Cut(strings.ToLower(s.Text), " ")
	if !two {
		days, times = "sun-sat", days
	}
	for part := range strings.SplitSeq(days, ",") {
		a, b, ranged := strings.Cut(part, "-")
		if !ranged {
			b = a
		}
		first, last := slices.Index(week, a), slices.Index(week, b)
		if first < 0 || last < 0 {
			return bad("days are " + strings.Join(week, ", "))
		}
		for d := first; ; d = (d + 1) % 7 {
			s.days[d] = true
			if d == last {
				break
			}
		}
	}
	from, to, ok := strings.Cut(times, "-")
	if !ok {
		return bad("a time of day is FROM-TO")
	}
	var err error
	if s.from, err = minute(from); err != nil || s.from == 24*60 {
		return bad("times are 00:00 to 24:00")
	}
	if s.to, err = minute(to); err != nil {
		return bad("times are 00:00 to 24:00")
	}
	if s.from == s.to {
		return bad("it ends when it begins; a whole day is 00:00-24:00")
	}
	return s, nil
}

func minute(s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err
}

// Open tells whether a moment, in its own time zone, is within the hours.
func (h Hours) Open(at time.Time) bool {
	if len(h) == 0 {
		return true
	}
	now, day := at.Hour()*60+at.Minute(), int(at.Weekday())
	return slices.ContainsFunc(h, func(s Span) bool {
		if s.to > s.from {
			return s.days[day] && now >= s.from && now < s.to
		}
		return s.days[day] && now >= s.from || s.days[(day+6)%7] && now < s.to
	})
}

// Next is the first moment from at on that is within the hours.
func (h Hours) Next(at time.Time) time.Time {
	if h.Open(at) {
		return at
	}
	var best time.Time
	for ahead := range 9 {
		for _, s := range h {
			t := time.Date(at.Year(), at.Month(), at.Day()+ahead, s.from/60, s.from%60, 0, 0, at.Location())
			// Where clocks are put forward, an opening may fall into the gap.
			for range 4 {
				if t.After(at) && h.Open(t) {
					break
				}
				t = t.Add(30 * time.Minute)
			}
			if s.days[t.Weekday()] && t.After(at) && h.Open(t) && (best.IsZero() || t.Before(best)) {
				best = t
			}
		}
	}
	return best
}
