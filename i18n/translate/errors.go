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

// kindCodes say in a finding what happened to an engine.
var kindCodes = map[ErrorKind]string{
	Busy: codeEngineBusy, Down: codeEngineDown, Denied: codeEngineDenied, Quota: codeEngineQuota,
	TooLong: codeEngineTooLong, BadAnswer: codeEngineBadAnswer, NoPair: codeEngineNoPair,
}

// codeOf is the finding for an engine that gave no answer.
func codeOf(err error) string {
	switch {
	case errors.Is(err, errResting):
		return codeEngineResting
	case errors.Is(err, errBudget):
		return codeEngineBudget
	case errors.Is(err, errForgets):
		return codeEngineForgets
	case errors.Is(err, errNoPair):
		return codeEngineNoPair
	}
	if code, ok := kindCodes[KindOf(err)]; ok {
		return code
	}
	return codeEngineFailed
}

// The codes of what happened to engines, and of what a shop's tone asks for.
const (
	codeEngineBusy      = "engine_busy"
	codeEngineDown      = "engine_down"
	codeEngineDenied    = "engine_denied"
	codeEngineQuota     = "engine_quota"
	codeEngineTooLong   = "engine_too_long"
	codeEngineBadAnswer = "engine_bad_answer"
	codeEngineNoPair    = "engine_no_pair"
	codeEngineResting   = "engine_resting"
	codeEngineForgets   = "engine_forgets"
	codeEngineBudget    = "engine_budget"
	codeEngineUnfit     = "engine_unfit"
	codeNoEnginePair    = "no_engine_pair"
	codeLocalOnly       = "local_only"
	codeInformal        = "informal"
)

// governance are the codes above, for [Codes].
var governance = []string{
	codeEngineBusy, codeEngineDown, codeEngineDenied, codeEngineQuota, codeEngineTooLong, codeEngineBadAnswer, codeEngineNoPair,
	codeEngineResting, codeEngineForgets, codeEngineBudget, codeEngineUnfit, codeNoEnginePair, codeLocalOnly, codeInformal,
}
