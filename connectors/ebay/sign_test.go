package ebay

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/connectors"
)

// The example that eBay publishes: its test key, its body, its clock.
func TestSignatureGolden(t *testing.T) {
	t.Parallel()
	key, err := parseSigningKey(testSigning)
	if err != nil {
		t.Fatal(err)
	}
	const jwe = "eyJ6aXAiOiJERUYiLCJlbmMiOiJBMjU2R0NNIiwidGFnIjoiSGdLcjNSSWFlZll0Mkd4blBUUTEwUSIsImFsZyI6IkEyNTZHQ01LVyIsIml2IjoiQTVOQXFYUXlITkNIT01GVSJ9.z3JcS0vvxrYboqpySAq_Znww-3V6AllxmJP5JEMkuLY.K1f4MVMEc8ylbfSS.fASwJyMCk2tXZsNWk13IcuVgSWTOcynSdAoJrK4WApZANlxAP9J0qr0Jz_4aFldFDSZ5tfuxLGqzJmWU7CiZWwNjk2XoVy8q5ogMrFNFwFXP4SrX1XORhNLZPTyS5DEqLDPYn2NX944xendEwfcxxXsTSeNCUnmSyfitiscUC04GYOfn0UWQ2buSWx7Yod0IR2GtTGUsM9o3J-riuNDKhw.rRsWM1Sl_2stTnZLJkWVmQ"
	k := &signingKey{jwe: jwe, key: key}
	u, _ := url.Parse("http://localhost:8080/verifysignature?query=is-left-out")
	h, err := k.sign("POST", u, []byte(`{"hello": "world"}`), time.Unix(1659651955, 0))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Content-Digest":       "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
		"Signature-Input":      `sig1=("content-digest" "x-ebay-signature-key" "@method" "@path" "@authority");created=1659651955`,
		"Signature":            "sig1=:uunxYrXKC8KaoupD5D1DKdmQmrOhz6b4Xbhb3o9d4x4xFIpg++XzEZztOyeOI59rMMjM3NIcFgxBH0c1ckpfBw==:",
		"X-Ebay-Signature-Key": jwe,
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	h, err = k.sign("POST", u, nil, time.Unix(1659651955, 0))
	if err != nil || h.Get("Content-Digest") != "" || strings.Contains(h.Get("Signature-Input"), "digest") {
		t.Errorf("without a body: %v %v", h, err)
	}
}

func TestSigningKeyShapes(t *testing.T) {
	t.Parallel()
	bare := strings.Join(strings.Split(testSigning, "\n")[1:2], "")
	for name, text := range map[string]string{"lines": testSigning, "one line": strings.ReplaceAll(testSigning, "\n", ""), "bare": bare} {
		if _, err := parseSigningKey(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "-----BEGIN PRIVATE KEY-----", "MC4CAQAw", "not a key", bare[:20]} {
		if _, err := parseSigningKey(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

type keeper struct {
	mu sync.Mutex
	c  map[string]connectors.Credential
}

func (k *keeper) Load(_ context.Context, store string) (connectors.Credential, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.c[store]
	return c, ok, nil
}

func (k *keeper) Save(_ context.Context, store string, c connectors.Credential) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.c[store] = c
	return nil
}

// A seller who has to sign: the first refund is refused, a key is made, kept, and
// used from then on, also by the next process.
func TestSigningKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	s.signs = true
	kept := &keeper{c: map[string]connectors.Credential{}}
	var log bytes.Buffer
	with := func(c *connectors.Config) { c.Keeper = kept }
	shop := newShop(t, s, with)
	r, err := shop.Refund(t.Context(), refundOf("5.00"))
	if err != nil || r.ID != "R1" || s.sent != 1 || s.keysOut != 1 {
		t.Fatalf("%+v %v, %d sent, %d keys", r, err, s.sent, s.keysOut)
	}
	s.settle()
	if err := shop.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept.c["ebay-de"].Extra[extraKey] == "" {
		t.Error("a refresh lost the key")
	}
	again := refundOf("6.00")
	again.Key = "second"
	calls := s.calls
	next := newShop(t, s, with)
	if r, err := next.Refund(t.Context(), again); err != nil || r.ID != "R2" || s.keysOut != 1 {
		t.Errorf("the next process: %+v %v, %d keys", r, err, s.keysOut)
	}
	if n := s.calls - calls; n != 2 {
		t.Errorf("%d calls, want the order and the refund", n)
	}
	var signing connectors.Deadline
	for _, d := range next.Deadlines() {
		if d.What == connectors.DueSigning {
			signing = d
		}
	}
	if !signing.At.Equal(start.AddDate(3, 0, 0)) {
		t.Errorf("the key ends %v", signing.At)
	}
	text := fmt.Sprintf("%+v %+v %s", next.Journal(), kept.c, log.String())
	if strings.Contains(text, "MC4CAQAw") || strings.Contains(text, testJWE) {
		t.Error("the key leaks")
	}
}

// A key from the configuration that is refused is not replaced behind one's back.
func TestConfiguredKeyRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	s.signs = true
	other := "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
	shop := newShop(t, s, func(c *connectors.Config) {
		c.Secrets[extraKey], c.Secrets[extraJWE] = connectors.Secret(other), testJWE
	})
	_, err := shop.Refund(t.Context(), refundOf("5.00"))
	if connectors.KindOf(err) != connectors.Unsupported || codeOf(err) != "215122" || s.keysOut != 0 || s.sent != 0 {
		t.Errorf("%v, %d keys, %d sent", err, s.keysOut, s.sent)
	}
	if _, err := New(connectors.Config{Credential: connectors.Credential{Refresh: "r"}, Secrets: map[string]connectors.Secret{extraKey: "nonsense", extraJWE: "x"}}); err == nil || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("%v", err)
	}
}
