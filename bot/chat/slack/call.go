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

	"helloworld/bot/chat"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 8 << 20

// call does one method with arguments as JSON.
func (t *Transport) call(ctx context.Context, method string, args, into any) error {
	return t.callAs(ctx, t.bot, method, args, into)
}

func (t *Transport) callAs(ctx context.Context, token, method string, args, into any) error {
	body, err := json.Marshal(args)
	if err != nil {
		return &chat.Error{Kind: chat.Rejected, Code: method, Err: fmt.Errorf("slack: %w", err)}
	}
	return t.send(ctx, token, method, "application/json; charset=utf-8", body, into)
}

// callForm does one method whose arguments Slack takes as a form only.
func (t *Transport) callForm(ctx context.Context, method string, args url.Values, into any) error {
	return t.send(ctx, t.bot, method, "application/x-www-form-urlencoded", []byte(args.Encode()), into)
}

func (t *Transport) send(ctx context.Context, token, method, kind string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base.String()+method, bytes.NewReader(body))
	if err != nil {
		return &chat.Error{Kind: chat.Rejected, Code: method, Err: bare(err)}
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+token)
	return t.do(req, method, into)
}

// do sends a request and reads Slack's answer. It tries once.
func (t *Transport) do(req *http.Request, what string, into any) error {
	res, err := t.http.Do(req)
	if err != nil {
		return lost(what, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return &chat.Error{Kind: chat.Busy, Code: "ratelimited", RetryAfter: retryAfter(res.Header), Err: errors.New("slack: " + what)}
	case err != nil:
		return lost(what, err)
	case res.StatusCode >= 500:
		return &chat.Error{Kind: chat.Unsure, Code: strconv.Itoa(res.StatusCode), Err: fmt.Errorf("slack: %s: %s", what, res.Status)}
	}
	var head struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
		Meta  struct {
			Messages []string `json:"messages"`
		} `json:"response_metadata"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return &chat.Error{Kind: unreadable(res.StatusCode), Code: "unreadable", Err: fmt.Errorf("slack: %s: status %d: %w", what, res.StatusCode, err)}
	}
	if !head.OK {
		if head.Error == "" {
			head.Error = "status_" + strconv.Itoa(res.StatusCode)
		}
		e := &chat.Error{Kind: kindOf(head.Error), Code: head.Error, Err: errors.New("slack: " + what)}
		if len(head.Meta.Messages) > 0 {
			e.Err = fmt.Errorf("slack: %s: %s", what, strings.Join(head.Meta.Messages, "; "))
		}
		if e.Kind == chat.Busy {
			e.RetryAfter = retryAfter(res.Header)
		}
		return e
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return &chat.Error{Kind: chat.Unsure, Code: "unreadable", Err: fmt.Errorf("slack: %s: %w", what, err)}
	}
	return nil
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
	body, err := json.Marshal(struct {
		message
		Type    string `json:"response_type"`
		Replace bool   `json:"replace_original"`
	}{m, "ephemeral", false})
	if err != nil {
		return &chat.Error{Kind: chat.Rejected, Code: "response_url", Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, link, bytes.NewReader(body))
	if err != nil {
		return &chat.Error{Kind: chat.Expired, Code: "invalid_url", Err: bare(err)}
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	res, err := t.http.Do(req)
	if err != nil {
		return lost("response_url", err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return &chat.Error{Kind: chat.Busy, Code: "ratelimited", RetryAfter: retryAfter(res.Header), Err: errors.New("slack: response_url")}
	case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusGone:
		return &chat.Error{Kind: chat.Expired, Code: "expired_url", Err: errors.New("slack: response_url")}
	case res.StatusCode >= 500:
		return &chat.Error{Kind: chat.Unsure, Code: strconv.Itoa(res.StatusCode), Err: errors.New("slack: response_url")}
	case err != nil:
		return lost("response_url", err)
	}
	// Slack answers with {"ok":true}, or with the two letters "ok".
	var head struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if json.Unmarshal(data, &head) == nil && !head.OK && head.Error != "" {
		return &chat.Error{Kind: kindOf(head.Error), Code: head.Error, Err: errors.New("slack: response_url")}
	}
	if res.StatusCode >= 400 {
		return &chat.Error{Kind: chat.Rejected, Code: "status_" + strconv.Itoa(res.StatusCode), Err: errors.New("slack: response_url")}
	}
	return nil
}
