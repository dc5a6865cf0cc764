package conntest

import (
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

// bugEnv names the toy's bug to the process that sits the exam with it.
const bugEnv = "CONNTEST_BUG"

func toyBench(t *testing.T) *Bench {
	t.Helper()
	s := newToy(os.Getenv(bugEnv))
	code := 0
	event := connectors.Event{ID: "n1", Kind: connectors.EventOrder, Order: "o1", Raw: []byte("{}")}
	skips := map[string]string{"broken app": "the toy has no application"}
	for _, name := range []string{"expired token", "expired token, many at once", "big ids", "odd words", "poison", "refund",
		"refund twice under one key", "refund with lost answer", "refund refused", "refund while throttled"} {
		skips[name] = "the toy has no orders to read or to refund"
	}
	return &Bench{
		Shop: s, Secrets: []string{toySecret}, PageSize: 2, Orders: 3, Order: "o1", Number: "1",
		Consent: func(link string) url.Values { code++; return s.answer(link, "code-"+strings.Repeat("7", code), "") },
		Refuse:  func(link string) url.Values { return s.answer(link, "", "access_denied") },
		Revoke:  func() { s.revoked = true }, Refreshes: func() int { return s.refreshes }, Calls: func() int { return s.calls },
		Throttle: func(int, time.Duration) { s.throttled = true },
		Fail:     func(n int, _ Fault) { s.hang = n > 0 },
		Settle:   func() {},
		Items:    5, SKU: toySKU, Price: connectors.Money{Minor: 1999, Currency: "EUR"}, PoisonItem: func() { s.poison = true },
		Stock:    connectors.StockSet{Key: "k1", SKU: toySKU, Quantity: 7},
		StockBad: connectors.StockSet{Key: "k2", SKU: "none", Quantity: 7},
		StockOf:  func(sku string) int { return s.stock[sku] },
		Ship:     connectors.Ship{Key: "s1", Order: "o1", Carrier: "dhl", Number: "1"},
		LoseShip: func() { s.lose = true }, Shipped: func() int { return s.shipped },
		Returns: 3, Decision: connectors.Decision{Key: "d1", Return: "R:1", Verdict: connectors.Approve},
		DecisionBad:  connectors.Decision{Key: "d2", Return: "R:9", Verdict: connectors.Approve},
		LoseDecision: func() { s.lose = true }, Decided: func() int { return s.decided },
		Template:  connectors.TemplateMessage{Key: "t1", Order: "o1", ID: "ask", Text: "hello"},
		Templated: func() int { return s.templated },
		Endpoint:  toyEndpoint, Delivery: s.deliver,
		Undo: func() {
			for k, x := range s.subs {
				x.OK = false
				s.subs[k] = x
			}
		},
		Enqueue: func(n int) {
			for range n {
				s.queue = append(s.queue, event)
			}
		},
		EnqueueBad: func() {
			s.queue = append(s.queue, connectors.Event{ID: "n0", Kind: connectors.EventOther, Raw: []byte("{")})
		},
		Queued: func() int { return len(s.queue) },
		Skips:  skips,
	}
}

// A shop that does what the port asks passes.
func TestToyExam(t *testing.T) { Run(t, toyBench) }

// bugs are what the exam must find, with the part that finds it.
var bugs = map[string]string{
	"no state": "connect", "secret in the link": "connect", "no grant date": "connect", "no token": "connect", "code in the journal": "connect",
	"scopes in one": "connect: scopes", "refusal overlooked": "connect refused", "code works twice": "connect twice with one answer",
	"forged consent": "connect with a forged answer",
	"does not renew": "renew", "renews twice": "renew", "renews without consent": "renew after consent was revoked",
	"remembers the refusal": "renew after consent was revoked",
	"deadline makes a call": "deadlines", "deadline of no kind": "deadlines", "deadline without a day": "deadlines", "deadline twice": "deadlines",
	"two bulks": "bulk", "bulk never ends": "bulk", "bulk loses an order": "bulk",
	"loses an item": "items are complete", "an item twice": "items are complete", "unescapes the SKU": "items are complete",
	"stock of another": "items are complete", "does not page": "items are complete",
	"wrong price": "item price", "poison ends the listing": "poison item", "poison is dropped": "poison item", "poison without words": "poison item",
	"stock without SKU": "stock is read", "stock listing does not end": "stock is read",
	"sets no stock": "stock", "reads back old stock": "stock", "takes any SKU": "stock of an unknown SKU", "one bad row fails all": "stock of an unknown SKU",
	"results out of order": "stock of an unknown SKU", "does not compare": "stock believed otherwise", "stock key used up": "stock twice under one key",
	"says yes to nothing": "stock with lost answer",
	"key not kept":        "ship twice under one key|decide twice under one key", "looking sends": "ship absent before it is sent|decision absent before it is sent",
	"absent is unknown": "ship absent before it is sent|decision absent before it is sent", "never finds it": "ship with lost answer|decide with lost answer",
	"lost is down": "ship with lost answer|decide with lost answer", "sends again when lost": "ship with lost answer|decide with lost answer",
	"writes while throttled": "ship while throttled", "knows every carrier": "carriers", "knows no carrier": "carriers",
	"loses a return": "returns are complete", "return without order": "returns are complete", "another return": "returns are complete",
	"decides anything":  "decision refused",
	"lists no template": "templates", "sends any template": "template that is not allowed", "sends any length": "template that is too long",
	"counts bytes": "template that is too long",
	"no quota":     "quotas", "more left than there is": "quotas", "quota twice": "quotas",
	"answers without a question": "challenge", "challenge without address": "challenge",
	"id by chance": "delivery", "event about nothing": "delivery",
	"forged delivery": "delivery with a changed body|delivery with a foreign signature", "does not sign the end": "delivery with a changed body",
	"forged is down": "delivery with a changed body|delivery with a foreign signature", "foreign signature": "delivery with a foreign signature",
	"no signature is one": "delivery with a foreign signature",
	"subscribes twice":    "subscribe", "another address": "subscribe", "mends nothing": "subscribe mends", "hides what is off": "subscribe mends",
	"queue only once": "queue", "takes without being told": "queue", "acknowledges nothing": "queue", "no handle": "queue",
	"new id each time": "queue comes again until acknowledged|queue, one event twice", "poison stops the queue": "queue with a poison event",
}

// The exam is worth what it finds: each bug fails the part that is there for it.
func TestExamFindsBugs(t *testing.T) {
	if os.Getenv(bugEnv) != "" {
		t.Skip("this process sits the exam")
	}
	t.Parallel()
	names := map[string]bool{}
	for _, p := range parts {
		names[p.name] = true
	}
	found := map[string]bool{}
	for _, where := range bugs {
		for _, name := range strings.Split(where, "|") {
			if !names[name] {
				t.Fatalf("no part is called %q", name)
			}
			found[name] = true
		}
	}
	// The parts from "connect" on are proved here.
	i := slices.IndexFunc(parts, func(p part) bool { return p.name == "connect" })
	for _, p := range parts[i:] {
		if !found[p.name] && p.name != "ship" && p.name != "decide" {
			t.Errorf("nothing proves that the part %q can fail", p.name)
		}
	}
	for bug, where := range bugs {
		cmd := exec.Command(os.Args[0], "-test.run=^TestToyExam$", "-test.v")
		cmd.Env = append(os.Environ(), bugEnv+"="+bug)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("%q was not found at all", bug)
			continue
		}
		for _, name := range strings.Split(where, "|") {
			if !strings.Contains(string(out), "--- FAIL: TestToyExam/"+strings.ReplaceAll(name, " ", "_")+" ") {
				t.Errorf("%q was not found in the part %q:\n%s", bug, name, failures(string(out)))
			}
		}
		if strings.Contains(string(out), "panic") {
			t.Errorf("%q makes the exam panic", bug)
		}
	}
}

func failures(out string) string {
	var keep []string
	for _, l := range strings.Split(out, "\n") {
		if strings.Contains(l, "--- FAIL") || strings.Contains(l, ".go:") {
			keep = append(keep, l)
		}
	}
	return strings.Join(keep, "\n")
}
