package conntest

import (
	"io"
	"net/http"
)

// Answer makes a test server fail in one of the ways of [Fault].
func Answer(w http.ResponseWriter, f Fault) {
	switch f {
	case ServerError:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"errors":[{"code":"InternalFailure","message":"We are sorry"}]}`)
	case Page:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<html><body><h1>Back soon</h1></body></html>")
	case Malformed:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"data":{"order":{"id":"`)
	case Truncated:
		hijack(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"data\":")
	default:
		hijack(w, "")
	}
}

// hijack writes raw bytes and hangs up.
func hijack(w http.ResponseWriter, raw string) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler) // net/http's own way to hang up
	}
	c, _, err := h.Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(c, raw)
	_ = c.Close()
}
