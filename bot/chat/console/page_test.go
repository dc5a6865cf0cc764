package console_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console"
	"helloworld/bot/chat/console/consoletest"
)

func TestPaging(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna := d.as("anna")
	for i := range 95 {
		d.post(at("buyers"), card(fmt.Sprintf("%02d", i), nil))
	}
	var got []string
	for before, more := int64(0), true; more; {
		p := anna.page("buyers", "", before)
		var titles []string
		for _, v := range p.Posts {
			titles = append(titles, v.Card.Title)
		}
		got = append(titles, got...)
		before, more = p.Posts[0].Num, p.More
	}
	if len(got) != 95 || !slices.IsSorted(got) {
		t.Errorf("%d: %v", len(got), got)
	}
	if code := anna.get("/api/posts?channel=buyers&before=x", nil); code != http.StatusBadRequest {
		t.Errorf("before x: %d", code)
	}
}

func TestLanguagesAndMenu(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	for lang, help := range map[string]string{"zh": "退款", "": "Refund"} {
		if err := d.tr.SetMenu(context.Background(), lang, []chat.MenuItem{{Name: "refund", Help: help}}); err != nil {
			t.Fatal(err)
		}
	}
	anna, wei := d.as("anna"), d.as("wei")
	if s := wei.state(); s.Lang != "zh-CN" || s.Menu[0].Help != "退款" || s.Words["send"] != "发送" {
		t.Errorf("wei: %s, %+v, %q", s.Lang, s.Menu, s.Words["send"])
	}
	if s := anna.state(); s.Lang != "en" || s.Menu[0].Help != "Refund" || s.Words["send"] != "Send" {
		t.Errorf("anna: %s, %+v", s.Lang, s.Menu)
	}
	anna.must(http.StatusAccepted, "/api/language", map[string]string{"lang": "zh-CN"})
	if s := anna.state(); s.Lang != "zh-CN" {
		t.Errorf("anna chose Chinese and reads %s", s.Lang)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Language", "de-AT, zh-Hans-SG;q=0.8, en;q=0.1")
	w := httptest.NewRecorder()
	d.tr.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), `<html lang="zh-CN">`) {
		t.Errorf("a Chinese browser gets %s", w.Body)
	}
}

