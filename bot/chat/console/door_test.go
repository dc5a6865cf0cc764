package console_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/chat/console"
)

func body(t *testing.T, res *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	c := config(t)
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c.Now = func() time.Time { return now }
	d := open(t, c)
	code := d.people.Code("anna")
	// Nobody is signed in: a page that says how.
	res, err := http.Get(d.server.URL + "/")
	if s := body(t, res, err); res.StatusCode != http.StatusUnauthorized || !strings.Contains(s, "one-time link") {
		t.Errorf("%d %s", res.StatusCode, s)
	}
	// Opening the link uses nothing up.
	for range 2 {
		res, err = http.Get(d.server.URL + "/in/" + code)
		if s := body(t, res, err); res.StatusCode != http.StatusOK || !strings.Contains(s, `action="/in/`+code+`"`) || len(res.Cookies()) != 0 {
			t.Errorf("%d %s", res.StatusCode, s)
		}
	}
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err = stay.PostForm(d.server.URL+"/in/"+code, nil)
	body(t, res, err)
	if len(res.Cookies()) != 1 {
		t.Fatalf("%d cookies", len(res.Cookies()))
	}
	k := res.Cookies()[0]
	if res.StatusCode != http.StatusSeeOther || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.MaxAge != 30*24*3600 || k.Secure || len(k.Value) < 43 {
		t.Errorf("%d, cookie %+v", res.StatusCode, k)
	}
	if _, found, err := d.keep.Session(t.Context(), k.Value); found || err != nil {
		t.Errorf("the secret itself is kept: %v, %v", found, err)
	}
	// The second time the link is dead.
	res, err = stay.PostForm(d.server.URL+"/in/"+code, nil)
	if s := body(t, res, err); res.StatusCode != http.StatusGone || len(res.Cookies()) != 0 {
		t.Errorf("%d %s", res.StatusCode, s)
	}

	anna := d.as("anna")
	now = now.Add(30*24*time.Hour - time.Second)
	anna.state()
	now = now.Add(2 * time.Second)
	if code := anna.get("/api/state", nil); code != http.StatusUnauthorized {
		t.Errorf("after 30 days: %d", code)
	}
	anna = d.as("anna")
	d.people.Remove("anna")
	if code := anna.get("/api/state", nil); code != http.StatusUnauthorized {
		t.Errorf("after being removed: %d", code)
	}
	ben := d.as("ben")
	res, err = ben.http.PostForm(d.server.URL+"/out", nil)
	body(t, res, err)
	if code := ben.get("/api/state", nil); code != http.StatusUnauthorized {
		t.Errorf("after signing out: %d", code)
	}
}

func TestBehindHTTPS(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.PublicURL = "https://desk.example.com/"
	d := open(t, c)
	r := httptest.NewRequest("POST", "/in/"+d.people.Code("anna"), nil)
	r.Header.Set("Origin", "https://desk.example.com") // the proxy changed the Host
	w := httptest.NewRecorder()
	d.tr.ServeHTTP(w, r)
	if k := w.Result().Cookies(); len(k) != 1 || !k[0].Secure || !strings.HasPrefix(k[0].Name, "__Host-") {
		t.Errorf("%d, cookies %+v", w.Code, k)
	}
	for _, bad := range []string{"desk.example.com", "ftp://x", "https://"} {
		c.PublicURL = bad
		if _, err := console.New(c); err == nil {
			t.Errorf("%q is taken for an address", bad)
		}
	}
}

