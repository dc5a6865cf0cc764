package slackfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// View is a modal.
type View struct {
	ID         string          `json:"id"`
	User       string          `json:"user"`
	CallbackID string          `json:"callback_id"`
	Body       json.RawMessage `json:"view"`
	Hash       string          `json:"hash"`
	// State is open, submitted (answered and acknowledged) or failed (nobody
	// acknowledged in time; the person still sees it).
	State string `json:"state"`
}

func (v *View) wire(values any) map[string]any {
	var o object
	_ = json.Unmarshal(v.Body, &o)
	o["id"], o["team_id"], o["hash"], o["app_id"], o["bot_id"], o["root_view_id"] = v.ID, Team, v.Hash, App, BotID, v.ID
	o["state"] = map[string]any{"values": values}
	return o
}

func (s *Server) openView(a args) (map[string]any, string) {
	body, wrong := checkView(a.raw("view"))
	if len(wrong) > 0 {
		return map[string]any{"response_metadata": map[string]any{"messages": wrong}}, "invalid_arguments"
	}
	t := s.triggers[a.str("trigger_id")]
	switch {
	case t == nil:
		return nil, "invalid_trigger_id"
	case s.opts.Now().Sub(t.made) > triggerLife:
		return nil, "expired_trigger_id"
	case t.used:
		return nil, "exchanged_trigger_id"
	}
	t.used = true
	s.viewSeq++
	v := &View{
		ID: "V" + strconv.Itoa(s.viewSeq), User: t.user, CallbackID: str(body, "callback_id"), Body: a.raw("view"),
		Hash: fmt.Sprintf("%d.hash", s.next()), State: "open",
	}
	s.views = append(s.views, v)
	s.note(Entry{What: "view", User: t.user, Key: v.ID})
	return map[string]any{"view": v.wire(map[string]any{})}, ""
}

func (s *Server) updateView(a args) (map[string]any, string) {
	for _, v := range s.views {
		if v.ID != a.str("view_id") || v.State != "open" {
			continue
		}
		if h := a.str("hash"); h != "" && h != v.Hash {
			return nil, "hash_conflict"
		}
		body, wrong := checkView(a.raw("view"))
		if len(wrong) > 0 {
			return map[string]any{"response_metadata": map[string]any{"messages": wrong}}, "invalid_arguments"
		}
		v.Body, v.CallbackID, v.Hash = a.raw("view"), str(body, "callback_id"), fmt.Sprintf("%d.hash", s.next())
		return map[string]any{"view": v.wire(map[string]any{})}, ""
	}
	return nil, "not_found"
}

// Views are a person's modals, oldest first.
func (s *Server) Views(user string) []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []View
	for _, v := range s.views {
		if v.User == user {
			out = append(out, *v)
		}
	}
	return out
}

// filled turns answers by block id into Slack's state, as the inputs allow.
func filled(body json.RawMessage, values map[string]string) (map[string]any, error) {
	var view object
	_ = json.Unmarshal(body, &view)
	state := map[string]any{}
	for _, b := range list(view, "blocks") {
		if str(b, "type") != "input" {
			continue
		}
		id, e := str(b, "block_id"), sub(b, "element")
		value, given := values[id]
		optional, _ := b["optional"].(bool)
		answer := map[string]any{"type": str(e, "type")}
		switch str(e, "type") {
		case "plain_text_input":
			if !given {
				value = str(e, "initial_value")
			}
			answer["value"] = any(value)
			if value == "" {
				answer["value"] = nil
			}
		default:
			answer["selected_option"] = nil
			if !given {
				if o := sub(e, "initial_option"); o != nil {
					value, given = str(o, "value"), true
				}
			}
			for _, o := range list(e, "options") {
				if given && (str(o, "value") == value || str(sub(o, "text"), "text") == value) {
					answer["selected_option"] = o
				}
			}
			if given && value != "" && answer["selected_option"] == nil {
				return nil, fmt.Errorf("slackfake: %q is no option of %q", value, id)
			}
		}
		if value == "" && !optional {
			return nil, fmt.Errorf("slackfake: %q must be answered", id)
		}
		state[id] = map[string]any{str(e, "action_id"): answer}
	}
	for id := range values {
		if _, ok := state[id]; !ok {
			return nil, fmt.Errorf("slackfake: the form does not ask for %q", id)
		}
	}
	return state, nil
}

