package ebay

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

func allReturns(t *testing.T, shop *Shop, cur connectors.Cursor) (out []connectors.Return, bad []connectors.BadItem, next connectors.Cursor) {
	t.Helper()
	for range 200 {
		p, err := shop.Returns(t.Context(), cur)
		if err != nil {
			t.Fatal(err)
		}
		out, bad = append(out, p.Items...), append(bad, p.Bad...)
		if cur = p.Next; !p.More {
			return out, bad, cur
		}
	}
	t.Fatal("no end")
	return nil, nil, cur
}

// More than fits into one answer, and many at the same moment: none is missed,
// nothing is asked twice for what eBay does not answer.
func TestManyReturns(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	s.returns = nil
	for i := range 500 {
		s.returns = append(s.returns, newReturn(5000+i, start.Add(-time.Duration(i)*26*time.Hour)))
	}
	for i := range 30 {
		s.returns = append(s.returns, newReturn(6000+i, start.AddDate(0, -1, 0)))
	}
	shop := newShop(t, s)
	all, _, next := allReturns(t, shop, connectors.Cursor{Limit: 10})
	seen := map[string]bool{}
	for _, r := range all {
		seen[r.ID] = true
	}
	// Eighteen months back, less what is cut off the oldest day.
	if len(seen) < 500+30+2 || len(seen) > 532 || !seen["R:5000"] || !seen["R:6029"] || !seen["R:5499"] {
		t.Errorf("%d of 532", len(seen))
	}
	if !next.Since.Equal(start.Add(-overlap)) {
		t.Errorf("goes on at %v", next.Since)
	}
	// The next reading goes over what may still have changed, and no more.
	before := s.calls
	again, _, _ := allReturns(t, shop, connectors.Cursor{Since: next.Since})
	if len(again) >= len(all) || len(again) < 80 {
		t.Errorf("%d again", len(again))
	}
	if n := s.calls - before; n > 8 {
		t.Errorf("%d calls for that", n)
	}
}

