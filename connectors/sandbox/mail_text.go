package sandbox

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	gomail "github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"

	_ "github.com/emersion/go-message/charset" // mails come in the charsets of the world
)

// Data takes a mail, and passes it on to whom it is for.
func (c *sending) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.w.count(c.s.Name, "send")
	kind := c.s.faults.take("send")
	cut := func() error {
		_ = c.conn.Conn().Close()
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The connection was cut"}
	}
	switch kind {
	case "":
	case Drop, Timeout:
		return cut()
	case Slow:
		wait(context.Background(), c.w.o.Slow)
	case Lost, LostSlow, Truncated, Malformed:
		c.pass(raw)
		return cut()
	default:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "The mail system is busy; try again later"}
	}
	c.pass(raw)
	return nil
}

// outMail is what of a shop's mail matters here.
type outMail struct{ id, subject, replyTo, text string }

// readMail reads a mail. What cannot be read stays empty: the world takes any mail.
func readMail(raw []byte) (x outMail) {
	r, err := gomail.CreateReader(bytes.NewReader(raw))
	if r == nil || err != nil && r == nil {
		return x
	}
	defer func() { _ = r.Close() }()
	x.id, _ = r.Header.MessageID()
	x.subject, _ = r.Header.Subject()
	if ids, _ := r.Header.MsgIDList("In-Reply-To"); len(ids) > 0 {
		x.replyTo = ids[0]
	}
	for {
		p, err := r.NextPart()
		if err != nil || p == nil {
			return x
		}
		h, ok := p.Header.(*gomail.InlineHeader)
		if !ok || x.text != "" {
			continue
		}
		if t, _, _ := h.ContentType(); t == "text/plain" || t == "" {
			body, err := io.ReadAll(io.LimitReader(p.Body, maxBody))
			if err == nil {
				x.text = strings.TrimRight(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n")
			}
		}
	}
}

func (c *sending) pass(raw []byte) {
	x, now := readMail(raw), c.w.now()
	s := c.s
	if _, err := c.w.file(s.Name, x.id, raw, &imap.AppendOptions{Time: now, Flags: []imap.Flag{imap.FlagSeen}}); err != nil {
		c.w.log.Error("a copy could not be filed", "store", s.Name, "err", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, to := range c.to {
		b := s.buyerByMail(to)
		switch {
		case to == s.address():
			s.deliver(raw, now)
			continue
		case s.Platform == Amazon && !s.approved(c.from):
			s.bounce(x, c.from, to, "5.7.1", "The sender "+c.from+" is not on the list of approved senders of this account.")
			continue
		case b == nil:
			s.bounce(x, c.from, to, "5.1.1", "There is no buyer behind the address "+to+".")
			continue
		}
		var about *order
		for _, o := range s.ordersOf(b) {
			if about == nil || strings.Contains(x.subject, o.number) || strings.Contains(x.subject, o.id) {
				about = o
			}
		}
		number := ""
		if about != nil {
			number = about.id
		}
		s.w.recordMessage(MessageEntry{Store: s.Name, Buyer: b.id, Order: number, Text: x.text, Key: x.id, By: "mail", At: now})
		s.answered = append(s.answered, answered{buyer: b, order: about, mail: x})
	}
}

// mailFrom composes a buyer's mail and delivers it.
func (s *store) mailFrom(b *buyer, o *order, text string, photo bool, re outMail) {
	number := ""
	if o != nil {
		if number = o.number; s.Platform == Shopify {
			number = "#" + number
		} else if s.Platform == Amazon {
			number = o.id
		}
	}
	subject := fill(subjects[s.Language], number)
	if re.subject != "" {
		subject = re.subject
		if !strings.HasPrefix(strings.ToLower(subject), "re:") {
			subject = "Re: " + subject
		}
	}
	at := s.w.now()
	var out bytes.Buffer
	head := func(k, v string) { fmt.Fprintf(&out, "%s: %s\r\n", k, v) }
	head("From", mime.QEncoding.Encode("utf-8", b.name)+" <"+b.email+">")
	head("To", "<"+s.address()+">")
	head("Subject", mime.BEncoding.Encode("utf-8", subject))
	head("Date", at.Format(time.RFC1123Z))
	head("Message-ID", fmt.Sprintf("<%d.%s@buyers.example>", s.next(), s.Name))
	if re.id != "" {
		head("In-Reply-To", "<"+re.id+">")
		head("References", "<"+re.id+">")
	}
	head("MIME-Version", "1.0")
	body := func() {
		head("Content-Type", "text/plain; charset=utf-8")
		head("Content-Transfer-Encoding", "quoted-printable")
		out.WriteString("\r\n")
		q := quotedprintable.NewWriter(&out)
		_, _ = io.WriteString(q, strings.ReplaceAll(text, "\n", "\r\n")) // into memory: cannot fail
		_ = q.Close()
		out.WriteString("\r\n")
	}
	if !photo {
		body()
		s.deliver(out.Bytes(), at)
		return
	}
	n := 100
	if o != nil && len(o.lines) > 0 {
		n += o.lines[0].image
	}
	boundary := fmt.Sprintf("sandbox-%d", s.next())
	head("Content-Type", `multipart/mixed; boundary="`+boundary+`"`)
	out.WriteString("\r\n--" + boundary + "\r\n")
	body()
	out.WriteString("--" + boundary + "\r\n")
	head("Content-Type", `image/png; name="photo.png"`)
	head("Content-Disposition", `attachment; filename="photo.png"`)
	head("Content-Transfer-Encoding", "base64")
	out.WriteString("\r\n")
	for code := base64.StdEncoding.EncodeToString(picture(n)); code != ""; {
		k := min(76, len(code))
		out.WriteString(code[:k] + "\r\n")
		code = code[k:]
	}
	out.WriteString("--" + boundary + "--\r\n")
	s.deliver(out.Bytes(), at)
}

// bounce tells the shop that a mail was not delivered.
func (s *store) bounce(x outMail, from, to, code, why string) {
	at, n := s.w.now(), s.next()
	boundary := fmt.Sprintf("bounce-%d", n)
	text := strings.Join([]string{
		"From: Mail Delivery <mailer-daemon@" + aliases + ">",
		"To: <" + from + ">",
		"Subject: Undelivered Mail Returned to Sender",
		"Date: " + at.Format(time.RFC1123Z),
		fmt.Sprintf("Message-ID: <bounce-%d@%s>", n, aliases),
		"In-Reply-To: <" + x.id + ">",
		"Auto-Submitted: auto-replied",
		"MIME-Version: 1.0",
		`Content-Type: multipart/report; report-type=delivery-status; boundary="` + boundary + `"`,
		"",
		"--" + boundary,
		"Content-Type: text/plain; charset=utf-8",
		"",
		"Your message could not be delivered.",
		why,
		"",
		"--" + boundary,
		"Content-Type: message/delivery-status",
		"",
		"Reporting-MTA: dns; " + aliases,
		"",
		"Final-Recipient: rfc822; " + to,
		"Action: failed",
		"Status: " + code,
		"Diagnostic-Code: smtp; 550 " + code + " " + why,
		"",
		"--" + boundary,
		"Content-Type: text/rfc822-headers",
		"",
		"Message-ID: <" + x.id + ">",
		"Subject: " + mime.BEncoding.Encode("utf-8", x.subject),
		"From: <" + from + ">",
		"To: <" + to + ">",
		"",
		"--" + boundary + "--",
		"",
	}, "\r\n")
	s.deliver([]byte(text), at)
}