// TestMenuOfAPerson: the menu shows what a person may use, and an open page is
// told when that changes.
func TestMenuOfAPerson(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.Beat = 50 * time.Millisecond
	var grown atomic.Bool
	c.May = func(_ context.Context, a chat.Account, command string) bool {
		return command == "order" || a.ID == "ben" || grown.Load()
	}
	d := open(t, c)
	if err := d.tr.SetMenu(context.Background(), "", []chat.MenuItem{{Name: "people"}, {Name: "order", Also: []string{"订单"}}}); err != nil {
		t.Fatal(err)
	}
	anna := d.as("anna")
	if m := anna.state().Menu; len(m) != 1 || m[0].Name != "order" || !slices.Equal(m[0].Also, []string{"订单"}) {
		t.Errorf("anna is offered %+v", m)
	}
	if m := d.as("ben").state().Menu; len(m) != 2 {
		t.Errorf("ben is offered %+v", m)
	}
	in, _ := anna.listen(0, "")
	next(t, in, "beat")
	grown.Store(true)
	next(t, in, "rooms")
	if m := anna.state().Menu; len(m) != 2 {
		t.Errorf("now anna is offered %+v", m)
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna, wei := d.as("anna"), d.as("wei")
	type kept struct {
		ID    string
		Image bool
	}
	upload := func(name, kind string, data []byte) (k kept, code int) {
		req, err := http.NewRequest("POST", d.server.URL+"/api/files?"+url.Values{"channel": {"buyers"}, "name": {name}}.Encode(), bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		req.Header.Set("X-Desk-Token", anna.token)
		res, err := anna.http.Do(req)
		s := body(t, res, err)
		if m := regexp.MustCompile(`"id":"(\w+)","image":(\w+)`).FindStringSubmatch(s); m != nil {
			k = kept{m[1], m[2] == "true"}
		}
		return k, res.StatusCode
	}
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	for _, c := range []struct {
		name, kind   string
		data         []byte
		want, dispos string
	}{
		{"图.png", "image/png", photo(t), "image/png", "inline"},
		{"really.html", "text/html", photo(t), "image/png", "inline"},
		{"x.svg", "image/svg+xml", svg, "image/svg+xml", "attachment"},
		{"x.html", "text/html", []byte("<script>alert(1)</script>"), "text/html", "attachment"},
		{"liar.png", "image/png", []byte("<script>alert(1)</script>"), "application/octet-stream", "attachment"},
		{"..\\..\\a\r\nb", "what is this", []byte("x"), "application/octet-stream", "attachment"},
	} {
		k, code := upload(c.name, c.kind, c.data)
		if code != http.StatusCreated {
			t.Fatalf("%s: %d", c.name, code)
		}
		res, err := wei.http.Get(d.server.URL + "/files/" + k.ID)
		got := body(t, res, err)
		h := res.Header
		if got != string(c.data) || h.Get("Content-Type") != c.want || !strings.HasPrefix(h.Get("Content-Disposition"), c.dispos) ||
			h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || k.Image != (c.dispos == "inline") {
			t.Errorf("%s: %v", c.name, h)
		}
	}
	if _, code := upload("none", "text/plain", nil); code != http.StatusRequestEntityTooLarge {
		t.Errorf("an empty file: %d", code)
	}
	if _, code := upload("big", "text/plain", make([]byte, 10<<20+1)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a file that is too large: %d", code)
	}

	k, _ := upload("lid.png", "image/png", photo(t))
	wei.must(http.StatusNotFound, "/api/say", said{Key: wei.key(), Channel: "buyers", Files: []string{k.ID}})
	anna.must(http.StatusNotFound, "/api/say", said{Key: anna.key(), Channel: "ops", Files: []string{k.ID}})
	anna.saying(said{Key: anna.key(), Channel: "buyers", Files: []string{k.ID}})
	all := d.heard()
	if len(all) != 1 || len(all[0].Files) != 1 || all[0].Files[0].Name != "lid.png" {
		t.Fatalf("heard %+v", all)
	}
	data, mime, err := d.tr.Fetch(context.Background(), all[0].Files[0])
	if err != nil || mime != "image/png" || !bytes.Equal(data, photo(t)) {
		t.Errorf("Fetch: %d bytes, %s, %v", len(data), mime, err)
	}
	if _, _, err := d.tr.Fetch(context.Background(), chat.File{ID: "no"}); chat.KindOf(err) != chat.Gone {
		t.Errorf("Fetch of nothing: %v", err)
	}
	if p := wei.page("buyers", "", 0); len(p.Posts) != 1 || !p.Posts[0].Files[0].Image || p.Posts[0].Files[0].URL != "/files/"+k.ID {
		t.Errorf("shown %+v", p)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna := d.as("anna")
	res, err := anna.http.Get(d.server.URL + "/")
	s := body(t, res, err)
	csp := res.Header.Get("Content-Security-Policy")
	if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "script-src 'self'") || !strings.Contains(csp, "frame-ancestors 'none'") ||
		res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", res.Header)
	}
	for _, bad := range []string{anna.token, anna.secret()} {
		if strings.Contains(s, bad) {
			t.Error("a secret stands in the page")
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`).FindAllStringSubmatch(s, -1) {
		res, err := http.Get(d.server.URL + m[1])
		body(t, res, err)
		if res.StatusCode != http.StatusOK || res.Header.Get("ETag") == "" {
			t.Errorf("%s: %d", m[1], res.StatusCode)
		}
		req, err := http.NewRequest("GET", d.server.URL+m[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("If-None-Match", res.Header.Get("ETag"))
		res, err = http.DefaultClient.Do(req)
		if body(t, res, err); res.StatusCode != http.StatusNotModified {
			t.Errorf("%s again: %d", m[1], res.StatusCode)
		}
	}
	for _, path := range []string{"/static/app.html", "/static/none.js", "/static/..%2fdoc.go", "/nothing"} {
		if code := anna.get(path, nil); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
}

// TestThePageItself reads what is sent to browsers: nothing in it may make HTML
// out of strings, run text, or call on anybody else.
func TestThePageItself(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(os.DirFS("web"), "*")
	if err != nil || len(files) < 8 {
		t.Fatalf("%v, %v", files, err)
	}
	words := consoletest.Words(t)
	have := words.Keys("en")
	asked := map[string]bool{}
	find := func(re string, s string) {
		for _, m := range regexp.MustCompile(re).FindAllStringSubmatch(s, -1) {
			asked["console."+m[1]] = true
		}
	}
	sources, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, sources...) {
		if strings.HasSuffix(name, "_test.go") || name == "words.go" {
			continue
		}
		path := name
		if !strings.HasSuffix(name, ".go") {
			path = "web/" + name
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s := string(data)
		if !strings.HasSuffix(name, ".go") {
			for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", " style=", " onclick=\"", "javascript:"} {
				if strings.Contains(s, bad) {
					t.Errorf("%s has %q", name, bad)
				}
			}
			for _, m := range regexp.MustCompile(`https?://[^\s"'<]+`).FindAllString(s, -1) {
				if !strings.HasPrefix(m, "http://www.w3.org/2000/svg") {
					t.Errorf("%s calls on %s", name, m)
				}
			}
			find(`\bw\('([a-z_]+)'`, s)
			find(`\bw\([\w. ]+\? '([a-z_]+)'`, s)
			find(`\bw\([\w. ]+\? '[a-z_]+' : '([a-z_]+)'`, s)
			find(`code: '([a-z_]+)'`, s)
		}
		find(`"console\.([a-z_]+)"`, s)
	}
	for _, tone := range []string{"good", "warning", "bad"} {
		asked["console.tone_"+tone] = true
	}
	keys := console.Keys()
	for _, k := range keys {
		if !asked[k] {
			t.Errorf("nothing says %s", k)
		}
		for _, lang := range []string{"en", "zh-CN"} {
			if strings.HasPrefix(words.Word(lang, k), "[") {
				t.Errorf("%s is missing in %s", k, lang)
			}
		}
	}
	delete(asked, "console.tone_") // the beginning of three
	for k := range asked {
		if !slices.Contains(keys, k) {
			t.Errorf("%s is said and not in the list of keys", k)
		}
	}
	for _, k := range have {
		if !slices.Contains(keys, k) {
			t.Errorf("%s is in the catalogue and not in the list of keys", k)
		}
	}
}

