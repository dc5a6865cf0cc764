package console

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
)

// Name is the transport's name.
const Name = "console"

// Config is what a console is made of.
type Config struct {
	Keep   Keep
	People Directory
	Words  Words
	// Channels lists the rooms an account may see, in the order of the page. The
	// person's own room with the desk is added by the console.
	Channels func(ctx context.Context, a chat.Account) ([]Channel, error)
	// May tells whether an account may use a command of the menu; nil: all may.
	May func(ctx context.Context, a chat.Account, command string) bool
	// Demo lets whoever reaches this machine over loopback be anybody that
	// [Directory.Demo] names. Never set it where the people are real.
	Demo bool
	// PublicURL is the address people use, if a proxy stands before the console.
	PublicURL string
	// Now is the clock; nil for the computer's.
	Now func() time.Time
	// Random makes ids and secrets; nil for the system's.
	Random io.Reader
	// Beat is the time between signs of life on an idle stream (default 15 s),
	// Poll the time between looks for what another replica kept (default 1 s).
	Beat, Poll time.Duration
	// Log is never given anything that a person wrote. nil for none.
	Log *slog.Logger
}

// Transport is the console. It is safe for use by several goroutines.
type Transport struct {
	keep     Keep
	people   Directory
	words    Words
	channels func(ctx context.Context, a chat.Account) ([]Channel, error)
	may      func(ctx context.Context, a chat.Account, command string) bool
	demo     bool
	secure   bool
	origin   *http.CrossOriginProtection
	now      func() time.Time
	random   io.Reader
	beat     time.Duration
	poll     time.Duration
	log      *slog.Logger
	langs    []Language
	matcher  language.Matcher
	mux      *http.ServeMux
	hub      hub

	mu      sync.Mutex
	menus   map[string][]chat.MenuItem
	handler chat.Handler
	run     context.Context // while Run runs
	busy    sync.WaitGroup  // handlers and streams that Run waits for
}

var (
	_ chat.Transport = (*Transport)(nil)
	_ chat.Editor    = (*Transport)(nil)
	_ chat.Asker     = (*Transport)(nil)
	_ chat.Finder    = (*Transport)(nil)
	_ chat.Menus     = (*Transport)(nil)
	_ chat.Fetcher   = (*Transport)(nil)
	_ http.Handler   = (*Transport)(nil)
)

// New makes a console. It does no I/O.
func New(c Config) (*Transport, error) {
	if c.Keep == nil || c.People == nil || c.Words == nil || c.Channels == nil {
		return nil, errors.New("console: Keep, People, Words and Channels are needed")
	}
	t := &Transport{
		keep: c.Keep, people: c.People, words: c.Words, channels: c.Channels, may: c.May, demo: c.Demo,
		now: c.Now, random: c.Random, beat: c.Beat, poll: c.Poll, log: c.Log,
		langs: c.Words.Languages(), menus: map[string][]chat.MenuItem{},
		origin: http.NewCrossOriginProtection(),
	}
	if len(t.langs) == 0 {
		return nil, errors.New("console: Words has no language")
	}
	tags := make([]language.Tag, len(t.langs))
	for i, l := range t.langs {
		tag, err := language.Parse(l.Tag)
		if err != nil {
			return nil, fmt.Errorf("console: language %q: %w", l.Tag, err)
		}
		tags[i] = tag
	}
	t.matcher = language.NewMatcher(tags)
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, errors.New("console: PublicURL is not a web address")
		}
		t.secure = u.Scheme == "https"
		if err := t.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, fmt.Errorf("console: PublicURL: %w", err)
		}
	}
	if t.may == nil {
		t.may = func(context.Context, chat.Account, string) bool { return true }
	}
	if t.now == nil {
		t.now = time.Now
	}
	if t.random == nil {
		t.random = rand.Reader
	}
	if t.beat <= 0 {
		t.beat = 15 * time.Second
	}
	if t.poll <= 0 {
		t.poll = time.Second
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	t.mux = t.routes()
	return t, nil
}

// Name is "console".
func (t *Transport) Name() string { return Name }

// Run lets people in until ctx ends; before and after, what they do is refused
// with a sentence. It waits for what is being handled.
func (t *Transport) Run(ctx context.Context, h chat.Handler) error {
	// Streams and handlers end with the inner context, so that they also end
	// where Run does not leave by ctx.
	run, cancel := context.WithCancel(ctx)
	t.mu.Lock()
	if t.handler != nil {
		t.mu.Unlock()
		cancel()
		return errors.New("console: is running already")
	}
	t.handler, t.run = h, run
	t.mu.Unlock()
	defer t.busy.Wait()
	defer cancel()
	defer func() {
		t.mu.Lock()
		t.handler, t.run = nil, nil
		t.mu.Unlock()
	}()
	tick := time.NewTicker(t.poll)
	defer tick.Stop()
	var head int64
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if !t.hub.watched() {
				continue
			}
			if n, err := t.keep.Head(ctx); err != nil {
				t.log.Warn("console cannot read its store", "err", err)
			} else if n != head {
				head = n
				t.hub.wake()
			}
		}
	}
}

