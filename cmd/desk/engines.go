package main

import (
	"fmt"
	"strconv"
	"strings"

	"helloworld/cmd/desk/config"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/apertium"
	"helloworld/i18n/translate/openai"
)

// openEngine makes one engine of the configuration. It does no I/O.
func openEngine(e config.Engine) (translate.Engine, error) {
	switch e.Kind {
	case "openai":
		return openai.New(openai.Config{Name: e.Name, BaseURL: e.BaseURL, Model: e.Model, Key: translate.Secret(e.Key)})
	case "apertium":
		return apertium.New(apertium.Config{Name: e.Name, BaseURL: e.BaseURL})
	}
	return nil, fmt.Errorf("engine %s: there is no kind %q", e.Name, e.Kind)
}

// openEngines makes the engines, in the order of the configuration, and what
// each may be used for.
func openEngines(cfg config.Config) ([]translate.Engine, map[string]translate.Rule, error) {
	var engines []translate.Engine
	rules := map[string]translate.Rule{}
	for _, e := range cfg.Engines {
		x, err := openEngine(e)
		if err != nil {
			return nil, nil, err
		}
		rule := translate.Rule{Local: e.Local, Pairs: e.Pairs, MonthLetters: int64(e.MonthLetters), Currency: e.Currency}
		if rule.MonthCost, err = millionths(e.MonthCost); err != nil {
			return nil, nil, fmt.Errorf("engine %s: month_cost: %w", e.Name, err)
		}
		if rule.MillionCost, err = millionths(e.MillionCost); err != nil {
			return nil, nil, fmt.Errorf("engine %s: million_cost: %w", e.Name, err)
		}
		engines, rules[e.Name] = append(engines, x), rule
	}
	return engines, rules, nil
}

// millionths reads "20.00" exactly; an empty amount is 0.
func millionths(amount string) (int64, error) {
	if amount == "" {
		return 0, nil
	}
	whole, part, _ := strings.Cut(amount, ".")
	if len(part) > 6 || whole == "" {
		return 0, fmt.Errorf("not an amount with up to 6 decimals")
	}
	n, err := strconv.ParseUint(whole+part+strings.Repeat("0", 6-len(part)), 10, 62)
	if err != nil {
		return 0, fmt.Errorf("not an amount")
	}
	return int64(n), nil
}
