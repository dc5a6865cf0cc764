// Package telegramfake is a Telegram that runs on this machine: it speaks the
// Bot API's wire format, keeps chats, and refuses what Telegram refuses.
//
// [New] makes one, [Server.Start] gives it an address. Bots reach it under
// /bot<token>/<method>; people act through [Server.Say], [Server.Press] and
// [Server.Edit], or, from another process, through the JSON endpoints under
// /fake/.
//
// # Why
//
// It imports nothing of ours, the adapter it serves least of all: a fake that
// shares the adapter's reading of the protocol would share its mistakes. It
// takes JSON, urlencoded and multipart bodies, by GET and POST, so that other
// people's clients can be pointed at it to judge it.
//
// Where Telegram does not publish a number (flood limits, how long a pressed
// button may be answered) it takes a cautious one: three messages at once in a
// chat and one a second after that, 20 a minute in a group, 30 a second in all;
// a press can be answered once, within a minute. Edits count only towards the 30.
//
// It does not know parameters newer than its age unless told to
// ([Options.Ephemeral]), and ignores them as an older server would.
package telegramfake
