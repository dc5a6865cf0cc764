package bot_test

import (
	"context"
	"slices"
	"testing"

	"helloworld/bot"
	"helloworld/bot/audit"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// askFor asks for the whole of an order back and gives the refund's id.
func (r *rig) askFor(o sandbox.OrderInfo) string {
	r.t.Helper()
	ctx := context.Background()
	by := r.by("lina", "inbox")
	at, err := r.desk.FindOrder(ctx, by.Who, o.Store+"#"+o.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.desk.AskRefund(ctx, by, bot.RefundAsk{Order: at, Reason: connectors.ReasonDamaged}); err != nil {
		r.t.Fatal(err)
	}
	ids := r.ids(`SELECT id FROM refund WHERE store = ? ORDER BY created DESC`, o.Store)
	if len(ids) == 0 {
		r.t.Fatal("nothing was asked for")
	}
	return ids[0]
}

func (r *rig) refund(id string) (x bot.Payback) {
	r.t.Helper()
	r.read(func(tx *store.Tx) (err error) {
		x, err = r.desk.GetRefund(tx, id)
		return err
	})
	return x
}

// path are the steps that a refund took, by the audit log.
func (r *rig) path(id string) []string {
	r.t.Helper()
	var out []string
	r.read(func(tx *store.Tx) error {
		lines, err := audit.Of(tx, "refund:"+id)
		out = nil
		for _, l := range lines {
			out = append(out, l.What)
		}
		return err
	})
	return out
}

// TestRefundOnEveryPlatform carries one refund through on each platform: as it
// should be, with an answer lost after the money went out, and with answers that
// cannot be read. Whatever happens, the money goes out once, and the desk knows.
func TestRefundOnEveryPlatform(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, store, total string
		// op fails with the fault, once; empty means that nothing fails.
		op, fault string
		// steps are the steps that have to be among those taken.
		steps []string
	}{
		{"shopify", "shopify-main", "59.90", "", "", nil},
		{"shopify, answer lost", "shopify-main", "59.90", "refund", sandbox.Lost, []string{"refund.unknown"}},
		{"shopify, answer cut short", "shopify-main", "59.90", "refund", sandbox.Truncated, []string{"refund.unknown"}},
		{"shopify, never arrived", "shopify-main", "59.90", "refund", sandbox.Drop, nil},
		{"ebay", "ebay-de", "59.90", "", "", []string{"refund.accepted"}},
		{"ebay, answer lost", "ebay-de", "59.90", "refund", sandbox.Lost, []string{"refund.unknown"}},
		{"ebay, answer unreadable", "ebay-de", "59.90", "refund", sandbox.Malformed, []string{"refund.unknown"}},
		{"amazon", "amazon-jp", "5990", "", "", []string{"refund.accepted"}},
		{"amazon, answer lost", "amazon-jp", "5990", "refund", sandbox.Lost, []string{"refund.unknown"}},
		{"amazon, answer unreadable", "amazon-jp", "5990", "refund", sandbox.Malformed, []string{"refund.unknown"}},
		{"amazon, busy before", "amazon-jp", "5990", "document", sandbox.Error503, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, plan{stores: []string{tt.store}})
			o := r.order(tt.store, tt.total)
			id := r.askFor(o)
			if got := r.refund(id); got.State != bot.RefundAsked || len(r.paid(o)) != 0 {
				t.Fatalf("nobody has approved it yet, and it is %s; %v", got.State, r.paid(o))
			}
			if tt.op != "" {
				if err := r.world.Fail(tt.store, tt.op, tt.fault, 1); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.desk.Decide(context.Background(), r.by("wang", "approvals"), id, true, r.refund(id).Facts, ""); err != nil {
				t.Fatal(err)
			}
			r.until("the refund is confirmed", func() bool { return r.refund(id).State == bot.RefundConfirmed })
			paid := r.paid(o)
			if len(paid) != 1 || paid[0].Amount != o.Total {
				t.Errorf("the buyer got %+v, want %v once", paid, o.Total)
			}
			path := r.path(id)
			for _, step := range append([]string{"refund.asked", "refund.vote_yes", "refund.sent", "refund.confirmed"}, tt.steps...) {
				if !slices.Contains(path, step) {
					t.Errorf("%s is missing among %v", step, path)
				}
			}
			if n := len(slices.DeleteFunc(path, func(s string) bool { return s != "refund.confirmed" })); n != 1 {
				t.Errorf("confirmed %d times", n)
			}
		})
	}
}
