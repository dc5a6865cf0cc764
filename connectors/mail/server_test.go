package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"helloworld/connectors"
)

const password = "correct-horse-9"

// post is a mail server on this computer: a mailbox and a way to send.
type post struct {
	t          *testing.T
	user       *imapmemserver.User
	imap, smtp string
	from       string

	mu    sync.Mutex
	taken []sent
	// rcpt and data are answers to RCPT and to the final dot.
	rcpt, data error
	// rcptFor are answers to RCPT for one address.
	rcptFor map[string]error
	// keeps: the server puts a copy of what it takes into Sent.
	keeps bool
	// lost: with cut, the mail was not taken.
	lost bool
	// cut ends the connection after the final dot, taking the mail or not.
	cut func()
}

type sent struct {
	from, to string
	raw      string
}

func newPost(t *testing.T) *post { return newSecurePost(t, nil, false) }

// newSecurePost is a mail server with a certificate: from the first byte on, or
// after STARTTLS.
func newSecurePost(t *testing.T, secure *tls.Config, always bool) *post {
	t.Helper()
	wrap := func(run func(net.Listener) error) func(net.Listener) error {
		if !always {
			return run
		}
		return func(l net.Listener) error { return run(tls.NewListener(l, secure)) }
	}
	p := &post{t: t, user: imapmemserver.NewUser("shop", password), from: "Shop <shop@example.com>"}
	for _, f := range []string{"INBOX", "Sent"} {
		if err := p.user.Create(f, nil); err != nil {
			t.Fatal(err)
		}
	}
	mem := imapmemserver.New()
	mem.AddUser(p.user)
	is := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		InsecureAuth: secure == nil || always,
		TLSConfig:    secure,
		Logger:       quiet{},
	})
	p.imap = p.serve(wrap(is.Serve), is.Close)
	ss := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &visit{p: p, c: c}, nil }))
	ss.AllowInsecureAuth = secure == nil || always
	if !always {
		ss.TLSConfig = secure
	}
	ss.Domain = "mx.example.com"
	ss.ErrorLog = quiet{}
	p.smtp = p.serve(wrap(ss.Serve), ss.Close)
	return p
}

func (p *post) serve(run func(net.Listener) error, end func() error) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = run(l) }()
	// A server closed before it began would wait for ever: the listener goes too.
	p.t.Cleanup(func() { l.Close(); _ = end(); <-done })
	return l.Addr().String()
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (p *post) mailbox(change ...func(*Config)) *Mailbox {
	p.t.Helper()
	c := Config{
		Info:     connectors.Info{Store: "mail-de", Name: "Shop"},
		IMAPAddr: p.imap, SMTPAddr: p.smtp, TLS: TLSNone, User: "shop", Password: password, From: p.from,
		Now:     func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) },
		Timeout: 20 * time.Second,
	}
	for _, f := range change {
		f(&c)
	}
	m, err := New(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

type literal struct {
	*strings.Reader
	n int64
}

func (l literal) Size() int64 { return l.n }

// deliver puts a mail into a folder.
func (p *post) deliver(folder, raw string, at time.Time) {
	p.t.Helper()
	raw = string(crlf(raw))
	if _, err := p.user.Append(folder, literal{strings.NewReader(raw), int64(len(raw))}, &imap.AppendOptions{Time: at}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) count(folder string) uint32 {
	p.t.Helper()
	s, err := p.user.Status(folder, &imap.StatusOptions{NumMessages: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return *s.NumMessages
}

func (p *post) unseen(folder string) uint32 {
	p.t.Helper()
	s, err := p.user.Status(folder, &imap.StatusOptions{NumUnseen: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return *s.NumUnseen
}

func (p *post) outbox() []sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]sent(nil), p.taken...)
}

type visit struct {
	p        *post
	c        *smtp.Conn
	from, to string
}

func (s *visit) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != "shop" || pass != password {
			// Some servers do repeat what they were told.
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no such account: " + pass}
		}
		return nil
	}), nil
}

func (s *visit) Mail(from string, _ *smtp.MailOptions) error { s.from, s.to = from, ""; return nil }

func (s *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if err := s.p.rcptFor[to]; err != nil {
		return err
	}
	s.to = strings.TrimSpace(s.to + " " + to)
	return s.p.rcpt
}

func (s *visit) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.p.data != nil {
		return s.p.data
	}
	if s.p.lost {
		s.c.Conn().Close()
		return nil
	}
	s.p.taken = append(s.p.taken, sent{s.from, s.to, string(b)})
	var copies []string
	if s.p.keeps {
		copies = append(copies, "Sent")
	}
	if strings.Contains(s.to, "shop@example.com") {
		copies = append(copies, "INBOX")
	}
	for _, box := range copies {
		if _, err := s.p.user.Append(box, literal{strings.NewReader(string(b)), int64(len(b))}, &imap.AppendOptions{}); err != nil {
			return err
		}
	}
	if s.p.cut != nil {
		s.p.cut()
		s.c.Conn().Close()
	}
	return nil
}

func (s *visit) Reset()        {}
func (s *visit) Logout() error { return nil }

// refuser answers every connection with one line, then hangs up.
func refuser(t *testing.T, line string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintf(c, "%s\r\n", line)
			c.Close()
		}
	}()
	return l.Addr().String()
}

// breaker speaks SMTP until the DATA command and hangs up in the middle of the mail.
func breaker(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "220 hello\r\n")
			r := bufio.NewReader(c)
			for {
				line, err := r.ReadString('\n')
				if err != nil || strings.HasPrefix(line, "DATA") {
					break
				}
				fmt.Fprint(c, "250 ok\r\n")
			}
			c.Close()
		}
	}()
	return l.Addr().String()
}

// silent takes connections and never says a word.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func ctx(t *testing.T) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return c
}

// silentClosed is an address where nobody listens.
func silentClosed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func newSMTPError(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
}
