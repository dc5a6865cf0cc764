package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"helloworld/i18n"
)

// seller is somebody in a browser: what they do with the page behind a link, and
// where it sends them.
func (o *operator) seller(link, decision string) string {
	o.t.Helper()
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get, err := browser.Get(link)
	if err != nil {
		o.t.Fatal(err)
	}
	page, err := io.ReadAll(get.Body)
	get.Body.Close()
	if err != nil || get.StatusCode != http.StatusOK || !strings.Contains(string(page), `value="grant"`) {
		o.t.Fatalf("the page behind the link: %s %v\n%s", get.Status, err, page)
	}
	resp, err := browser.PostForm(link, url.Values{"decision": {decision}})
	if err != nil {
		o.t.Fatal(err)
	}
	resp.Body.Close()
	to, err := resp.Location()
	if err != nil || to.Host != o.listen || to.Path != wayBack {
		o.t.Fatalf("the seller is sent to %v (%v, %s), not to %s", to, err, resp.Status, o.listen)
	}
	return to.String()
}

// connect runs desk connect; answer makes what is pasted of the link.
func (o *operator) connect(store string, answer func(link string) string) (code int, out string) {
	o.t.Helper()
	paste, hands := io.Pipe()
	screen, prints := io.Pipe()
	done := make(chan int, 1)
	go func() {
		code := run(o.t.Context(), []string{"connect", store, "--config", o.config}, func(k string) string { return o.env[k] }, paste, prints, prints)
		prints.Close()
		paste.Close()
		done <- code
	}()
	var all strings.Builder
	lines := bufio.NewScanner(screen)
	for lines.Scan() {
		fmt.Fprintln(&all, lines.Text())
		if strings.HasPrefix(lines.Text(), "http") {
			pasted := answer(lines.Text())
			go func() { _, _ = io.WriteString(hands, pasted+"\n"); hands.Close() }()
		}
	}
	o.quiet(all.String())
	return <-done, all.String()
}

func TestConnectThroughThePage(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "")
	// A store that has never had access, as in the operator's first hour.
	for id := range o.accounts {
		o.set(id, "refresh_token", "")
	}
	// (A Shopify app of the shop's own gets in by its secret alone.)
	if code, out := o.check(); code != 1 || strings.Count(out, "BAD ") != 2 || strings.Count(out, "reauthorise: ") != 2 {
		t.Errorf("without any access: status %d\n%s", code, out)
	}
	for id, a := range o.accounts {
		code, out := o.connect(id, func(link string) string { return o.seller(link, "grant") })
		if code != 0 || !strings.Contains(part(out, id+" "+a.Platform), "works") || !strings.Contains(out, "Open this page") {
			t.Errorf("%s: status %d\n%s", id, code, out)
		}
	}
	if code, out := o.check(); code != 0 {
		t.Errorf("afterwards: status %d\n%s", code, out)
	}
	// And one whose access ended.
	for id := range o.accounts {
		o.ask("POST", "revoke", map[string]any{"store": id}, nil)
		if code, out := o.connect(id, func(link string) string { return "  <" + o.seller(link, "grant") + ">\r" }); code != 0 {
			t.Errorf("%s again: status %d\n%s", id, code, out)
		}
	}
	code, out := o.run(strings.NewReader(""), "audit", "verify")
	if code != 0 || !strings.HasPrefix(out, i18n.For(language.English).T("audit.good_alone", "n", 6)) {
		t.Errorf("the audit log: status %d\n%s", code, out)
	}
}

// TestConnectKeepsWhatWorks: whatever goes wrong on the way, the access from
// before still stands.
func TestConnectKeepsWhatWorks(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "")
	for id, a := range o.accounts {
		first := ""
		for _, tc := range []struct {
			name, want string
			answer     func(link string) string
		}{
			{"refused", "access was not granted", func(link string) string { return o.seller(link, "refuse") }},
			{"another's", "This consent is over or was used already", func(link string) string {
				first = o.seller(link, "grant")
				return strings.Replace(first, "state=", "state=x", 1)
			}},
			{"from before", "This consent is over or was used already", func(string) string { return first }},
			{"no address", "This consent is over or was used already", func(string) string { return "what shall I paste?" }},
			{"nothing", "nothing was handed in", func(string) string { return "" }},
			{"forged", "", func(link string) string {
				return regexp.MustCompile(`((?:oauth_)?code)=[^&]+`).ReplaceAllString(o.seller(link, "grant"), "$1=made-up")
			}},
		} {
			code, out := o.connect(id, tc.answer)
			if code != 1 || !strings.Contains(out, tc.want) || strings.Contains(out, "made-up") {
				t.Errorf("%s, %s: status %d\n%s", id, tc.name, code, out)
			}
		}
		if code, out := o.check(); code != 0 || !strings.Contains(part(out, id+" "+a.Platform), "works") {
			t.Errorf("%s: the access from before is gone: status %d\n%s", id, code, out)
		}
	}
}

func TestConnectWithAToken(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "")
	// One that does not expire, as a custom app of one's own has it.
	a := o.accounts["shopify-main"]
	var lasting string
	if code, out := o.connect("shopify-main", func(link string) string {
		u, err := url.Parse(o.seller(link, "grant"))
		if err != nil {
			t.Fatal(err)
		}
		lasting = o.exchange(a.TokenPath, url.Values{"client_id": {a.ClientID}, "client_secret": {a.Secret}, "code": {u.Query().Get("code")}})
		return ""
	}); code != 1 {
		t.Errorf("status %d\n%s", code, out)
	}
	delete(o.env, "DESK_SHOPIFY_MAIN_REFRESH_TOKEN")
	for _, tc := range []struct {
		name, in, want string
		code           int
		args           []string
	}{
		{"a token", lasting + "\n", "works", 0, []string{"shopify-main", "--token"}},
		{"a wrong one", "shpat_00000000000000000000000000000000\n", "the access from before was kept", 1, []string{"shopify-main", "--token"}},
		{"a refresh token", o.accounts["amazon-jp"].Refresh, "works", 0, []string{"amazon-jp", "--refresh"}},
		{"a wrong one", "Atzr|00000000000000000000000000000000", "the access from before was kept", 1, []string{"amazon-jp", "--refresh"}},
		{"another platform's", o.accounts["ebay-de"].Refresh, "works", 0, []string{"ebay-de", "--refresh"}},
		{"nothing", "\n", "nothing was handed in on standard input", 1, []string{"ebay-de", "--refresh"}},
		{"both", "x\n", "can't be used together", 2, []string{"ebay-de", "--refresh", "--token"}},
		{"no such store", "x\n", "amazon-jp", 1, []string{"ebay-fr", "--token"}},
	} {
		code, out := o.run(strings.NewReader(tc.in), append([]string{"connect"}, tc.args...)...)
		if code != tc.code || !strings.Contains(out, tc.want) {
			t.Errorf("%s: status %d\n%s", tc.name, code, out)
		}
	}
	for id := range o.accounts {
		o.set(id, "refresh_token", "")
	}
	if code, out := o.check(); code != 0 {
		t.Errorf("what was handed in is not kept: status %d\n%s", code, out)
	}
}

// exchange trades a code for a token, as an app of one's own does.
func (o *operator) exchange(path string, form url.Values) string {
	o.t.Helper()
	resp, err := http.PostForm(o.url+path, form)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	var a struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || a.Access == "" {
		o.t.Fatalf("no token: %s %v", resp.Status, err)
	}
	return a.Access
}
