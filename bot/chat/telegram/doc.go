// Package telegram speaks to people on Telegram, as a bot.
//
// # Why
//
// It polls with getUpdates rather than waiting for a webhook, since a desk
// behind a shop's router has no public address. The loop is our own: the
// library's moves the offset when an update enters a channel, so that whatever
// was in flight is lost with the process. Here the offset, which is Telegram's
// acknowledgement, only passes an update after the [chat.Handler] has returned
// nil for it and for every one before it. One person's updates in one chat are
// handed over in order, others beside them.
//
// Requests are JSON made from the library's parameter types and sent by a call
// of our own. The library always posts multipart forms, does not export a call
// for getUpdates, and loses the status of an answer that was not expected,
// while whether something was "certainly not posted" or "may have been" hangs
// on exactly that. Updates are read into small types that hold only what is
// looked at: an unknown kind of sticker cannot stop a refund from being heard.
//
// Markup is HTML, where only & < > need escaping. Telegram makes links and
// notifying mentions out of plain text by itself, so whatever looks like a
// mention is set as code, and in quoted words whatever looks like a link or a
// command too: the text stays to the letter, and leads nowhere.
//
// A person's private answer goes, by what it answers: after a press as the
// query's own pop-up, and if it is long or has buttons into the private chat as
// well; after a command as a message that one member sees, where the server
// knows those (it is asked first, for an older server ignores the wish and
// would show it to all), else into the private chat; and only when the person
// never opened one, as a reply in the group.
//
// Every press is answered, or the client shows a spinner: at once if a card
// comes of it, with the private answer if one comes within the grace time, and
// empty after that.
//
// Bots cannot read history, so a post whose outcome is unknown is looked for by
// trying to edit. A conversation is posted to in order, so what was posted can
// only lie above the last post known to have worked, and numbers grow within a
// chat. Editing a message to the very content intended answers "not modified"
// if it is ours, "can't be edited" if it is somebody else's, "not found" if
// there is none. The desk's own messages known to be others are left out. If an
// edit succeeds the message was ours and now says what was meant. Groups that
// are not supergroups share one row of numbers with all private chats, so
// there a search that found nothing is certain only while the row's end is
// known; otherwise it stays unsure.
//
// A thread is a chain of replies. Telegram shows of a reply only the message
// replied to, so the first message of each chain is remembered, in a map that
// forgets the oldest, and asked of [Roots] beyond that.
//
// There are no modal forms: the questions are asked one after the other. The
// state is saved before the next question is sent, with the update that
// brought each answer, so that an update delivered again changes nothing.
package telegram
