package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
)

func buyerMail(n int, more string) string {
	return fmt.Sprintf("From: Buyer %d <b%d@example.org>\nTo: shop@example.com\nSubject: Mail %d\nMessage-ID: <m%d@example.org>\n"+
		"Date: Fri, 20 Nov 2026 10:%02d:00 +0100\n%s\nText %d\n", n, n, n, n, n, more, n)
}

func arrived(n int) time.Time { return time.Date(2026, 11, 20, 9, n, 0, 0, time.UTC) }

func TestMessagesPages(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	for n := 1; n <= 5; n++ {
		p.deliver("INBOX", buyerMail(n, ""), arrived(n))
	}
	m := p.mailbox()
	var got []string
	cur := connectors.Cursor{Limit: 2}
	for range 10 {
		page, err := m.Messages(ctx(t), cur)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page.Items {
			got = append(got, i.ID)
		}
		cur = page.Next
		if !page.More {
			break
		}
	}
	if s := strings.Join(got, " "); s != "m1@example.org m2@example.org m3@example.org m4@example.org m5@example.org" {
		t.Fatalf("read %q", s)
	}
	page, err := m.Messages(ctx(t), cur)
	if err != nil || len(page.Items) != 0 || page.More {
		t.Fatalf("nothing is new, but: %+v %v", page.Items, err)
	}
	p.deliver("INBOX", buyerMail(6, ""), arrived(6))
	page, err = m.Messages(ctx(t), page.Next)
	if err != nil || len(page.Items) != 1 || page.Items[0].ID != "m6@example.org" {
		t.Fatalf("the new one: %+v %v", page.Items, err)
	}
	if n := p.unseen("INBOX"); n != 6 {
		t.Errorf("reading has marked %d mails as read", 6-n)
	}
	if n := p.count("INBOX"); n != 6 {
		t.Errorf("%d mails are left of 6", n)
	}
	it := page.Items[0]
	if it.Text != "Text 6" || it.Buyer.Email != "b6@example.org" || it.Buyer.Name != "Buyer 6" || it.Thread != it.ID ||
		it.FromShop || !it.At.Equal(arrived(6)) || len(it.Raw) == 0 {
		t.Errorf("message: %+v", it)
	}
}

func TestMessagesRenumbered(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.deliver("INBOX", buyerMail(1, ""), arrived(1).AddDate(0, -1, 0))
	p.deliver("INBOX", buyerMail(2, ""), arrived(2))
	m := p.mailbox()
	page, err := m.Messages(ctx(t), connectors.Cursor{Since: arrived(1), Token: "77:9999"})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 1 || page.Items[0].ID != "m2@example.org" {
		t.Fatalf("after new numbers the recent mails are read again, not none and not all: %+v", page.Items)
	}
	if _, err := m.Messages(ctx(t), connectors.Cursor{Token: "nonsense"}); connectors.KindOf(err) != connectors.Invalid {
		t.Errorf("a foreign cursor: %v", err)
	}
}

