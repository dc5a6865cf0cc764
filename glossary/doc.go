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
// Two entries translate in opposite directions only if they say so; nothing here
// is turned round by itself, so that a variant is never chosen as the wording.
package glossary
