package alerts_test

import (
	"testing"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

func fire(t *testing.T, db *store.DB, kind, storeID string) (a alerts.Alert, v alerts.Verdict) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
		a, v, err = alerts.Fire(tx, alerts.News{Kind: kind, Store: storeID, Severity: alerts.Warning, Detail: map[string]string{"code": "x"}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return a, v
}

func TestOneProblemIsOneAlert(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first, v := fire(t, db, alerts.Token, "ebay-de")
		if v != alerts.Fresh {
			t.Fatalf("the first is %s", v)
		}
		again, v := fire(t, db, alerts.Token, "ebay-de")
		if v != alerts.Again || again.ID != first.ID || again.Count != 2 {
			t.Errorf("the second is %s, %+v", v, again)
		}
		if _, v := fire(t, db, alerts.Token, "shopify-main"); v != alerts.Fresh {
			t.Errorf("another store's is %s", v)
		}
		hid, v := fire(t, db, alerts.Sync, "ebay-de")
		if v != alerts.Inhibited || hid.ID != first.ID || hid.Hidden != 1 {
			t.Errorf("what the dead token explains is %s, %+v", v, hid)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			a, was, err := alerts.Resolve(tx, alerts.Token, "ebay-de")
			if !was || a.State != alerts.Resolved || a.Ended.IsZero() {
				t.Errorf("resolved: %v, %+v", was, a)
			}
			if _, was, _ := alerts.Resolve(tx, alerts.Token, "ebay-de"); was {
				t.Error("resolved twice")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if next, v := fire(t, db, alerts.Token, "ebay-de"); v != alerts.Fresh || next.ID == first.ID {
			t.Errorf("the next time is %s", v)
		}
	})
}

func TestAcknowledgedAndSilenced(t *testing.T) {
	db := storetest.SQLite(t)
	a, _ := fire(t, db, alerts.Sync, "ebay-de")
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		got, err := alerts.Ack(tx, a.ID, "omar")
		if got.State != alerts.Acknowledged || got.AckedBy != "omar" {
			t.Errorf("acknowledged: %+v", got)
		}
		if _, err := alerts.Ack(tx, "none", "omar"); err == nil {
			t.Error("an alert that is not there was acknowledged")
		}
		return errorsJoin(err, alerts.Silence(tx, "", "ebay-de", time.Now().Add(time.Hour), "omar"))
	}); err != nil {
		t.Fatal(err)
	}
	if _, v := fire(t, db, alerts.Mail, "ebay-de"); v != alerts.Silenced {
		t.Errorf("in silence: %s", v)
	}
	if _, v := fire(t, db, alerts.Mail, "amazon-jp"); v != alerts.Fresh {
		t.Errorf("another store in the other's silence: %s", v)
	}
}

func errorsJoin(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
