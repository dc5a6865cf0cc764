// Package keeptest is the exam that everything sits which wants to be a
// console's memory.
//
// # Why
//
// The console's promise (nothing twice, nothing missed, nothing shown to the
// wrong person) is kept by its memory as much as by its pages, so the memory for
// tests and the one over a database answer the same questions.
package keeptest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console"
)

// Run examines keeps; new makes an empty one.
func Run(t *testing.T, new func(t *testing.T) console.Keep) {
	for _, q := range []struct {
		name string
		ask  func(*testing.T, console.Keep)
	}{
		{"keeps posts whole", keepsWhole}, {"keeps nothing twice", nothingTwice}, {"edits", edits}, {"shows what was withheld", shows},
		{"pages", pages}, {"tells what changed", since}, {"misses nothing while others write", missesNothing}, {"counts unread", unread},
		{"forms", forms}, {"sessions", sessions}, {"files", files},
	} {
		t.Run(q.name, func(t *testing.T) { q.ask(t, new(t)) })
	}
}

var (
	ctx   = context.Background()
	start = time.UnixMilli(1_790_000_000_123).UTC()
)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func place(channel, thread, only string) chat.Place {
	return chat.Place{Chat: console.Name, Channel: channel, Thread: thread, Only: only}
}

func add(t *testing.T, k console.Keep, p console.Post) console.Post {
	t.Helper()
	if p.At.IsZero() {
		p.At = start
	}
	kept, fresh, err := k.Append(ctx, p)
	if err != nil || !fresh {
		t.Fatalf("Append %s: fresh %v, %v", p.ID, fresh, err)
	}
	return kept
}

func card(title string) *chat.Card {
	return &chat.Card{Title: title, Tone: chat.Bad, Lang: "zh", Foot: "脚注 \u202e 👩‍👩‍👧‍👦",
		Parts:   []chat.Part{{Kind: chat.Quote, Text: "a 'quote'; \"and\" ? $1 <b>"}, {Kind: chat.Progress, Done: 9007199254740993, Total: 9007199254740995}},
		Buttons: []chat.Button{{Label: "退款", Command: "tok"}}}
}

func keepsWhole(t *testing.T, k console.Keep) {
	c := add(t, k, console.Post{ID: "c1", Place: place("a", "r", "anna"), Key: "k1", Card: card("卡")})
	s := add(t, k, console.Post{ID: "m1", Place: place("a", "", ""), Key: "k2", By: chat.Account{ID: "anna", Name: "Anna", Locale: "de"},
		Text: "hello\n世界", Files: []chat.File{{ID: "f", Name: "x.png", MIME: "image/png", Size: 3}}})
	if c.Num == 0 || c.Seq != c.Num || s.Num <= c.Num {
		t.Errorf("numbers %d/%d, %d/%d", c.Num, c.Seq, s.Num, s.Seq)
	}
	for _, want := range []console.Post{c, s} {
		got, found, err := k.Post(ctx, "a", want.ID)
		if err != nil || !found {
			t.Fatalf("%s: %v, %v", want.ID, found, err)
		}
		if fmt.Sprintf("%+v", got.Place) != fmt.Sprintf("%+v", want.Place) || got.Text != want.Text || got.By != want.By ||
			!got.At.Equal(want.At) || got.Key != want.Key || len(got.Files) != len(want.Files) || (got.Card == nil) != (want.Card == nil) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got.Card != nil && fmt.Sprintf("%+v", *got.Card) != fmt.Sprintf("%+v", *want.Card) {
			t.Errorf("card %+v, want %+v", *got.Card, *want.Card)
		}
	}
	if _, found, err := k.Post(ctx, "b", "c1"); found || err != nil {
		t.Errorf("found in another room: %v, %v", found, err)
	}
}

