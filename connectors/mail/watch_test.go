package mail

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"helloworld/connectors"
)

func TestWatchTellsOfNewMail(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox()
	c, stop := context.WithCancel(ctx(t))
	news := make(chan struct{}, 100)
	done := make(chan error, 1)
	go func() { done <- m.Watch(c, func() { news <- struct{}{} }) }()
	wait := func(what string) {
		t.Helper()
		select {
		case <-news:
		case err := <-done:
			t.Fatalf("%s: it has ended: %v", what, err)
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: no sign", what)
		}
	}
	wait("what came before")
	for n := 1; n <= 3; n++ {
		p.deliver("INBOX", buyerMail(n, ""), arrived(n))
		wait("a new mail")
		// Reading goes on beside the watch.
		page, err := m.Messages(ctx(t), connectors.Cursor{})
		if err != nil || len(page.Items) != n {
			t.Fatalf("%d mails, %v", len(page.Items), err)
		}
	}
	stop()
	select {
	case err := <-done:
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("at the end: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on after its context")
	}
}

func TestFilesGoWithIt(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox()
	photo := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{0, 1, 2, 3, 0xff}, 20_000)...)
	o := connectors.Outgoing{Key: "k1", Buyer: connectors.Buyer{Email: "b@example.org"}, Text: "Anbei das Etikett.", Files: []connectors.Attachment{
		{Name: "退货 标签.pdf", MIME: "application/pdf", Data: []byte("%PDF-1.7 x")}, {Name: "..\\..\\a/b.png", Data: photo}}}
	if r, err := m.Send(ctx(t), o); err != nil || r.State != connectors.StateApplied {
		t.Fatalf("%+v, %v", r, err)
	}
	got, err := parse([]byte(p.outbox()[0].raw), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if got.text != "Anbei das Etikett." || len(got.files) != 2 {
		t.Fatalf("%q, %d files", got.text, len(got.files))
	}
	if f := got.files[0]; f.Name != "退货 标签.pdf" || f.MIME != "application/pdf" || string(f.Data) != "%PDF-1.7 x" {
		t.Errorf("%q %q %q", f.Name, f.MIME, f.Data)
	}
	if f := got.files[1]; f.Name != "b.png" || f.MIME != "image/png" || !bytes.Equal(f.Data, photo) {
		t.Errorf("%q %q, %d bytes", f.Name, f.MIME, len(f.Data))
	}
	for name, f := range map[string]connectors.Attachment{"not fetched": {Name: "a.pdf", URL: "https://example.org/a.pdf"}, "runs": {Name: "a.EXE", Data: []byte("MZ")}} {
		o := o
		o.Key, o.Files = "k2"+name[:3], []connectors.Attachment{f}
		if r, err := m.Send(ctx(t), o); connectors.KindOf(err) != connectors.Invalid || r.State != connectors.StateRejected {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	o.Key, o.Files = "k3", []connectors.Attachment{{Name: "a.pdf", Data: make([]byte, 26<<20)}}
	if _, err := m.Send(ctx(t), o); connectors.KindOf(err) != connectors.Invalid {
		t.Errorf("too large: %v", err)
	}
	if n := len(p.outbox()); n != 1 {
		t.Errorf("%d mails were sent", n)
	}
}

func TestWhyItCameBack(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]connectors.BounceWhy{
		"550 5.7.1 The sender address is not an approved sender; add it in Seller Central": connectors.WhySender,
		"This e-mail address is not authorized to contact buyers":                          connectors.WhySender,
		"550 5.1.1 no such user here":                                                      connectors.WhyAddress,
		"552 5.2.2 mailbox is full":                                                        connectors.WhyFull,
		"552 5.3.4 message exceeds maximum size":                                           connectors.WhySize,
		"550 5.7.26 unauthenticated, DMARC says so":                                        connectors.WhyPolicy,
		"550 something that nobody has said before ☂":                                      "",
	} {
		status := ""
		if f := strings.Fields(said); len(f) > 1 && strings.Count(f[1], ".") == 2 {
			status = f[1]
		}
		if got := reasonOf(status, said, ""); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
