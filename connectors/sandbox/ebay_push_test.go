package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// listener is an application's address, as an application would write it.
type listener struct {
	*httptest.Server
	token string

	mu   sync.Mutex
	got  []string
	sigs []string
	down bool
}

func newListener(t *testing.T, token string) *listener {
	t.Helper()
	l := &listener{token: token}
	l.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		if code := req.URL.Query().Get("challenge_code"); code != "" {
			sum := sha256.Sum256([]byte(code + l.token + l.URL + req.URL.Path))
			rw.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(rw, `{"challengeResponse":%q}`, hex.EncodeToString(sum[:]))
			return
		}
		raw, _ := io.ReadAll(req.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.down {
			rw.WriteHeader(http.StatusInternalServerError)
			return
		}
		l.got, l.sigs = append(l.got, string(raw)), append(l.sigs, req.Header.Get("X-EBAY-SIGNATURE"))
	}))
	t.Cleanup(l.Close)
	return l
}

// heard waits until so many deliveries have come.
func (r *rig) heard(l *listener, n int) []string {
	r.Helper()
	for range 500 {
		l.mu.Lock()
		got := append([]string{}, l.got...)
		l.mu.Unlock()
		if len(got) >= n {
			return got
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.Fatalf("fewer than %d deliveries", n)
	return nil
}

// sign signs a request independently of the world's own code, which checks it.
func sign(r *rig, key ed25519.PrivateKey, jwe, method, target, body string) []string {
	r.Helper()
	u, err := url.Parse(r.srv.URL + target)
	if err != nil {
		r.Fatal(err)
	}
	sum := sha256.Sum256([]byte(body))
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	params := `("content-digest" "x-ebay-signature-key" "@method" "@path" "@authority");created=1780000000`
	text := "\"content-digest\": " + digest + "\n\"x-ebay-signature-key\": " + jwe + "\n\"@method\": " + method + "\n\"@path\": " + u.EscapedPath() + "\n\"@authority\": " + u.Host + "\n\"@signature-params\": " + params
	sig, err := key.Sign(nil, []byte(text), crypto.Hash(0))
	if err != nil {
		r.Fatal(err)
	}
	return []string{"x-ebay-signature-key", jwe, "Content-Digest", digest, "Signature-Input", "sig1=" + params, "Signature", "sig1=:" + base64.StdEncoding.EncodeToString(sig) + ":"}
}

func TestEbaySignatures(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Signatures: true, Stores: []StoreSpec{{Name: "ebay-de", Platform: Ebay, Language: "de"}, {Name: "ebay-us", Platform: Ebay, Language: "en"}}})
	_, made := r.call("ebay-de", "POST", keysURL, `{"signingKeyCipher":"ED25519"}`)
	der, err := base64.StdEncoding.DecodeString(made["privateKey"].(string))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	key, jwe := parsed.(ed25519.PrivateKey), made["jwe"].(string)
	_, again := r.call("ebay-de", "GET", keysURL+"/"+made["signingKeyId"].(string), "")
	r.want(again["privateKey"], nil, "the private key is told once")
	o := r.famous("ebay-de")
	path := r.account("ebay-de").Path + ebayOrdersURL + "/" + o.ID + "/issue_refund"
	send := func(body string, head_ ...string) string {
		h := head(append([]string{"Content-Type", "application/json", "Authorization", "Bearer " + r.token("ebay-de")}, head_...)...)
		status, _, raw, err := r.do("POST", path, h, body)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(status, " ", at(r.json(raw), "errors", 0, "errorId"))
	}
	body := orderLevel("1.00")
	good := sign(r, key, jwe, "POST", path, body)
	r.want(send(body), "400 215001", "unsigned")
	r.want(send(body, good[:2]...), "400 215002", "half signed")
	r.want(send(body, good[:6]...), "400 215120", "without the signature")
	r.want(send(body, append(append([]string{}, good...), "x-ebay-signature-key", "other")...), "400 215121", "another key")
	r.want(send(orderLevel("2.00"), good...), "400 215122", "another body")
	r.want(send(body, sign(r, key, jwe, "PUT", path, body)...), "400 215122", "another method")
	r.want(send(body, sign(r, key, jwe, "POST", path+"x", body)...), "400 215122", "another path")
	short := append([]string{}, good...)
	short[5] = `sig1=("x-ebay-signature-key" "@method" "@path" "@authority");created=1780000000`
	r.want(send(body, short...), "400 215122", "without the body")
	r.want(len(r.w.Ledger().Refunds), 0, "refunds so far")
	r.want(send(body, good...), "200 <nil>", "signed")
	us := r.famous("ebay-us")
	status, _ := r.call("ebay-us", "POST", ebayOrdersURL+"/"+us.ID+"/issue_refund", strings.Replace(orderLevel("1.00"), "EUR", us.Total.Currency, 1))
	r.want(status, 200, "a seller elsewhere need not sign")
}

func TestEbayCallsBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{HookRetries: []time.Duration{0, 0, 0, 0, 0, 0, 0, 0}})
	t.Cleanup(r.w.Close)
	l := newListener(t, r.account("ebay-de").Verification)
	call := func(method, path, body string) (int, map[string]any) {
		return r.call("ebay-de", method, notifyURL+path, body)
	}
	call("PUT", "/config", `{"alertEmail":"alarm@example.com"}`)
	dest := func(token string) string {
		return fmt.Sprintf(`{"name":"desk","status":"ENABLED","deliveryConfig":{"endpoint":%q,"verificationToken":%q}}`, l.URL+"/hook", token)
	}
	status, got := call("POST", "/destination", dest(strings.Repeat("x", 32)))
	r.want(fmt.Sprint(status, " ", at(got, "errors", 0, "errorId")), "409 195020", "an address that does not know the token")
	status, got = call("POST", "/destination", dest("short"))
	r.want(fmt.Sprint(status, " ", at(got, "errors", 0, "errorId")), "400 195019", "a token that is too short")
	call("POST", "/destination", dest(l.token))
	_, got = call("GET", "/destination", "")
	id := at(got, "destinations", 0, "destinationId").(string)
	for _, topic := range []string{topicOrder, topicMessage, topicShipped, topicDeletion} {
		status, _ := call("POST", "/subscription", fmt.Sprintf(`{"topicId":%q,"status":"ENABLED","destinationId":%q,"payload":{"format":"JSON","schemaVersion":"1.0","deliveryProtocol":"HTTPS"}}`, topic, id))
		r.want(status, 201, topic)
	}
	o, err := r.w.AddOrder(NewOrder{Store: "ebay-de", Status: unshipped})
	if err != nil {
		t.Fatal(err)
	}
	r.heard(l, 1)
	if err := r.w.Say(BuyerMessage{Store: "ebay-de", Order: o.ID, Text: "Hallo"}); err != nil {
		t.Fatal(err)
	}
	r.heard(l, 2)
	if err := r.w.ShipOrder(NewShipment{Store: "ebay-de", Order: o.ID}); err != nil {
		t.Fatal(err)
	}
	r.heard(l, 3)
	if err := r.w.ForgetUser("ebay-de", ""); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{topicOrder, topicMessage, topicShipped, topicDeletion} {
		body := r.heard(l, 4)[i]
		r.want(at(r.json(body), "metadata", "topic"), want, body)
	}
	r.want(at(r.json(l.got[0]), "notification", "data", "orderId"), o.ID, "the order")
	// The signature, checked by the key that the platform gives.
	raw, err := base64.StdEncoding.DecodeString(l.sigs[0])
	if err != nil {
		t.Fatal(err)
	}
	sig := r.json(string(raw))
	_, pub := call("GET", "/public_key/"+sig["kid"].(string), "")
	text := strings.NewReplacer("KEY-----", "KEY-----\n", "-----END", "\n-----END").Replace(pub["key"].(string))
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no key in %q", pub["key"])
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(sig["signature"].(string))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum([]byte(l.got[0]))
	r.want(ecdsa.VerifyASN1(parsed.(*ecdsa.PublicKey), sum[:], der), true, "signature")
	// Who does not answer is given up, and comes back with a new challenge.
	r.w.Unsubscribe("ebay-de")
	_, got = call("GET", "/destination/"+id, "")
	r.want(got["status"], "MARKED_DOWN", "given up")
	status, _ = call("PUT", "/destination/"+id, dest(l.token))
	r.want(status, 204, "tried again")
	if _, err := r.w.AddOrder(NewOrder{Store: "ebay-de"}); err != nil {
		t.Fatal(err)
	}
	r.heard(l, 5)
}

func TestEbayCountsTheDay(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{RateLimits: true})
	if err := r.w.SetDaily("ebay-de", "inventory", 2); err != nil {
		t.Fatal(err)
	}
	left := func() string {
		_, got := r.call("ebay-de", "GET", "/developer/analytics/v1_beta/rate_limit?api_name=inventory", "")
		return fmt.Sprint(at(got, "rateLimits", 0, "resources", 0, "rates", 0, "remaining"), " ", at(got, "rateLimits", 0, "resources", 0, "rates", 0, "reset"))
	}
	ask := func() int { status, _ := r.call("ebay-de", "GET", stockURL+"/inventory_item", ""); return status }
	r.want(left(), "2 2026-11-21T08:00:00.000Z", "before")
	r.want(fmt.Sprint(ask(), ask(), ask()), "200 200 429", "two a day")
	r.want(left(), "0 2026-11-21T08:00:00.000Z", "after")
	r.clock.add(23 * time.Hour)
	r.tokens = map[string]string{}
	r.want(ask(), 200, "the next day")
	r.want(left(), "1 2026-11-22T08:00:00.000Z", "the next day")
}
