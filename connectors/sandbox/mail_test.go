package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	gomail "github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

func (r *rig) mail() *Mail {
	r.Helper()
	m, err := r.w.StartMail(context.Background(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		if err := m.Close(); err != nil {
			r.Errorf("closing the mail servers: %v", err)
		}
	})
	return m
}

// letter is a mail as its reader sees it.
type letter struct {
	from, subject, id, replyTo, text, contentType string
	files                                         []string
}

// inbox reads all mail of a mailbox, and its UIDVALIDITY.
func (r *rig) inbox(m *Mail, store, box string) (all []letter, validity uint32) {
	r.Helper()
	c, err := imapclient.DialInsecure(m.IMAPAddr, nil)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	a := r.account(store)
	if err := c.Login(a.User, a.Password).Wait(); err != nil {
		r.Fatal(err)
	}
	sel, err := c.Select(box, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		r.Fatal(err)
	}
	if sel.NumMessages == 0 {
		return nil, sel.UIDValidity
	}
	section := &imap.FetchItemBodySection{Peek: true}
	got, err := c.Fetch(imap.SeqSet{{Start: 1, Stop: sel.NumMessages}}, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		r.Fatal(err)
	}
	for _, msg := range got {
		raw := msg.FindBodySection(section)
		x := letter{}
		rd, err := gomail.CreateReader(strings.NewReader(string(raw)))
		if err != nil {
			r.Fatalf("%v in %s", err, raw)
		}
		from, err := rd.Header.AddressList("From")
		if err != nil || len(from) != 1 {
			r.Fatalf("sender: %v %v", from, err)
		}
		x.from, x.contentType = from[0].Address, rd.Header.Get("Content-Type")
		x.subject, _ = rd.Header.Subject()
		x.id, _ = rd.Header.MessageID()
		x.replyTo = rd.Header.Get("In-Reply-To")
		for {
			p, err := rd.NextPart()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				r.Fatal(err)
			}
			body, err := io.ReadAll(p.Body)
			if err != nil {
				r.Fatal(err)
			}
			switch h := p.Header.(type) {
			case *gomail.AttachmentHeader:
				name, _ := h.Filename()
				x.files = append(x.files, fmt.Sprintf("%s %.4q", name, body))
			default:
				x.text += strings.TrimRight(string(body), "\r\n") // the line end that every mail has
			}
		}
		all = append(all, x)
	}
	return all, sel.UIDValidity
}

// post sends a mail as a shop.
func (r *rig) post(m *Mail, store, from, to, id, text string) error {
	r.Helper()
	c, err := smtp.Dial(m.SMTPAddr)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	a := r.account(store)
	if err := c.Auth(sasl.NewPlainClient("", a.User, a.Password)); err != nil {
		return err
	}
	return c.SendMail(from, []string{to}, strings.NewReader("From: <"+from+">\r\nTo: <"+to+">\r\nSubject: =?utf-8?q?R=C3=BCckfrage?=\r\nMessage-ID: <"+id+">\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"+text+"\r\n"))
}

func TestBuyersWriteMail(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	if err := r.w.Say(BuyerMessage{Store: "amazon-jp", Text: "注文{order}はいつ届きますか？"}); err != nil { // before there are servers
		t.Fatal(err)
	}
	m := r.mail()
	o, s := r.famous("amazon-jp"), r.famous("shopify-main")
	if err := r.w.Say(BuyerMessage{Store: "amazon-jp", Order: o.ID, Text: "届いた商品が破損していました。", Photo: true}); err != nil {
		t.Fatal(err)
	}
	if err := r.w.Say(BuyerMessage{Store: "shopify-main", Buyer: s.Email, Text: "Where is my order {order}? 😊"}); err != nil {
		t.Fatal(err)
	}
	got, validity := r.inbox(m, "amazon-jp", "INBOX")
	if len(got) != 2 {
		t.Fatalf("%d mails", len(got))
	}
	r.want(got[0].from, o.Email, "the alias")
	r.want(got[0].text, "注文"+o.ID+"はいつ届きますか？", "text")
	r.want(strings.Contains(got[0].subject, o.ID), true, "subject: "+got[0].subject)
	r.want(fmt.Sprint(got[1].files), `[photo.png "\x89PNG"]`, "photo")
	shop, _ := r.inbox(m, "shopify-main", "INBOX")
	r.want(shop[0].text, "Where is my order #1234? 😊", "text")
	sent, _ := r.inbox(m, "shopify-main", "Sent")
	r.want(len(sent), 0, "there is an empty Sent")
	r.w.Reset()
	got, after := r.inbox(m, "amazon-jp", "INBOX")
	r.want(len(got), 0, "mails after Reset")
	r.want(after != validity, true, "a new mailbox says that it is new")
}

