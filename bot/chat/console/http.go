package console

import (
	"embed"
	"encoding/json"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

//go:embed web
var web embed.FS

// pages are the HTML skeletons. What people write never goes through them.
var pages = template.Must(template.ParseFS(web, "web/*.html"))

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (t *Transport) routes() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", t.home)
	m.HandleFunc("GET /in/{code}", t.inPage)
	m.HandleFunc("POST /in/{code}", t.in)
	m.HandleFunc("POST /out", t.out)
	m.HandleFunc("POST /demo", t.play)
	m.HandleFunc("GET /static/{name}", t.static)
	m.HandleFunc("GET /files/{id}", t.signed(t.file))
	m.HandleFunc("GET /events", t.signed(t.events))
	m.HandleFunc("GET /api/state", t.signed(t.state))
	m.HandleFunc("GET /api/posts", t.signed(t.posts))
	m.HandleFunc("POST /api/say", t.signed(t.say))
	m.HandleFunc("POST /api/press", t.signed(t.press))
	m.HandleFunc("POST /api/fill", t.signed(t.fill))
	m.HandleFunc("POST /api/dismiss", t.signed(t.dismiss))
	m.HandleFunc("POST /api/read", t.signed(t.read))
	m.HandleFunc("POST /api/language", t.signed(t.language))
	m.HandleFunc("POST /api/files", t.signed(t.upload))
	return m
}

// ServeHTTP serves the page and what it asks for.
func (t *Transport) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: browsers would then send "Origin: null" with our own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead && !t.ownPage(r) {
		t.fail(w, r, nil, http.StatusForbidden, "console.error_request")
		return
	}
	t.mux.ServeHTTP(w, r)
}

// signed lets signed-in people through, and on POST only our own page.
func (t *Transport) signed(next func(http.ResponseWriter, *http.Request, *visitor)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := t.visit(r)
		switch {
		case err != nil:
			t.broken(w, r, nil, err)
		case v == nil:
			t.fail(w, r, nil, http.StatusUnauthorized, "console.signed_out")
		case r.Method == http.MethodPost && !v.holdsToken(r):
			t.fail(w, r, v, http.StatusForbidden, "console.error_request")
		default:
			next(w, r, v)
		}
	}
}

// problem is every refusal: a code for the page, a sentence for the person.
type problem struct {
	Code  string `json:"code"`
	Error string `json:"error"`
	Field string `json:"field,omitempty"`
}

func (t *Transport) fail(w http.ResponseWriter, r *http.Request, v *visitor, status int, key string) {
	chosen := ""
	if v != nil {
		chosen = v.lang
	}
	lang := t.lang(chosen, r.Header.Get("Accept-Language"))
	answer(w, status, problem{Code: strings.TrimPrefix(key, "console."), Error: t.word(lang, key)})
}

// broken is a failure of ours: the cause goes to the log only.
func (t *Transport) broken(w http.ResponseWriter, r *http.Request, v *visitor, err error) {
	t.log.Error("console cannot answer", "method", r.Method, "err", err)
	w.Header().Set("Retry-After", "2")
	t.fail(w, r, v, http.StatusServiceUnavailable, "console.error_stored")
}

func answer(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil { // cannot happen with our own types
		http.Error(w, "{}", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(data) // a reader who left is told nothing
}

// static serves the page's own files. They carry a tag, so that a browser asks
// every time and loads only after an update.
func (t *Transport) static(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	kind := map[string]string{
		"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
	}[name[strings.LastIndexByte(name, '.')+1:]]
	data, err := fs.ReadFile(web, "web/"+name)
	if kind == "" || err != nil {
		http.NotFound(w, r)
		return
	}
	tag := `"` + hashID(string(data)) + `"`
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data)
}

// page is what the skeletons are filled with.
type page struct {
	t      *Transport
	Lang   string
	Code   string
	Sorry  string
	Demo   []Person
	Person *Person
}

// W says a word in the page's language.
func (p page) W(key string) string { return p.t.word(p.Lang, key) }

func (t *Transport) show(w http.ResponseWriter, status int, name string, p page) {
	p.t = t
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, name, p); err != nil {
		t.log.Error("console cannot make a page", "page", name, "err", err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", p.Lang)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(b.String()))
}

// home is the app for who is signed in, and the way in for who is not.
func (t *Transport) home(w http.ResponseWriter, r *http.Request) {
	v, err := t.visit(r)
	if err != nil {
		t.broken(w, r, nil, err)
		return
	}
	if v != nil {
		t.show(w, http.StatusOK, "app.html", page{Lang: v.lang, Person: &v.Person})
		return
	}
	p := page{Lang: t.lang("", r.Header.Get("Accept-Language"))}
	if t.playing(r) {
		if p.Demo, err = t.people.Demo(r.Context()); err != nil {
			t.broken(w, r, nil, err)
			return
		}
	}
	t.show(w, http.StatusUnauthorized, "sign.html", p)
}

// inPage only asks: opening a link must not use it up.
func (t *Transport) inPage(w http.ResponseWriter, r *http.Request) {
	lang := t.lang("", r.Header.Get("Accept-Language"))
	t.show(w, http.StatusOK, "in.html", page{Lang: lang, Code: r.PathValue("code")})
}

func (t *Transport) in(w http.ResponseWriter, r *http.Request) {
	p, ok, err := t.people.Redeem(r.Context(), r.PathValue("code"))
	if err != nil {
		t.broken(w, r, nil, err)
		return
	}
	if !ok {
		lang := t.lang("", r.Header.Get("Accept-Language"))
		t.show(w, http.StatusGone, "sign.html", page{Lang: lang, Sorry: "console.link_dead"})
		return
	}
	t.letIn(w, r, p)
}

func (t *Transport) out(w http.ResponseWriter, r *http.Request) {
	t.dropSession(r)
	http.SetCookie(w, t.cookie(r, "", -1))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// play signs in as one of the demo's people.
func (t *Transport) play(w http.ResponseWriter, r *http.Request) {
	if !t.playing(r) {
		http.NotFound(w, r)
		return
	}
	people, err := t.people.Demo(r.Context())
	if err != nil {
		t.broken(w, r, nil, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	id := r.PostFormValue("person")
	for _, p := range people {
		if p.ID != id {
			continue
		}
		t.letIn(w, r, p)
		return
	}
	http.NotFound(w, r)
}

// letIn signs a person in, in place of whoever was signed in there. A page of the
// session that ends loads itself anew when it hears of that, which breaks off what
// its browser is waiting for: by then the browser must have the new session.
func (t *Transport) letIn(w http.ResponseWriter, r *http.Request, p Person) {
	if err := t.signIn(w, r, p); err != nil {
		t.broken(w, r, nil, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	if err := http.NewResponseController(w).Flush(); err != nil {
		t.log.Debug("a sign-in was not answered", "err", err)
	}
	t.dropSession(r)
}

func millis(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}
