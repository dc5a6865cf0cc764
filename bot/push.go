package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/connectors"
)

// LaneHook is where what platforms told us is worked, and LaneQueue where their
// queues are listened to: a queue is waited at for long.
const (
	LaneHook  = "hook"
	LaneQueue = "queue"
)

// MaxHook is how large a delivery may be.
const MaxHook = 4 << 20

// verifyTime is how long checking a signature may take: platforms wait for five
// seconds in all.
const verifyTime = 3 * time.Second

// forgedMany is how many forged deliveries in a row are worth a person: some
// strangers knock at every door.
const forgedMany = 20

// The days for which a delivery is known again, and for which its text is kept
// if nobody has worked it.
const (
	hookLife = 21 * 24 * time.Hour
	rawLife  = 7 * 24 * time.Hour
)

// door counts what comes to a store's address. It is kept in memory: strangers
// must not be able to make the database write.
type door struct {
	// forged counts in all, row since the last genuine one.
	forged, row atomic.Int64
}

func (d *Desk) door(storeID string) *door {
	x, _ := d.doors.LoadOrStore(storeID, &door{})
	return x.(*door)
}

// Forged is how many forged deliveries have come for a store since the start.
func (d *Desk) Forged(storeID string) int64 { return d.door(storeID).forged.Load() }

// HookEndpoint is the address that a store's platform is given; empty without a
// public address.
func (d *Desk) HookEndpoint(storeID string) string {
	if d.PublicURL == "" {
		return ""
	}
	return strings.TrimRight(d.PublicURL, "/") + "/hooks/" + url.PathEscape(storeID)
}

// Hook takes in what a platform calls with. 200 means that it is written down;
// whatever goes wrong on our side makes the platform call again. endpoint is the
// address that was called, as the platform knows it.
func (d *Desk) Hook(ctx context.Context, storeID string, h http.Header, q url.Values, raw []byte, endpoint string) (status int, contentType string, body []byte) {
	answer := func(status int) (int, string, []byte) {
		return status, "text/plain; charset=utf-8", []byte(http.StatusText(status) + "\n")
	}
	s, ok := d.Shop(storeID)
	if !ok {
		return answer(http.StatusNotFound)
	}
	p, ok := s.Shop.(connectors.Pushed)
	if !ok {
		return answer(http.StatusNotFound)
	}
	if len(raw) == 0 {
		if contentType, body, ok := p.Challenge(q, endpoint); ok {
			return http.StatusOK, contentType, body
		}
	}
	if len(raw) > MaxHook {
		return answer(http.StatusRequestEntityTooLarge)
	}
	ctx, stop := context.WithTimeout(ctx, verifyTime)
	defer stop()
	events, err := p.Verify(ctx, h, raw)
	if connectors.KindOf(err) == connectors.Invalid && err != nil {
		d.forgery(context.WithoutCancel(ctx), s, err)
		return answer(http.StatusUnauthorized)
	}
	if err != nil {
		d.Log.WarnContext(ctx, "a delivery cannot be checked now", "store", s.ID, "err", err)
		return answer(http.StatusServiceUnavailable)
	}
	// Ids that the platform forgot: the same bytes are the same news.
	for i := range events {
		if events[i].ID == "" {
			sum := sha256.Sum256(append([]byte(events[i].Topic+"\x00"+events[i].Order+"\x00"+events[i].Ref+"\x00"), raw...))
			events[i].ID = "?" + hex.EncodeToString(sum[:16])
		}
	}
	if _, err := d.takeIn(ctx, s, events); err != nil {
		d.Log.ErrorContext(ctx, "a delivery could not be written down", "store", s.ID, "err", err)
		return answer(http.StatusServiceUnavailable)
	}
	if onlyTests(events) {
		return answer(http.StatusOK) // some platforms do not sign them: they prove nothing
	}
	if d.door(s.ID).row.Swap(0) >= forgedMany {
		if err := d.DB.Write(ctx, func(tx *store.Tx) error { return d.ended(tx, alerts.Hooks, s.ID) }); err != nil {
			d.Log.WarnContext(ctx, "an alert could not be ended", "store", s.ID, "err", err)
		}
	}
	return answer(http.StatusOK)
}

