package connectors

import (
	"context"
	"log/slog"
	"time"
)

// Secret is text that must not be shown: it prints as dots. Convert it with
// string(s) where it is really used. It does marshal to JSON, since sealed
// credentials are kept that way; nothing else marshals one.
type Secret string

const dots = "•••"

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return dots
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Credential is what an account is reached with.
type Credential struct {
	Access  Secret    `json:"access,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	Refresh Secret    `json:"refresh,omitempty"`
	// RefreshExpires is when the refresh token or the seller's consent ends.
	RefreshExpires time.Time `json:"refresh_expires,omitzero"`
	// Granted is when the seller last granted access, or when the desk first saw
	// the credential.
	Granted time.Time `json:"granted,omitzero"`
	Scopes  []string  `json:"scopes,omitempty"`
	// Extra is what else the platform gave and wants back: a signing key's id, its end.
	Extra map[string]Secret `json:"extra,omitempty"`
	// Previous is the refresh token before this one, kept until this one worked.
	Previous Secret `json:"previous,omitempty"`
}

// After is what a refresh brought, with what it left out taken from the credential
// before it.
func (c Credential) After(old Credential) Credential {
	if c.Refresh == "" {
		c.Refresh, c.Previous = old.Refresh, old.Previous
	} else if c.Refresh != old.Refresh {
		c.Previous = old.Refresh
	}
	if c.RefreshExpires.IsZero() {
		c.RefreshExpires = old.RefreshExpires
	}
	if c.Scopes == nil {
		c.Scopes = old.Scopes
	}
	return c
}

// Keeper remembers credentials, sealed. Save returns only when it is durable.
type Keeper interface {
	Load(ctx context.Context, store string) (Credential, bool, error)
	Save(ctx context.Context, store string, c Credential) error
}

// Locker is a [Keeper] that sees to it that only one replica refreshes a store's
// credential at a time. Without it, two that refresh a rotating token together
// may be refused in turn, and mend it with what the other has kept.
type Locker interface {
	// Lock waits until the store is this replica's, or ctx ends. What it is worth
	// ends with the process that holds it.
	Lock(ctx context.Context, store string) (unlock func(), err error)
}
