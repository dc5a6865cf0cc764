// Package commands is what a person may ask the desk, and the one router that
// every word, press and form goes through.
//
// A command is a [Spec] in the list [All]: its name, its arguments, who may use
// it, what the shop has to be able to do, and what it does. Menus, help and the
// chats' manifests are made from that list.
//
// # Why
//
// A button is a command, a form is a command whose arguments were filled in, and
// a thread takes "!refund 1234" where Slack has no slash commands. All of them
// meet here, so that there is one permission check, one audit line and one test.
//
// Arguments are typed and read by the router, so that Run never sees text it has
// to take apart, except where the argument is somebody's own words.
//
// Whoever an account does not speak for anybody gets an answer that says so and
// what to do, and nothing else.
package commands
