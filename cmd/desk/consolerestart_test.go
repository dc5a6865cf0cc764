package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console"
	"helloworld/bot/chat/console/consoletest"
	"helloworld/bot/store"
)

// TestConsoleOverARestart: who was signed in still is, and what was on the page
// is on it again.
func TestConsoleOverARestart(t *testing.T) {
	t.Parallel()
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "desk.db")
	people := consoletest.NewPeople(console.Person{ID: "anna", Name: "Anna", Lang: "en"})
	begin := func() (*console.Transport, *store.DB) {
		db, err := store.Open(ctx, path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		tr, err := console.New(console.Config{Keep: newConsoleKeep(db, nil), People: people, Words: consoletest.Words(t),
			Channels: func(context.Context, chat.Account) ([]console.Channel, error) {
				return []console.Channel{{ID: "buyers", Name: "buyers"}}, nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		return tr, db
	}
	tr, db := begin()
	w := httptest.NewRecorder()
	tr.ServeHTTP(w, httptest.NewRequest("POST", "/in/"+people.Code("anna"), nil))
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("signing in: %d %s", w.Code, w.Body)
	}
	card := chat.Card{Key: "k", Title: "before the restart"}
	ref, err := tr.Post(ctx, chat.Place{Chat: console.Name, Channel: "buyers"}, card)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Ask(ctx, chat.Trigger{Account: chat.Account{ID: "anna"}}, chat.Form{Token: "t", Title: "open form"}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	tr, db = begin()
	defer db.Close()
	for path, want := range map[string]string{"/api/state": "open form", "/api/posts?channel=buyers": "before the restart"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", path, nil)
		r.AddCookie(cookies[0])
		tr.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if again, err := tr.Post(ctx, ref.Place, card); err != nil || again != ref {
		t.Errorf("posted again: %+v, %v", again, err)
	}
	if found, ok, err := tr.Find(ctx, ref.Place, chat.Ref{}, card); err != nil || !ok || found != ref {
		t.Errorf("found %+v, %v, %v", found, ok, err)
	}
}
