package i18n

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// Problem is an error with two faces: a sentence for the person, which says what
// to do next, and a cause for the log. Both carry the same reference.
type Problem struct {
	// Key and Args are the sentence.
	Key  Key
	Args []any
	// Cause is for the log only: it may name hosts and internals.
	Cause error
	// Ref is what the person reads out and what the log is searched for.
	Ref string
}

// NewProblem says what is wrong. The reference is made from the key and the
// cause, so that the same trouble has the same one; a caller with a better one
// sets Ref. Without a cause there is nothing to look up, and no reference.
func NewProblem(cause error, k Key, args ...any) *Problem {
	p := &Problem{Key: k, Args: args, Cause: cause}
	if cause != nil {
		h := sha256.Sum256([]byte(string(k) + "\x00" + cause.Error()))
		p.Ref = hex.EncodeToString(h[:4])
	}
	return p
}

// Error is the text for the log: key, cause and reference, never the arguments,
// which may be a buyer's words.
func (p *Problem) Error() string {
	s := string(p.Key)
	if p.Cause != nil {
		s += ": " + p.Cause.Error()
	}
	if p.Ref != "" {
		s += " (ref " + p.Ref + ")"
	}
	return s
}

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// Say is the sentence for the person, with the reference when there is a cause.
func (p *Problem) Say(pr *Printer) string {
	s := pr.T(p.Key, p.Args...)
	if p.Cause != nil && p.Ref != "" {
		s += pr.T("common.ref", "ref", p.Ref)
	}
	return s
}

// AsProblem finds the problem in an error.
func AsProblem(err error) (*Problem, bool) {
	var p *Problem
	ok := errors.As(err, &p)
	return p, ok
}
