package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	slackgo "github.com/slack-go/slack"

	"helloworld/bot/chat"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 8 << 20

// wire is what the library sends its requests through. It sends once, and says
// of each answer what it means while that can still be told: the library makes
// one error of all refusals, and forgets a 429 that names no time.
type wire struct {
	base, bot string
	http      *http.Client
}

// Do sends a request of the library's.
func (w wire) Do(req *http.Request) (*http.Response, error) {
	method, api := strings.CutPrefix(req.URL.String(), w.base)
	if !api {
		method = "upload"
	}
	if err := w.bearer(req); err != nil {
		return nil, &chat.Error{Kind: chat.Rejected, Code: method, Err: bare(err)}
	}
	return w.send(req, method, func(res *http.Response, data []byte) ([]byte, error) {
		if !api {
			return data, nil
		}
		return judge(method, res, data)
	})
}

// RoundTrip is Do for answers by a response URL.
func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	return w.send(req, "response_url", judgeHook)
}

// send sends a request and has its answer judged.
func (w wire) send(req *http.Request, what string, judge func(*http.Response, []byte) ([]byte, error)) (*http.Response, error) {
	res, err := w.http.Do(req)
	if err != nil {
		return nil, lost(what, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return nil, &chat.Error{Kind: chat.Busy, Code: "ratelimited", RetryAfter: retryAfter(res.Header), Err: errors.New("slack: " + what)}
	case err != nil:
		return nil, lost(what, err)
	case res.StatusCode >= 500:
		return nil, &chat.Error{Kind: chat.Unsure, Code: strconv.Itoa(res.StatusCode), Err: fmt.Errorf("slack: %s: %s", what, res.Status)}
	}
	if data, err = judge(res, data); err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(data))
	return res, nil
}

// bearer moves the token from a form to the header: a body is what proxies and
// recorders write down.
func (w wire) bearer(req *http.Request) error {
	if req.Header.Get("Authorization") != "" || req.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return nil
	}
	b, err := io.ReadAll(req.Body)
	if err != nil {
		return err
	}
	form := strings.Replace("&"+string(b), "&token="+url.QueryEscape(w.bot), "", 1)
	form = strings.TrimPrefix(form, "&")
	req.Header.Set("Authorization", "Bearer "+w.bot)
	req.ContentLength = int64(len(form))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(form)), nil }
	req.Body, err = req.GetBody()
	return err
}

// answer is what is used of the Web API's answers.
type answer struct {
	OK      bool            `json:"ok"`
	Error   string          `json:"error,omitempty"`
	Channel json.RawMessage `json:"channel,omitempty"`
	TS      string          `json:"ts,omitempty"`
	Private string          `json:"message_ts,omitempty"`
	Meta    struct {
		Cursor   string   `json:"next_cursor,omitempty"`
		Messages []string `json:"messages,omitempty"`
	} `json:"response_metadata"`
	History []told `json:"messages,omitempty"`
}

