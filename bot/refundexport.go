package bot

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"helloworld/bot/approvals"
	"helloworld/bot/audit"
	"helloworld/bot/store"
)

// ExportOptions say which refunds are written to a file, and how.
type ExportOptions struct {
	RefundFilter
	// Format is csv or xlsx.
	Format string
	// Home is the currency that amounts are added up in; where it is empty, the one
	// that the refunds were asked for with.
	Home string
	// Name is what to call somebody, Platform on which platform a store is; for one
	// that was connected since, it may be empty.
	Name     func(id string) string
	Platform func(storeID string) string
}

// exportColumns are the columns of the file. They are not translated: what reads
// them is a program. rule_sum is what the refund and those approved with it come to,
// where the rule is the one for that.
var exportColumns = []string{"refund", "key", "store", "platform", "order", "number", "lines", "reason", "method", "state", "amount", "currency",
	"home_amount", "home_currency", "rate", "rate_from", "rate_source", "rate_date", "asked_by", "asked_at", "approved_by", "approved_at", "sent_at",
	"updated_at", "confirmed_at", "platform_refund", "batch", "rule", "rule_sum"}

// amountColumns hold exact decimals.
var amountColumns = map[int]bool{10: true, 12: true}

// exactDigits is how many digits a spreadsheet's number keeps.
const exactDigits = 15

// Exported is what was written.
type Exported struct {
	Rows int64
	// NoHome and NoPlatform are how many rows lack the amount in the home currency,
	// because there is none, or the platform, because nobody knows the store.
	NoHome, NoPlatform int64
}

// ExportRefunds writes a row for each refund that is meant, in the order in which
// they were asked for. It holds a page of them at a time.
func ExportRefunds(ctx context.Context, db *store.DB, w io.Writer, o ExportOptions) (n Exported, err error) {
	named, platforms, err := exportKnown(ctx, db)
	if err != nil {
		return n, err
	}
	var out sheet
	switch o.Format {
	case "csv":
		out, err = newCSVSheet(w)
	case "xlsx":
		out, err = newXLSXSheet(w)
	default:
		err = fmt.Errorf("bot: there is no format %q", o.Format)
	}
	if err != nil {
		return n, err
	}
	if err := out.row(exportColumns, nil); err != nil {
		return n, errors.Join(err, out.close())
	}
	type ruled struct {
		Ruling
		sum string
	}
	rules := map[string]ruled{}
	voted, sent, confirmed := map[string]approvals.Approval{}, map[string]time.Time{}, map[string]time.Time{}
	err = eachRefund(ctx, db, o.RefundFilter, func(tx *store.Tx, page []Payback) error {
		clear(rules)
		clear(voted)
		clear(sent)
		clear(confirmed)
		for _, r := range page {
			a, err := approvals.Get(tx, r.Approval)
			if err != nil && !errors.Is(err, approvals.ErrNone) {
				return err
			}
			voted[r.ID] = a
			rule, sum, err := ruledBy(tx, r)
			if err != nil {
				return err
			}
			x := ruled{Ruling: rule}
			if sum.Currency != "" {
				x.sum = sum.String()
			}
			rules[r.ID] = x
			looks, err := evidence(tx, r.ID)
			if err != nil {
				return err
			}
			for _, x := range looks {
				if x.What == lookSent {
					sent[r.ID] = x.First
					break
				}
			}
			if r.State != RefundConfirmed {
				continue
			}
			steps, err := audit.Of(tx, "refund:"+r.ID)
			if err != nil {
				return err
			}
			for _, x := range steps {
				if x.What == "refund."+string(RefundConfirmed) {
					confirmed[r.ID] = time.UnixMilli(x.At)
				}
			}
		}
		return nil
	}, func(r Payback) error {
		home, platform := cmp.Or(o.Home, r.Body.Ruling.Home.Currency, named), cmp.Or(o.Platform(r.Store), platforms[r.Store])
		n.Rows++
		if home == "" {
			n.NoHome++
		}
		if platform == "" {
			n.NoPlatform++
		}
		x := rules[r.ID]
		return out.row(append(o.cells(r, home, platform, voted[r.ID], sent[r.ID], confirmed[r.ID]), x.Rule, x.sum), amountColumns)
	})
	return n, errors.Join(err, out.close())
}

