// Package i18n is the bot's own voice: every sentence the desk says to a person,
// in that person's language.
//
// A sentence has a [Key]; its wording in each language stands in
// locales/LANGUAGE/TOPIC.toml, where TOPIC is the file's one top-level table.
// Nested tables become dotted keys: [refund.card] title is "refund.card.title".
// A sentence may have named slots, {amount}, and may have plural forms: a table
// with one, other and so on, chosen by the argument n. A new language is a new
// folder; the tests name what is missing in it.
//
// What buyers read is not this package's business: see i18n/translate.
//
// # Why
//
// Values are put in as they are. Number formatters group digits and may swap
// them for another script's, which would ruin an order number or an amount, so
// nothing here formats anything but counts, moments and spans of time.
//
// Wording is data, so that a translator edits it without Go. Nothing at start-up
// fails because of a slip in it: a missing sentence shows as its key in square
// brackets, and the tests, which read the code as well as the catalogue, fail.
//
// An unknown language gets English and no language at all gets [Default]:
// someone whose client speaks French is likelier to read English than Chinese.
package i18n
