package sandbox

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signKey is a key with which a seller's software signs its requests.
type signKey struct {
	id, cipher, jwe, public, private string
	key                              crypto.PublicKey
	made, ends                       time.Time
}

// europe are the sites whose sellers have to sign what moves money.
var europe = []string{"EBAY_AT", "EBAY_BE", "EBAY_DE", "EBAY_ES", "EBAY_FR", "EBAY_GB", "EBAY_IE", "EBAY_IT", "EBAY_NL", "EBAY_PL"}

// mustSign tells whether a store's refunds have to be signed.
func (s *store) mustSign() bool {
	return s.w.o.Signatures && slices.Contains(europe, s.Marketplace)
}

func keyError(status, id int, message string) reply {
	return ebayError(status, id, "API_DEVELOPER_KEY_MANAGEMENT", "REQUEST", message)
}

// json tells all but the private key, which is told once.
func (k *signKey) json() m {
	return m{"signingKeyId": k.id, "signingKeyCipher": k.cipher, "publicKey": k.public, "jwe": k.jwe, "creationTime": k.made.Unix(), "expirationTime": k.ends.Unix()}
}

func (w *World) ebayMakeKey(c *call) reply {
	var q struct {
		Cipher string `json:"signingKeyCipher"`
	}
	if decode(c.body, &q) != nil {
		return keyError(http.StatusBadRequest, 210006, "You must request for new signing key with valid request payload.")
	}
	k, err := c.s.newSignKey(q.Cipher)
	if err != nil {
		return keyError(http.StatusInternalServerError, 210000, "The key could not be made.")
	}
	if k == nil {
		return keyError(http.StatusBadRequest, 210001, "You must supply a valid signing key cipher. Allowed values are ED25519 and RSA.")
	}
	out := k.json()
	out["privateKey"] = k.private
	return jsonReply(http.StatusOK, out)
}

// newSignKey makes a key; none for an unknown cipher. Ed25519 keys depend on the
// store alone, so that a test can know them beforehand.
func (s *store) newSignKey(cipher string) (*signKey, error) {
	n := s.next()
	seed := sha256.Sum256([]byte(s.Name + " signing key " + strconv.FormatInt(n, 10)))
	var private any
	var public crypto.PublicKey
	switch cipher {
	case "ED25519":
		key := ed25519.NewKeyFromSeed(seed[:])
		private, public = key, key.Public()
	case "RSA":
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		private, public = key, key.Public()
	default:
		return nil, nil
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	pub, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	header, err := json.Marshal(m{"alg": "A256GCMKW", "enc": "A256GCM", "zip": "DEF"})
	if err != nil {
		return nil, err
	}
	// To everybody but eBay this is a word without meaning, in five parts.
	parts := []string{base64.RawURLEncoding.EncodeToString(header)}
	for i := range 4 {
		sum := sha256.Sum256(append(seed[:], byte(i)))
		parts = append(parts, base64.RawURLEncoding.EncodeToString(sum[:]))
	}
	now := s.w.now()
	k := &signKey{id: uuidOf(pub[len(pub)-16:]), cipher: cipher, jwe: strings.Join(parts, "."), public: base64.StdEncoding.EncodeToString(pub),
		private: base64.StdEncoding.EncodeToString(der), key: public, made: now, ends: now.AddDate(3, 0, 0)}
	s.market.signKeys = append(s.market.signKeys, k)
	return k, nil
}

func (w *World) ebayKeys(c *call) reply {
	out := []m{}
	for _, k := range c.s.market.signKeys {
		out = append(out, k.json())
	}
	return jsonReply(http.StatusOK, m{"signingKeys": out})
}

func (w *World) ebaySignKey(c *call, id string) reply {
	for _, k := range c.s.market.signKeys {
		if k.id == id {
			return jsonReply(http.StatusOK, k.json())
		}
	}
	return keyError(http.StatusNotFound, 210002, "The signing key with id "+id+" was not found.")
}

var signatureInput = regexp.MustCompile(`^sig1=(\(([^()]*)\);created=(\d{1,12})[^"]*)$`)

// checkSignature checks the signature of a request that moves money: over the
// exact body, the key, the method, the path without its query, and the host. How
// old it is is not looked at: the client's clock is the real one.
func (w *World) checkSignature(c *call) *reply {
	fail := func(id int, why string) *reply {
		bad := ebayError(http.StatusBadRequest, id, "ACCESS", "REQUEST", why)
		return &bad
	}
	jwe, input, sig := c.Header.Get("x-ebay-signature-key"), c.Header.Get("Signature-Input"), c.Header.Get("Signature")
	switch {
	case jwe == "":
		return fail(215001, "Missing x-ebay-signature-key header")
	case input == "":
		return fail(215002, "Missing Signature-Input header")
	case sig == "":
		return fail(215120, "Missing Signature header")
	}
	i := slices.IndexFunc(c.s.market.signKeys, func(k *signKey) bool { return k.jwe == jwe })
	if i < 0 {
		return fail(215121, "The signature key is not one of ours.")
	}
	k := c.s.market.signKeys[i]
	if !c.s.w.now().Before(k.ends) {
		return fail(215121, "The signature key has expired.")
	}
	const broken = "Signature validation failed to fulfill the request."
	parts := signatureInput.FindStringSubmatch(input)
	if parts == nil {
		return fail(215122, broken)
	}
	names := strings.Fields(parts[2])
	need := []string{`"x-ebay-signature-key"`, `"@method"`, `"@path"`, `"@authority"`}
	if len(c.body) > 0 {
		need = append(need, `"content-digest"`)
	}
	for _, n := range need {
		if !slices.Contains(names, n) {
			return fail(215122, broken)
		}
	}
	var base strings.Builder
	for _, n := range names {
		var v string
		switch n {
		case `"@method"`:
			v = c.Method
		case `"@path"`:
			v = c.URL.EscapedPath()
		case `"@authority"`:
			v = strings.ToLower(c.Host)
		case `"content-digest"`:
			sum := sha256.Sum256(c.body)
			if v = c.Header.Get("Content-Digest"); v != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
				return fail(215122, broken)
			}
		default:
			name := strings.Trim(n, `"`)
			if strings.HasPrefix(name, "@") || len(c.Header.Values(name)) == 0 {
				return fail(215122, broken)
			}
			v = strings.Join(c.Header.Values(name), ", ")
		}
		base.WriteString(n + ": " + v + "\n")
	}
	base.WriteString(`"@signature-params": ` + parts[1])
	text, found := strings.CutPrefix(sig, "sig1=:")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(text, ":"))
	if !found || err != nil || !k.verifies([]byte(base.String()), raw) {
		return fail(215122, broken)
	}
	return nil
}

func (k *signKey) verifies(text, sig []byte) bool {
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, text, sig)
	case *rsa.PublicKey:
		sum := sha256.Sum256(text)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig) == nil
	}
	return false
}
