package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"helloworld/bot/chat"
)

// maxBody bounds a request in bytes: maxText letters of four bytes, and room.
const maxBody = 4*maxText + 64<<10

// triggerLife is how long the desk may take to answer with a form.
const triggerLife = 15 * time.Minute

type sayBody struct {
	Key     string   `json:"key"`
	Channel string   `json:"channel"`
	Thread  string   `json:"thread"`
	Text    string   `json:"text"`
	Files   []string `json:"files"`
}

type pressBody struct {
	Key     string `json:"key"`
	Channel string `json:"channel"`
	ID      string `json:"id"`
	Token   string `json:"token"`
}

type fillBody struct {
	Key    string            `json:"key"`
	ID     string            `json:"id"`
	Values map[string]string `json:"values"`
}

type readBody struct {
	Channel string `json:"channel"`
	Num     int64  `json:"num"`
}

type languageBody struct {
	Lang string `json:"lang"`
}

// decode reads a JSON body of at most maxBody bytes.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if d.More() {
		return errors.New("body: more than one value")
	}
	return nil
}

// goodKey tells whether a page's name for an action is one that our page makes.
func goodKey(s string) bool {
	if len(s) < 8 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-') {
			return false
		}
	}
	return true
}

// addressed tells whether a text is meant for the desk wherever it is said. The
// full-width forms are what a Chinese keyboard types.
func addressed(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return r == '/' || r == '!' || r == '／' || r == '！'
}

func (t *Transport) eventOf(v *visitor, kind chat.EventKind, key string, at chat.Place) chat.Event {
	now := t.now()
	return chat.Event{
		Key: key, Kind: kind, At: now, Place: at, Account: v.account(),
		Trigger: chat.Trigger{Place: at, Account: v.account(), Until: now.Add(triggerLife)},
	}
}

// deliver gives an event to the desk and tells whether it took it.
func (t *Transport) deliver(w http.ResponseWriter, r *http.Request, v *visitor, e chat.Event) bool {
	err := t.handle(e)
	switch {
	case err == nil:
		return true
	case errors.Is(err, errStarting):
		w.Header().Set("Retry-After", "2")
		t.fail(w, r, v, http.StatusServiceUnavailable, "console.error_starting")
	default:
		t.log.Error("the desk did not take what a person did", "kind", e.Kind, "key", e.Key, "err", err)
		w.Header().Set("Retry-After", "2")
		t.fail(w, r, v, http.StatusServiceUnavailable, "console.error_refused")
	}
	return false
}

// say takes a message.
func (t *Transport) say(w http.ResponseWriter, r *http.Request, v *visitor) {
	var b sayBody
	if err := decode(w, r, &b); err != nil || !goodKey(b.Key) || len(b.Files) > maxFiles {
		t.fail(w, r, v, http.StatusBadRequest, "console.error_request")
		return
	}
	b.Text = strings.TrimRight(strings.ReplaceAll(b.Text, "\x00", ""), " \t\r\n")
	switch {
	case strings.TrimSpace(b.Text) == "" && len(b.Files) == 0:
		t.fail(w, r, v, http.StatusBadRequest, "console.error_empty")
		return
	case utf8.RuneCountInString(b.Text) > maxText:
		t.fail(w, r, v, http.StatusRequestEntityTooLarge, "console.error_long")
		return
	case !v.sees(b.Channel):
		t.fail(w, r, v, http.StatusNotFound, "console.error_gone")
		return
	}
	b.Text = chat.Hush(b.Text)
	at := chat.Place{Chat: Name, Channel: b.Channel, Thread: b.Thread}
	if b.Thread != "" {
		root, ok, err := t.keep.Post(r.Context(), b.Channel, b.Thread)
		if err != nil {
			t.broken(w, r, v, err)
			return
		}
		if !ok || root.Withheld || !v.seesPost(root.Place) {
			t.fail(w, r, v, http.StatusNotFound, "console.error_gone")
			return
		}
		if root.Place.Thread != "" {
			at.Thread = root.Place.Thread
		}
		// What is said under a private answer stays private.
		at.Only = root.Place.Only
	}
	files, ok := t.sent(w, r, v, b)
	if !ok {
		return
	}
	p, _, err := t.keep.Append(r.Context(), Post{
		ID: "m" + hashID("say", v.ID, b.Key), Key: "say:" + v.ID + ":" + b.Key, Place: at,
		By: v.account(), Text: b.Text, Files: files, At: t.now(), Withheld: true,
	})
	if err != nil {
		t.broken(w, r, v, err)
		return
	}
	if p.Text != b.Text || p.Place.Channel != at.Channel || p.Place.Thread != at.Thread {
		t.fail(w, r, v, http.StatusConflict, "console.error_request")
		return
	}
	if p.Withheld {
		e := t.eventOf(v, chat.Said, p.Key, p.Place)
		e.At, e.Text, e.Files, e.Ref = p.At, p.Text, p.Files, refOf(p)
		e.Private = p.Place.Channel == v.own()
		e.Addressed = addressed(p.Text) || e.Private
		if !t.deliver(w, r, v, e) {
			return
		}
		if err := t.keep.Show(r.Context(), p.Place.Channel, p.ID); err != nil {
			// The same key comes again and finds it withheld: the desk then sees
			// the event a second time, and knows it by the key.
			t.broken(w, r, v, err)
			return
		}
		t.hub.wake()
	}
	answer(w, http.StatusAccepted, map[string]string{"id": p.ID})
}