// uploadURL answers files.getUploadURLExternal. Call it with the lock held.
func (s *Server) uploadURL(a args, r *http.Request) (map[string]any, string) {
	if a.str("filename") == "" || a.number("length", 0) <= 0 {
		return nil, "invalid_arguments"
	}
	u := &upload{id: fmt.Sprintf("F%08d", s.next()), name: a.str("filename")}
	s.uploads[u.id] = u
	return map[string]any{"upload_url": "http://" + r.Host + "/upload/" + u.id, "file_id": u.id}, ""
}

// receive takes an upload's bytes, bare or as the first file of a form.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) {
	var from io.Reader = r.Body
	if form, err := r.MultipartReader(); err == nil {
		part, err := form.NextPart()
		if err != nil {
			http.Error(w, "no file", http.StatusBadRequest)
			return
		}
		from = part
	}
	data, err := io.ReadAll(io.LimitReader(from, maxBody))
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[r.PathValue("id")]
	if err != nil || u == nil {
		http.Error(w, "no such upload", http.StatusNotFound)
		return
	}
	u.data = data
	_, _ = fmt.Fprintf(w, "OK - %d", len(data))
}

// complete answers files.completeUploadExternal. Call it with the lock held.
func (s *Server) complete(a args, r *http.Request) (map[string]any, string) {
	var asked []struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(a.raw("files"), &asked) != nil || len(asked) == 0 {
		return nil, "invalid_arguments"
	}
	m := &Message{User: BotUser, Bot: BotID, Thread: a.str("thread_ts"), Text: a.str("initial_comment")}
	out := []any{}
	for _, f := range asked {
		u := s.uploads[f.ID]
		if u == nil || len(u.data) == 0 {
			return nil, "file_not_found"
		}
		u.done = true
		file := File{ID: u.id, Name: u.name, MIME: http.DetectContentType(u.data), URL: "http://" + r.Host + "/files/" + u.id, Size: len(u.data)}
		m.Files = append(m.Files, file)
		out = append(out, file)
	}
	if id := a.str("channel_id"); id != "" {
		c := s.channels[id]
		if c == nil {
			return nil, "channel_not_found"
		}
		m.Channel = id
		s.keep(c, m)
		s.note(Entry{What: "upload", Channel: id, TS: m.TS, Thread: m.Thread})
	}
	return map[string]any{"files": out}, ""
}

// download gives a file's bytes to whoever has the bot's token.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	u := s.uploads[r.PathValue("id")]
	good := r.Header.Get("Authorization") == "Bearer "+s.opts.BotToken
	s.mu.Unlock()
	if u == nil || !good {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", http.DetectContentType(u.data))
	_, _ = w.Write(u.data)
}

// respond takes an answer by response URL.
func (s *Server) respond(w http.ResponseWriter, r *http.Request) {
	a, err := parseArgs(r)
	s.mu.Lock()
	kind := s.takeFault("response_url")
	latency := s.latency
	s.mu.Unlock()
	if latency > 0 {
		time.Sleep(latency)
	}
	if s.failed(w, "response_url", kind) {
		return
	}
	if err != nil {
		answer(w, nil, "invalid_json")
		return
	}
	s.mu.Lock()
	extra, code := s.responded(r.PathValue("id"), a)
	out := encode(extra, code)
	s.mu.Unlock()
	if kind == LostAfter {
		cut(w)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if code == "used_url" || code == "expired_url" || code == "invalid_url" {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write(out)
}

func (s *Server) responded(id string, a args) (map[string]any, string) {
	u := s.responses[id]
	switch {
	case u == nil:
		return nil, "invalid_url"
	case s.opts.Now().Sub(u.made) > responseLife:
		return nil, "expired_url"
	case u.uses >= responseUses:
		return nil, "used_url"
	}
	c := s.channels[u.channel]
	if c == nil {
		return nil, "channel_not_found"
	}
	if a.flag("delete_original") && u.ts != "" {
		u.uses++
		if m := c.byTS[u.ts]; m != nil {
			m.Deleted = true
		}
		return nil, ""
	}
	m := &Message{Channel: c.id, User: BotUser, Bot: BotID, Only: u.user, Thread: a.str("thread_ts")}
	if a.str("response_type") == "in_channel" {
		m.Only = ""
	}
	if extra, code := body(m, a); code != "" {
		return extra, code
	}
	u.uses++
	if old := c.byTS[u.ts]; a.flag("replace_original") && old != nil {
		old.Text, old.Blocks, old.Edited = m.Text, m.Blocks, s.ts()
		s.note(Entry{What: "update", Channel: c.id, TS: old.TS, Text: short(m.Text)})
		return nil, ""
	}
	s.keep(c, m)
	s.note(Entry{What: "respond", Channel: c.id, TS: m.TS, User: u.user, Text: short(m.Text)})
	return nil, ""
}
