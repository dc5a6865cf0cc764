package shopify

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"

	"helloworld/connectors"
)

// kinds maps the platform's words to ours: GraphQL error codes, then the token
// endpoint's.
var kinds = map[string]connectors.Kind{
	"THROTTLED":                           connectors.Busy,
	"MAX_COST_EXCEEDED":                   connectors.Invalid,
	"ACCESS_DENIED":                       connectors.Reauthorise,
	"SHOP_INACTIVE":                       connectors.Unsupported,
	"UNAUTHENTICATED":                     connectors.Reauthorise,
	"INTERNAL_SERVER_ERROR":               connectors.Down,
	"TIMEOUT":                             connectors.Down,
	"NOT_FOUND":                           connectors.NotFound,
	"BAD_REQUEST":                         connectors.Invalid,
	"BAD_USER_INPUT":                      connectors.Invalid,
	"INVALID":                             connectors.Invalid,
	"IDEMPOTENCY_CONCURRENT_REQUEST":      connectors.Unsure, // the first one is still running: look
	"IDEMPOTENCY_KEY_PARAMETER_MISMATCH":  connectors.Conflict,
	"IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": connectors.Invalid,

	"invalid_grant":       connectors.Reauthorise,
	"invalid_request":     connectors.Reauthorise,
	"app_not_installed":   connectors.Reauthorise,
	"invalid_client":      connectors.AppBroken,
	"unauthorized_client": connectors.AppBroken,
}

// statuses maps HTTP answers that mean something of their own here.
var statuses = map[int]connectors.Kind{
	http.StatusPaymentRequired: connectors.Unsupported, // the shop is frozen
	http.StatusForbidden:       connectors.Reauthorise,
	http.StatusNotFound:        connectors.AppBroken, // no such shop or version: the address is wrong
	http.StatusLocked:          connectors.Unsupported,
	430:                        connectors.Busy, // too many, looking like an attack
	520:                        connectors.Down,
}

var (
	scopeNamed = regexp.MustCompile("`((?:read|write)_[a-z_]+)`")
	protected  = regexp.MustCompile(`(?i)protected customer data`)
	inTheWay   = regexp.MustCompile(`(?i)already|exceed|greater than|more than|no longer|refundable|remaining`)
)

type gqlError struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Extensions struct {
		Code           string `json:"code"`
		RequiredAccess string `json:"requiredAccess"`
	} `json:"extensions"`
}

// classify reads HTTP status, GraphQL errors and the token endpoint's errors.
func (s *Shop) classify(op string, status int, _ http.Header, body []byte) error {
	if op == opToken || op == opCode {
		return classifyToken(status, body)
	}
	var a struct {
		Data       json.RawMessage `json:"data"`
		Errors     json.RawMessage `json:"errors"`
		Extensions extensions      `json:"extensions"`
	}
	if json.Unmarshal(body, &a) == nil {
		s.throttle.saw(op, a.Extensions.Cost, s.now())
	}
	if status >= 300 {
		if k, ok := statuses[status]; ok {
			return &connectors.Error{Kind: k, Err: errors.New(http.StatusText(status))}
		}
		return nil
	}
	var errs []gqlError
	if json.Unmarshal(a.Errors, &errs) != nil || len(errs) == 0 {
		return nil
	}
	if onlyMasked(a.Data, errs) {
		return nil
	}
	return s.errorOf(errs, a.Extensions)
}

// onlyMasked: the answer is there, but for fields of the buyer that this app
// may not see.
func onlyMasked(data json.RawMessage, errs []gqlError) bool {
	var root map[string]json.RawMessage
	if json.Unmarshal(data, &root) != nil {
		return false
	}
	for _, v := range root {
		if string(v) == "null" {
			return false
		}
	}
	for _, e := range errs {
		if e.Extensions.Code != "ACCESS_DENIED" || len(e.Path) < 2 {
			return false
		}
	}
	return len(root) > 0
}

func (s *Shop) errorOf(errs []gqlError, ext extensions) error {
	first := errs[0]
	code := first.Extensions.Code
	e := &connectors.Error{Code: code, Err: errors.New(first.Message)}
	kind, known := kinds[code]
	e.Kind = kind
	switch {
	case code == "THROTTLED":
		e.RetryAfter = ext.Cost.wait(ext.Cost.Requested)
	case code == "ACCESS_DENIED":
		text := first.Extensions.RequiredAccess + " " + first.Message
		if protected.MatchString(text) {
			e.Kind = connectors.Unsupported
		}
		if m := scopeNamed.FindStringSubmatch(text); m != nil {
			e.Code = code + ":" + m[1]
		}
	case code == "INTERNAL_SERVER_ERROR" || code == "TIMEOUT":
		// With status 200, so the client cannot know: see Shop.query.
	case !known && first.Path == nil:
		// The text was refused before it ran: ours is out of step with the API.
		e.Kind = connectors.Invalid
		if e.Code == "" {
			e.Code = "graphql"
		}
	}
	return e
}

