package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	netmail "net/mail"
	"regexp"
	"strings"
	"sync"
	"time"

	"helloworld/connectors"
)

const platform = "mail"

// TLSMode says how a connection is secured.
type TLSMode string

// The modes. TLSNone is refused for anything but this computer.
const (
	TLSAlways TLSMode = "tls"
	TLSStart  TLSMode = "starttls"
	TLSNone   TLSMode = "none"
)

// Route says which mails belong to a shop. Every field that is set must match.
type Route struct {
	// To is one of the recipients: an address, or "@domain".
	To string
	// AliasDomain is the domain of the buyer's alias, or a beginning of it:
	// "marketplace.amazon.de", "marketplace.amazon.".
	AliasDomain string
	// Subject has to match.
	Subject *regexp.Regexp
}

// Config is what a Mailbox is made from.
type Config struct {
	connectors.Info
	// IMAPAddr and SMTPAddr are "host:port". An empty SMTPAddr gives a mailbox
	// that only reads, an empty IMAPAddr is refused.
	IMAPAddr, SMTPAddr string
	// TLS is for reading, SMTPTLS for sending; empty means TLSAlways and the
	// same as TLS.
	TLS, SMTPTLS TLSMode
	// TLSConfig is for servers with certificates of their own making.
	TLSConfig *tls.Config
	User      string
	Password  connectors.Secret
	// From is the shop's address, with or without a name. Own lists its other
	// addresses: mails from any of them are the shop's.
	From string
	Own  []string
	// Folder is read; empty means INBOX. Sent gets a copy of what was sent;
	// empty means whichever folder the server calls so, "-" none.
	Folder, Sent string
	// Keeps: the server puts a copy of everything it sends into Sent by itself, as
	// Gmail and Microsoft 365 do. Then we put none there, and a mail that is not
	// there was not sent.
	Keeps bool
	// CopyToSelf sends every mail to the shop's own address as well, for servers
	// that keep no copy. The address has to be one whose mail comes to Folder: a
	// mail that does not arrive there is taken for one that was not sent.
	CopyToSelf bool
	// Settle is how long after the last attempt a mail may still turn up among the
	// copies. 0 means two minutes.
	Settle time.Duration
	// Routes say which mails are this shop's, when several share a mailbox. One
	// match is enough; none given means all.
	Routes []Route
	// MaxMail is how many bytes of one mail are read, MaxFile how many of one
	// attachment are kept. 0 means 25 MB and 10 MB.
	MaxMail, MaxFile int64
	// Timeout bounds one conversation with a server. 0 means a minute.
	Timeout time.Duration
	// Dial opens connections. Nil means the ordinary way.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	Now  func() time.Time
	Log  *slog.Logger
}

// Mailbox is a mailbox that buyers' mails come to.
type Mailbox struct {
	c      Config
	from   netmail.Address
	domain string
	own    map[string]bool
	born   time.Time

	mu   sync.Mutex
	sent map[string]attempt
}

var (
	_ connectors.Connector = (*Mailbox)(nil)
	_ connectors.Inbox     = (*Mailbox)(nil)
	_ connectors.Messenger = (*Mailbox)(nil)
)

// Plugin is the adapter in the list of all adapters.
var Plugin = connectors.Plugin{
	Platform: platform,
	Options: map[string]string{
		"imap":         "host:port of the mailbox",
		"smtp":         "host:port that sends",
		"tls":          "tls (default), starttls, or none (this computer only)",
		"smtp_tls":     "the same for sending, where it differs",
		"user":         "user name; the password is the account's access secret",
		"from":         "the shop's address, with or without a name",
		"own":          "further addresses of the shop, separated by commas",
		"folder":       "the folder to read (INBOX)",
		"sent":         "the folder for copies of what was sent; - for none",
		"keeps":        "yes: the server keeps a copy of what it sends by itself (Gmail, Microsoft 365)",
		"copy_to_self": "yes: send every mail to the shop's own address too, where the server keeps no copy",
		"to":           "only mails to this address, or to this @domain",
		"alias":        "only mails whose buyer's alias has this domain",
		"subject":      "only mails whose subject matches this expression",
	},
	New: connectors.Maker(fromConfig),
}

// fromConfig makes a Mailbox from what every adapter is made from.
func fromConfig(c connectors.Config) (*Mailbox, error) {
	o := c.Options
	m := Config{
		Info: c.Info, IMAPAddr: o["imap"], SMTPAddr: o["smtp"], TLS: TLSMode(o["tls"]), SMTPTLS: TLSMode(o["smtp_tls"]),
		User: o["user"], Password: c.Credential.Access, From: o["from"], Folder: o["folder"], Sent: o["sent"],
		Now: c.Now, Log: c.Log,
	}
	if m.Password == "" {
		m.Password = c.ClientSecret
	}
	for name, to := range map[string]*bool{"keeps": &m.Keeps, "copy_to_self": &m.CopyToSelf} {
		switch o[name] {
		case "", "no", "false":
		case "yes", "true":
			*to = true
		default:
			return nil, fmt.Errorf("mail: %s is %q, not yes or no", name, o[name])
		}
	}
	for a := range strings.SplitSeq(o["own"], ",") {
		if a = strings.TrimSpace(a); a != "" {
			m.Own = append(m.Own, a)
		}
	}
	r := Route{To: o["to"], AliasDomain: o["alias"]}
	if s := o["subject"]; s != "" {
		re, err := regexp.Compile(s)
		if err != nil {
			return nil, fmt.Errorf("mail: subject: %w", err)
		}
		r.Subject = re
	}
	if r != (Route{}) {
		m.Routes = []Route{r}
	}
	return New(m)
}

