package telegram

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-telegram/bot/models"
	"golang.org/x/text/language"

	"helloworld/bot/chat"
)

// Name is the transport's name in every [chat.Place].
const Name = "telegram"

// Secret is the bot's token. It prints as •••.
type Secret string

const masked = "•••"

// String hides it.
func (Secret) String() string { return masked }

// GoString hides it.
func (Secret) GoString() string { return masked }

// LogValue hides it.
func (Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalText hides it.
func (Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// Roots knows the first message of a thread that was posted to before this
// process began. channel is a [chat.Place]'s.
type Roots interface {
	Root(channel, message string) (root string, ok bool)
}

// Dialogues keeps half-filled forms across restarts. Values are small. Loading
// what is not there is no error.
type Dialogues interface {
	Load(ctx context.Context, key string) (value []byte, ok bool, err error)
	Save(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
}

// Config is what a Transport is made from. Only Token is needed.
type Config struct {
	Token Secret
	// BaseURL is the API's address; empty means Telegram's own.
	BaseURL string
	// HTTP is the client; nil means one that keeps enough connections.
	HTTP *http.Client
	Log  *slog.Logger
	// Now is the clock, for events that Telegram gives no time to. Nil means time.Now.
	Now func() time.Time
	// Apart is the least time between any two posts. 0 means 35 ms, for the thirty
	// a second that Telegram allows; negative means none, for a bot that is
	// allowed more.
	Apart time.Duration
	// PollTimeout is how long one getUpdates waits for news. 0 means 30 s.
	PollTimeout time.Duration
	// Grace is how long a press waits for a private answer. 0 means a second.
	Grace time.Duration
	// Words are what the transport says itself; nil means English.
	Words Words
	// Roots may be nil.
	Roots Roots
	// Dialogues nil keeps half-filled forms in memory.
	Dialogues Dialogues
}

// Transport is a bot on Telegram.
type Transport struct {
	cfg   Config
	api   *api
	log   *slog.Logger
	now   func() time.Time
	words Words
	forms Dialogues

	me       atomic.Pointer[models.User]
	roots    *memory[place, int]
	photos   *memory[place, bool]
	settled  *memory[place, bool] // posts whose outcome is known
	posted   *memory[string, chat.Ref]
	probed   *memory[string, int]
	newest   atomic.Int64 // highest message id seen in the row that small chats share
	answers  *answers
	held     [64]sync.Mutex // forms, by hash
	ephemera atomic.Int32   // whether the server knows messages that one member sees
}

var _ interface {
	chat.Transport
	chat.Editor
	chat.Asker
	chat.Finder
	chat.Fetcher
	chat.Checker
	chat.Menus
} = (*Transport)(nil)

// place is a message in a chat.
type place struct {
	chat int64
	id   int
}

var tokenShape = regexp.MustCompile(`^\d+:[A-Za-z0-9_-]+$`)

// New makes a Transport. It does no I/O; [Transport.Check] tries the token.
func New(cfg Config) (*Transport, error) {
	if !tokenShape.MatchString(string(cfg.Token)) {
		return nil, errors.New("telegram: the token must look like 123456:ABC-DEF")
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = "https://api.telegram.org"
	}
	if u, err := url.Parse(cfg.BaseURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("telegram: %q is not an address", cfg.BaseURL)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Apart == 0 {
		cfg.Apart = 35 * time.Millisecond
	}
	if cfg.PollTimeout <= 0 {
		cfg.PollTimeout = 30 * time.Second
	}
	if cfg.Grace <= 0 {
		cfg.Grace = time.Second
	}
	if cfg.Words == nil {
		cfg.Words = English
	}
	if cfg.Dialogues == nil {
		cfg.Dialogues = &memoryDialogues{kept: map[string][]byte{}}
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			ForceAttemptHTTP2:     true,
			MaxIdleConns:          128,
			MaxIdleConnsPerHost:   128,
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   10 * time.Second,
			ExpectContinueTimeout: time.Second,
		}}
	}
	client := *cfg.HTTP
	// A redirect would carry the token, which is part of the address, elsewhere.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t := &Transport{cfg: cfg, log: cfg.Log, now: cfg.Now, words: cfg.Words, forms: cfg.Dialogues,
		api:     &api{base: strings.TrimRight(cfg.BaseURL, "/"), token: string(cfg.Token), http: &client},
		roots:   newMemory[place, int](20000),
		photos:  newMemory[place, bool](5000),
		settled: newMemory[place, bool](20000),
		posted:  newMemory[string, chat.Ref](20000),
		probed:  newMemory[string, int](1000),
	}
	t.answers = newAnswers(t)
	return t, nil
}

// Name is "telegram".
func (t *Transport) Name() string { return Name }

// Limits tells what fits at a place: what Telegram's documentation promises,
// less what our own markup takes.
func (t *Transport) Limits(at chat.Place) chat.Limits {
	l := chat.Limits{
		Unit:    chat.UTF16,
		Message: messageLimit - 96,
		Parts:   40, ButtonText: 64, Buttons: 30,
		Images: true, Threads: true, Edits: true, Private: true, Forms: true,
		Every: time.Second, Overall: max(t.cfg.Apart, 0), EditEvery: 3 * time.Second,
	}
	if strings.HasPrefix(at.Channel, "-") {
		l.PerMinute = 20
	}
	return l
}

// Check asks Telegram who the bot is.
func (t *Transport) Check(ctx context.Context) (string, error) {
	u, err := t.getMe(ctx)
	if err != nil {
		return "", err
	}
	return "@" + u.Username, nil
}

func (t *Transport) getMe(ctx context.Context) (*models.User, error) {
	var u models.User
	if err := t.api.call(ctx, "getMe", nil, &u); err != nil {
		return nil, err
	}
	t.me.Store(&u)
	return &u, nil
}

// myID is the bot's account, which is also the first part of its token.
func (t *Transport) myID() int64 {
	if u := t.me.Load(); u != nil {
		return u.ID
	}
	head, _, _ := strings.Cut(string(t.cfg.Token), ":")
	id, _ := strconv.ParseInt(head, 10, 64)
	return id
}

func (t *Transport) username() string {
	if u := t.me.Load(); u != nil {
		return u.Username
	}
	return ""
}

var commandName = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

// SetMenu shows items to people whose client speaks lang; "" or "und" is for
// everyone whose language has no menu of its own.
func (t *Transport) SetMenu(ctx context.Context, lang string, items []chat.MenuItem) error {
	params := struct {
		Commands []models.BotCommand `json:"commands"`
		Scope    struct {
			Type string `json:"type"`
		} `json:"scope"`
		Language string `json:"language_code,omitempty"`
	}{Commands: []models.BotCommand{}}
	params.Scope.Type = "default"
	if lang != "" && lang != "und" {
		tag, err := language.Parse(lang)
		if err != nil {
			return &chat.Error{Kind: chat.Rejected, Code: "language", Err: fmt.Errorf("%q is not a language: %w", lang, err)}
		}
		base, _ := tag.Base()
		if params.Language = base.String(); len(params.Language) != 2 {
			return &chat.Error{Kind: chat.Rejected, Code: "language", Err: fmt.Errorf("no two-letter code for %q", lang)}
		}
	}
	for _, it := range items {
		if !commandName.MatchString(it.Name) {
			return &chat.Error{Kind: chat.Rejected, Code: "command", Err: fmt.Errorf("%q cannot be a command's name here", it.Name)}
		}
		help := chat.Shorten(chat.Clean(it.Help), 256, chat.UTF16)
		if help == "" {
			help = it.Name
		}
		if len(params.Commands) == 100 {
			t.log.Warn("the menu holds 100 commands; the rest is left out", "first_left_out", it.Name)
			break
		}
		params.Commands = append(params.Commands, models.BotCommand{Command: it.Name, Description: help})
	}
	return t.api.call(ctx, "setMyCommands", params, nil)
}

// channel reads a place's channel: "chat" or "chat/topic".
func channel(s string) (chatID int64, topic int, err error) {
	head, tail, has := strings.Cut(s, "/")
	chatID, err = strconv.ParseInt(head, 10, 64)
	if err == nil && has {
		topic, err = strconv.Atoi(tail)
	}
	if err != nil || chatID == 0 {
		return 0, 0, &chat.Error{Kind: chat.Rejected, Code: "channel", Err: fmt.Errorf("%q is not a chat's id", s)}
	}
	return chatID, topic, nil
}

func channelOf(chatID int64, topic int) string {
	s := strconv.FormatInt(chatID, 10)
	if topic != 0 {
		s += "/" + strconv.Itoa(topic)
	}
	return s
}

// shared tells whether a chat numbers its messages together with all other
// small chats of the bot. Supergroups and channels, whose ids begin with -100
// and ten more digits, have their own row.
func shared(chatID int64) bool { return chatID > -1000000000000 }
