package mail

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"helloworld/connectors"
)

func (m *Mailbox) tlsConfig(addr string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.c.TLSConfig != nil {
		c = m.c.TLSConfig.Clone()
	}
	if c.ServerName == "" {
		c.ServerName, _, _ = net.SplitHostPort(addr)
	}
	return c
}

// dial opens a connection that ends with ctx: neither library knows contexts,
// and without this a silent server would hold us for ever.
func (m *Mailbox) dial(ctx context.Context, addr string, mode TLSMode) (net.Conn, func(), error) {
	conn, err := m.c.Dial(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	raw := conn
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	done := func() {
		stop()
		raw.Close()
	}
	if mode == TLSAlways {
		t := tls.Client(conn, m.tlsConfig(addr))
		if err := t.HandshakeContext(ctx); err != nil {
			done()
			return nil, nil, err
		}
		conn = t
	}
	return conn, done, nil
}

// imap signs in to the mailbox. The function it returns ends the connection.
func (m *Mailbox) imap(ctx context.Context) (*imapclient.Client, func(), error) {
	return m.imapWith(ctx, nil)
}

// imapWith also hears what the server says unasked.
func (m *Mailbox) imapWith(ctx context.Context, heard *imapclient.UnilateralDataHandler) (*imapclient.Client, func(), error) {
	conn, done, err := m.dial(ctx, m.c.IMAPAddr, m.c.TLS)
	if err != nil {
		return nil, nil, m.fail(connectors.Down, "connect", "", err)
	}
	var c *imapclient.Client
	opts := &imapclient.Options{TLSConfig: m.tlsConfig(m.c.IMAPAddr), UnilateralDataHandler: heard}
	if m.c.TLS == TLSStart {
		if c, err = imapclient.NewStartTLS(conn, opts); err != nil {
			done()
			return nil, nil, m.fail(connectors.Down, "starttls", "", err)
		}
	} else {
		c = imapclient.New(conn, opts)
	}
	if err := c.WaitGreeting(); err != nil {
		c.Close()
		done()
		return nil, nil, m.fail(connectors.Down, "greet", "", err)
	}
	if m.c.User != "" {
		if err := c.Login(m.c.User, string(m.c.Password)).Wait(); err != nil {
			c.Close()
			done()
			return nil, nil, m.imapError("login", err)
		}
	}
	return c, func() {
		// A server that does not answer the farewell shall not keep us.
		t := time.AfterFunc(5*time.Second, done)
		_ = c.Logout().Wait()
		t.Stop()
		c.Close()
		done()
	}, nil
}

// smtp signs in to the server that sends.
func (m *Mailbox) smtp(ctx context.Context) (*smtp.Client, func(), error) {
	conn, done, err := m.dial(ctx, m.c.SMTPAddr, m.c.SMTPTLS)
	if err != nil {
		return nil, nil, m.fail(connectors.Down, "connect", "", err)
	}
	var c *smtp.Client
	if m.c.SMTPTLS == TLSStart {
		if c, err = smtp.NewClientStartTLS(conn, m.tlsConfig(m.c.SMTPAddr)); err != nil {
			done()
			return nil, nil, m.fail(connectors.Down, "starttls", "", err)
		}
	} else {
		c = smtp.NewClient(conn)
	}
	c.CommandTimeout, c.SubmissionTimeout = m.c.Timeout, m.c.Timeout
	// Our own computer's name is nobody's business; the shop's domain is known.
	if err := c.Hello(helloName(m.domain)); err != nil {
		done()
		return nil, nil, m.smtpError("greet", err, false)
	}
	if m.c.User != "" {
		if ok, _ := c.Extension("AUTH"); ok || m.c.SMTPTLS != TLSNone {
			if err := c.Auth(sasl.NewPlainClient("", m.c.User, string(m.c.Password))); err != nil {
				done()
				return nil, nil, m.smtpError("auth", err, false)
			}
		}
	}
	return c, func() {
		t := time.AfterFunc(5*time.Second, done)
		_ = c.Quit()
		t.Stop()
		done()
	}, nil
}

func helloName(domain string) string {
	if domain == "" {
		return "localhost"
	}
	return domain
}
