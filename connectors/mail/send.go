package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"
	"golang.org/x/net/idna"

	"helloworld/connectors"
)

// Send sends one mail. Lost before its final dot it was certainly not sent;
// lost after it, nobody knows.
func (m *Mailbox) Send(ctx context.Context, o connectors.Outgoing) (connectors.Receipt, error) {
	if m.c.SMTPAddr == "" {
		return connectors.Receipt{State: connectors.StateRejected}, m.fail(connectors.Unsupported, "send", "", errors.New("no server to send by"))
	}
	id := m.messageID(o.Key)
	raw, to, err := m.compose(o)
	if err != nil {
		return connectors.Receipt{State: connectors.StateRejected}, m.fail(connectors.Invalid, "send", "", err)
	}
	before := m.known(o.Key)
	if before == connectors.StateApplied {
		return connectors.Receipt{State: connectors.StateApplied, ID: id}, nil
	}
	sctx, cancel := context.WithTimeout(ctx, m.c.Timeout)
	defer cancel()
	// Until we know better, a mail that was begun may have been sent.
	m.remember(o.Key, connectors.StateUnknown)
	if err := m.submit(sctx, raw, to); err != nil {
		if connectors.KindOf(err) == connectors.Unsure {
			return connectors.Receipt{State: connectors.StateUnknown, ID: id, After: time.Minute}, err
		}
		if before == connectors.StateUnknown {
			// This attempt failed for certain; the one before may not have.
			return connectors.Receipt{State: connectors.StateUnknown, ID: id, After: time.Minute}, err
		}
		m.remember(o.Key, connectors.StateAbsent)
		state := connectors.StateAbsent
		if k := connectors.KindOf(err); k == connectors.Invalid || k == connectors.Unsupported {
			state = connectors.StateRejected
		}
		return connectors.Receipt{State: state, ID: id}, err
	}
	m.remember(o.Key, connectors.StateApplied)
	if !m.c.Keeps {
		if err := m.keep(ctx, id, raw); err != nil {
			// It is sent; that the copy is missing must not make anybody send it again.
			m.c.Log.Warn("no copy of a sent mail was kept", "store", m.c.Store, "key", o.Key, "err", err)
		}
	}
	return connectors.Receipt{State: connectors.StateApplied, ID: id}, nil
}

// submit hands the mail over.
func (m *Mailbox) submit(ctx context.Context, raw []byte, to string) error {
	c, quit, err := m.smtp(ctx)
	if err != nil {
		return err
	}
	defer quit()
	opts := &smtp.MailOptions{Size: int64(len(raw))}
	if !ascii(to) || !ascii(m.from.Address) {
		if ok, _ := c.Extension("SMTPUTF8"); !ok {
			return m.fail(connectors.Invalid, "send", "", errors.New("the server takes no address in this script"))
		}
		opts.UTF8 = true
	}
	if err := c.Mail(m.from.Address, opts); err != nil {
		return m.smtpError("mail", err, false)
	}
	if err := c.Rcpt(to, nil); err != nil {
		return m.smtpError("rcpt", err, false)
	}
	if m.c.CopyToSelf {
		// Without its witness the mail must not go: its absence would be taken for
		// proof that nothing was sent.
		if err := c.Rcpt(m.from.Address, nil); err != nil {
			return m.smtpError("copy", err, false)
		}
	}
	w, err := c.Data()
	if err != nil {
		return m.smtpError("data", err, false)
	}
	if _, err := w.Write(raw); err != nil {
		// Without its final dot a server has to forget the mail.
		return m.smtpError("data", err, false)
	}
	if _, err := w.CloseWithResponse(); err != nil {
		return m.smtpError("data", err, true)
	}
	return nil
}

