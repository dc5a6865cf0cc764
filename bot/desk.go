package bot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/audit"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/policy"
	"helloworld/bot/rates"
	"helloworld/bot/stepup"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/connectors/tracking"
	"helloworld/glossary"
	"helloworld/i18n"
	"helloworld/i18n/translate"
)

// The lanes: what runs beside what. The outbox has one lane per chat, named by
// [OutLane], so that a slow network holds up nobody else.
const (
	LaneIn    = "in"
	LaneWords = "words"
	LaneShop  = "shop"
	LaneMoney = "money"
	LaneHouse = "house"
)

// OutLane is the outbox lane of a chat.
func OutLane(chatName string) string { return "out." + chatName }

// Options are what the desk is made of.
type Options struct {
	DB     *store.DB
	Jobs   *jobs.Engine
	People *people.Book
	Audit  *audit.Log
	Words  *translate.Pipeline
	// Book offers the phrases that agents can answer with; may be nil.
	Book *glossary.Book
	// Key is the desk's own secret; tokens are made with it.
	Key      []byte
	Stores   []Store
	Chats    []chat.Transport
	Channels []Channel
	Policy   Policy
	// Rates are what currencies are worth in the policy's own; nil: not known.
	Rates *rates.Book
	// Replies say which answers go out by themselves; the zero value: none.
	Replies Replies
	// After is what follows refunds; the zero value: nothing.
	After Aftermath
	// Pull is how often messages and orders are looked for.
	Pull time.Duration
	// Zone is the time zone of cards in channels.
	Zone *time.Location
	// PublicURL is the address under which the platforms reach the desk; empty if
	// they cannot.
	PublicURL string
	// ConsoleURL is the address under which people open the web console; empty if
	// there is none.
	ConsoleURL string
	// Keeper keeps credentials; nil means that no store can be connected from here.
	Keeper connectors.Keeper
	// Seal seals what people answer in secret, and StepUp keeps with what they prove
	// who they are. Without them nobody can, and nothing that takes a proof is approved.
	Seal   *store.Sealer
	StepUp *stepup.Book
	// Opener makes stores that are not in the configuration; may be nil.
	Opener Opener
	// Track are the tracking services; nil: there are none.
	Track *tracking.Services
	// Web fetches pictures that platforms only link to; nil means [Web] without
	// exceptions.
	Web *http.Client
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Policy is who decides on money. Votes 0 means nobody can.
type Policy struct {
	Votes int
	// Expiry is how long an ask waits, and Escalation what happens while it does.
	Expiry     time.Duration
	Escalation Escalation
	// UnsureFor is how long an unknown outcome is looked up before a person is
	// asked.
	UnsureFor time.Duration
	// Settle is how long a call whose answer was lost may still be under way at a
	// platform that does not know keys. Only after it is "not there" believed.
	Settle time.Duration
	// RiskRefunds and RiskShare say from how many refunds in ninety days, and from
	// how many of a hundred orders, a buyer's history is a reason to look twice.
	RiskRefunds, RiskShare int
	// BreakGlass: a manager or an admin may carry a refund out alone, loudly.
	BreakGlass bool
	// Rules are whose approvals a refund takes, when and how much a day; without
	// any it is Votes managers.
	Rules policy.Rules
}

// Store is a shop's account and the mailbox beside it.
type Store struct {
	ID, Name string
	Shop     connectors.Connector
	// Mail carries buyers' messages where the platform has no message API; may be nil.
	Mail connectors.Connector
	// Consent is the page where the seller grants access again, if there is one.
	Consent string
	// Local: its buyers' words never leave this machine.
	Local bool
}

// Channel is a place where the desk speaks unasked.
type Channel struct {
	Place chat.Place
	Name  string
	Lang  language.Tag
	// Stores are the stores it is for; "*" stands for all.
	Stores []string
	// Topics are what is said there.
	Topics []Topic
}

// Topic is a kind of news.
type Topic string

// The topics.
const (
	TopicMessages  Topic = "messages"
	TopicApprovals Topic = "approvals"
	TopicAlerts    Topic = "alerts"
)

// Topics are all topics.
var Topics = []Topic{TopicMessages, TopicApprovals, TopicAlerts}

// Desk is the desk.
type Desk struct {
	Options
	shelf shelf
	chats map[string]chat.Transport
	pace  *pacer
	cards map[string]painter
	words words
	// moved maps a channel's old id to its new one.
	moved sync.Map
	// doors count what comes to the stores' addresses; born is when the desk began.
	doors sync.Map
	born  time.Time
}

// New makes a desk and registers its workers with the engine.
func New(ctx context.Context, o Options) (*Desk, error) {
	d := &Desk{Options: o, chats: map[string]chat.Transport{}}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	d.born = d.Now()
	if d.Web == nil {
		d.Web = Web()
	}
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	if d.Pull <= 0 {
		d.Pull = time.Minute
	}
	if d.Policy.Expiry <= 0 {
		d.Policy.Expiry = 24 * time.Hour
	}
	if d.Policy.RiskRefunds <= 0 {
		d.Policy.RiskRefunds = 3
	}
	if d.Policy.RiskShare <= 0 {
		d.Policy.RiskShare = 50
	}
	if d.Policy.UnsureFor <= 0 {
		d.Policy.UnsureFor = 15 * time.Minute
	}
	if d.Policy.Settle <= 0 {
		d.Policy.Settle = time.Minute
	}
	for i := range o.Stores {
		if err := d.shelf.put(&o.Stores[i]); err != nil {
			return nil, err
		}
	}
	for _, t := range o.Chats {
		if _, dup := d.chats[t.Name()]; dup {
			return nil, fmt.Errorf("bot: two chats are called %q", t.Name())
		}
		d.chats[t.Name()] = t
	}
	for i := range d.Channels {
		// Cards are written in, and translated into, the languages the desk speaks.
		d.Channels[i].Lang = i18n.For(d.Channels[i].Lang).Lang()
	}
	d.pace = newPacer(d.Now)
	d.paint()
	d.work()
	if err := d.LoadAccounts(ctx); err != nil {
		return nil, err
	}
	d.startWords()
	if err := d.LoadTerms(ctx); err != nil {
		return nil, err
	}
	return d, d.loadMoved(ctx)
}

// work registers the workers.
func (d *Desk) work() {
	// Posts and edits are added to their chat's own lane.
	jobs.Handle(d.Jobs, LaneHouse, d.post)
	jobs.Handle(d.Jobs, LaneHouse, d.edit)
	jobs.Handle(d.Jobs, LaneShop, d.pull)
	jobs.Handle(d.Jobs, LaneWords, d.translateIn)
	jobs.Handle(d.Jobs, LaneShop, d.send)
	jobs.Handle(d.Jobs, LaneHouse, d.autoSend)
	jobs.Handle(d.Jobs, LaneShop, d.sendForm)
	jobs.Handle(d.Jobs, LaneMoney, d.payOut)
	jobs.Handle(d.Jobs, LaneHouse, d.handOver)
	jobs.Handle(d.Jobs, LaneShop, d.batchLook)
	jobs.Handle(d.Jobs, LaneMoney, d.batchRun)
	jobs.Handle(d.Jobs, LaneWords, d.tell)
	jobs.Handle(d.Jobs, LaneShop, d.restock)
	jobs.Handle(d.Jobs, LaneShop, d.lookReturns)
	jobs.Handle(d.Jobs, LaneShop, d.ledger)
	jobs.Handle(d.Jobs, LaneHouse, d.nightly)
	jobs.Handle(d.Jobs, LaneShop, d.resync)
	jobs.Handle(d.Jobs, LaneHouse, d.sweep)
	jobs.Handle(d.Jobs, LaneHouse, d.calendar)
	jobs.Handle(d.Jobs, LaneHouse, d.quality)
	jobs.Handle(d.Jobs, LaneHouse, d.auditHead)
	jobs.Handle(d.Jobs, LaneHouse, d.fetchRates)
	d.mirror()
	for _, s := range d.shelf.all() {
		d.tend(s)
	}
	d.Jobs.Every("sweep", 10*time.Second, SweepArgs{})
	d.Jobs.Every("calendar", calendarEvery, CalendarArgs{})
	d.Jobs.Every("quality", qualityEvery, QualityArgs{})
	d.Jobs.Every("audit_head", headEvery, HeadArgs{})
	if d.After.Days > 0 {
		d.Jobs.Every("ledger_night", nightEvery, NightArgs{})
	}
	if d.Rates != nil && d.Rates.Fetch {
		d.Jobs.Every("rates", ratesEvery, RatesArgs{})
	}
}

// Chat finds a transport by name.
func (d *Desk) Chat(name string) (chat.Transport, bool) {
	t, ok := d.chats[name]
	return t, ok
}

// ChatNames lists the transports.
func (d *Desk) ChatNames() []string {
	out := make([]string, 0, len(d.chats))
	for n := range d.chats {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// Refunder is the store's way of giving money back, if it has one.
func (s *Store) Refunder() (connectors.Refunder, bool) {
	r, ok := s.Shop.(connectors.Refunder)
	return r, ok
}

// Orders is the store's way of reading orders, if it has one.
func (s *Store) Orders() (connectors.OrderReader, bool) {
	r, ok := s.Shop.(connectors.OrderReader)
	return r, ok
}

// Inbox is the store's way of reading buyers' messages: the platform's own, or
// the mailbox.
func (s *Store) Inbox() (connectors.Inbox, bool) {
	if in, ok := s.Shop.(connectors.Inbox); ok {
		return in, true
	}
	in, ok := s.Mail.(connectors.Inbox)
	return in, ok
}

// Messenger is the store's way of writing to buyers.
func (s *Store) Messenger() (connectors.Messenger, bool) {
	if m, ok := s.Shop.(connectors.Messenger); ok {
		return m, true
	}
	m, ok := s.Mail.(connectors.Messenger)
	return m, ok
}

// Caps is what the store's shop and mailbox can do together.
func (s *Store) Caps() connectors.Caps {
	caps := connectors.CapsOf(s.Shop)
	if s.Mail != nil {
		for name := range connectors.CapsOf(s.Mail) {
			caps[name] = true
		}
	}
	return caps
}

// channels are the places for a topic of a store.
func (d *Desk) channels(topic Topic, storeID string) []Channel {
	var out []Channel
	for _, c := range d.Channels {
		if !slices.Contains(c.Topics, topic) {
			continue
		}
		if storeID == "" || slices.Contains(c.Stores, people.EveryStore) || slices.Contains(c.Stores, storeID) {
			out = append(out, c)
		}
	}
	return out
}

// next counts up: R1, R2, …
func next(tx *store.Tx, name, prefix string) (string, error) {
	var n int64
	err := tx.Row(`INSERT INTO counter(name, n) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1 RETURNING n`, name).Scan(&n)
	return fmt.Sprintf("%s%d", prefix, n), err
}

var b32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// mark is a keyed hash in 26 letters.
func (d *Desk) mark(parts ...string) string {
	mac := hmac.New(sha256.New, d.Key)
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return strings.ToLower(b32.EncodeToString(mac.Sum(nil)[:16]))
}

// Deed is somebody doing something: who, where, and how the asking is finished.
type Deed struct {
	Who   people.Person
	Event chat.Event
	P     *i18n.Printer
	// Proof is what they typed to prove who they are; empty: nothing.
	Proof string
	// Finish ends the event's job inside the deed's own transaction, so that a
	// deed is done once however often its event is tried.
	Finish func(tx *store.Tx) error
}

// commit runs the deed's transaction.
func (d *Desk) commit(ctx context.Context, by Deed, fn func(tx *store.Tx) error) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		if by.Finish == nil {
			return nil
		}
		return by.Finish(tx)
	})
}
