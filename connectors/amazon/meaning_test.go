package amazon

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"helloworld/connectors"
)

// Errors that mean something: what a reading and what a writing call make of each
// answer.
func TestWhatAnswersMean(t *testing.T) {
	t.Parallel()
	body := func(code string) []byte {
		return []byte(`{"errors":[{"code":"` + code + `","message":"m","details":""}]}`)
	}
	const unsure = connectors.Unsure
	for name, x := range map[string]struct {
		status      int
		body        []byte
		read, write connectors.Kind
	}{
		"throttled":             {429, body("QuotaExceeded"), connectors.Busy, connectors.Busy},
		"throttled, no word":    {429, nil, connectors.Busy, connectors.Busy},
		"down":                  {500, body("InternalFailure"), connectors.Down, unsure},
		"down for now":          {503, body("ServiceUnavailable"), connectors.Down, unsure},
		"a gateway's page":      {504, []byte("<html>"), connectors.Down, unsure},
		"consent is gone":       {403, body("Unauthorized"), connectors.Reauthorise, connectors.Reauthorise},
		"no token":              {401, body("MissingAuthToken"), connectors.Reauthorise, connectors.Reauthorise},
		"a word to come at 403": {403, body("NewWord"), connectors.Reauthorise, connectors.Reauthorise},
		"wrong input":           {400, body("InvalidInput"), connectors.Invalid, connectors.Invalid},
		"a word to come at 400": {400, body("NewWord"), connectors.Invalid, connectors.Invalid},
		"too large":             {413, body("RequestTooLarge"), connectors.Invalid, connectors.Invalid},
		"not there":             {404, body("NotFound"), connectors.NotFound, connectors.NotFound},
		"in the way":            {409, body("ResourceConflict"), connectors.Conflict, connectors.Conflict},
		"parcel not there":      {400, body("PackageToUpdateNotFound"), connectors.Conflict, connectors.Conflict},
		"moved":                 {302, nil, connectors.Down, connectors.Down},
		"a yes in no words":     {200, []byte("<html>"), connectors.Down, unsure},
	} {
		for _, read := range []bool{true, false} {
			want := x.write
			if read {
				want = x.read
			}
			c := hearing(t, said{x.status, "application/json", x.body, nil})
			var a struct{ X string }
			// An operation without a role, so that nothing but the answer counts.
			err := c.do(t.Context(), connectors.Call{Op: "none", Method: http.MethodPost, URL: c.base + "/x", Read: read}, &a)
			if err == nil || connectors.KindOf(err) != want {
				t.Errorf("%s, read %v: %v, want %v", name, read, err, want)
			}
			if want == connectors.Busy && connectors.RetryAfterOf(err) <= 0 {
				t.Errorf("%s: busy, and for how long?", name)
			}
		}
	}
	for name, x := range map[string]struct {
		status int
		body   string
		want   connectors.Kind
	}{
		"consent is gone":         {400, `{"error":"invalid_grant","error_description":"x"}`, connectors.Reauthorise},
		"not granted any more":    {400, `{"error":"unauthorized_client"}`, connectors.Reauthorise},
		"the secret is over":      {401, `{"error":"invalid_client"}`, connectors.AppBroken},
		"no such kind of asking":  {400, `{"error":"unsupported_grant_type"}`, connectors.AppBroken},
		"the endpoint is down":    {500, `{"error":"server_error"}`, connectors.Down},
		"the endpoint's page":     {503, `<html>`, connectors.Down},
		"too often":               {429, ``, connectors.Busy},
		"a yes without any token": {200, `{"token_type":"bearer"}`, connectors.Down},
	} {
		c := hearing(t, said{x.status, "application/json", []byte(x.body), nil})
		c.tokens = connectors.NewTokens("x", connectors.Credential{Refresh: "Atzr|refresh-00001"}, nil, c.now, c.Refresh)
		if _, err := c.tokens.Token(t.Context()); err == nil || connectors.KindOf(err) != x.want {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	for _, expires := range []string{"3600", "1e300", "9223372036854775807", "-1", "0", "null"} {
		c := hearing(t, said{200, "application/json", []byte(`{"access_token":"Atza|next-000000001","expires_in":` + expires + `}`), nil})
		got, err := c.Refresh(t.Context(), connectors.Credential{Refresh: "Atzr|refresh-00001"})
		if err != nil || got.Access == "" || !got.Expires.IsZero() && got.Expires.Sub(c.now()) != time.Hour || got.Expires.IsZero() != (expires != "3600") {
			t.Errorf("a token for %s seconds ends at %v: %v", expires, got.Expires, err)
		}
	}
	for code, want := range map[string]connectors.Kind{"queue.SignatureDoesNotMatch": connectors.AppBroken, "queue.InvalidSignatureException": connectors.AppBroken,
		"queue.RequestExpired": connectors.AppBroken, "queue.ThrottlingException": connectors.Busy, "queue.QueueDoesNotExist": connectors.NotFound} {
		if got, ok := kinds[code]; !ok || got != want {
			t.Errorf("%s: %v", code, got)
		}
	}
}

// Every reason of ours is one of the platform's words, by its schema of order
// adjustments.
func TestEveryReasonHasItsWord(t *testing.T) {
	t.Parallel()
	words := []string{"NoInventory", "CustomerReturn", "GeneralAdjustment", "CouldNotShip", "DifferentItem", "Abandoned", "CustomerCancel", "PriceError",
		"ProductOutofStock", "CustomerAddressIncorrect", "Exchange", "Other", "CarrierCreditDecision", "CarrierCoverageFailure", "Undeliverable", "RefusedDelivery"}
	for _, r := range append(slices.Clone(connectors.Reasons), "a reason to come") {
		if w := reason(r); !slices.Contains(words, w) {
			t.Errorf("%s is %q", r, w)
		}
	}
	for r, want := range map[connectors.RefundReason]string{connectors.ReasonReturned: "CustomerReturn", connectors.ReasonCancelled: "CustomerCancel",
		connectors.ReasonWrongItem: "DifferentItem", connectors.ReasonPrice: "PriceError", connectors.ReasonDamaged: "GeneralAdjustment", connectors.ReasonOther: "Other"} {
		if got := reason(r); got != want {
			t.Errorf("%s is %q, want %q", r, got, want)
		}
	}
}

// A SKU that an address cannot hold is told apart before anything is sent.
func TestSKUsOfDots(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	for _, sku := range []string{".", ".."} {
		before := s.calls
		if r := newSeller(t, s).SetStock(t.Context(), []connectors.StockSet{{Key: "k", SKU: sku, Quantity: 1}})[0]; r.Code != "sku" || connectors.KindOf(r.Err) != connectors.Invalid || s.calls != before {
			t.Errorf("%q: %+v", sku, r)
		}
	}
}
