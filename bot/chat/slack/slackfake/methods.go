package slackfake

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds what a call may bring.
const maxBody = 8 << 20

// args are a call's arguments, from JSON, a form, or the address.
type args struct {
	json object
	form url.Values
}

func (a args) str(name string) string {
	switch v := a.json[name].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return a.form.Get(name)
}

func (a args) flag(name string) bool {
	switch a.str(name) {
	case "true", "1":
		return true
	}
	return false
}

func (a args) number(name string, otherwise int) int {
	if n, err := strconv.Atoi(a.str(name)); err == nil {
		return n
	}
	return otherwise
}

// raw is an argument that is JSON itself: in a JSON body a value (or a string of
// JSON), in a form a string of JSON.
func (a args) raw(name string) json.RawMessage {
	switch v := a.json[name].(type) {
	case nil:
	case string:
		return json.RawMessage(v)
	default:
		b, _ := json.Marshal(v)
		return b
	}
	if s := a.form.Get(name); s != "" {
		return json.RawMessage(s)
	}
	return nil
}

func parseArgs(r *http.Request) (args, error) {
	a := args{form: r.URL.Query()}
	r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	kind := r.Header.Get("Content-Type")
	if strings.HasPrefix(kind, "application/json") {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return a, err
		}
		if len(b) > 0 {
			return a, json.Unmarshal(b, &a.json)
		}
		return a, nil
	}
	if strings.HasPrefix(kind, "multipart/") {
		if err := r.ParseMultipartForm(maxBody); err != nil {
			return a, err
		}
		a.form = r.Form
		return a, nil
	}
	if err := r.ParseForm(); err != nil {
		return a, err
	}
	a.form = r.Form
	return a, nil
}

func token(r *http.Request, a args) string {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t
	}
	return a.str("token")
}

// api answers one call of the Web API.
func (s *Server) api(w http.ResponseWriter, r *http.Request) {
	method := r.PathValue("method")
	a, err := parseArgs(r)
	s.mu.Lock()
	latency, kind := s.latency, s.takeFault(method)
	s.mu.Unlock()
	if latency > 0 {
		time.Sleep(latency)
	}
	if s.failed(w, method, kind) {
		return
	}
	if err != nil {
		answer(w, nil, "invalid_json")
		return
	}
	s.mu.Lock()
	code := s.admit(method, token(r, a))
	var wait time.Duration
	if code == "" {
		if wait = s.tooFast(method, a); wait > 0 {
			s.note(Entry{What: "refuse", Type: method, Channel: a.str("channel")})
		}
	}
	var body map[string]any
	if code == "" && wait == 0 {
		body, code = s.call(method, a, r)
	}
	// Written out under the lock: the answer may hold what others change.
	out := encode(body, code)
	s.mu.Unlock()
	if strings.HasPrefix(method, "chat.") {
		time.Sleep(s.opts.Lag)
	}
	switch {
	case wait > 0:
		tooMany(w, wait, true)
	case kind == LostAfter:
		cut(w)
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(out)
	}
}

// failed carries out a fault that comes before the call.
func (s *Server) failed(w http.ResponseWriter, method, kind string) bool {
	switch kind {
	case "", LostAfter:
		return false
	case TooMany, TooManyBare:
		s.mu.Lock()
		s.note(Entry{What: "refuse", Type: method})
		s.mu.Unlock()
		tooMany(w, time.Second, kind == TooMany)
	case Broken:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte("<html><body>Server Error</body></html>"))
	case DropBefore:
		cut(w)
	default:
		answer(w, nil, kind)
	}
	return true
}

func (s *Server) admit(method, tok string) string {
	want := s.opts.BotToken
	if method == "apps.connections.open" {
		want = s.opts.AppToken
	}
	switch tok {
	case "":
		return "not_authed"
	case want:
		return ""
	case s.opts.BotToken, s.opts.AppToken:
		return "not_allowed_token_type"
	}
	return "invalid_auth"
}

func encode(body map[string]any, code string) []byte {
	if body == nil {
		body = map[string]any{}
	}
	body["ok"] = code == ""
	if code != "" {
		body["error"] = code
	}
	b, _ := json.Marshal(body)
	return b
}

func answer(w http.ResponseWriter, body map[string]any, code string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(encode(body, code))
}

// call carries a call out. Call it with the lock held.
func (s *Server) call(method string, a args, r *http.Request) (map[string]any, string) {
	switch method {
	case "apps.connections.open":
		return s.connections(r)
	case "auth.test":
		return map[string]any{"url": "https://desk-fake.slack.com/", "team": "Desk fake", "user": "desk", "team_id": Team, "user_id": BotUser, "bot_id": BotID, "app_id": App}, ""
	case "api.test":
		return nil, ""
	case "chat.postMessage":
		return s.postMessage(a, "")
	case "chat.postEphemeral":
		return s.postMessage(a, a.str("user"))
	case "chat.update":
		return s.update(a)
	case "chat.delete":
		return s.remove(a)
	case "conversations.history", "conversations.replies":
		return s.history(method, a)
	case "conversations.open":
		return s.open(a)
	case "conversations.info", "conversations.join":
		c := s.channels[a.str("channel")]
		if c == nil {
			return nil, "channel_not_found"
		}
		if method == "conversations.join" {
			c.out = false
		}
		return map[string]any{"channel": c.view()}, ""
	case "conversations.list", "users.conversations":
		all := []any{}
		for _, id := range s.order {
			if s.channels[id].im == "" {
				all = append(all, s.channels[id].view())
			}
		}
		return map[string]any{"channels": all, "response_metadata": map[string]any{"next_cursor": ""}}, ""
	case "users.info":
		u := s.users[a.str("user")]
		if u == nil {
			return nil, "user_not_found"
		}
		return map[string]any{"user": u.view(a.flag("include_locale"))}, ""
	case "users.list":
		all := []any{}
		for _, u := range s.users {
			all = append(all, u.view(a.flag("include_locale")))
		}
		return map[string]any{"members": all, "response_metadata": map[string]any{"next_cursor": ""}}, ""
	case "views.open":
		return s.openView(a)
	case "views.update":
		return s.updateView(a)
	case "files.getUploadURLExternal":
		return s.uploadURL(a, r)
	case "files.completeUploadExternal":
		return s.complete(a, r)
	case "reactions.add":
		c := s.channels[a.str("channel")]
		if c == nil {
			return nil, "channel_not_found"
		}
		m := c.byTS[a.str("timestamp")]
		if m == nil {
			return nil, "message_not_found"
		}
		m.Reactions = append(m.Reactions, a.str("name"))
		return nil, ""
	}
	return nil, "unknown_method"
}

func (u *User) view(locale bool) map[string]any {
	v := map[string]any{
		"id": u.ID, "team_id": Team, "name": u.Name, "real_name": u.Name, "is_bot": false, "deleted": false, "tz": "Europe/Berlin",
		"profile": map[string]any{"real_name": u.Name, "display_name": u.Name},
	}
	if locale {
		v["locale"] = u.Locale
	}
	return v
}

func (c *channel) view() map[string]any {
	return map[string]any{
		"id": c.id, "name": c.name, "is_channel": c.im == "", "is_im": c.im != "", "user": c.im,
		"is_archived": c.archived, "is_member": !c.out, "is_private": false,
	}
}

func (s *Server) open(a args) (map[string]any, string) {
	user, _, more := strings.Cut(a.str("users"), ",")
	if user == "" {
		return nil, "users_list_not_supplied"
	}
	if s.users[user] == nil || more {
		return nil, "user_not_found"
	}
	return map[string]any{"channel": s.direct(user).view()}, ""
}