// onlyTests: the platform tries whether we listen, and no more.
func onlyTests(events []connectors.Event) bool {
	return !slices.ContainsFunc(events, func(e connectors.Event) bool { return e.Kind != connectors.EventTest })
}

// forgery counts a delivery that the platform has not signed.
func (d *Desk) forgery(ctx context.Context, s *Store, cause error) {
	x := d.door(s.ID)
	x.forged.Add(1)
	row := x.row.Add(1)
	if row > forgedMany {
		return // strangers must not be able to fill the log either
	}
	d.Log.WarnContext(ctx, "a delivery is not the platform's", "store", s.ID, "row", row, "err", cause)
	if row != forgedMany {
		return
	}
	if err := d.DB.Write(ctx, func(tx *store.Tx) error {
		return d.fire(tx, alerts.News{Kind: alerts.Hooks, Store: s.ID, Severity: alerts.Warning, Detail: map[string]string{"what": "forged"}})
	}); err != nil {
		d.Log.ErrorContext(ctx, "no alert could be made of it", "store", s.ID, "err", err)
	}
}

// takeIn writes events down, each once, with what they say has to be read, and
// the job that reads it, in one transaction. It tells how many were new.
func (d *Desk) takeIn(ctx context.Context, s *Store, events []connectors.Event) (fresh int, err error) {
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		fresh = 0
		woken := map[string]bool{}
		for _, x := range d.addressed(s, events) {
			e, of := x.e, x.of
			if !woken[of.ID] {
				// Also what makes this wait for a reader that is just finishing.
				if err := touchPush(tx, of.ID); err != nil {
					return err
				}
			}
			news, marked, err := d.note(tx, of, e)
			if err != nil {
				return err
			}
			if news {
				fresh++
			}
			woken[of.ID] = woken[of.ID] || marked
		}
		for id, marked := range woken {
			if !marked {
				continue
			}
			if err := addHook(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	return fresh, err
}

// addressed is an event and the store that it is for.
type addressed struct {
	e  connectors.Event
	of *Store
}

// addressed tells whom events are for. A buyer who is to be forgotten, and whom
// the platform does not tie to a seller, is forgotten in all its stores: such
// requests come once for an application, however many sellers it serves.
func (d *Desk) addressed(s *Store, events []connectors.Event) []addressed {
	var out []addressed
	for _, e := range events {
		of := d.addressee(s, e)
		out = append(out, addressed{e, of})
		if e.Kind != connectors.EventPrivacy || e.Account != "" {
			continue
		}
		for _, x := range d.EveryShop() {
			if x != of && x.Shop.Info().Platform == s.Shop.Info().Platform {
				out = append(out, addressed{e, x})
			}
		}
	}
	return out
}

// addressee is the store that an event is for: an application has one queue, or
// one address, for all its sellers.
func (d *Desk) addressee(s *Store, e connectors.Event) *Store {
	own := s.Shop.Info()
	if e.Account == "" || e.Account == own.Account {
		return s
	}
	for _, x := range d.EveryShop() {
		if info := x.Shop.Info(); info.Platform == own.Platform && info.Account == e.Account {
			return x
		}
	}
	return s
}

// foreign says of an event that it is for a seller whom the desk does not know.
func foreign(s *Store, e connectors.Event) bool {
	own := s.Shop.Info().Account
	return e.Account != "" && own != "" && e.Account != own
}

// marks say what has to be read. One of an order is followed by its id.
const (
	markOrder    = "order/"
	markOrders   = "orders"
	markMessages = "messages"
	markItems    = "items"
	markReturns  = "returns"
	markHealth   = "health"
	markPrivacy  = "privacy/"
)

// markOf is what an event says has to be read; empty: nothing.
func markOf(e connectors.Event) string {
	switch e.Kind {
	case connectors.EventOrder, connectors.EventRefund, connectors.EventShipment:
		if e.Order != "" {
			return markOrder + e.Order
		}
		return markOrders
	case connectors.EventDispute:
		if e.Order != "" {
			return markOrder + e.Order
		}
	case connectors.EventMessage:
		return markMessages
	case connectors.EventItem, connectors.EventStock:
		return markItems
	case connectors.EventReturn:
		return markReturns
	case connectors.EventGone, connectors.EventScopes:
		return markHealth
	case connectors.EventPrivacy:
		return markPrivacy + e.ID
	}
	return ""
}

// note writes one event down. It tells whether it was new, and whether there is
// something to read.
func (d *Desk) note(tx *store.Tx, s *Store, e connectors.Event) (news, marked bool, err error) {
	mark, note, done := markOf(e), "", int64(0)
	if foreign(s, e) {
		mark, note = "", "for another account"
	}
	if mark == "" {
		done = tx.Now()
	}
	told := int64(0)
	if !e.At.IsZero() {
		told = e.At.UnixMilli()
	}
	n, err := tx.Exec(`INSERT INTO hook(store, id, topic, kind, order_ref, ref, mark, raw, note, told, at, done)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (store, id) DO NOTHING`,
		s.ID, plainText(e.ID), plainText(e.Topic), string(e.Kind), plainText(e.Order), plainText(e.Ref), plainText(mark),
		plainText(string(e.Raw)), note, told, tx.Now(), done)
	if err != nil || n == 0 {
		return false, false, err
	}
	if e.Kind == connectors.EventPrivacy && mark != "" {
		if err := d.privacyAsked(tx, s, e); err != nil {
			return false, false, err
		}
	}
	if mark == "" {
		return true, false, nil
	}
	return true, true, setMark(tx, s.ID, plainText(mark))
}

// setMark says that something has to be read.
func setMark(tx *store.Tx, storeID, mark string) error {
	_, err := tx.Exec(`INSERT INTO hook_mark(store, mark, n, at, due) VALUES (?, ?, 1, ?, ?)
		ON CONFLICT (store, mark) DO UPDATE SET n = hook_mark.n + 1, due = excluded.due, tries = 0`, storeID, mark, tx.Now(), tx.Now())
	return err
}

// plainText is text that every database takes.
func plainText(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "�")
}

// QueueArgs is listening to a platform's queue.
type QueueArgs struct {
	Store string `json:"store"`
}

// Kind names the job.
func (QueueArgs) Kind() string { return "queue" }

// idleQueue is how long a queue is left alone that is not set up.
const idleQueue = 10 * time.Minute

// queue takes what a platform's queue has. Events are acknowledged once they are
// written down; what comes again is known.
func (d *Desk) queue(ctx context.Context, j jobs.Job[QueueArgs]) error {
	s, ok := d.reach(ctx, j.Args.Store)
	if !ok {
		return nil
	}
	p, ok := s.Shop.(connectors.Pulled)
	if !ok {
		return nil
	}
	ctx = connectors.WithPriority(ctx, connectors.Sync)
	for {
		events, err := p.Receive(ctx)
		if err != nil {
			return d.queueFailed(ctx, s, err)
		}
		if len(events) == 0 {
			return nil
		}
		if _, err := d.takeIn(ctx, s, events); err != nil {
			return err
		}
		if err := p.Ack(ctx, events...); err != nil {
			return d.queueFailed(ctx, s, err)
		}
	}
}

func (d *Desk) queueFailed(ctx context.Context, s *Store, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	k := connectors.KindOf(cause)
	d.Log.WarnContext(ctx, "a queue could not be read", "store", s.ID, "kind", k.String(), "err", cause)
	if k == connectors.Unsupported {
		return jobs.Snooze(idleQueue)
	}
	if k == connectors.Busy {
		return jobs.Snooze(max(connectors.RetryAfterOf(cause), time.Second))
	}
	if err := d.DB.Write(ctx, func(tx *store.Tx) error { return setPush(tx, s.ID, "", false, cause.Error()) }); err != nil {
		return err
	}
	return jobs.Snooze(max(connectors.RetryAfterOf(cause), 30*time.Second))
}

// SubscribeArgs is looking whether a platform still tells us what is new.
type SubscribeArgs struct {
	Store string `json:"store"`
}

// Kind names the job.
func (SubscribeArgs) Kind() string { return "subscribe" }

// subscribeEvery is how often a platform is asked what it sends where.
const subscribeEvery = 24 * time.Hour

// subscribe makes sure that a platform sends us all we want: after each start,
// daily, and again soon while it does not.
func (d *Desk) subscribe(ctx context.Context, j jobs.Job[SubscribeArgs]) error {
	s, ok := d.reach(ctx, j.Args.Store)
	if !ok {
		return nil
	}
	endpoint := d.HookEndpoint(s.ID)
	var ps Push
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		ps, err = pushState(tx, s.ID)
		return err
	}); err != nil {
		return err
	}
	if ps.OK && ps.Endpoint == endpoint && !ps.Checked.Before(d.born.Truncate(time.Millisecond)) && d.Now().Sub(ps.Checked) < subscribeEvery {
		return nil
	}
	ctx = connectors.WithPriority(ctx, connectors.Sync)
	down, err := d.subscribed(ctx, s, endpoint)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	k := connectors.KindOf(err)
	if err != nil {
		d.Log.WarnContext(ctx, "a platform does not send us what is new", "store", s.ID, "kind", k.String(), "err", err)
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if down != "" {
			// What was not told meanwhile is looked for.
			if err := d.fire(tx, alerts.News{Kind: alerts.Hooks, Store: s.ID, Severity: alerts.Warning,
				Detail: map[string]string{"what": "down", "code": down}}); err != nil {
				return err
			}
			if err := jobs.Add(tx, ReconcileArgs{Store: s.ID, Deep: true}, jobs.Key("reconcile/"+s.ID+"/deep")); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
			if err := setPush(tx, s.ID, endpoint, true, ""); err != nil {
				return err
			}
			if down == "" && d.door(s.ID).row.Load() < forgedMany {
				return d.ended(tx, alerts.Hooks, s.ID)
			}
			return nil
		case k == connectors.Unsupported, k == connectors.Busy:
		case k == connectors.Reauthorise, k == connectors.AppBroken:
			if err := d.troubled(tx, s, alerts.Sync, err); err != nil {
				return err
			}
		case k == connectors.Down, k == connectors.Unsure:
		default:
			if err := d.fire(tx, alerts.News{Kind: alerts.Hooks, Store: s.ID, Severity: alerts.Warning,
				Detail: map[string]string{"what": "refused", "code": codeOf(err)}}); err != nil {
				return err
			}
		}
		return setPush(tx, s.ID, endpoint, false, err.Error())
	})
}

