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
package translate
