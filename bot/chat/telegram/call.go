package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"helloworld/bot/chat"
)

// callTimeout bounds one call; uploads and polls add to it.
const callTimeout = 30 * time.Second

// answerLimit is more than any answer has: 100 updates of long messages.
const answerLimit = 32 << 20

// api makes calls. Everything it returns is a *chat.Error without the token.
type api struct {
	base, token string
	http        *http.Client
}

type upload struct {
	field, name string
	data        []byte
}

// call sends params as JSON and reads the result into dest.
func (a *api) call(ctx context.Context, method string, params, dest any) error {
	var body []byte
	if params != nil {
		var err error
		if body, err = json.Marshal(params); err != nil {
			return &chat.Error{Kind: chat.Rejected, Code: method, Err: err}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return a.send(ctx, method, "application/json", body, dest)
}

// callWith sends params with a file beside them, which only a form can carry.
func (a *api) callWith(ctx context.Context, method string, params any, up upload, dest any) error {
	fail := func(err error) error { return &chat.Error{Kind: chat.Rejected, Code: method, Err: err} }
	raw, err := json.Marshal(params)
	if err != nil {
		return fail(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return fail(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for k, v := range fields {
		if k == up.field {
			continue
		}
		var s string
		if json.Unmarshal(v, &s) != nil {
			s = string(v)
		}
		if err := form.WriteField(k, s); err != nil {
			return fail(err)
		}
	}
	w, err := form.CreateFormFile(up.field, up.name)
	if err == nil {
		_, err = w.Write(up.data)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 4*callTimeout)
	defer cancel()
	return a.send(ctx, method, form.FormDataContentType(), body.Bytes(), dest)
}

type answer struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

func (a *api) send(ctx context.Context, method, kind string, body []byte, dest any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+"/bot"+a.token+"/"+method, bytes.NewReader(body))
	if err != nil {
		return a.failed(method, err)
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return a.failed(method, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to the end already, or broken anyway
	data, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if err != nil {
		return a.failed(method, err)
	}
	var out answer
	if err := json.Unmarshal(data, &out); err != nil {
		return a.odd(method, resp)
	}
	if !out.OK {
		return a.refused(method, resp, out)
	}
	if dest == nil {
		return nil
	}
	if err := json.Unmarshal(out.Result, dest); err != nil {
		// It was done, but we cannot read what: look before doing it again.
		return &chat.Error{Kind: chat.Unsure, Code: method, Err: fmt.Errorf("answer: %w", a.scrub(err))}
	}
	return nil
}

// failed is a call that got no answer. What never reached the server is Down,
// all else may have happened.
func (a *api) failed(method string, err error) error {
	kind := chat.Unsure
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns), errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &op) && op.Op == "dial":
		kind = chat.Down
	}
	return &chat.Error{Kind: kind, Code: method, Err: a.scrub(err)}
}

// odd is an answer that is not the Bot API's: a proxy's, mostly.
func (a *api) odd(method string, resp *http.Response) error {
	e := &chat.Error{Code: method, Err: fmt.Errorf("the server answered %d without the Bot API's JSON", resp.StatusCode)}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		e.Kind = chat.Denied
	case http.StatusTooManyRequests:
		e.Kind, e.RetryAfter = chat.Busy, retryAfter(0, resp)
	}
	return e
}

// refused maps Telegram's refusals to kinds.
func (a *api) refused(method string, resp *http.Response, out answer) error {
	e := &chat.Error{Kind: chat.Rejected, Code: strconv.Itoa(out.Code), Err: a.scrub(fmt.Errorf("%s: %s", method, out.Description))}
	text := strings.ToLower(out.Description)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch {
	case out.Parameters.MigrateTo != 0:
		e.Kind, e.Moved = chat.Gone, strconv.FormatInt(out.Parameters.MigrateTo, 10)
	case out.Code == http.StatusTooManyRequests || out.Parameters.RetryAfter > 0:
		e.Kind, e.RetryAfter = chat.Busy, retryAfter(out.Parameters.RetryAfter, resp)
	case out.Code >= 500:
		e.Kind = chat.Unsure
	case out.Code == http.StatusUnauthorized, out.Code == http.StatusNotFound:
		// An address without such a bot is "Not Found".
		e.Kind = chat.Denied
	case out.Code == http.StatusForbidden:
		e.Kind = chat.Gone
	case out.Code == http.StatusConflict:
		e.Kind = chat.Busy
	case has("query is too old", "query id is invalid"):
		e.Kind = chat.Expired
	case has("chat not found", "message to edit not found", "message_id_invalid", "message can't be edited", "peer_id_invalid",
		"user not found", "bot was kicked", "bot was blocked", "not a member", "message thread not found", "topic_deleted",
		"topic_closed", "user is deactivated", "user_is_blocked"):
		e.Kind = chat.Gone
	case has("not enough rights", "have no rights", "chat_write_forbidden", "chat_admin_required"):
		e.Kind = chat.Denied
	}
	return e
}

func retryAfter(seconds int, resp *http.Response) time.Duration {
	if seconds <= 0 {
		seconds, _ = strconv.Atoi(resp.Header.Get("Retry-After"))
	}
	return time.Duration(max(seconds, 1)) * time.Second
}

// scrub takes the token, which is part of every address, out of an error.
func (a *api) scrub(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if s := err.Error(); strings.Contains(s, a.token) || strings.Contains(s, url.PathEscape(a.token)) {
		s = strings.ReplaceAll(s, a.token, masked)
		return errors.New(strings.ReplaceAll(s, url.PathEscape(a.token), masked))
	}
	return err
}

// says tells whether an error carries Telegram's words.
func says(err error, words ...string) bool {
	var e *chat.Error
	if !errors.As(err, &e) || e.Err == nil {
		return false
	}
	text := strings.ToLower(e.Err.Error())
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

func notModified(err error) bool { return says(err, "message is not modified") }
