package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"helloworld/connectors/sandbox"
)

// operator is somebody with a configuration and a terminal: sandbox shops that
// run as `desk sandbox`, a desk.toml beside them, and the subcommands.
type operator struct {
	t        *testing.T
	url      string
	listen   string
	config   string
	env      map[string]string
	accounts map[string]sandbox.Account
}

// newOperator starts the shops and writes a configuration for them, as the
// README says. more is added to it.
func newOperator(t *testing.T, more string) *operator {
	t.Helper()
	o := &operator{t: t, listen: quietAddress(), env: map[string]string{}, accounts: map[string]sandbox.Account{}}
	ctx, stop := context.WithCancel(context.Background())
	var out, errs lockedBuffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"sandbox", "--listen", "127.0.0.1:0", "--orders", "6", "--back", "http://" + o.listen + wayBack},
			func(string) string { return "" }, strings.NewReader(""), &out, &errs)
	}()
	t.Cleanup(func() {
		stop()
		if code := <-done; code != 0 {
			t.Errorf("the sandbox ended with %d:\n%s", code, errs.String())
		}
	})
	at := regexp.MustCompile(`shops (http://\S+)\n`)
	for deadline := time.Now().Add(20 * time.Second); at.FindStringSubmatch(out.String()) == nil; {
		if time.Now().After(deadline) {
			t.Fatalf("the sandbox has not started:\n%s\n%s", out.String(), errs.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
	o.url = at.FindStringSubmatch(out.String())[1]
	o.write(more)
	return o
}

// write writes the configuration.
func (o *operator) write(more string) {
	o.t.Helper()
	var all []sandbox.Account
	o.ask("GET", "accounts", nil, &all)
	var mail struct{ SMTP, IMAP string }
	o.ask("GET", "mail", nil, &mail)
	dir := o.t.TempDir()
	var b strings.Builder
	fmt.Fprintf(&b, "[desk]\ndata = %q\nlisten = %q\n", filepath.Join(dir, "data"), o.listen)
	b.WriteString(more)
	b.WriteString("[[channel]]\nplace = \"console:inbox\"\nstores = [\"*\"]\ntopics = [\"messages\"]\n")
	for _, a := range all {
		if !slices.Contains([]string{sandbox.Amazon, sandbox.Ebay, sandbox.Shopify}, a.Platform) {
			continue
		}
		o.accounts[a.Name] = a
		fmt.Fprintf(&b, "\n[[store]]\nid = %q\nplatform = %q\naccount = %q\ncurrency = %q\nlanguage = %q\nbase_url = %q\ntoken_url = %q\nclient_id = %q\n",
			a.Name, a.Platform, a.Seller, a.Currency, a.Language, o.url+a.Path, o.url+a.TokenPath, a.ClientID)
		b.WriteString("[store.options]\n")
		switch a.Platform {
		case sandbox.Ebay:
			fmt.Fprintf(&b, "marketplace = %q\napiz = %q\nauth = %q\nruname = %q\nalert_email = \"ops@example.com\"\n", a.Marketplace, o.url+a.Path,
				o.url+a.ConsentPath, a.Redirect)
			o.set(a.Name, "verification_token", a.Verification)
		case sandbox.Amazon:
			fmt.Fprintf(&b, "marketplace = %q\nconsent = %q\napplication = %q\nseller = %q\nqueue = %q\nqueue_arn = %q\nqueue_region = %q\nqueue_endpoint = %q\n",
				a.Marketplace, o.url+a.Path, a.ClientID, a.Seller, o.url+a.Queue.URL, a.Queue.ARN, a.Queue.Region, o.url+a.Queue.Path)
			o.set(a.Name, "queue_key_id", a.Queue.KeyID)
			o.set(a.Name, "queue_secret", a.Queue.Secret)
		}
		o.set(a.Name, "client_secret", a.Secret)
		o.set(a.Name, "refresh_token", a.Refresh)
		if a.Platform != sandbox.Ebay {
			fmt.Fprintf(&b, "[store.mail]\nimap = %q\nsmtp = %q\ntls = \"none\"\nuser = %q\nfrom = %q\nkeeps = true\n", mail.IMAP, mail.SMTP, a.User, a.Address)
			o.set(a.Name, "mail_password", a.Password)
		}
	}
	if len(o.accounts) != 3 {
		o.t.Fatalf("%d shops", len(o.accounts))
	}
	o.config = filepath.Join(dir, "desk.toml")
	if err := os.WriteFile(o.config, []byte(b.String()), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// set gives a store's secret.
func (o *operator) set(store, key, value string) {
	o.env["DESK_"+strings.ToUpper(strings.ReplaceAll(store, "-", "_")+"_"+key)] = value
}

// ask pulls a lever of the sandbox.
func (o *operator) ask(method, lever string, in, out any) {
	o.t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			o.t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.url+"/control/"+lever, body)
	if err != nil {
		o.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		o.t.Fatalf("%s: %s %v %s", lever, resp.Status, err, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			o.t.Fatalf("%s: %v", lever, err)
		}
	}
}

// run runs a subcommand with the configuration. No secret may be printed,
// whatever happens.
func (o *operator) run(in io.Reader, args ...string) (code int, out string) {
	o.t.Helper()
	var b lockedBuffer
	code = run(o.t.Context(), append(args, "--config", o.config), func(k string) string { return o.env[k] }, in, &b, &b)
	out = b.String()
	o.quiet(out)
	return code, out
}

// quiet: no secret may be printed.
func (o *operator) quiet(out string) {
	o.t.Helper()
	for name, secret := range o.env {
		if strings.HasPrefix(name, "DESK_") && len(secret) > 5 && !strings.HasSuffix(name, "_KEY_ID") && strings.Contains(out, secret) {
			o.t.Errorf("%s is printed:\n%s", name, out)
		}
	}
	if m := regexp.MustCompile(`shpat_\w+|shprt_\w+|Atz[ar]\|\w+|v\^1\.1#\S+`).FindString(out); m != "" {
		o.t.Errorf("a token is printed: %s\n%s", m, out)
	}
}

func (o *operator) check() (code int, out string) {
	o.t.Helper()
	return o.run(strings.NewReader(""), "check")
}

// serve runs the desk until the test ends.
func (o *operator) serve() {
	o.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var out lockedBuffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"serve", "--config", o.config}, func(k string) string { return o.env[k] }, strings.NewReader(""), &out, &out)
	}()
	o.t.Cleanup(func() {
		stop()
		if code := <-done; code != 0 {
			o.t.Errorf("the desk ended with %d:\n%s", code, out.String())
		}
	})
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(out.String(), "Console: "); {
		if time.Now().After(deadline) {
			o.t.Fatalf("the desk has not started:\n%s", out.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
}