func TestShopsWriteMail(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	m := r.mail()
	o := r.famous("amazon-jp")
	own := r.account("amazon-jp").Address
	if err := r.post(m, "amazon-jp", own, o.Email, "k1@desk.example", "ご連絡ありがとうございます。"); err != nil {
		t.Fatal(err)
	}
	l := r.w.Ledger().Messages
	if len(l) != 1 || l[0].Key != "k1@desk.example" || l[0].Text != "ご連絡ありがとうございます。" || l[0].Order != o.ID || l[0].By != "mail" || l[0].Buyer != o.Buyer {
		t.Fatalf("ledger: %+v", l)
	}
	// The server files a copy by itself, and does not file ours beside it.
	c, err := imapclient.DialInsecure(m.IMAPAddr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Login(own, mailPassword).Wait(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"k1@desk.example", "note@desk.example"} {
		raw := "From: <" + own + ">\r\nMessage-ID: <" + id + ">\r\n\r\ncopy\r\n"
		cmd := c.Append("Sent", int64(len(raw)), nil)
		if _, err := io.WriteString(cmd, raw); err != nil || cmd.Close() != nil {
			t.Fatal(err)
		}
		if _, err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	filed, _ := r.inbox(m, "amazon-jp", "Sent")
	if len(filed) != 2 || filed[0].id != "k1@desk.example" || filed[0].text != "ご連絡ありがとうございます。" || filed[1].id != "note@desk.example" {
		t.Errorf("Sent: %+v", filed)
	}
	// A sender who is not on the list: taken, and returned.
	if err := r.post(m, "amazon-jp", "anna@shop.example", o.Email, "k2@desk.example", "x"); err != nil {
		t.Fatal(err)
	}
	in, _ := r.inbox(m, "amazon-jp", "INBOX")
	if len(in) != 1 || !strings.HasPrefix(in[0].contentType, "multipart/report") || !strings.Contains(in[0].text, "approved senders") || !strings.Contains(in[0].replyTo, "k2@desk.example") {
		t.Fatalf("bounce: %+v", in)
	}
	r.want(len(r.w.Ledger().Messages), 1, "messages")
	if err := r.w.Approve("amazon-jp", "anna@shop.example", true); err != nil {
		t.Fatal(err)
	}
	if err := r.post(m, "amazon-jp", "anna@shop.example", o.Email, "k2@desk.example", "x"); err != nil {
		t.Fatal(err)
	}
	r.want(len(r.w.Ledger().Messages), 2, "messages, once she is approved")
	if err := r.post(m, "amazon-jp", own, "nobody@"+aliases, "k3@desk.example", "x"); err != nil {
		t.Fatal(err)
	}
	in, _ = r.inbox(m, "amazon-jp", "INBOX")
	r.want(len(in), 2, "an alias that is not there bounces, too")
	var se *smtp.SMTPError
	if err := r.post(m, "amazon-jp", own, "stranger@elsewhere.example", "k4@desk.example", "x"); !errors.As(err, &se) || se.Code != 550 {
		t.Errorf("an address elsewhere: %v", err)
	}
	if err := r.post(m, "amazon-jp", own, own, "k5@desk.example", "to ourselves"); err != nil {
		t.Fatal(err)
	}
	in, _ = r.inbox(m, "amazon-jp", "INBOX")
	r.want(len(in), 3, "mail to ourselves")
}

func TestMailFaults(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	m := r.mail()
	o := r.famous("shopify-main")
	from := r.account("shopify-main").Address
	fail := func(op, kind string) {
		if err := r.w.Fail("shopify-main", op, kind, 1); err != nil {
			t.Fatal(err)
		}
	}
	count := 0
	for _, tc := range []struct {
		kind    string
		happens int
		code    int // 0: the connection breaks
	}{{Lost, 1, 0}, {Drop, 0, 0}, {Error503, 0, 451}, {Slow, 1, 250}} {
		fail("send", tc.kind)
		if tc.kind == Slow {
			r.w.o.Slow = 1
		}
		err := r.post(m, "shopify-main", from, o.Email, tc.kind+"@desk.example", "x")
		var se *smtp.SMTPError
		switch {
		case tc.code == 250 && err != nil, tc.code == 0 && (err == nil || errors.As(err, &se)), tc.code == 451 && (!errors.As(err, &se) || se.Code != 451):
			t.Errorf("%s: %v", tc.kind, err)
		}
		count += tc.happens
		r.want(len(r.w.Ledger().Messages), count, "messages after "+tc.kind)
	}
	fail("imap", Error503)
	c, err := imapclient.DialInsecure(m.IMAPAddr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	a := r.account("shopify-main")
	var ie *imap.Error
	if err := c.Login(a.User, a.Password).Wait(); !errors.As(err, &ie) || ie.Code != imap.ResponseCodeUnavailable {
		t.Errorf("a mailbox that is out: %v", err)
	}
	if err := c.Login(a.User, "wrong").Wait(); err == nil {
		t.Error("the wrong password opened the mailbox")
	}
	if err := c.Login(a.User, a.Password).Wait(); err != nil {
		t.Error(err)
	}
}

func TestMailServersStartOnceAndStop(t *testing.T) {
	t.Parallel()
	r := newRig(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	m, err := r.w.StartMail(ctx, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.w.StartMail(ctx, "127.0.0.1:0", "127.0.0.1:0"); err == nil {
		t.Error("started twice")
	}
	if _, err := r.w.StartMail(ctx, "nonsense", "127.0.0.1:0"); err == nil {
		t.Error("started nowhere")
	}
	cancel()
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if _, err := smtp.Dial(m.SMTPAddr); err == nil {
		t.Error("SMTP still listens")
	}
	r.mail() // and again
}
