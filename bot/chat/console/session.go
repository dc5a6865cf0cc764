package console

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"helloworld/bot/chat"
)

// sessionLife is how long a browser stays signed in.
const sessionLife = 30 * 24 * time.Hour

// visitor is a signed-in browser's person and what they may see.
type visitor struct {
	Person
	lang   string // of the page
	secret string
	hash   string
	rooms  []Channel
}

func (v *visitor) account() chat.Account {
	return chat.Account{ID: v.ID, Name: v.Name, Locale: v.lang}
}

// own is the person's private room with the desk.
func (v *visitor) own() string { return "@" + v.ID }

// sees tells whether a room is one of theirs.
func (v *visitor) sees(channel string) bool {
	for _, r := range v.rooms {
		if r.ID == channel {
			return true
		}
	}
	return false
}

// seesPost tells whether they may see what stands at a place.
func (v *visitor) seesPost(at chat.Place) bool {
	return v.sees(at.Channel) && (at.Only == "" || at.Only == v.ID)
}

func (v *visitor) ids() []string {
	out := make([]string, len(v.rooms))
	for i, r := range v.rooms {
		out[i] = r.ID
	}
	return out
}

// token proves that a request comes from our own page: it cannot be made without
// the session's secret, which no script can read.
func (v *visitor) token() string {
	m := hmac.New(sha256.New, []byte(v.secret))
	m.Write([]byte("page token"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (t *Transport) cookieName(r *http.Request) string {
	if t.isSecure(r) {
		return "__Host-desk"
	}
	return "desk"
}

func (t *Transport) isSecure(r *http.Request) bool { return t.secure || r.TLS != nil }

func hashSecret(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// visit finds who a request is from; nil for nobody.
func (t *Transport) visit(r *http.Request) (*visitor, error) {
	c, err := r.Cookie(t.cookieName(r))
	if err != nil || c.Value == "" {
		return nil, nil
	}
	v := &visitor{secret: c.Value, hash: hashSecret(c.Value)}
	if ok, err := t.look(r.Context(), v); err != nil || !ok {
		return nil, err
	}
	v.lang = t.lang(v.Lang, r.Header.Get("Accept-Language"))
	return v, nil
}

// look fills in who v is now, from the session's hash: false when it has ended
// or the person may not sign in any more.
func (t *Transport) look(ctx context.Context, v *visitor) (bool, error) {
	s, ok, err := t.keep.Session(ctx, v.hash)
	if err != nil || !ok || !t.now().Before(s.Until) {
		return false, err
	}
	p, ok, err := t.people.Person(ctx, s.Person)
	if err != nil || !ok {
		return false, err
	}
	v.Person = p
	rooms, err := t.channels(ctx, chat.Account{ID: p.ID, Name: p.Name, Locale: p.Lang})
	if err != nil {
		return false, err
	}
	v.rooms = []Channel{{ID: "@" + p.ID}}
	for _, room := range rooms {
		if room.ID != "" && !strings.HasPrefix(room.ID, "@") {
			v.rooms = append(v.rooms, room)
		}
	}
	return true, nil
}

// signIn gives the browser a session of a person.
func (t *Transport) signIn(w http.ResponseWriter, r *http.Request, p Person) error {
	b, err := t.secret(32)
	if err != nil {
		return err
	}
	secret, now := base64.RawURLEncoding.EncodeToString(b), t.now()
	err = t.keep.AddSession(r.Context(), Session{Hash: hashSecret(secret), Person: p.ID, At: now, Until: now.Add(sessionLife)})
	if err != nil {
		return err
	}
	http.SetCookie(w, t.cookie(r, secret, int(sessionLife/time.Second)))
	return nil
}

func (t *Transport) cookie(r *http.Request, value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: t.cookieName(r), Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: t.isSecure(r), SameSite: http.SameSiteLaxMode,
	}
}

// dropSession forgets the session that the browser came with.
func (t *Transport) dropSession(r *http.Request) {
	c, err := r.Cookie(t.cookieName(r))
	if err != nil || c.Value == "" {
		return
	}
	// It ends even if its browser does not wait for that.
	if err := t.keep.DropSession(context.WithoutCancel(r.Context()), hashSecret(c.Value)); err != nil {
		t.log.Warn("console cannot end a session", "err", err)
	}
	t.hub.wake()
}

// ownPage tells whether a POST comes from a page of ours.
func (t *Transport) ownPage(r *http.Request) bool { return t.origin.Check(r) == nil }

// holdsToken tells whether a request carries the page's token.
func (v *visitor) holdsToken(r *http.Request) bool {
	got := r.Header.Get("X-Desk-Token")
	if got == "" {
		got = r.PostFormValue("token")
	}
	return subtle.ConstantTimeCompare([]byte(got), []byte(v.token())) == 1
}

// playing tells whether this request may choose who to be: the demo is on, and
// both ends are this machine. The name in the address is checked too, because a
// page elsewhere can point its own name at 127.0.0.1.
func (t *Transport) playing(r *http.Request) bool {
	if !t.demo {
		return false
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// hashID makes an id out of what it names.
func hashID(of ...string) string {
	h := sha256.New()
	for _, s := range of {
		// The length keeps "ab","c" and "a","bc" apart.
		var n [8]byte
		for i, l := 0, len(s); l > 0; i, l = i+1, l>>8 {
			n[i] = byte(l)
		}
		h.Write(n[:])
		h.Write([]byte(s))
	}
	return strings.ToLower(letters.EncodeToString(h.Sum(nil)[:15]))
}
