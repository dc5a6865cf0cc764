package slack

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"helloworld/bot/chat"
)

// workspace answers every call with what say gives for the method and the form.
func workspace(t *testing.T, say func(method, form string, r *http.Request) string) *Transport {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(w, say(strings.TrimPrefix(r.URL.Path, "/api/"), string(b), r))
	}))
	t.Cleanup(srv.Close)
	tr, err := New(Config{BotToken: botToken, AppToken: appToken, BaseURL: srv.URL + "/api/"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.http.CloseIdleConnections)
	return tr
}

func TestTokenStandsInTheHeaderOnly(t *testing.T) {
	t.Parallel()
	tr := workspace(t, func(method, form string, r *http.Request) string {
		if r.Header.Get("Authorization") != "Bearer "+botToken || strings.Contains(form, botToken) || strings.Contains(form, "token=") {
			t.Errorf("%s: %q with %q", method, r.Header.Get("Authorization"), form)
		}
		return `{"ok":true,"ts":"1.1","channel":"C1"}`
	})
	if _, err := tr.Post(t.Context(), inShop, chat.Card{Key: "k", Title: "a&token=b"}); err != nil {
		t.Error(err)
	}
	if _, err := tr.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := tr.Edit(t.Context(), chat.Ref{Place: inShop, ID: "1.1"}, hello("k")); err != nil {
		t.Error(err)
	}
}

// The library refuses an answer for one block that it cannot read. A message
// that was posted must not be lost by it.
func TestOddBlocksInAnAnswerDoNoHarm(t *testing.T) {
	t.Parallel()
	odd := `"blocks":[{"type":"header","text":7},{"type":"rich_text","elements":"none"}],"files":"none"`
	tr := workspace(t, func(method, form string, _ *http.Request) string {
		switch method {
		case "conversations.history":
			return `{"ok":true,"messages":[{"ts":"1.3","metadata":{"event_type":"another","event_payload":[1]},` + odd + `},{"ts":"1.2","metadata":7},
				{"ts":"1.1","metadata":{"event_type":"desk_card","event_payload":{"key":"k"}},` + odd + `}]}`
		case "views.open":
			return `{"ok":true,"view":{"id":7,` + odd + `}}`
		}
		return `{"ok":true,"channel":"C1","ts":"1.1","message":{"ts":"1.1",` + odd + `}}`
	})
	ref, err := tr.Post(t.Context(), inShop, hello("k"))
	if err != nil || ref.ID != "1.1" {
		t.Errorf("Post: %+v, %v", ref, err)
	}
	if err := tr.Edit(t.Context(), ref, hello("k")); err != nil {
		t.Errorf("Edit: %v", err)
	}
	if got, ok, err := tr.Find(t.Context(), inShop, chat.Ref{}, hello("k")); err != nil || !ok || got.ID != "1.1" {
		t.Errorf("Find: %+v, %v, %v", got, ok, err)
	}
	f := chat.Form{Token: "tok", Title: "T", Submit: "Go", Inputs: []chat.FormInput{{Name: "a", Label: "A", Kind: chat.Line}}}
	if err := tr.Ask(t.Context(), chat.Trigger{ID: "T1"}, f); err != nil {
		t.Errorf("Ask: %v", err)
	}
	f.Inputs = append(f.Inputs, f.Inputs[0])
	if err := tr.Ask(t.Context(), chat.Trigger{ID: "T1"}, f); chat.KindOf(err) != chat.Rejected || err == nil {
		t.Errorf("two questions of one name: %v", err)
	}
}

// An answer that cannot be read is no refusal.
func TestUnreadableAnswerIsUnsure(t *testing.T) {
	t.Parallel()
	for _, said := range []string{``, `<html>`, `{"ok":true}`, `{"ok":true,"ts":7}`, `[]`} {
		tr := workspace(t, func(string, string, *http.Request) string { return said })
		if _, err := tr.Post(t.Context(), inShop, hello("k")); err == nil || chat.KindOf(err) != chat.Unsure {
			t.Errorf("%q: %v", said, err)
		}
	}
}
