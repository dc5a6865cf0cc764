package telegramfake

import (
	"encoding/json"
	"time"
)

// User is a person, or a bot.
type User struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name,omitempty"`
	Username  string `json:"username,omitempty"`
	Language  string `json:"language_code,omitempty"`
}

// Button is a button under a message.
type Button struct {
	Text  string `json:"text"`
	Data  string `json:"callback_data,omitempty"`
	URL   string `json:"url,omitempty"`
	Style string `json:"style,omitempty"`
}

// Entity is a piece of a text with a meaning. Offsets are UTF-16 units.
type Entity struct {
	Type   string `json:"type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
	URL    string `json:"url,omitempty"`
	User   *User  `json:"user,omitempty"`
}

// Message is a message as everyone sees it.
type Message struct {
	ID    int       `json:"message_id"`
	Chat  int64     `json:"chat"`
	Topic int       `json:"topic,omitempty"`
	From  User      `json:"from"`
	At    time.Time `json:"at"`
	// Text is what people read, Entities what was formatted in it, by the bot or
	// by Telegram itself (mentions, links). Source is what the bot sent.
	Text     string     `json:"text,omitempty"`
	Caption  string     `json:"caption,omitempty"`
	Entities []Entity   `json:"entities,omitempty"`
	Source   string     `json:"source,omitempty"`
	Photo    string     `json:"photo,omitempty"`    // file id or address
	Document string     `json:"document,omitempty"` // file id or address
	FileName string     `json:"file_name,omitempty"`
	ReplyTo  int        `json:"reply_to,omitempty"`
	Buttons  [][]Button `json:"buttons,omitempty"`
	// ForceReply: the client opens a reply for whom it is meant.
	ForceReply bool `json:"force_reply,omitempty"`
	Edits      int  `json:"edits,omitempty"`
	Deleted    bool `json:"deleted,omitempty"`
	// Receiver alone sees it, if not 0; ID is then an ephemeral message's.
	Receiver int64 `json:"receiver,omitempty"`
}

// Update is something the bot was told, or is to be told.
type Update struct {
	ID        int64           `json:"update_id"`
	Made      time.Time       `json:"made"`
	Delivered time.Time       `json:"delivered,omitzero"`
	Times     int             `json:"times"`
	Confirmed time.Time       `json:"confirmed,omitzero"`
	Body      json.RawMessage `json:"body"`
}

// CallbackAnswer is what a person saw after a press.
type CallbackAnswer struct {
	ID    string    `json:"id"`
	User  int64     `json:"user"`
	Text  string    `json:"text,omitempty"`
	Alert bool      `json:"alert,omitempty"`
	At    time.Time `json:"at"`
	// Pressed is when the button was pressed.
	Pressed time.Time `json:"pressed"`
}

// Refusal is a call that was refused.
type Refusal struct {
	At          time.Time `json:"at"`
	Method      string    `json:"method"`
	Chat        int64     `json:"chat,omitempty"`
	Code        int       `json:"code"`
	Description string    `json:"description"`
	RetryAfter  int       `json:"retry_after,omitempty"`
}

// FaultKind is a kind of trouble. Besides those named here a number is taken
// for an HTTP status: "403".
type FaultKind string

// The kinds of trouble.
const (
	// TooMany refuses with 429 and retry_after.
	TooMany FaultKind = "429"
	// Broken refuses with 500.
	Broken FaultKind = "500"
	// DropBefore cuts the connection before anything happened.
	DropBefore FaultKind = "drop-before"
	// LostAfter does what was asked and cuts the connection without an answer.
	LostAfter FaultKind = "lost-after"
)

// Fault is ordered trouble for the next N calls of a method ("" for any but
// getUpdates). With Every n it strikes only each n-th of them.
type Fault struct {
	Method     string    `json:"method"`
	Kind       FaultKind `json:"kind"`
	N          int       `json:"n"`
	Every      int       `json:"every,omitempty"`
	RetryAfter int       `json:"retry_after,omitempty"`
	seen       int
}

type room struct {
	id       int64
	kind     string // private, group, supergroup, channel
	title    string
	forum    bool
	gone     bool  // the bot was removed
	migrated int64 // the supergroup it became
	next     int
	messages map[int]*Message
	order    []int
	secret   []*Message // ephemeral ones
	tokens   float64    // what may be posted at once
	filled   time.Time
	minute   []time.Time
}

type person struct {
	User
	started bool
	blocked bool
}

type update struct {
	Update
	kind string
}

type press struct {
	user     int64
	at       time.Time
	answered bool
}

type file struct {
	id, path, name string
	data           []byte
}

type poll struct{ out, cut chan struct{} }