// sent collects the files of a message, which the same person must have sent to
// the same room before.
func (t *Transport) sent(w http.ResponseWriter, r *http.Request, v *visitor, b sayBody) ([]chat.File, bool) {
	var out []chat.File
	for _, id := range b.Files {
		f, ok, err := t.keep.File(r.Context(), id)
		if err != nil {
			t.broken(w, r, v, err)
			return nil, false
		}
		if !ok || f.By != v.ID || f.Place.Channel != b.Channel {
			t.fail(w, r, v, http.StatusNotFound, "console.error_gone")
			return nil, false
		}
		out = append(out, chat.File{ID: f.ID, Name: f.Name, MIME: f.MIME, Size: int64(len(f.Data))})
	}
	return out, true
}

// press takes the press of a button. A token that the card does not show any
// more goes on to the desk, which alone knows what to say about it.
func (t *Transport) press(w http.ResponseWriter, r *http.Request, v *visitor) {
	var b pressBody
	if err := decode(w, r, &b); err != nil || !goodKey(b.Key) || b.Token == "" || len(b.Token) > 256 {
		t.fail(w, r, v, http.StatusBadRequest, "console.error_request")
		return
	}
	p, ok, err := t.keep.Post(r.Context(), b.Channel, b.ID)
	if err != nil {
		t.broken(w, r, v, err)
		return
	}
	if !ok || p.Card == nil || !v.seesPost(p.Place) {
		t.fail(w, r, v, http.StatusNotFound, "console.error_gone")
		return
	}
	ref := refOf(p)
	e := t.eventOf(v, chat.Pressed, "press:"+v.ID+":"+b.Key, ref.Place)
	e.Ref, e.Token, e.Addressed = ref, b.Token, true
	if t.deliver(w, r, v, e) {
		answer(w, http.StatusAccepted, map[string]string{"id": p.ID})
	}
}

