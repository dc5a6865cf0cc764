package sandbox

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strconv"
)

// ebayKey is the key with which eBay signs what it pushes. It depends on the
// world's seed alone, so that a world which starts again signs with the same.
type ebayKey struct {
	id     string
	key    *ecdsa.PrivateKey
	public string // PEM, on one line, as eBay gives it
}

func newEbayKey(seed int64) (*ebayKey, error) {
	for i := 0; ; i++ { // nearly every number is a key; one that is not is followed by the next
		sum := sha256.Sum256([]byte("sandbox push key " + strconv.FormatInt(seed, 10) + " " + strconv.Itoa(i)))
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), sum[:])
		if err != nil && i < 8 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("a key to sign with: %w", err)
		}
		der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("a key to sign with: %w", err)
		}
		text := string(bytes.ReplaceAll(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), []byte("\n"), nil))
		id := sha256.Sum256(der)
		return &ebayKey{id: "sbx-" + hex.EncodeToString(id[:8]), key: key, public: text}, nil
	}
}

// signEbay is the X-EBAY-SIGNATURE of a body: eBay signs JSON without spaces.
func (w *World) signEbay(body []byte) (string, error) {
	var tight bytes.Buffer
	if err := json.Compact(&tight, body); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	sum := sha1.Sum(tight.Bytes()) // eBay's choice, not ours
	sig, err := ecdsa.SignASN1(rand.Reader, w.ebayKey.key, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	raw, err := json.Marshal(map[string]string{"alg": "ecdsa", "kid": w.ebayKey.id, "signature": base64.StdEncoding.EncodeToString(sig), "digest": "SHA1"})
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}
