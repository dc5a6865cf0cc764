package ebay

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"helloworld/connectors"
)

const (
	opPublicKey = "public_key"
	opPush      = "push"
	// keyFor is how long a public key is believed, and noKeyFor that there is none.
	keyFor   = time.Hour
	noKeyFor = 5 * time.Minute
	// maxKeys bounds how many are remembered: their names come from outside.
	maxKeys = 50
	notify  = "/commerce/notification/v1"
)

var keyID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{7,79}$`)

// topics are the topics that the desk wants, and what each is about.
var topics = map[string]connectors.EventKind{
	"MARKETPLACE_ACCOUNT_DELETION": connectors.EventPrivacy,
	"AUTHORIZATION_REVOCATION":     connectors.EventGone,
	"ORDER_CONFIRMATION":           connectors.EventOrder,
	"ITEM_MARKED_SHIPPED":          connectors.EventShipment,
	"NEW_MESSAGE":                  connectors.EventMessage,
	"BUYER_QUESTION":               connectors.EventMessage,
	"ITEM_AVAILABILITY":            connectors.EventStock,
	"ITEM_PRICE_REVISION":          connectors.EventItem,
}

// Challenge answers eBay's question whether an address is ours.
func (s *Shop) Challenge(q url.Values, endpoint string) (string, []byte, bool) {
	code := q.Get("challenge_code")
	if code == "" || s.verify == "" {
		return "", nil, false
	}
	sum := sha256.Sum256([]byte(code + string(s.verify) + endpoint))
	return "application/json", []byte(`{"challengeResponse":"` + hex.EncodeToString(sum[:]) + `"}`), true
}

type wireSignature struct {
	Key       string `json:"kid"`
	Signature string `json:"signature"`
	Digest    string `json:"digest"`
}

type wireNotice struct {
	Metadata struct {
		Topic string `json:"topic"`
	} `json:"metadata"`
	Notice struct {
		ID        string          `json:"notificationId"`
		Event     string          `json:"eventDate"`
		Published string          `json:"publishDate"`
		Data      json.RawMessage `json:"data"`
	} `json:"notification"`
}

func forged(code, why string) error {
	return &connectors.Error{Kind: connectors.Invalid, Platform: Platform, Op: opPush, Code: code, Err: errors.New(why)}
}

// Verify checks eBay's signature. An old delivery is a delivery all the same: eBay
// repeats what it could not bring for days, its id tells whether it was here
// before, and an event is only a reason to read.
func (s *Shop) Verify(ctx context.Context, h http.Header, raw []byte) ([]connectors.Event, error) {
	text := h.Get("X-Ebay-Signature")
	if text == "" {
		return nil, forged("unsigned", "the delivery is not signed")
	}
	dec, err := base64.StdEncoding.DecodeString(text)
	var sig wireSignature
	if err != nil || json.Unmarshal(dec, &sig) != nil || !keyID.MatchString(sig.Key) {
		return nil, forged("signature", "the signature cannot be read")
	}
	der, err := base64.StdEncoding.DecodeString(sig.Signature)
	if err != nil || len(der) == 0 {
		return nil, forged("signature", "the signature cannot be read")
	}
	key, err := s.publicKey(ctx, sig.Key)
	if err != nil {
		return nil, err
	}
	if !key.signed(raw, der) {
		// What is signed is the body without the spaces between its parts.
		var tight bytes.Buffer
		if json.Compact(&tight, raw) != nil || !key.signed(tight.Bytes(), der) {
			return nil, forged("signature", "the signature is not eBay's")
		}
	}
	return notices(raw)
}

// notices are what a delivery tells. A buyer who wants to be forgotten is named
// in two ways, and orders may carry either.
func notices(raw []byte) ([]connectors.Event, error) {
	e, err := notice(raw)
	if err != nil || e.Kind != connectors.EventPrivacy {
		return []connectors.Event{e}, err
	}
	var w struct {
		Notice struct {
			Data struct {
				Name loose `json:"username"`
			} `json:"data"`
		} `json:"notification"`
	}
	if json.Unmarshal(raw, &w) != nil || w.Notice.Data.Name == "" || string(w.Notice.Data.Name) == e.Ref {
		return []connectors.Event{e}, nil
	}
	byName := e
	byName.ID, byName.Ref = e.ID+"/username", string(w.Notice.Data.Name)
	return []connectors.Event{e, byName}, nil
}

// notice reads a delivery whose signature is good.
func notice(raw []byte) (connectors.Event, error) {
	var w wireNotice
	if err := json.Unmarshal(raw, &w); err != nil || w.Metadata.Topic == "" || w.Notice.ID == "" {
		return connectors.Event{}, forged("unreadable", "the delivery is not a notification")
	}
	e := connectors.Event{ID: w.Notice.ID, Topic: w.Metadata.Topic, Kind: connectors.EventOther, Raw: bytes.Clone(raw)}
	if k, ok := topics[e.Topic]; ok {
		e.Kind = k
	}
	for _, text := range []string{w.Notice.Event, w.Notice.Published} {
		if at, err := when(text); err == nil && e.At.IsZero() {
			e.At = at
		}
	}
	var d struct {
		Order  loose `json:"orderId"`
		Nested struct {
			ID loose `json:"orderId"`
		} `json:"order"`
		Talk     loose           `json:"conversationId"`
		Message  loose           `json:"messageId"`
		Line     loose           `json:"lineItemId"`
		Line2    loose           `json:"orderLineItemId"`
		Item     loose           `json:"itemId"`
		Listing  loose           `json:"listingId"`
		User     loose           `json:"userId"`
		Name     loose           `json:"username"`
		Seller   json.RawMessage `json:"seller"`
		SellerID loose           `json:"sellerId"`
		SellerN  loose           `json:"sellerUsername"`
	}
	if json.Unmarshal(w.Notice.Data, &d) != nil {
		return e, nil // an event of a kind that we cannot look into is still one
	}
	e.Order = orElse(string(d.Order), string(d.Nested.ID))
	for _, id := range []loose{d.Talk, d.Message, d.Line, d.Line2, d.Item, d.Listing} {
		e.Ref = orElse(e.Ref, string(id))
	}
	e.Account = orElse(string(d.SellerN), string(d.SellerID))
	switch e.Kind {
	case connectors.EventGone:
		// Whose consent ended. With one application for several stores it is told
		// to all of them.
		e.Account, e.Ref = orElse(string(d.Name), string(d.User)), string(d.User)
	case connectors.EventPrivacy:
		e.Ref = orElse(string(d.User), string(d.Name))
	}
	return e, nil
}

// publicKey is one of eBay's keys; known is false for one that there is not.
type publicKey struct {
	key    *ecdsa.PublicKey
	digest crypto.Hash
	until  time.Time
}

func (k publicKey) signed(body, der []byte) bool {
	if k.key == nil {
		return false
	}
	var sum []byte
	if k.digest == crypto.SHA256 {
		a := sha256.Sum256(body)
		sum = a[:]
	} else {
		a := sha1.Sum(body)
		sum = a[:]
	}
	return ecdsa.VerifyASN1(k.key, sum, der)
}

// publicKeys remembers keys, and asks for each once at a time.
type publicKeys struct {
	mu      sync.Mutex
	known   map[string]publicKey
	flights map[string]*keyFlight
}

type keyFlight struct {
	done chan struct{}
	key  publicKey
	err  error
}

func (s *Shop) publicKey(ctx context.Context, id string) (publicKey, error) {
	k := &s.keys
	k.mu.Lock()
	if got, ok := k.known[id]; ok && s.now().Before(got.until) {
		k.mu.Unlock()
		return got, nil
	}
	f, ok := k.flights[id]
	if !ok {
		f = &keyFlight{done: make(chan struct{})}
		if k.flights == nil {
			k.known, k.flights = map[string]publicKey{}, map[string]*keyFlight{}
		}
		k.flights[id] = f
		// It belongs to all who wait: the first one's leaving must not end it.
		go s.fetchKey(context.WithoutCancel(ctx), id, f)
	}
	k.mu.Unlock()
	select {
	case <-f.done:
		return f.key, f.err
	case <-ctx.Done():
		return publicKey{}, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: opPublicKey, Code: "cancelled", Err: ctx.Err()}
	}
}

func (s *Shop) fetchKey(ctx context.Context, id string, f *keyFlight) {
	f.key, f.err = s.askKey(ctx, id)
	k := &s.keys
	k.mu.Lock()
	if f.err == nil {
		if len(k.known) >= maxKeys {
			clear(k.known)
		}
		k.known[id] = f.key
	}
	delete(k.flights, id)
	k.mu.Unlock()
	close(f.done)
}

// askKey gets a key. One that eBay does not know is remembered as that for a
// while: whoever invents names of keys must not use up our calls.
func (s *Shop) askKey(ctx context.Context, id string) (publicKey, error) {
	var w struct {
		Key       string `json:"key"`
		Algorithm string `json:"algorithm"`
		Digest    string `json:"digest"`
	}
	err := s.readAs(ctx, s.app, opPublicKey, s.base+notify+"/public_key/"+url.PathEscape(id), nil, &w)
	switch kind := connectors.KindOf(err); {
	case err == nil:
	case kind == connectors.NotFound, kind == connectors.Invalid:
		return publicKey{until: s.now().Add(noKeyFor)}, nil
	default:
		// Down, whatever the reason: it says nothing about the delivery.
		return publicKey{}, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: opPublicKey, Code: codeOf(err), Err: err}
	}
	der, err := derOf(w.Key)
	if err == nil {
		var any any
		if any, err = x509.ParsePKIXPublicKey(der); err == nil {
			if key, ok := any.(*ecdsa.PublicKey); ok {
				out := publicKey{key: key, digest: crypto.SHA1, until: s.now().Add(keyFor)}
				if strings.EqualFold(strings.ReplaceAll(w.Digest, "-", ""), "SHA256") {
					out.digest = crypto.SHA256
				}
				return out, nil
			}
		}
	}
	return publicKey{}, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: opPublicKey, Code: "malformed", Err: errors.New("eBay's public key cannot be read")}
}
