// Package bot is the desk: the one place that knows both chats and shops. One
// file per journey, to be read from top to bottom.
//
//   - inbound.go: a buyer's message is pulled, written down, translated, shown.
//   - pictures.go: a picture that is only linked to is fetched and kept.
//   - outbound.go: an agent's answer becomes a draft, is translated, sent once.
//   - refundask.go, refundparts.go, preflight*.go, refundpolicy.go: a refund is asked
//     for, after all that could speak against it and the rules were looked at.
//   - refundvote.go, refundtalk.go, refundstep.go, approvalround.go, breakglass.go:
//     people decide, ask back, hand on, prove who they are, are reminded.
//   - refunds.go, payout.go, payturn.go, refundlook.go, refundsettle.go: it is carried
//     out once; what stays unknown goes to a person.
//   - aftermath.go, restock.go, returnafter.go, ledger*.go: what follows a refund, and
//     each night's comparison with the platforms.
//   - batch*.go: many refunds, looked at first, approved ten at a time, for whose
//     sum the rules hold too.
//   - replace.go: goods that are sent again, by the same road and without money.
//   - resync.go: a store is read again, with progress.
//   - watch.go: trouble becomes one alert; approvals run out; old rows go.
//   - say.go, outbox.go, press.go: everything the desk says, and its buttons.
//   - cards.go: every card, one pure function each.
//
// # Why
//
// A matter (a refund, a message, a draft, a run, an alert) has one card in each
// place, and the card is drawn from the matter's state at the moment it is
// posted or repainted. State is written first, then the message is posted, then
// where it stands is remembered, then it is repainted for ever after.
//
// A repaint is a wish, not an event: it raises the number "want", and the worker
// draws until "have" has caught up. Ten changes in a second are one edit.
//
// A button's token is made from the matter, the facts and the command by a keyed
// hash, so that drawing the same card twice gives the same card. That is what
// lets a transport recognise its own earlier post.
//
// A job's attempt is counted only if it may have left something behind. So the
// first attempt says what it has to say, and every later one looks in the chat
// before it does.
//
// A refund is looked at four times: when it is asked for, before
// a deciding yes, right before it is sent, and, if the answer is lost, before
// anything else is done. Each look may stop it; none may change it.
//
// What goes into a thread goes ahead of cards that announce: an agent who writes to
// a buyer does not wait behind a burst of other buyers' letters.
//
// Whoever has to wait for a network's pace is given a time of their own to come
// back at, for if forty came back together, thirty-nine would have come in vain.
// A wait of a few milliseconds is sat out, since to give a job back and claim it
// again costs more than that.
package bot
