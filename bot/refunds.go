package bot

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// RefundState is where a refund stands. These are the only states.
type RefundState string

// The states of a refund.
const (
	RefundAsked     RefundState = "asked"
	RefundApproved  RefundState = "approved"
	RefundSent      RefundState = "sent"
	RefundAccepted  RefundState = "accepted"
	RefundConfirmed RefundState = "confirmed"
	RefundDenied    RefundState = "denied"
	RefundExpired   RefundState = "expired"
	RefundRejected  RefundState = "rejected"
	RefundFailed    RefundState = "failed"
	RefundUnknown   RefundState = "unknown"
)

// withdrawn marks a refund that is denied because whoever asked took it back.
const withdrawn = "withdrawn"

// word is the state as people read it: what was taken back was not denied.
func (r Payback) word() string {
	if r.State == RefundDenied && r.Error == withdrawn {
		return withdrawn
	}
	return string(r.State)
}

// over tells whether nothing more will happen.
func (s RefundState) over() bool {
	return slices.Contains([]RefundState{RefundConfirmed, RefundDenied, RefundExpired, RefundRejected, RefundFailed}, s)
}

// Payback is a refund as the desk keeps it.
type Payback struct {
	ID, Store, Order, Number string
	Body                     PaybackBody
	Facts                    string
	State                    RefundState
	By                       people.ID
	Approval                 approvals.ID
	Key                      string
	Receipt                  connectors.Receipt
	Error                    string
	Created, Updated         time.Time
	// Unsure is since when the outcome is unknown.
	Unsure time.Time
	// Due is when an approved one that has to wait goes out; zero when it need not.
	Due time.Time
	// Rows is how many refunds it stands for where a chunk of a list is meant; else 0.
	Rows int
	// Goods: it stands for a replacement, which gives back no money.
	Goods bool
}

// PaybackBody is what is frozen when a refund is asked for.
type PaybackBody struct {
	Cmd   connectors.Refund `json:"cmd"`
	Total connectors.Money  `json:"total"`
	// Left is what could have been refunded when it was asked.
	Left   connectors.Money `json:"left"`
	Buyer  string           `json:"buyer"`
	Titles []string         `json:"titles"`
	// LineIDs are the ids of the lines with these titles.
	LineIDs []string `json:"line_ids,omitempty"`
	Status  string   `json:"status"`
	Votes   int      `json:"votes"`
	// Ruling is which rule of the policy held when it was asked, and Findings what
	// was to be known about it and blocked nothing.
	Ruling   Ruling    `json:"ruling,omitzero"`
	Findings []Finding `json:"findings,omitempty"`
	// Passed are the keys of findings that it was asked past.
	Passed []string `json:"passed,omitempty"`
	// Batch is the batch it was asked in; empty for a single one.
	Batch string `json:"batch,omitempty"`
	// Link is the order's page in the seller's back office.
	Link string `json:"link,omitempty"`
}

// Ref is how people write the order without doubt: "shopify-main#1234".
func (r Payback) Ref() string {
	if r.Rows > 0 {
		return r.ID
	}
	return r.Store + "#" + sync.Number(r.Number)
}

// ErrNoRefund: no such refund.
var ErrNoRefund = errors.New("bot: no such refund")

const refundColumns = `id, store, order_id, number, body, facts, state, asked_by, approval, key, receipt, error, created, updated, unsure, due`

// GetRefund reads a refund.
func (d *Desk) GetRefund(tx *store.Tx, id string) (Payback, error) { return getRefund(tx, id) }

func getRefund(tx *store.Tx, id string) (Payback, error) {
	return scanRefund(tx.Row(`SELECT `+refundColumns+` FROM refund WHERE id = ?`, id))
}

func scanRefund(row interface{ Scan(...any) error }) (Payback, error) {
	var r Payback
	var body, receipt string
	var created, updated, unsure, due int64
	err := row.Scan(&r.ID, &r.Store, &r.Order, &r.Number, &body, &r.Facts, &r.State, &r.By, &r.Approval, &r.Key, &receipt, &r.Error,
		&created, &updated, &unsure, &due)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNoRefund
	}
	if err != nil {
		return r, err
	}
	r.Created, r.Updated = time.UnixMilli(created), time.UnixMilli(updated)
	if unsure > 0 {
		r.Unsure = time.UnixMilli(unsure)
	}
	if due > 0 {
		r.Due = time.UnixMilli(due)
	}
	if receipt != "" {
		if err := json.Unmarshal([]byte(receipt), &r.Receipt); err != nil {
			return r, err
		}
	}
	return r, json.Unmarshal([]byte(body), &r.Body)
}

// refundFacts is the hash of what people approve: if any of it changes, the
// approval is void.
func (d *Desk) refundFacts(storeID string, body PaybackBody, o connectors.Order) string {
	cmd, rule := body.Cmd, body.Ruling
	parts := []string{"refund", storeID, o.ID, cmd.Amount.String(), string(cmd.Reason), o.Total.String(), o.Refunded.String(), string(o.Status)}
	for _, l := range o.Lines {
		parts = append(parts, l.ID, strconv.Itoa(l.Quantity), l.Price.String())
	}
	for _, l := range cmd.Lines {
		parts = append(parts, "line", l.Line, strconv.Itoa(l.Quantity), l.Amount.String(), strconv.FormatBool(l.Restock))
	}
	parts = append(parts, cmd.Shipping.String(), cmd.Tax.String(), string(cmd.Method))
	parts = append(append(parts, "voters", strconv.Itoa(body.Votes), strconv.FormatBool(rule.StepUp)), rule.Voters...)
	if cmd.Goods != "" {
		parts = append(parts, "goods", string(cmd.Goods))
	}
	if len(body.Passed) > 0 {
		parts = append(append(parts, "passed"), body.Passed...)
	}
	return d.mark(parts...)
}

// refundTo moves a refund to a state. From a state that is over nothing moves.
func (d *Desk) refundTo(tx *store.Tx, id string, s RefundState, why string, receipt *connectors.Receipt) error {
	r, err := d.GetRefund(tx, id)
	if err != nil {
		return err
	}
	if r.State.over() {
		return fmt.Errorf("bot: refund %s is %s and cannot become %s", id, r.State, s)
	}
	rec := r.Receipt
	if receipt != nil {
		rec = *receipt
	}
	body, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	live, unsure := any(r.Store+"/"+r.Order), int64(0)
	if s.over() {
		live = nil
	}
	if s == RefundUnknown {
		unsure = tx.Now()
		if !r.Unsure.IsZero() {
			unsure = r.Unsure.UnixMilli()
		}
	}
	// Somebody else may have moved it since it was read: whoever comes second does
	// not move it at all.
	n, err := tx.Exec(`UPDATE refund SET state = ?, live = ?, error = ?, receipt = ?, updated = ?, unsure = ?, due = 0 WHERE id = ? AND state = ?`,
		string(s), live, why, string(body), tx.Now(), unsure, id, string(r.State))
	if err == nil && n == 0 {
		err = fmt.Errorf("bot: refund %s is not %s any more and cannot become %s", id, r.State, s)
	}
	return err
}
