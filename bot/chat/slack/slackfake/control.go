package slackfake

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// act is the body of the control pages that act.
type act struct {
	User     string            `json:"user"`
	Channel  string            `json:"channel"`
	Thread   string            `json:"thread"`
	TS       string            `json:"ts"`
	Text     string            `json:"text"`
	Button   string            `json:"button"`
	Callback string            `json:"callback"`
	Values   map[string]string `json:"values"`
	// For faults.
	Method  string `json:"method"`
	Kind    string `json:"kind"`
	N       int    `json:"n"`
	Millis  int    `json:"ms"`
	Limited *bool  `json:"limited"`
	// For people and channels.
	ID     string `json:"id"`
	Name   string `json:"name"`
	Locale string `json:"locale"`
}

// control adds the pages by which another process acts and looks:
//
//	POST /fake/command {user channel text}      POST /fake/say {user channel thread text}
//	POST /fake/mention {user channel thread text}
//	POST /fake/press {user channel ts button}   POST /fake/submit {user values}
//	POST /fake/edit {user channel ts text}      POST /fake/delete {user channel ts}
//	POST /fake/shortcut {user channel ts callback}
//	POST /fake/fault {method kind n}, kinds also "drop-sockets", "refresh" and "latency" {ms}
//	POST /fake/user {id name locale}            POST /fake/channel {id name}
//	GET  /fake/state?channel=&user=             GET  /fake/counts
//	GET  /fake/ledger?from=N                    POST /fake/limits {limited}
func (s *Server) control() {
	post := func(name string, f func(act) (string, error)) {
		s.mux.HandleFunc("POST /fake/"+name, func(w http.ResponseWriter, r *http.Request) {
			var a act
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&a); err != nil {
				reply(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
				return
			}
			id, err := f(a)
			if err != nil {
				reply(w, http.StatusConflict, map[string]any{"error": err.Error()})
				return
			}
			reply(w, http.StatusOK, map[string]any{"ok": true, "id": id})
		})
	}
	post("command", func(a act) (string, error) { return s.Command(a.User, a.Channel, a.Text, a.Thread != "") })
	post("say", func(a act) (string, error) { return s.Say(a.User, a.Channel, a.Thread, a.Text), nil })
	post("mention", func(a act) (string, error) { return s.Mention(a.User, a.Channel, a.Thread, a.Text), nil })
	post("press", func(a act) (string, error) { return s.Press(a.User, a.Channel, a.TS, a.Button) })
	post("submit", func(a act) (string, error) { return "", s.Submit(a.User, a.Values) })
	post("edit", func(a act) (string, error) { return "", s.Edit(a.User, a.Channel, a.TS, a.Text) })
	post("delete", func(a act) (string, error) { return "", s.Delete(a.User, a.Channel, a.TS) })
	post("shortcut", func(a act) (string, error) { return "", s.Shortcut(a.User, a.Channel, a.TS, a.Callback) })
	post("user", func(a act) (string, error) {
		s.AddUser(User{ID: a.ID, Name: a.Name, Locale: a.Locale})
		return a.ID, nil
	})
	post("channel", func(a act) (string, error) {
		s.AddChannel(a.ID, a.Name)
		return a.ID, nil
	})
	post("limits", func(a act) (string, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.opts.NoLimits = a.Limited != nil && !*a.Limited
		return "", nil
	})
	post("fault", func(a act) (string, error) {
		switch a.Kind {
		case "drop-sockets":
			s.DropSockets()
		case "refresh":
			s.Refresh(time.Duration(a.Millis) * time.Millisecond)
		case "latency":
			s.SetLatency(time.Duration(a.Millis) * time.Millisecond)
		default:
			s.FailNext(a.Method, a.Kind, max(a.N, 1))
		}
		return "", nil
	})
	s.mux.HandleFunc("GET /fake/state", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusOK, s.state(r.URL.Query().Get("channel"), r.URL.Query().Get("user")))
	})
	s.mux.HandleFunc("GET /fake/counts", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, s.Counts()) })
	s.mux.HandleFunc("GET /fake/ledger", func(w http.ResponseWriter, r *http.Request) {
		all := s.Ledger()
		from, _ := strconv.Atoi(r.URL.Query().Get("from"))
		reply(w, http.StatusOK, all[min(max(from, 0), len(all)):])
	})
}

// Seen is a message on the state page: what the wire holds, and what a person
// reads.
type Seen struct {
	Message
	Words string   `json:"words"`
	Keys  []Button `json:"buttons,omitempty"`
	Card  string   `json:"card,omitempty"`
}

// State is the whole of what can be seen.
type State struct {
	Counts   Counts    `json:"counts"`
	Messages []Seen    `json:"messages"`
	Views    []View    `json:"views"`
	Now      time.Time `json:"now"`
}

func (s *Server) state(channel, user string) State {
	st := State{Counts: s.Counts(), Messages: []Seen{}, Views: []View{}, Now: s.opts.Now()}
	for _, m := range s.shown(func(m *Message) bool {
		return (channel == "" || m.Channel == channel) && (user == "" || m.Only == "" || m.Only == user)
	}) {
		st.Messages = append(st.Messages, Seen{Message: m, Words: m.Words(), Keys: m.Buttons(), Card: m.Card()})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.views {
		if user == "" || v.User == user {
			st.Views = append(st.Views, *v)
		}
	}
	return st
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
