package ebay

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"helloworld/connectors"
)

// The names under which a signing key stands in Credential.Extra.
const (
	extraKey = "signing_key"
	extraJWE = "signing_jwe"
	extraID  = "signing_id"
	extraEnd = "signing_end"
)

const (
	opSigningKey = "signing_key"
	// keyRest is how long after making a signing key no other is made: one that is
	// refused at once would be followed by another for ever.
	keyRest = time.Hour
)

// signed are the operations that eBay wants signed for sellers in the European
// Union and the United Kingdom. It ignores the signatures of others.
var signed = map[string]bool{
	opRefund: true, opReturnDecide: true, opReturnRefund: true, opCancelApprove: true, opInquiryRefund: true, opFunds: true,
}

// signingKey signs requests.
type signingKey struct {
	id   string
	jwe  string
	key  crypto.Signer
	ends time.Time
}

// signingKeys is the store's signing key, as far as there is one: from the
// configuration, or made by eBay and kept beside the credential.
type signingKeys struct {
	conf map[string]connectors.Secret

	mu   sync.Mutex
	cur  *signingKey
	from connectors.Secret // the text that cur was read from
	made time.Time
}

func (k *signingKeys) source(extra map[string]connectors.Secret) map[string]connectors.Secret {
	if k.conf[extraKey] != "" {
		return k.conf
	}
	return extra
}

func (k *signingKeys) ends(extra map[string]connectors.Secret) time.Time {
	return unixOf(string(k.source(extra)[extraEnd]))
}

func unixOf(s string) time.Time {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// current is the key to sign with now; nil if there is none.
func (k *signingKeys) current(extra map[string]connectors.Secret, now time.Time) (*signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	src := k.source(extra)
	text := src[extraKey]
	if text == "" {
		return nil, nil
	}
	if k.cur == nil || k.from != text {
		key, err := parseSigningKey(string(text))
		if err != nil {
			return nil, err
		}
		k.cur = &signingKey{id: string(src[extraID]), jwe: strings.TrimSpace(string(src[extraJWE])), key: key, ends: unixOf(string(src[extraEnd]))}
		k.from = text
	}
	if k.cur.jwe == "" || !k.cur.ends.IsZero() && !now.Before(k.cur.ends) {
		return nil, nil
	}
	return k.cur, nil
}

var errSigningKey = errors.New("the signing key cannot be read")

// parseSigningKey reads a private key as eBay gives it: PKCS 8 in base 64, with
// or without the lines around it.
func parseSigningKey(text string) (crypto.Signer, error) {
	der, err := derOf(text)
	if err != nil {
		return nil, errSigningKey // the cause might quote the key
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errSigningKey
	}
	switch key := parsed.(type) {
	case ed25519.PrivateKey:
		return key, nil
	case *rsa.PrivateKey:
		return key, nil
	}
	return nil, errSigningKey
}

// derOf reads base 64 between PEM's lines, which eBay writes without line ends.
func derOf(text string) ([]byte, error) {
	if b, _ := pem.Decode([]byte(text)); b != nil {
		return b.Bytes, nil
	}
	if _, rest, ok := strings.Cut(text, "KEY-----"); ok && strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN") {
		text, _, _ = strings.Cut(rest, "-----END")
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fmt.Errorf("not base 64: %w", err)
	}
	return der, nil
}

// sign makes the four headers over a request (three where there is no body).
// @path is the path as it is sent, without the query.
func (k *signingKey) sign(method string, u *url.URL, body []byte, at time.Time) (http.Header, error) {
	h := http.Header{"X-Ebay-Signature-Key": {k.jwe}}
	var parts []string
	var base strings.Builder
	add := func(name, value string) {
		parts = append(parts, `"`+name+`"`)
		base.WriteString(`"` + name + `": ` + value + "\n")
	}
	if len(body) > 0 {
		sum := sha256.Sum256(body)
		digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
		h.Set("Content-Digest", digest)
		add("content-digest", digest)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	add("x-ebay-signature-key", k.jwe)
	add("@method", method)
	add("@path", path)
	add("@authority", authority(u))
	params := "(" + strings.Join(parts, " ") + ");created=" + strconv.FormatInt(at.Unix(), 10)
	base.WriteString(`"@signature-params": ` + params)
	sig, err := k.signBytes([]byte(base.String()))
	if err != nil {
		return nil, err
	}
	h.Set("Signature-Input", "sig1="+params)
	h.Set("Signature", "sig1=:"+base64.StdEncoding.EncodeToString(sig)+":")
	return h, nil
}

func (k *signingKey) signBytes(base []byte) ([]byte, error) {
	switch key := k.key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, base), nil
	case *rsa.PrivateKey:
		sum := sha256.Sum256(base)
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	}
	return nil, errSigningKey
}

// authority is the host as HTTP names it: in small letters, without the scheme's
// own port.
func authority(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

// unsigned: eBay refused because of the signature, before it looked at the call.
func unsigned(err error) bool {
	switch codeOf(err) {
	case "215000", "215001", "215002", "215003", "215120", "215121", "215122":
		return true
	}
	return false
}

type wireSigningKey struct {
	ID      string      `json:"signingKeyId"`
	Private string      `json:"privateKey"`
	JWE     string      `json:"jwe"`
	Ends    json.Number `json:"expirationTime"`
}

// newSigningKey has eBay make a key, and keeps it. False: there was one a short
// while ago, or the configuration names one, so that a new one mends nothing.
func (s *Shop) newSigningKey(ctx context.Context) (bool, error) {
	k := &s.signing
	k.mu.Lock()
	rest := k.conf[extraKey] != "" || !k.made.IsZero() && s.now().Sub(k.made) < keyRest
	if !rest {
		k.made = s.now()
	}
	k.mu.Unlock()
	if rest {
		return false, nil
	}
	raw, err := json.Marshal(map[string]string{"signingKeyCipher": "ED25519"})
	if err != nil {
		return false, invalid(opSigningKey, "encode", err.Error())
	}
	var w wireSigningKey
	failed := true
	defer func() {
		if failed {
			k.mu.Lock()
			k.made = time.Time{}
			k.mu.Unlock()
		}
	}()
	if _, err := s.app.Do(ctx, connectors.Call{Op: opSigningKey, Method: http.MethodPost, URL: s.apiz + "/developer/key_management/v1/signing_key",
		Header: s.header(), Raw: raw, ContentType: "application/json"}, &w); err != nil {
		return false, err
	}
	if _, err := parseSigningKey(w.Private); err != nil || w.JWE == "" {
		return false, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: opSigningKey, Code: "malformed", Err: errSigningKey}
	}
	failed = false
	return true, s.tokens.Update(ctx, func(c *connectors.Credential) {
		if c.Extra == nil {
			c.Extra = map[string]connectors.Secret{}
		}
		c.Extra[extraKey], c.Extra[extraJWE] = connectors.Secret(w.Private), connectors.Secret(w.JWE)
		c.Extra[extraID], c.Extra[extraEnd] = connectors.Secret(w.ID), connectors.Secret(w.Ends.String())
	})
}
