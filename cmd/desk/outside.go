package main

import (
	"context"
	"errors"
	"html/template"
	"io"
	"net/http"
	"strings"
	"time"

	"helloworld/i18n"
)

// wayBack is where marketplaces send sellers who have granted access.
const wayBack = "/connect"

// hooksPath is where marketplaces call; the store's id follows.
const hooksPath = "/hooks/"

// redirect is the whole address of the way back. Without a public address it is
// one that the seller's browser perhaps cannot open; they copy it then.
func (a *app) redirect() string {
	switch {
	case a.cfg.Desk.PublicURL != "" || a.console != nil:
		return a.address() + wayBack
	default:
		return "http://127.0.0.1" + wayBack
	}
}

// outside adds what others than the console's people may ask for.
func (a *app) outside(mux *http.ServeMux) {
	mux.HandleFunc("GET "+wayBack, a.cameBack)
	mux.HandleFunc(hooksPath+"{store}", a.called)
	mux.HandleFunc("POST "+hooksPath+"track/{service}", a.tracked)
}

var backPage = template.Must(template.New("back").Parse(`<!doctype html><html lang="{{.Lang}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer"><title>{{.Title}}</title>
<style>body{font:16px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;max-width:34em;margin:15vh auto;padding:0 1em;color:#1d2129}h1{font-size:1.4em}
@media (prefers-color-scheme:dark){body{background:#17181a;color:#e8e8e8}}</style>
<h1>{{if .OK}}✓ {{end}}{{.Title}}</h1><p>{{.Text}}</p></html>`))

// cameBack finishes a consent.
func (a *app) cameBack(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.WriteHeader(http.StatusMethodNotAllowed) // whoever only looks at a link must not use it up
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(r.Context()), 90*time.Second)
	defer stop() // the code is good for one try: a browser that is closed must not cost it
	x, err := a.desk.FinishConnect(ctx, r.URL.Query())
	page := struct {
		Lang, Title, Text string
		OK                bool
	}{Lang: x.P.Lang().String(), OK: err == nil}
	status := http.StatusOK
	if err != nil {
		p, ok := i18n.AsProblem(err)
		if !ok {
			p = i18n.NewProblem(err, "error.internal")
			a.log.ErrorContext(ctx, "a consent could not be finished", "ref", p.Ref, "err", err)
		}
		status, page.Title, page.Text = http.StatusBadRequest, x.P.T("connect.page_failed"), p.Say(x.P)
	} else {
		page.Title, page.Text = x.P.T("connect.done", "store", x.Store.Name), x.P.T("connect.page_done")
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	if err := backPage.Execute(w, page); err != nil {
		a.log.DebugContext(ctx, "the page after a consent", "err", err)
	}
}

// largestCall bounds what a marketplace may send at once.
const largestCall = 4 << 20

// callTime is how long a marketplace may take to send it.
const callTime = 15 * time.Second

// called takes a marketplace's call in.
func (a *app) called(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	storeID := r.PathValue("store")
	if _, ok := a.desk.Shop(storeID); !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	// Who sends slowly must not keep what was read of it in memory for ever.
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(callTime)); err != nil {
		a.log.DebugContext(r.Context(), "a call has no end to its time", "err", err)
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestCall))
	if err != nil {
		status := http.StatusBadRequest
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			status = http.StatusRequestEntityTooLarge
		}
		w.WriteHeader(status)
		return
	}
	status, ctype, body := a.desk.Hook(r.Context(), storeID, r.Header, r.URL.Query(), raw, a.endpoint(storeID))
	if ctype != "" {
		w.Header().Set("Content-Type", ctype)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// endpoint is the address under which marketplaces call about a store.
func (a *app) endpoint(storeID string) string {
	return strings.TrimSuffix(a.cfg.Desk.PublicURL, "/") + hooksPath + storeID
}

// followEvery is how often a replica looks for stores that another one connected.
const followEvery = 15 * time.Second

// follow adds stores that were connected through another replica.
func (a *app) follow(ctx context.Context) error {
	t := time.NewTicker(followEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := a.desk.LoadAccounts(ctx); err != nil && ctx.Err() == nil {
				a.log.WarnContext(ctx, "the connected stores could not be read", "err", err)
			}
		}
	}
}
