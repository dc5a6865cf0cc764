package stepup_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/stepup"
	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

type desk struct {
	*stepup.Book
	t   *testing.T
	db  *store.DB
	now time.Time
	mu  sync.Mutex
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, now: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	d.db = storetest.Open(t, filepath.Join(t.TempDir(), "desk.db"), store.Options{Now: func() time.Time {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.now
	}})
	seal, err := store.NewSealer([]byte(strings.Repeat("k", store.KeySize)))
	if err != nil {
		t.Fatal(err)
	}
	d.Book = stepup.New([]byte("key"), seal)
	return d
}

func (d *desk) later(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func (d *desk) write(fn func(tx *store.Tx) error) {
	d.t.Helper()
	if err := d.db.Write(context.Background(), fn); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) pin(who, pin string) {
	d.t.Helper()
	m, err := d.Make(who, pin)
	if err != nil {
		d.t.Fatal(err)
	}
	d.write(func(tx *store.Tx) error { return d.SetPIN(tx, who, m) })
}

func (d *desk) try(who, code string) (v stepup.Verdict) {
	d.t.Helper()
	d.write(func(tx *store.Tx) error {
		t, err := d.Ready(tx, who, code)
		if err != nil {
			return err
		}
		v, err = d.Prove(tx, who, t)
		return err
	})
	return v
}

// app sets an app up and gives its secret.
func (d *desk) app(who string) (secret string) {
	d.t.Helper()
	d.write(func(tx *store.Tx) (err error) {
		if secret, err = d.Offer(tx, who); err != nil {
			return err
		}
		if on, err := d.Confirm(tx, who, "000"); err != nil || on {
			d.t.Errorf("three digits set an app up: %v, %v", on, err)
		}
		on, err := d.Confirm(tx, who, d.code(secret, -30*time.Second))
		if !on {
			d.t.Error("a right first code does not set the app up")
		}
		return err
	})
	return secret
}

func (d *desk) code(secret string, off time.Duration) string {
	d.t.Helper()
	code, err := stepup.CodeAt(secret, d.now.Add(off))
	if err != nil {
		d.t.Fatal(err)
	}
	return code
}

func TestWhatPINsWillDo(t *testing.T) {
	t.Parallel()
	for pin, want := range map[string]error{
		"": stepup.ErrDigits, "12345": stepup.ErrDigits, "1234567890123": stepup.ErrDigits, "12a456": stepup.ErrDigits, "-48151": stepup.ErrDigits,
		"000000": stepup.ErrTrivial, "777777": stepup.ErrTrivial, "123456": stepup.ErrTrivial, "654321": stepup.ErrTrivial, "890123": stepup.ErrTrivial,
		"121212": stepup.ErrTrivial, "123123": stepup.ErrTrivial, "48154815": stepup.ErrTrivial, "481516": nil, "135790": nil, "481516234200": nil,
	} {
		if err := stepup.Check(pin); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", pin, err, want)
		}
	}
}

func TestPINProvesAndFiveWrongOnesLock(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if v := d.try("ben", "481516"); !v.None || v.OK() {
		t.Fatalf("with nothing set up: %+v", v)
	}
	d.pin("ben", "481516")
	if v := d.try("ben", " ４８１ 516 "); v.How != stepup.PIN {
		t.Errorf("the right PIN: %+v", v)
	}
	for left := 4; left > 0; left-- {
		if v := d.try("ben", "999991"); v.OK() || v.Left != left || !v.Locked.IsZero() {
			t.Errorf("wrong: %+v, want %d left", v, left)
		}
	}
	if v := d.try("ben", "481516"); !v.OK() {
		t.Errorf("the right one after four wrong ones: %+v", v)
	}
	for range 4 {
		d.try("ben", "999991")
	}
	if v := d.try("ben", "999991"); !v.Fresh || !v.Locked.Equal(d.now.Add(stepup.LockedFor)) {
		t.Errorf("the fifth wrong one in a row: %+v", v)
	}
	if v := d.try("ben", "481516"); v.OK() || v.Locked.IsZero() || v.Fresh {
		t.Errorf("the right one while locked: %+v", v)
	}
	d.write(func(tx *store.Tx) error { _, err := d.Off(tx, "ben"); return err })
	d.pin("ben", "162342")
	if v := d.try("ben", "162342"); v.OK() {
		t.Error("a lock was got rid of by setting up anew")
	}
	d.later(stepup.LockedFor + time.Second)
	if v := d.try("ben", "162342"); !v.OK() {
		t.Errorf("after the lock: %+v", v)
	}
	if v := d.try("ben", "481516"); v.OK() {
		t.Error("the PIN from before still counts")
	}
	if v := d.try("carla", "162342"); v.OK() {
		t.Error("ben's PIN proves who carla is")
	}
}

func TestACodeOfTheAppCountsOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	secret := d.app("ben")
	if v := d.try("ben", d.code(secret, -30*time.Second)); v.OK() || !v.Used {
		t.Errorf("the code that set the app up: %+v", v)
	}
	code := d.code(secret, 0)
	if v := d.try("ben", code); v.How != stepup.App {
		t.Fatalf("the code of now: %+v", v)
	}
	if v := d.try("ben", code); v.OK() || !v.Used || v.Left != stepup.Tries {
		t.Errorf("the same again: %+v", v)
	}
	if v := d.try("ben", d.code(secret, 90*time.Second)); v.OK() {
		t.Error("a clock that is far ahead is believed")
	}
	d.later(5 * time.Minute)
	if v := d.try("ben", d.code(secret, -60*time.Second)); v.OK() {
		t.Error("a clock that is far behind is believed")
	}
	if v := d.try("ben", d.code(secret, 30*time.Second)); !v.OK() {
		t.Error("a clock that is one step ahead is not believed")
	}
	if v := d.try("ben", d.code(secret, 0)); v.OK() {
		t.Error("an older code than the last that counted is taken")
	}
	if got := stepup.Link("ABC", "ben", "HelloWorld Desk"); got != "otpauth://totp/HelloWorld%20Desk:ben?issuer=HelloWorld%20Desk&secret=ABC" {
		t.Errorf("the link is %s", got)
	}
}

func TestAnAppIsOfferedUntilItsTimeIsOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	offer := func() (secret string) {
		d.write(func(tx *store.Tx) (err error) { secret, err = d.Offer(tx, "ben"); return err })
		return secret
	}
	first := offer()
	if again := offer(); again != first {
		t.Error("whoever mistyped the first code would have to begin again")
	}
	d.later(16 * time.Minute)
	d.write(func(tx *store.Tx) error {
		if on, err := d.Confirm(tx, "ben", d.code(first, 0)); err != nil || on {
			t.Errorf("an offer that is over: %v, %v", on, err)
		}
		return nil
	})
	if offer() == first {
		t.Error("a secret that is a quarter of an hour old is offered again")
	}
}

func TestNothingIsAtRestInTheClear(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.pin("ben", "481516")
	secret := d.app("ben")
	d.write(func(tx *store.Tx) error {
		var all string
		if err := tx.Row(`SELECT salt || pin || app || pending FROM stepup WHERE person = 'ben'`).Scan(&all); err != nil {
			return err
		}
		if strings.Contains(all, "481516") || strings.Contains(all, secret) || all == "" {
			t.Errorf("it stands there: %s", all)
		}
		return nil
	})
}

// Of two presses with one code at once, one counts.
func TestOneCodeTwiceAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	code := d.code(d.app("ben"), 0)
	var n int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := d.db.Write(context.Background(), func(tx *store.Tx) error {
				x, err := d.Ready(tx, "ben", code)
				if err != nil {
					return err
				}
				v, err := d.Prove(tx, "ben", x)
				if v.OK() {
					mu.Lock()
					n++
					mu.Unlock()
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n != 1 {
		t.Errorf("it counted %d times", n)
	}
}