func TestMessagesBadAndForeign(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.deliver("INBOX", buyerMail(1, ""), arrived(1))
	p.deliver("INBOX", "\nno header at all\n", arrived(2))
	p.deliver("INBOX", strings.Replace(buyerMail(3, ""), "shop@example.com", "other@example.com", 1), arrived(3))
	p.deliver("INBOX", buyerMail(4, ""), arrived(4))
	m := p.mailbox(func(c *Config) { c.Routes = []Route{{To: "shop@example.com"}} })
	page, err := m.Messages(ctx(t), connectors.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 2 || page.Items[1].ID != "m4@example.org" {
		t.Errorf("items: %+v", page.Items)
	}
	if len(page.Bad) != 1 || len(page.Bad[0].Raw) == 0 || page.Bad[0].Err == nil {
		t.Errorf("bad: %+v", page.Bad)
	}
}

func TestConversations(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.deliver("INBOX", "From: Eva <abc+1@marketplace.amazon.co.jp>\nTo: shop@example.com\nSubject: 注文 250-1234567-1234567\nMessage-ID: <a1@amazon>\n\n届きません\n", arrived(1))
	p.deliver("INBOX", "From: Eva <abc+2@marketplace.amazon.co.jp>\nTo: shop@example.com\nSubject: Re\nMessage-ID: <a2@amazon>\nReferences: <x@y>\n\n?\n", arrived(2))
	p.deliver("INBOX", buyerMail(3, ""), arrived(3))
	p.deliver("INBOX", buyerMail(4, "References: <m3@example.org> <k@example.com>\nIn-Reply-To: <k@example.com>\n"), arrived(4))
	p.deliver("INBOX", "From: Shop <SHOP@example.com>\nTo: b3@example.org\nSubject: Re: Mail 3\nMessage-ID: <k@example.com>\nReferences: <m3@example.org>\n\nHello\n", arrived(5))
	p.deliver("INBOX", "From: mailer@shopify.example\nReply-To: c@example.net\nTo: shop@example.com\nSubject: #1001\nMessage-ID: <s1@x>\n\nHi\n", arrived(6))
	page, err := p.mailbox().Messages(ctx(t), connectors.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]connectors.Message{}
	for _, i := range page.Items {
		by[i.ID] = i
	}
	if by["a1@amazon"].Thread != "abc@marketplace.amazon.co.jp" || by["a2@amazon"].Thread != by["a1@amazon"].Thread {
		t.Errorf("alias: %q %q", by["a1@amazon"].Thread, by["a2@amazon"].Thread)
	}
	if by["a1@amazon"].Order != "250-1234567-1234567" || by["a1@amazon"].Site != language.MustParse("ja-JP") {
		t.Errorf("order %q site %v", by["a1@amazon"].Order, by["a1@amazon"].Site)
	}
	for _, id := range []string{"m3@example.org", "m4@example.org", "k@example.com"} {
		if by[id].Thread != "m3@example.org" {
			t.Errorf("%s is in conversation %q", id, by[id].Thread)
		}
	}
	if k := by["k@example.com"]; !k.FromShop || k.Key != "k" || k.Buyer.Email != "b3@example.org" {
		t.Errorf("our own: %+v", k)
	}
	if by["m4@example.org"].Answers != "k@example.com" {
		t.Errorf("answers %q", by["m4@example.org"].Answers)
	}
	if s := by["s1@x"]; s.Buyer.Email != "c@example.net" || s.Order != "#1001" {
		t.Errorf("contact form: %+v", s.Buyer)
	}
}

func answer(key string) connectors.Outgoing {
	return connectors.Outgoing{
		Key: key, Thread: "m0@example.org", Buyer: connectors.Buyer{Name: "Käufer", Email: "b1@example.org"},
		Text:    "Größe 42 ist da.\n.\nÜber eine lange Zeile: " + strings.Repeat("wörter und ", 40) + "Ende\n你好",
		Subject: "Where is it?", InReplyTo: "m1@example.org", Lang: language.German,
	}
}

func TestSendRoundTrip(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox()
	o := answer("0190-key")
	r, err := m.Send(ctx(t), o)
	if err != nil || r.State != connectors.StateApplied || r.ID != "0190-key@example.com" {
		t.Fatalf("%+v %v", r, err)
	}
	out := p.outbox()
	if len(out) != 1 || out[0].from != "shop@example.com" || out[0].to != "b1@example.org" {
		t.Fatalf("sent: %+v", out)
	}
	for i, line := range strings.Split(out[0].raw, "\r\n") {
		if len(line) > 998 || !ascii(line) || strings.Contains(line, "\n") {
			t.Errorf("line %d is not fit for mail: %q", i, line)
		}
	}
	l, err := parse([]byte(out[0].raw), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if l.all != o.Text && strings.TrimRight(l.all, "\n") != o.Text {
		t.Errorf("text changed on the way:\n%q\n%q", l.all, o.Text)
	}
	if l.subject != "Re: Where is it?" || l.id != "0190-key@example.com" || firstOf(l.inReplyTo) != "m1@example.org" ||
		strings.Join(l.references, " ") != "m0@example.org m1@example.org" || l.from.Name != "Shop" || l.to[0].Name != "Käufer" {
		t.Errorf("header: %+v", l)
	}
	if !strings.Contains(out[0].raw, "Content-Language: de") || !strings.Contains(out[0].raw, "quoted-printable") {
		t.Errorf("header is missing something:\n%s", out[0].raw)
	}
	if n := p.count("Sent"); n != 1 {
		t.Errorf("%d copies in Sent", n)
	}
	// The same key again is the same mail.
	if r, err := m.Send(ctx(t), o); err != nil || r.State != connectors.StateApplied || len(p.outbox()) != 1 {
		t.Errorf("sent twice: %+v %v", r, err)
	}
	// Another process finds the proof in the mailbox.
	if r, err := p.mailbox().SendState(ctx(t), o); err != nil || r.State != connectors.StateApplied {
		t.Errorf("after a restart: %+v %v", r, err)
	}
	if r, err := p.mailbox().SendState(ctx(t), answer("other")); err != nil || r.State != connectors.StateUnknown {
		t.Errorf("what is not found is not known: %+v %v", r, err)
	}
}

func TestSendStateByAnswer(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.deliver("INBOX", buyerMail(9, "In-Reply-To: <k9@example.com>\n"), arrived(9))
	if r, err := p.mailbox().SendState(ctx(t), answer("k9")); err != nil || r.State != connectors.StateApplied {
		t.Errorf("the buyer has answered it: %+v %v", r, err)
	}
}

func TestSendOutcomes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do    func(p *post) func(*Config)
		kind  connectors.Kind
		state connectors.State
		later connectors.State
		taken int
	}{
		"no such recipient": {func(p *post) func(*Config) {
			p.rcpt = newSMTPError(550, "no such user")
			return func(*Config) {}
		}, connectors.Invalid, connectors.StateRejected, connectors.StateAbsent, 0},
		"greylisted": {func(p *post) func(*Config) {
			p.rcpt = newSMTPError(451, "later")
			return func(*Config) {}
		}, connectors.Busy, connectors.StateAbsent, connectors.StateAbsent, 0},
		"refused after the dot": {func(p *post) func(*Config) {
			p.data = newSMTPError(554, "spam")
			return func(*Config) {}
		}, connectors.Invalid, connectors.StateRejected, connectors.StateAbsent, 0},
		"lost after the dot": {func(p *post) func(*Config) {
			p.cut = func() {}
			return func(*Config) {}
		}, connectors.Unsure, connectors.StateUnknown, connectors.StateUnknown, 1},
		"nobody there": {func(p *post) func(*Config) {
			l := silentClosed(p.t)
			return func(c *Config) { c.SMTPAddr = l }
		}, connectors.Down, connectors.StateAbsent, connectors.StateAbsent, 0},
		"hung up before the mail": {func(p *post) func(*Config) {
			l := breaker(p.t)
			return func(c *Config) { c.SMTPAddr = l; c.User = "" }
		}, connectors.Down, connectors.StateAbsent, connectors.StateAbsent, 0},
		"not welcome": {func(p *post) func(*Config) {
			l := refuser(p.t, "554 go away")
			return func(c *Config) { c.SMTPAddr = l }
		}, connectors.AppBroken, connectors.StateAbsent, connectors.StateAbsent, 0},
		"wrong password": {func(*post) func(*Config) {
			return func(c *Config) { c.Password = "wrong-secret-77" }
		}, connectors.Reauthorise, connectors.StateAbsent, connectors.StateAbsent, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPost(t)
			var log strings.Builder
			m := p.mailbox(tt.do(p), func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			r, err := m.Send(ctx(t), answer("k"))
			if err == nil || connectors.KindOf(err) != tt.kind || r.State != tt.state {
				t.Fatalf("state %q, want %q; error %v of kind %v, want %v", r.State, tt.state, err, connectors.KindOf(err), tt.kind)
			}
			if strings.Contains(err.Error()+log.String(), "wrong-secret-77") || strings.Contains(err.Error()+log.String(), password) {
				t.Errorf("the password shows: %v\n%s", err, log.String())
			}
			if tt.kind == connectors.Busy && connectors.RetryAfterOf(err) == 0 {
				t.Error("busy, but for how long?")
			}
			if got := len(p.outbox()); got != tt.taken {
				t.Errorf("the server took %d mails, want %d", got, tt.taken)
			}
			if name == "wrong password" {
				return
			}
			if r, err := m.SendState(ctx(t), answer("k")); err != nil || r.State != tt.later {
				t.Errorf("later: %+v %v, want %q", r, err, tt.later)
			}
		})
	}
}

