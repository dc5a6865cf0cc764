package bot_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/connectors/sandbox"
)

var pngHead = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")

// pictures are those on a card.
func pictures(c chat.Card) []chat.File {
	var out []chat.File
	for _, p := range c.Parts {
		if p.Kind == chat.Image && p.File != nil {
			out = append(out, *p.File)
		}
	}
	return out
}

// TestPhotosAreShown: a photo is on the card with its bytes, whether it came by
// mail or as a link, and it is kept.
func TestPhotosAreShown(t *testing.T) {
	t.Parallel()
	for _, storeID := range []string{"ebay-de", "shopify-main"} {
		t.Run(storeID, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, plan{stores: []string{storeID}})
			o := r.order(storeID, "20")
			id := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "defekt", Photo: true})
			cards := r.hall.said("inbox")
			if len(cards) != 1 {
				t.Fatalf("%d cards", len(cards))
			}
			got := pictures(cards[0])
			if len(got) != 1 || !bytes.HasPrefix(got[0].Data, pngHead) || got[0].MIME != "image/png" || got[0].Size != int64(len(got[0].Data)) {
				t.Errorf("on the card: %+v", got)
			}
			if f := r.letter(id).Files; len(f) != 1 || !bytes.HasPrefix(f[0].Data, pngHead) {
				t.Errorf("kept: %+v", f)
			}
		})
	}
}

// TestPhotosThatCannotBeHad stay links, and the message is shown all the same.
func TestPhotosThatCannotBeHad(t *testing.T) {
	t.Parallel()
	var answer atomic.Pointer[http.HandlerFunc]
	r := newRig(t, plan{stores: []string{"ebay-de"}, pictures: func(w http.ResponseWriter, q *http.Request) { (*answer.Load())(w, q) }})
	secret := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(pngHead) }))
	t.Cleanup(secret.Close)
	o := r.order("ebay-de", "20")
	for name, h := range map[string]http.HandlerFunc{
		"gone":   http.NotFound,
		"a page": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html><body>sign in</body></html>") },
		"a drawing": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg"/>`)
		},
		"hung up":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"round":     func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, q.URL.Path, http.StatusFound) },
		"next door": func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, secret.URL, http.StatusFound) },
		"not a page": func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "file:///etc/passwd", http.StatusFound)
		},
		"too large": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(bytes.Clone(pngHead), make([]byte, 5<<20)...))
		},
	} {
		answer.Store(&h)
		id := r.asked(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: "defekt", Photo: true})
		f := r.letter(id).Files
		if len(f) != 1 {
			t.Fatalf("%s: %d files", name, len(f))
		}
		if len(f[0].Data) != 0 || !strings.HasPrefix(f[0].URL, "http") {
			t.Errorf("%s: %d bytes were taken, and the link is %q", name, len(f[0].Data), f[0].URL)
		}
	}
}

// TestWeb: links come from outside, so they reach public addresses only.
func TestWeb(t *testing.T) {
	t.Parallel()
	var carried atomic.Value
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		carried.Store(q.Header.Get("Cookie") + q.Header.Get("Authorization"))
	}))
	t.Cleanup(srv.Close)
	host := strings.TrimPrefix(srv.URL, "http://")
	res, err := get(t, bot.Web(host), srv.URL)
	if err != nil || res.StatusCode != http.StatusOK || carried.Load() != "" {
		t.Fatalf("a server that the configuration names: %v; it was given %q", err, carried.Load())
	}
	_ = res.Body.Close()
	for _, url := range []string{srv.URL, "http://" + strings.Replace(host, "127.0.0.1", "localhost", 1), "http://[::1]:1/", "http://10.0.0.1/",
		"http://169.254.169.254/latest", "http://100.64.0.1/", "http://[::ffff:127.0.0.1]:1/", "http://0.0.0.0:1/", "http://[fd00::1]/"} {
		res, err := get(t, bot.Web("127.0.0.1:1"), url)
		if err == nil {
			_ = res.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "not a public address") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
