package ebay

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

// same answers every call with the same.
type same struct {
	status int
	ctype  string
	body   string
}

func (a same) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{"Content-Type": {a.ctype}}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

// Errors that mean something: what a reading and what a writing call make of each
// answer, by way of the client and its rules.
func TestWhatAnswersMean(t *testing.T) {
	t.Parallel()
	const unsure = connectors.Unsure
	for name, x := range map[string]struct {
		status      int
		ctype, body string
		read, write connectors.Kind
	}{
		"throttled for the day":   {429, "application/json", `{"errors":[{"errorId":2001,"category":"REQUEST"}]}`, connectors.Busy, connectors.Busy},
		"throttled, no word":      {429, "text/plain", `slow down`, connectors.Busy, connectors.Busy},
		"down":                    {500, "application/json", `{"errors":[{"errorId":25001,"category":"APPLICATION"}]}`, connectors.Down, unsure},
		"down, a number to come":  {500, "application/json", `{"errors":[{"errorId":99999,"category":"APPLICATION"}]}`, connectors.Down, unsure},
		"bad gateway":             {502, "text/html", `<html>`, connectors.Down, unsure},
		"down for now":            {503, "text/html", `<html>`, connectors.Down, unsure},
		"scope missing":           {403, "application/json", `{"errors":[{"errorId":1100,"category":"REQUEST"}]}`, connectors.Reauthorise, connectors.Reauthorise},
		"a gateway's no":          {403, "text/html", `<html>`, connectors.Down, connectors.Down},
		"not there":               {404, "application/json", `{"errors":[{"errorId":32100,"category":"REQUEST"}]}`, connectors.NotFound, connectors.NotFound},
		"not there, older part":   {404, "application/json", `{"errorMessage":{"error":[{"errorId":1,"message":"m"}]}}`, connectors.NotFound, connectors.NotFound},
		"wrong, a number to come": {400, "application/json", `{"errors":[{"errorId":99999,"category":"REQUEST"}]}`, connectors.Invalid, connectors.Invalid},
		"a category to come":      {400, "application/json", `{"errors":[{"errorId":99999,"category":"COSMIC"}]}`, connectors.Invalid, connectors.Invalid},
		"over the rest":           {409, "application/json", `{"errors":[{"errorId":34924,"category":"BUSINESS"}]}`, connectors.Conflict, connectors.Conflict},
		"not signed":              {403, "application/json", `{"errors":[{"errorId":215120,"category":"REQUEST"}]}`, connectors.Unsupported, connectors.Unsupported},
		"a number that is text":   {400, "application/json", `{"errors":[{"errorId":"34924","category":"BUSINESS"}]}`, connectors.Conflict, connectors.Conflict},
		"a yes in no words":       {200, "text/html", `<html>`, connectors.Down, unsure},
	} {
		s := newServer(t, 1)
		for _, read := range []bool{true, false} {
			shop := newShop(t, s, func(c *connectors.Config) { c.Transport = same{x.status, x.ctype, x.body} })
			var a struct{ X string }
			var err error
			want := x.write
			if read {
				want = x.read
				err = shop.read(t.Context(), "none", s.URL+"/x", nil, &a)
			} else {
				err = shop.write(t.Context(), "none", s.URL+"/x", obj{}, &a)
			}
			if err == nil || connectors.KindOf(err) != want {
				t.Errorf("%s, read %v: %v, want %v", name, read, err, want)
			}
			if want == connectors.Busy && connectors.RetryAfterOf(err) <= 0 {
				t.Errorf("%s: busy, and for how long?", name)
			}
		}
	}
}

// A token whose end makes no sense gets the default one.
func TestOddEndsOfTokens(t *testing.T) {
	t.Parallel()
	s := newServer(t, 1)
	for _, expires := range []string{"7200", `"7200"`, "9223372036854775807", "1e300", "-1", "0", "null"} {
		shop := newShop(t, s, func(c *connectors.Config) {
			c.Transport = same{200, "application/json", `{"access_token":"v^1.1#next-access-token","expires_in":` + expires + `,"refresh_token_expires_in":` + expires + `}`}
		})
		got, err := shop.Refresh(t.Context(), connectors.Credential{Refresh: "v^1.1#first-refresh-token"})
		known := strings.Contains(expires, "7200")
		if err != nil || got.Access == "" || got.Expires.IsZero() == known || got.RefreshExpires.IsZero() == known || known && got.Expires.Sub(s.now()) != 2*time.Hour {
			t.Errorf("a token for %s seconds ends at %v: %v", expires, got.Expires, err)
		}
	}
}

// Every reason of ours is one of eBay's (ReasonForRefundEnum).
func TestEveryReasonHasItsWord(t *testing.T) {
	t.Parallel()
	words := []string{"BUYER_CANCEL", "BUYER_RETURN", "ITEM_NOT_RECEIVED", "ITEM_NOT_AS_DESCRIBED", "OTHER_ADJUSTMENT", "SHIPPING_DISCOUNT"}
	for _, r := range connectors.Reasons {
		if w, ok := reasons[r]; !ok || !slices.Contains(words, w) {
			t.Errorf("%s is %q", r, w)
		}
	}
	for r, want := range map[connectors.RefundReason]string{connectors.ReasonNotArrived: "ITEM_NOT_RECEIVED", connectors.ReasonReturned: "BUYER_RETURN",
		connectors.ReasonCancelled: "BUYER_CANCEL", connectors.ReasonDamaged: "ITEM_NOT_AS_DESCRIBED", connectors.ReasonLate: "OTHER_ADJUSTMENT"} {
		if got := reasons[r]; got != want {
			t.Errorf("%s is %q, want %q", r, got, want)
		}
	}
}

// The day's quota ends at midnight in California, also on the days on which the
// clocks there are changed.
func TestMidnightWhenTheClocksChange(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2026-03-08T09:00:00Z": "2026-03-09T07:00:30Z", // an hour before they go forward: a day of 23 hours
		"2026-03-08T07:59:59Z": "2026-03-08T08:00:30Z", // the day before
		"2026-11-01T08:30:00Z": "2026-11-02T08:00:30Z", // in the hour that comes twice: a day of 25 hours
		"2026-11-01T09:30:00Z": "2026-11-02T08:00:30Z",
		"2026-11-02T08:00:00Z": "2026-11-03T08:00:30Z", // midnight itself begins the day
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := now.Add(untilMidnight(now)).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}
