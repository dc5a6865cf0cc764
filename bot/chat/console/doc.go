// Package console is the chat built into the desk: channels, cards, buttons,
// forms and threads in a browser, for whoever has no Slack or Telegram and for
// the first minute of whoever has.
//
// [New] makes a [Transport]. It is a chat.Transport like any other, and an
// http.Handler to be mounted at "/". It keeps nothing itself: what has to
// survive a restart goes into the [Keep] it is given.
//
// # Why
//
// One number orders everything. Each change (a new post, an edit, a form) takes
// the next number of one sequence inside the transaction that makes it. A page
// remembers the highest number it has seen; the stream sends whatever is higher.
// Nothing can fall between loading the page and opening the stream, a repeated
// delivery changes nothing, and a page that slept for a night catches up with
// the last state of each card and not with every step on the way.
//
// A person's message is kept first, out of sight, then given to the desk, and
// shown once the desk has it. The order on the page is then the order of
// asking and answering, and a message that the desk did not take is never shown
// as if it had. It is not delivered later behind the person's back either: they
// were told that it was not sent.
//
// A sign-in link is used up by the POST that its page sends, not by opening it,
// because chat networks open links to draw a preview.
//
// Somebody else's words reach the page as JSON and are set as text nodes. No
// code of the page builds HTML from strings, and the content security policy
// would stop a script that got in nevertheless. Pictures are served from here
// or not shown: a picture from elsewhere would tell its host who reads what.
package console
