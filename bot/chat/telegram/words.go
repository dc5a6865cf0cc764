package telegram

// Words gives what the transport says itself, in the language of a BCP 47 tag.
type Words func(lang string) Phrases

// Phrases are what the transport says itself, around a form and where a
// picture cannot be shown.
type Phrases struct {
	// Cancel and Skip are buttons' labels.
	Cancel, Skip string
	// Reply asks to reply to this very message, which a group needs.
	Reply string
	// Keep stands before the value that Skip would keep.
	Keep string
	// Needed says that this question wants an answer.
	Needed string
	// Choose says that the answer must be one of those offered.
	Choose string
	// Cancelled says that the form is closed and nothing was done.
	Cancelled string
	// Delete asks to delete a message with a secret that we could not delete.
	Delete string
	// Expired says that a form is not open, or not for whoever pressed.
	Expired string
	// NoImage says that a picture could not be shown.
	NoImage string
}

// English is what is said without [Config.Words].
func English(string) Phrases {
	return Phrases{
		Cancel: "Cancel", Skip: "Skip",
		Reply:     "Please reply to this message.",
		Keep:      "Skip keeps:",
		Needed:    "This one needs an answer.",
		Choose:    "Please choose one of the buttons.",
		Cancelled: "Cancelled. Nothing was done.",
		Delete:    "Please delete your message with it; the bot was not able to.",
		Expired:   "This form is not open for you.",
		NoImage:   "The picture could not be shown:",
	}
}