func TestForeignPages(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna := d.as("anna")
	try := func(name string, set func(*http.Request)) {
		req, err := http.NewRequest("POST", d.server.URL+"/api/say", strings.NewReader(`{"key":"12345678","channel":"buyers","text":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Desk-Token", anna.token)
		set(req)
		res, err := anna.http.Do(req)
		if body(t, res, err); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	try("no token", func(r *http.Request) { r.Header.Del("X-Desk-Token") })
	try("wrong token", func(r *http.Request) { r.Header.Set("X-Desk-Token", d.as("ben").token) })
	try("cross-site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
	try("same site, other host", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") })
	try("other origin", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") })
	try("no origin at all", func(r *http.Request) { r.Header.Set("Origin", "null") })
	if all := d.heard(); len(all) != 0 {
		t.Errorf("heard %+v", all)
	}
	for _, path := range []string{"/in/" + d.people.Code("ben"), "/out", "/demo"} {
		req, err := http.NewRequest("POST", d.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://evil.example")
		res, err := anna.http.Do(req)
		if body(t, res, err); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s from elsewhere: %d", path, res.StatusCode)
		}
	}
}

func TestDemo(t *testing.T) {
	t.Parallel()
	who := url.Values{"person": {"ben"}}
	play := func(tr http.Handler, host, from string) int {
		r := httptest.NewRequest("POST", "/demo", strings.NewReader(who.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Host, r.RemoteAddr = host, from
		w := httptest.NewRecorder()
		tr.ServeHTTP(w, r)
		return w.Code
	}
	c := config(t)
	off, err := console.New(c)
	if err != nil {
		t.Fatal(err)
	}
	c.Demo = true
	on, err := console.New(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		tr         http.Handler
		host, from string
		want       int
	}{
		{off, "127.0.0.1:8080", "127.0.0.1:5", http.StatusNotFound},
		{on, "127.0.0.1:8080", "127.0.0.1:5", http.StatusSeeOther},
		{on, "localhost:8080", "[::1]:5", http.StatusSeeOther},
		{on, "[::1]:8080", "[::1]:5", http.StatusSeeOther},
		{on, "desk.example.com", "127.0.0.1:5", http.StatusNotFound},
		{on, "localhost.example.com:80", "127.0.0.1:5", http.StatusNotFound},
		{on, "127.0.0.1:8080", "10.0.0.9:5", http.StatusNotFound},
	} {
		if got := play(x.tr, x.host, x.from); got != x.want {
			t.Errorf("to %s from %s: %d, want %d", x.host, x.from, got, x.want)
		}
	}
	who.Set("person", "mallory")
	if got := play(on, "localhost", "127.0.0.1:5"); got != http.StatusNotFound {
		t.Errorf("somebody unknown: %d", got)
	}
	d := open(t, config(t))
	if s := d.as("anna").state(); len(s.Demo) != 0 {
		t.Errorf("the demo's people are told: %+v", s.Demo)
	}
}

func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna, wei, ben := d.as("anna"), d.as("wei"), d.as("ben")
	picture := at("leads")
	d.post(picture, card("for leads", photo(t)))
	own := at("@anna")
	d.post(own, card("for anna", photo(t)))
	only := at("buyers")
	only.Only = "anna"
	d.post(only, card("whisper", photo(t)))
	fileOf := func(p page) string { return p.Posts[len(p.Posts)-1].Card.Parts[0].File.URL }
	for _, c := range []struct {
		h       *hand
		channel string
		sees    bool
	}{{anna, "leads", false}, {ben, "leads", true}, {anna, "@anna", true}, {ben, "@anna", false}, {wei, "@anna", false}, {wei, "nowhere", false}} {
		want := http.StatusNotFound
		if c.sees {
			want = http.StatusOK
		}
		if got := c.h.get("/api/posts?channel="+url.QueryEscape(c.channel), nil); got != want {
			t.Errorf("%s in %s: %d", c.h.id, c.channel, got)
		}
	}
	for _, c := range []struct {
		path string
		yes  *hand
		no   *hand
	}{
		{fileOf(ben.page("leads", "", 0)), ben, anna},
		{fileOf(anna.page("@anna", "", 0)), anna, ben},
		{fileOf(anna.page("buyers", "", 0)), anna, ben},
	} {
		if a, b := c.yes.get(c.path, nil), c.no.get(c.path, nil); a != http.StatusOK || b != http.StatusNotFound {
			t.Errorf("%s: %d and %d", c.path, a, b)
		}
	}
	if n := len(ben.page("buyers", "", 0).Posts); n != 0 {
		t.Errorf("ben sees %d whispers", n)
	}
	for _, ch := range anna.state().Channels {
		if ch.ID == "leads" || ch.Direct != (ch.ID == "@anna") {
			t.Errorf("anna has %+v", ch)
		}
		want := map[string]int{"@anna": 1, "buyers": 1}[ch.ID]
		if ch.Unread != want {
			t.Errorf("%s has %d unread, want %d", ch.ID, ch.Unread, want)
		}
	}
	num := anna.page("buyers", "", 0).Posts[0].Num
	anna.must(http.StatusAccepted, "/api/read", map[string]any{"channel": "buyers", "num": num})
	for _, ch := range anna.state().Channels {
		if ch.ID == "buyers" && ch.Unread != 0 {
			t.Errorf("%d unread after reading", ch.Unread)
		}
	}
	// Without a session there is nothing at all.
	for _, path := range []string{"/api/state", "/api/posts?channel=buyers", "/events?after=0", "/files/x"} {
		res, err := http.Get(d.server.URL + path)
		if body(t, res, err); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a session: %d", path, res.StatusCode)
		}
	}
}

// holding is a keep that ends sessions only when it is let.
type holding struct {
	console.Keep
	let chan struct{}
}

func (h holding) DropSession(ctx context.Context, hash string) error {
	<-h.let
	return h.Keep.DropSession(ctx, hash)
}

// Whoever signs in as somebody else has the new session before the page of the old
// one hears that it has ended.
func TestNewSessionComesBeforeTheOldOneEnds(t *testing.T) {
	t.Parallel()
	c := config(t)
	h := holding{c.Keep, make(chan struct{})}
	c.Keep, c.Demo = h, true
	d := open(t, c)
	let := sync.OnceFunc(func() { close(h.let) })
	t.Cleanup(let)
	anna := d.as("anna")
	page := d.server.URL
	stay := *anna.http
	stay.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	stay.Timeout = time.Minute
	before := anna.http.Jar.Cookies(mustURL(t, page))
	res, err := stay.PostForm(page+"/demo", url.Values{"person": {"ben"}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	after := anna.http.Jar.Cookies(mustURL(t, page))
	if res.StatusCode != http.StatusSeeOther || len(after) != 1 || len(before) != 1 || after[0].Value == before[0].Value {
		t.Fatalf("%d, with %d cookies before and %d after", res.StatusCode, len(before), len(after))
	}
	let()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	old, err := http.NewRequestWithContext(t.Context(), "GET", page+"/api/state", nil)
	if err != nil {
		t.Fatal(err)
	}
	old.AddCookie(before[0])
	if res, err := http.DefaultClient.Do(old); err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old session goes on: %+v, %v", res, err)
	} else if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