// exportKnown is what the data itself knows of what an export asks the
// configuration for: the home currency with which a refund was asked for last, and
// the platforms of the stores that were connected in a chat.
func exportKnown(ctx context.Context, db *store.DB) (home string, platforms map[string]string, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		home, platforms = "", map[string]string{}
		last, err := readRefunds(tx, `WHERE body LIKE ? ORDER BY created DESC, id DESC LIMIT 1`, `%"home":{%`)
		if err != nil {
			return err
		}
		for _, r := range last {
			home = r.Body.Ruling.Home.Currency
		}
		all, err := accounts(tx)
		for _, a := range all {
			platforms[a.ID] = a.Platform
		}
		return err
	})
	return home, platforms, err
}

func (o ExportOptions) cells(r Payback, homeCurrency, platform string, a approvals.Approval, sent, confirmed time.Time) []string {
	cmd, rule := r.Body.Cmd, r.Body.Ruling
	var lines, yes []string
	for _, l := range cmd.Lines {
		lines = append(lines, l.Line+" x"+strconv.Itoa(l.Quantity))
	}
	var approved time.Time
	for _, v := range a.Votes {
		if v.Yes {
			who := o.Name(string(v.Who))
			if v.For != "" {
				who += " for " + o.Name(string(v.For))
			}
			yes, approved = append(yes, who), v.At
		}
	}
	home, currency := "", ""
	if m, ok := homeOf(r, homeCurrency); ok {
		home, currency = m.Decimal(), m.Currency
	}
	method := string(cmd.Method)
	if method == "" {
		method = "original"
	}
	return []string{r.ID, r.Key, r.Store, platform, r.Order, r.Number, strings.Join(lines, "; "), string(cmd.Reason), method, r.word(),
		cmd.Amount.Decimal(), cmd.Amount.Currency, home, currency, rule.Rate, rule.From, rule.Source, rule.Date, o.Name(string(r.By)), moment(r.Created),
		strings.Join(yes, "; "), moment(approved), moment(sent), moment(r.Updated), moment(confirmed), r.Receipt.ID, r.Body.Batch}
}

// moment is a time as programs read it; empty if there is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// sheet is a file that is written row by row.
type sheet interface {
	row(cells []string, numbers map[int]bool) error
	close() error
}

type csvSheet struct{ w *csv.Writer }

// newCSVSheet begins with the mark by which spreadsheets know UTF-8.
func newCSVSheet(w io.Writer) (csvSheet, error) {
	_, err := io.WriteString(w, "\ufeff")
	return csvSheet{csv.NewWriter(w)}, err
}

func (s csvSheet) row(cells []string, numbers map[int]bool) error {
	safe := make([]string, len(cells))
	for i, c := range cells {
		if safe[i] = c; !numbers[i] {
			safe[i] = harmless(c)
		}
	}
	return s.w.Write(safe)
}

func (s csvSheet) close() error {
	s.w.Flush()
	return s.w.Error()
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠'", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

type xlsxSheet struct {
	f    *excelize.File
	s    *excelize.StreamWriter
	w    io.Writer
	rows int
}

func newXLSXSheet(w io.Writer) (*xlsxSheet, error) {
	f := excelize.NewFile()
	s, err := f.NewStreamWriter(f.GetSheetName(0))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &xlsxSheet{f: f, s: s, w: w}, nil
}

// row writes texts as texts, which no spreadsheet takes for formulas, and amounts
// as numbers where these keep every digit.
func (x *xlsxSheet) row(cells []string, numbers map[int]bool) error {
	x.rows++
	line := make([]any, len(cells))
	for i, c := range cells {
		if c == "" {
			continue
		}
		line[i] = c
		if v, err := strconv.ParseFloat(c, 64); numbers[i] && err == nil && len(c) <= exactDigits {
			line[i] = v
		}
	}
	at, err := excelize.CoordinatesToCellName(1, x.rows)
	if err != nil {
		return err
	}
	return x.s.SetRow(at, line)
}

func (x *xlsxSheet) close() error {
	if err := x.s.Flush(); err != nil {
		return errors.Join(err, x.f.Close())
	}
	return errors.Join(x.f.Write(x.w), x.f.Close())
}
