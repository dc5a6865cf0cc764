// Package chat is the port for chat networks: what the desk can say, where it
// can say it, and what people can say back.
//
// An adapter (a folder beside this file) implements [Transport] and whichever
// of the optional interfaces its network can do: [Editor], [Asker], [Finder],
// [Menus]. It imports this package and nothing else of ours. Every adapter
// sits the exam in chattest.
//
// # Why
//
// Cards carry plain text only. Markup belongs to a renderer, so that a buyer's
// asterisk or angle bracket can never become formatting, a link or a mention.
//
// [Fit] returns several cards rather than one: a text that is too long for one
// message goes on in the next, because a buyer's words are never cut away.
//
// A [Place] carries the handle of the event it answers. Private answers need
// it in both networks (Slack's response_url, Telegram's callback query id), it
// is opaque to the desk, and it may have expired by the time it is used: an
// adapter then falls back to the next best private way of saying it.
package chat
