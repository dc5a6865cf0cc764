package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// refundOnce sends one refund of one unit of money to each platform.
var refundOnce = map[string]func(r *rig) (int, string, error){
	"shopify-main": func(r *rig) (int, string, error) {
		vars := r.refundVars(r.famous("shopify-main"), "1", "key")
		body, err := json.Marshal(map[string]any{"query": refundMutation, "variables": vars})
		if err != nil {
			return 0, "", err
		}
		return r.raw("shopify-main", "POST", graphqlURL, string(body))
	},
	"ebay-de": func(r *rig) (int, string, error) {
		return r.raw("ebay-de", "POST", ebayOrdersURL+"/"+r.famous("ebay-de").ID+"/issue_refund", orderLevel("1.00"))
	},
	"amazon-jp": func(r *rig) (int, string, error) {
		o := r.famous("amazon-jp")
		doc := r.upload(adjustment(o.ID, "key", o.Lines[0], "Principal", "1"), "text/xml")
		return r.raw("amazon-jp", "POST", "/feeds/2021-06-30/feeds", `{"feedType":"`+adjustXML+`","marketplaceIds":["A1VC38T7YXB528"],"inputFeedDocumentId":"`+doc+`"}`)
	},
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for store, refund := range refundOnce {
		for kind, want := range map[string]struct {
			happens, cut, json bool
			status             int
		}{
			Lost: {happens: true, cut: true}, LostSlow: {happens: true, cut: true}, Timeout: {cut: true}, Drop: {cut: true},
			Error500: {status: 500, json: true}, Error503: {status: 503, json: true}, Error429: {status: 429, json: true},
			HTML: {status: 200}, HTML503: {status: 503}, Malformed: {happens: true, status: -1}, Truncated: {happens: true, cut: true}, Slow: {happens: true, status: -1, json: true},
		} {
			t.Run(store+" "+kind, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, Options{Settle: -1, Hang: time.Millisecond, Slow: time.Millisecond})
				if err := r.w.Fail(store, "refund", kind, 1); err != nil {
					t.Fatal(err)
				}
				status, body, err := refund(r)
				r.want(err != nil, want.cut, fmt.Sprintf("the connection breaks (%v)", err))
				n := len(r.w.Ledger().Refunds)
				r.want(n == 1, want.happens, fmt.Sprintf("it happens (%d times)", n))
				if want.status > 0 {
					r.want(status, want.status, "status")
				}
				if want.status < 0 && status/100 != 2 {
					t.Errorf("status %d", status)
				}
				if err == nil {
					r.want(json.Valid([]byte(body)), want.json, "the answer is JSON: "+body)
				}
				if store == "amazon-jp" || want.happens {
					return // a second one would be a second refund, or needs time
				}
				if status, body, err = refund(r); err != nil || status != 200 || !json.Valid([]byte(body)) {
					t.Errorf("after the fault: %d %v %s", status, err, body)
				}
			})
		}
	}
}

func TestFaultsCountAndChoose(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	health := func() int { s, _ := r.call("ebay-de", "GET", "/commerce/identity/v1/user/", ""); return s }
	orders := func() int { s, _ := r.call("ebay-de", "GET", ebayOrdersURL, ""); return s }
	r.want(health(), 200, "before")
	fail := func(op, kind string, n int) {
		if err := r.w.Fail("ebay-de", op, kind, n); err != nil {
			t.Fatal(err)
		}
	}
	fail("orders", Error500, 2)
	r.want(fmt.Sprint(orders(), health(), orders(), orders()), fmt.Sprint(500, 200, 500, 200), "two of orders only")
	fail("", Error503, 1)
	r.want(fmt.Sprint(health(), orders()), fmt.Sprint(503, 200), "any operation, once")
	fail("orders", "rate-limit", 0)
	r.want(fmt.Sprint(orders(), orders(), orders()), fmt.Sprint(429, 429, 429), "until mended")
	if err := r.w.Mend("ebay-de"); err != nil {
		t.Fatal(err)
	}
	r.want(orders(), 200, "mended")
	if err := r.w.Fail("ebay-de", "", "gremlins", 1); !errors.Is(err, ErrBadFault) {
		t.Errorf("unknown fault: %v", err)
	}
	// A dead token is noticed before the fault, which waits for a call that counts.
	fail("orders", Lost, 1)
	if err := r.w.Expire("ebay-de"); err != nil {
		t.Fatal(err)
	}
	r.want(orders(), 401, "expired")
	r.tokens = map[string]string{}
	if _, _, err := r.raw("ebay-de", "GET", ebayOrdersURL, ""); err == nil {
		t.Error("the fault was spent on a call that did not count")
	}
	if err := r.w.Fail("ebay-de", "token", Error500, 1); err != nil {
		t.Fatal(err)
	}
	if status, _ := r.refresh("ebay-de", r.account("ebay-de").Refresh); status != 500 {
		t.Errorf("token: %d", status)
	}
}

