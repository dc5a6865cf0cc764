package translate

import (
	"errors"
	"fmt"
	"time"
)

// ErrorKind says what an engine's error means. Translating has no side effects,
// so that trying again is always safe; the question is whether it is any use.
type ErrorKind int

// The kinds of errors.
const (
	// Failed: nobody said; another engine may do better.
	Failed ErrorKind = iota
	// Busy: too many requests; leave the engine alone for RetryAfter.
	Busy
	// Down: out of reach or broken.
	Down
	// Denied: the key is wrong, or the model is not for us.
	Denied
	// Quota: paid for and used up.
	Quota
	// TooLong: more than the engine takes, or its answer was cut.
	TooLong
	// BadAnswer: an answer that is not a translation of what was asked.
	BadAnswer
	// NoPair: the engine does not know these languages.
	NoPair
)

var kindNames = [...]string{"failed", "busy", "down", "denied", "quota", "too_long", "bad_answer", "no_pair"}

// String is the kind's word in logs.
func (k ErrorKind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind(%d)", int(k))
	}
	return kindNames[k]
}

// EngineError is what engines return. It never holds a secret or the text.
type EngineError struct {
	Kind       ErrorKind
	Engine     string
	RetryAfter time.Duration
	Err        error
}

// Error tells engine, kind and cause.
func (e *EngineError) Error() string {
	s := e.Engine + ": " + e.Kind.String()
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *EngineError) Unwrap() error { return e.Err }

// KindOf tells what an engine's error means.
func KindOf(err error) ErrorKind {
	var e *EngineError
	if errors.As(err, &e) {
		return e.Kind
	}
	return Failed
}
