package slack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	slackgo "github.com/slack-go/slack"

	"helloworld/bot/chat"
)

// maxFile bounds a file that is fetched.
const maxFile = 50 << 20

// attach sends pictures that Slack cannot fetch for itself into the thread under
// ref. The card has been said by then; a picture that cannot be sent is named in
// it, and is logged.
func (t *Transport) attach(ctx context.Context, ref chat.Ref, c chat.Card) {
	for _, p := range c.Parts {
		if p.Kind != chat.Image || p.File == nil || len(p.File.Data) == 0 || public(p.File.URL) {
			continue
		}
		if err := t.upload(ctx, ref.In(), *p.File); err != nil {
			t.log.WarnContext(ctx, "a picture was not sent along", "card", c.Key, "name", p.File.Name, "error", err)
		}
	}
}

func (t *Transport) upload(ctx context.Context, to chat.Place, f chat.File) error {
	name := f.Name
	if name == "" {
		name = "picture"
	}
	_, err := t.api.UploadFileContext(ctx, slackgo.UploadFileParameters{
		Filename: name, Title: name, FileSize: len(f.Data), Reader: bytes.NewReader(f.Data), Channel: to.Channel, ThreadTimestamp: to.Thread,
	})
	var e *chat.Error
	if err != nil && !errors.As(err, &e) {
		// The library names the address, which is as good as a token.
		return errors.New("slack: upload: the address or the answer was not Slack's")
	}
	return failed("upload", err)
}

// Fetch brings the bytes of a file that someone sent. The bot token goes to
// Slack's own hosts only.
func (t *Transport) Fetch(ctx context.Context, f chat.File) ([]byte, string, error) {
	if len(f.Data) > 0 {
		return f.Data, f.MIME, nil
	}
	u, err := url.Parse(f.URL)
	if err != nil || u.Host == "" || !t.slacks(u) {
		return nil, "", &chat.Error{Kind: chat.Rejected, Code: "foreign_file", Err: errors.New("slack: the file is not on Slack")}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return nil, "", &chat.Error{Kind: chat.Rejected, Code: "file", Err: bare(err)}
	}
	req.Header.Set("Authorization", "Bearer "+t.bot)
	res, err := t.http.Do(req)
	if err != nil {
		return nil, "", lost("file", err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return nil, "", &chat.Error{Kind: chat.Busy, Code: "ratelimited", RetryAfter: retryAfter(res.Header), Err: errors.New("slack: file")}
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return nil, "", &chat.Error{Kind: chat.Gone, Code: "file_not_found", Err: errors.New("slack: file")}
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return nil, "", &chat.Error{Kind: chat.Denied, Code: "file", Err: errors.New("slack: " + res.Status)}
	case res.StatusCode != http.StatusOK:
		return nil, "", &chat.Error{Kind: chat.Unsure, Code: strconv.Itoa(res.StatusCode), Err: errors.New("slack: file: " + res.Status)}
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxFile+1))
	if err != nil {
		return nil, "", lost("file", err)
	}
	if len(data) > maxFile {
		return nil, "", &chat.Error{Kind: chat.Rejected, Code: "file_too_large", Err: fmt.Errorf("slack: the file is larger than %d bytes", maxFile)}
	}
	mime := res.Header.Get("Content-Type")
	if strings.HasPrefix(mime, "text/html") && !strings.HasPrefix(f.MIME, "text/html") {
		// Slack answers with its sign-in page where a scope is missing.
		return nil, "", &chat.Error{Kind: chat.Denied, Code: "file", Err: errors.New("slack: a page came instead of the file; is files:read granted?")}
	}
	return data, mime, nil
}

// slacks tells whether an address is Slack's, or that of the API in use.
func (t *Transport) slacks(u *url.URL) bool {
	if u.Host == t.base.Host && u.Scheme == t.base.Scheme {
		return true
	}
	host := u.Hostname()
	return u.Scheme == "https" && (host == "slack.com" || strings.HasSuffix(host, ".slack.com"))
}
