package audit

import "fmt"

// Damages are the kinds of what can be found.
type Damages string

// The kinds.
const (
	// Changed: the lines N to To are not what was written. Line is the one line as
	// it stands now, if it is one.
	Changed Damages = "changed"
	// Missing: the lines N to To are not there. Where the following were given new
	// numbers, Renumbered is set.
	Missing Damages = "missing"
	// Swapped: the lines N and To stand in each other's place.
	Swapped Damages = "swapped"
	// Moved: what stands as line N was written as line To.
	Moved Damages = "moved"
	// Inserted: the lines N to To were put in, and the following given new numbers.
	Inserted Damages = "inserted"
	// Added: the lines N to To were put in outside of what the head counts.
	Added Damages = "added"
	// Unchained: from line N to the last one, To, no line chains on the one before.
	Unchained Damages = "unchained"
	// NotOne: not one line holds: the key is another one, or all was rewritten.
	NotOne Damages = "not_one"
	// Cut: the log ends at line N, and a head said To.
	Cut Damages = "cut"
	// HeadOff: the lines hold, and the head is not theirs: it says To.
	HeadOff Damages = "head"
	// Rewritten: line N chains, and is not the line whose hash was posted.
	Rewritten Damages = "rewritten"
	// PostedOff: the note of what was posted on Day was changed.
	PostedOff Damages = "posted"
)

// Finding is one thing that is wrong with the log.
type Finding struct {
	Kind       Damages
	N, To      int64
	Line       *Line
	Renumbered bool
	// Day is when the head that says so was posted; empty: it is the database's
	// own. Outside: it was handed in, and Day says where it stands there.
	Day     string
	Outside bool
}

// String is the finding for a log file.
func (f Finding) String() string {
	s := fmt.Sprintf("line %d %s", f.N, f.Kind)
	if f.To != f.N {
		s = fmt.Sprintf("lines %d, %d %s", f.N, f.To, f.Kind)
	}
	if f.Day != "" {
		s += " (" + f.Day + ")"
	}
	return s
}
