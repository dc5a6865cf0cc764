package telegramfake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/chat/telegram/telegramfake"
)

const group = int64(-1001234567890)

var anna = telegramfake.User{ID: 7, FirstName: "Anna"}

func start(t *testing.T, o telegramfake.Options) *telegramfake.Server {
	t.Helper()
	s := telegramfake.New(o)
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.AddGroup(group, "Leads", true)
	return s
}

// call is a bot's call, by hand.
func call(t *testing.T, s *telegramfake.Server, method string, args map[string]any) (result json.RawMessage, code int, text string, retry int) {
	t.Helper()
	body, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(s.URL()+"/bot"+s.Token()+"/"+method, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out struct {
		OK          bool            `json:"ok"`
		Result      json.RawMessage `json:"result"`
		Code        int             `json:"error_code"`
		Description string          `json:"description"`
		Parameters  struct {
			RetryAfter int `json:"retry_after"`
		} `json:"parameters"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out.Result, out.Code, out.Description, out.Parameters.RetryAfter
}

func TestEveryWayOfCalling(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	base := s.URL() + "/bot" + s.Token() + "/sendMessage"
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for k, v := range map[string]string{"chat_id": "-1001234567890", "text": "form"} {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	values := func(text string) url.Values { return url.Values{"chat_id": {"-1001234567890"}, "text": {text}} }
	for name, try := range map[string]func() (*http.Response, error){
		"get": func() (*http.Response, error) { return http.Get(base + "?" + values("get").Encode()) },
		"url": func() (*http.Response, error) { return http.PostForm(base, values("url")) },
		"json": func() (*http.Response, error) {
			return http.Post(base, "application/json", strings.NewReader(`{"chat_id":-1001234567890,"text":"json"}`))
		},
		"form": func() (*http.Response, error) { return http.Post(base, w.FormDataContentType(), &form) },
	} {
		resp, err := try()
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != 200 || !strings.Contains(string(body), `"text":"`+name+`"`) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
	if n := len(s.Posts(group)); n != 4 {
		t.Errorf("%d posts", n)
	}
	for path, want := range map[string]int{"/bot1:wrong/getMe": 401, "/botnonsense/getMe": 404, "/bot" + s.Token() + "/noSuchMethod": 404} {
		resp, err := http.Get(s.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	said := s.Say(anna, group, "hello", 0)
	call(t, s, "sendMessage", map[string]any{"chat_id": group, "text": "<b>x</b>", "parse_mode": "HTML"})
	mine := s.Posts(group)[0].ID
	key := func(data string) map[string]any {
		return map[string]any{"inline_keyboard": []any{[]any{map[string]any{"text": "B", "callback_data": data}}}}
	}
	html := func(text string) map[string]any {
		return map[string]any{"chat_id": group, "text": text, "parse_mode": "HTML"}
	}
	edit := func(id int, text string) map[string]any {
		return map[string]any{"chat_id": group, "message_id": id, "text": text, "parse_mode": "HTML"}
	}
	s.AddUser(telegramfake.User{ID: 8, FirstName: "Ben"}, false)
	tests := []struct {
		name, method string
		args         map[string]any
		code         int
		want         string
	}{
		{"fits", "sendMessage", html(strings.Repeat("😀", 2048)), 0, ""},
		{"too long", "sendMessage", html(strings.Repeat("😀", 2048) + "x"), 400, "message is too long"},
		{"markup does not count", "sendMessage", html("<b>" + strings.Repeat("&lt;", 4096) + "</b>"), 0, ""},
		{"empty", "sendMessage", html(" \n"), 400, "message text is empty"},
		{"only markup", "sendMessage", html("<b></b>"), 400, "must be non-empty"},
		{"stray bracket", "sendMessage", html("a < b"), 400, `Unsupported start tag "" at byte offset 2`},
		{"unclosed", "sendMessage", html("<b>a"), 400, "Can't find end tag"},
		{"crossed", "sendMessage", html("<b><i>a</b></i>"), 400, "Unmatched end tag"},
		{"stray end", "sendMessage", html("a</b>"), 400, "Unexpected end tag"},
		{"unknown tag", "sendMessage", html("<p>a</p>"), 400, "Unsupported start tag"},
		{"bare ampersand", "sendMessage", html("a & b &nbsp; c > d"), 0, ""},
		{"data fits", "sendMessage", map[string]any{"chat_id": group, "text": "x", "reply_markup": key(strings.Repeat("d", 64))}, 0, ""},
		{"data too long", "sendMessage", map[string]any{"chat_id": group, "text": "x", "reply_markup": key(strings.Repeat("d", 65))}, 400, "BUTTON_DATA_INVALID"},
		{"no chat", "sendMessage", map[string]any{"chat_id": -5, "text": "x"}, 400, "chat not found"},
		{"a stranger", "sendMessage", map[string]any{"chat_id": 8, "text": "x"}, 403, "can't initiate conversation"},
		{"no reply", "sendMessage", map[string]any{"chat_id": group, "text": "x", "reply_parameters": map[string]any{"message_id": 999}}, 400, "message to be replied not found"},
		{"no reply, but go on", "sendMessage", map[string]any{"chat_id": group, "text": "x", "reply_parameters": map[string]any{"message_id": 999, "allow_sending_without_reply": true}}, 0, ""},
		{"caption too long", "sendPhoto", map[string]any{"chat_id": group, "photo": "https://example.com/a.jpg", "caption": strings.Repeat("x", 1025)}, 400, "caption is too long"},
		{"caption fits", "sendPhoto", map[string]any{"chat_id": group, "photo": "https://example.com/a.jpg", "caption": strings.Repeat("x", 1024)}, 0, ""},
		{"not modified", "editMessageText", edit(mine, "<b>x</b>"), 400, "message is not modified"},
		{"other markup is a change", "editMessageText", edit(mine, "<i>x</i>"), 0, ""},
		{"somebody else's", "editMessageText", edit(said, "y"), 400, "message can't be edited"},
		{"nowhere", "editMessageText", edit(99999, "y"), 400, "message to edit not found"},
		{"no caption", "editMessageCaption", map[string]any{"chat_id": group, "message_id": mine, "caption": "y"}, 400, "no caption in the message"},
		{"unknown press", "answerCallbackQuery", map[string]any{"callback_query_id": "1"}, 400, "query is too old"},
		{"bad command", "setMyCommands", map[string]any{"commands": []any{map[string]any{"command": "Refund", "description": "x"}}}, 400, "BOT_COMMAND_INVALID"},
		{"topic", "createForumTopic", map[string]any{"chat_id": group, "name": "store-berlin"}, 0, ""},
	}
	for _, tt := range tests {
		_, code, text, _ := call(t, s, tt.method, tt.args)
		if code != tt.code || !strings.Contains(text, tt.want) {
			t.Errorf("%s: %d %q, want %d %q", tt.name, code, text, tt.code, tt.want)
		}
	}
	s.Block(anna.ID, true)
	if _, code, text, _ := call(t, s, "sendMessage", map[string]any{"chat_id": 7, "text": "x"}); code != 403 || !strings.Contains(text, "blocked") {
		t.Errorf("a blocker: %d %s", code, text)
	}
	s.Kick(group)
	if _, code, text, _ := call(t, s, "sendMessage", html("x")); code != 403 || !strings.Contains(text, "kicked") {
		t.Errorf("kicked: %d %s", code, text)
	}
}

// clock is a time that moves when told.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestFlood(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1700000000, 0)}
	s := start(t, telegramfake.Options{Now: c.now})
	send := func(chat int64) (int, int) {
		_, code, _, retry := call(t, s, "sendMessage", map[string]any{"chat_id": chat, "text": "x"})
		return code, retry
	}
	for i := range 3 {
		if code, _ := send(group); code != 0 {
			t.Fatalf("the burst ends at %d", i)
		}
	}
	if code, retry := send(group); code != 429 || retry != 1 {
		t.Errorf("a fourth at once: %d, %d", code, retry)
	}
	for i := range 17 {
		c.add(time.Second)
		if code, _ := send(group); code != 0 {
			t.Fatalf("one a second ends at %d", i)
		}
	}
	c.add(time.Second)
	if code, retry := send(group); code != 429 || retry < 40 || retry > 43 {
		t.Errorf("the 21st in a minute: %d, %d", code, retry)
	}
	c.add(time.Minute)
	taken := 0
	for i := range int64(40) {
		s.AddUser(telegramfake.User{ID: 100 + i, FirstName: "P"}, true)
		if code, _ := send(100 + i); code == 0 {
			taken++
		}
	}
	if taken != 30 {
		t.Errorf("%d in one second everywhere", taken)
	}
}

func TestGetUpdates(t *testing.T) {
	t.Parallel()
	var ledger bytes.Buffer
	s := start(t, telegramfake.Options{Ledger: &ledger})
	get := func(args map[string]any) []int64 {
		raw, code, text, _ := call(t, s, "getUpdates", args)
		if code != 0 {
			t.Fatalf("%d %s", code, text)
		}
		var us []struct {
			ID int64 `json:"update_id"`
		}
		if err := json.Unmarshal(raw, &us); err != nil {
			t.Fatal(err)
		}
		var ids []int64
		for _, u := range us {
			ids = append(ids, u.ID)
		}
		return ids
	}
	for range 5 {
		s.Say(anna, group, "x", 0)
	}
	first := get(map[string]any{"limit": 3})
	if len(first) != 3 || len(get(map[string]any{})) != 5 {
		t.Error("unconfirmed updates come again")
	}
	s.Repeat(1)
	if ids := get(map[string]any{"offset": first[1] + 1}); len(ids) != 4 || ids[0] != first[0] {
		t.Errorf("after an order to repeat one of two: %v", ids)
	}
	if ids := get(map[string]any{"offset": first[1] + 1}); len(ids) != 3 {
		t.Errorf("confirmed ones are gone: %v", ids)
	}
	if ids := get(map[string]any{"offset": -1}); len(ids) != 1 || ids[0] != first[0]+4 {
		t.Errorf("a negative offset: %v", ids)
	}
	get(map[string]any{"offset": first[0] + 5})
	if n := strings.Count(ledger.String(), `"what":"confirmed"`); n < 3 {
		t.Errorf("the ledger knows of %d confirmations:\n%s", n, &ledger)
	}

	// A long poll ends with news, and with another poller.
	news := make(chan []int64, 1)
	go func() { news <- get(map[string]any{"offset": first[0] + 5, "timeout": 30}) }()
	for s.Calls("getUpdates") < 7 {
		time.Sleep(time.Millisecond)
	}
	s.Say(anna, group, "y", 0)
	if ids := <-news; len(ids) != 1 {
		t.Errorf("the poll gave %v", ids)
	}
	lost := make(chan int, 1)
	go func() {
		_, code, _, _ := call(t, s, "getUpdates", map[string]any{"offset": first[0] + 6, "timeout": 30})
		lost <- code
	}()
	for s.Waiting() != 0 {
		time.Sleep(time.Millisecond)
	}
	get(map[string]any{"offset": first[0] + 6})
	if code := <-lost; code != 409 {
		t.Errorf("the first of two pollers got %d", code)
	}
	if _, code, _, _ := call(t, s, "setWebhook", map[string]any{"url": "https://example.com/"}); code != 0 {
		t.Error("setWebhook")
	}
	if _, code, text, _ := call(t, s, "getUpdates", nil); code != 409 || !strings.Contains(text, "webhook is active") {
		t.Errorf("polling beside a webhook: %d %s", code, text)
	}
}

func TestPresses(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1700000000, 0)}
	s := start(t, telegramfake.Options{NoLimits: true, Now: c.now})
	call(t, s, "sendMessage", map[string]any{"chat_id": group, "text": "x",
		"reply_markup": map[string]any{"inline_keyboard": []any{[]any{map[string]any{"text": "B", "callback_data": "d"}, map[string]any{"text": "U", "url": "https://example.com"}}}}})
	id := s.Posts(group)[0].ID
	if _, err := s.Press(anna, group, id, "none"); err == nil {
		t.Error("a button that is not there was pressed")
	}
	if _, err := s.Press(anna, group, id, "U"); err == nil {
		t.Error("a link called back")
	}
	answer := func(q, text string) int {
		_, code, _, _ := call(t, s, "answerCallbackQuery", map[string]any{"callback_query_id": q, "text": text})
		return code
	}
	q, err := s.Press(anna, group, id, "B")
	if err != nil {
		t.Fatal(err)
	}
	if answer(q, strings.Repeat("x", 201)) != 400 || answer(q, "ok") != 0 || answer(q, "again") != 400 {
		t.Error("one answer of at most 200 letters, and no more")
	}
	q, err = s.Press(anna, group, id, "d")
	if err != nil {
		t.Fatal(err)
	}
	c.add(2 * time.Minute)
	if answer(q, "late") != 400 || len(s.CallbackAnswers()) != 1 || len(s.Spinning()) != 1 {
		t.Error("a late answer was taken")
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	send := func() error {
		resp, err := http.PostForm(s.URL()+"/bot"+s.Token()+"/sendMessage", url.Values{"chat_id": {"-1001234567890"}, "text": {"x"}})
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 200 {
			return errors.New(resp.Status)
		}
		return nil
	}
	s.FailNext("sendMessage", telegramfake.DropBefore, 1)
	if send() == nil || len(s.Posts(group)) != 0 {
		t.Error("dropped before: it was posted, or answered")
	}
	s.FailNext("sendMessage", telegramfake.LostAfter, 1)
	if send() == nil || len(s.Posts(group)) != 1 {
		t.Error("lost after: it was not posted, or answered")
	}
	s.Fail(telegramfake.Fault{Method: "sendMessage", Kind: telegramfake.Broken, N: 2, Every: 3})
	failed := 0
	for range 9 {
		if send() != nil {
			failed++
		}
	}
	if failed != 2 {
		t.Errorf("%d of 9 failed, want the third and the sixth", failed)
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	s := start(t, telegramfake.Options{NoLimits: true})
	do := func(what, body string) string {
		resp, err := http.Post(s.URL()+"/fake/"+what, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		out, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 {
			t.Errorf("%s: %d %s", what, resp.StatusCode, out)
		}
		return string(out)
	}
	do("chat", `{"chat":-1009,"title":"G"}`)
	if out := do("say", `{"user":{"id":7,"first_name":"Anna"},"chat":-1009,"text":"/help"}`); !strings.Contains(out, `"message_id":1`) {
		t.Errorf("say: %s", out)
	}
	do("edit", `{"chat":-1009,"message_id":1,"text":"/help me"}`)
	call(t, s, "sendMessage", map[string]any{"chat_id": -1009, "text": "hi", "reply_markup": map[string]any{"inline_keyboard": []any{[]any{map[string]any{"text": "B", "callback_data": "d"}}}}})
	do("press", `{"user":{"id":7},"chat":-1009,"message_id":2,"button":"B"}`)
	do("fault", `{"method":"sendMessage","kind":"500","n":1}`)
	do("fault", `{"heal":true,"latency_ms":0}`)
	if _, code, _, _ := call(t, s, "sendMessage", map[string]any{"chat_id": -1009, "text": "x"}); code != 0 {
		t.Error("healed, it still fails")
	}
	resp, err := http.Get(s.URL() + "/fake/state?chat=-1009")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var st telegramfake.State
	if err := json.NewDecoder(resp.Body).Decode(&st); err != nil {
		t.Fatal(err)
	}
	if len(st.Messages) != 3 || st.Messages[0].Text != "/help me" || len(st.Spinning) != 1 || st.Waiting != 3 || st.Calls["sendmessage"] != 2 {
		t.Errorf("state %+v", st)
	}
}
