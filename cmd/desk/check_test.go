package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"helloworld/cmd/desk/config"
	"helloworld/connectors/all"
)

// part is what a check says about one account, from its line on.
func part(out, name string) string {
	_, rest, ok := strings.Cut("\n"+out, "\nok   "+name+" ")
	if !ok {
		if _, rest, ok = strings.Cut("\n"+out, "\nBAD  "+name+" "); !ok {
			return ""
		}
	}
	if end := regexp.MustCompile(`\n\S`).FindStringIndex(rest); end != nil {
		rest = rest[:end[0]+1]
	}
	return rest
}

// rows finds the capabilities of a part that are told with a text like this.
func rows(part, text string) string {
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^ {2,7}(?:BAD  )?([a-z]+) +(.*)$`).FindAllStringSubmatch(part, -1) {
		if strings.Contains(m[2], text) && (text != "yes" || m[2] == text) {
			out = append(out, m[1])
		}
	}
	return strings.Join(out, " ")
}

func TestCheckThreeShopsWork(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "")
	code, out := o.check()
	if code != 0 || strings.Contains(out, "BAD") || !strings.Contains(out, "Everything works.") {
		t.Fatalf("status %d\n%s", code, out)
	}
	for _, tc := range []struct{ account, yes, mail, no string }{
		{"ebay-de ebay", "orders refund returns decide inbox message catalog stock ship webhooks quotas auth", "", ""},
		{"amazon-jp amazon", "orders refund returns templates catalog stock ship queue quotas auth", "inbox message", "decide"},
		{"shopify-main shopify", "orders refund returns decide catalog stock ship webhooks bulk quotas auth", "inbox message", ""},
		{"amazon-jp mail", "inbox message", "", ""},
		{"shopify-main mail", "inbox message", "", ""},
	} {
		p := part(out, tc.account)
		if !strings.HasPrefix(strings.TrimSpace(p), "works") {
			t.Errorf("%s does not work:\n%s", tc.account, p)
		}
		if got := rows(p, "yes"); got != tc.yes {
			t.Errorf("%s can %q, not %q", tc.account, got, tc.yes)
		}
		if got := rows(p, "through the store's mailbox"); got != tc.mail {
			t.Errorf("%s does by mail %q, not %q", tc.account, got, tc.mail)
		}
		if got := rows(p, "no."); got != tc.no {
			t.Errorf("%s cannot %q, not %q", tc.account, got, tc.no)
		}
	}
	for _, want := range []string{"no. The platform has no API to answer returns. Do it in the platform's own back office.", "Consent ends on", "Access ends on",
		"It can be read; 0 events were waiting.", "No public_url, so nothing is sent here; the platform is asked every 1 minute."} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not said:\n%s", want, out)
		}
	}
	o.env["LANG"] = "zh_CN.UTF-8"
	if code, out = o.check(); code != 0 || !strings.Contains(out, "一切正常。") || !strings.Contains(out, "授权到期：") {
		t.Errorf("status %d\n%s", code, out)
	}
}

// TestCheckNamesWhatIsMissing: a permission that was not granted is named,
// however the platform tells it: Shopify by a list, the others by refusing.
func TestCheckNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "")
	for _, tc := range []struct {
		store, account string
		scopes         []string
		no, missing    string
	}{
		{"shopify-main", "shopify-main shopify", []string{"read_all_orders", "write_orders", "write_products", "write_inventory", "write_returns"},
			"ship", "Permission write_merchant_managed_fulfillment_orders is missing."},
		{"shopify-main", "shopify-main shopify", []string{"read_all_orders", "write_orders", "write_products", "write_inventory", "read_returns",
			"write_merchant_managed_fulfillment_orders"}, "decide", "Permission write_returns is missing."},
		{"amazon-jp", "amazon-jp amazon", []string{"sellingpartnerapi::orders", "sellingpartnerapi::feeds", "sellingpartnerapi::listings", "sellingpartnerapi::messaging"},
			"refund decide", "Permission Finance and Accounting is missing."},
		{"ebay-de", "ebay-de ebay", without("sell.inventory"),
			"catalog stock", "Permission https://api.ebay.com/oauth/api_scope/sell.inventory is missing."},
	} {
		o.ask("POST", "scopes", map[string]any{"store": tc.store, "scopes": tc.scopes}, nil)
		code, out := o.check()
		p := part(out, tc.account)
		if code != 1 || !strings.Contains(p, "works") || rows(p, "no.") != tc.no || !strings.Contains(p, tc.missing) ||
			!strings.Contains(p, "Grant the missing permissions: desk connect "+tc.store+" --config "+o.config) {
			t.Errorf("%s: status %d, no: %q\n%s", tc.missing, code, rows(p, "no."), out)
		}
		o.ask("POST", "scopes", map[string]any{"store": tc.store}, nil)
	}
	o.ask("POST", "scopes", map[string]any{"store": "shopify-main", "scopes": []string{"write_orders", "write_products", "write_inventory", "write_returns",
		"write_merchant_managed_fulfillment_orders"}}, nil)
	code, out := o.check()
	if p := part(out, "shopify-main shopify"); code != 0 || rows(p, "yes, in part: permission read_all_orders is missing") != "orders bulk" {
		t.Errorf("what goes only in part: status %d\n%s", code, out)
	}
}

// without are eBay's scopes but those with this in their name.
func without(part string) []string {
	var out []string
	for _, s := range []string{"", "/sell.fulfillment", "/sell.finances", "/sell.inventory", "/sell.inventory.readonly", "/sell.account", "/commerce.message",
		"/commerce.identity.readonly", "/commerce.notification.subscription"} {
		if !strings.Contains(s, part) {
			out = append(out, "https://api.ebay.com/oauth/api_scope"+s)
		}
	}
	return out
}

func TestCheckRevoked(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "")
	// At first with tokens that were good a moment ago, then without any.
	for _, first := range []bool{true, false} {
		if first {
			if code, out := o.check(); code != 0 {
				t.Fatalf("status %d\n%s", code, out)
			}
		}
		for id := range o.accounts {
			o.ask("POST", "revoke", map[string]any{"store": id}, nil)
		}
		code, out := o.check()
		if code != 1 || !strings.Contains(out, "3 things need attention.") {
			t.Errorf("status %d\n%s", code, out)
		}
		for account, where := range map[string]string{"ebay-de ebay": "desk connect ebay-de --config " + o.config, "amazon-jp amazon": "/apps/manage",
			"shopify-main shopify": o.url + o.accounts["shopify-main"].Path + "/admin/settings/apps"} {
			p := part(out, account)
			if !strings.HasPrefix(p, "reauthorise: ") && !strings.Contains(p, " reauthorise: ") || !strings.Contains(p, where) ||
				!strings.Contains(p, "desk connect "+strings.Fields(account)[0]) {
				t.Errorf("%s: it is not said what to do:\n%s", account, out)
			}
		}
		if !strings.Contains(part(out, "amazon-jp mail"), "works") {
			t.Errorf("a mailbox fell with its shop:\n%s", out)
		}
	}
	for id := range o.accounts {
		o.ask("POST", "grant", map[string]any{"store": id}, nil)
	}
	if code, out := o.check(); code != 0 {
		t.Errorf("after access was granted again: status %d\n%s", code, out)
	}
}

func TestCheckFindsTrouble(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "")
	text, err := os.ReadFile(o.config)
	if err != nil {
		t.Fatal(err)
	}
	clean := map[string]string{}
	for k, v := range o.env {
		clean[k] = v
	}
	shopify := o.url + o.accounts["shopify-main"].Path
	for _, tc := range []struct {
		name  string
		spoil func()
		where string
		want  []string
	}{
		{"the application's secret was changed", func() { o.ask("POST", "rotate", map[string]any{"store": "ebay-de"}, nil) },
			"ebay-de ebay", []string{"app_broken: ", "DESK_EBAY_DE_CLIENT_SECRET"}},
		{"the application's secret has ended", func() { o.edit("[store.options]\nmarketplace = \"A1VC38T7YXB528\"", "secret_rotated = \"2020-01-01\"") },
			"amazon-jp amazon", []string{"Application's secret ends on", "that is over."}},
		{"the shop is not there", func() { o.edit("base_url = \""+shopify+"\"", "base_url = \"http://"+quietAddress()+"\"") },
			"shopify-main shopify", []string{"cannot be reached just now"}},
		{"the shop fails", func() {
			o.ask("POST", "fail", map[string]any{"store": "shopify-main", "kind": "500", "times": -1}, nil)
		},
			"shopify-main shopify", []string{"cannot be reached", "http_500"}},
		{"the mailbox's password is wrong", func() { o.set("amazon-jp", "mail_password", "another-one") },
			"amazon-jp mail", []string{"check user and DESK_AMAZON_JP_MAIL_PASSWORD"}},
		{"the queue's key is wrong", func() { o.set("amazon-jp", "queue_secret", "another-one") },
			"amazon-jp amazon", []string{"queue", "the queue cannot be read"}},
		{"Redis is not there", func() { o.env["DESK_REDIS"] = "redis://:a-password@" + quietAddress() },
			"redis", []string{"It does not answer."}},
	} {
		if err := os.WriteFile(o.config, text, 0o600); err != nil {
			t.Fatal(err)
		}
		o.env = map[string]string{}
		for k, v := range clean {
			o.env[k] = v
		}
		tc.spoil()
		code, out := o.check()
		p := part(out, tc.where)
		for _, want := range tc.want {
			if code != 1 || !strings.Contains(p, want) {
				t.Errorf("%s: status %d, %q is not said of %s:\n%s", tc.name, code, want, tc.where, out)
			}
		}
		if strings.Contains(out, "a-password") || strings.Contains(out, "another-one") {
			t.Errorf("%s: a secret is printed:\n%s", tc.name, out)
		}
		// What is broken must not spoil the next.
		o.ask("POST", "mend", map[string]any{"store": "shopify-main"}, nil)
		if tc.where == "ebay-de ebay" {
			clean["DESK_EBAY_DE_CLIENT_SECRET"] = o.secretOf("ebay-de")
		}
	}
}

// edit changes the configuration: old gives way to text, or is followed by it
// where it is a section.
func (o *operator) edit(old, text string) {
	o.t.Helper()
	all, err := os.ReadFile(o.config)
	if err != nil {
		o.t.Fatal(err)
	}
	if strings.HasPrefix(old, "[") {
		text = old + "\n" + text
	}
	if strings.Count(string(all), old) != 1 {
		o.t.Fatalf("%q does not stand in the configuration once:\n%s", old, all)
	}
	if err := os.WriteFile(o.config, []byte(strings.Replace(string(all), old, text, 1)), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// secretOf changes a store's application secret again, and tells it.
func (o *operator) secretOf(store string) string {
	o.t.Helper()
	var a struct {
		Secret string `json:"client_secret"`
	}
	o.ask("POST", "rotate", map[string]any{"store": store}, &a)
	return a.Secret
}

// TestCheckSettings: what is not configured is named, with what the desk does
// without it, and is no trouble.
func TestCheckSettings(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "")
	delete(o.env, "DESK_EBAY_DE_VERIFICATION_TOKEN")
	o.edit("application = \""+o.accounts["amazon-jp"].ClientID+"\"\n", "")
	code, out := o.check()
	p := part(out, "amazon-jp amazon")
	if code != 0 || !strings.Contains(out, "Not configured: DESK_EBAY_DE_VERIFICATION_TOKEN. Until then the platform is asked every 1 minute.") ||
		!strings.Contains(p, "The store is connected with a token instead: desk connect amazon-jp --refresh") {
		t.Errorf("status %d\n%s", code, out)
	}
	text, err := os.ReadFile(o.config)
	if err != nil {
		t.Fatal(err)
	}
	bare := regexp.MustCompile(`(?s)\[store\.mail\]\n.*?keeps = true\n`).ReplaceAllString(string(text), "")
	if err := os.WriteFile(o.config, []byte(bare), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out = o.check()
	if p = part(out, "amazon-jp amazon"); code != 1 || rows(p, "No mailbox is configured") != "inbox message" {
		t.Errorf("without a mailbox: status %d\n%s", code, out)
	}
}

// TestCheckBesideARunningDesk: the desk holds its address and subscribes; the
// check finds what is sent where, and leaves the desk alone.
func TestCheckBesideARunningDesk(t *testing.T) {
	t.Parallel()
	o := newOperator(t, "")
	o.edit("listen = \""+o.listen+"\"", "listen = \""+o.listen+"\"\npublic_url = \"http://"+o.listen+"\"\npull = \"300ms\"")
	code, out := o.check()
	if p := part(out, "shopify-main shopify"); code != 0 || !strings.Contains(p, "Nothing is sent to http://"+o.listen+"/hooks/shopify-main yet") {
		t.Errorf("before the desk ran: status %d\n%s", code, out)
	}
	o.serve()
	good := regexp.MustCompile(`webhooks +(\d+) topics are sent to (\S+)\.\n`)
	for _, id := range []string{"shopify-main", "ebay-de"} {
		account := id + " " + o.accounts[id].Platform
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(300 * time.Millisecond) {
			code, out = o.check()
			if m := good.FindStringSubmatch(part(out, account)); code == 0 && m != nil && m[2] == "http://"+o.listen+"/hooks/"+id {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: status %d\n%s", account, code, out)
			}
		}
	}
}

func TestCheckTracking(t *testing.T) {
	t.Parallel()
	answers := map[string]func(http.ResponseWriter){
		"main": func(w http.ResponseWriter) {
			fmt.Fprint(w, `{"code":0,"data":{"accepted":[],"rejected":[{"number":"RR123456785CN","error":{"code":-18019902,"message":"not registered"}}]}}`)
		},
		"spare": func(w http.ResponseWriter) { w.WriteHeader(http.StatusUnauthorized) },
	}
	var more strings.Builder
	for _, name := range []string{"main", "spare"} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "register") || r.Method == http.MethodPost && name == "spare" {
				t.Errorf("%s %s: a check costs nothing", r.Method, r.URL.Path)
			}
			answers[name](w)
		}))
		t.Cleanup(srv.Close)
		kind := map[string]string{"main": "17track", "spare": "aftership"}[name]
		fmt.Fprintf(&more, "[[tracking]]\nname = %q\nkind = %q\nbase_url = %q\n", name, kind, srv.URL)
	}
	o := newOperator(t, more.String())
	o.env["DESK_TRACKING_MAIN_KEY"], o.env["DESK_TRACKING_SPARE_KEY"] = "key-of-the-main-one", "key-of-the-spare-one"
	code, out := o.check()
	if code != 1 || !strings.Contains(part(out, "main 17track"), "works") || !strings.Contains(part(out, "spare aftership"), "check DESK_TRACKING_SPARE_KEY") {
		t.Errorf("status %d\n%s", code, out)
	}
}

// TestCheckAKeyThatIsRefused: a shop without a page for consents is told of its
// key, and where to make another.
func TestCheckAKeyThatIsRefused(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot list resources.","data":{"status":401}}`)
	}))
	t.Cleanup(srv.Close)
	o := newOperator(t, "[[store]]\nid = \"shop-nl\"\nplatform = \"woo\"\nbase_url = \""+srv.URL+"\"\nclient_id = \"ck_0000\"\n")
	o.set("shop-nl", "client_secret", "cs_a-consumer-secret")
	code, out := o.check()
	p := part(out, "shop-nl woo")
	if code != 1 || !strings.Contains(p, "reauthorise: ") || !strings.Contains(p, srv.URL+"/wp-admin/") || !strings.Contains(p, "put it into client_id and DESK_SHOP_NL_CLIENT_SECRET") ||
		strings.Contains(p, "desk connect") {
		t.Errorf("status %d\n%s", code, out)
	}
	for _, args := range [][]string{{"connect", "shop-nl"}, {"connect", "shop-nl", "--token"}} {
		if code, out = o.run(strings.NewReader("x\n"), args...); code != 1 || !strings.Contains(out, "WooCommerce has no page on which access is granted") {
			t.Errorf("%v: status %d\n%s", args, code, out)
		}
	}
}

