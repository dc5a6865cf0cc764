package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"helloworld/bot"
	"helloworld/bot/people"
	"helloworld/bot/policy"
	"helloworld/bot/stepup"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// glassRig is a desk where a refund takes two approvals, and wang has a PIN.
func glassRig(t *testing.T, change func(*bot.Options)) *rig {
	t.Helper()
	seal, err := store.NewSealer([]byte(strings.Repeat("k", store.KeySize)))
	if err != nil {
		t.Fatal(err)
	}
	book := stepup.New([]byte("a key"), seal)
	r := newRig(t, plan{stores: []string{"ebay-de"}, with: func(o *bot.Options) {
		o.Seal, o.StepUp, o.Policy.Votes, o.Policy.BreakGlass = seal, book, 2, true
		if change != nil {
			change(o)
		}
	}})
	made, err := book.Make("wang", "481516")
	if err != nil {
		t.Fatal(err)
	}
	r.write(func(tx *store.Tx) error { return book.SetPIN(tx, "wang", made) })
	return r
}

func (r *rig) ask(by people.ID, total string) string {
	r.t.Helper()
	o := r.order("ebay-de", total)
	s, _ := r.desk.Shop("ebay-de")
	at := bot.OrderAt{Store: s, Order: connectors.Order{ID: o.ID, Number: o.Number}}
	if err := r.desk.AskRefund(context.Background(), r.by(by, "approvals"), bot.RefundAsk{Order: at, Reason: connectors.ReasonDamaged}); err != nil {
		r.t.Fatal(err)
	}
	ids := r.ids(`SELECT id FROM refund ORDER BY created DESC, id DESC`)
	return ids[0]
}

func keyOf(err error) string {
	var p *i18n.Problem
	if errors.As(err, &p) {
		return string(p.Key)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestWhoMayNotBreakTheGlass(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := glassRig(t, nil)
	id := r.ask("lina", "40")
	proved := func(who people.ID) bot.Deed {
		by := r.by(who, "approvals")
		by.Proof = "481516"
		return by
	}
	for _, x := range []struct {
		what, want string
		by         bot.Deed
		facts, why string
	}{
		{"the asker", "glass.own", proved("lina"), "", "why"},
		{"without a reason", "glass.why_needed", proved("wang"), "", "  "},
		{"for other facts", "approval.stale", proved("wang"), "other", "why"},
	} {
		if err := r.desk.BreakGlass(ctx, x.by, id, x.facts, x.why); keyOf(err) != x.want {
			t.Errorf("%s: %q, want %q", x.what, keyOf(err), x.want)
		}
	}
	var want *bot.WantProof
	if err := r.desk.BreakGlass(ctx, r.by("wang", "approvals"), id, "", "why"); !errors.As(err, &want) {
		t.Errorf("without a proof: %v", err)
	}
	wrong := proved("wang")
	wrong.Proof = "999991"
	if err := r.desk.BreakGlass(ctx, wrong, id, "", "why"); err != nil {
		t.Errorf("a wrong PIN: %v", err)
	}
	if n := len(r.ids(`SELECT refund FROM break_glass`)); n != 0 {
		t.Fatal("a wrong PIN broke the glass")
	}
	r.desk.Policy.BreakGlass = false
	if err := r.desk.BreakGlass(ctx, proved("wang"), id, "", "why"); keyOf(err) != "glass.off" {
		t.Errorf("switched off: %q", keyOf(err))
	}
	r.desk.Policy.BreakGlass = true
	if err := r.desk.BreakGlass(ctx, proved("wang"), id, "", "why"); err != nil {
		t.Fatal(err)
	}
	if err := r.desk.BreakGlass(ctx, proved("wang"), id, "", "why"); keyOf(err) != "glass.not_waiting" {
		t.Errorf("twice: %q", keyOf(err))
	}
	r.until("the refund has gone out", func() bool {
		return len(r.ids(`SELECT id FROM refund WHERE state = 'confirmed' AND id = ?`, id)) == 1
	})
}

func TestGlassPassesOverHoursAndIsRemindedOf(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := glassRig(t, func(o *bot.Options) { o.Policy.Votes = 1 })
	id := r.ask("lina", "40")
	by := r.by("wang", "approvals")
	by.Proof = "481516"
	if err := r.desk.BreakGlass(ctx, by, id, "", "why"); keyOf(err) != "glass.needless" {
		t.Fatalf("where wang's vote is enough: %q", keyOf(err))
	}
	day := strings.ToLower(time.Now().UTC().AddDate(0, 0, 3).Format("Mon"))
	span, err := policy.ParseSpan(day + " 09:00-10:00")
	if err != nil {
		t.Fatal(err)
	}
	r.desk.Policy.Rules.Hours = policy.Hours{span}
	if err := r.desk.Decide(ctx, by, id, true, "", ""); keyOf(err) != "policy.closed" {
		t.Fatalf("a vote outside the hours: %q", keyOf(err))
	}
	if err := r.desk.BreakGlass(ctx, by, id, "", "why"); err != nil {
		t.Fatal(err)
	}
	said := func(channel, text string) (n int) {
		for _, c := range r.hall.said(channel) {
			if strings.Contains(words(c), text) {
				n++
			}
		}
		return n
	}
	r.until("both channels have the card", func() bool {
		return said("approvals", "outside the hours") >= 1 && said("alerts", "outside the hours") == 1
	})
	if n := said("alerts", "nobody has acknowledged it yet. Another"); n != 0 {
		t.Error("the reminder is not a day late")
	}
	r.write(func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE break_glass SET reminded = ?`, tx.Now()-25*time.Hour.Milliseconds())
		return err
	})
	r.until("the reminder comes", func() bool { return said("alerts", "nobody has acknowledged it yet. Another") == 1 })
	if err := r.desk.SeenGlass(ctx, r.by("wang", "approvals"), id); keyOf(err) != "glass.not_you" {
		t.Errorf("who broke it acknowledges it: %q", keyOf(err))
	}
	if err := r.desk.SeenGlass(ctx, r.by("lina", "approvals"), id); keyOf(err) != "glass.not_you" {
		t.Errorf("who asked acknowledges it: %q", keyOf(err))
	}
	if err := r.desk.SeenGlass(ctx, r.by("zoe", "approvals"), id); err != nil {
		t.Error(err)
	}
	if n := len(r.ids(`SELECT refund FROM break_glass WHERE seen_by = 'zoe'`)); n != 1 {
		t.Error("it is not acknowledged")
	}
	if _, err := r.desk.Audit.Verify(ctx, r.db); err != nil {
		t.Error(err)
	}
}

// A half-filled form is not readable where it is kept.
func TestDialoguesAreSealed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := glassRig(t, nil)
	k := bot.Dialogues{DB: r.db, Seal: r.desk.Seal}
	if err := k.Save(ctx, "telegram:1:1", []byte(`{"values":{"secret_new":"481516"}}`)); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(r.ids(`SELECT body FROM dialogue`), ""); all == "" || strings.Contains(all, "481516") || strings.Contains(all, "secret") {
		t.Errorf("it stands there: %s", all)
	}
	got, ok, err := k.Load(ctx, "telegram:1:1")
	if err != nil || !ok || !strings.Contains(string(got), "481516") {
		t.Errorf("%s, %v, %v", got, ok, err)
	}
}
