package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestStrangersAreNotReadOut: a caller whose store nobody knows gets its answer
// without what it sends being waited for.
func TestStrangersAreNotReadOut(t *testing.T) {
	out := startDemo(t, "--every", "1h").String()
	address := strings.TrimPrefix(regexp.MustCompile(`Console: (http://[^/\s]+)`).FindStringSubmatch(out)[1], "http://")
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// It says that much comes, and sends a little.
	if _, err := io.WriteString(c, "POST /hooks/nobody HTTP/1.1\r\nHost: desk\r\nContent-Length: 1000000\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 64)
	n, err := c.Read(first)
	if err != nil || !bytes.Contains(first[:n], []byte(http.StatusText(http.StatusNotFound))) {
		t.Errorf("the answer is %q, %v", first[:n], err)
	}
}
