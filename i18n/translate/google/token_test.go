package google

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

var testKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// office gives access tokens for claims, as Google does.
type office struct {
	t   *testing.T
	url string

	mu     sync.Mutex
	key    *rsa.PublicKey
	now    func() time.Time
	given  int
	answer string // instead of a token
	status int
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.answer != "" {
		w.WriteHeader(o.status)
		fmt.Fprint(w, o.answer)
		return
	}
	if r.Method != http.MethodPost || r.URL.Path != "/token" || r.PostFormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		o.t.Errorf("%s %s %v", r.Method, r.URL.Path, r.PostForm)
	}
	parts := strings.Split(r.PostFormValue("assertion"), ".")
	if len(parts) != 3 {
		o.t.Fatalf("the claim has %d parts", len(parts))
	}
	decode := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			o.t.Error(err)
		}
		return b
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(o.key, crypto.SHA256, sum[:], decode(parts[2])); err != nil {
		o.t.Errorf("the claim is not signed: %v", err)
	}
	var head map[string]string
	var claim struct {
		Iss, Scope, Aud string
		Iat, Exp        int64
	}
	if json.Unmarshal(decode(parts[0]), &head) != nil || json.Unmarshal(decode(parts[1]), &claim) != nil {
		o.t.Error("the claim is not JSON")
	}
	if head["alg"] != "RS256" || head["kid"] != "key-1" || claim.Iss != "desk@my-project.example" || claim.Scope != scope || claim.Aud != o.url+"/token" ||
		claim.Iat != o.now().Unix() || claim.Exp != claim.Iat+3600 {
		o.t.Errorf("claim %v %+v", head, claim)
	}
	o.given++
	fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":3599,"token_type":"Bearer"}`, o.given)
}

// accountFile writes a service account's file, with changes.
func accountFile(t *testing.T, path, tokenURI string, change map[string]string) {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f := map[string]string{"type": "service_account", "client_email": "desk@my-project.example", "private_key_id": "key-1", "token_uri": tokenURI,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
	for k, v := range change {
		f[k] = v
	}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(data))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newOffice(t *testing.T, now func() time.Time) *office {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, key: &key.PublicKey, now: now}
	srv := httptest.NewServer(o)
	t.Cleanup(srv.Close)
	o.url = srv.URL
	return o
}

var one = []translate.Segment{{Text: "a"}}

func TestServiceAccount(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	o, s := newOffice(t, clock), serve(t)
	file := filepath.Join(t.TempDir(), "google.json")
	accountFile(t, file, o.url+"/token", nil)
	e := openWith(t, Config{BaseURL: s.url, Credentials: file, Now: clock})
	try := func(accepts string, given int) {
		t.Helper()
		s.mu.Lock()
		s.accepts = accepts
		s.mu.Unlock()
		if _, err := e.Translate(t.Context(), one, language.English, language.German); err != nil || o.given != given {
			t.Errorf("%d tokens were given, %v", o.given, err)
		}
	}
	try("token-1", 1)
	try("token-1", 1)
	now = now.Add(58 * time.Minute)
	try("token-1", 1)
	now = now.Add(time.Minute) // shortly before its end
	try("token-2", 2)
	try("token-3", 3) // the second was taken away before its time
	// A key that does not help is not asked for without end.
	s.accepts = "never"
	if _, err := e.Translate(t.Context(), one, language.English, language.German); translate.KindOf(err) != translate.Denied || o.given != 4 {
		t.Errorf("%d tokens were given, %v", o.given, err)
	}
}

func TestExchangeGoesWrong(t *testing.T) {
	t.Parallel()
	o, s := newOffice(t, time.Now), serve(t)
	file := filepath.Join(t.TempDir(), "google.json")
	accountFile(t, file, o.url+"/token", nil)
	for name, tc := range map[string]struct {
		status int
		answer string
		kind   translate.ErrorKind
	}{
		"a key taken away": {400, `{"error":"invalid_grant"}`, translate.Denied},
		"not known":        {401, `{"error":"invalid_client"}`, translate.Denied},
		"out of order":     {503, "x", translate.Down},
		"too many":         {429, "x", translate.Busy},
		"a page":           {200, "<html>", translate.BadAnswer},
		"no token":         {200, `{"expires_in":3599}`, translate.BadAnswer},
	} {
		o.mu.Lock()
		o.status, o.answer = tc.status, tc.answer
		o.mu.Unlock()
		_, err := openWith(t, Config{BaseURL: s.url, Credentials: file}).Translate(t.Context(), one, language.English, language.German)
		if translate.KindOf(err) != tc.kind || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(s.requests) != 0 {
		t.Error("a text was sent without a token")
	}
}

func TestTokenFile(t *testing.T) {
	t.Parallel()
	s := serve(t)
	dir := t.TempDir()
	file := filepath.Join(dir, secret+".token")
	e := openWith(t, Config{BaseURL: s.url, Credentials: file})
	try := func() error {
		_, err := e.Translate(t.Context(), one, language.English, language.German)
		return err
	}
	refused := func(why string) {
		t.Helper()
		if err := try(); translate.KindOf(err) != translate.Denied || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", why, err)
		}
	}
	refused("no file")
	write(t, file, "")
	refused("an empty file")
	write(t, file, "two words hidden")
	refused("words")
	write(t, file, `{"hidden":`)
	refused("half a file")
	write(t, file, strings.Repeat("x", fileLimit+1))
	refused("a large file")
	for name, change := range map[string]map[string]string{"a person's": {"type": "authorized_user"}, "no mail": {"client_email": ""}, "no key": {"private_key": "hidden"},
		"another key": {"private_key": "-----BEGIN " + "PRIVATE KEY-----\naGlkZGVu\n-----END PRIVATE KEY-----\n"}, "no address": {"token_uri": "hidden"}} {
		accountFile(t, file, "https://example.com/token", change)
		refused(name)
	}
	write(t, file, secret+"\n")
	if err := try(); err != nil {
		t.Error(err)
	}
	// Something else renews it.
	s.accepts = "renewed-token"
	refused("an old token")
	write(t, file, "renewed-token")
	if err := try(); err != nil {
		t.Errorf("the file was not read again: %v", err)
	}
}

func FuzzCredentials(f *testing.F) {
	for _, s := range []string{"", "{", `{"type":"service_account","client_email":"a","token_uri":"https://a","private_key":"x"}`, "[]", "\xff"} {
		f.Add([]byte(s))
	}
	tk := &tokens{wire: translate.Wire{Engine: "google"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := tk.parse(data); err == nil && (a.key == nil || a.email == "") {
			t.Fatal("half an account")
		}
	})
}
