// Package translate carries a buyer's words into the agent's language and the
// agent's words into the buyer's, with their facts unharmed.
//
// [Pipeline.Do] reads like this: normalise → protect facts → detect the language →
// whole phrases and memory → terms → engine, which sees tokens instead of facts →
// restore → verify → one repair → grade and findings. Each stage is a small
// function with tables of its own. An [Engine] is an adapter in a folder below;
// every one sits the exam in enginetest.
//
// # Why
//
// Machines change order numbers, amounts and dates, in a quarter of the messages
// that have them with some engines. So no engine ever sees one: each is replaced
// by a token, and a translation in which any token is missing, doubled or made up
// is blocked. Which form of token an engine leaves alone differs; it is tried out
// before the first use, and an engine that keeps none is not used.
//
// Digits are the engine's only in one direction: what it adds is suspicious
// unless the source has the number as a word or as the name of a month.
//
// Without an engine the desk still knows its phrases, and for the rest shows a
// gloss: the source with its terms marked. That is not a translation and is
// never sent.
//
// Memory is asked by text with its facts masked, so that no order number ever
// gets into it, and only what a person approved goes in. The glossary's version
// is not part of the question: an approved sentence is checked against today's
// glossary when it is recalled, and asks for review if a term has changed since.
//
// A phrase whose wording nobody has signed yet counts as a template, not as
// exact, and asks for review.
//
// Who the buyer is and where they live are facts too. Names that are known, and
// those that a greeting or a signature gives away, are hidden from every engine,
// local or not: one way for all, so that a rule set by mistake shows nobody's
// address, and so that no name is in the cache or in memory. Too much hidden
// costs a little fluency; too little cannot be taken back.
//
// A [Rule] says what an engine may be used for, and nothing else does. An address
// on loopback is not local by itself: a tunnel ends there as well as a model. Who
// may see a text is asked again for the way back.
//
// An engine that is left out is named in a note with the reason, so that a gloss
// never looks like the desk's own weakness. A failing engine rests, for longer
// each time, and one message at a time finds out whether it is well; a time-out
// opens the breaker at once, since it has cost somebody the whole of it. Denied
// and used-up accounts rest long: asking again rights neither. Languages that an
// engine has not say nothing about its health.
//
// A budget is looked at before a call, with what is under way counted in, so that
// many messages at once do not go over it together. Replicas see each other
// through the [Ledger] and may overshoot by what both have under way. A ledger
// that fails does not stop translation: then what this process spent counts. Calls
// that were cut off are counted as paid, since the engine may have done the work.
//
// The cache keeps engines' answers as they came, with tokens, and every use puts
// in its own facts and checks the whole anew. So an answer serves the next order
// number, and one with faults is never kept. Whoever asks the same at the same
// time shares one question, which goes on when the first of them leaves.
//
// A text goes in pieces that an engine takes: lines, and long lines at the ends of
// their sentences. A sentence that is too long is cut between words, never in one.
//
// The familiar form of address in a shop's letter is asked about, not blocked: the
// agent may know the buyer, and some words are familiar only in some sentences.
package translate
