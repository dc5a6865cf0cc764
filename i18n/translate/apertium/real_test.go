package apertium

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
	"helloworld/i18n/translate/enginetest"
)

// modes is where Debian's packages put the pairs.
const modes = "/usr/share/apertium/modes"

// loopback starts the server on a free port of this computer alone: by itself it
// listens on all addresses, and cannot be told otherwise.
const loopback = `
import sys, tornado.netutil, tornado.tcpserver
def bind(self, *args, **more):
    socks = tornado.netutil.bind_sockets(0, "127.0.0.1")
    self._pending_sockets.extend(socks)
    print("port", socks[0].getsockname()[1], flush=True)
tornado.tcpserver.TCPServer.bind = bind
sys.argv = ["apertium-apy", sys.argv[1]]
import apertium_apy.apy as apy
apy.main()
`

// real starts a real Apertium, or skips the test and says why.
func real(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(modes + "/eng-spa.mode"); err != nil {
		t.Skip("SKIPPED: there is no real Apertium to ask (packages apertium-apy and apertium-eng-spa; make setup)")
	}
	if err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import apertium_apy").Run(); err != nil {
		t.Skip("SKIPPED: Apertium's server is not installed (package apertium-apy; make setup)")
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "/usr/bin/python3", "-c", loopback, modes)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "PYTHONUNBUFFERED=1")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	port := make(chan string, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if p, ok := strings.CutPrefix(lines.Text(), "port "); ok {
				port <- p
			}
		}
	}()
	t.Cleanup(func() {
		stop()
		<-read
		_ = cmd.Wait() // it was told to stop, and says so
	})
	select {
	case p := <-port:
		return "http://127.0.0.1:" + p
	case <-read:
		t.Fatal("Apertium did not start")
	case <-time.After(60 * time.Second):
		t.Fatal("Apertium took too long to start")
	}
	return ""
}

// TestReal asks a real engine.
func TestReal(t *testing.T) {
	t.Parallel()
	at := real(t)
	e, err := New(Config{BaseURL: at})
	if err != nil {
		t.Fatal(err)
	}
	enginetest.Run(t, enginetest.Exam{New: func(*testing.T) translate.Engine { return e }, From: language.English, To: language.Spanish})
	for _, x := range []struct{ text, has string }{
		{"The house is red.", "casa"},
		{`Where is my order <x id="0"/>?`, `<x id="0"/>`},
		{"Tom & Jerry are < 3 and > 2", "&"},
		{"a < b", "<"},
		{"The <b>house</b>", "<b>"},
		{"It's the \"red\" house", `"`},
		{"La señora dice: ¿qué?", "señora"},
	} {
		out, err := e.Translate(t.Context(), []translate.Segment{{Text: x.text}}, language.AmericanEnglish, language.MustParse("es-ES"))
		if err != nil || !strings.Contains(out[0], x.has) {
			t.Errorf("%q became %q, %v", x.text, out, err)
		}
		t.Logf("%q became %q", x.text, out)
	}
	_, err = e.Translate(t.Context(), []translate.Segment{{Text: "x"}}, language.English, language.Japanese)
	if translate.KindOf(err) != translate.NoPair {
		t.Errorf("a pair that is not installed: %v", err)
	}
}

// TestRealPipeline sends a buyer's message all the way through.
func TestRealPipeline(t *testing.T) {
	t.Parallel()
	e, err := New(Config{BaseURL: real(t)})
	if err != nil {
		t.Fatal(err)
	}
	p := translate.New(translate.Options{Engines: []translate.Engine{e}})
	res, err := p.Do(t.Context(), translate.Request{Text: "The parcel for order 302-1234567-1234567 has not arrived and I paid 59.90 EUR for it.", From: language.English, To: language.Spanish})
	if err != nil {
		t.Fatal(err)
	}
	if res.Grade != translate.ByEngine || res.Engine != "apertium" || res.Blocked() {
		t.Errorf("%+v", res)
	}
	for _, s := range []string{"302-1234567-1234567", "59.90 EUR"} {
		if strings.Count(res.Text, s) != 1 {
			t.Errorf("%q is not once in %q", s, res.Text)
		}
	}
}