// enter joins a run: ctx ends when Run is told to end, and Run waits for leave.
func (t *Transport) enter() (ctx context.Context, h chat.Handler, leave func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.handler == nil {
		return nil, nil, nil, false
	}
	t.busy.Add(1)
	return t.run, t.handler, t.busy.Done, true
}

// handle gives an event to the desk. It does not end with the browser's request:
// a closed tab must not stop what was already sent.
func (t *Transport) handle(e chat.Event) error {
	ctx, h, leave, ok := t.enter()
	if !ok {
		return errStarting
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return h(ctx, e)
}

var errStarting = errors.New("console is not running")

// Limits are generous: a page scrolls.
func (t *Transport) Limits(chat.Place) chat.Limits {
	return chat.Limits{
		Unit: chat.Runes, Text: maxText, Title: 300, Foot: 1000, FieldText: 2000, ButtonText: 80,
		FieldsPerPart: 50, Buttons: 25, Confirm: 300,
		Images: true, Threads: true, Edits: true, Private: true, Forms: true,
	}
}

// maxText bounds one message or part, in letters.
const maxText = 100_000

// Post keeps c and shows it to whoever may see the place.
func (t *Transport) Post(ctx context.Context, to chat.Place, c chat.Card) (chat.Ref, error) {
	if err := ctx.Err(); err != nil {
		return chat.Ref{}, &chat.Error{Kind: chat.Down, Code: "too_late", Err: err}
	}
	if err := t.exists(ctx, to); err != nil {
		return chat.Ref{}, err
	}
	to.Chat, to.Answering = Name, ""
	key := c.Key
	if key != "" {
		// Asked before the pictures are kept, lest a repeated post keep them again.
		if p, ok, err := t.keep.ByKey(ctx, to.Channel, to.Only, key); err != nil {
			return chat.Ref{}, wrap(err)
		} else if ok {
			return refOf(p), nil
		}
	}
	c, err := t.store(ctx, to, c)
	if err != nil {
		return chat.Ref{}, err
	}
	id, err := t.newID()
	if err != nil {
		return chat.Ref{}, err
	}
	p, _, err := t.keep.Append(ctx, Post{ID: "c" + id, Place: to, Key: key, Card: &c, At: t.now()})
	if err != nil {
		return chat.Ref{}, wrap(err)
	}
	t.hub.wake()
	return refOf(p), nil
}

// exists refuses places that nobody will ever look at. Which common rooms there
// are depends on who asks, so those are taken as they come.
func (t *Transport) exists(ctx context.Context, at chat.Place) error {
	if at.Channel == "" {
		return &chat.Error{Kind: chat.Gone, Code: "no_channel"}
	}
	who := at.Only
	if owner, ok := strings.CutPrefix(at.Channel, "@"); ok {
		who = owner
	}
	if who == "" {
		return nil
	}
	_, ok, err := t.people.Person(ctx, who)
	if err != nil {
		return &chat.Error{Kind: chat.Down, Code: "directory", Err: err}
	}
	if !ok {
		return &chat.Error{Kind: chat.Gone, Code: "no_such_person"}
	}
	return nil
}

// Edit repaints a card.
func (t *Transport) Edit(ctx context.Context, r chat.Ref, c chat.Card) error {
	c, err := t.store(ctx, r.Place, c)
	if err != nil {
		return err
	}
	found, err := t.keep.Edit(ctx, r.Channel, r.ID, c, t.now())
	if err != nil {
		return wrap(err)
	}
	if !found {
		return &chat.Error{Kind: chat.Gone, Code: "no_such_card"}
	}
	t.hub.wake()
	return nil
}

// Find looks for a card by its key.
func (t *Transport) Find(ctx context.Context, at chat.Place, _ chat.Ref, c chat.Card) (chat.Ref, bool, error) {
	if c.Key == "" {
		return chat.Ref{}, false, nil
	}
	p, ok, err := t.keep.ByKey(ctx, at.Channel, at.Only, c.Key)
	if err != nil || !ok {
		return chat.Ref{}, false, wrap(err)
	}
	return refOf(p), true, nil
}

// Ask opens a form on the person's pages, now or when they next look. Asking
// twice with one token asks once.
func (t *Transport) Ask(ctx context.Context, to chat.Trigger, f chat.Form) error {
	if !to.Until.IsZero() && to.Until.Before(t.now()) {
		return &chat.Error{Kind: chat.Expired, Code: "trigger_expired"}
	}
	if to.Account.ID == "" {
		return &chat.Error{Kind: chat.Rejected, Code: "nobody_to_ask"}
	}
	id := hashID("form", f.Token, to.Account.ID)
	if f.Token == "" {
		var err error
		if id, err = t.newID(); err != nil {
			return err
		}
	}
	to.Place.Chat, to.Place.Answering = Name, ""
	if err := t.replace(ctx, id, to.Account.ID, f.About); err != nil {
		return wrap(err)
	}
	err := t.keep.AskForm(ctx, Asked{ID: id, Person: to.Account.ID, Place: to.Place, Form: f, At: t.now()})
	if err != nil {
		return wrap(err)
	}
	t.hub.wake()
	return nil
}

// replaced is the beginning of what closed a form in whose stead another is asked.
const replaced = "replaced:"

// replace closes a person's open forms about the same, before the form id is
// asked: else each press of a button would leave one that waits for ever.
func (t *Transport) replace(ctx context.Context, id, person, about string) error {
	if about == "" {
		return nil
	}
	// A form that is asked once more is no newer than what came since.
	if _, ok, err := t.keep.Form(ctx, id); err != nil || ok {
		return err
	}
	open, err := t.keep.FormsSince(ctx, 0, person)
	if err != nil {
		return err
	}
	for _, a := range open {
		if a.Form.About != about {
			continue
		}
		if err := t.keep.CloseForm(ctx, a.ID, replaced+id); err != nil {
			return err
		}
	}
	return nil
}

// Fetch brings a file that somebody sent.
func (t *Transport) Fetch(ctx context.Context, f chat.File) ([]byte, string, error) {
	if f.Data != nil {
		return f.Data, f.MIME, nil
	}
	s, ok, err := t.keep.File(ctx, f.ID)
	if err != nil {
		return nil, "", &chat.Error{Kind: chat.Down, Code: "store", Err: err}
	}
	if !ok {
		return nil, "", &chat.Error{Kind: chat.Gone, Code: "no_such_file"}
	}
	return s.Data, s.MIME, nil
}

// SetMenu sets the commands offered while somebody types, for one language; the
// empty language is for all others.
func (t *Transport) SetMenu(_ context.Context, lang string, items []chat.MenuItem) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.menus[lang] = slices.Clone(items)
	return nil
}

