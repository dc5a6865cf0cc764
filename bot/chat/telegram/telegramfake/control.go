package telegramfake

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// State is everything another process may want to see.
type State struct {
	Messages []Message        `json:"messages,omitempty"`
	Answers  []CallbackAnswer `json:"answers"`
	Spinning []string         `json:"spinning"`
	Refusals []Refusal        `json:"refusals"`
	Waiting  int              `json:"waiting"`
	Calls    map[string]int   `json:"calls"`
	// Conflicts is how often two living programs polled at the same time.
	Conflicts int `json:"conflicts"`
}

// control is how another process acts as a person, looks, and orders trouble.
// A GET asks, a POST with a JSON object does.
//
//	/fake/say    {"user":{"id":7,"first_name":"Anna"},"chat":-1001,"text":"/help","reply_to":3,"topic":0}
//	/fake/press  {"user":{"id":7},"chat":-1001,"message_id":4,"button":"Approve"}
//	/fake/edit   {"chat":-1001,"message_id":4,"text":"…"}
//	/fake/chat   {"chat":-1001,"title":"Leads","forum":false}
//	/fake/user   {"user":{"id":7},"started":true,"blocked":false}
//	/fake/fault  {"method":"sendMessage","kind":"lost-after","n":3,"every":20}, {"heal":true},
//	             {"repeat":2}, {"latency_ms":50}
//	/fake/state  ?chat=-1001
func (s *Server) control(w http.ResponseWriter, r *http.Request, what string) {
	var in struct {
		Said
		Message int    `json:"message_id"`
		Button  string `json:"button"`
		Title   string `json:"title"`
		Forum   bool   `json:"forum"`
		Started bool   `json:"started"`
		Blocked bool   `json:"blocked"`
		Fault
		Heal    bool `json:"heal"`
		Repeat  int  `json:"repeat"`
		Latency *int `json:"latency_ms"`
	}
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimit)).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	var out any = map[string]bool{"ok": true}
	var err error
	switch what {
	case "say":
		var m int
		var u int64
		m, u = s.Write(in.Said)
		out = map[string]any{"message_id": m, "update_id": u}
	case "press":
		var id string
		id, err = s.Press(in.From, in.Chat, in.Message, in.Button)
		out = map[string]string{"callback_query_id": id}
	case "edit":
		err = s.Edit(in.Chat, in.Message, in.Text)
	case "chat":
		s.AddGroup(in.Chat, in.Title, in.Forum)
	case "user":
		s.AddUser(in.From, in.Started)
		s.Block(in.From.ID, in.Blocked)
	case "fault":
		if in.Heal {
			s.Heal()
		}
		s.Repeat(in.Repeat)
		if in.Latency != nil {
			s.SetLatency(time.Duration(*in.Latency) * time.Millisecond)
		}
		if in.Kind != "" {
			s.Fail(in.Fault)
		}
	case "state":
		st := State{Answers: s.CallbackAnswers(), Spinning: s.Spinning(), Refusals: s.Refusals(), Waiting: s.Waiting()}
		if chat, perr := strconv.ParseInt(r.URL.Query().Get("chat"), 10, 64); perr == nil {
			st.Messages = s.Messages(chat)
		}
		s.mu.Lock()
		st.Calls = map[string]int{}
		for k, v := range s.calls {
			st.Calls[k] = v
		}
		st.Conflicts = s.conflicts
		s.mu.Unlock()
		out = st
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // the other side may be gone
}
