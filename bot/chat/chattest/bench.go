package chattest

import (
	"helloworld/bot/chat"
)

// Fault is trouble that a bench makes once, with the next post or delivery.
type Fault string

// The faults.
const (
	// Busy: the next post is refused with a time to wait (429 and Retry-After).
	Busy Fault = "busy"
	// Broken: the next post is answered with a 500; nothing was posted.
	Broken Fault = "broken"
	// LostAnswer: the next post happens, and the connection dies before the answer.
	LostAnswer Fault = "lost answer"
	// LostRequest: the connection dies with the next post, and nothing was posted.
	LostRequest Fault = "lost request"
	// Denied: the next post is refused because the token is not good any more.
	Denied Fault = "denied"
	// Twice: the next thing a person does is delivered twice.
	Twice Fault = "twice"
	// Drop: the connection that events come over is lost.
	Drop Fault = "drop"
)

// Shown is one message as the network shows it now.
type Shown struct {
	// ID is the message's id, as in [chat.Ref].
	ID string
	// Text is everything readable in it, without markup, in reading order.
	Text string
	// Buttons are the labels of its buttons.
	Buttons []string
	// Edited tells that it is not as it was first posted.
	Edited bool
	// Thread is the id of the message whose thread it stands in, if any.
	Thread string
	// Only is the account that alone sees it; empty for everyone. A private
	// message in a direct chat with that account counts as seen by them only.
	Only string
}

// Bench is an adapter wired to its fake network, and the hands of a person on
// the other side of the wire. The functions return once the network took the
// act; what comes of it arrives as an event.
type Bench struct {
	// Transport is the adapter; the exam calls its Run.
	Transport chat.Transport
	// Place is a channel that the adapter may post in, and where the person is.
	Place chat.Place
	// Nowhere is a channel that does not exist.
	Nowhere chat.Place
	// Person is the account that acts.
	Person string

	// Say writes text in Place, addressed to nobody.
	Say func(text string)
	// Command gives a command there: "/refund 1234".
	Command func(text string)
	// Mention writes text addressed to the desk.
	Mention func(text string)
	// Reply writes text in the thread under ref.
	Reply func(ref chat.Ref, text string)
	// Change changes the person's message ref to text; Remove removes it.
	Change func(ref chat.Ref, text string)
	Remove func(ref chat.Ref)
	// Press presses the button with this label on the message ref.
	Press func(ref chat.Ref, label string)
	// Fill answers the form that is open, or the questions as they come.
	Fill func(values map[string]string)
	// Shown is what the network shows in Place and to Person, oldest first.
	Shown func() []Shown
	// Fault makes trouble once.
	Fault func(Fault)
	// Logged is everything the adapter has logged so far; may be nil.
	Logged func() string
	// Close ends the fake network; the exam looks for leaks after it.
	Close func()

	// Secrets must not turn up in any error or log.
	Secrets []string
	// Skips are the questions that this network cannot be asked, and why.
	Skips map[string]string
}
