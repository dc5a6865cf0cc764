package ebay

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

// kinds maps eBay's numbered errors to ours.
var kinds = map[int]connectors.Kind{
	1001: connectors.Reauthorise, // the token, even after it was renewed
	1002: connectors.Reauthorise,
	1003: connectors.Reauthorise,
	1100: connectors.Reauthorise, // a scope is missing: consent again, with more
	2001: connectors.Busy,
	2002: connectors.NotFound,
	2003: connectors.Down,
	2004: connectors.Invalid,

	25001: connectors.Down,
	25002: connectors.Invalid,
	25702: connectors.NotFound, // no such SKU
	25706: connectors.Invalid,
	25709: connectors.Invalid,
	25710: connectors.NotFound, // no such item
	25713: connectors.NotFound, // no such offer
	25759: connectors.Conflict, // less than auctions have promised

	30500: connectors.Down,

	32100: connectors.NotFound, // no such order
	32110: connectors.NotFound, // no such shipment
	32200: connectors.Invalid,
	32300: connectors.Invalid, // the number or the carrier
	32400: connectors.Unsupported,
	34100: connectors.Conflict, // as many numbers as an order may have
	34500: connectors.Conflict, // it is there already, and cannot be changed

	34900: connectors.Down,
	34913: connectors.NotFound,
	34916: connectors.Conflict, // a return or case is open: the refund belongs there
	34917: connectors.Conflict, // already refunded
	34918: connectors.Unsupported,
	34919: connectors.Unsupported,
	34920: connectors.Invalid,  // too late
	34922: connectors.Conflict, // the one before is still pending
	34923: connectors.Unsupported,
	34924: connectors.Conflict, // more than what is left
	34925: connectors.Conflict, // 34925 to 34928, 34930: the seller's way to pay
	34926: connectors.Conflict,
	34927: connectors.Conflict,
	34928: connectors.Conflict,
	34929: connectors.Conflict, // the buyer's payment has not arrived
	34930: connectors.Conflict,

	195000: connectors.Down,
	195001: connectors.NotFound,    // no such public key
	195003: connectors.Conflict,    // eBay wants an address to write to first
	195011: connectors.Unsupported, // not for this application, or this consent
	195012: connectors.Conflict,    // there is one
	195013: connectors.NotFound,
	195014: connectors.Unsupported,
	195015: connectors.Conflict, // the address it goes to is switched off
	195020: connectors.Invalid,  // our address did not answer eBay's question
	195021: connectors.Conflict,
	195022: connectors.NotFound,
	195024: connectors.Conflict,
	195026: connectors.NotFound,

	210000: connectors.Down,
	210002: connectors.NotFound,
	210005: connectors.AppBroken,

	335000: connectors.Down,
	355006: connectors.NotFound, // no such user
	355007: connectors.NotFound, // no such conversation

	215000: connectors.Unsupported, // 215000 to 215122: the call has to be signed
	215001: connectors.Unsupported,
	215002: connectors.Unsupported,
	215003: connectors.Unsupported,
	215120: connectors.Unsupported,
	215121: connectors.Unsupported,
	215122: connectors.Unsupported,
}

// grants maps the token endpoint's words.
var grants = map[string]connectors.Kind{
	"invalid_grant":          connectors.Reauthorise,
	"invalid_scope":          connectors.Reauthorise,
	"invalid_client":         connectors.AppBroken,
	"unauthorized_client":    connectors.AppBroken,
	"invalid_request":        connectors.AppBroken,
	"unsupported_grant_type": connectors.AppBroken,
}

