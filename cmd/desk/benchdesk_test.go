package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"helloworld/cmd/desk/config"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// The desk under test is the program itself in a process of its own. The shops,
// the chats' fakes and the load generator share the benchmark's process, so that
// times are taken by one clock and no control call stands in between; on a small
// machine they take their share of the processors, as a third process would.

var program struct {
	once sync.Once
	path string
	err  error
}

// deskProgram builds the program once, as `make build` does. It stays where it
// is, so that the next run finds it built.
func deskProgram(tb testing.TB) string {
	tb.Helper()
	program.once.Do(func() {
		program.path = filepath.Join(os.TempDir(), "helloworld-desk-bench", "desk")
		out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program.path, ".").CombinedOutput()
		if err != nil {
			program.err = fmt.Errorf("building the desk: %w\n%s", err, out)
		}
	})
	if program.err != nil {
		tb.Fatal(program.err)
	}
	return program.path
}

// deskFile is a configuration on its way to disk, and the secrets beside it.
type deskFile struct {
	text bytes.Buffer
	env  []string
}

func (f *deskFile) line(format string, args ...any) { fmt.Fprintf(&f.text, format+"\n", args...) }

func (f *deskFile) secret(name string, value config.Secret) {
	f.env = append(f.env, name+"="+string(value))
}

// shopLines writes three sandbox shops down.
func (f *deskFile) shopLines(stores []config.Store, secrets map[string]map[string]connectors.Secret) {
	for _, s := range stores {
		id := strings.ToUpper(strings.ReplaceAll(s.ID, "-", "_"))
		f.line("[[store]]\nid = %q\nplatform = %q\nname = %q\naccount = %q\ncurrency = %q\nlanguage = %q\nbase_url = %q\ntoken_url = %q\nclient_id = %q",
			s.ID, s.Platform, s.Name, s.Account, s.Currency, s.Language, s.BaseURL, s.TokenURL, s.ClientID)
		if s.Region != "" {
			f.line("region = %q", s.Region)
		}
		f.secret("DESK_"+id+"_CLIENT_SECRET", s.Secret)
		f.secret("DESK_"+id+"_REFRESH_TOKEN", s.Refresh)
		for key, v := range secrets[s.ID] {
			f.secret(config.SecretName(s.ID, key), config.Secret(v))
		}
		if len(s.Options) > 0 {
			f.line("[store.options]")
			for k, v := range s.Options {
				f.line("%s = %q", k, v)
			}
		}
		if m := s.Mail; m != nil {
			f.line("[store.mail]\nimap = %q\nsmtp = %q\ntls = %q\nuser = %q\nfrom = %q\nfolder = %q", m.IMAP, m.SMTP, m.TLS, m.User, m.From, m.Folder)
			f.secret("DESK_"+id+"_MAIL_PASSWORD", m.Password)
		}
	}
}

// deskProc is a running desk.
type deskProc struct {
	cmd     *exec.Cmd
	console string
	errs    lockedBuffer
	began   time.Time
	ended   chan struct{}
	once    sync.Once
}

// freePort finds an address that nobody listens on.
func freePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// benchShops serves three sandbox shops until the test ends.
func benchShops(tb testing.TB) ([]config.Store, map[string]map[string]connectors.Secret) {
	tb.Helper()
	ctx, stop := context.WithCancel(context.Background())
	tb.Cleanup(stop)
	s, err := openShops(ctx, "127.0.0.1:0", 0, sandbox.Options{Seed: 1, Orders: 24})
	if err != nil {
		tb.Fatal(err)
	}
	s.world.Live(ctx, 0) // one buyer of each shop writes
	cfg, secrets, err := s.config(tb.TempDir(), "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return cfg.Stores, secrets
}

// startDesk runs the program on a configuration until the test ends. listen is
// the console's address.
func startDesk(tb testing.TB, f *deskFile, listen string) *deskProc {
	tb.Helper()
	dir := tb.TempDir()
	path := filepath.Join(dir, "desk.toml")
	if err := os.WriteFile(path, f.text.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
	p := &deskProc{console: "http://" + listen, ended: make(chan struct{})}
	p.cmd = exec.Command(deskProgram(tb), "serve", "--config", path)
	p.cmd.Dir, p.cmd.Env = dir, append(os.Environ(), f.env...)
	p.cmd.Stdout, p.cmd.Stderr = io.Discard, &p.errs
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	tb.Cleanup(func() { p.stop(tb) })
	return p
}

// stop ends the desk as a service manager does, unless it has ended.
func (p *deskProc) stop(tb testing.TB) {
	p.once.Do(func() { p.end(tb) })
}

func (p *deskProc) end(tb testing.TB) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
		tb.Error("the desk did not stop when it was told to")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		tb.Errorf("the desk ended with %d:\n%s", code, tail(p.errs.String()))
	}
}

func tail(s string) string {
	if len(s) > 4000 {
		return "…" + s[len(s)-4000:]
	}
	return s
}

// until waits for something that has no signal of its own.
func (p *deskProc) until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(150 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		select {
		case <-p.ended:
			tb.Fatalf("the desk ended before %s:\n%s", what, tail(p.errs.String()))
		default:
		}
		if time.Now().After(deadline) {
			tb.Fatalf("the desk runs, but not so far as %s:\n%s", what, tail(p.errs.String()))
		}
	}
}

// healthy tells whether the console answers.
func (p *deskProc) healthy() bool {
	res, err := http.Get(p.console + "/healthz")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode == http.StatusOK
}

// memory is what the desk occupies now, and the most it did since it was asked
// last, in MiB.
func (p *deskProc) memory(tb testing.TB) (now, peak float64) {
	tb.Helper()
	proc := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	data, err := os.ReadFile(proc + "status")
	if err != nil {
		tb.Skip("this system does not tell a process's memory:", err)
	}
	for line := range strings.Lines(string(data)) {
		name, rest, _ := strings.Cut(line, ":")
		n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			now = n / 1024
		case "VmHWM":
			peak = n / 1024
		}
	}
	if err := os.WriteFile(proc+"clear_refs", []byte("5"), 0o200); err != nil {
		tb.Log("the peak counts from the desk's start:", err)
	}
	return now, peak
}

// busy is how much processor time the desk has used. Unlike answers a second, it
// is nearly the same whatever else the machine does.
func (p *deskProc) busy(tb testing.TB) time.Duration {
	tb.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), ") ") // the name may hold anything
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	var ticks int
	for _, s := range f[11:13] {
		n, err := strconv.Atoi(s)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100)
}
