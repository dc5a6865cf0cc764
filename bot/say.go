package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// EventArgs is a chat event on its way to the router.
type EventArgs struct {
	Event chat.Event `json:"event"`
}

// Kind names the job.
func (EventArgs) Kind() string { return "event" }

// Handle takes a chat event in: once it returns nil the event is written down,
// exactly once, and will be dealt with.
func (d *Desk) Handle(ctx context.Context, e chat.Event) error {
	e, err := d.sealedEvent(e)
	if err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		fresh, err := tx.Exec(`INSERT INTO seen(key, at) VALUES (?, ?) ON CONFLICT (key) DO NOTHING`, e.Place.Chat+"/"+e.Key, tx.Now())
		if err != nil || fresh == 0 {
			return err
		}
		return jobs.Add(tx, EventArgs{e}, jobs.Lane(LaneIn), jobs.Order("in/"+e.Place.Chat+"/"+e.Account.ID+"/"+e.Place.Channel))
	})
}

// PostArgs is something to say. Either Card is said, or the card of what stands
// in shown under the id Shown.
type PostArgs struct {
	Place chat.Place `json:"place"`
	Card  *chat.Card `json:"card,omitempty"`
	Shown string     `json:"shown,omitempty"`
	// After is a message known to be older than this post.
	After chat.Ref `json:"after,omitzero"`
}

// Kind names the job.
func (PostArgs) Kind() string { return "post" }

// EditArgs is a card to be drawn again.
type EditArgs struct {
	Shown string `json:"shown"`
}

// Kind names the job.
func (EditArgs) Kind() string { return "edit" }

// Say says a card once. It is said after tx has committed, and not otherwise. more
// is how else its job is added.
func (d *Desk) Say(tx *store.Tx, to chat.Place, c chat.Card, after chat.Ref, more ...jobs.Opt) error {
	if _, ok := d.chats[to.Chat]; !ok {
		return fmt.Errorf("bot: there is no chat called %q", to.Chat)
	}
	c.Key = tx.NewID()
	c, err := d.arm(tx, c, "", c.Key)
	if err != nil {
		return err
	}
	return jobs.Add(tx, PostArgs{Place: to, Card: &c, After: after}, append(d.out(to, c.Key), more...)...)
}

func (d *Desk) out(to chat.Place, key string) []jobs.Opt {
	opts := []jobs.Opt{jobs.Lane(OutLane(to.Chat)), jobs.MaxAttempts(1000)}
	if key != "" {
		opts = append(opts, jobs.Key("post/"+key))
	}
	if to.Only == "" {
		// Private answers depend on nothing said before, and their handles expire.
		opts = append(opts, inOrder(to)...)
	}
	return opts
}

// inOrder is the place's order. In a channel one thing is said after another, for
// what may have been said is looked for after what certainly was. But what stands
// in a thread is what somebody works on, such as the draft of an answer: it does
// not wait until the morning's letters are all announced in the channel.
func inOrder(at chat.Place) []jobs.Opt {
	opts := []jobs.Opt{jobs.Order("out/" + at.Key())}
	if at.Thread != "" {
		opts = append(opts, jobs.Ahead())
	}
	return opts
}

// Whisper answers an event so that only the person who caused it sees it.
func (d *Desk) Whisper(tx *store.Tx, e chat.Event, c chat.Card) error {
	to := e.Place
	to.Only = e.Account.ID
	return d.Say(tx, to, c, e.Ref)
}

// WhisperAll answers as Whisper does, with cards that are read one after another.
func (d *Desk) WhisperAll(tx *store.Tx, e chat.Event, cards []chat.Card) error {
	order := jobs.Order("out/" + tx.NewID())
	to := e.Place
	to.Only = e.Account.ID
	for _, c := range cards {
		if err := d.Say(tx, to, c, e.Ref, order); err != nil {
			return err
		}
	}
	return nil
}

// Reply answers an event where it happened, for everyone there.
func (d *Desk) Reply(tx *store.Tx, e chat.Event, c chat.Card) error {
	to := e.Place
	to.Answering = ""
	return d.Say(tx, to, c, e.Ref)
}

// Show puts a matter's card up at a place, once; if it is there already it is
// repainted.
func (d *Desk) Show(tx *store.Tx, matter string, to chat.Place, lang language.Tag) error {
	if _, ok := d.chats[to.Chat]; !ok {
		return fmt.Errorf("bot: there is no chat called %q", to.Chat)
	}
	to.Only, to.Answering = "", ""
	place, err := json.Marshal(to)
	if err != nil {
		return err
	}
	id := tx.NewID()
	n, err := tx.Exec(`INSERT INTO shown(id, matter, place, chat, channel, lang, at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (matter, place) DO NOTHING`, id, matter, string(place), to.Chat, to.Channel, lang.String(), tx.Now())
	if err != nil {
		return err
	}
	if n == 0 {
		return d.Repaint(tx, matter)
	}
	return jobs.Add(tx, PostArgs{Place: to, Shown: id}, d.out(to, id)...)
}

