// Package slackfake is a Slack workspace in one process: its Web API, Socket
// Mode, response URLs and file uploads over real HTTP and WebSockets, with the
// hands of the people in it.
//
// It runs inside a test or, by its control pages under /fake/, in a process of
// its own that a crash rig or a load generator acts on and reads.
//
// # Why
//
// It enforces what Slack enforces (lengths, counts, triggers of three seconds
// and one use, response URLs of five uses and thirty minutes, posts a second)
// with Slack's own error codes, because a fake that takes everything proves
// nothing. [Options.NoLimits] takes away only the pace.
//
// Slack documents no deadline and no schedule for Socket Mode's redelivery. The
// fake sends an event that was not acknowledged again under a new envelope id
// and the same event id, at once when its socket is lost and after
// [Options.Redeliver] otherwise. Commands and presses come again only when a
// socket is lost before their three seconds are over.
//
// The ledger holds every delivery, acknowledgement and post with its time, so
// that a rig can count what was lost and what came twice without asking the desk.
package slackfake
