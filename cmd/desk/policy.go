package main

import (
	"fmt"
	"log/slog"

	"helloworld/bot/rates"
	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
)

// ratesOf makes the book of exchange rates.
func ratesOf(cfg config.Config, db *store.DB, log *slog.Logger) (*rates.Book, error) {
	table, err := cfg.RateTable()
	if err != nil {
		return nil, fmt.Errorf("the table of rates: %w", err)
	}
	return rates.New(rates.Options{DB: db, Table: table, Fetch: cfg.Rates.Source == "ecb", URL: cfg.Rates.URL, MaxDays: cfg.Rates.MaxDays, Log: log}), nil
}