// fill takes the answers of a form.
func (t *Transport) fill(w http.ResponseWriter, r *http.Request, v *visitor) {
	var b fillBody
	if err := decode(w, r, &b); err != nil || !goodKey(b.Key) {
		t.fail(w, r, v, http.StatusBadRequest, "console.error_request")
		return
	}
	a, ok := t.asked(w, r, v, b.ID)
	if !ok {
		return
	}
	if a.ClosedBy != "" {
		if a.ClosedBy == b.Key {
			answer(w, http.StatusAccepted, map[string]string{"id": a.ID})
			return
		}
		t.fail(w, r, v, http.StatusConflict, "console.error_closed")
		return
	}
	values, wrong := check(a.Form, b.Values)
	if wrong != "" {
		answer(w, http.StatusUnprocessableEntity, problem{Code: "error_form", Error: t.word(v.lang, "console.error_form"), Field: wrong})
		return
	}
	// One form is one event, whichever of a person's pages answers it.
	e := t.eventOf(v, chat.Filled, "fill:"+a.ID, a.Place)
	e.Token, e.Values, e.Addressed = a.Form.Token, values, true
	if !t.deliver(w, r, v, e) {
		return
	}
	if err := t.keep.CloseForm(r.Context(), a.ID, b.Key); err != nil {
		t.broken(w, r, v, err)
		return
	}
	t.hub.wake()
	answer(w, http.StatusAccepted, map[string]string{"id": a.ID})
}

// check keeps the answers to the form's own questions; wrong is the name of the
// first question whose answer will not do.
func check(f chat.Form, given map[string]string) (values map[string]string, wrong string) {
	values = map[string]string{}
	for _, in := range f.Inputs {
		s := strings.ReplaceAll(given[in.Name], "\x00", "")
		if in.Kind != chat.Long {
			s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
		}
		s = strings.TrimSpace(s)
		if s == "" && !in.Optional || utf8.RuneCountInString(s) > maxText {
			return nil, in.Name
		}
		if in.Kind == chat.Choice && s != "" {
			ok := false
			for _, o := range in.Options {
				ok = ok || o.Value == s
			}
			if !ok {
				return nil, in.Name
			}
		}
		values[in.Name] = s
	}
	return values, ""
}

// asked finds a form put to this person.
func (t *Transport) asked(w http.ResponseWriter, r *http.Request, v *visitor, id string) (Asked, bool) {
	a, ok, err := t.keep.Form(r.Context(), id)
	if err != nil {
		t.broken(w, r, v, err)
		return a, false
	}
	if !ok || a.Person != v.ID {
		t.fail(w, r, v, http.StatusNotFound, "console.error_gone")
		return a, false
	}
	return a, true
}

// dismiss closes a form without an answer.
func (t *Transport) dismiss(w http.ResponseWriter, r *http.Request, v *visitor) {
	var b fillBody
	if err := decode(w, r, &b); err != nil || !goodKey(b.Key) {
		t.fail(w, r, v, http.StatusBadRequest, "console.error_request")
		return
	}
	a, ok := t.asked(w, r, v, b.ID)
	if !ok {
		return
	}
	if err := t.keep.CloseForm(r.Context(), a.ID, "dismissed:"+b.Key); err != nil {
		t.broken(w, r, v, err)
		return
	}
	t.hub.wake()
	answer(w, http.StatusAccepted, map[string]string{"id": a.ID})
}

// read moves the mark of what a person has seen.
func (t *Transport) read(w http.ResponseWriter, r *http.Request, v *visitor) {
	var b readBody
	if err := decode(w, r, &b); err != nil || b.Num < 0 {
		t.fail(w, r, v, http.StatusBadRequest, "console.error_request")
		return
	}
	if !v.sees(b.Channel) {
		t.fail(w, r, v, http.StatusNotFound, "console.error_gone")
		return
	}
	if err := t.keep.MarkRead(r.Context(), v.ID, b.Channel, b.Num); err != nil {
		t.broken(w, r, v, err)
		return
	}
	answer(w, http.StatusAccepted, struct{}{})
}

// language remembers which language a person wants.
func (t *Transport) language(w http.ResponseWriter, r *http.Request, v *visitor) {
	var b languageBody
	if err := decode(w, r, &b); err != nil {
		t.fail(w, r, v, http.StatusBadRequest, "console.error_request")
		return
	}
	for _, l := range t.langs {
		if l.Tag != b.Lang {
			continue
		}
		if err := t.people.SetLanguage(r.Context(), v.ID, l.Tag); err != nil {
			t.broken(w, r, v, err)
			return
		}
		answer(w, http.StatusAccepted, struct{}{})
		return
	}
	t.fail(w, r, v, http.StatusBadRequest, "console.error_request")
}
