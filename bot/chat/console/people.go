package console

import "context"

// Directory knows the people. Nobody else gets in.
type Directory interface {
	// Redeem uses up the code of a one-time link; false if it is unknown, used
	// or too old.
	Redeem(ctx context.Context, code string) (Person, bool, error)
	// Person finds somebody who may sign in now; false ends their sessions.
	Person(ctx context.Context, id string) (Person, bool, error)
	// Demo lists the people a newcomer may play. It is asked only where
	// [Config.Demo] is set.
	Demo(ctx context.Context) ([]Person, error)
	// SetLanguage remembers which language a person wants.
	SetLanguage(ctx context.Context, id, lang string) error
}

// Person is somebody who works at the desk.
type Person struct {
	// ID is what decides; it is the account's ID in every event.
	ID   string
	Name string
	// Role is shown beside the name in the demo's bar, in the words of the one who
	// reads it; may be empty.
	Role string
	// Lang is the BCP 47 tag of the language they read; empty if they never said.
	Lang string
}

// Words is the console's own voice.
type Words interface {
	// Word is the sentence of a key in a language: Word("de", "console.send").
	// Slots such as {name} are left in it. See [Keys].
	Word(lang, key string) string
	// Languages are what there is to choose from; the first is the default.
	Languages() []Language
}

// Language is one that the console speaks.
type Language struct {
	// Tag is BCP 47; Name is what its own speakers call it.
	Tag, Name string
}

// Channel is a room on the page.
type Channel struct {
	// ID is the Place.Channel of what is said there. IDs that start with @ are
	// people's private rooms with the desk, and are not listed by anybody.
	ID, Name string
	// About is a line under the name; may be empty.
	About string
}
