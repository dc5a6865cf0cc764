// Package slack joins Slack to the desk: events by Socket Mode, posts by the Web
// API, cards as Block Kit.
//
// # Why
//
// Slack's own words are github.com/slack-go/slack's: blocks and modals are built
// of its types, payloads are read into them, and every call of the Web API is
// made by its client. Three things are kept from it.
//
// What an answer means. The client reduces a refusal to a word or a status: a 429
// without Retry-After becomes a plain status 429, a 502 and an answer cut short
// look alike, and whether a post certainly did not happen cannot be told. All its
// requests go through one HTTP client of ours, which sends once, says what each
// answer means before the client sees it, and moves the token from the form into
// the header. A retry of chat.postMessage would post twice, so there is none.
//
// What nobody reads. The client refuses an answer or an event whole for one block
// in it that it cannot read. An answer is handed on without the messages it
// repeats, so that a post keeps its id and a search its pages; a payload that is
// refused is read once more with only the fields that are used; and the card that
// was pressed is left out of a press from the start, which is then read in a
// third of the time.
//
// The sockets. Its socketmode.Client puts acknowledgements into one queue that
// outlives the connection, and so may send them over another; it closes the old
// socket before it opens the next; it never pings, but waits 30 s for a ping of
// Slack's; it reads an envelope before the caller sees it, and drops one that it
// cannot read without acknowledging it; and it returns for good on a refused
// token, having given 50 events room. Here an envelope is acknowledged on the
// socket it came over, and only once the handler has written it down. Two
// sockets are open at any time, and a replacement is opened before one that has
// been warned is left, so that a refresh loses nothing. We ping every 5 s, so
// that a dead connection is left after 15 s.
//
// Up to 256 events are written down at a time, but of one person in one channel
// only one, in order of arrival. One that the handler refused comes again from
// Slack, after what came later.
//
// Words are shown through rich text and plain text only, which Slack does not
// parse. Nothing of ours is mrkdwn but the notification's text, and that is
// escaped: a buyer's asterisk, angle bracket or <!channel> is shown as it is.
//
// A post carries the card's key in its metadata; [Transport.Find] reads it back.
// What only one person sees is in no history, so such an answer may be repeated
// when its first outcome is unknown. The ways of answering one person are, in
// this order: the response URL of what they did, an ephemeral message, a direct
// message.
package slack
