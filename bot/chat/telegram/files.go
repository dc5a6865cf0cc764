package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"helloworld/bot/chat"
)

// fileLimit is the largest file that Telegram lets a bot fetch.
const fileLimit = 20 << 20

// Fetch brings the bytes of a file that a person sent.
func (t *Transport) Fetch(ctx context.Context, f chat.File) ([]byte, string, error) {
	if len(f.Data) > 0 {
		return f.Data, kindOf(f, f.Data), nil
	}
	if f.ID == "" {
		return nil, "", &chat.Error{Kind: chat.Rejected, Code: "file", Err: errors.New("the file has no id")}
	}
	if f.Size > fileLimit {
		return nil, "", &chat.Error{Kind: chat.Rejected, Code: "file", Err: fmt.Errorf("%d bytes are more than Telegram hands out", f.Size)}
	}
	var where models.File
	if err := t.api.call(ctx, "getFile", bot.GetFileParams{FileID: f.ID}, &where); err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 4*callTimeout)
	defer cancel()
	path := (&url.URL{Path: strings.TrimPrefix(where.FilePath, "/")}).EscapedPath()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.api.base+"/file/bot"+t.api.token+"/"+path, nil)
	if err != nil {
		return nil, "", t.api.failed("file", err)
	}
	resp, err := t.api.http.Do(req)
	if err != nil {
		return nil, "", t.api.failed("file", err)
	}
	defer func() { _ = resp.Body.Close() }() // read to the end already, or broken anyway
	if resp.StatusCode != http.StatusOK {
		e := &chat.Error{Kind: chat.Unsure, Code: "file", Err: fmt.Errorf("the server answered %d", resp.StatusCode)}
		if resp.StatusCode == http.StatusNotFound {
			e.Kind = chat.Gone
		}
		return nil, "", e
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, fileLimit+1))
	if err != nil {
		return nil, "", t.api.failed("file", err)
	}
	if len(data) > fileLimit {
		return nil, "", &chat.Error{Kind: chat.Rejected, Code: "file", Err: errors.New("the file is larger than Telegram hands out")}
	}
	return data, kindOf(f, data), nil
}

func kindOf(f chat.File, data []byte) string {
	if f.MIME != "" {
		return f.MIME
	}
	return http.DetectContentType(data)
}
