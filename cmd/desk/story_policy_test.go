package main

import (
	"strings"
	"time"

	"helloworld/cmd/desk/config"
)

// setPolicy takes what the story's file policy.toml says of rules, limits and
// rates. TODAY in it is the day on which the story is played.
func (s *story) setPolicy(cfg *config.Config) {
	text, ok := s.files["policy.toml"]
	if !ok {
		return
	}
	text = strings.ReplaceAll(text, "TODAY", time.Now().UTC().Format(time.DateOnly))
	c, err := config.Parse("policy.toml", []byte(text), func(string) string { return "" })
	if err != nil {
		s.t.Fatal(err)
	}
	cfg.Policy, cfg.Rules, cfg.Rates = c.Policy, c.Rules, c.Rates
}
