package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/cmd/desk/config"
	"helloworld/i18n/translate"
)

// What the configured engines do, and how far a budget is used, is in the
// database.
func TestEnginesAreCounted(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "down for repairs")
	}))
	t.Cleanup(srv.Close)
	db := storetest.SQLite(t)
	cfg := config.Config{Engines: []config.Engine{{Name: "here", Kind: "libre", BaseURL: srv.URL, MonthLetters: 300}}}
	_, words, err := newWords(cfg, nil, bot.NewUsage(db, nil), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := words.Do(t.Context(), translate.Request{Text: "我昨天寄出了一个很大的蓝色箱子", From: language.Chinese, To: language.German, Outgoing: true}); err != nil {
			t.Fatal(err)
		}
	}
	var calls, failures, percent int64
	err = db.Read(t.Context(), func(tx *store.Tx) error {
		day := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
		if err := tx.Row(`SELECT SUM(calls) FROM engine_usage WHERE engine = 'here' AND letters > 0 AND day >= ?`, day).Scan(&calls); err != nil {
			return err
		}
		if err := tx.Row(`SELECT SUM(n) FROM engine_failure WHERE engine = 'here' AND kind = ?`, translate.BadAnswer.String()).Scan(&failures); err != nil {
			return err
		}
		return tx.Row(`SELECT percent FROM engine_state WHERE engine = 'here'`).Scan(&percent)
	})
	if err != nil || calls == 0 || calls != failures || percent < 80 {
		t.Errorf("%d calls, %d of them failed, %d %% of the budget, %v", calls, failures, percent, err)
	}
}
