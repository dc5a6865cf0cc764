package bot

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/connectors"
)

// finds is a shop that cannot tell refunds apart, and finds the same for each.
type finds struct {
	connectors.Refunder
	rec connectors.Receipt
}

func (finds) OneByOne() bool { return true }

func (f finds) RefundState(context.Context, connectors.Refund, connectors.Receipt) (connectors.Receipt, error) {
	return f.rec, nil
}

// What a look finds is a refund's own only if no other one has it, or may still find
// it: whoever took another one's would have that sent again.
func TestWhoseAFindIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := &Desk{Options: Options{DB: db, Now: time.Now}}
		now := time.Now()
		put := func(id string, state RefundState, why string, rec connectors.Receipt) {
			t.Helper()
			body, err := json.Marshal(rec)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Write(t.Context(), func(tx *store.Tx) error {
				if _, err := tx.Exec(`DELETE FROM refund WHERE id = ?`, id); err != nil {
					return err
				}
				_, err := tx.Exec(`INSERT INTO refund(id, store, order_id, number, body, facts, state, asked_by, approval, key, created, updated, error, receipt)
					VALUES (?, 'jp', ?, '1', '{}', '', ?, 'anna', 'none', ?, ?, ?, ?, ?)`, id, id, string(state), id, now.UnixMilli(), now.UnixMilli(), why, string(body))
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		found := connectors.Receipt{State: connectors.StateAccepted, ID: "feed", After: time.Second}
		ended := connectors.Receipt{State: connectors.StateApplied, ID: "feed"}
		none := connectors.Receipt{}
		for _, tt := range []struct {
			name  string
			had   connectors.Receipt // what is known of this one
			state RefundState        // of the other one
			why   string
			other connectors.Receipt
			look  connectors.Receipt
			want  connectors.State
			id    string
		}{
			{"nobody else", none, RefundConfirmed, "", none, found, connectors.StateAccepted, "feed"},
			{"another one is being sent", none, RefundSent, "", none, found, connectors.StateUnknown, ""},
			{"another one is in doubt", none, RefundUnknown, "", none, found, connectors.StateUnknown, ""},
			{"another one was left to a person", none, RefundUnknown, askPerson, none, found, connectors.StateAccepted, "feed"},
			{"another one's receipt is known", none, RefundAccepted, "", connectors.Receipt{ID: "another"}, found, connectors.StateAccepted, "feed"},
			{"another one has it", none, RefundAccepted, "", connectors.Receipt{ID: "feed"}, found, connectors.StateUnknown, ""},
			{"it was this one's before", connectors.Receipt{ID: "feed"}, RefundSent, "", none, found, connectors.StateAccepted, "feed"},
			{"it ended, by whichever", none, RefundSent, "", none, ended, connectors.StateApplied, ""},
			{"it ended", none, RefundConfirmed, "", none, ended, connectors.StateApplied, "feed"},
			{"nothing was found", none, RefundSent, "", none, connectors.Receipt{State: connectors.StateAbsent}, connectors.StateAbsent, ""},
		} {
			put("R1", RefundUnknown, "", tt.had)
			put("R2", tt.state, tt.why, tt.other)
			r := Payback{ID: "R1", Store: "jp", State: RefundUnknown, Receipt: tt.had, Created: now}
			got, err := d.payState(t.Context(), connectors.Refund{}, r, finds{rec: tt.look})
			if err != nil || got.State != tt.want || got.ID != tt.id {
				t.Errorf("%s: %+v, %v", tt.name, got, err)
			}
		}
	})
}
