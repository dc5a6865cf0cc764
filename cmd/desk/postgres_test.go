package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
	"helloworld/cmd/desk/config"
	"helloworld/connectors/sandbox"
)

// TestOnPostgreSQL lives the journeys on the other database: a buyer's message
// and its answer, a refund, a run.
func TestOnPostgreSQL(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	listen := quietAddress()
	s, err := openShops(ctx, "127.0.0.1:0", 0, sandbox.Options{Seed: 1, Settle: -1, Redirect: "http://" + listen + wayBack})
	if err != nil {
		t.Fatal(err)
	}
	cfg, secrets, err := s.config(t.TempDir(), listen)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Desk.Database = config.Secret(storetest.PostgresURL(t))
	cfg.Desk.Pull = config.Duration(200 * time.Millisecond)
	a, err := build(ctx, cfg, setup{demo: true, consent: s.consent, secrets: secrets})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	var out lockedBuffer
	go func() { done <- a.run(ctx, &world{ctx: ctx, out: &out, err: &out}) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	<-a.ready

	n := 0
	say := func(who, text string) {
		t.Helper()
		n++
		e := chat.Event{Key: fmt.Sprint("k", n), Kind: chat.Said, At: time.Now(), Addressed: true, Text: text,
			Place: chat.Place{Chat: "console", Channel: "inbox"}, Account: chat.Account{ID: who}}
		for range 2 { // delivered twice, heard once
			if err := a.desk.Handle(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
	}
	await := func(what string, yes func() bool) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); !yes(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s does not come", what)
			}
		}
	}
	count := func(q string, args ...any) (n int) {
		if err := a.db.Read(ctx, func(tx *store.Tx) error { return tx.Row(q, args...).Scan(&n) }); err != nil {
			t.Fatal(err)
		}
		return n
	}

	await("the orders", func() bool { return count(`SELECT COUNT(*) FROM order_row WHERE number = '1234'`) >= 2 })
	say("lina", "/refund shopify-main#1234 12.50 USD damaged")
	await("the ask", func() bool { return count(`SELECT COUNT(*) FROM approval WHERE id = 'R1' AND state = 'open'`) == 1 })
	say("lina", "/approve R1")
	say("wang", "/approve R1")
	await("the refund", func() bool { return count(`SELECT COUNT(*) FROM refund WHERE id = 'R1' AND state = 'confirmed'`) == 1 })
	refunds := s.world.Ledger().Refunds
	if len(refunds) != 1 || refunds[0].Amount.String() != "12.50 USD" {
		t.Errorf("the shop's ledger: %+v", refunds)
	}

	if err := s.world.Say(sandbox.BuyerMessage{Store: "ebay-de", Text: "Der Artikel kam beschädigt an."}); err != nil {
		t.Fatal(err)
	}
	await("the message", func() bool {
		return count(`SELECT COUNT(*) FROM message m JOIN shown s ON s.matter = 'msg:' || m.id WHERE m.store = 'ebay-de' AND s.refs <> ''`) == 1
	})
	var id string
	if err := a.db.Read(ctx, func(tx *store.Tx) error { return tx.Row(`SELECT id FROM message WHERE store = 'ebay-de'`).Scan(&id) }); err != nil {
		t.Fatal(err)
	}
	say("lina", "/reply "+id+" 我们已为您办理退款。")
	await("the draft", func() bool { return count(`SELECT COUNT(*) FROM draft WHERE id = 'D1'`) == 1 })
	say("lina", "/reply send D1")
	await("the answer", func() bool { return count(`SELECT COUNT(*) FROM draft WHERE id = 'D1' AND state = 'sent'`) == 1 })
	got := 0
	for _, m := range s.world.Ledger().Messages {
		if m.Store == "ebay-de" && strings.Contains(m.Text, "erstatt") {
			got++
		}
	}
	if got != 1 {
		t.Errorf("the buyer got it %d times: %+v", got, s.world.Ledger().Messages)
	}

	say("zhao", "/resync shopify-main orders")
	await("the run", func() bool { return count(`SELECT COUNT(*) FROM sync_run WHERE state = 'done' AND done >= 20`) == 1 })
	if err := s.world.Revoke("ebay-de"); err != nil {
		t.Fatal(err)
	}
	await("the alert", func() bool { return count(`SELECT COUNT(*) FROM alert WHERE kind = 'token' AND live IS NOT NULL`) == 1 })
	if err := s.world.Grant("ebay-de"); err != nil {
		t.Fatal(err)
	}
	say("zhao", "/health ebay-de")
	await("the end of the alert", func() bool { return count(`SELECT COUNT(*) FROM alert WHERE state = 'resolved'`) == 1 })
	if dead := count(`SELECT COUNT(*) FROM job WHERE dead <> 0`); dead != 0 {
		t.Errorf("%d jobs were given up", dead)
	}
}