func TestReturnFields(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	shop := newShop(t, s)
	r, err := shop.Return(t.Context(), "R:5000")
	if err != nil || r.Number != "5000" || r.Kind != connectors.KindReturn || r.Status != connectors.ReturnAsked || r.Reason != connectors.ReasonDamaged ||
		r.Refund.String() != "19.90 EUR" || r.Due.IsZero() || r.Note != "Broken" || r.TrackNumber != "JD01" || r.TrackCarrier != "DHL" ||
		!slices.Equal(r.May, []connectors.Verdict{connectors.Approve, connectors.Decline, connectors.PayBack}) || len(r.Lines) != 1 {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := shop.Return(t.Context(), "C:7001"); err != nil || r.Kind != connectors.KindCancel || r.Order != "12-34567-00004" || len(r.May) != 2 || r.Refund.String() != "59.90 EUR" {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := shop.Return(t.Context(), "I:8001"); err != nil || r.Kind != connectors.KindClaim || r.Order != "110-220" || !slices.Equal(r.May, []connectors.Verdict{connectors.PayBack}) {
		t.Errorf("%+v %v", r, err)
	}
	for _, id := range []string{"", "5000", "R:", "X:1", "R:../1", "R:4999", "C:1", "I:1"} {
		if _, err := shop.Return(t.Context(), id); connectors.KindOf(err) != connectors.NotFound || err == nil {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestReturnWords(t *testing.T) {
	t.Parallel()
	shop := newShop(t, newServer(t, 1))
	with := func(o obj, more obj) json.RawMessage {
		for k, v := range more {
			o[k] = v
		}
		raw, _ := json.Marshal(o)
		return raw
	}
	paid := obj{"actualRefundAmount": obj{"value": json.Number("5.00"), "currency": "eur"}}
	for status, want := range map[string]connectors.ReturnStatus{"RETURN_REQUESTED": connectors.ReturnAsked, "READY_FOR_SHIPPING": connectors.ReturnApproved,
		"ITEM_SHIPPED": connectors.ReturnOnTheWay, "ITEM_DELIVERED": connectors.ReturnArrived, "RETURN_REJECTED": connectors.ReturnDeclined, "CLOSED": connectors.ReturnClosed,
		"ESCALATED": connectors.ReturnOther, "RIGHT_OF_WITHDRAWAL": connectors.ReturnOther, "": connectors.ReturnOther} {
		if r, err := shop.returnOf(with(newReturn(1, start), obj{"status": status})); err != nil || r.Status != want {
			t.Errorf("%s: %+v %v", status, r, err)
		}
	}
	if r, err := shop.returnOf(with(newReturn(1, start), obj{"status": "CLOSED", "sellerTotalRefund": paid})); err != nil || r.Status != connectors.ReturnRefunded || r.Refund.String() != "5.00 EUR" {
		t.Errorf("%+v %v", r, err)
	}
	// Numbers beyond what a float holds, dates without an object, reasons that are new.
	raw := json.RawMessage(`{"returnId":90071992547409931234,"orderId":"1-2","status":"RETURN_REQUESTED","creationInfo":{"reason":"RIGHT_OF_WITHDRAWAL","creationDate":"2026-11-01T10:00:00+02:00"},` +
		`"sellerTotalRefund":{"estimatedRefundAmount":{"value":"1.234","currency":"KWD"}}}`)
	r, err := shop.returnOf(raw)
	if err != nil || r.Number != "90071992547409931234" || r.Refund.Minor != 1234 || r.Reason != connectors.ReasonReturned || r.Created.Format(time.RFC3339) != "2026-11-01T08:00:00Z" {
		t.Errorf("%+v %v", r, err)
	}
	for _, bad := range []string{`[]`, `{}`, `{"returnId":"1"}`, `{"returnId":{},"orderId":"1"}`, `{"returnId":"1","orderId":"2","sellerTotalRefund":{"estimatedRefundAmount":{"value":true,"currency":"EUR"}}}`} {
		if r, err := shop.returnOf(json.RawMessage(bad)); err == nil {
			t.Errorf("%s is taken for %+v", bad, r)
		}
	}
	if r, err := shop.cancelOf(json.RawMessage(`{"cancelId":"1","legacyOrderId":"2","cancelStatus":"CANCEL_REQUESTED","requestorType":"SELLER"}`)); err != nil || len(r.May) != 0 {
		t.Errorf("our own: %+v %v", r, err)
	}
	for word, want := range map[string]connectors.ReturnStatus{"OPEN": connectors.ReturnAsked, "CLOSED_WITH_ESCALATION": connectors.ReturnOther, "CS_CLOSED": connectors.ReturnClosed, "ON_A_BOAT": connectors.ReturnOther} {
		if r, err := shop.inquiryOf(json.RawMessage(`{"inquiryId":"1","orderId":"2","inquiryStatusEnum":"` + word + `"}`)); err != nil || r.Status != want {
			t.Errorf("%s: %+v %v", word, r, err)
		}
	}
}

// One return that cannot be read does not stop the others.
func TestPoisonedReturn(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	s.returns[2]["sellerTotalRefund"] = obj{"estimatedRefundAmount": obj{"value": "anna.buyer@example.com", "currency": "EUR"}}
	all, bad, _ := allReturns(t, newShop(t, s), connectors.Cursor{})
	if len(all) != 5 || len(bad) != 1 || bad[0].ID != "R:5002" || bad[0].Err == nil || strings.Contains(bad[0].Err.Error(), "anna.buyer") || len(bad[0].Raw) == 0 {
		t.Errorf("%d read, %+v", len(all), bad)
	}
}

func TestReturnCursors(t *testing.T) {
	t.Parallel()
	shop := newShop(t, newServer(t, 1))
	for _, tok := range []string{"x", "1@2@3", "9@1@1000@1", "0@1@1@1", "-1@1@1000@1", "0@1@99999999999999@1", "0@1@1000@1@1", "0@9223372036854775807@1000@1"} {
		if _, err := shop.Returns(t.Context(), connectors.Cursor{Token: tok}); connectors.KindOf(err) != connectors.Invalid || err == nil {
			t.Errorf("%q: %v", tok, err)
		}
	}
}

func decisionOf(ret string, v connectors.Verdict, minor int64) connectors.Decision {
	return connectors.Decision{Key: "d-" + ret + string(v) + strconv.FormatInt(minor, 10), Return: ret, Verdict: v, Amount: connectors.Money{Minor: minor, Currency: "EUR"}}
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	shop := newShop(t, s)
	for _, tt := range []struct {
		d    connectors.Decision
		want connectors.Kind
	}{
		{decisionOf("R:5000", "juggle", 0), connectors.Unsupported}, {decisionOf("C:7001", connectors.Received, 0), connectors.Unsupported},
		{decisionOf("I:8001", connectors.Approve, 0), connectors.Unsupported}, {decisionOf("I:8001", connectors.PayBack, 100), connectors.Invalid},
		{decisionOf("R:5000", connectors.PayBack, 999900), connectors.Conflict}, {decisionOf("R:5000", connectors.PayBack, -1), connectors.Invalid},
		{decisionOf("R:1", connectors.Approve, 0), connectors.NotFound}, {connectors.Decision{Return: "R:5000"}, connectors.Invalid},
	} {
		if r, err := shop.Decide(t.Context(), tt.d); connectors.KindOf(err) != tt.want || err == nil || r.State != connectors.StateRejected {
			t.Errorf("%+v: %+v %v", tt.d, r, err)
		}
	}
	if s.decided != 0 {
		t.Fatalf("%d decisions", s.decided)
	}
	// Part of it, in whole minor units all the way.
	if r, err := shop.Decide(t.Context(), decisionOf("R:5000", connectors.PayBack, 1005)); err != nil || r.State != connectors.StateApplied || r.Amount.String() != "10.05 EUR" {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := shop.Return(t.Context(), "R:5000"); err != nil || r.Refund.String() != "10.05 EUR" || r.Status != connectors.ReturnRefunded {
		t.Errorf("%+v %v", r, err)
	}
	// Paid already, by whomever: nothing is sent again.
	if r, err := shop.Decide(t.Context(), decisionOf("R:5000", connectors.PayBack, 500)); err != nil || r.State != connectors.StateApplied || s.decided != 1 {
		t.Errorf("%+v %v, %d sent", r, err, s.decided)
	}
	// What eBay refuses is a refusal, also in the older form of its errors.
	s.lock(func() { s.returns[1]["sellerAvailableOptions"] = nil })
	if _, err := shop.Decide(t.Context(), decisionOf("R:5001", connectors.Approve, 0)); connectors.KindOf(err) != connectors.Conflict || codeOf(err) != "1620" {
		t.Errorf("%v", err)
	}
}

// A refund that eBay refuses because a return is open goes through that return:
// once, and found again.
func TestRefundThroughReturn(t *testing.T) {
	t.Parallel()
	s := newServer(t, 3)
	s.returns = []obj{newReturn(5000, start)}
	s.returns[0]["orderId"] = first
	shop := newShop(t, s)
	cmd := refundOf("13.13")
	r, err := shop.Refund(t.Context(), cmd)
	if err != nil || r.State != connectors.StateApplied || r.ID != "R:5000" || r.Amount.String() != "13.13 EUR" || s.decided != 1 || s.sent != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err := shop.RefundState(t.Context(), cmd, r); err != nil || r.State != connectors.StateApplied {
		t.Errorf("%+v %v", r, err)
	}
	// Two open returns: nobody knows which is meant.
	s = newServer(t, 3)
	s.returns = []obj{newReturn(5000, start), newReturn(5001, start)}
	s.returns[0]["orderId"], s.returns[1]["orderId"] = first, first
	if _, err := newShop(t, s).Refund(t.Context(), cmd); codeOf(err) != "34916" || s.decided != 0 {
		t.Errorf("%v, %d decided", err, s.decided)
	}
	// The answer gets lost.
	s = newServer(t, 3)
	s.returns, s.lose = []obj{newReturn(5000, start)}, true
	s.returns[0]["orderId"] = first
	shop = newShop(t, s)
	r, err = shop.Refund(t.Context(), cmd)
	if connectors.KindOf(err) != connectors.Unsure || err == nil || r.State != connectors.StateUnknown || s.decided != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err = shop.RefundState(t.Context(), cmd, r); err != nil || r.State != connectors.StateApplied || s.decided != 1 {
		t.Errorf("%+v %v", r, err)
	}
}

func FuzzReturns(f *testing.F) {
	b, _ := json.Marshal(newReturn(1, start))
	for _, s := range []string{string(b), `{"cancelId":1,"legacyOrderId":"2","cancelRequestDate":"x"}`, `{"inquiryId":"1","itemId":2,"claimAmount":{"value":1e2,"currency":"EUR"}}`,
		`{"members":[{}],"paginationOutput":{"totalEntries":-1}}`, `0@1@1000@1`} {
		f.Add([]byte(s))
	}
	shop, err := New(connectors.Config{Credential: connectors.Credential{Refresh: "r"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, k := range postKinds {
			if r, err := k.read(shop, raw); err == nil && (r.Number == "" || r.Order == "" || r.Status == "" || !strings.HasPrefix(r.ID, k.prefix)) {
				t.Fatalf("%+v", r)
			}
			_ = postID(raw, k.id)
		}
		var p postPage
		if json.Unmarshal(raw, &p) == nil {
			_ = p.whole(10)
		}
		if at, err := spanOf(string(raw)); err == nil && at.token() != string(raw) {
			if again, err := spanOf(at.token()); err != nil || again != at {
				t.Fatalf("%q became %+v", raw, at)
			}
		}
		_ = errorsIn(raw)
		if w, err := readItem(raw); err == nil && w.SKU == "" {
			t.Fatal("an item without SKU")
		}
	})
}
