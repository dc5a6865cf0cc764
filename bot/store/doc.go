// Package store keeps everything the desk must not lose, in one database:
// SQLite in one file, or PostgreSQL when a team runs several replicas.
//
// # Why
//
// One way to write. [DB.Write] is the only way to change anything, so that what
// belongs together is committed together, and so that the one connection SQLite
// writes with can never wait for itself.
//
// Group commit. On SQLite every commit waits for the disk. Writes that are
// waiting at the same time therefore share one commit: one goroutine gathers
// them, runs each in a savepoint of its own, and answers all of them once the
// disk has answered. A function that fails or panics takes back its own
// savepoint only. A lone write is not delayed. The price: the functions must be
// quick and must not wait for anything outside the database, since everybody
// waits for them, and constraints must not be deferred to the commit, since a
// commit that fails, fails for everybody in it.
//
// One text for both engines. SQL is written by hand, with question marks, unix
// milliseconds as BIGINT, TEXT, and nought or one for a truth; the few words
// that differ are replaced in the migrations ({{id}}, {{blob}}, and a line that
// starts with "--sqlite:" or "--postgres:" is for that engine alone). Where
// PostgreSQL cannot tell a parameter's type, write CAST(? AS BIGINT). What
// becomes a query is always written by us, never by a person.
//
// A function may run again. PostgreSQL may refuse a transaction because of
// another one; Write then runs the function anew. It must not change anything
// outside the transaction: use [Tx.After] for that.
//
// Reads do not wait for writes. [DB.Read] sees one consistent state. Inside a
// Write, a Read that is given [Tx.Context] runs in the same transaction.
//
// Prepared statements are kept for each SQLite connection, because preparing
// the same text again costs more than running it.
package store