// compose writes the mail. It refuses what could not be a mail; line ends in
// anything that becomes a header are taken out.
func (m *Mailbox) compose(o connectors.Outgoing) (raw []byte, to string, err error) {
	if o.Key == "" {
		return nil, "", errors.New("a mail needs a key")
	}
	if strings.TrimSpace(o.Text) == "" {
		return nil, "", errors.New("the mail says nothing")
	}
	to, err = recipient(o.Buyer.Email)
	if err != nil {
		return nil, "", err
	}
	var h mail.Header
	h.SetDate(m.c.Now())
	h.SetAddressList("From", []*mail.Address{{Name: clean(m.from.Name), Address: m.from.Address}})
	h.SetAddressList("To", []*mail.Address{{Name: clean(o.Buyer.Name), Address: to}})
	h.SetSubject(subject(o, m.c.Name))
	h.SetMessageID(m.messageID(o.Key))
	refs := refsOf(o)
	if id := cleanID(o.InReplyTo); id != "" {
		h.SetMsgIDList("In-Reply-To", []string{id})
	}
	if len(refs) > 0 {
		h.SetMsgIDList("References", refs)
	}
	if tag := o.Lang.String(); tag != "und" && tag != "" {
		h.Set("Content-Language", tag)
	}
	h.Set("Mime-Version", "1.0")
	text := strings.ReplaceAll(strings.TrimRight(normalise(o.Text), "\n"), "\n", "\r\n") + "\r\n"
	var b bytes.Buffer
	if err := m.body(&b, h, []byte(strings.ToValidUTF8(text, "\uFFFD")), o.Files); err != nil {
		return nil, "", fmt.Errorf("compose: %w", err)
	}
	if int64(b.Len()) > m.c.MaxMail {
		return nil, "", fmt.Errorf("the mail would have %d bytes, more than the %d that are allowed", b.Len(), m.c.MaxMail)
	}
	return b.Bytes(), to, nil
}

// recipient checks an address and writes its domain as servers know it.
func recipient(s string) (string, error) {
	if strings.ContainsAny(s, "\r\n<>\x00") {
		return "", errors.New("the buyer's address is not an address")
	}
	a, err := netmail.ParseAddress(strings.TrimSpace(s))
	if err != nil || strings.ContainsAny(a.Address, " \t\r\n<>\"") {
		return "", errors.New("the buyer has no address that mail could go to")
	}
	local, domain, _ := lastCut(a.Address, "@")
	if !ascii(domain) {
		if d, err := idna.Lookup.ToASCII(domain); err == nil {
			domain = d
		}
	}
	return local + "@" + domain, nil
}

var reply = regexp.MustCompile(`(?i)^(re|aw|sv|antw|odp|vs|r|回复|回覆|答复|答覆|返信)(\[\d+\])?\s?[:：]`)

// subject keeps the subject of what is answered: marketplaces and mail programs
// find the conversation by it.
func subject(o connectors.Outgoing, shop string) string {
	s := clean(o.Subject)
	if s == "" {
		if s = clean(o.Order); s == "" {
			s = clean(shop)
		}
	}
	if o.InReplyTo != "" && !reply.MatchString(s) {
		s = strings.TrimSpace("Re: " + s)
	}
	if r := []rune(s); len(r) > 250 {
		s = string(r[:249]) + "…"
	}
	return s
}

// refsOf names the mail that the conversation began with and the one answered.
func refsOf(o connectors.Outgoing) []string {
	var out []string
	answered := cleanID(o.InReplyTo)
	// A conversation named by an alias begins with no mail we could name.
	if id := cleanID(o.Thread); answered != "" && id != "" && id != answered && alias(id) == "" {
		out = append(out, id)
	}
	if answered != "" {
		out = append(out, answered)
	}
	return out
}

// cleanID is a message id fit for a header, or "".
func cleanID(s string) string {
	s = strings.Trim(strings.TrimSpace(s), "<>")
	if !ascii(s) || strings.ContainsAny(s, " \t\r\n<>\x00") || !strings.Contains(s, "@") || len(s) > 400 {
		return ""
	}
	return s
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// messageID is the id of the mail with this key, for ever. A key that cannot
// stand in an id is hashed.
func (m *Mailbox) messageID(key string) string {
	if !plainKey.MatchString(key) || strings.Contains(key, "..") || strings.HasSuffix(key, ".") {
		sum := sha256.Sum256([]byte(key))
		key = "k-" + hex.EncodeToString(sum[:16])
	}
	return key + "@" + m.domain
}

// keyOf is the way back, for ids of our own domain.
func (m *Mailbox) keyOf(id string) string {
	local, domain, _ := lastCut(id, "@")
	if m.domain == "" || !strings.EqualFold(domain, m.domain) {
		return ""
	}
	return local
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
