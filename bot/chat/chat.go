package chat

import (
	"context"
	"errors"
	"time"
)

// Transport is a chat network. These four methods are enough to join.
type Transport interface {
	// Name is the transport's short name, unique in one desk: "slack".
	Name() string
	// Run receives until ctx ends, giving every event to h. A nil from h is the
	// permission to acknowledge the event to the network; after an error the
	// event must be delivered again or left unacknowledged. Run reconnects by
	// itself and returns early only when it can never work (a bad token).
	Run(ctx context.Context, h Handler) error
	// Post says c at to. It does not pace and does not retry: the caller owns
	// both. c must already fit [Limits] (see [Fit]). An error is one of the
	// kinds below, found with [KindOf]; an error of kind [Unsure] means that the
	// card may have been posted.
	Post(ctx context.Context, to Place, c Card) (Ref, error)
	// Limits tells what can be said at a place, and how fast. It does no I/O.
	Limits(at Place) Limits
}

// Handler takes an event. It returns nil only once the event is written down.
type Handler func(ctx context.Context, e Event) error

// Editor is a transport that can change what it has posted. Editing a card to
// what it already shows is a success.
type Editor interface {
	Edit(ctx context.Context, r Ref, c Card) error
}

// Asker is a transport that can ask with a form: a modal, a dialogue, a page.
// The answer arrives as an [Event] of kind [Filled] with the form's Token.
type Asker interface {
	Ask(ctx context.Context, to Trigger, f Form) error
}

// Finder is a transport that can tell whether a card with this [Card.Key] was
// already posted at a place. It is asked before anything whose outcome is
// unknown is posted again. after is the last post known to have worked there
// (zero if none); the network may need it to know where to start looking. c is
// the card that would be posted, already fitted.
type Finder interface {
	Find(ctx context.Context, at Place, after Ref, c Card) (Ref, bool, error)
}

// Menus is a transport that shows people which commands there are.
type Menus interface {
	SetMenu(ctx context.Context, lang string, items []MenuItem) error
}

// Fetcher is a transport that can bring the bytes of a file someone sent.
type Fetcher interface {
	Fetch(ctx context.Context, f File) (data []byte, mime string, err error)
}

// Checker is a transport that can try its credentials without side effects.
// It returns the account the desk acts as.
type Checker interface {
	Check(ctx context.Context) (who string, err error)
}

// MenuItem is one command in a network's menu.
type MenuItem struct {
	Name, Help string
	// Also are other names of the same command.
	Also []string
}

// Place is where something is said.
type Place struct {
	// Chat is the transport's name.
	Chat string `json:"chat"`
	// Channel is the network's own id: a channel, group or direct chat. For a
	// Telegram forum topic it is "group/topic".
	Channel string `json:"channel"`
	// Thread is the ID of the [Ref] the thread hangs from; empty for the channel
	// itself.
	Thread string `json:"thread,omitempty"`
	// Only is the account that alone should see it; empty for everyone there.
	Only string `json:"only,omitempty"`
	// Answering is the transport's own handle of the event that this answers. It
	// is opaque, and may have expired.
	Answering string `json:"answering,omitempty"`
}

// Key names the conversation: two places with the same key are paced and kept
// in order together.
func (p Place) Key() string { return p.Chat + ":" + p.Channel }

// Root is the place without thread, reader and handle.
func (p Place) Root() Place { return Place{Chat: p.Chat, Channel: p.Channel} }

// Ref is something that was posted.
type Ref struct {
	Place
	// ID is the network's id of the message, unique in its channel.
	ID string `json:"id"`
}

// In is the place of the thread under this post.
func (r Ref) In() Place {
	p := r.Root()
	p.Thread = r.Thread
	if p.Thread == "" {
		p.Thread = r.ID
	}
	return p
}

// EventKind says what happened.
type EventKind string

