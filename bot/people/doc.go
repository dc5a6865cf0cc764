// Package people knows who may act: a person, their roles, their stores, their
// language, and the chat accounts that speak for them.
//
// # Why
//
// Everything fails closed. An account that is linked to nobody may do nothing,
// an empty list of stores means no store, and a disabled person is nobody. Only
// ids decide; a display name never does.
//
// The whole staff is kept in memory, since every event asks for it: a team has
// tens of people, not millions. A version number in the database tells a
// replica that another one has changed something.
package people
