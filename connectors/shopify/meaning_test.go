package shopify

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"helloworld/connectors"
)

// Errors that mean something: what a reading and what a writing call make of each
// answer.
func TestWhatAnswersMean(t *testing.T) {
	t.Parallel()
	const unsure = connectors.Unsure
	said := func(code string) string {
		return `{"errors":[{"message":"m","path":["x"],"extensions":{"code":"` + code + `"}}],"data":{"x":null}}`
	}
	for name, x := range map[string]struct {
		status      int
		body        string
		read, write connectors.Kind
	}{
		"throttled":         {200, `{"errors":[{"message":"m","extensions":{"code":"THROTTLED"}}],"extensions":{"cost":{"requestedQueryCost":900,"throttleStatus":{"maximumAvailable":1000,"currentlyAvailable":0,"restoreRate":1}}}}`, connectors.Busy, connectors.Busy},
		"too many calls":    {429, ``, connectors.Busy, connectors.Busy},
		"like an attack":    {430, ``, connectors.Busy, connectors.Busy},
		"down":              {500, `{"errors":"Internal"}`, connectors.Down, unsure},
		"down for now":      {503, `<html>`, connectors.Down, unsure},
		"the edge is down":  {520, `<html>`, connectors.Down, unsure},
		"down, with a yes":  {200, said("INTERNAL_SERVER_ERROR"), connectors.Down, unsure},
		"out of time":       {200, said("TIMEOUT"), connectors.Down, unsure},
		"frozen":            {402, `{"errors":"Unavailable Shop"}`, connectors.Unsupported, connectors.Unsupported},
		"locked":            {423, ``, connectors.Unsupported, connectors.Unsupported},
		"forbidden":         {403, `{"errors":"x"}`, connectors.Reauthorise, connectors.Reauthorise},
		"no such shop":      {404, `<html>`, connectors.AppBroken, connectors.AppBroken},
		"scope missing":     {200, said("ACCESS_DENIED"), connectors.Reauthorise, connectors.Reauthorise},
		"too dear":          {200, said("MAX_COST_EXCEEDED"), connectors.Invalid, connectors.Invalid},
		"other parameters":  {200, said("IDEMPOTENCY_KEY_PARAMETER_MISMATCH"), connectors.Conflict, connectors.Conflict},
		"still running":     {200, said("IDEMPOTENCY_CONCURRENT_REQUEST"), connectors.Down, unsure},
		"a word to come":    {200, said("TELEPORTED"), connectors.Down, unsure},
		"a yes in no words": {200, `<html>`, connectors.Down, unsure},
		"a yes and no data": {200, `{"data":null}`, connectors.Down, unsure},
	} {
		for _, read := range []bool{true, false} {
			shop := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(x.status)
				_, _ = io.WriteString(w, x.body)
			})
			want := x.write
			if read {
				want = x.read
			}
			var d struct{ X any }
			err := shop.query(t.Context(), "X", "query X { x }", nil, read, &d)
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
		"consent is gone":    {400, `{"error":"invalid_grant"}`, connectors.Reauthorise},
		"refused as it is":   {400, `{"error":"invalid_request"}`, connectors.Reauthorise},
		"uninstalled":        {400, `{"error":"app_not_installed"}`, connectors.Reauthorise},
		"the secret is old":  {401, `{"error":"invalid_client"}`, connectors.AppBroken},
		"the edge is down":   {520, `<html>`, connectors.Down},
		"too often":          {429, ``, connectors.Busy},
		"a yes and no token": {200, `{}`, connectors.Down},
	} {
		shop := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(x.status)
			_, _ = io.WriteString(w, x.body)
		})
		tokens := connectors.NewTokens("x", connectors.Credential{Refresh: "shprt_first0000001"}, nil, shop.now, shop.refresh)
		if _, err := tokens.Token(t.Context()); err == nil || connectors.KindOf(err) != x.want {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
}

// Every reason of ours is one of the platform's words, by its schema.
func TestEveryReasonHasItsWord(t *testing.T) {
	t.Parallel()
	sch := schema(t)
	for _, r := range append([]connectors.RefundReason{"a reason to come"}, connectors.Reasons...) {
		if w := discrepancy(r); sch.Types["OrderAdjustmentInputDiscrepancyReason"].EnumValues.ForName(w) == nil {
			t.Errorf("a refund for %s is %q", r, w)
		}
		if w := declineReason(r); sch.Types["ReturnDeclineReason"].EnumValues.ForName(w) == nil {
			t.Errorf("declined for %s is %q", r, w)
		}
	}
	for r, want := range map[connectors.RefundReason]string{connectors.ReasonDamaged: "DAMAGE", connectors.ReasonDefective: "DAMAGE",
		connectors.ReasonReturned: "CUSTOMER", connectors.ReasonOther: "OTHER"} {
		if got := discrepancy(r); got != want {
			t.Errorf("%s is %q, want %q", r, got, want)
		}
	}
}

// What is written to the buyer is cut by letters, to as many as are sent on.
func TestLongNoteOfADecline(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{3: 3, mostDeclineNote: mostDeclineNote, mostDeclineNote + 1: mostDeclineNote, 5000: mostDeclineNote} {
		s, shop := stockedShop(t)
		d := connectors.Decision{Key: "k", Return: "72", Kind: connectors.KindReturn, Verdict: connectors.Decline, Note: strings.Repeat("退", n)}
		if r, err := shop.Decide(t.Context(), d); err != nil || r.State != connectors.StateApplied {
			t.Fatalf("%+v %v", r, err)
		}
		sent := ""
		for _, v := range s.seen {
			if in, ok := v["input"].(map[string]any); ok && in["declineNote"] != nil {
				sent = in["declineNote"].(string)
			}
		}
		if utf8.RuneCountInString(sent) != want || !utf8.ValidString(sent) {
			t.Errorf("of %d letters %d were sent", n, utf8.RuneCountInString(sent))
		}
	}
}
