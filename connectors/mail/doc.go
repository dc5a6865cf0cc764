// Package mail reads buyers' mails from a mailbox and answers them: the way in
// and out for platforms that have no interface for messages.
//
// Amazon relays a buyer's mail under an alias and lets nobody read it any other
// way; Shopify has no messages at all. A [Mailbox] is therefore a shop's account
// like any other: it lists messages and sends them.
//
// # Why
//
// Reading changes nothing. The folder is opened read-only and bodies are
// peeked at, so that people who use the same mailbox see what they would have
// seen without us: nothing is marked as read, moved or deleted. Where to go on
// is kept by the desk, as the folder's validity number and the last number
// read. If the server renumbers the folder, reading goes on by date, and mails
// seen twice have the same [connectors.Message.ID] twice.
//
// A mail's id is its Message-ID, and ours is made from the key of the message
// sent. That one choice gives three things: the same answer sent twice has the
// same id, so that the other side can drop one; a bounce names the key of what
// came back; and after a lost answer the mailbox can be searched for it.
//
// A conversation is named by the buyer's alias where a marketplace gives one,
// since one alias is one buyer and one order, and otherwise by the first id in
// References. Nothing has to be looked up for either, so that the same mail
// belongs to the same conversation whenever and by whomever it is read.
//
// What the buyer quoted is folded away from the text, and everything stays in
// Raw. Folding never leaves an empty message: a mail that seems to be all quote
// is shown whole.
//
// Between the final dot of a mail and the server's answer nobody knows whether
// it was sent. A connection lost there is [connectors.Unsure]; lost anywhere
// before, it is certain that nothing was sent. After a restart the mailbox
// itself is the only witness.
//
// What the witness says depends on who lays down the copies. A copy that we put
// into Sent after the server's answer is missing in just the case that matters,
// the crash between the two; and one put there before, marked as a draft, would
// say only that we were about to send, which the desk knows already. So a copy
// of ours can prove that a mail went out and never that it did not, and such a
// mail stays unknown until a person decides.
//
// A server that keeps copies by itself ([Config.Keeps]) lays them down in the
// same step in which it takes the mail, and so does every server when the shop
// is a recipient too ([Config.CopyToSelf]): one final dot, one answer, for both.
// There is no moment at which the mail is accepted and its copy depends on us.
// So there a mail that is not found, once the last attempt is certainly over
// ([Config.Settle]), was not sent. Both are for the configuration to say, since
// nothing in either protocol tells, and a wrong guess would send a mail twice.
package mail
