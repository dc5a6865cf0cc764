package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	slackgo "github.com/slack-go/slack"

	"helloworld/bot/chat"
)

// Words are the few words that Slack asks the adapter for.
type Words interface {
	// Cancel is what the button says that takes a press back, in at most 30
	// letters.
	Cancel(lang string) string
}

// Config is what an adapter is made with. The tokens are secret and are never
// printed; everything else may be left out.
type Config struct {
	BotToken, AppToken string
	// BaseURL is the root of the Web API, https://slack.com/api/ if empty.
	BaseURL string
	HTTP    *http.Client
	Log     *slog.Logger
	Now     func() time.Time
	// Sockets is how many are open at once: 2 if zero, 10 at most.
	Sockets int
	Words   Words
}

// Transport is Slack. Make it with [New].
type Transport struct {
	bot, app string
	base     *url.URL
	http     *http.Client
	// api is the library's client; all it sends goes through a [wire]. hooks
	// answers by response URLs.
	api     *slackgo.Client
	hooks   *http.Client
	log     *slog.Logger
	now     func() time.Time
	sockets int
	words   Words
	people  *people
	// ping and silence are pingEvery and silence, but in tests.
	ping, silence time.Duration

	mu sync.Mutex
	me identity
	// twins remembers which of the two events of one mention was heard.
	twins twins
}

// identity is who the desk is in the workspace.
type identity struct {
	user, bot, name, team string
}

var (
	_ chat.Transport = (*Transport)(nil)
	_ chat.Editor    = (*Transport)(nil)
	_ chat.Asker     = (*Transport)(nil)
	_ chat.Finder    = (*Transport)(nil)
	_ chat.Fetcher   = (*Transport)(nil)
	_ chat.Checker   = (*Transport)(nil)
)

// maxSockets is how many Slack allows one app.
const maxSockets = 10

// New makes an adapter. It does no I/O.
func New(c Config) (*Transport, error) {
	if c.BotToken == "" || c.AppToken == "" {
		return nil, errors.New("slack: the bot token and the app token are both needed")
	}
	if c.BaseURL == "" {
		c.BaseURL = "https://slack.com/api/"
	}
	base, err := url.Parse(strings.TrimRight(c.BaseURL, "/") + "/")
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("slack: %q is no address of a Web API", c.BaseURL)
	}
	if c.Sockets < 0 || c.Sockets > maxSockets {
		return nil, fmt.Errorf("slack: %d sockets; 1 to %d are possible", c.Sockets, maxSockets)
	}
	t := &Transport{
		bot: c.BotToken, app: c.AppToken, base: base, http: c.HTTP, log: c.Log, now: c.Now, sockets: c.Sockets,
		words: c.Words, people: newPeople(), ping: pingEvery, silence: silence,
	}
	if t.sockets == 0 {
		t.sockets = 2
	}
	if t.http == nil {
		t.http = &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConns: 128, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 12 * time.Second, ForceAttemptHTTP2: true,
		}}
	}
	w := wire{base: base.String(), bot: c.BotToken, http: t.http}
	t.api = slackgo.New(c.BotToken, slackgo.OptionAppLevelToken(c.AppToken), slackgo.OptionAPIURL(w.base), slackgo.OptionHTTPClient(w))
	t.hooks = &http.Client{Transport: w}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if t.now == nil {
		t.now = time.Now
	}
	return t, nil
}

// Name is "slack".
func (t *Transport) Name() string { return "slack" }