// The kinds of events.
const (
	// Said: a person wrote something. Addressed tells whether to the desk.
	Said EventKind = "said"
	// Pressed: a person pressed the button with this Token on card Ref.
	Pressed EventKind = "pressed"
	// Filled: a person filled in the form with this Token; the answers are in Values.
	Filled EventKind = "filled"
	// Edited: a person changed the message Ref, which now reads Text.
	Edited EventKind = "edited"
	// Deleted: a person removed the message Ref.
	Deleted EventKind = "deleted"
	// Moved: the channel Place.Channel is now called Text (a Telegram group that
	// became a supergroup).
	Moved EventKind = "moved"
	// Started: a person opened a private chat with the desk. Text is the one-time
	// code they came with, if any.
	Started EventKind = "started"
)

// Event is something a person did in a chat. It survives a round trip through
// JSON, since it is written down before it is acknowledged.
type Event struct {
	// Key is the same whenever the network delivers the same thing again, and
	// unique within the transport.
	Key  string    `json:"key"`
	Kind EventKind `json:"kind"`
	// At is the time by the network's clock.
	At time.Time `json:"at"`
	// Place is where it happened; Place.Answering is filled in where the network
	// gives a handle.
	Place   Place   `json:"place"`
	Account Account `json:"account"`
	// Text is what was typed. A slash command arrives whole: "/refund 1234".
	Text string `json:"text,omitempty"`
	// Addressed: a command, a mention or a direct message, as against something
	// said in a channel or thread where the desk happens to be.
	Addressed bool `json:"addressed,omitempty"`
	// Private: nobody else reads along where it was said.
	Private bool `json:"private,omitempty"`
	// Ref is the message itself (Said, Edited, Deleted) or the card pressed.
	Ref    Ref               `json:"ref,omitzero"`
	Token  string            `json:"token,omitempty"`
	Values map[string]string `json:"values,omitempty"`
	// Trigger is what [Asker.Ask] needs.
	Trigger Trigger `json:"trigger,omitzero"`
	Files   []File  `json:"files,omitempty"`
}

// Account is a person as a network knows them. Only the ID decides anything;
// the rest is for showing.
type Account struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Locale is the BCP 47 tag of their client, if the network tells.
	Locale string `json:"locale,omitempty"`
}

// Trigger is the short-lived permission to ask a person with a form.
type Trigger struct {
	// ID is the network's handle, if it needs one (Slack's trigger_id).
	ID string `json:"id,omitempty"`
	// Place and Account are where and whom to ask.
	Place   Place     `json:"place,omitzero"`
	Account Account   `json:"account,omitzero"`
	Until   time.Time `json:"until,omitzero"`
}

// File is something sent along.
type File struct {
	// ID is the network's or the store's handle; URL where it can be had.
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	MIME string `json:"mime,omitempty"`
	URL  string `json:"url,omitempty"`
	Size int64  `json:"size,omitempty"`
	// Data is the content, where it is at hand.
	Data []byte `json:"data,omitempty"`
}

// ErrorKind says what an error means for whoever wants to say something.
type ErrorKind int

// The kinds of errors. Unsure is the zero value: whatever is not known to have
// failed may have been said, and is looked up before it is said again.
const (
	// Unsure: it may or may not have been posted.
	Unsure ErrorKind = iota
	// Busy: refused for now; try again after RetryAfter.
	Busy
	// Down: certainly not posted (the connection was refused); try again.
	Down
	// Gone: the place or message is not there any more, or the desk is not in it.
	Gone
	// Denied: the token is wrong, revoked, or lacks a permission.
	Denied
	// Rejected: the network will never take this card (too long, malformed).
	Rejected
	// Expired: the handle or trigger is too old.
	Expired
)

// Error is what adapters return.
type Error struct {
	Kind       ErrorKind
	RetryAfter time.Duration
	// Moved is the channel's new id, when that is why (Telegram supergroups).
	Moved string
	// Code is the network's own word for it.
	Code string
	Err  error
}

// Error tells the code and the cause. It never holds a token.
func (e *Error) Error() string {
	s := e.Code
	if e.Err != nil {
		if s != "" {
			s += ": "
		}
		s += e.Err.Error()
	}
	if s == "" {
		s = "chat error"
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf tells what an error means; [Unsure] when nobody said.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Unsure
}
