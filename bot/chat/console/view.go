package console

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"helloworld/bot/chat"
)

// postView is a post as the page gets it.
type postView struct {
	Num     int64      `json:"num"`
	Seq     int64      `json:"seq"`
	ID      string     `json:"id"`
	Channel string     `json:"channel"`
	Thread  string     `json:"thread,omitempty"`
	Only    bool       `json:"only,omitempty"`
	At      int64      `json:"at"`
	Edited  int64      `json:"edited,omitempty"`
	By      *byView    `json:"by,omitempty"` // absent: the desk
	Text    string     `json:"text,omitempty"`
	Files   []fileView `json:"files,omitempty"`
	Card    *chat.Card `json:"card,omitempty"`
	Replies int        `json:"replies,omitempty"`
	Last    int64      `json:"last,omitempty"`
	Root    *rootView  `json:"root,omitempty"`
}

type byView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type fileView struct {
	Name  string `json:"name"`
	URL   string `json:"url"`
	Image bool   `json:"image,omitempty"`
	Size  int64  `json:"size,omitempty"`
}

// rootView is what a new reply changes on the post it hangs from.
type rootView struct {
	ID      string `json:"id"`
	Replies int    `json:"replies"`
	Last    int64  `json:"last"`
}

type formView struct {
	ID      string    `json:"id"`
	Seq     int64     `json:"seq"`
	At      int64     `json:"at"`
	Channel string    `json:"channel,omitempty"`
	Closed  bool      `json:"closed,omitempty"`
	Next    string    `json:"next,omitempty"` // asked in its stead
	Form    chat.Form `json:"form"`
}

func viewOf(p Post) postView {
	o := postView{
		Num: p.Num, Seq: p.Seq, ID: p.ID, Channel: p.Place.Channel, Thread: p.Place.Thread, Only: p.Place.Only != "",
		At: millis(p.At), Edited: millis(p.Edited), Text: p.Text, Replies: p.Replies, Last: millis(p.LastReply),
	}
	for _, f := range p.Files {
		o.Files = append(o.Files, fileView{Name: f.Name, URL: "/files/" + f.ID, Image: picture(f.MIME), Size: f.Size})
	}
	if p.Card == nil {
		o.By = &byView{ID: p.By.ID, Name: p.By.Name}
		return o
	}
	c := *p.Card
	c.Parts = make([]chat.Part, len(p.Card.Parts))
	for i, part := range p.Card.Parts {
		if part.File != nil {
			f := *part.File
			f.Data = nil
			if f.URL == "" && f.ID != "" {
				f.URL = "/files/" + f.ID
			}
			part.File = &f
		}
		c.Parts[i] = part
	}
	o.Card = &c
	return o
}

func formOf(a Asked) formView {
	a.Form.Token, a.Form.About = "", "" // the page answers by ID
	next, ok := strings.CutPrefix(a.ClosedBy, replaced)
	if !ok {
		next = ""
	}
	return formView{ID: a.ID, Seq: a.Seq, At: millis(a.At), Channel: a.Place.Channel, Closed: a.ClosedBy != "", Next: next, Form: a.Form}
}

type channelView struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	About  string `json:"about,omitempty"`
	Direct bool   `json:"direct,omitempty"`
	Unread int    `json:"unread,omitempty"`
}

type stateView struct {
	Me        byView            `json:"me"`
	Lang      string            `json:"lang"`
	Langs     []langView        `json:"langs"`
	Token     string            `json:"token"`
	Head      int64             `json:"head"`
	Channels  []channelView     `json:"channels"`
	Forms     []formView        `json:"forms"`
	Menu      []menuView        `json:"menu"`
	Demo      []demoView        `json:"demo,omitempty"`
	Words     map[string]string `json:"words"`
	MaxText   int               `json:"maxText"`
	MaxUpload int               `json:"maxUpload"`
}

type langView struct {
	Tag  string `json:"tag"`
	Name string `json:"name"`
}

type menuView struct {
	Name string   `json:"name"`
	Help string   `json:"help"`
	Also []string `json:"also,omitempty"`
}

type demoView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role,omitempty"`
	Me   bool   `json:"me,omitempty"`
}

// state is what a page needs to begin.
func (t *Transport) state(w http.ResponseWriter, r *http.Request, v *visitor) {
	s, err := t.stateOf(r.Context(), v, t.playing(r))
	if err != nil {
		t.broken(w, r, v, err)
		return
	}
	answer(w, http.StatusOK, s)
}

func (t *Transport) stateOf(ctx context.Context, v *visitor, playing bool) (stateView, error) {
	s := stateView{
		Me: byView{v.ID, v.Name}, Lang: v.lang, Token: v.token(), Channels: []channelView{}, Forms: []formView{},
		Menu: []menuView{}, Words: map[string]string{}, MaxText: maxText, MaxUpload: maxUpload,
	}
	var err error
	// The head comes first: what changes meanwhile is then sent twice, not never.
	if s.Head, err = t.keep.Head(ctx); err != nil {
		return s, err
	}
	unread, err := t.keep.Unread(ctx, v.ID, v.ids())
	if err != nil {
		return s, err
	}
	for _, c := range v.rooms {
		o := channelView{ID: c.ID, Name: c.Name, About: c.About, Unread: unread[c.ID]}
		if c.ID == v.own() {
			o.Direct, o.Name, o.About = true, t.word(v.lang, "console.direct"), t.word(v.lang, "console.direct_about")
		}
		s.Channels = append(s.Channels, o)
	}
	forms, err := t.keep.FormsSince(ctx, 0, v.ID)
	if err != nil {
		return s, err
	}
	for _, f := range forms {
		s.Forms = append(s.Forms, formOf(f))
	}
	for _, m := range t.menuOf(ctx, v) {
		s.Menu = append(s.Menu, menuView(m))
	}
	for _, l := range t.langs {
		s.Langs = append(s.Langs, langView(l))
	}
	for _, k := range keys {
		s.Words[k[len("console."):]] = t.word(v.lang, k)
	}
	if playing {
		people, err := t.people.Demo(ctx)
		if err != nil {
			return s, err
		}
		for _, p := range people {
			s.Demo = append(s.Demo, demoView{p.ID, p.Name, p.Role, p.ID == v.ID})
		}
	}
	return s, nil
}

const pageSize = 40

// posts is a page of a room or of a thread; with a thread, its root comes along.
func (t *Transport) posts(w http.ResponseWriter, r *http.Request, v *visitor) {
	q := Query{Channel: r.FormValue("channel"), Thread: r.FormValue("thread"), Reader: v.ID, Limit: pageSize + 1}
	if s := r.FormValue("before"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 1 {
			t.fail(w, r, v, http.StatusBadRequest, "console.error_request")
			return
		}
		q.Before = n
	}
	if !v.sees(q.Channel) {
		t.fail(w, r, v, http.StatusNotFound, "console.error_gone")
		return
	}
	var out struct {
		Root  *postView  `json:"root,omitempty"`
		Posts []postView `json:"posts"`
		More  bool       `json:"more"`
	}
	out.Posts = []postView{}
	if q.Thread != "" {
		root, ok, err := t.keep.Post(r.Context(), q.Channel, q.Thread)
		if err != nil {
			t.broken(w, r, v, err)
			return
		}
		if !ok || root.Withheld || !v.seesPost(root.Place) {
			t.fail(w, r, v, http.StatusNotFound, "console.error_gone")
			return
		}
		view := viewOf(root)
		out.Root = &view
	}
	list, err := t.keep.Page(r.Context(), q)
	if err != nil {
		t.broken(w, r, v, err)
		return
	}
	if out.More = len(list) > pageSize; out.More {
		list = list[len(list)-pageSize:]
	}
	for _, p := range list {
		out.Posts = append(out.Posts, viewOf(p))
	}
	answer(w, http.StatusOK, out)
}
