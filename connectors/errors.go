package connectors

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what an error means for whoever has to act.
type Kind int

// The kinds of errors. [Unsure] is the zero value: look before trying again.
const (
	// Unsure: it may or may not have happened.
	Unsure Kind = iota
	// Busy: refused for now, certainly not done; try again after RetryAfter.
	Busy
	// Down: the platform is broken or out of reach, certainly not done.
	Down
	// Reauthorise: the seller has to grant access again.
	Reauthorise
	// AppBroken: our application's own credentials are wrong or expired.
	AppBroken
	// Invalid: the platform will never accept this.
	Invalid
	// NotFound: there is no such thing.
	NotFound
	// Conflict: it is already so, or something else is in the way.
	Conflict
	// Unsupported: this account, plan or platform cannot do it.
	Unsupported
)

var kindNames = [...]string{"unsure", "busy", "down", "reauthorise", "app_broken", "invalid", "not_found", "conflict", "unsupported"}

// String is the kind's word in logs and catalogue keys.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind(%d)", int(k))
	}
	return kindNames[k]
}

// OtherSeller is the code of an error of [Authoriser.Complete]: another seller
// granted access than the one that the store is configured for.
const OtherSeller = "other_seller"

// Error is what adapters return.
type Error struct {
	Kind       Kind
	Platform   string
	Op         string
	Code       string
	RetryAfter time.Duration
	// Link is where a person mends it, if there is such a place.
	Link string
	Err  error
}

// Error tells platform, operation, code and cause. It never holds a secret.
func (e *Error) Error() string {
	s := e.Platform
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

// RetryAfterOf tells how long a Busy error asks us to wait; 0 when it does not say.
func RetryAfterOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
