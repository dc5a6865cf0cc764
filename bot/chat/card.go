package chat

import (
	"slices"
	"strings"
	"time"
)

// Tone is how grave something is. Renderers choose colours and marks by it.
type Tone string

// The tones.
const (
	Plain   Tone = ""
	Good    Tone = "good"
	Warning Tone = "warning"
	Bad     Tone = "bad"
	// Primary is for the one button that most people will press.
	Primary Tone = "primary"
)

// Card is everything the desk ever says. All text is plain text.
type Card struct {
	// Key names this post for ever; a [Finder] looks for it. Empty on edits.
	Key     string   `json:"key,omitempty"`
	Title   string   `json:"title,omitempty"`
	Tone    Tone     `json:"tone,omitempty"`
	Parts   []Part   `json:"parts,omitempty"`
	Buttons []Button `json:"buttons,omitempty"`
	Foot    string   `json:"foot,omitempty"`
	// Lang is the BCP 47 tag of the card's own words, for screen readers and
	// punctuation.
	Lang string `json:"lang,omitempty"`
}

// PartKind says how a part is shown.
type PartKind string

// The kinds of parts.
const (
	// Text is a paragraph in the desk's own voice.
	Text PartKind = "text"
	// Quote is somebody else's words, kept apart from the desk's.
	Quote PartKind = "quote"
	// Fields are short label and value pairs.
	Fields PartKind = "fields"
	// Image is a picture.
	Image PartKind = "image"
	// Progress is a bar.
	Progress PartKind = "progress"
	// Code is something to copy: an order number, a command.
	Code PartKind = "code"
	// Note is small print.
	Note PartKind = "note"
)

// Part is one piece of a card's body.
type Part struct {
	Kind PartKind `json:"kind"`
	// Label stands above or before the part; may be empty.
	Label string `json:"label,omitempty"`
	Text  string `json:"text,omitempty"`
	// Lang is the BCP 47 tag of Text where it differs from the card's.
	Lang   string  `json:"lang,omitempty"`
	Fields []Field `json:"fields,omitempty"`
	File   *File   `json:"file,omitempty"`
	// Done of Total; Total 0 means that nobody knows how much there is.
	Done  int64 `json:"done,omitempty"`
	Total int64 `json:"total,omitempty"`
}

// Field is a label and its value.
type Field struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Button runs a command when pressed: pressing it is typing it. By the time a
// transport sees it, Command is an opaque token of at most 48 ASCII bytes.
type Button struct {
	Label   string `json:"label"`
	Command string `json:"command,omitempty"`
	// URL, instead of Command, opens a page.
	URL  string `json:"url,omitempty"`
	Tone Tone   `json:"tone,omitempty"`
	// Confirm is the question asked before the press counts; may be empty, and is
	// dropped where [Limits.Confirm] is 0. No safety rests on it.
	Confirm string `json:"confirm,omitempty"`
}

// Form asks a person for several things at once.
type Form struct {
	// Token comes back with the answers; opaque, at most 48 ASCII bytes.
	Token  string      `json:"token"`
	Title  string      `json:"title"`
	Intro  string      `json:"intro,omitempty"`
	Submit string      `json:"submit"`
	Cancel string      `json:"cancel,omitempty"`
	Inputs []FormInput `json:"inputs"`
	Lang   string      `json:"lang,omitempty"`
	// About tells which forms ask the same of a person: where forms wait to be
	// filled in, a newer one takes an older one's place. Empty: nothing is replaced.
	About string `json:"about,omitempty"`
}

// InputKind says how an answer is given.
type InputKind string

// The kinds of inputs.
const (
	Line   InputKind = "line"
	Long   InputKind = "long"
	Choice InputKind = "choice"
)

// FormInput is one question of a form.
type FormInput struct {
	// Name is the key of the answer in [Event.Values]. It says whether the answer is
	// a secret: see [Secret].
	Name     string    `json:"name"`
	Label    string    `json:"label"`
	Hint     string    `json:"hint,omitempty"`
	Value    string    `json:"value,omitempty"`
	Kind     InputKind `json:"kind"`
	Options  []Option  `json:"options,omitempty"`
	Optional bool      `json:"optional,omitempty"`
	// Refused: Value was answered before and would not do. It is there to be
	// corrected, not to be kept.
	Refused bool `json:"refused,omitempty"`
}

// SecretPrefix begins the names of inputs whose answers nobody but the desk may
// learn.
const SecretPrefix = "secret_"

// Secret tells whether answers of this name are secret: a transport shows them to
// nobody, keeps them nowhere, and asks for them where nobody else reads along. It
// is told by the name since that is all that comes back with an answer.
func Secret(name string) bool { return strings.HasPrefix(name, SecretPrefix) }

// Secret tells whether a form asks for something that nobody but the desk may
// learn. Then its own words are not for others either.
func (f Form) Secret() bool {
	return slices.ContainsFunc(f.Inputs, func(in FormInput) bool { return Secret(in.Name) })
}

// Option is one answer of a [Choice].
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Unit is what a network counts text in.
type Unit int

// The units.
const (
	// Runes are Unicode code points.
	Runes Unit = iota
	// UTF16 are UTF-16 code units: an emoji outside the first plane counts two.
	UTF16
)

// Limits are what can be said at a place. A zero number means no limit, except
// where said otherwise.
type Limits struct {
	Unit Unit
	// Message bounds all text of one message together (labels, quotes, foot).
	Message int
	// Text bounds one part's text; a renderer may use several blocks for it.
	Text int
	// Title, Foot, FieldText (label and value each), ButtonText, Confirm.
	Title, Foot, FieldText, ButtonText int
	// Parts, FieldsPerPart and Buttons are counts.
	Parts, FieldsPerPart, Buttons int
	// Confirm is the longest question before a press; 0 means there is none.
	Confirm int
	// What the place can do at all.
	Images, Threads, Edits, Private, Forms bool

	// Pace: at least Every between two posts at one [Place.Key], at most
	// PerMinute in any 60 seconds there, and at least Overall between two posts
	// anywhere on the transport.
	Every     time.Duration
	PerMinute int
	Overall   time.Duration
	// EditEvery is the least time between two edits of one card.
	EditEvery time.Duration
}