// Limits are Slack's, with a little room for the marks that the renderer adds.
// The pace is what Slack promises; it lets bursts pass that it does not promise.
// What goes out by a response URL counts towards none of it: such an address has
// five uses of its own.
func (t *Transport) Limits(at chat.Place) chat.Limits {
	l := chat.Limits{
		Unit: chat.UTF16, Message: 11000, Text: 2900, Title: 140, Foot: 1900, FieldText: 900, ButtonText: 75,
		Parts: 40, FieldsPerPart: 20, Buttons: 25, Confirm: 300,
		Images: true, Threads: true, Edits: true, Private: true, Forms: true,
		Every: time.Second, Overall: 150 * time.Millisecond, EditEvery: 1200 * time.Millisecond,
	}
	if at.Only != "" && !direct(at.Channel) {
		if _, ok := t.fresh(at.Answering); ok {
			l.Every, l.Overall = 0, 0
		}
	}
	return l
}

// Post says c at a place, to everyone there or to one person.
func (t *Transport) Post(ctx context.Context, to chat.Place, c chat.Card) (chat.Ref, error) {
	m := t.render(c)
	m.ThreadTimestamp = to.Thread
	if to.Only != "" && !direct(to.Channel) {
		return t.whisper(ctx, to, m, c)
	}
	return t.say(ctx, to, m, c)
}

func (t *Transport) say(ctx context.Context, to chat.Place, m message, c chat.Card) (chat.Ref, error) {
	channel, ts, err := t.api.PostMessageContext(ctx, to.Channel, options(m, c.Key)...)
	if err != nil {
		return chat.Ref{}, failed("chat.postMessage", err)
	}
	if ts == "" {
		return chat.Ref{}, &chat.Error{Kind: chat.Unsure, Code: "no_ts", Err: errors.New("slack: the answer to a post names no message")}
	}
	ref := chat.Ref{Place: chat.Place{Chat: t.Name(), Channel: channel, Thread: to.Thread}, ID: ts}
	t.attach(ctx, ref, c)
	return ref, nil
}

// whisper says m to one person: by the handle of what they did, else by an
// ephemeral message, else in their direct chat.
func (t *Transport) whisper(ctx context.Context, to chat.Place, m message, c chat.Card) (chat.Ref, error) {
	ref := chat.Ref{Place: to, ID: "private"}
	ref.Answering = ""
	if link, ok := t.fresh(to.Answering); ok {
		switch err := t.respond(ctx, link, m); {
		case err == nil:
			return ref, nil
		case chat.KindOf(err) != chat.Expired && chat.KindOf(err) != chat.Gone:
			return chat.Ref{}, err
		}
	}
	ts, err := t.api.PostEphemeralContext(ctx, to.Channel, to.Only, options(m, "")...)
	if err == nil {
		ref.ID = ts
		return ref, nil
	}
	if err = failed("chat.postEphemeral", err); chat.KindOf(err) != chat.Gone {
		return chat.Ref{}, err
	}
	own, _, _, err := t.api.OpenConversationContext(ctx, &slackgo.OpenConversationParameters{Users: []string{to.Only}})
	if err != nil {
		return chat.Ref{}, failed("conversations.open", err)
	}
	if own == nil {
		return chat.Ref{}, &chat.Error{Kind: chat.Gone, Code: "no_channel", Err: errors.New("slack: there is no direct chat with them")}
	}
	m.ThreadTimestamp = ""
	return t.say(ctx, chat.Place{Chat: t.Name(), Channel: own.ID}, m, c)
}

// responseLife is how long a response URL is used: Slack gives it 30 minutes.
const responseLife = 29 * time.Minute

// handle makes [chat.Place.Answering] of a response URL.
func (t *Transport) handle(link string) string {
	if link == "" {
		return ""
	}
	return strconv.FormatInt(t.now().Unix(), 10) + " " + link
}

// fresh gives the response URL of a handle that is not too old.
func (t *Transport) fresh(handle string) (string, bool) {
	at, link, ok := strings.Cut(handle, " ")
	unix, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || link == "" || t.now().Sub(time.Unix(unix, 0)) > responseLife {
		return "", false
	}
	return link, true
}

// direct tells whether a channel is a direct chat: what is said there is private.
func direct(channel string) bool { return strings.HasPrefix(channel, "D") }

