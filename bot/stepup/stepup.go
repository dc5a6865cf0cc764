package stepup

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"helloworld/bot/store"
)

// The numbers.
const (
	// Tries is how many wrong ones in a row lock somebody, and LockedFor how long.
	Tries     = 5
	LockedFor = 15 * time.Minute
	// Least and Most are how many digits a PIN has.
	Least, Most = 6, 12
	// pendingLife is how long the secret of an app may wait for its first code.
	pendingLife = 15 * time.Minute
	// period is how long a code of an app holds, and slack how many periods a
	// phone's clock may be off.
	period = 30
	slack  = 1
	rounds = 200_000
)

// The errors: why a PIN will not do.
var (
	ErrDigits  = errors.New("stepup: a PIN has 6 to 12 digits")
	ErrTrivial = errors.New("stepup: a PIN that anybody would try first")
)

// Book keeps with what people prove who they are.
type Book struct {
	key  []byte
	seal *store.Sealer
}

// New makes a book. key marks PINs, seal seals the secrets of apps.
func New(key []byte, seal *store.Sealer) *Book { return &Book{key, seal} }

// Set is what somebody has set up.
type Set struct {
	PIN, App bool
	// Locked is until when nothing of theirs counts; zero if it does.
	Locked time.Time
}

// None: nothing is set up.
func (s Set) None() bool { return !s.PIN && !s.App }

// How is what proved it.
type How string

// The ways.
const (
	PIN How = "pin"
	App How = "app"
)

// Try is a code somebody typed, made ready to be looked at.
type Try struct {
	code, salt, hash string
}

// Verdict is what a try was worth.
type Verdict struct {
	// How it was proved; empty when it was not.
	How How
	// Used: the code was right and has counted before.
	Used bool
	// None: there is nothing to prove it with.
	None bool
	// Left is how many tries are left, and Locked until when there are none.
	Left   int
	Locked time.Time
	// Fresh: this very try locked.
	Fresh bool
}

// OK tells whether it was proved.
func (v Verdict) OK() bool { return v.How != "" }

type row struct {
	salt, pin, app, pending        string
	step, pendingAt, tries, locked int64
}

const columns = `salt, pin, app, pending, step, pending_at, tries, locked`

func scan(r *sql.Row) (x row, err error) {
	err = r.Scan(&x.salt, &x.pin, &x.app, &x.pending, &x.step, &x.pendingAt, &x.tries, &x.locked)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return x, err
}

func get(tx *store.Tx, who string) (row, error) {
	return scan(tx.Row(`SELECT `+columns+` FROM stepup WHERE person = ?`, who))
}

// hold reads a row and keeps others from it until the transaction is over.
func hold(tx *store.Tx, who string) (row, error) {
	return scan(tx.Row(`INSERT INTO stepup(person) VALUES (?) ON CONFLICT (person) DO UPDATE SET looks = stepup.looks + 1 RETURNING `+columns, who))
}

// Of tells what somebody has set up.
func (b *Book) Of(tx *store.Tx, who string) (Set, error) {
	x, err := get(tx, who)
	s := Set{PIN: x.pin != "", App: x.app != ""}
	if x.locked > tx.Now() {
		s.Locked = time.UnixMilli(x.locked)
	}
	return s, err
}

// Ready does the slow part of looking at a code. It belongs before the
// transaction in which the code is to count.
func (b *Book) Ready(tx *store.Tx, who, code string) (Try, error) {
	t := Try{code: Digits(code)}
	x, err := get(tx, who)
	if err == nil && x.pin != "" {
		t.salt = x.salt
		t.hash, err = b.hash(who, t.code, x.salt)
	}
	return t, err
}

// Digits takes out of a code what people put between its digits.
func Digits(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == ' ' || r == '-' || r == '\u00a0' || r == '\u3000':
			return -1
		}
		return r
	}, strings.TrimSpace(code))
}

// Prove looks at a try and counts it. The transaction has to be committed
// whatever the verdict.
func (b *Book) Prove(tx *store.Tx, who string, t Try) (Verdict, error) {
	x, err := hold(tx, who)
	if err != nil {
		return Verdict{}, err
	}
	now := tx.Now()
	switch {
	case x.pin == "" && x.app == "":
		return Verdict{None: true}, nil
	case x.locked > now:
		return Verdict{Locked: time.UnixMilli(x.locked)}, nil
	}
	step, err := b.stepOf(who, x.app, t.code, now)
	if err != nil {
		return Verdict{}, err
	}
	if step > x.step {
		_, err := tx.Exec(`UPDATE stepup SET step = ?, tries = 0, locked = 0 WHERE person = ?`, step, who)
		return Verdict{How: App}, err
	}
	if x.pin != "" {
		if t.salt != x.salt { // the PIN was changed in between
			if t.hash, err = b.hash(who, t.code, x.salt); err != nil {
				return Verdict{}, err
			}
		}
		if subtle.ConstantTimeCompare([]byte(t.hash), []byte(x.pin)) == 1 {
			_, err := tx.Exec(`UPDATE stepup SET tries = 0, locked = 0 WHERE person = ?`, who)
			return Verdict{How: PIN}, err
		}
	}
	v := Verdict{Used: step > 0, Left: Tries - int(x.tries)}
	if v.Used {
		return v, nil // whoever typed it had it from the app, if late
	}
	v.Left--
	if v.Left > 0 {
		_, err = tx.Exec(`UPDATE stepup SET tries = tries + 1 WHERE person = ?`, who)
		return v, err
	}
	until := now + LockedFor.Milliseconds()
	v.Left, v.Locked, v.Fresh = 0, time.UnixMilli(until), true
	_, err = tx.Exec(`UPDATE stepup SET tries = 0, locked = ? WHERE person = ?`, until, who)
	return v, err
}