// menu is the list for a language: its own, that of its base ("zh" for zh-CN),
// or the one for everybody.
func (t *Transport) menu(lang string) []chat.MenuItem {
	t.mu.Lock()
	defer t.mu.Unlock()
	base, _, _ := strings.Cut(lang, "-")
	for _, l := range []string{lang, base, "", t.langs[0].Tag} {
		if m, ok := t.menus[l]; ok {
			return m
		}
	}
	return nil
}

// menuOf is what of the menu somebody may use.
func (t *Transport) menuOf(ctx context.Context, v *visitor) []chat.MenuItem {
	return slices.DeleteFunc(slices.Clone(t.menu(v.lang)), func(m chat.MenuItem) bool { return !t.may(ctx, v.account(), m.Name) })
}

// store moves the pictures of a card into the keep.
func (t *Transport) store(ctx context.Context, at chat.Place, c chat.Card) (chat.Card, error) {
	c.Key = ""
	c.Parts = slices.Clone(c.Parts)
	for i, p := range c.Parts {
		if p.File == nil || p.File.Data == nil {
			continue
		}
		f := *p.File
		// The content names the file, so that painting a card again keeps its
		// pictures once, and an unchanged card stays unchanged.
		f.MIME = kindOf(f.Data, f.MIME)
		f.ID = hashID("file", at.Channel, at.Only, f.MIME, string(f.Data))
		err := t.keep.AddFile(ctx, StoredFile{ID: f.ID, Name: f.Name, MIME: f.MIME, Place: at, At: t.now(), Data: f.Data})
		if err != nil {
			return c, wrap(err)
		}
		f.Size, f.Data, f.URL = int64(len(f.Data)), nil, ""
		c.Parts[i].File = &f
	}
	return c, nil
}

func refOf(p Post) chat.Ref {
	at := p.Place
	at.Chat, at.Answering = Name, ""
	return chat.Ref{Place: at, ID: p.ID}
}

// wrap marks a failure of the store: whether it took effect is not known.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	return &chat.Error{Kind: chat.Unsure, Code: "store", Err: err}
}

var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// newID makes an id that nobody guesses.
func (t *Transport) newID() (string, error) {
	b, err := t.secret(15)
	if err != nil {
		return "", err
	}
	return strings.ToLower(letters.EncodeToString(b)), nil
}

func (t *Transport) secret(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(t.random, b); err != nil {
		return nil, &chat.Error{Kind: chat.Down, Code: "no_randomness", Err: err}
	}
	return b, nil
}