func TestUnsureStaysUnsure(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox()
	p.cut = func() {}
	if _, err := m.Send(ctx(t), answer("k")); connectors.KindOf(err) != connectors.Unsure || err == nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.cut, p.rcpt = nil, newSMTPError(550, "no")
	p.mu.Unlock()
	if r, err := m.Send(ctx(t), answer("k")); err == nil || r.State != connectors.StateUnknown {
		t.Errorf("a refusal now says nothing about the mail before: %+v %v", r, err)
	}
	if r, _ := m.SendState(ctx(t), answer("k")); r.State != connectors.StateUnknown {
		t.Errorf("%+v", r)
	}
	// The server's own copy settles it.
	p.deliver("Sent", "From: shop@example.com\nMessage-ID: <k@example.com>\n\nx\n", arrived(1))
	if r, _ := m.SendState(ctx(t), answer("k")); r.State != connectors.StateApplied {
		t.Errorf("%+v", r)
	}
}

func TestSendRefusesNonsense(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox()
	for name, change := range map[string]func(*connectors.Outgoing){
		"no address":   func(o *connectors.Outgoing) { o.Buyer.Email = "" },
		"injected":     func(o *connectors.Outgoing) { o.Buyer.Email = "a@b\r\nRCPT TO:<evil@example.org>" },
		"two":          func(o *connectors.Outgoing) { o.Buyer.Email = "a@example.org, c@example.org" },
		"bracket":      func(o *connectors.Outgoing) { o.Buyer.Email = "a@example.org> SIZE=1" },
		"empty":        func(o *connectors.Outgoing) { o.Text = " \n" },
		"no key":       func(o *connectors.Outgoing) { o.Key = "" },
		"other script": func(o *connectors.Outgoing) { o.Buyer.Email = "用户@example.org" },
	} {
		o := answer("k-" + name)
		change(&o)
		if name == "no key" {
			o.Key = ""
		}
		if r, err := m.Send(ctx(t), o); connectors.KindOf(err) != connectors.Invalid || err == nil || r.State != connectors.StateRejected {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
	if n := len(p.outbox()); n != 0 {
		t.Errorf("%d mails went out", n)
	}
}

func TestNoHeaderInjection(t *testing.T) {
	t.Parallel()
	m := newPost(t).mailbox()
	evil := "x\r\nBcc: evil@example.org\r\n\r\nbody\u2028Bcc: y"
	o := answer("k\r\nBcc: evil@example.org")
	o.Subject, o.Order, o.Buyer.Name, o.Thread, o.InReplyTo = evil, evil, evil, evil+"@x", "a@b\r\nBcc: evil@example.org"
	raw, _, err := m.compose(o)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.HasPrefix(strings.ToLower(line), "bcc") {
			t.Errorf("injected:\n%s", head)
		}
	}
	l, err := parse(raw, 1)
	if err != nil || !strings.HasPrefix(l.subject, "Re: x") && !strings.HasPrefix(l.subject, "x") || len(l.to) != 1 {
		t.Errorf("%+v %v", l, err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	m := newPost(t).mailbox()
	if id := m.messageID("0190a-b"); m.keyOf(id) != "0190a-b" || id != m.messageID("0190a-b") {
		t.Errorf("id %q", id)
	}
	for _, k := range []string{"refund 1/2", "a..b", strings.Repeat("x", 300), "鍵", "a@b", ""} {
		id := m.messageID(k)
		if !ascii(id) || strings.ContainsAny(id, " <>\r\n") || strings.Count(id, "@") != 1 || len(id) > 120 {
			t.Errorf("key %q makes the id %q", k, id)
		}
	}
	if m.messageID("鍵1") == m.messageID("鍵2") {
		t.Error("two keys, one id")
	}
	if m.keyOf("k@elsewhere.org") != "" {
		t.Error("a foreign id gave a key")
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	if h := p.mailbox().Health(ctx(t)); h.State != connectors.HealthOK {
		t.Errorf("%+v", h)
	}
	if h := p.mailbox(func(c *Config) { c.Password = "wrong" }).Health(ctx(t)); h.State != connectors.HealthBad || h.Kind != connectors.Reauthorise {
		t.Errorf("%+v", h)
	}
	if h := p.mailbox(func(c *Config) { c.Folder = "Nowhere" }).Health(ctx(t)); h.Kind != connectors.NotFound {
		t.Errorf("%+v", h)
	}
	if h := p.mailbox(func(c *Config) { c.IMAPAddr = silentClosed(t) }).Health(ctx(t)); h.Kind != connectors.Down {
		t.Errorf("%+v", h)
	}
	// A server that says nothing does not hold us longer than we like.
	h := p.mailbox(func(c *Config) { c.IMAPAddr = silent(t); c.Timeout = 50 * time.Millisecond }).Health(ctx(t))
	if h.Kind != connectors.Down || h.State != connectors.HealthBad {
		t.Errorf("%+v", h)
	}
	c, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.mailbox().Messages(c, connectors.Cursor{}); connectors.KindOf(err) != connectors.Down {
		t.Errorf("cancelled: %v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := func() Config {
		return Config{IMAPAddr: "imap.example.com:993", SMTPAddr: "smtp.example.com:465", From: "shop@example.com", Password: "s3cret-pw"}
	}
	if _, err := New(good()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no imap":   func(c *Config) { c.IMAPAddr = "" },
		"no port":   func(c *Config) { c.SMTPAddr = "smtp.example.com" },
		"in clear":  func(c *Config) { c.TLS = TLSNone },
		"half":      func(c *Config) { c.SMTPTLS = TLSNone },
		"bad mode":  func(c *Config) { c.TLS = "ssl" },
		"no sender": func(c *Config) { c.From = "" },
		"bad from":  func(c *Config) { c.From = "shop" },
	} {
		c := good()
		change(&c)
		if _, err := New(c); err == nil || strings.Contains(err.Error(), "s3cret-pw") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := Plugin.New(connectors.Config{Info: connectors.Info{Store: "m"}, Credential: connectors.Credential{Access: "pw"},
		Options: map[string]string{"imap": "localhost:1", "tls": "none", "to": "shop@example.com", "own": "a@b.c, d@e.f"}})
	if err != nil {
		t.Fatal(err)
	}
	caps := c.Can(context.Background())
	if len(caps) != 2 || !caps[0].OK || caps[1].OK || caps[1].Missing != "smtp" {
		t.Errorf("without a server to send by: %+v", caps)
	}
	if r, err := c.(connectors.Messenger).Send(context.Background(), answer("k")); connectors.KindOf(err) != connectors.Unsupported || r.State != connectors.StateRejected {
		t.Errorf("%+v %v", r, err)
	}
	if got := connectors.CapsOf(c); !got[connectors.CapInbox] || !got[connectors.CapMessage] {
		t.Errorf("%v", got)
	}
	var e *connectors.Error
	if _, err := c.(connectors.Inbox).Messages(context.Background(), connectors.Cursor{}); !errors.As(err, &e) || e.Platform != "mail" {
		t.Errorf("%v", err)
	}
	if _, err := Plugin.New(connectors.Config{Options: map[string]string{"imap": "localhost:1", "tls": "none", "subject": "("}}); err == nil {
		t.Error("a broken expression was taken")
	}
}
