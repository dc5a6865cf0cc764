package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"helloworld/cmd/desk/config"
)

// doRefunds sets what the story's configuration says under [refunds].
func doRefunds(s *story, w []string) error {
	for _, x := range w {
		key, value, ok := strings.Cut(x, "=")
		if !ok {
			return fmt.Errorf("%q is not KEY=VALUE", x)
		}
		set, ok := refundSettings[key]
		if !ok {
			return fmt.Errorf("the stories set no %q", key)
		}
		if err := set(&s.refundsConfig, value); err != nil {
			return err
		}
	}
	return nil
}

var refundSettings = map[string]func(r *config.Refunds, v string) error{
	"votes":          func(r *config.Refunds, v string) (err error) { r.Votes, err = strconv.Atoi(v); return err },
	"expiry":         spanOf(func(r *config.Refunds) *config.Duration { return &r.Expiry }),
	"unsure_for":     spanOf(func(r *config.Refunds) *config.Duration { return &r.UnsureFor }),
	"remind_after":   spanOf(func(r *config.Refunds) *config.Duration { return &r.Remind }),
	"remind_again":   spanOf(func(r *config.Refunds) *config.Duration { return &r.RemindAgain }),
	"escalate_after": spanOf(func(r *config.Refunds) *config.Duration { return &r.Escalate }),
	"escalate_to": func(r *config.Refunds, v string) error {
		r.EscalateTo = strings.Split(v, ",")
		return nil
	},
	"break_glass":    func(r *config.Refunds, v string) (err error) { r.BreakGlass, err = strconv.ParseBool(v); return err },
	"escalate_votes": func(r *config.Refunds, v string) (err error) { r.EscalateTry, err = strconv.ParseBool(v); return err },
}

func spanOf(at func(r *config.Refunds) *config.Duration) func(*config.Refunds, string) error {
	return func(r *config.Refunds, v string) error { return at(r).UnmarshalText([]byte(v)) }
}

// setRefunds puts what the story said over what a configuration would have.
func (s *story) setRefunds(r *config.Refunds) {
	for _, x := range []struct{ from, to *config.Duration }{{&s.refundsConfig.Expiry, &r.Expiry}, {&s.refundsConfig.UnsureFor, &r.UnsureFor},
		{&s.refundsConfig.Remind, &r.Remind}, {&s.refundsConfig.RemindAgain, &r.RemindAgain}, {&s.refundsConfig.Escalate, &r.Escalate}} {
		if *x.from > 0 {
			*x.to = *x.from
		}
	}
	r.BreakGlass = s.refundsConfig.BreakGlass
	r.EscalateTo, r.EscalateTry = s.refundsConfig.EscalateTo, s.refundsConfig.EscalateTry
	if s.refundsConfig.Votes > 0 {
		r.Votes = s.refundsConfig.Votes
	}
}

// inDays is a day from today on, as people write it.
func inDays(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }
