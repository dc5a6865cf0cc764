package console

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"helloworld/bot/chat"
)

// NewMemory makes a [Keep] that forgets everything when the program ends: for
// tests, and for trying things out.
func NewMemory() Keep {
	return &memory{
		marks: map[[2]string]int64{}, sessions: map[string]Session{}, files: map[string]StoredFile{},
		byID: map[[2]string]*Post{}, byKey: map[[3]string]*Post{},
	}
}

type memory struct {
	mu       sync.Mutex
	seq      int64
	posts    []*Post // by Num
	byID     map[[2]string]*Post
	byKey    map[[3]string]*Post
	forms    []*Asked
	marks    map[[2]string]int64
	sessions map[string]Session
	files    map[string]StoredFile
}

func (m *memory) next() int64 { m.seq++; return m.seq }

func (m *memory) Append(_ context.Context, p Post) (Post, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := [3]string{p.Place.Channel, p.Place.Only, p.Key}
	if old := m.byKey[key]; p.Key != "" && old != nil {
		return *old, false, nil
	}
	p.Num = m.next()
	p.Seq = p.Num
	kept := &p
	m.posts = append(m.posts, kept)
	m.byID[[2]string{p.Place.Channel, p.ID}] = kept
	if p.Key != "" {
		m.byKey[key] = kept
	}
	return *kept, true, nil
}

func (m *memory) Edit(_ context.Context, channel, id string, c chat.Card, at time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.byID[[2]string{channel, id}]
	if p == nil || p.Card == nil {
		return false, nil
	}
	was, err := json.Marshal(p.Card)
	if err != nil {
		return false, err
	}
	is, err := json.Marshal(c)
	if err != nil {
		return false, err
	}
	if string(was) != string(is) {
		p.Card, p.Edited, p.Seq = &c, at, m.next()
	}
	return true, nil
}

func (m *memory) Show(_ context.Context, channel, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.byID[[2]string{channel, id}]; p != nil && p.Withheld {
		p.Withheld, p.Seq = false, m.next()
	}
	return nil
}

func (m *memory) Post(_ context.Context, channel, id string) (Post, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.byID[[2]string{channel, id}]
	if p == nil {
		return Post{}, false, nil
	}
	return *p, true, nil
}

func (m *memory) ByKey(_ context.Context, channel, only, key string) (Post, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.byKey[[3]string{channel, only, key}]
	if p == nil || key == "" {
		return Post{}, false, nil
	}
	return *p, true, nil
}

func (p *Post) visible(reader string) bool {
	return !p.Withheld && (p.Place.Only == "" || p.Place.Only == reader)
}

func (m *memory) Page(_ context.Context, q Query) ([]Post, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Post
	for _, p := range slices.Backward(m.posts) {
		if len(out) == q.Limit {
			break
		}
		if p.Place.Channel != q.Channel || p.Place.Thread != q.Thread || !p.visible(q.Reader) || q.Before > 0 && p.Num >= q.Before {
			continue
		}
		c := *p
		c.Replies, c.LastReply = m.replies(q.Channel, p.ID, q.Reader)
		out = append(out, c)
	}
	slices.Reverse(out)
	return out, nil
}

func (m *memory) replies(channel, root, reader string) (n int, last time.Time) {
	for _, p := range m.posts {
		if p.Place.Channel == channel && p.Place.Thread == root && p.visible(reader) {
			n, last = n+1, p.At
		}
	}
	return n, last
}

func (m *memory) Replies(_ context.Context, channel, root, reader string) (int, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, last := m.replies(channel, root, reader)
	return n, last, nil
}

func (m *memory) Since(_ context.Context, seq int64, reader string, channels []string, limit int) ([]Post, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Post
	for _, p := range m.posts {
		if p.Seq > seq && p.visible(reader) && slices.Contains(channels, p.Place.Channel) {
			out = append(out, *p)
		}
	}
	slices.SortFunc(out, func(a, b Post) int { return int(a.Seq - b.Seq) })
	return out[:min(limit, len(out))], nil
}

func (m *memory) Head(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seq, nil
}

func (m *memory) Unread(_ context.Context, reader string, channels []string) (map[string]int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int{}
	for _, p := range m.posts {
		c := p.Place.Channel
		if p.Num > m.marks[[2]string{reader, c}] && p.visible(reader) && p.By.ID != reader && slices.Contains(channels, c) {
			out[c]++
		}
	}
	return out, nil
}

func (m *memory) MarkRead(_ context.Context, reader, channel string, num int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := [2]string{reader, channel}
	m.marks[k] = max(m.marks[k], num)
	return nil
}

func (m *memory) AskForm(_ context.Context, f Asked) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.form(f.ID) == nil {
		f.Seq = m.next()
		m.forms = append(m.forms, &f)
	}
	return nil
}

func (m *memory) form(id string) *Asked {
	for _, f := range m.forms {
		if f.ID == id {
			return f
		}
	}
	return nil
}

func (m *memory) Form(_ context.Context, id string) (Asked, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.form(id)
	if f == nil {
		return Asked{}, false, nil
	}
	return *f, true, nil
}

func (m *memory) CloseForm(_ context.Context, id, by string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.form(id); f != nil && f.ClosedBy == "" {
		f.ClosedBy, f.Seq = by, m.next()
	}
	return nil
}

func (m *memory) FormsSince(_ context.Context, seq int64, person string) ([]Asked, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Asked
	for _, f := range m.forms {
		if f.Person == person && f.Seq > seq && (seq > 0 || f.ClosedBy == "") {
			out = append(out, *f)
		}
	}
	slices.SortFunc(out, func(a, b Asked) int { return int(a.Seq - b.Seq) })
	return out, nil
}

func (m *memory) AddSession(_ context.Context, s Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for h, old := range m.sessions {
		if old.Until.Before(s.At) {
			delete(m.sessions, h)
		}
	}
	m.sessions[s.Hash] = s
	return nil
}

func (m *memory) Session(_ context.Context, hash string) (Session, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.sessions[hash]
	return s, ok, nil
}

func (m *memory) DropSession(_ context.Context, hash string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, hash)
	return nil
}

func (m *memory) AddFile(_ context.Context, f StoredFile) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.files[f.ID]; !ok {
		m.files[f.ID] = f
	}
	return nil
}

func (m *memory) File(_ context.Context, id string) (StoredFile, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.files[id]
	return f, ok, nil
}
