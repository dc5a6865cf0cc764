package telegramfake

import (
	"math"
	"strconv"
	"time"
)

// Flood limits. Telegram's own are unpublished; these are what its FAQ says.
const (
	burst      = 3
	perMinute  = 20
	perSecond  = 30
	minuteSpan = time.Minute
)

// flood refuses what comes too fast. The caller holds the lock.
func (s *Server) flood(c *room, edit bool) *apiError {
	if s.o.NoLimits {
		return nil
	}
	now := s.o.Now()
	wait := func(d time.Duration) *apiError {
		n := max(1, int(math.Ceil(d.Seconds())))
		return &apiError{Code: 429, Text: "Too Many Requests: retry after " + strconv.Itoa(n), RetryAfter: n}
	}
	s.recent = since(s.recent, now.Add(-time.Second))
	if len(s.recent) >= perSecond {
		return wait(s.recent[0].Add(time.Second).Sub(now))
	}
	if !edit {
		if c.filled.IsZero() {
			c.tokens = burst
		}
		c.tokens = math.Min(burst, c.tokens+now.Sub(c.filled).Seconds())
		c.filled = now
		// A hair of tolerance, since clocks on both sides round.
		if c.tokens < 0.98 {
			return wait(time.Duration((1 - c.tokens) * float64(time.Second)))
		}
		if c.id < 0 {
			c.minute = since(c.minute, now.Add(-minuteSpan))
			if len(c.minute) >= perMinute {
				return wait(c.minute[0].Add(minuteSpan).Sub(now))
			}
			c.minute = append(c.minute, now)
		}
		c.tokens--
	}
	s.recent = append(s.recent, now)
	return nil
}

func since(ts []time.Time, from time.Time) []time.Time {
	i := 0
	for i < len(ts) && !ts[i].After(from) {
		i++
	}
	return ts[i:]
}

// faultFor takes the trouble ordered for this call, if any. The caller holds
// the lock.
func (s *Server) faultFor(method string) *Fault {
	for _, f := range s.faults {
		if f.N <= 0 || f.Method != method && (f.Method != "" || method == "getupdates") {
			continue
		}
		f.seen++
		if f.Every > 1 && f.seen%f.Every != 0 {
			continue
		}
		f.N--
		out := *f
		return &out
	}
	return nil
}

func (f *Fault) refusal() *apiError {
	switch f.Kind {
	case TooMany:
		n := max(1, f.RetryAfter)
		return &apiError{Code: 429, Text: "Too Many Requests: retry after " + strconv.Itoa(n), RetryAfter: n}
	case Broken:
		return &apiError{Code: 500, Text: "Internal Server Error"}
	}
	code, err := strconv.Atoi(string(f.Kind))
	if err != nil || code < 400 || code > 599 {
		return &apiError{Code: 500, Text: "Internal Server Error: unknown fault " + string(f.Kind)}
	}
	text := map[int]string{400: "Bad Request: ordered", 401: "Unauthorized", 403: "Forbidden: bot was blocked by the user",
		404: "Not Found", 409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
		502: "Bad Gateway", 504: "Gateway Timeout"}[code]
	if text == "" {
		text = "Error"
	}
	return &apiError{Code: code, Text: text}
}
