// Package slack joins Slack to the desk: events by Socket Mode, posts by the Web
// API, cards as Block Kit.
//
// # Why
//
// The sockets are our own. An envelope is acknowledged on the socket it came
// over, and only once the handler has written it down; a client library that
// acknowledges first, or on whichever socket is open next, cannot promise that.
// We ping, rather than wait to be pinged: Slack's servers ping seldom, so that
// a dead connection would go unnoticed for as long. Two sockets are open at any
// time, and a replacement is opened before one that has been warned is left, so
// that a refresh loses nothing. Payloads are decoded once, into the few fields
// that are used, so that a block of a kind not yet known cannot spoil an event.
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