// TestEveryOptionCanBeWritten: what an adapter reads, the configuration takes.
func TestEveryOptionCanBeWritten(t *testing.T) {
	t.Parallel()
	for _, p := range all.Plugins {
		for key := range p.Options {
			text := fmt.Sprintf("[[store]]\nid = \"x\"\nplatform = %q\nbase_url = \"https://shop.example.com\"\nclient_id = \"id\"\n[store.options]\nmarketplace = \"2026-05-30\"\n", p.Platform)
			if key != "marketplace" {
				text += key + " = \"2026-05-30\"\n"
			}
			if _, err := config.Parse("desk.toml", []byte(text), func(name string) string {
				if strings.HasSuffix(name, "_CLIENT_SECRET") {
					return "not one"
				}
				return ""
			}); err != nil {
				t.Errorf("%s: %v", p.Platform, err)
			}
		}
	}
}

func TestCheckPart(t *testing.T) {
	t.Parallel()
	const out = "ok   a x   works\n       orders   yes\n  BAD  ship   no. Why\nBAD  b y  down\n       =   cause\nEnd\n"
	if p := part(out, "a x"); rows(p, "yes") != "orders" || rows(p, "no.") != "ship" || strings.Contains(p, "down") {
		t.Errorf("%q", p)
	}
	if p := part(out, "b y"); !strings.Contains(p, "cause") || strings.Contains(p, "End") || part(out, "c") != "" {
		t.Errorf("%q", p)
	}
	if slices.Contains(without("sell.inventory"), "https://api.ebay.com/oauth/api_scope/sell.inventory") {
		t.Error("a scope was not taken away")
	}
}