type told struct {
	TS       string          `json:"ts"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
}

// wordy are the methods that answer with messages or a view. The library would
// refuse the answer, and with it the message's id, for a single block of them
// that it cannot read; nobody here looks at them, so they are left out.
var wordy = map[string]bool{
	"chat.postMessage": true, "chat.postEphemeral": true, "chat.update": true, "views.open": true,
	"conversations.history": true, "conversations.replies": true,
}

// judge makes an error of a refusal.
func judge(method string, res *http.Response, data []byte) ([]byte, error) {
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, &chat.Error{Kind: unreadable(res.StatusCode), Code: "unreadable", Err: fmt.Errorf("slack: %s: status %d: %w", method, res.StatusCode, err)}
	}
	if !a.OK {
		if a.Error == "" {
			a.Error = "status_" + strconv.Itoa(res.StatusCode)
		}
		e := &chat.Error{Kind: kindOf(a.Error), Code: a.Error, Err: errors.New("slack: " + method)}
		if len(a.Meta.Messages) > 0 {
			e.Err = fmt.Errorf("slack: %s: %s", method, strings.Join(a.Meta.Messages, "; "))
		}
		if e.Kind == chat.Busy {
			e.RetryAfter = retryAfter(res.Header)
		}
		return nil, e
	}
	if !wordy[method] {
		return data, nil
	}
	for i, m := range a.History {
		var ours slackgo.SlackMetadata
		if json.Unmarshal(m.Metadata, &ours) != nil || ours.EventType != cardEvent {
			a.History[i].Metadata = nil
		}
	}
	return json.Marshal(a)
}

// judgeHook makes an error of a refusal by a response URL. Slack accepts with
// {"ok":true}, or with the two letters "ok".
func judgeHook(res *http.Response, data []byte) ([]byte, error) {
	if res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone {
		return nil, &chat.Error{Kind: chat.Expired, Code: "expired_url", Err: errors.New("slack: response_url")}
	}
	var a answer
	if json.Unmarshal(data, &a) == nil && !a.OK && a.Error != "" {
		return nil, &chat.Error{Kind: kindOf(a.Error), Code: a.Error, Err: errors.New("slack: response_url")}
	}
	if res.StatusCode >= 400 {
		return nil, &chat.Error{Kind: chat.Rejected, Code: "status_" + strconv.Itoa(res.StatusCode), Err: errors.New("slack: response_url")}
	}
	return data, nil
}

// failed gives the error of a call in the port's words. What the library says of
// an answer that it cannot read is no refusal: what was asked for was done, and
// may be looked up.
func failed(what string, err error) error {
	var e *chat.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, slackgo.ErrParametersMissing), errors.Is(err, slackgo.ErrBlockIDNotUnique):
		return &chat.Error{Kind: chat.Rejected, Code: what, Err: fmt.Errorf("slack: %w", err)}
	}
	return &chat.Error{Kind: chat.Unsure, Code: "unreadable", Err: fmt.Errorf("slack: %s: %w", what, bare(err))}
}

// unreadable is the kind of an answer that is no JSON: a refusal by something
// between us and Slack, or an answer cut short.
func unreadable(status int) chat.ErrorKind {
	if status >= 400 && status < 500 {
		return chat.Rejected
	}
	return chat.Unsure
}

// retryAfter is how long to wait: what Slack says, a second if it says nothing.
func retryAfter(h http.Header) time.Duration {
	if n, err := strconv.Atoi(h.Get("Retry-After")); err == nil && n > 0 {
		return time.Duration(min(n, 3600)) * time.Second
	}
	return time.Second
}

// lost is the error of a request that got no answer. Only where no connection
// was made is it certain that nothing happened.
func lost(what string, err error) error {
	kind := chat.Unsure
	var dns *net.DNSError
	var op *net.OpError
	if errors.As(err, &dns) || errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &op) && op.Op == "dial" {
		kind = chat.Down
	}
	return &chat.Error{Kind: kind, Code: "no_answer", Err: fmt.Errorf("slack: %s: %w", what, bare(err))}
}

// bare takes the address off an error: response URLs and uploads' addresses are
// as good as tokens.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// kinds maps Slack's codes; a code that is not here is read by [kindOf].
var kinds = map[string]chat.ErrorKind{
	"channel_not_found": chat.Gone, "not_in_channel": chat.Gone, "is_archived": chat.Gone, "message_not_found": chat.Gone,
	"thread_not_found": chat.Gone, "cant_update_message": chat.Gone, "edit_window_closed": chat.Gone, "user_not_found": chat.Gone,
	"user_not_in_channel": chat.Gone, "channel_is_archived": chat.Gone, "user_disabled": chat.Gone, "cannot_dm_bot": chat.Gone,
	"restricted_action_thread_locked": chat.Gone, "cannot_reply_to_message": chat.Gone,
	"invalid_auth": chat.Denied, "not_authed": chat.Denied, "token_revoked": chat.Denied, "token_expired": chat.Denied,
	"account_inactive": chat.Denied, "missing_scope": chat.Denied, "not_allowed_token_type": chat.Denied, "no_permission": chat.Denied,
	"ekm_access_denied": chat.Denied, "org_login_required": chat.Denied, "restricted_action": chat.Denied, "access_denied": chat.Denied,
	"team_access_not_granted": chat.Denied, "app_missing_action_url": chat.Denied, "enterprise_is_restricted": chat.Denied,
	"expired_trigger_id": chat.Expired, "trigger_expired": chat.Expired, "exchanged_trigger_id": chat.Expired,
	"trigger_exchanged": chat.Expired, "invalid_trigger_id": chat.Expired, "expired_url": chat.Expired, "used_url": chat.Expired,
	"invalid_url": chat.Expired, "status_404": chat.Expired, "status_410": chat.Expired,
	"ratelimited": chat.Busy, "rate_limited": chat.Busy, "message_limit_exceeded": chat.Busy, "team_added_to_org": chat.Busy,
	"internal_error": chat.Unsure, "fatal_error": chat.Unsure, "service_unavailable": chat.Unsure, "request_timeout": chat.Unsure,
}

// kindOf maps a code. Slack names every refusal it makes on purpose, and refuses
// before it does anything: a code that is not known is a refusal of this card.
func kindOf(code string) chat.ErrorKind {
	if k, ok := kinds[code]; ok {
		return k
	}
	return chat.Rejected
}

// respond answers by a response URL, to one person.
func (t *Transport) respond(ctx context.Context, link string, m message) error {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Host != t.base.Host {
		return &chat.Error{Kind: chat.Expired, Code: "invalid_url", Err: errors.New("slack: the handle is no response URL")}
	}
	m.ResponseType = slackgo.ResponseTypeEphemeral
	return failed("response_url", slackgo.PostWebhookCustomHTTPContext(ctx, link, t.hooks, &m))
}
