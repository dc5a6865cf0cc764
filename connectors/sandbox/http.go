package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBody is the largest request that the world reads.
const maxBody = 4 << 20

// Handler serves the world: /shopify/…, /ebay/…, /amazon/…, /woo/…, /images/… and
// /control/….
func (w *World) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/shopify/{store}/{path...}", w.enter(Shopify, w.serveShopify))
	mux.HandleFunc("/ebay/{store}/{path...}", w.enter(Ebay, w.serveEbay))
	mux.HandleFunc("/amazon/{store}/{path...}", w.enter(Amazon, w.serveAmazon))
	mux.HandleFunc("/woo/{store}/{path...}", w.enter(Woo, w.serveWoo))
	mux.HandleFunc("GET /images/{name}", w.serveImage)
	w.control(mux)
	return mux
}

// call is a request to a platform whose body was read.
type call struct {
	*http.Request
	rw   http.ResponseWriter
	s    *store
	path string // within the account, with a leading slash and none at the end
	body []byte
}

func (w *World) enter(platform string, serve func(*call)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		s, err := w.store(r.PathValue("store"))
		if err != nil || s.Platform != platform {
			http.Error(rw, "there is no such account on this platform", http.StatusNotFound)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
		if err != nil {
			http.Error(rw, "the request could not be read", http.StatusRequestEntityTooLarge)
			return
		}
		c := &call{Request: r, rw: rw, s: s, body: body, path: "/" + strings.Trim(r.PathValue("path"), "/")}
		rw.Header().Set("Date", w.now().Format(http.TimeFormat))
		if !w.consent(c) {
			serve(c)
		}
		if w.o.Lag > 0 && r.Method != http.MethodGet {
			wait(r.Context(), w.o.Lag)
		}
	}
}

// form reads a token request; it is kept where net/http would have put it.
func (c *call) form() bool {
	c.Request.Body = io.NopCloser(strings.NewReader(string(c.body)))
	if strings.HasPrefix(c.Header.Get("Content-Type"), "application/json") {
		var m map[string]string
		if json.Unmarshal(c.body, &m) != nil {
			return false
		}
		c.Request.PostForm = map[string][]string{}
		for k, v := range m {
			c.Request.PostForm.Set(k, v)
		}
		return true
	}
	return c.Request.ParseForm() == nil
}

// base is the world's address for links.
func (w *World) base(r *http.Request) string {
	if w.o.BaseURL != nil {
		return strings.TrimSuffix(w.o.BaseURL(), "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// m is a JSON object in the making.
type m = map[string]any

func jsonReply(status int, v any) reply {
	var b bytes.Buffer
	if err := encode(&b, v); err != nil { // cannot happen: answers are made of plain values
		return reply{status: http.StatusInternalServerError, kind: "text/plain", body: []byte("the answer could not be written")}
	}
	return reply{status: status, kind: "application/json", body: b.Bytes()}
}

func (a reply) with(name, value string) reply {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(name, value)
	return a
}

// stamp is a time as the REST platforms write it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// refuse is a platform's own way of saying that something went wrong inside.
func (s *store) refuse(kind string) reply {
	switch s.Platform {
	case Ebay:
		return ebayRefusal(kind)
	case Amazon:
		return amazonRefusal(kind)
	case Woo:
		return wooRefusal(kind)
	}
	return shopifyRefusal(kind)
}
