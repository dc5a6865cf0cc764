package telegramfake

import (
	"encoding/json"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// call runs one method of the Bot API.
func (s *Server) call(r *http.Request, method string, in params) (any, *apiError) {
	if method == "getupdates" {
		return s.getUpdates(r, in)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch method {
	case "getme":
		return map[string]any{"id": s.me.ID, "is_bot": true, "first_name": s.me.FirstName, "username": s.me.Username,
			"can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false}, nil
	case "deletewebhook":
		s.hook = ""
		if in.bool("drop_pending_updates") {
			s.queue = nil
		}
		return true, nil
	case "setwebhook":
		s.hook = in.text["url"]
		return true, nil
	case "getwebhookinfo":
		return map[string]any{"url": s.hook, "has_custom_certificate": false, "pending_update_count": len(s.queue)}, nil
	case "setmycommands", "getmycommands", "deletemycommands":
		return s.commands(method, in)
	case "sendmessage", "sendphoto", "senddocument":
		return s.send(method, in)
	case "editmessagetext", "editmessagecaption", "editmessagereplymarkup":
		return s.edit(method, in)
	case "editephemeralmessagetext":
		if !s.o.Ephemeral {
			break
		}
		return s.editEphemeral(in)
	case "deletemessage":
		c, e := s.open(in)
		if e != nil {
			return nil, e
		}
		id, _ := in.int("message_id")
		m := c.messages[int(id)]
		if m == nil || m.Deleted {
			return nil, bad("message to delete not found")
		}
		m.Deleted = true
		s.note("delete", map[string]any{"chat": c.id, "message_id": m.ID})
		return true, nil
	case "answercallbackquery":
		return s.answer(in)
	case "getfile":
		f := s.files[in.text["file_id"]]
		if f == nil {
			return nil, bad("invalid file_id")
		}
		return map[string]any{"file_id": f.id, "file_unique_id": "u" + f.id, "file_size": len(f.data), "file_path": f.path}, nil
	case "getchat":
		c, e := s.open(in)
		if e != nil {
			return nil, e
		}
		return chatJSON(c), nil
	case "getchatmember":
		if _, e := s.open(in); e != nil {
			return nil, e
		}
		id, _ := in.int("user_id")
		p := s.users[id]
		if p == nil {
			return nil, bad("user not found")
		}
		return map[string]any{"status": "member", "user": p.User}, nil
	case "createforumtopic":
		c, e := s.open(in)
		if e != nil {
			return nil, e
		}
		if !c.forum {
			return nil, bad("the chat is not a forum")
		}
		return map[string]any{"message_thread_id": s.id(c), "name": in.text["name"], "icon_color": 7322096}, nil
	case "sendchataction", "setmessagereaction":
		if _, e := s.open(in); e != nil {
			return nil, e
		}
		return true, nil
	}
	return nil, &apiError{Code: 404, Text: "Not Found: method not found"}
}

// open finds the chat a call is about, if the bot may write there.
func (s *Server) open(in params) (*room, *apiError) {
	if !in.has("chat_id") {
		return nil, bad("chat_id is empty")
	}
	id, ok := in.int("chat_id")
	if !ok {
		return nil, bad("chat not found")
	}
	if id > 0 {
		p := s.users[id]
		switch {
		case p == nil:
			return nil, bad("chat not found")
		case p.blocked:
			return nil, &apiError{Code: 403, Text: "Forbidden: bot was blocked by the user"}
		case !p.started:
			return nil, &apiError{Code: 403, Text: "Forbidden: bot can't initiate conversation with a user"}
		}
	}
	c := s.chats[id]
	switch {
	case c == nil:
		return nil, bad("chat not found")
	case c.migrated != 0:
		return nil, &apiError{Code: 400, Text: "Bad Request: group chat was upgraded to a supergroup chat", Migrate: c.migrated}
	case c.gone:
		return nil, &apiError{Code: 403, Text: "Forbidden: bot was kicked from the " + c.kind + " chat"}
	}
	return c, nil
}

func (s *Server) send(method string, in params) (any, *apiError) {
	c, e := s.open(in)
	if e != nil {
		return nil, e
	}
	m := &Message{Chat: c.id, From: s.me, At: s.o.Now()}
	if topic, ok := in.int("message_thread_id"); ok && topic != 0 {
		m.Topic = int(topic)
	}
	field, limit := "caption", 1024
	switch method {
	case "sendmessage":
		field, limit = "text", 4096
		if strings.TrimSpace(in.text["text"]) == "" {
			return nil, bad("message text is empty")
		}
	case "sendphoto":
		if m.Photo, _, e = s.incoming(in, "photo"); e != nil {
			return nil, e
		}
	case "senddocument":
		if m.Document, m.FileName, e = s.incoming(in, "document"); e != nil {
			return nil, e
		}
	}
	text, entities, e := formatted(in, field, limit)
	if e != nil {
		return nil, e
	}
	if field == "text" && text == "" {
		return nil, bad("text must be non-empty")
	}
	if field == "text" {
		m.Text = text
	} else {
		m.Caption = text
	}
	m.Entities, m.Source = entities, in.text[field]
	if m.Buttons, m.ForceReply, e = keyboard(in); e != nil {
		return nil, e
	}
	var to struct {
		ID        int  `json:"message_id"`
		Otherwise bool `json:"allow_sending_without_reply"`
	}
	if e := in.json("reply_parameters", &to); e != nil {
		return nil, e
	}
	if old, ok := in.int("reply_to_message_id"); ok && to.ID == 0 {
		to.ID, to.Otherwise = int(old), in.bool("allow_sending_without_reply")
	}
	if to.ID != 0 {
		if r := c.messages[to.ID]; r != nil && !r.Deleted {
			m.ReplyTo = to.ID
		} else if !to.Otherwise {
			return nil, bad("message to be replied not found")
		}
	}
	var only struct {
		User int64 `json:"receiver_user_id"`
	}
	if s.o.Ephemeral {
		if e := in.json("ephemeral_message_parameters", &only); e != nil {
			return nil, e
		}
	}
	if e := s.flood(c, false); e != nil {
		return nil, e
	}
	if only.User != 0 {
		s.ephemeral++
		m.ID, m.Receiver = s.ephemeral, only.User
		c.secret = append(c.secret, m)
	} else {
		m.ID = s.id(c)
		c.messages[m.ID] = m
		c.order = append(c.order, m.ID)
	}
	s.note("post", map[string]any{"method": method, "chat": c.id, "message_id": m.ID, "text": m.Text + m.Caption, "receiver": m.Receiver})
	return s.messageJSON(c, m, true), nil
}

// incoming is a file sent along: bytes, the id of one already here, or an address.
func (s *Server) incoming(in params, field string) (id, name string, e *apiError) {
	if data, name, ok := in.upload(field); ok {
		if len(data) == 0 {
			return "", "", bad("file must be non-empty")
		}
		return s.keep(data, field+"s", name), name, nil
	}
	v := in.text[field]
	switch {
	case v == "":
		return "", "", bad("there is no " + field + " in the request")
	case s.files[v] != nil:
		return v, s.files[v].name, nil
	case strings.HasPrefix(v, "http://"), strings.HasPrefix(v, "https://"):
		if !linkable(v) {
			return "", "", bad("wrong HTTP URL specified")
		}
		return v, path.Base(v), nil
	}
	return "", "", bad("wrong file identifier/HTTP URL specified")
}

func (s *Server) keep(data []byte, folder, name string) string {
	s.fileSeq++
	n := strconv.Itoa(s.fileSeq)
	f := &file{id: "file" + n, name: name, data: data, path: folder + "/file_" + n + path.Ext(name)}
	s.files[f.id] = f
	return f.id
}

func (s *Server) edit(method string, in params) (any, *apiError) {
	c, e := s.open(in)
	if e != nil {
		return nil, e
	}
	id, _ := in.int("message_id")
	m := c.messages[int(id)]
	switch {
	case m == nil || m.Deleted:
		return nil, bad("message to edit not found")
	case m.From.ID != s.me.ID:
		return nil, bad("message can't be edited")
	}
	buttons, _, e := keyboard(in)
	if e != nil {
		return nil, e
	}
	text, entities := m.Text+m.Caption, m.Entities
	switch method {
	case "editmessagetext":
		if m.Text == "" {
			return nil, bad("there is no text in the message to edit")
		}
		if text, entities, e = formatted(in, "text", 4096); e == nil && text == "" {
			e = bad("message text is empty")
		}
	case "editmessagecaption":
		if m.Photo == "" && m.Document == "" {
			return nil, bad("there is no caption in the message to edit")
		}
		text, entities, e = formatted(in, "caption", 1024)
	}
	if e != nil {
		return nil, e
	}
	if text == m.Text+m.Caption && same(entities, m.Entities) && same(buttons, m.Buttons) {
		return nil, bad("message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")
	}
	if e := s.flood(c, true); e != nil {
		return nil, e
	}
	switch method {
	case "editmessagetext":
		m.Text, m.Source = text, in.text["text"]
	case "editmessagecaption":
		m.Caption, m.Source = text, in.text["caption"]
	}
	m.Entities, m.Buttons = entities, buttons
	m.Edits++
	s.note("edit", map[string]any{"method": method, "chat": c.id, "message_id": m.ID, "text": m.Text + m.Caption})
	out := s.messageJSON(c, m, true)
	out["edit_date"] = s.o.Now().Unix()
	return out, nil
}

func (s *Server) editEphemeral(in params) (any, *apiError) {
	c, e := s.open(in)
	if e != nil {
		return nil, e
	}
	id, _ := in.int("ephemeral_message_id")
	user, _ := in.int("receiver_user_id")
	for _, m := range c.secret {
		if int64(m.ID) != id || m.Receiver != user {
			continue
		}
		text, entities, e := formatted(in, "text", 4096)
		if e != nil {
			return nil, e
		}
		buttons, _, e := keyboard(in)
		if e != nil {
			return nil, e
		}
		m.Text, m.Entities, m.Buttons, m.Edits = text, entities, buttons, m.Edits+1
		return true, nil
	}
	return nil, bad("message to edit not found")
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if string(x) == "null" {
		x = []byte("[]")
	}
	if string(y) == "null" {
		y = []byte("[]")
	}
	return string(x) == string(y)
}

func (s *Server) answer(in params) (any, *apiError) {
	id := in.text["callback_query_id"]
	p := s.presses[id]
	now := s.o.Now()
	if p == nil || p.answered || now.Sub(p.at) > s.o.CallbackTTL {
		return nil, bad("query is too old and response timeout expired or query ID is invalid")
	}
	if units(in.text["text"]) > 200 {
		return nil, bad("MESSAGE_TOO_LONG")
	}
	p.answered = true
	s.answers = append(s.answers, CallbackAnswer{ID: id, User: p.user, Text: in.text["text"], Alert: in.bool("show_alert"), At: now, Pressed: p.at})
	s.note("answer", map[string]any{"callback_query_id": id, "user": p.user, "text": in.text["text"]})
	return true, nil
}

func (s *Server) commands(method string, in params) (any, *apiError) {
	scope := struct {
		Type string `json:"type"`
	}{"default"}
	if e := in.json("scope", &scope); e != nil {
		return nil, e
	}
	lang := in.text["language_code"]
	if lang != "" && len(lang) != 2 {
		return nil, bad("invalid language code specified")
	}
	key := `{"type":"` + scope.Type + `"}|` + lang
	switch method {
	case "getmycommands":
		if raw := s.menus[key]; raw != nil {
			return raw, nil
		}
		return []any{}, nil
	case "deletemycommands":
		delete(s.menus, key)
		return true, nil
	}
	var list []struct {
		Command     string `json:"command"`
		Description string `json:"description"`
	}
	if e := in.json("commands", &list); e != nil {
		return nil, e
	}
	if len(list) > 100 {
		return nil, bad("BOT_COMMANDS_TOO_MUCH")
	}
	for _, c := range list {
		if c.Command == "" || len(c.Command) > 32 || strings.Trim(c.Command, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return nil, bad("BOT_COMMAND_INVALID")
		}
		if c.Description == "" || units(c.Description) > 256 {
			return nil, bad("BOT_COMMAND_DESCRIPTION_INVALID")
		}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, bad(err.Error())
	}
	s.menus[key] = raw
	return true, nil
}

func chatJSON(c *room) map[string]any {
	out := map[string]any{"id": c.id, "type": c.kind}
	if c.kind == "private" {
		out["first_name"] = c.title
	} else {
		out["title"] = c.title
	}
	if c.forum {
		out["is_forum"] = true
	}
	return out
}

// messageJSON is a message as the Bot API writes it; a reply's own reply is
// never in it.
func (s *Server) messageJSON(c *room, m *Message, nested bool) map[string]any {
	out := map[string]any{"message_id": m.ID, "from": m.From, "chat": chatJSON(c), "date": m.At.Unix()}
	text, entities := "text", "entities"
	if m.Photo != "" || m.Document != "" {
		text, entities = "caption", "caption_entities"
	}
	if t := m.Text + m.Caption; t != "" {
		out[text] = t
		if len(m.Entities) > 0 {
			out[entities] = m.Entities
		}
	}
	if m.Photo != "" {
		size := 0
		if f := s.files[m.Photo]; f != nil {
			size = len(f.data)
		}
		out["photo"] = []map[string]any{
			{"file_id": "small-" + m.Photo, "file_unique_id": "s" + m.Photo, "width": 90, "height": 90, "file_size": 1},
			{"file_id": m.Photo, "file_unique_id": "u" + m.Photo, "width": 800, "height": 800, "file_size": size}}
	}
	if m.Document != "" {
		size := 0
		if f := s.files[m.Document]; f != nil {
			size = len(f.data)
		}
		out["document"] = map[string]any{"file_id": m.Document, "file_unique_id": "u" + m.Document,
			"file_name": m.FileName, "file_size": size}
	}
	if m.Topic != 0 {
		out["message_thread_id"], out["is_topic_message"] = m.Topic, true
	}
	if len(m.Buttons) > 0 {
		out["reply_markup"] = map[string]any{"inline_keyboard": m.Buttons}
	}
	if m.Receiver != 0 {
		out["receiver_user"] = map[string]any{"id": m.Receiver, "is_bot": false, "first_name": ""}
		out["ephemeral_message_id"] = m.ID
	}
	if m.ReplyTo != 0 && nested {
		if r := c.messages[m.ReplyTo]; r != nil {
			out["reply_to_message"] = s.messageJSON(c, r, false)
		}
	}
	if m.ReplyTo == 0 && m.Topic != 0 && nested && m.From.ID != s.me.ID {
		// As in real forums, what replies to nothing replies to the topic's opening.
		out["reply_to_message"] = map[string]any{"message_id": m.Topic, "from": s.me, "chat": chatJSON(c), "date": m.At.Add(-time.Hour).Unix(),
			"message_thread_id": m.Topic, "is_topic_message": true,
			"forum_topic_created": map[string]any{"name": "Topic", "icon_color": 7322096}}
	}
	return out
}

// download serves /file/bot<token>/<path>.
func (s *Server) download(w http.ResponseWriter, r *http.Request, rest string) {
	token, name, _ := strings.Cut(rest, "/")
	if token != s.o.Token {
		reply(w, nil, &apiError{Code: 401, Text: "Unauthorized"})
		return
	}
	s.mu.Lock()
	var data []byte
	found := false
	for _, f := range s.files {
		if f.path == name {
			data, found = f.data, true
		}
	}
	s.mu.Unlock()
	if !found {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(data) // the other side may be gone
}
