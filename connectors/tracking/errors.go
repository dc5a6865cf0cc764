package tracking

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what an error means for whoever has to act. The words are those of
// the port for shops, which this package does not know.
type Kind int

// The kinds of errors.
const (
	// Unsure: it may or may not have happened.
	Unsure Kind = iota
	// Busy: refused for now; try again after RetryAfter.
	Busy
	// Down: the service is broken or out of reach.
	Down
	// Refused: the key is wrong, or the account has nothing left.
	Refused
	// Invalid: the service will never accept this.
	Invalid
	// NotFound: the service does not know this parcel.
	NotFound
	// Unsupported: the service cannot do it.
	Unsupported
)

var kindNames = [...]string{"unsure", "busy", "down", "refused", "invalid", "not_found", "unsupported"}

// String is the kind's word in logs and catalogue keys.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind(%d)", int(k))
	}
	return kindNames[k]
}

// Error is what services return. It never holds a key.
type Error struct {
	Kind        Kind
	Service, Op string
	// Code is the service's own word.
	Code       string
	RetryAfter time.Duration
	Err        error
}

// Error tells service, call, code and cause.
func (e *Error) Error() string {
	s := e.Service
	if e.Op != "" {
		s += " " + e.Op
	}
	s += ": " + e.Kind.String()
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf tells what an error means; [Unsure] when nobody said.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Unsure
}

// meanings are the services' own words for what went wrong; one that is not here
// is judged by the status it came with.
var meanings = map[string]map[string]Kind{
	SeventeenTrack: {
		"-18010001": Refused,  // our address is not on the account's list
		"-18010002": Refused,  // the key
		"-18010003": Down,     // an error of theirs
		"-18010004": Refused,  // the account is switched off
		"-18010005": Refused,  // no access
		"-18010010": Invalid,  // something is missing
		"-18010011": Invalid,  // a value is wrong
		"-18010012": Invalid,  // something is not written as it has to be
		"-18010013": Invalid,  // what was sent cannot be read
		"-18010014": Busy,     // too many calls
		"-18019902": NotFound, // not registered
		"-18019903": Invalid,  // the carrier cannot be found out
		"-18019907": Refused,  // the day's limit is used up
		"-18019908": Refused,  // the quota is used up
		"-18019909": NotFound, // nothing known yet
		"-18019910": Invalid,  // the carrier's code is wrong
	},
	AfterShip: {
		"401": Refused, "402": Refused, "403": Refused,
		"4001": Invalid, "4002": Invalid,
		"4004": NotFound, "4005": Invalid, "4006": Invalid, "4007": Invalid, "4008": Invalid, "4009": Invalid, "4010": Invalid, "4011": Invalid,
		"4012": NotFound, // no carrier found for this number
		"4015": Refused,  // the plan does not have it
		"429":  Busy,
	},
}