func nothingTwice(t *testing.T, k console.Keep) {
	first := add(t, k, console.Post{ID: "c1", Place: place("a", "", ""), Key: "k", Card: card("one")})
	again, fresh, err := k.Append(ctx, console.Post{ID: "c2", Place: place("a", "", ""), Key: "k", Card: card("two"), At: start})
	if err != nil || fresh || again.ID != "c1" || again.Num != first.Num || again.Card.Title != "one" {
		t.Errorf("again %+v, %v, %v", again, fresh, err)
	}
	// Elsewhere, for another reader, or without a key, it is another post.
	add(t, k, console.Post{ID: "c3", Place: place("b", "", ""), Key: "k", Card: card("b")})
	add(t, k, console.Post{ID: "c4", Place: place("a", "", "anna"), Key: "k", Card: card("only")})
	add(t, k, console.Post{ID: "c5", Place: place("a", "", ""), Card: card("x")})
	add(t, k, console.Post{ID: "c6", Place: place("a", "", ""), Card: card("y")})
	if p, found, err := k.ByKey(ctx, "a", "anna", "k"); err != nil || !found || p.ID != "c4" {
		t.Errorf("ByKey: %+v, %v, %v", p, found, err)
	}
	for _, key := range []string{"", "no"} {
		if _, found, err := k.ByKey(ctx, "a", "", key); found || err != nil {
			t.Errorf("ByKey %q: %v, %v", key, found, err)
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids := map[string]int{}
	for i := range 20 {
		wg.Go(func() {
			p, _, err := k.Append(ctx, console.Post{ID: fmt.Sprintf("r%d", i), Place: place("a", "", ""), Key: "race", Card: card("r"), At: start})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("Append: %v", err)
			}
			ids[p.ID]++
		})
	}
	wg.Wait()
	if len(ids) != 1 {
		t.Errorf("one key gave %d posts: %v", len(ids), ids)
	}
}

func edits(t *testing.T, k console.Keep) {
	p := add(t, k, console.Post{ID: "c1", Place: place("a", "", ""), Key: "k", Card: card("one")})
	add(t, k, console.Post{ID: "m1", Place: place("a", "", ""), By: chat.Account{ID: "anna"}, Text: "hi"})
	later := start.Add(time.Minute)
	for range 2 {
		if found, err := k.Edit(ctx, "a", "c1", *card("two"), later); !found || err != nil {
			t.Fatalf("Edit: %v, %v", found, err)
		}
	}
	got, _, err := k.Post(ctx, "a", "c1")
	ok(t, err)
	if got.Card.Title != "two" || !got.Edited.Equal(later) || got.Num != p.Num || got.Seq <= p.Seq || got.Key != "k" {
		t.Errorf("edited %+v", got)
	}
	if head := must[int64](t)(k.Head(ctx)); head < got.Seq {
		t.Errorf("head %d is below %d", head, got.Seq)
	}
	for _, at := range [][2]string{{"a", "m1"}, {"a", "none"}, {"b", "c1"}} {
		if found, err := k.Edit(ctx, at[0], at[1], *card("x"), later); found || err != nil {
			t.Errorf("Edit %v: %v, %v", at, found, err)
		}
	}
}

func shows(t *testing.T, k console.Keep) {
	add(t, k, console.Post{ID: "m1", Place: place("a", "", ""), Key: "k", By: chat.Account{ID: "anna"}, Text: "hi", Withheld: true})
	add(t, k, console.Post{ID: "c1", Place: place("a", "m1", ""), Card: card("answer")})
	list := func() (out []string) {
		for _, p := range must[[]console.Post](t)(k.Page(ctx, console.Query{Channel: "a", Reader: "ben", Limit: 9})) {
			out = append(out, p.ID)
		}
		return out
	}
	if l := list(); len(l) != 0 {
		t.Errorf("withheld, but listed: %v", l)
	}
	if n := must[map[string]int](t)(k.Unread(ctx, "ben", []string{"a"})); n["a"] != 1 {
		t.Errorf("unread %v, want the answer alone", n)
	}
	before := must[int64](t)(k.Head(ctx))
	ok(t, k.Show(ctx, "a", "m1"))
	ok(t, k.Show(ctx, "a", "nothing"))
	if l := list(); !slices.Equal(l, []string{"m1"}) {
		t.Errorf("listed: %v", l)
	}
	got := must[[]console.Post](t)(k.Since(ctx, before, "ben", []string{"a"}, 9))
	if len(got) != 1 || got[0].ID != "m1" || got[0].Withheld {
		t.Errorf("what changed is %+v", got)
	}
	head := must[int64](t)(k.Head(ctx))
	ok(t, k.Show(ctx, "a", "m1"))
	if again := must[int64](t)(k.Head(ctx)); again != head {
		t.Errorf("showing it again changed something: %d, %d", head, again)
	}
}

func pages(t *testing.T, k console.Keep) {
	for i := range 7 {
		add(t, k, console.Post{ID: fmt.Sprintf("c%d", i), Place: place("a", "", ""), Card: card("x"), At: start.Add(time.Duration(i) * time.Second)})
		add(t, k, console.Post{ID: fmt.Sprintf("t%d", i), Place: place("a", "c2", ""), Card: card("x"), At: start.Add(time.Hour + time.Duration(i)*time.Second)})
	}
	add(t, k, console.Post{ID: "tp", Place: place("a", "c2", "anna"), Card: card("x"), At: start.Add(2 * time.Hour)})
	add(t, k, console.Post{ID: "p", Place: place("a", "", "anna"), Card: card("x")})
	add(t, k, console.Post{ID: "b", Place: place("b", "", ""), Card: card("x")})
	ids := func(q console.Query) (s string, all []console.Post) {
		all = must[[]console.Post](t)(k.Page(ctx, q))
		for _, p := range all {
			s += p.ID + " "
		}
		return strings.TrimSpace(s), all
	}
	s, all := ids(console.Query{Channel: "a", Reader: "ben", Limit: 3})
	if s != "c4 c5 c6" {
		t.Errorf("newest page %q", s)
	}
	s, all = ids(console.Query{Channel: "a", Reader: "ben", Limit: 3, Before: all[0].Num})
	if s != "c1 c2 c3" || all[1].Replies != 7 || !all[1].LastReply.Equal(start.Add(time.Hour+6*time.Second)) || all[0].Replies != 0 {
		t.Errorf("page before %q, replies %d until %v", s, all[1].Replies, all[1].LastReply)
	}
	if s, _ = ids(console.Query{Channel: "a", Reader: "anna", Limit: 2}); s != "c6 p" {
		t.Errorf("anna's page %q", s)
	}
	if s, _ = ids(console.Query{Channel: "a", Thread: "c2", Reader: "ben", Limit: 3}); s != "t4 t5 t6" {
		t.Errorf("thread %q", s)
	}
	n, last, err := k.Replies(ctx, "a", "c2", "anna")
	if err != nil || n != 8 || !last.Equal(start.Add(2*time.Hour)) {
		t.Errorf("anna sees %d replies until %v, %v", n, last, err)
	}
	if n, last, err := k.Replies(ctx, "a", "c3", "anna"); err != nil || n != 0 || !last.IsZero() {
		t.Errorf("no thread: %d, %v, %v", n, last, err)
	}
}

func since(t *testing.T, k console.Keep) {
	var at []int64
	for i := range 5 {
		at = append(at, add(t, k, console.Post{ID: fmt.Sprintf("c%d", i), Place: place("a", "", ""), Card: card("x")}).Seq)
	}
	add(t, k, console.Post{ID: "other", Place: place("b", "", ""), Card: card("x")})
	add(t, k, console.Post{ID: "private", Place: place("a", "", "anna"), Card: card("x")})
	if _, err := k.Edit(ctx, "a", "c1", *card("y"), start); err != nil {
		t.Fatal(err)
	}
	ids := func(seq int64, reader string, rooms []string, limit int) (s string) {
		for _, p := range must[[]console.Post](t)(k.Since(ctx, seq, reader, rooms, limit)) {
			s += p.ID + " "
		}
		return strings.TrimSpace(s)
	}
	for _, c := range []struct {
		seq    int64
		reader string
		rooms  []string
		limit  int
		want   string
	}{
		{at[2], "ben", []string{"a"}, 9, "c3 c4 c1"},
		{at[2], "anna", []string{"a"}, 9, "c3 c4 private c1"},
		{at[2], "ben", []string{"a", "b"}, 3, "c3 c4 other"},
		{0, "ben", []string{"a"}, 2, "c0 c2"},
		{0, "ben", nil, 9, ""},
	} {
		if got := ids(c.seq, c.reader, c.rooms, c.limit); got != c.want {
			t.Errorf("since %d for %s in %v: %q, want %q", c.seq, c.reader, c.rooms, got, c.want)
		}
	}
}

// missesNothing: whoever reads a head and then everything up to it never learns
// of a smaller number later.
func missesNothing(t *testing.T, k console.Keep) {
	const writers, each = 4, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if _, _, err := k.Append(ctx, console.Post{ID: fmt.Sprintf("w%d-%d", w, i), Place: place("a", "", ""), Card: card("x"), At: start}); err != nil {
					t.Errorf("Append: %v", err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	seen, last := map[string]bool{}, int64(0)
	read := func() {
		head, err := k.Head(ctx)
		if err != nil {
			t.Errorf("Head: %v", err)
		}
		got, err := k.Since(ctx, last, "ben", []string{"a"}, 1000)
		if err != nil {
			t.Errorf("Since: %v", err)
		}
		for _, p := range got {
			seen[p.ID] = true
		}
		last = head
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		read()
	}
	if len(seen) != writers*each {
		t.Errorf("saw %d of %d", len(seen), writers*each)
	}
}

func unread(t *testing.T, k console.Keep) {
	var last console.Post
	for i := range 3 {
		last = add(t, k, console.Post{ID: fmt.Sprintf("c%d", i), Place: place("a", "", ""), Card: card("x")})
	}
	add(t, k, console.Post{ID: "m", Place: place("a", "c1", ""), By: chat.Account{ID: "anna"}, Text: "mine"})
	add(t, k, console.Post{ID: "p", Place: place("a", "", "anna"), Card: card("x")})
	add(t, k, console.Post{ID: "b", Place: place("b", "", ""), Card: card("x")})
	add(t, k, console.Post{ID: "z", Place: place("z", "", ""), Card: card("x")})
	rooms := []string{"a", "b"}
	if n := must[map[string]int](t)(k.Unread(ctx, "anna", rooms)); n["a"] != 4 || n["b"] != 1 || n["z"] != 0 {
		t.Errorf("anna: %v", n)
	}
	if n := must[map[string]int](t)(k.Unread(ctx, "ben", rooms)); n["a"] != 4 || n["b"] != 1 {
		t.Errorf("ben: %v", n)
	}
	ok(t, k.MarkRead(ctx, "anna", "a", last.Num))
	ok(t, k.MarkRead(ctx, "anna", "a", 1))
	if n := must[map[string]int](t)(k.Unread(ctx, "anna", rooms)); n["a"] != 1 || n["b"] != 1 {
		t.Errorf("anna, having read: %v", n)
	}
	if n := must[map[string]int](t)(k.Unread(ctx, "ben", nil)); len(n) != 0 {
		t.Errorf("no rooms: %v", n)
	}
}

func forms(t *testing.T, k console.Keep) {
	f := console.Asked{ID: "f1", Person: "anna", Place: place("a", "c", ""), At: start,
		Form: chat.Form{Token: "tok", Title: "退款", Submit: "Go", Inputs: []chat.FormInput{{Name: "n", Kind: chat.Choice, Options: []chat.Option{{Value: "v", Label: "l"}}}}}}
	ok(t, k.AskForm(ctx, f))
	ok(t, k.AskForm(ctx, console.Asked{ID: "f2", Person: "ben", At: start}))
	other := f
	other.Person = "ben"
	ok(t, k.AskForm(ctx, other))
	got, found, err := k.Form(ctx, "f1")
	if err != nil || !found || got.Person != "anna" || got.Seq == 0 || got.Place != f.Place || fmt.Sprint(got.Form) != fmt.Sprint(f.Form) || !got.At.Equal(start) {
		t.Fatalf("form %+v, %v, %v", got, found, err)
	}
	if open := must[[]console.Asked](t)(k.FormsSince(ctx, 0, "anna")); len(open) != 1 || open[0].ID != "f1" {
		t.Errorf("open: %+v", open)
	}
	ok(t, k.CloseForm(ctx, "f1", "key-1"))
	ok(t, k.CloseForm(ctx, "f1", "key-2"))
	if open := must[[]console.Asked](t)(k.FormsSince(ctx, 0, "anna")); len(open) != 0 {
		t.Errorf("open after it was closed: %+v", open)
	}
	changed := must[[]console.Asked](t)(k.FormsSince(ctx, got.Seq, "anna"))
	if len(changed) != 1 || changed[0].ClosedBy != "key-1" || changed[0].Seq <= got.Seq {
		t.Errorf("changed: %+v", changed)
	}
	if _, found, err := k.Form(ctx, "no"); found || err != nil {
		t.Errorf("no form: %v, %v", found, err)
	}
}

func sessions(t *testing.T, k console.Keep) {
	ok(t, k.AddSession(ctx, console.Session{Hash: "old", Person: "anna", At: start.Add(-2 * time.Hour), Until: start.Add(-time.Hour)}))
	ok(t, k.AddSession(ctx, console.Session{Hash: "h", Person: "anna", At: start, Until: start.Add(time.Hour)}))
	s, found, err := k.Session(ctx, "h")
	if err != nil || !found || s.Person != "anna" || s.Hash != "h" || !s.Until.Equal(start.Add(time.Hour)) {
		t.Errorf("session %+v, %v, %v", s, found, err)
	}
	ok(t, k.DropSession(ctx, "h"))
	ok(t, k.DropSession(ctx, "h"))
	for _, h := range []string{"h", "none"} {
		if _, found, err := k.Session(ctx, h); found || err != nil {
			t.Errorf("session %s: %v, %v", h, found, err)
		}
	}
}

func files(t *testing.T, k console.Keep) {
	f := console.StoredFile{ID: "f", Name: "图.png", MIME: "image/png", Place: place("a", "", "anna"), By: "anna", At: start, Data: []byte{0, 1, 255, 0}}
	ok(t, k.AddFile(ctx, f))
	again := f
	again.Data = []byte("other")
	ok(t, k.AddFile(ctx, again))
	got, found, err := k.File(ctx, "f")
	if err != nil || !found || got.Name != f.Name || got.MIME != f.MIME || got.Place != f.Place || got.By != "anna" || !slices.Equal(got.Data, f.Data) {
		t.Errorf("file %+v, %v, %v", got, found, err)
	}
	if _, found, err := k.File(ctx, "no"); found || err != nil {
		t.Errorf("no file: %v, %v", found, err)
	}
}
