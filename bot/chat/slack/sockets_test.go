package slack

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"helloworld/bot/chat"
)

// mute is a workspace whose sockets open and then say what script says.
func mute(t *testing.T, script func(n int32, c *websocket.Conn)) (*Transport, *atomic.Int32) {
	t.Helper()
	var opened atomic.Int32
	up := websocket.Upgrader{}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/auth.test", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"ok":true,"user_id":"UBOT","user":"desk","team":"x"}`)
	})
	mux.HandleFunc("/api/apps.connections.open", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"ok":true,"url":"ws://%s/link"}`, r.Host)
	})
	mux.HandleFunc("/link", func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		script(opened.Add(1), c)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	tr, err := New(Config{BotToken: botToken, AppToken: appToken, BaseURL: srv.URL + "/api/", Sockets: 1})
	if err != nil {
		t.Fatal(err)
	}
	tr.ping, tr.silence = 20*time.Millisecond, 150*time.Millisecond
	t.Cleanup(tr.http.CloseIdleConnections)
	return tr, &opened
}

// run starts Run and ends it with the test.
func run(t *testing.T, tr *Transport, h chat.Handler) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = tr.Run(ctx, h) }()
	t.Cleanup(func() { cancel(); <-done })
}

func drop(context.Context, chat.Event) error { return nil }

func TestDeadSocketIsFoundOut(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	// The server takes the connection and never reads: no pong, no end.
	tr, opened := mute(t, func(int32, *websocket.Conn) { <-release })
	t.Cleanup(func() { close(release) })
	run(t, tr, drop)
	waitFor(t, "leaving the dead socket for another", func() bool { return opened.Load() >= 2 })
	if pingEvery+silence > 20*time.Second {
		t.Errorf("in earnest it takes up to %s", pingEvery+silence)
	}
}

func TestQuietSocketStays(t *testing.T) {
	t.Parallel()
	pinged := make(chan struct{}, 1000)
	tr, opened := mute(t, func(_ int32, c *websocket.Conn) {
		answer := c.PingHandler()
		c.SetPingHandler(func(s string) error { pinged <- struct{}{}; return answer(s) })
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				return
			}
		}
	})
	tr.silence = 2 * time.Second
	run(t, tr, drop)
	for range 20 {
		select {
		case <-pinged:
		case <-time.After(20 * time.Second):
			t.Fatal("the socket is not pinged")
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d sockets were opened for one that was alive", n)
	}
}

func TestOddFramesDoNoHarm(t *testing.T) {
	t.Parallel()
	acks := make(chan string, 10)
	tr, _ := mute(t, func(_ int32, c *websocket.Conn) {
		for _, f := range []string{
			`not JSON`, `[]`, `{"type":"hello"}`, `{"type":"unheard_of"}`,
			`{"type":"events_api","envelope_id":"e1","payload":"no object"}`,
			`{"type":"from_the_future","envelope_id":"e2","payload":{}}`,
			`{"type":"events_api","envelope_id":"e3","payload":{"event":{"type":"message","channel":"C1","user":"U1","text":"hi","ts":"1.1","blocks":[{"type":"unknown","elements":7}]}}}`,
		} {
			_ = c.WriteMessage(websocket.TextMessage, []byte(f))
		}
		for {
			_, b, err := c.ReadMessage()
			if err != nil {
				return
			}
			acks <- string(b)
		}
	})
	tr.silence = 10 * time.Second
	heard := make(chan chat.Event, 10)
	run(t, tr, func(_ context.Context, e chat.Event) error { heard <- e; return nil })
	all := ""
	for range 3 {
		select {
		case a := <-acks:
			all += a
		case <-time.After(20 * time.Second):
			t.Fatalf("only these came: %s", all)
		}
	}
	for _, id := range []string{"e1", "e2", "e3"} {
		if !strings.Contains(all, `"`+id+`"`) {
			t.Errorf("%s is not acknowledged: %s", id, all)
		}
	}
	if e := next(t, heard); e.Text != "hi" {
		t.Errorf("heard %+v", e)
	}
}