func classifyToken(status int, body []byte) error {
	if status < 300 {
		return nil
	}
	if status == http.StatusTooManyRequests || status >= 500 {
		return nil
	}
	// What it says besides may repeat the code or the token that it refuses.
	var a struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &a) // a page instead of JSON: the status decides
	kind, ok := kinds[a.Error]
	if !ok {
		kind = connectors.Reauthorise
		if status == http.StatusNotFound {
			kind = connectors.AppBroken
		}
	}
	return &connectors.Error{Kind: kind, Code: refusal(a.Error), Err: errors.New("the token endpoint refused")}
}

type userError struct {
	Field   []string `json:"field"`
	Message string   `json:"message"`
}

// refused is what userErrors mean: the platform looked, and did nothing. They
// carry no code on refunds, so only the words are left.
func refused(op string, errs []userError) error {
	e := &connectors.Error{Kind: connectors.Invalid, Platform: Platform, Op: op, Code: "user_error", Err: errors.New(connectors.Redact(errs[0].Message))}
	if inTheWay.MatchString(errs[0].Message) {
		e.Kind = connectors.Conflict
	}
	return e
}

func notFound(op, what string) error {
	return &connectors.Error{Kind: connectors.NotFound, Platform: Platform, Op: op, Err: errors.New(connectors.Redact("there is no order " + what))}
}

func invalid(op, code, why string) error {
	return &connectors.Error{Kind: connectors.Invalid, Platform: Platform, Op: op, Code: code, Err: errors.New(connectors.Redact(why))}
}

// cost is what the platform says about its budget with every answer.
type cost struct {
	Requested float64 `json:"requestedQueryCost"`
	Actual    float64 `json:"actualQueryCost"`
	Throttle  struct {
		Maximum   float64 `json:"maximumAvailable"`
		Available float64 `json:"currentlyAvailable"`
		Restore   float64 `json:"restoreRate"`
	} `json:"throttleStatus"`
}

type extensions struct {
	Cost cost `json:"cost"`
}

// wait is how long until need points are there.
func (c cost) wait(need float64) time.Duration {
	if c.Throttle.Restore <= 0 {
		return 0
	}
	s := (need - c.Throttle.Available) / c.Throttle.Restore
	return time.Duration(max(0.1, min(s, 3600)) * float64(time.Second))
}

// stockKinds maps the codes of quantities that were refused.
var stockKinds = map[string]connectors.Kind{
	"CHANGE_FROM_QUANTITY_STALE":          connectors.Conflict,
	"COMPARE_QUANTITY_STALE":              connectors.Conflict,
	"INVALID_INVENTORY_ITEM":              connectors.NotFound,
	"INVALID_LOCATION":                    connectors.NotFound,
	"ITEM_NOT_STOCKED_AT_LOCATION":        connectors.NotFound,
	"NON_MUTABLE_INVENTORY_ITEM":          connectors.Unsupported,
	"IDEMPOTENCY_CONCURRENT_REQUEST":      connectors.Unsure,
	"IDEMPOTENCY_KEY_PARAMETER_MISMATCH":  connectors.Conflict,
	"IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": connectors.Conflict,
}

// returnKinds maps the codes of decisions that were refused; what is not here
// is Invalid.
var returnKinds = map[string]connectors.Kind{
	"INVALID_STATE":            connectors.Conflict,
	"ALREADY_EXISTS":           connectors.Conflict,
	"TAKEN":                    connectors.Conflict,
	"NOT_EDITABLE":             connectors.Conflict,
	"GREATER_THAN_OR_EQUAL_TO": connectors.Conflict,
	"NOT_FOUND":                connectors.NotFound,
	"MISSING_PERMISSION":       connectors.Reauthorise,
	"FEATURE_NOT_ENABLED":      connectors.Unsupported,
	"INTERNAL_ERROR":           connectors.Unsure,
	"CREATION_FAILED":          connectors.Unsure,
}

// bulkKinds maps the codes of an operation that was not begun.
var bulkKinds = map[string]connectors.Kind{
	"OPERATION_IN_PROGRESS": connectors.Busy,
	"LIMIT_REACHED":         connectors.Busy,
}
