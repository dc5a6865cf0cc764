package console

import (
	"context"
	"time"

	"helloworld/bot/chat"
)

// Keep is the console's memory, which must survive a restart. Every change
// takes the next number of one sequence (Seq), in such a way that whoever has
// read up to a number never misses a smaller one that appears later.
type Keep interface {
	// Append keeps a post, giving it Num and Seq. If one with the same channel,
	// reader (Place.Only) and Key is there, that one is returned instead, and
	// fresh is false. An empty Key never matches.
	Append(ctx context.Context, p Post) (kept Post, fresh bool, err error)
	// Edit replaces a post's card; found is false when there is no such card.
	// A card that is the same already keeps its Seq.
	Edit(ctx context.Context, channel, id string, c chat.Card, at time.Time) (found bool, err error)
	// Show makes a withheld post visible. Showing it again changes nothing.
	Show(ctx context.Context, channel, id string) error
	// Post finds one post, withheld or not.
	Post(ctx context.Context, channel, id string) (Post, bool, error)
	// ByKey finds what was appended with a key.
	ByKey(ctx context.Context, channel, only, key string) (Post, bool, error)
	// Page lists visible posts, oldest first, with Replies and LastReply filled
	// in as far as the reader may see them.
	Page(ctx context.Context, q Query) ([]Post, error)
	// Replies tells how many replies a reader sees under a post, and when the last came.
	Replies(ctx context.Context, channel, root, reader string) (int, time.Time, error)
	// Since lists visible posts of these channels with a higher Seq, in its order.
	Since(ctx context.Context, seq int64, reader string, channels []string, limit int) ([]Post, error)
	// Head is the highest number given out.
	Head(ctx context.Context) (int64, error)

	// Unread counts what the reader has not seen and did not write, by channel.
	Unread(ctx context.Context, reader string, channels []string) (map[string]int, error)
	// MarkRead moves the reader's mark forward to a Num, never back.
	MarkRead(ctx context.Context, reader, channel string, num int64) error

	// AskForm keeps a form, giving it Seq. A form with the same ID is left alone.
	AskForm(ctx context.Context, f Asked) error
	// Form finds a form by its ID.
	Form(ctx context.Context, id string) (Asked, bool, error)
	// CloseForm marks an open form as closed by an action (its key), with a new
	// Seq. Closing it again changes nothing.
	CloseForm(ctx context.Context, id, by string) error
	// FormsSince lists one person's forms with a higher Seq, in its order; with
	// seq 0 the open ones only.
	FormsSince(ctx context.Context, seq int64, person string) ([]Asked, error)

	// AddSession keeps a session; it may forget those that ended.
	AddSession(ctx context.Context, s Session) error
	// Session finds one by the hash of its secret.
	Session(ctx context.Context, hash string) (Session, bool, error)
	// DropSession forgets one.
	DropSession(ctx context.Context, hash string) error

	// AddFile keeps a file. A file with the same ID is left alone.
	AddFile(ctx context.Context, f StoredFile) error
	// File finds a file with its content.
	File(ctx context.Context, id string) (StoredFile, bool, error)
}

// Post is a card of the desk or a message of a person.
type Post struct {
	// Num orders posts as they were made; Seq is the number of the last change.
	Num, Seq int64
	// ID is the post's name in its channel.
	ID    string
	Place chat.Place
	// Key keeps the same thing from being posted twice; may be empty.
	Key string
	// Card is set for a post of the desk.
	Card *chat.Card
	// By, Text and Files are set for a person's message.
	By    chat.Account
	Text  string
	Files []chat.File
	At    time.Time
	// Edited is zero for a post that never changed.
	Edited time.Time
	// Withheld: not shown to anybody yet.
	Withheld bool
	// Replies and LastReply tell of the thread under the post.
	Replies   int
	LastReply time.Time
}

// Query is a page of posts.
type Query struct {
	Channel string
	// Thread is the root's ID; the root itself is not part of the answer. Empty
	// for what stands in the channel itself.
	Thread string
	// Reader is whose private posts are included.
	Reader string
	// Before: only posts with a smaller Num; 0 for the newest.
	Before int64
	Limit  int
}

// Asked is a form put to a person.
type Asked struct {
	ID  string
	Seq int64
	// Person is the account's id.
	Person string
	Place  chat.Place
	Form   chat.Form
	At     time.Time
	// ClosedBy is the key of the action that closed it; empty while it is open.
	ClosedBy string
}

// Session is a signed-in browser. The secret itself is not kept.
type Session struct {
	Hash, Person string
	At, Until    time.Time
}

// StoredFile is a file with the place that decides who may see it.
type StoredFile struct {
	ID, Name, MIME string
	Place          chat.Place
	// By is who sent it; empty for the desk.
	By   string
	At   time.Time
	Data []byte
}