// Check tells why a PIN will not do.
func Check(pin string) error {
	if len(pin) < Least || len(pin) > Most || strings.Trim(pin, "0123456789") != "" {
		return ErrDigits
	}
	for _, by := range []int{0, 1, 9} { // the same, rising and falling; 9 is -1 of ten
		trivial := true
		for i := 1; i < len(pin); i++ {
			trivial = trivial && int(pin[i]-'0') == (int(pin[i-1]-'0')+by)%10
		}
		if trivial {
			return ErrTrivial
		}
	}
	for n := 1; n <= len(pin)/2; n++ { // 121212, 123123
		if len(pin)%n == 0 && strings.Repeat(pin[:n], len(pin)/n) == pin {
			return ErrTrivial
		}
	}
	return nil
}

// SetPIN gives somebody a PIN in the place of any they had. The slow part is done
// by [Book.Make].
func (b *Book) SetPIN(tx *store.Tx, who string, m Made) error {
	if _, err := hold(tx, who); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE stepup SET salt = ?, pin = ? WHERE person = ?`, m.salt, m.hash, who)
	return err
}

// Made is a PIN that is ready to be kept.
type Made struct{ salt, hash string }

// Make makes a PIN ready to be kept. It belongs before the transaction.
func (b *Book) Make(who, pin string) (Made, error) {
	pin = Digits(pin)
	if err := Check(pin); err != nil {
		return Made{}, err
	}
	var salt [16]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return Made{}, fmt.Errorf("stepup: %w", err)
	}
	m := Made{salt: hex.EncodeToString(salt[:])}
	var err error
	m.hash, err = b.hash(who, pin, m.salt)
	return m, err
}

func (b *Book) hash(who, pin, salt string) (string, error) {
	mac := hmac.New(sha256.New, b.key)
	mac.Write([]byte("pin\x00" + who + "\x00" + pin))
	sum, err := pbkdf2.Key(sha256.New, hex.EncodeToString(mac.Sum(nil)), []byte(salt), rounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("stepup: %w", err)
	}
	return hex.EncodeToString(sum), nil
}

// Offer gives the secret of an app that is to be set up. It is on once its first
// right code was seen ([Book.Confirm]); until then the same one is offered again.
func (b *Book) Offer(tx *store.Tx, who string) (secret string, err error) {
	x, err := hold(tx, who)
	if err != nil {
		return "", err
	}
	if x.pending != "" && x.pendingAt+pendingLife.Milliseconds() > tx.Now() {
		return b.open(who, x.pending)
	}
	var raw [20]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", fmt.Errorf("stepup: %w", err)
	}
	secret = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:])
	sealed, err := b.seal.Seal([]byte(secret), about(who))
	if err != nil {
		return "", fmt.Errorf("stepup: %w", err)
	}
	_, err = tx.Exec(`UPDATE stepup SET pending = ?, pending_at = ? WHERE person = ?`, base64.StdEncoding.EncodeToString(sealed), tx.Now(), who)
	return secret, err
}

// Confirm sets the offered app up if code is one of its codes. That code counts
// for nothing else.
func (b *Book) Confirm(tx *store.Tx, who, code string) (bool, error) {
	x, err := hold(tx, who)
	if err != nil || x.pending == "" || x.pendingAt+pendingLife.Milliseconds() <= tx.Now() {
		return false, err
	}
	step, err := b.stepOf(who, x.pending, Digits(code), tx.Now())
	if err != nil || step == 0 {
		return false, err
	}
	_, err = tx.Exec(`UPDATE stepup SET app = pending, pending = '', pending_at = 0, step = ? WHERE person = ?`, step, who)
	return err == nil, err
}

// Off takes everything away that somebody has set up. It tells whether there was
// anything. A lock stays: it is not to be got rid of by setting up anew.
func (b *Book) Off(tx *store.Tx, who string) (bool, error) {
	n, err := tx.Exec(`UPDATE stepup SET salt = '', pin = '', app = '', pending = '', pending_at = 0 WHERE person = ? AND (pin <> '' OR app <> '')`, who)
	return n == 1, err
}

// Link is what an authenticator app reads: the secret, for whom, of what. Not all
// of them take a plus for a space.
func Link(secret, who, of string) string {
	q := url.Values{"secret": {secret}, "issuer": {of}}
	return (&url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + of + ":" + who, RawQuery: strings.ReplaceAll(q.Encode(), "+", "%20")}).String()
}

// CodeAt is the code that an app with a secret shows at a moment.
func CodeAt(secret string, at time.Time) (string, error) {
	return codeOf(secret, uint64(at.Unix()/period))
}

func codeOf(secret string, step uint64) (string, error) {
	code, err := hotp.GenerateCodeCustom(secret, step, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("stepup: %w", err)
	}
	return code, nil
}

// stepOf is the newest step around now whose code this is; 0 if it is none.
func (b *Book) stepOf(who, sealed, code string, now int64) (int64, error) {
	if sealed == "" || len(code) != 6 {
		return 0, nil
	}
	secret, err := b.open(who, sealed)
	if err != nil {
		return 0, err
	}
	at := now / 1000 / period
	for step := at + slack; step >= at-slack; step-- {
		want, err := codeOf(secret, uint64(step))
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return step, nil
		}
	}
	return 0, nil
}

func (b *Book) open(who, sealed string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", fmt.Errorf("stepup: the app of %s: %w", who, err)
	}
	secret, err := b.seal.Open(raw, about(who))
	if err != nil {
		return "", fmt.Errorf("stepup: the app of %s: %w", who, err)
	}
	return string(secret), nil
}

func about(who string) string { return "app of " + who }
