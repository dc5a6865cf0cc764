package bot

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"helloworld/bot/store"
)

// TestExport: every refund of the days is there once, in order, over more than a
// page, R999 before R1000 of the same moment; amounts keep their digits, and no cell is a formula.
func TestExport(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		o := newOffice(t, url, "Asia/Shanghai", "2026-11-20 14:00")
		begin := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
		const most = refundPage + 7
		if err := o.db.Write(t.Context(), func(tx *store.Tx) error {
			for i := range most {
				// Several at the same moment, on both sides of a page's end.
				at := begin.Add(time.Duration(i/3) * time.Second).UnixMilli()
				body := `{"cmd":{"amount":{"minor":1250,"currency":"EUR"},"reason":"damaged"},"ruling":{"rule":"=1+1","rate":"7.7312","from":"EUR","home":{"minor":9664,"currency":"CNY"}}}`
				if i == 1 {
					body = `{"cmd":{"amount":{"minor":123456789012345678,"currency":"EUR"},"reason":"late"}}`
				}
				if _, err := tx.Exec(`INSERT INTO refund(id, store, order_id, number, body, facts, state, asked_by, approval, key, created, updated)
					VALUES (?, 'ebay-de', ?, '1001', ?, '', 'confirmed', 'anna', 'none', ?, ?, ?)`, fmt.Sprintf("R%d", i+refundPage), fmt.Sprint("o", i), body, fmt.Sprint("k", i), at, at); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		name := func(s string) string { return s }
		x := ExportOptions{Format: "csv", Home: "CNY", Name: name, Platform: name, RefundFilter: RefundFilter{From: begin, To: begin.AddDate(0, 0, 1)}}
		var out bytes.Buffer
		n, err := ExportRefunds(t.Context(), o.db, &out, x)
		if err != nil || n != (Exported{Rows: most}) {
			t.Fatalf("%+v rows: %v", n, err)
		}
		text, marked := strings.CutPrefix(out.String(), "\ufeff")
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || !marked || len(rows) != most+1 {
			t.Fatalf("%d rows, marked %v: %v", len(rows), marked, err)
		}
		for i, r := range rows[1:] {
			if want := fmt.Sprintf("R%d", i+refundPage); r[0] != want {
				t.Fatalf("row %d is %s, want %s", i, r[0], want)
			}
		}
		if got := strings.Join(rows[1][10:15], " ") + " " + rows[1][27]; got != "12.50 EUR 96.64 CNY 7.7312 '=1+1" {
			t.Errorf("the first row has %q", got)
		}
		if got := rows[2][10]; got != "1234567890123456.78" {
			t.Errorf("a large amount is %q", got)
		}
		out.Reset()
		x.Format = "xlsx"
		if _, err := ExportRefunds(t.Context(), o.db, &out, x); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(&out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cells, err := f.GetRows(f.GetSheetName(0))
		if err != nil || len(cells) != most+1 || cells[1][10] != "12.5" || cells[2][10] != "1234567890123456.78" || cells[1][27] != "=1+1" {
			t.Errorf("%d rows, %v: %v", len(cells), cells[1:3], err)
		}
		if formula, err := f.GetCellFormula(f.GetSheetName(0), "AB2"); err != nil || formula != "" {
			t.Errorf("a cell is the formula %q: %v", formula, err)
		}
	})
}

// TestExportKnowsByItself: where no home currency and no stores are given, what
// the refunds and the connected stores say of themselves is written; what nobody
// knows is counted.
func TestExportKnowsByItself(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		o := newOffice(t, url, "Asia/Shanghai", "2026-11-20 14:00")
		at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
		put := func(id, storeID, body string) {
			t.Helper()
			if err := o.db.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO refund(id, store, order_id, number, body, facts, state, asked_by, approval, key, created, updated)
					VALUES (?, ?, ?, '1001', ?, '', 'confirmed', 'anna', 'none', ?, ?, ?)`, id, storeID, id, body, id, at.UnixMilli(), at.UnixMilli())
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		export := func() (string, Exported) {
			t.Helper()
			var out bytes.Buffer
			n, err := ExportRefunds(t.Context(), o.db, &out, ExportOptions{Format: "csv", Name: func(s string) string { return s },
				Platform: func(string) string { return "" }, RefundFilter: RefundFilter{From: at, To: at.AddDate(0, 0, 1)}})
			rows, readErr := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
			if err != nil || readErr != nil {
				t.Fatal(err, readErr)
			}
			var lines []string
			for _, r := range rows[1:] {
				lines = append(lines, strings.Join([]string{r[3], r[10], r[11], r[12], r[13]}, " "))
			}
			return strings.Join(lines, "\n"), n
		}
		put("R1", "shop", `{"cmd":{"amount":{"minor":1000,"currency":"CNY"}}}`)
		if got, n := export(); got != " 10.00 CNY  " || n != (Exported{1, 1, 1}) {
			t.Errorf("nobody knows anything: %q, %+v", got, n)
		}
		if err := o.db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO shop_account(id, body, who, at) VALUES ('shop', '{"id":"shop","platform":"shopify"}', 'sam', 1)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		put("R2", "shop", `{"cmd":{"amount":{"minor":1250,"currency":"EUR"}},"ruling":{"rate":"7.7312","from":"EUR","home":{"minor":9665,"currency":"CNY"},"near":{"minor":9664,"currency":"CNY"}}}`)
		put("R3", "other", `{"cmd":{"amount":{"minor":1,"currency":"USD"}},"ruling":{"unrated":"none"}}`)
		if got, n := export(); got != "shopify 10.00 CNY 10.00 CNY\nshopify 12.50 EUR 96.64 CNY\n 0.01 USD  " || n != (Exported{3, 0, 1}) {
			t.Errorf("some is known: %q, %+v", got, n)
		}
	})
}
