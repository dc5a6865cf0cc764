// Package glossary is the desk's words of trade: which term becomes which, in
// every language, and whole phrases that need no engine at all.
//
// terms/*.toml holds them; a translator edits those files without Go. A [Term]
// is one meaning with its word in each language: the preferred one, variants
// that are fine too, and forbidden ones that a literal translation would give. A
// [Phrase] is a whole sentence, perhaps with typed slots such as {order}. A
// [Book] is all of them, ready to look things up in.
//
//   - [Book.Match] finds terms in a text, [Book.Required] tells what they have to
//     become, [Need.Missing] and [Need.Wrong] check a translation.
//   - [Book.Lookup] recognises a whole sentence, [Hit.Render] says it in another
//     language. [Book.Phrases] lists what can be offered to people as buttons.
//   - [Read] and [Write] exchange entries with translators and other programs, [Diff]
//     and [Check] tell what differs, and what contradicts itself.
//
// A table (TSV, CSV, XLSX) has a header: id, concept, kind, who, status, store,
// platform, direction, requires, excludes, since, until, version, money, review,
// note, source; then, for German, de (the preferred wording), de_variants,
// de_forbidden, de_match, de_case, de_status and, for a sentence, de_one. Several
// values are written "a | b". Without status and variants it is the simple layout,
// in which a slash makes a value two, and a person has to say which is meant.
//
// # Why
//
// Chinese and Japanese write no spaces, so their terms match anywhere; in
// languages with spaces a term matches whole words only, since "retour" is not
// in "éretour". One trie over folded text does both, with a map back to the
// original's bytes, because folding changes lengths (ß, full-width letters).
//
// One word may have two meanings: POD is a proof of delivery or print on demand.
// Each meaning is an entry of its own, told apart by the words around it, and
// where those do not tell, [Match.Ambiguous] says so and a person decides.
//
// A language's status is the target's: what was approved is the wording that a
// reader will see. Everything is a draft until someone who speaks the language
// has signed it.
//
// The trie is not one of nodes: sorted wordings in one string, with a run of them
// for a prefix, take a tenth of the room of a map for every letter.
//
// What comes in from a file is an entry as cells by column, whatever the format,
// so that there is one place that refuses and one list of reasons. A cell that a
// spreadsheet would work out is written with an apostrophe before it, which is
// taken away again. TBX carries our fields as notes, since every dialect has them.
//
// Two entries translate in opposite directions only if they say so; nothing here
// is turned round by itself, so that a variant is never chosen as the wording.
package glossary