func FuzzRequests(f *testing.F) {
	for _, path := range []string{"/api/say", "/api/press", "/api/fill", "/api/dismiss", "/api/read", "/api/language"} {
		f.Add(path, `{"key":"12345678","channel":"buyers","text":"/refund 1 \u0000 退款","thread":"","files":["a"]}`)
		f.Add(path, `{"key":"12345678","id":"x","token":"t","values":{"a":"b"},"num":1e99,"lang":"en"}`)
		f.Add(path, `{"key":[]}`)
		f.Add(path, "\xff{")
	}
	people := people()
	tr, err := console.New(console.Config{Keep: console.NewMemory(), People: people, Words: wordsOf(f), Channels: rooms})
	if err != nil {
		f.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.Cleanup(cancel)
	go func() { _ = tr.Run(ctx, func(context.Context, chat.Event) error { return nil }) }()
	w := httptest.NewRecorder()
	tr.ServeHTTP(w, httptest.NewRequest("POST", "/in/"+people.Code("anna"), nil))
	cookie := w.Result().Cookies()[0]
	w = httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/api/state", nil)
	r.AddCookie(cookie)
	tr.ServeHTTP(w, r)
	token := regexp.MustCompile(`"token":"([^"]+)"`).FindStringSubmatch(w.Body.String())[1]
	f.Fuzz(func(t *testing.T, path, body string) {
		if !strings.HasPrefix(path, "/api/") || strings.ContainsAny(path, "% \x00\r\n") || strings.ContainsFunc(path, func(r rune) bool { return r < 33 || r > 126 }) {
			return
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.AddCookie(cookie)
		r.Header.Set("X-Desk-Token", token)
		tr.ServeHTTP(w, r)
		if w.Code >= 500 && w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %q: %d %s", path, body, w.Code, w.Body)
		}
	})
}

func wordsOf(f *testing.F) *consoletest.Catalogue { return consoletest.Words(f) }