// Edit changes what was posted. What only one person sees cannot be changed.
func (t *Transport) Edit(ctx context.Context, r chat.Ref, c chat.Card) error {
	if r.Only != "" && !direct(r.Channel) {
		return &chat.Error{Kind: chat.Gone, Code: "ephemeral", Err: errors.New("slack: an ephemeral message cannot be edited")}
	}
	_, _, _, err := t.api.UpdateMessageContext(ctx, r.Channel, r.ID, options(t.render(c), c.Key)...)
	return failed("chat.update", err)
}

const (
	cardEvent = "desk_card"
	// lookBack is how far before the last known post the search begins: Slack's
	// clock decides the ids, and two posts may pass each other.
	lookBack  = 5 * time.Second
	pageSize  = 200
	mostPages = 10
)

// Find looks for a card by its key in the channel's or the thread's history.
// Private answers are in no history, and are never found.
func (t *Transport) Find(ctx context.Context, at chat.Place, after chat.Ref, c chat.Card) (chat.Ref, bool, error) {
	if c.Key == "" || at.Only != "" && !direct(at.Channel) {
		return chat.Ref{}, false, nil
	}
	from := ""
	if last, ok := tsTime(after.ID); ok {
		from = tsOf(last.Add(-lookBack))
	}
	cursor := ""
	for range mostPages {
		all, more, err := t.page(ctx, at, from, cursor)
		if err != nil {
			return chat.Ref{}, false, err
		}
		for _, m := range all {
			if m.Metadata.EventType == cardEvent && m.Metadata.EventPayload["key"] == c.Key {
				ref := chat.Ref{Place: at.Root(), ID: m.Timestamp}
				ref.Thread = at.Thread
				return ref, true, nil
			}
		}
		if more == "" {
			return chat.Ref{}, false, nil
		}
		cursor = more
	}
	return chat.Ref{}, false, &chat.Error{Kind: chat.Unsure, Code: "too_much_history", Err: errors.New("slack: too much was said since to look through")}
}

// page is a page of a channel's or a thread's history, and the next one's cursor.
func (t *Transport) page(ctx context.Context, at chat.Place, from, cursor string) ([]slackgo.Message, string, error) {
	p := slackgo.GetConversationHistoryParameters{ChannelID: at.Channel, Oldest: from, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true}
	if at.Thread == "" {
		got, err := t.api.GetConversationHistoryContext(ctx, &p)
		if err != nil {
			return nil, "", failed("conversations.history", err)
		}
		return got.Messages, got.ResponseMetaData.NextCursor, nil
	}
	all, _, next, err := t.api.GetConversationRepliesContext(ctx, &slackgo.GetConversationRepliesParameters{
		ChannelID: p.ChannelID, Timestamp: at.Thread, Oldest: from, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
	})
	return all, next, failed("conversations.replies", err)
}

// tsTime is the time in a message's id.
func tsTime(ts string) (time.Time, bool) {
	sec, frac, _ := strings.Cut(ts, ".")
	s, err := strconv.ParseInt(sec, 10, 64)
	if err != nil || s <= 0 {
		return time.Time{}, false
	}
	us, err := strconv.ParseInt((frac + "000000")[:6], 10, 64)
	if err != nil || us < 0 {
		us = 0
	}
	return time.Unix(s, us*1000), true
}

func tsOf(at time.Time) string { return fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000) }

// Check tries the bot token.
func (t *Transport) Check(ctx context.Context) (string, error) {
	me, err := t.whoAmI(ctx)
	if err != nil {
		return "", err
	}
	return me.name + " (" + me.team + ")", nil
}

func (t *Transport) whoAmI(ctx context.Context) (identity, error) {
	got, err := t.api.AuthTestContext(ctx)
	if err != nil {
		return identity{}, failed("auth.test", err)
	}
	me := identity{user: got.UserID, bot: got.BotID, name: got.User, team: got.Team}
	t.mu.Lock()
	t.me = me
	t.mu.Unlock()
	return me, nil
}
