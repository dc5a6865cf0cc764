package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console"
)

func card(title string, picture []byte) chat.Card {
	c := chat.Card{Key: title, Title: title}
	if picture != nil {
		c.Parts = []chat.Part{{Kind: chat.Image, File: &chat.File{Data: picture}}}
	}
	return c
}

// line is one event of a stream.
type line struct{ id, kind, data string }

// listen opens a person's stream. The channel closes with it.
func (h *hand) listen(after int64, last string) (<-chan line, func()) {
	h.d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h.d.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("%s/events?after=%d", h.d.server.URL, after), nil)
	if err != nil {
		h.d.t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := h.http.Do(req)
	if err != nil {
		h.d.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		h.d.t.Fatalf("stream: %d %v", res.StatusCode, res.Header)
	}
	out := make(chan line, 1000)
	go func() {
		defer close(out)
		defer res.Body.Close()
		in := bufio.NewScanner(res.Body)
		in.Buffer(nil, 1<<20)
		var l line
		for in.Scan() {
			name, value, _ := strings.Cut(in.Text(), ": ")
			switch name {
			case "id":
				l.id = value
			case "event":
				l.kind = value
			case "data":
				l.data = value
			case "":
				out <- l
				l = line{}
			}
		}
	}()
	return out, cancel
}

// next waits for an event of a kind.
func next(t *testing.T, in <-chan line, kind string) line {
	t.Helper()
	end := time.After(20 * time.Second)
	for {
		select {
		case l, ok := <-in:
			if !ok {
				t.Fatalf("the stream ended before %q", kind)
			}
			if l.kind == kind {
				return l
			}
		case <-end:
			t.Fatalf("no %q came", kind)
		}
	}
}

func nextPost(t *testing.T, in <-chan line) view {
	t.Helper()
	var v view
	if err := json.Unmarshal([]byte(next(t, in, "post").data), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestStream(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.Beat = 30 * time.Millisecond
	d := open(t, c)
	anna, wei := d.as("anna"), d.as("wei")
	head := anna.state().Head
	// What happens between the load of the page and the stream comes first.
	first := d.post(at("buyers"), card("between", nil))
	in, stop := anna.listen(head, "")
	others, _ := wei.listen(head, "")
	if v := nextPost(t, in); v.ID != first.ID || v.Card.Title != "between" {
		t.Errorf("got %+v", v)
	}
	mark := next(t, in, "at").id
	only := at("buyers")
	only.Only = "anna"
	d.post(only, card("whisper", nil))
	if v := nextPost(t, in); v.Card.Title != "whisper" || !v.Only {
		t.Errorf("got %+v", v)
	}
	if err := d.tr.Edit(context.Background(), first, card("changed", nil)); err != nil {
		t.Fatal(err)
	}
	if v := nextPost(t, in); v.ID != first.ID || v.Card.Title != "changed" || v.Edited == 0 {
		t.Errorf("got %+v", v)
	}
	wei.say("buyers", first.ID, "below")
	if v := nextPost(t, in); v.Text != "below" || v.Root == nil || v.Root.ID != first.ID || v.Root.Replies != 1 {
		t.Errorf("got %+v", v)
	}
	if err := d.tr.Ask(context.Background(), chat.Trigger{Account: chat.Account{ID: "anna"}}, chat.Form{Token: "secret-token", Title: "Form"}); err != nil {
		t.Fatal(err)
	}
	if l := next(t, in, "form"); !strings.Contains(l.data, "Form") || strings.Contains(l.data, "secret-token") {
		t.Errorf("got %+v", l)
	}
	next(t, in, "beat")
	// A post for the leads reaches neither of them, and wei saw no whisper, no form.
	d.post(at("leads"), card("leads", nil))
	d.post(at("ops"), card("end", nil))
	for _, s := range []struct {
		in   <-chan line
		want []string
	}{{in, []string{"end"}}, {others, []string{"between", "changed", "", "end"}}} {
		for _, want := range s.want {
			got := ""
			if v := nextPost(t, s.in); v.Card != nil {
				got = v.Card.Title
			}
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	}
	// Coming back after a while: the last state of each, once.
	stop()
	again, _ := anna.listen(head, mark)
	var got []string
	for range 4 {
		v := nextPost(t, again)
		if v.Card != nil {
			got = append(got, v.Card.Title)
		} else {
			got = append(got, v.Text)
		}
	}
	if s := strings.Join(got, " "); s != "whisper changed below end" {
		t.Errorf("came back to %q", s)
	}
	next(t, again, "form")
}

// TestStreamIsComplete: many posts, cut off again and again, and none is missed.
func TestStreamIsComplete(t *testing.T) {
	t.Parallel()
	d := open(t, config(t))
	anna := d.as("anna")
	const n = 600
	go func() {
		for i := range n {
			if _, err := d.tr.Post(context.Background(), at("buyers"), card(fmt.Sprintf("p%03d", i), nil)); err != nil {
				t.Errorf("Post: %v", err)
			}
		}
	}()
	seen, last := map[string]bool{}, "0"
	for end := time.Now().Add(30 * time.Second); len(seen) < n; {
		in, stop := anna.listen(0, last)
		// Cut off anywhere, but not before anything was taken in whole.
		for k, whole := 0, false; (k < 97 || !whole) && len(seen) < n; k++ {
			select {
			case l, ok := <-in:
				if !ok {
					t.Fatal("the stream ended")
				}
				if l.id != "" {
					last, whole = l.id, true
				}
				var v view
				if l.kind == "post" {
					if err := json.Unmarshal([]byte(l.data), &v); err != nil {
						t.Fatal(err)
					}
					seen[v.Card.Title] = true
				}
			case <-time.After(time.Until(end)):
				t.Fatalf("saw %d of %d", len(seen), n)
			}
		}
		stop()
	}
}

// TestAnotherReplica: what another process keeps is shown without being told.
func TestAnotherReplica(t *testing.T) {
	t.Parallel()
	c := config(t)
	d := open(t, c)
	in, _ := d.as("anna").listen(0, "")
	other, err := console.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Post(context.Background(), at("ops"), card("from afar", nil)); err != nil {
		t.Fatal(err)
	}
	if v := nextPost(t, in); v.Card.Title != "from afar" {
		t.Errorf("got %+v", v)
	}
}

func TestStreamEnds(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.Beat = 20 * time.Millisecond
	d := open(t, c)
	anna, ben := d.as("anna"), d.as("ben")
	in, _ := anna.listen(0, "")
	also, _ := ben.listen(0, "")
	res, err := anna.http.PostForm(d.server.URL+"/out", url.Values{})
	body(t, res, err)
	next(t, in, "bye")
	d.stop() // returns only when ben's stream has ended
	for range also {
	}
	for path, want := range map[string]int{"/events?after=0": http.StatusServiceUnavailable, "/api/state": http.StatusOK} {
		if got := ben.get(path, nil); got != want {
			t.Errorf("%s while stopped: %d", path, got)
		}
	}
	d.run()
	for _, bad := range []string{"", "x", "-1"} {
		if got := ben.get("/events?after="+bad, nil); got != http.StatusBadRequest {
			t.Errorf("after %q: %d", bad, got)
		}
	}
}
