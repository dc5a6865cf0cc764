package amazon

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"helloworld/connectors"
)

// kinds maps the platform's words to ours: the API's codes, then the token
// endpoint's, then those of the queue's service, which begin with "queue.".
var kinds = map[string]connectors.Kind{
	"QuotaExceeded":           connectors.Busy,
	"Throttled":               connectors.Busy,
	"InternalFailure":         connectors.Down,
	"InternalError":           connectors.Down,
	"ServiceUnavailable":      connectors.Down,
	"TemporarilyUnavailable":  connectors.Down,
	"InvalidInput":            connectors.Invalid,
	"InvalidParameterValue":   connectors.Invalid,
	"InvalidRequest":          connectors.Invalid,
	"RequestTooLarge":         connectors.Invalid,
	"UnsupportedMediaType":    connectors.Invalid,
	"BadRequest":              connectors.Invalid,
	"InvalidPayload":          connectors.Invalid,
	"PackageToUpdateNotFound": connectors.Conflict, // an edit of a parcel that is not there yet
	"Conflict":                connectors.Conflict,
	"ResourceConflict":        connectors.Conflict,
	"NotFound":                connectors.NotFound,
	"NOT_FOUND":               connectors.NotFound,
	"ResourceNotFound":        connectors.NotFound,
	"Unauthorized":            connectors.Reauthorise, // or a role is missing: it looks the same
	"AccessDenied":            connectors.Reauthorise,
	"MissingAuthToken":        connectors.Reauthorise,

	"invalid_grant":          connectors.Reauthorise,
	"unauthorized_client":    connectors.Reauthorise,
	"access_denied":          connectors.Reauthorise,
	"invalid_client":         connectors.AppBroken, // the secret expires every 180 days
	"invalid_scope":          connectors.AppBroken,
	"unsupported_grant_type": connectors.AppBroken,
	"server_error":           connectors.Down,

	"queue.QueueDoesNotExist":           connectors.NotFound,
	"queue.NonExistentQueue":            connectors.NotFound,
	"queue.AccessDenied":                connectors.AppBroken,
	"queue.AccessDeniedException":       connectors.AppBroken,
	"queue.InvalidClientTokenId":        connectors.AppBroken,
	"queue.InvalidAccessKeyId":          connectors.AppBroken,
	"queue.UnrecognizedClientException": connectors.AppBroken,
	"queue.SignatureDoesNotMatch":       connectors.AppBroken,
	"queue.InvalidSecurity":             connectors.AppBroken,
	"queue.InvalidSignatureException":   connectors.AppBroken,
	"queue.RequestExpired":              connectors.AppBroken, // or our clock is wrong: see Skew
	"queue.RequestThrottled":            connectors.Busy,
	"queue.ThrottlingException":         connectors.Busy,
	"queue.OverLimit":                   connectors.Busy,
	"queue.InvalidAddress":              connectors.Invalid,
	"queue.MissingParameter":            connectors.Invalid,
	"queue.InvalidParameterValue":       connectors.Invalid,
}

const manageApps = "https://sellercentral.amazon.com/apps/manage"

type apiErrors struct {
	Errors []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Details string `json:"details"`
	} `json:"errors"`
	// The token endpoint's form.
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// classify reads what the API and the token endpoint say about a failure.
func classify(op string, status int, _ http.Header, body []byte) error {
	if status < 300 || op == opUpload || op == opDownload || op == opReport {
		return nil // the store of documents speaks a language of its own: the status decides
	}
	var a apiErrors
	if json.Unmarshal(body, &a) != nil {
		return nil // a page, or nothing
	}
	code, text := a.Error, a.Description
	if len(a.Errors) > 0 {
		code = a.Errors[0].Code
		text = strings.TrimSpace(a.Errors[0].Message + " " + a.Errors[0].Details)
	}
	kind, ok := kinds[code]
	if !ok {
		return nil
	}
	e := &connectors.Error{Kind: kind, Code: code, Err: errors.New(text)}
	if kind == connectors.Reauthorise {
		e.Link = manageApps
	}
	return e
}

// expired: the API says 403 both for a token that is over and for a role that is
// missing. A fresh token tells them apart.
func expired(status int, _ http.Header, body []byte) bool {
	if status == http.StatusUnauthorized {
		return true
	}
	var a apiErrors
	return status == http.StatusForbidden && json.Unmarshal(body, &a) == nil && len(a.Errors) > 0 && a.Errors[0].Code == "Unauthorized"
}

func fault(kind connectors.Kind, op, code, why string) error {
	return &connectors.Error{Kind: kind, Platform: Platform, Op: op, Code: code, Err: errors.New(connectors.Redact(why))}
}
