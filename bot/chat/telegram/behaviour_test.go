package telegram_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/chat/telegram/telegramfake"
)

var (
	leads   = chat.Place{Chat: "telegram", Channel: strconv.FormatInt(group, 10)}
	annas   = chat.Place{Chat: "telegram", Channel: "7001"}
	ben     = telegramfake.User{ID: 7002, FirstName: "Ben"}
	buttons = []chat.Button{{Label: "Approve", Command: "tok-a"}, {Label: "Deny", Command: "tok-d"}}
)

// listen runs tr until the test ends, or until stop, and gives what it heard.
func listen(t *testing.T, tr *telegram.Transport, h chat.Handler) (heard chan chat.Event, stop func() error) {
	t.Helper()
	heard = make(chan chat.Event, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- tr.Run(ctx, func(ctx context.Context, e chat.Event) error {
			if h != nil {
				if err := h(ctx, e); err != nil {
					return err
				}
			}
			heard <- e
			return nil
		})
	}()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return heard, stop
}

func next(t *testing.T, heard chan chat.Event) chat.Event {
	t.Helper()
	select {
	case e := <-heard:
		return e
	case <-time.After(15 * time.Second):
		t.Fatal("nothing was heard")
		return chat.Event{}
	}
}

func post(t *testing.T, tr *telegram.Transport, at chat.Place, c chat.Card) chat.Ref {
	t.Helper()
	ref, err := tr.Post(t.Context(), at, c)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func pressed(t *testing.T, s *telegramfake.Server, who telegramfake.User, where int64, ref chat.Ref, label string) string {
	t.Helper()
	n, err := strconv.Atoi(ref.ID)
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Press(who, where, n, label)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPrivateAnswers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("You may not do that. ", 20)
	tests := []struct {
		name    string
		options telegramfake.Options
		started bool
		press   bool // else a command
		text    string
		buttons []chat.Button
		late    bool
		toast   string
		alert   bool
		dm      string
		inGroup bool
		only    bool
	}{
		{name: "short after a press", started: true, press: true, text: "You asked for this one", toast: "You asked for this one"},
		{name: "longer after a press", started: true, press: true, text: long[:100], toast: long[:99], alert: true},
		{name: "long after a press", started: true, press: true, text: long, toast: "You may not", alert: true, dm: "You may not"},
		{name: "buttons after a press", started: true, press: true, text: "Which?", buttons: buttons, toast: "Which?", alert: true, dm: "Which?"},
		{name: "long after a press by a stranger", press: true, text: long, toast: "You may not", alert: true, inGroup: true},
		{name: "after a press, too late", started: true, press: true, late: true, text: "No", dm: "No"},
		{name: "after a command", started: true, text: "No", dm: "No"},
		{name: "after a stranger's command", text: "No", inGroup: true},
		{name: "after a command on a new server", started: true, options: telegramfake.Options{Ephemeral: true}, text: "No", only: true},
		{name: "after a stranger's command on a new server", options: telegramfake.Options{Ephemeral: true}, text: "No", only: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.options.NoLimits = true
			s := start(t, tt.options)
			tr, _ := join(t, s, telegram.Config{Grace: 10 * time.Second})
			cara := telegramfake.User{ID: 7003, FirstName: "Cara"}
			s.AddUser(cara, tt.started)
			heard, stop := listen(t, tr, nil)
			ref := post(t, tr, leads, chat.Card{Title: "Ask", Buttons: buttons})
			if tt.press {
				pressed(t, s, cara, group, ref, "Approve")
			} else {
				s.Say(cara, group, "/refund@desk_bot 1", 0)
			}
			e := next(t, heard)
			to := e.Place
			to.Only = e.Account.ID
			if tt.late {
				to.Answering = "cb:1"
			}
			got := post(t, tr, to, chat.Card{Title: tt.text, Buttons: tt.buttons})
			if got.ID == "" || got.Chat != "telegram" {
				t.Errorf("ref %+v", got)
			}
			answers := s.CallbackAnswers()
			if tt.toast != "" {
				if len(answers) != 1 || !strings.HasPrefix(answers[0].Text, tt.toast) || answers[0].Alert != tt.alert || answers[0].User != cara.ID {
					t.Errorf("answers %+v", answers)
				}
			} else if len(answers) != 0 {
				t.Errorf("answers %+v", answers)
			}
			dms := s.Posts(cara.ID)
			if (tt.dm != "") != (len(dms) == 1) || len(dms) == 1 && !strings.HasPrefix(dms[0].Text, tt.dm) {
				t.Errorf("private chat: %+v", dms)
			}
			said := s.Posts(group)[1:]
			switch {
			case !tt.inGroup && !tt.only && len(said) == 0:
			case (tt.inGroup || tt.only) && len(said) == 1 && (said[0].Receiver == cara.ID) == tt.only:
			default:
				t.Errorf("the group sees %+v", said)
			}
			if tt.only || len(dms) == 1 {
				if err := tr.Edit(t.Context(), got, chat.Card{Title: "Changed"}); err != nil {
					t.Errorf("a private answer cannot be changed: %v", err)
				}
			} else if tt.toast != "" && !tt.inGroup {
				if err := tr.Edit(t.Context(), got, chat.Card{Title: "Changed"}); chat.KindOf(err) != chat.Gone {
					t.Errorf("changing a pop-up: %v", err)
				}
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
			if spin := s.Spinning(); len(spin) != 0 {
				t.Errorf("presses without an answer: %v", spin)
			}
		})
	}
}

// TestEveryPressIsAnswered: whatever the desk does, and also when it stops.
func TestEveryPressIsAnswered(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	tr, _ := join(t, s, telegram.Config{Grace: time.Hour})
	heard, stop := listen(t, tr, nil)
	ref := post(t, tr, leads, chat.Card{Title: "Ask", Buttons: buttons})
	pressed(t, s, anna, group, ref, "Approve")
	e := next(t, heard)
	// A card for everyone that answers a press ends its spinner at once.
	post(t, tr, e.Place, chat.Card{Title: "Done"})
	eventually(t, "the first answer", func() bool { return len(s.CallbackAnswers()) == 1 })
	for range 5 {
		pressed(t, s, anna, group, ref, "Deny")
		next(t, heard)
	}
	n, _ := strconv.Atoi(ref.ID)
	if _, err := s.PressData(anna, group, n, "~f:000000000000:0:1"); err != nil { // a form nobody asked
		t.Fatal(err)
	}
	eventually(t, "the word about the form", func() bool { return len(s.CallbackAnswers()) == 2 })
	if got := s.CallbackAnswers()[1].Text; got != telegram.English("").Expired {
		t.Errorf("a press on a form that is not open says %q", got)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if spin := s.Spinning(); len(spin) != 0 {
		t.Errorf("presses without an answer: %v", spin)
	}
	for _, r := range s.Refusals() {
		if r.Method == "getupdates" {
			continue // the poll that ended with Run, as the server saw it
		}
		t.Errorf("refused: %+v", r)
	}
}

func TestGraceEnds(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	tr, _ := join(t, s, telegram.Config{Grace: 5 * time.Millisecond})
	heard, _ := listen(t, tr, nil)
	ref := post(t, tr, leads, chat.Card{Title: "Ask", Buttons: buttons})
	pressed(t, s, anna, group, ref, "Approve")
	next(t, heard)
	eventually(t, "the empty answer", func() bool { return len(s.CallbackAnswers()) == 1 && s.CallbackAnswers()[0].Text == "" })
}

// TestAtLeastOnce: the offset stops at what was refused; the same person's next
// words wait; others' do not, and are not handed over twice.
func TestAtLeastOnce(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	tr, _ := join(t, s, telegram.Config{})
	for i := range 4 {
		s.Say(anna, group, fmt.Sprintf("anna %d", i), 0)
		s.Say(ben, group, fmt.Sprintf("ben %d", i), 0)
	}
	var mu sync.Mutex
	refused, open := 0, false
	var order []string
	heard, stop := listen(t, tr, func(_ context.Context, e chat.Event) error {
		mu.Lock()
		defer mu.Unlock()
		if e.Text == "anna 1" && !open {
			refused++
			return errors.New("the store is full")
		}
		order = append(order, e.Text)
		return nil
	})
	for range 5 { // anna 0 and all of ben's
		next(t, heard)
	}
	eventually(t, "another try", func() bool { mu.Lock(); defer mu.Unlock(); return refused >= 3 })
	if n := s.Waiting(); n != 6 {
		t.Errorf("%d updates wait, want 6: anna 1 and all after it", n)
	}
	mu.Lock()
	open = true
	mu.Unlock()
	for range 3 {
		next(t, heard)
	}
	eventually(t, "the last confirmation", func() bool { return s.Waiting() == 0 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	var annas []string
	for _, w := range order {
		if strings.HasPrefix(w, "anna") {
			annas = append(annas, w)
		}
	}
	if len(order) != 8 || !slices.Equal(annas, []string{"anna 0", "anna 1", "anna 2", "anna 3"}) {
		t.Errorf("heard %q", order)
	}
}

// TestNothingIsLostWithTheProcess: what was not written down is heard by the
// next run.
func TestNothingIsLostWithTheProcess(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	for i := range 250 {
		s.Say(telegramfake.User{ID: int64(8000 + i%7), FirstName: "P"}, group, strconv.Itoa(i), 0)
	}
	seen := map[string]int{}
	var mu sync.Mutex
	for life := range 4 {
		tr, _ := join(t, s, telegram.Config{})
		died := make(chan struct{})
		var once sync.Once
		n := 0
		_, stop := listen(t, tr, func(ctx context.Context, e chat.Event) error {
			mu.Lock()
			defer mu.Unlock()
			if n++; life < 3 && n > 60 {
				once.Do(func() { close(died) })
				return errors.New("killed")
			}
			seen[e.Key]++
			if len(seen) == 250 {
				once.Do(func() { close(died) })
			}
			return nil
		})
		select {
		case <-died:
		case <-time.After(15 * time.Second):
			t.Fatal("it hears nothing")
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d of 250 were written down", len(seen))
	}
}

func TestTroubleWhilePolling(t *testing.T) {
	t.Parallel()
	t.Run("a token that is refused", func(t *testing.T) {
		t.Parallel()
		s := start(t, telegramfake.Options{NoLimits: true})
		tr, log := join(t, s, telegram.Config{})
		s.FailNext("getUpdates", "401", 1)
		err := tr.Run(t.Context(), func(context.Context, chat.Event) error { return nil })
		if chat.KindOf(err) != chat.Denied || err == nil {
			t.Errorf("Run ended with %v", err)
		}
		if strings.Contains(fmt.Sprint(err, log), token) {
			t.Error("the token is told")
		}
	})
	t.Run("another program", func(t *testing.T) {
		t.Parallel()
		s := start(t, telegramfake.Options{NoLimits: true})
		tr, log := join(t, s, telegram.Config{})
		s.FailNext("getUpdates", "409", 1)
		heard, _ := listen(t, tr, nil)
		s.Say(anna, group, "hello", 0)
		next(t, heard)
		if !strings.Contains(log.String(), "another program polls") {
			t.Errorf("the log says %q", log)
		}
	})
	t.Run("a webhook", func(t *testing.T) {
		t.Parallel()
		s := start(t, telegramfake.Options{NoLimits: true})
		s.SetWebhook("https://example.com/hook")
		tr, _ := join(t, s, telegram.Config{})
		heard, _ := listen(t, tr, nil)
		s.Say(anna, group, "hello", 0)
		next(t, heard)
	})
	t.Run("broken, busy and cut", func(t *testing.T) {
		t.Parallel()
		s := start(t, telegramfake.Options{NoLimits: true})
		tr, _ := join(t, s, telegram.Config{})
		s.FailNext("getMe", telegramfake.Broken, 1)
		s.FailNext("getUpdates", telegramfake.DropBefore, 1)
		s.FailNext("getUpdates", telegramfake.LostAfter, 1)
		s.FailNext("getUpdates", telegramfake.Broken, 1)
		s.FailNext("getUpdates", telegramfake.TooMany, 1)
		heard, _ := listen(t, tr, nil)
		s.Say(anna, group, "hello", 0)
		if e := next(t, heard); e.Text != "hello" {
			t.Errorf("heard %+v", e)
		}
	})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		kind   chat.ErrorKind
		after  time.Duration
		moved  string
	}{
		{"flood", 429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}`, chat.Busy, 7 * time.Second, ""},
		{"flood without a number", 429, `nginx`, chat.Busy, time.Second, ""},
		{"broken", 500, `{"ok":false,"error_code":500,"description":"Internal Server Error"}`, chat.Unsure, 0, ""},
		{"a proxy", 502, `<html>Bad Gateway</html>`, chat.Unsure, 0, ""},
		{"nonsense", 200, `<html>hello</html>`, chat.Unsure, 0, ""},
		{"wrong result", 200, `{"ok":true,"result":"x"}`, chat.Unsure, 0, ""},
		{"token", 401, `{"ok":false,"error_code":401,"description":"Unauthorized"}`, chat.Denied, 0, ""},
		{"no such bot", 404, `{"ok":false,"error_code":404,"description":"Not Found"}`, chat.Denied, 0, ""},
		{"kicked", 403, `{"ok":false,"error_code":403,"description":"Forbidden: bot was kicked from the group chat"}`, chat.Gone, 0, ""},
		{"no chat", 400, `{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}`, chat.Gone, 0, ""},
		{"muted", 400, `{"ok":false,"error_code":400,"description":"Bad Request: not enough rights to send text messages to the chat"}`, chat.Denied, 0, ""},
		{"moved", 400, `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009876543210}}`, chat.Gone, 0, "-1009876543210"},
		{"markup", 400, `{"ok":false,"error_code":400,"description":"Bad Request: can't parse entities: x"}`, chat.Rejected, 0, ""},
		{"too long", 400, `{"ok":false,"error_code":400,"description":"Bad Request: message is too long"}`, chat.Rejected, 0, ""},
		{"too old", 400, `{"ok":false,"error_code":400,"description":"Bad Request: query is too old and response timeout expired or query ID is invalid"}`, chat.Expired, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer srv.Close()
			tr, err := telegram.New(telegram.Config{Token: token, BaseURL: srv.URL})
			if err != nil {
				t.Fatal(err)
			}
			_, err = tr.Post(t.Context(), leads, chat.Card{Title: "x"})
			var e *chat.Error
			if !errors.As(err, &e) || e.Kind != tt.kind || e.RetryAfter != tt.after || e.Moved != tt.moved {
				t.Errorf("got %#v", err)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		srv := httptest.NewServer(http.NotFoundHandler())
		srv.Close()
		tr, err := telegram.New(telegram.Config{Token: token, BaseURL: srv.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, err = tr.Post(t.Context(), leads, chat.Card{Title: "x"})
		if chat.KindOf(err) != chat.Down || strings.Contains(err.Error(), token) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("elsewhere", func(t *testing.T) {
		t.Parallel()
		asked := make(chan string, 10)
		other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
		defer other.Close()
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
		}))
		defer srv.Close()
		tr, err := telegram.New(telegram.Config{Token: token, BaseURL: srv.URL})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = tr.Post(t.Context(), leads, chat.Card{Title: "x"}); chat.KindOf(err) != chat.Unsure || err == nil {
			t.Errorf("got %v", err)
		}
		if len(asked) != 0 {
			t.Error("the token went elsewhere")
		}
	})
}

func TestSecretIsHidden(t *testing.T) {
	t.Parallel()
	cfg := telegram.Config{Token: token}
	if s := fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg.Token); strings.Contains(s, "AAH") {
		t.Errorf("the token prints as %s", s)
	}
	if _, err := telegram.New(telegram.Config{Token: "no colon AAH"}); err == nil || strings.Contains(err.Error(), "AAH") {
		t.Errorf("got %v", err)
	}
}