// ShowIn puts a matter's card up in every channel for a topic of a store. It
// tells in how many.
func (d *Desk) ShowIn(tx *store.Tx, matter string, topic Topic, storeID string) (int, error) {
	chans := d.channels(topic, storeID)
	for _, c := range chans {
		if err := d.Show(tx, matter, c.Place, c.Lang); err != nil {
			return 0, err
		}
	}
	return len(chans), nil
}

// Repaint draws a matter's card again wherever it stands.
func (d *Desk) Repaint(tx *store.Tx, matter string) error {
	rows, err := tx.Query(`UPDATE shown SET want = want + 1 WHERE matter = ? RETURNING id, place`, matter)
	if err != nil {
		return err
	}
	type one struct {
		id string
		at chat.Place
	}
	var all []one
	for rows.Next() {
		var o one
		var place string
		if err := rows.Scan(&o.id, &place); err != nil {
			rows.Close()
			return err
		}
		if err := json.Unmarshal([]byte(place), &o.at); err != nil {
			rows.Close()
			return err
		}
		all = append(all, o)
	}
	if err := rows.Close(); err != nil {
		return err
	}
	for _, o := range all {
		if err := redraw(tx, o.id, o.at); err != nil {
			return err
		}
	}
	return rows.Err()
}

// redraw has the card under an id of shown drawn again, in its place's order. If
// it is not posted yet, its post draws the newest state.
func redraw(tx *store.Tx, shown string, at chat.Place) error {
	opts := []jobs.Opt{jobs.Lane(OutLane(at.Chat)), jobs.Key("edit/" + shown), jobs.MaxAttempts(1000)}
	return jobs.Add(tx, EditArgs{shown}, append(opts, inOrder(at)...)...)
}

// painter draws a matter's card from its state. facts is what the buttons are
// bound to.
type painter func(ctx context.Context, tx *store.Tx, id string, p *i18n.Printer) (c chat.Card, facts string, err error)

// draw draws a matter's card and arms its buttons.
func (d *Desk) draw(tx *store.Tx, matter, lang string) (chat.Card, error) {
	kind, id, _ := strings.Cut(matter, ":")
	paint, ok := d.cards[kind]
	if !ok {
		return chat.Card{}, fmt.Errorf("bot: no card for %q", matter)
	}
	p := i18n.For(language.Make(lang))
	c, facts, err := paint(tx.Context(), tx, id, p)
	if err != nil {
		return c, fmt.Errorf("bot: draw %s: %w", matter, err)
	}
	c.Lang = p.Lang().String()
	return d.arm(tx, c, matter, facts)
}

// MatterAt tells which matter's card a thread hangs from, or the empty string.
func (d *Desk) MatterAt(tx *store.Tx, at chat.Place) (string, error) {
	if at.Thread == "" {
		return "", nil
	}
	rows, err := tx.Query(`SELECT matter FROM shown WHERE chat = ? AND channel = ? AND root = ? ORDER BY at`, at.Chat, at.Channel, at.Thread)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	matter := ""
	if rows.Next() {
		err = rows.Scan(&matter)
	}
	if err == nil {
		err = rows.Err()
	}
	return matter, err
}

// heard remembers a message at a place where the desk has said nothing yet: what
// it is about to say there is younger, and is looked for after it.
func (d *Desk) heard(tx *store.Tx, e chat.Event) error {
	if e.Ref.ID == "" {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO said(chat, channel, last) VALUES (?, ?, ?) ON CONFLICT (chat, channel) DO NOTHING`,
		e.Place.Chat, e.Place.Channel, e.Ref.ID)
	return err
}

// unplacedFor is how long a card whose place is not known may still turn up.
const unplacedFor = time.Hour

// Unplaced tells whether a card was on its way to a channel before a time and
// nobody knows yet where it stands. A thread there may hang from it.
func (d *Desk) Unplaced(tx *store.Tx, at chat.Place, before time.Time) (bool, error) {
	var n int
	err := tx.Row(`SELECT COUNT(*) FROM shown WHERE chat = ? AND channel = ? AND refs = '' AND at < ? AND at > ?`,
		at.Chat, at.Channel, before.UnixMilli(), before.Add(-unplacedFor).UnixMilli()).Scan(&n)
	return n > 0, err
}

// Matters reads a matter's parts: "msg:M7" is kind msg, id M7.
func Matters(matter string) (kind, id string, err error) {
	kind, id, ok := strings.Cut(matter, ":")
	if !ok {
		return "", "", fmt.Errorf("bot: %q is not a matter", matter)
	}
	return kind, id, nil
}
