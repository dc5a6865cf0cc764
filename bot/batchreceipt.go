package bot

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// WriteBatch writes what was asked and what came of it as a table, a row for each
// of a list. name is what to call somebody.
func WriteBatch(tx *store.Tx, id string, p *i18n.Printer, zone *time.Location, name func(id string) string, w io.Writer) error {
	b, err := getBatch(tx, id)
	if err != nil {
		return err
	}
	rows, err := rowsOf(tx, id)
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	var head []string
	for _, c := range []string{"line", "order", "amount", "currency", "reason", "note", "state", "why", "refund", "key", "receipt", "paid", "when", "asked_by", "approved_by"} {
		head = append(head, p.T(i18n.Key("batch.column."+c)))
	}
	if err := out.Write(head); err != nil {
		return err
	}
	votes := map[approvals.ID]string{}
	for _, row := range rows {
		cmd, note := row.Body.Cmd, row.Wish.Note
		asked := cmd.Amount
		if asked.Currency == "" {
			asked = row.Wish.Parts.Amount
		}
		line := []string{strconv.Itoa(row.Wish.Line), row.Ref(), "", "", string(row.Wish.Reason), note, p.T(i18n.Key("batch.row." + string(row.State))), row.Why.Say(p),
			"", "", "", "", "", name(string(b.By)), ""}
		if row.Refund != "" {
			r, err := getRefund(tx, row.Refund)
			if err != nil {
				return err
			}
			if _, ok := votes[r.Approval]; !ok {
				if votes[r.Approval], err = yesBy(tx, r.Approval, p, name); err != nil {
					return err
				}
			}
			asked = r.Body.Cmd.Amount
			why := ""
			if r.Error != "" {
				why = whyText(p, r.Error)
			}
			copy(line[6:], []string{rowState(p, r), why, r.ID, r.Key, r.Receipt.ID, "", stamp(r.Updated, zone), name(string(r.By)), votes[r.Approval]})
			if r.State == RefundConfirmed {
				line[11] = asked.Decimal()
			}
		}
		if asked.Currency != "" {
			line[2], line[3] = asked.Decimal(), asked.Currency
		}
		for i := range line {
			line[i] = cell(line[i])
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// cell keeps a table's program from taking what somebody wrote for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// yesBy names who approved.
func yesBy(tx *store.Tx, id approvals.ID, p *i18n.Printer, name func(id string) string) (string, error) {
	a, err := approvals.Get(tx, id)
	if err != nil || a.State != approvals.Approved {
		return "", err
	}
	yes, _, _ := cast(p, a, name)
	return strings.Join(yes, "; "), nil
}

// BatchTable is a list as a table, for whoever may see it, and how many rows it has.
func (d *Desk) BatchTable(ctx context.Context, by Deed, id string) (table string, rows int, err error) {
	if _, err := d.BatchFor(ctx, by, id); err != nil {
		return "", 0, err
	}
	var text strings.Builder
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		text.Reset()
		if err := tx.Row(`SELECT COUNT(*) FROM batch_row WHERE batch = ?`, id).Scan(&rows); err != nil {
			return err
		}
		return WriteBatch(tx, id, by.P, d.Zone, d.name, &text)
	})
	return text.String(), rows, err
}
