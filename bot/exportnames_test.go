package bot_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/audit"
	"helloworld/bot/people"
	"helloworld/bot/store"
)

// TestExportSaysWhoAndWhen: the file names for whom somebody approved, those who
// approved a list's rows, and when a refund was confirmed, whatever changed since.
func TestExportSaysWhoAndWhen(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t, plan{stores: []string{"shopify-main"}})
	r.write(func(tx *store.Tx) error {
		return r.staff.Save(tx, people.Person{ID: "mei", Name: "Mei", Lang: language.English, Roles: []people.Role{people.Agent}, Stores: []string{people.EveryStore}})
	})
	if err := r.desk.Lend(ctx, r.by("wang", "approvals"), "mei", nil, time.Now().Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	id := r.askFor(r.order("shopify-main", "12.00"))
	if err := r.desk.Decide(ctx, r.by("mei", "approvals"), id, true, r.refund(id).Facts, ""); err != nil {
		t.Fatal(err)
	}
	list := r.batch(wishes(r.order("shopify-main", "7.00"), r.order("shopify-main", "8.00")))
	r.askBatch(list, false, list+"/1")
	r.until("all are confirmed", func() bool {
		return r.batchState(list) == bot.BatchDone && len(r.ids(`SELECT id FROM refund WHERE state = 'confirmed'`)) == 3
	})
	var at time.Time
	r.read(func(tx *store.Tx) error {
		lines, err := audit.Of(tx, "refund:"+id)
		for _, l := range lines {
			if l.What == "refund.confirmed" {
				at = time.UnixMilli(l.At)
			}
		}
		return err
	})
	r.write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE refund SET updated = updated + 7200000`)
		return err
	})
	var out bytes.Buffer
	if _, err := bot.ExportRefunds(ctx, r.db, &out, bot.ExportOptions{Format: "csv", Name: func(id string) string { return r.staff.Name(people.ID(id)) },
		Platform: func(string) string { return "shopify" }, RefundFilter: bot.RefundFilter{To: time.Now().Add(time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	col := func(row []string, name string) string { return row[slices.Index(rows[0], name)] }
	for _, row := range rows[1:] {
		want := "Wang"
		if row[0] == id {
			want = "Mei for Wang"
		}
		if got := col(row, "approved_by"); got != want {
			t.Errorf("%s was approved by %q, want %q", row[0], got, want)
		}
		if row[0] == id && col(row, "confirmed_at") != at.UTC().Format(time.RFC3339) {
			t.Errorf("confirmed at %s, want %v", col(row, "confirmed_at"), at.UTC())
		}
		if col(row, "approved_at") == "" || col(row, "confirmed_at") == "" || col(row, "confirmed_at") == col(row, "updated_at") {
			t.Errorf("%s: %v", row[0], row)
		}
	}
}
