package mail

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"strings"
	"testing"

	"helloworld/connectors"
)

// certificate is one that nobody but its own pool trusts.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: pool}
}

func TestSecured(t *testing.T) {
	t.Parallel()
	for _, mode := range []TLSMode{TLSAlways, TLSStart} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			server, client := certificate(t)
			p := newSecurePost(t, server, mode == TLSAlways)
			m := p.mailbox(func(c *Config) { c.TLS, c.TLSConfig = mode, client })
			if h := m.Health(ctx(t)); h.State != connectors.HealthOK {
				t.Fatalf("%+v", h)
			}
			if r, err := m.Send(ctx(t), answer("k")); err != nil || r.State != connectors.StateApplied || p.count("Sent") != 1 {
				t.Errorf("%+v %v", r, err)
			}
			p.deliver("INBOX", buyerMail(1, ""), arrived(1))
			if page, err := m.Messages(ctx(t), connectors.Cursor{}); err != nil || len(page.Items) != 1 {
				t.Errorf("%+v %v", page.Items, err)
			}
			// A certificate that we do not trust ends the conversation before the password.
			h := p.mailbox(func(c *Config) { c.TLS = mode }).Health(ctx(t))
			if h.State != connectors.HealthBad || h.Kind != connectors.Down {
				t.Errorf("a stranger's certificate: %+v", h)
			}
		})
	}
}

// A server that does not offer encryption gets no password, though it would take one.
func TestNoDowngrade(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox(func(c *Config) { c.TLS = TLSStart })
	if h := m.Health(ctx(t)); h.Kind != connectors.Down || h.State != connectors.HealthBad {
		t.Errorf("%+v", h)
	}
	r, err := m.Send(ctx(t), answer("k"))
	if connectors.KindOf(err) != connectors.Down || err == nil || r.State != connectors.StateAbsent || len(p.outbox()) != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

// A mail larger than we keep is read as far as we do.
func TestHugeMail(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.deliver("INBOX", buyerMail(1, "")+strings.Repeat("and so on ", 50000), arrived(1))
	page, err := p.mailbox(func(c *Config) { c.MaxMail = 4096 }).Messages(ctx(t), connectors.Cursor{})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%+v %v", page, err)
	}
	if m := page.Items[0]; len(m.Raw) != 4096 || !strings.HasPrefix(m.Text, "Text 1") {
		t.Errorf("%d bytes, %q", len(m.Raw), m.Text[:20])
	}
}
