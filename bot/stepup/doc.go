// Package stepup asks people to prove once more who they are: with the code of
// an authenticator app (TOTP), or with a PIN.
//
// # Why
//
// A PIN has few digits, and whoever has the database could try them all. So what
// is hashed is not the PIN but a keyed mark of it: without the desk's key there
// is nothing to try.
//
// The slow hash is made before the transaction (see [Book.Ready]), since with
// SQLite everybody else waits for a transaction that writes.
//
// A wrong try is an answer and not an error, for an error would take back that it
// was counted. A code of the app counts once: its step is kept, and neither it
// nor an older one counts again. Somebody who is locked is not looked at, however
// right the code.
package stepup