type wireError struct {
	ID         json.Number `json:"errorId"`
	Category   string      `json:"category"`
	Message    string      `json:"message"`
	Long       string      `json:"longMessage"`
	Parameters []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"parameters"`
}

// classify tells what an answer means.
func (s *Shop) classify(op string, status int, h http.Header, body []byte) error {
	if status < 300 {
		return nil
	}
	if op == opToken {
		return classifyToken(status, body)
	}
	list := errorsIn(body)
	if len(list) == 0 {
		return s.byStatus(status, h) // a page for people, or nothing
	}
	return s.numbered(op, status, h, list[0])
}

// errorsIn finds the numbered errors of an answer: newer and older parts of the
// API put them in different places.
func errorsIn(body []byte) []wireError {
	var a struct {
		Errors  []wireError `json:"errors"`
		Error   []wireError `json:"error"`
		Message struct {
			Error []wireError `json:"error"`
		} `json:"errorMessage"`
	}
	if json.Unmarshal(body, &a) != nil {
		return nil
	}
	return append(append(a.Errors, a.Error...), a.Message.Error...)
}

// numbered tells what a numbered error means.
func (s *Shop) numbered(op string, status int, h http.Header, first wireError) *connectors.Error {
	n, _ := strconv.Atoi(first.ID.String())
	kind, known := kinds[n]
	e := &connectors.Error{Kind: kind, Code: first.ID.String(), Err: errors.New(text(first))}
	switch {
	case n == 1100:
		if scope := missingScope(first); scope != "" {
			e.Code += ":" + scope
		}
		s.deny(op)
	case n == 2001, status == http.StatusTooManyRequests:
		e.Kind = connectors.Busy
		e.RetryAfter = s.quotaWait(h)
	case known:
	case status >= 500:
		e.Kind = connectors.Down
	case status == http.StatusUnauthorized:
		e.Kind = connectors.Reauthorise
	case status == http.StatusForbidden:
		e.Kind = connectors.Unsupported
	case status == http.StatusNotFound:
		e.Kind = connectors.NotFound
	case first.Category == "APPLICATION":
		// eBay's own fault, whatever the status: it may be half done.
		e.Kind = connectors.Unsure
	case status == http.StatusConflict, first.Category == "BUSINESS":
		e.Kind = connectors.Conflict
	default:
		e.Kind = connectors.Invalid
	}
	return e
}

// byStatus is for answers without a numbered error. Nil: the client's own table.
func (s *Shop) byStatus(status int, h http.Header) error {
	switch status {
	case http.StatusTooManyRequests:
		return &connectors.Error{Kind: connectors.Busy, RetryAfter: s.quotaWait(h), Err: errors.New("too many calls")}
	case http.StatusForbidden:
		// The seller's consent is told by numbered errors; this is a gateway's no.
		return &connectors.Error{Kind: connectors.Down, Err: errors.New("refused without a reason")}
	}
	return nil
}

// quotaWait is how long a refusal for now lasts: as long as eBay says, and
// otherwise it is the day's quota, which is renewed at midnight in California.
func (s *Shop) quotaWait(h http.Header) time.Duration {
	now := s.now()
	if d := connectors.ParseRetryAfter(h, now); d > 0 {
		return d
	}
	s.quotas.look() // we had believed that some were left
	return untilMidnight(now)
}

// untilMidnight is the time until the quotas are renewed. Where the table of
// time zones is missing it is winter time: an hour late at worst, never early.
func untilMidnight(now time.Time) time.Duration {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		zone = time.FixedZone("PST", -8*60*60)
	}
	t := now.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 30, 0, zone).Sub(now)
}

func classifyToken(status int, body []byte) error {
	if status == http.StatusTooManyRequests || status >= 500 {
		return nil
	}
	var a struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &a) != nil || a.Error == "" {
		return &connectors.Error{Kind: connectors.Down, Err: errors.New("the token endpoint answered " + strconv.Itoa(status) + " without a reason")}
	}
	kind, ok := grants[a.Error]
	if !ok {
		kind = connectors.Reauthorise
		if status == http.StatusUnauthorized {
			kind = connectors.AppBroken
		}
	}
	return &connectors.Error{Kind: kind, Code: cut(a.Error, 60), Err: errors.New(cut(a.Description, 300))}
}

func text(e wireError) string {
	if e.Long != "" {
		return cut(e.Long, 300)
	}
	if e.Message != "" {
		return cut(e.Message, 300)
	}
	return "no reason given"
}

// missingScope is the scope that an error names, by its last word.
func missingScope(e wireError) string {
	for _, p := range e.Parameters {
		if i := strings.LastIndex(p.Value, "/api_scope"); i >= 0 {
			return cut(strings.TrimPrefix(p.Value[i+len("/api_scope"):], "/"), 60)
		}
	}
	return ""
}

// invalid is an error of our own making. Its cause may quote what eBay sent, and
// that may be a buyer's data.
func invalid(op, code, why string) error {
	return &connectors.Error{Kind: connectors.Invalid, Platform: Platform, Op: op, Code: code, Err: errors.New(connectors.Redact(cut(why, 300)))}
}

func notFound(op, what string) error {
	return &connectors.Error{Kind: connectors.NotFound, Platform: Platform, Op: op, Err: errors.New("there is no order " + cut(what, 60))}
}

// cut shortens by letters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