func TestThrottledAndRetryAfter(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	for store, path := range map[string]string{"ebay-de": "/commerce/identity/v1/user/", "amazon-jp": "/sellers/v1/marketplaceParticipations"} {
		r.token(store)
		if err := r.w.Fail(store, "", Error429, 1); err != nil {
			t.Fatal(err)
		}
		h := head("Authorization", "Bearer "+r.token(store), "X-Amz-Access-Token", r.token(store))
		status, answer, _, err := r.do("GET", r.account(store).Path+path, h, "")
		if err != nil || status != 429 || answer.Get("Retry-After") == "" {
			t.Errorf("%s: %d %q %v", store, status, answer.Get("Retry-After"), err)
		}
	}
	r.token("shopify-main")
	if err := r.w.Fail("shopify-main", "", Throttled, 1); err != nil {
		t.Fatal(err)
	}
	status, got := r.gql("shopify-main", "{shop{id}}", nil)
	r.want(fmt.Sprintf("%d %v", status, at(got, "errors", 0, "extensions", "code")), "200 THROTTLED", "throttled")
}

// TestLedgerLines: the ledger that another process reads has a line for each
// thing that happened, at once.
func TestLedgerLines(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var b bytes.Buffer
	r := newRig(t, Options{Settle: -1, Ledger: writer(func(p []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return b.Write(p) })})
	if err := r.w.Fail("ebay-de", "refund", Lost, 1); err != nil {
		t.Fatal(err)
	}
	if _, _, err := refundOnce["ebay-de"](r); err == nil {
		t.Fatal("the answer was not lost")
	}
	if _, _, err := refundOnce["shopify-main"](r); err != nil {
		t.Fatal(err)
	}
	if _, _, err := refundOnce["amazon-jp"](r); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines: %s", len(lines), b.String())
	}
	for i, want := range []string{"ebay-de", "shopify-main", "amazon-jp"} {
		var l struct {
			Refund RefundEntry `json:"refund"`
		}
		if err := json.Unmarshal([]byte(lines[i]), &l); err != nil || l.Refund.Store != want || l.Refund.Amount.IsZero() {
			t.Errorf("line %d: %v %s", i, err, lines[i])
		}
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// TestManyAtOnce: whatever happens at the same time, money is given back once
// for each key, and never more than there was.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Settle: -1})
	o := r.famous("shopify-main")
	same := r.refundVars(o, "5", "one key")
	var bodies []string
	for i := range 24 {
		vars := same
		if i%2 == 0 {
			vars = map[string]any{"key": fmt.Sprint("key ", i), "in": same["in"]}
		}
		raw, err := json.Marshal(map[string]any{"query": refundMutation, "variables": vars})
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(raw))
	}
	r.token("ebay-de")
	var wg sync.WaitGroup
	for i, body := range bodies {
		wg.Go(func() {
			status, _, _, err := r.do("POST", r.account("shopify-main").Path+graphqlURL, head("Content-Type", "application/json", "X-Shopify-Access-Token", r.tokens["shopify-main"]), body)
			if err != nil || status != http.StatusOK {
				t.Errorf("%d %v", status, err)
			}
			if err := r.w.Say(BuyerMessage{Store: []string{"ebay-de", "amazon-jp", "shopify-main"}[i%3]}); err != nil {
				t.Error(err)
			}
			r.w.step()
			r.w.Ledger()
			if _, err := r.w.Orders("ebay-de"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	l := r.w.Ledger()
	keys, sum := map[string]int{}, int64(0)
	for _, e := range l.Refunds {
		keys[e.Key]++
		sum += e.Amount.Minor
		if keys[e.Key] > 1 {
			t.Errorf("%q was given back %d times", e.Key, keys[e.Key])
		}
	}
	if sum != 5500 { // eleven of five dollars go into 59.90
		t.Errorf("%d cents were given back", sum)
	}
	r.w.Reset()
	r.want(len(r.w.Ledger().Refunds), 0, "refunds after Reset")
}

// TestFaultThenFault: the second fault is there as soon as the first has struck,
// and not before.
func TestFaultThenFault(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{Settle: -1})
	look := func() int {
		status, _ := r.call("ebay-de", "GET", ebayOrdersURL+"/"+r.famous("ebay-de").ID, "")
		return status
	}
	if err := r.w.FailThen("ebay-de", "refund", Lost, "order", Error500); err != nil {
		t.Fatal(err)
	}
	r.want(look(), 200, "before the first")
	_, _, err := refundOnce["ebay-de"](r)
	r.want(err != nil, true, "the answer is lost")
	for range 2 {
		r.want(look(), 500, "after it")
	}
	if err := r.w.Mend("ebay-de"); err != nil {
		t.Fatal(err)
	}
	r.want(look(), 200, "mended")
	r.want(errors.Is(r.w.FailThen("ebay-de", "refund", Lost, "order", "nothing"), ErrBadFault), true, "an unknown kind")
}
