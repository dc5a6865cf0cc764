package main

import (
	"testing"

	"helloworld/cmd/desk/config"
)

func TestMillionths(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"": 0, "0": 0, "20": 20_000_000, "20.00": 20_000_000, "0.000001": 1, "0.10": 100_000, "999999999.999999": 999_999_999_999_999,
		"x": -1, "-1": -1, "1.0000001": -1, ".": -1, "1.-5": -1, "99999999999999999999": -1} {
		got, err := millionths(in)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q is %d, %v", in, got, err)
		}
	}
}

func TestOpenEngines(t *testing.T) {
	t.Parallel()
	cfg := config.Config{Engines: []config.Engine{
		{Name: "local", Kind: "openai", BaseURL: "http://127.0.0.1:9/v1", Model: "m", Local: true, Pairs: []string{"*>zh"}},
		{Name: "paid", Kind: "openai", BaseURL: "http://127.0.0.1:9/v1", Model: "m", MonthLetters: 5, MonthCost: "20.00", MillionCost: "0.5", Currency: "EUR"},
	}}
	engines, rules, err := openEngines(cfg)
	if err != nil || len(engines) != 2 || engines[0].Name() != "local" || engines[1].Name() != "paid" {
		t.Fatalf("%v, %v", engines, err)
	}
	if r := rules["local"]; !r.Local || len(r.Pairs) != 1 || r.MonthCost != 0 {
		t.Errorf("local: %+v", r)
	}
	if r := rules["paid"]; r.Local || r.MonthLetters != 5 || r.MonthCost != 20_000_000 || r.MillionCost != 500_000 || r.Currency != "EUR" {
		t.Errorf("paid: %+v", r)
	}
	if _, _, err := openEngines(config.Config{Engines: []config.Engine{{Name: "x", Kind: "unheard-of"}}}); err == nil {
		t.Error("a kind that does not exist was opened")
	}
}
