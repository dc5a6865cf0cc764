package google

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"helloworld/i18n/translate"
)

// tokens gives access tokens: a fixed one, one from a file that something else
// renews, or ones that a service account is given for a signed claim.
type tokens struct {
	wire  translate.Wire
	now   func() time.Time
	fixed translate.Secret
	file  string

	mu sync.Mutex
	// read is the file as it was last read; account is in it, or plain.
	read    stamp
	account *account
	plain   string
	// token was given to the account.
	token string
	until time.Time
}

type stamp struct {
	size int64
	at   time.Time
}

// scope is all that a claim asks for.
const scope = "https://www.googleapis.com/auth/cloud-translation"

// fileLimit bounds the file: a wrong name may lead to anything.
const fileLimit = 64 << 10

// early is how long before its end a token is not used any more.
const early = time.Minute

// account is a service account.
type account struct {
	email, keyID string
	key          *rsa.PrivateKey
	exchange     translate.Wire
}

// get is a token that is good now.
func (t *tokens) get(ctx context.Context) (string, error) {
	if t.file == "" {
		return string(t.fixed), nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.load(); err != nil {
		return "", t.wire.Fail(translate.Denied, "the file with the credentials: %w", err)
	}
	if t.account == nil {
		return t.plain, nil
	}
	if t.token != "" && t.now().Before(t.until) {
		return t.token, nil
	}
	return t.exchange(ctx)
}

// drop forgets a token that was refused, and tells whether another can be had.
func (t *tokens) drop(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = ""
	}
	return t.account != nil
}

// load reads the file if it changed. Its errors tell neither its name, which may
// be a secret behind the wrong key, nor anything in it.
func (t *tokens) load() error {
	info, err := os.Stat(t.file)
	if err != nil {
		return withoutPath(err)
	}
	now := stamp{info.Size(), info.ModTime()}
	if now == t.read {
		return nil
	}
	f, err := os.Open(t.file)
	if err != nil {
		return withoutPath(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, fileLimit+1))
	switch {
	case err != nil:
		return withoutPath(err)
	case len(data) > fileLimit:
		return errors.New("it is too large")
	}
	data = bytes.TrimSpace(data)
	var a *account
	switch {
	case len(data) == 0:
		return errors.New("it is empty")
	case data[0] == '{':
		if a, err = t.parse(data); err != nil {
			return err
		}
	case bytes.ContainsAny(data, " \t\r\n"):
		return errors.New("it holds neither a service account nor an access token")
	}
	t.read, t.account, t.plain, t.token = now, a, string(data), ""
	return nil
}

func withoutPath(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// parse reads a service account's file.
func (t *tokens) parse(data []byte) (*account, error) {
	var f struct {
		Type     string `json:"type"`
		Email    string `json:"client_email"`
		KeyID    string `json:"private_key_id"`
		Key      string `json:"private_key"`
		TokenURI string `json:"token_uri"`
	}
	if json.Unmarshal(data, &f) != nil {
		return nil, errors.New("it is not JSON") // a parser's error may repeat it
	}
	if f.Type != "service_account" || f.Email == "" || f.TokenURI == "" {
		return nil, errors.New("it is not the key file of a service account")
	}
	block, _ := pem.Decode([]byte(f.Key))
	if block == nil {
		return nil, errors.New("its private key is not in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	private, ok := key.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("its private key is not one of RSA")
	}
	w, err := translate.Wire{Engine: t.wire.Engine, HTTP: t.wire.HTTP, Timeout: t.wire.Timeout, Sort: sortExchange}.Open(f.TokenURI)
	if err != nil {
		return nil, errors.New("its token address is not an address")
	}
	return &account{email: f.Email, keyID: f.KeyID, key: private, exchange: w}, nil
}

// sortExchange: a claim that is refused is a key that was taken away.
func sortExchange(status int, _ []byte) (translate.ErrorKind, bool) {
	return translate.Denied, status == http.StatusBadRequest
}

// exchange has a claim signed and gets a token for it. t.mu is held.
func (t *tokens) exchange(ctx context.Context) (string, error) {
	now := t.now()
	claim, err := t.account.claim(now)
	if err != nil {
		return "", t.wire.Fail(translate.Denied, "sign the claim: %w", err)
	}
	data, err := t.account.exchange.Ask(ctx, http.MethodPost, "", nil, nil,
		url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {claim}})
	if err != nil {
		return "", err
	}
	var got struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if err := t.wire.Read(data, &got); err != nil {
		return "", err
	}
	if got.Token == "" {
		return "", t.wire.Fail(translate.BadAnswer, "the answer has no access token")
	}
	t.token, t.until = got.Token, now.Add(time.Duration(min(max(got.Seconds, 0), 86400))*time.Second-early)
	return t.token, nil
}

// claim is a JSON web token that says who asks for what.
func (a *account) claim(now time.Time) (string, error) {
	head, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": a.keyID})
	if err != nil {
		return "", fmt.Errorf("write the head: %w", err)
	}
	body, err := json.Marshal(map[string]any{"iss": a.email, "scope": scope, "aud": a.exchange.Address(), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	if err != nil {
		return "", fmt.Errorf("write the claim: %w", err)
	}
	text := strings.Join([]string{base64.RawURLEncoding.EncodeToString(head), base64.RawURLEncoding.EncodeToString(body)}, ".")
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, a.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig), nil
}