// New makes a Mailbox. It does not connect.
func New(c Config) (*Mailbox, error) {
	if c.Platform == "" {
		c.Platform = platform
	}
	if c.TLS == "" {
		c.TLS = TLSAlways
	}
	if c.SMTPTLS == "" {
		c.SMTPTLS = c.TLS
	}
	if c.Folder == "" {
		c.Folder = "INBOX"
	}
	if c.MaxMail <= 0 {
		c.MaxMail = 25 << 20
	}
	if c.MaxFile <= 0 {
		c.MaxFile = 10 << 20
	}
	if c.Timeout <= 0 {
		c.Timeout = time.Minute
	}
	if c.Settle <= 0 {
		c.Settle = 2 * time.Minute
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if c.IMAPAddr == "" {
		return nil, errors.New("mail: the address of the mailbox (imap) is missing")
	}
	for _, s := range []struct {
		addr string
		mode TLSMode
	}{{c.IMAPAddr, c.TLS}, {c.SMTPAddr, c.SMTPTLS}} {
		if s.addr == "" {
			continue
		}
		if err := checkServer(s.addr, s.mode); err != nil {
			return nil, err
		}
	}
	if c.Keeps && c.Sent == "-" {
		return nil, errors.New("mail: a server that keeps what it sends (keeps) needs a folder for it (sent)")
	}
	m := &Mailbox{c: c, own: map[string]bool{}, sent: map[string]attempt{}, born: c.Now()}
	if c.From == "" && c.SMTPAddr != "" {
		return nil, errors.New("mail: the shop's address (from) is missing")
	}
	for i, a := range append([]string{c.From}, c.Own...) {
		if a == "" {
			continue
		}
		addr, err := netmail.ParseAddress(a)
		if err != nil {
			return nil, fmt.Errorf("mail: %q is not an address: %w", a, err)
		}
		if i == 0 {
			m.from = *addr
			m.domain = strings.ToLower(domainOf(addr.Address))
		}
		m.own[strings.ToLower(addr.Address)] = true
	}
	return m, nil
}

// checkServer refuses an address that cannot be dialled and an open line to
// anywhere but this computer: the password would travel in clear.
func checkServer(addr string, mode TLSMode) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("mail: %q is not host:port", addr)
	}
	switch mode {
	case TLSAlways, TLSStart:
		return nil
	case TLSNone:
		if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
			return nil
		}
		return fmt.Errorf("mail: %s without encryption is allowed on this computer only", addr)
	}
	return fmt.Errorf("mail: tls is %q, not tls, starttls or none", mode)
}

// Info says which mailbox this is.
func (m *Mailbox) Info() connectors.Info { return m.c.Info }

// Can tells what the mailbox may do: it reads, and it writes if it has a server
// to send by.
func (m *Mailbox) Can(context.Context) []connectors.Capability {
	send := connectors.Capability{Name: connectors.CapMessage, OK: m.c.SMTPAddr != ""}
	if !send.OK {
		send.Reason, send.Missing = "can.no_mail_server", "smtp"
	}
	return []connectors.Capability{{Name: connectors.CapInbox, OK: true}, send}
}

// Address is the shop's address, as buyers see it.
func (m *Mailbox) Address() string { return m.from.Address }

// MessageLimit is 0: a mail may be as long as it likes.
func (m *Mailbox) MessageLimit() int { return 0 }

// mine tells whether a mail is this shop's.
func (m *Mailbox) mine(l *letter) bool {
	if len(m.c.Routes) == 0 {
		return true
	}
	for _, r := range m.c.Routes {
		if r.match(l) {
			return true
		}
	}
	return false
}

func (r Route) match(l *letter) bool {
	if r.To != "" {
		want, ok := strings.ToLower(r.To), false
		for _, to := range l.to {
			a := strings.ToLower(to.Address)
			ok = ok || a == want || strings.HasPrefix(want, "@") && strings.HasSuffix(a, want)
		}
		// What the shop wrote itself, and what came back of it, names it as sender.
		a := strings.ToLower(l.from.Address)
		ok = ok || a == want || l.bounced && want == strings.ToLower(l.aboutFrom)
		if !ok {
			return false
		}
	}
	if r.AliasDomain != "" {
		d := strings.ToLower(domainOf(l.buyer.Address))
		want := strings.ToLower(r.AliasDomain)
		if d != want && !(strings.HasSuffix(want, ".") && strings.HasPrefix(d, want)) {
			return false
		}
	}
	return r.Subject == nil || r.Subject.MatchString(l.subject) || l.bounced && r.Subject.MatchString(l.aboutSubject)
}

func domainOf(address string) string {
	_, d, _ := lastCut(address, "@")
	return d
}

func lastCut(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
