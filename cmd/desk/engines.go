package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"helloworld/cmd/desk/config"
	"helloworld/glossary"
	"helloworld/i18n/translate"
	"helloworld/i18n/translate/apertium"
	"helloworld/i18n/translate/azure"
	"helloworld/i18n/translate/deepl"
	"helloworld/i18n/translate/google"
	"helloworld/i18n/translate/libre"
	"helloworld/i18n/translate/mtran"
	"helloworld/i18n/translate/openai"
)

// openEngine makes one engine of the configuration. It does no I/O.
func openEngine(e config.Engine, words everywhere, log *slog.Logger) (translate.Engine, error) {
	switch e.Kind {
	case "openai":
		return openai.New(openai.Config{Name: e.Name, BaseURL: e.BaseURL, Model: e.Model, Key: translate.Secret(e.Key)})
	case "deepl":
		c := deepl.Config{Name: e.Name, BaseURL: e.BaseURL, Key: translate.Secret(e.Key), Log: log}
		if e.GlossarySync {
			c.Words = words
		}
		return deepl.New(c)
	case "azure":
		return azure.New(azure.Config{Name: e.Name, BaseURL: e.BaseURL, Key: translate.Secret(e.Key), Region: e.Region, Version: e.Version})
	case "google":
		return google.New(google.Config{Name: e.Name, BaseURL: e.BaseURL, Project: e.Project, Location: e.Location, Glossary: e.GlossaryID,
			Token: translate.Secret(e.Key), Credentials: e.Credentials})
	case "libre":
		return libre.New(libre.Config{Name: e.Name, BaseURL: e.BaseURL, Key: translate.Secret(e.Key)})
	case "mtran":
		return mtran.New(mtran.Config{Name: e.Name, BaseURL: e.BaseURL, Key: translate.Secret(e.Key)})
	case "apertium":
		return apertium.New(apertium.Config{Name: e.Name, BaseURL: e.BaseURL})
	}
	return nil, fmt.Errorf("engine %s: there is no kind %q", e.Name, e.Kind)
}

// openEngines makes the engines, in the order of the configuration, and what
// each may be used for. book is the glossary at the time it is asked for.
func openEngines(cfg config.Config, book func() *glossary.Book, log *slog.Logger) ([]translate.Engine, map[string]translate.Rule, error) {
	var engines []translate.Engine
	rules := map[string]translate.Rule{}
	for _, e := range cfg.Engines {
		x, err := openEngine(e, everywhere{book}, log)
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

// everywhere are the glossary's words that hold whatever the store, the day and
// the rest of the text: what an engine may keep as a glossary of its own.
type everywhere struct{ book func() *glossary.Book }

// Version names the words' state.
func (e everywhere) Version() string { return e.book().Version() }

// Pairs are the words from one language to another. A word with two meanings is
// left out: an engine would choose one without telling.
func (e everywhere) Pairs(from, to language.Tag) []translate.TermPair {
	b := e.book()
	var out []translate.TermPair
	meanings := map[string]int{}
	for _, t := range b.Terms() {
		w, ok := t.In(from)
		if !ok || t.Kind == glossary.Whole || t.Kind == glossary.Remark {
			continue
		}
		forms := append([]string{w.Preferred}, w.Variants...)
		seen := map[string]bool{}
		for _, s := range forms {
			if key := glossary.Fold(s); !seen[key] {
				seen[key] = true
				meanings[key]++
			}
		}
		need, ok := b.Required(glossary.Match{Term: t}, from, to)
		narrow := t.Scope.Store != "" || t.Scope.Platform != "" || t.Since != "" || t.Until != "" || len(t.Context.Requires)+len(t.Context.Excludes) > 0
		if !ok || narrow || t.Money || w.Status == glossary.Deprecated {
			continue
		}
		for _, s := range forms {
			out = append(out, translate.TermPair{Source: s, Target: need.Preferred})
		}
	}
	return slices.DeleteFunc(out, func(p translate.TermPair) bool { return meanings[glossary.Fold(p.Source)] > 1 })
}