// subscribed asks for everything. down is the platform's word for why it had
// stopped sending.
func (d *Desk) subscribed(ctx context.Context, s *Store, endpoint string) (down string, err error) {
	if p, ok := s.Shop.(connectors.Pulled); ok {
		if err := p.Queue(ctx); err != nil || d.onlyPulled(s) {
			return "", err
		}
	}
	p, ok := s.Shop.(connectors.Pushed)
	if !ok || endpoint == "" {
		return "", &connectors.Error{Kind: connectors.Unsupported, Platform: s.Shop.Info().Platform, Op: "subscribe", Code: "no public address"}
	}
	had, err := p.Subscriptions(ctx)
	if err != nil {
		return "", err
	}
	for _, x := range had {
		if !x.OK && (x.Endpoint == "" || x.Endpoint == endpoint) {
			if down = x.Why; down == "" {
				down = x.Topic
			}
		}
	}
	return down, p.Subscribe(ctx, endpoint)
}

func (d *Desk) onlyPulled(s *Store) bool {
	_, pushed := s.Shop.(connectors.Pushed)
	return !pushed
}

// Push is how it stands with what a platform tells us by itself.
type Push struct {
	Endpoint string
	// OK: all that we want is sent.
	OK      bool
	Checked time.Time
	Error   string
	// Events counts what came; Last is when.
	Events int64
	Last   time.Time
}

// well tells whether the platform can be relied on to tell what is new.
func (p Push) well(now int64) bool {
	return p.OK && now-p.Checked.UnixMilli() < (subscribeEvery+time.Hour).Milliseconds()
}

// PushOf reads how it stands with what a store's platform tells us.
func (d *Desk) PushOf(ctx context.Context, storeID string) (p Push, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		p, err = pushState(tx, storeID)
		return err
	})
	return p, err
}
