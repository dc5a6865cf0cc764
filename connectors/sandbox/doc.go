// Package sandbox is several marketplaces in one small world: an eBay account, an
// Amazon seller, a Shopify shop and, where it is asked for, a WooCommerce shop, with
// orders, buyers and messages, which speak their platforms' own wire formats over
// loopback HTTP, and fail on demand.
//
// [New] makes a [World], [World.Handler] serves it, [World.StartMail] adds the
// mail servers through which the buyers of platforms without a message API
// write, and [World.Live] brings the buyers to life. [World.Fail],
// [World.Revoke] and [World.Expire] break things; [World.Ledger] tells what
// really happened. All of it can be had over HTTP under /control, so that a
// world may run in another process than the desk it serves.
//
// # Why
//
// The real adapters run against this world in the demo, the development loop
// and the tests. It is therefore built to the platforms' contracts and not to
// our adapters: its answers are validated against those contracts in the tests,
// and its Shopify executes GraphQL over a schema of its own instead of matching
// the names of operations.
//
// State that ripens with time (a refund that is pending, a feed in a queue) is
// reckoned from the clock whenever somebody looks. No goroutine moves it, so a
// test with a clock of its own sees every state it wants to see.
//
// A fault that loses the answer lets the effect happen first, and the ledger
// says so: whoever claims that something was done exactly once is measured
// against the ledger and not against the answers.
//
// Orders are reckoned from their ordinals, and only those that somebody changed
// are kept, so that a world of a million orders starts at once and a page costs
// as much as in a small one. Ids can be reckoned back for the same reason.
//
// With [Options.LedgerFile] a world remembers what was done beyond its own end:
// a rig that kills the desk and the platform alike still has a witness. Feeds
// that were not worked off, subscriptions and mail are not in it.
//
// Consent is a page that a person can press and a test can post. Deliveries are
// signed as each platform signs them, tried again with the bytes of the first
// time, and can be lost, doubled, changed and turned round: see [World.Hooks].
//
// Three wordings are ours, because no contract has them: the user errors of
// Shopify's refundCreate, the message codes inside Amazon's feed processing
// report, and the text of bounce mails. An adapter should not depend on them.
// Shopify's points are reckoned roughly, so no query is refused for being too
// dear by itself; it only empties the bucket while rate limits are switched on.
//
// The SMTP server files a copy of what it took in the shop's Sent, as many mail
// hosts do: it is where a shop can look after an answer that it never heard.
//
// Some formats stand in no contract: the bodies of eBay's Post-Order part, the
// returns inside Amazon's report, the queue's protocol. The first two follow what
// sellers' software reads in them, the third is tried with Amazon's own client.
// The age of a signature, Amazon's or eBay's, is not looked at, because the
// client's clock is the real one and the world's may be another.
//
// The WooCommerce shop follows the platform's documentation and its published
// source, for there is no contract file. It has no rates of its own (the ten calls
// a second are those of whoever hosts it), no returns, and one place where buyers
// write: the checkout. Who has written there writes a mail from then on. Half of
// its listings are variations, its clock is an hour ahead of UTC, and its key goes
// over plain HTTP, which a real shop takes only with a signature: here nobody is
// between.
package sandbox
