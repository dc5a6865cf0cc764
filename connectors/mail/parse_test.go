package mail

import (
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

func TestFold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"plain":        {"Hello\n\nWhere is it?\n", "Hello\n\nWhere is it?"},
		"gmail en":     {"Still broken.\n\nOn Fri, Nov 20, 2026 at 10:00 AM Shop <s@example.com> wrote:\n> Hello\n> there\n", "Still broken."},
		"wrapped":      {"Still broken.\n\nOn Fri, Nov 20, 2026 at 10:00 AM A Very Long Shop Name\n<shop@example.com> wrote:\n> Hello\n", "Still broken."},
		"unmarked":     {"Still broken.\n\nOn Fri, Nov 20, 2026 at 10:00 AM Shop wrote:\nHello\nthere\n", "Still broken."},
		"bottom":       {"On Fri, Nov 20, 2026, Shop wrote:\n> Which size?\n\nSize 42, please.\n", "Size 42, please."},
		"between":      {"> Which size?\n42\n> Which colour?\nblue\n", "42\nblue"},
		"de":           {"Danke!\n\nAm 20.11.2026 um 10:00 schrieb Shop <s@example.com>:\n> Hallo\n", "Danke!"},
		"de 2":         {"Danke!\n\nAm Fr., 20. Nov. 2026 schrieb Shop:\nHallo\n", "Danke!"},
		"fr":           {"Merci\n\nLe ven. 20 nov. 2026 à 10:00, Shop <s@example.com> a écrit :\n> Bonjour\n", "Merci"},
		"es":           {"Gracias\nEl vie, 20 nov 2026 a las 10:00, Shop escribió:\n> Hola\n", "Gracias"},
		"it":           {"Grazie\nIl giorno ven 20 nov 2026 Shop ha scritto:\n> Ciao\n", "Grazie"},
		"nl":           {"Dank\nOp vr 20 nov 2026 schreef Shop <s@example.com>:\n> Dag\n", "Dank"},
		"ja":           {"壊れていました。\n\n2026年11月20日(金) 10:00 Shop <s@example.com>:\n> こんにちは\n", "壊れていました。"},
		"zh":           {"东西坏了\n\nShop <s@example.com> 于2026年11月20日周五 10:00写道：\n> 您好\n", "东西坏了"},
		"zh qq":        {"东西坏了\n\n------------------ 原始邮件 ------------------\n发件人: Shop\n发送时间: 2026\n收件人: me\n主题: x\n", "东西坏了"},
		"ko":           {"고장났어요\n\n2026년 11월 20일 (금) 오전 10:00, Shop <s@example.com>님이 작성:\n> 안녕\n", "고장났어요"},
		"outlook":      {"Broken.\n\n________________________________\nFrom: Shop <s@example.com>\nSent: Friday, November 20, 2026 10:00\nTo: Me\nSubject: Order\n\nHello\n", "Broken."},
		"outlook de":   {"Kaputt.\n\nVon: Shop <s@example.com>\nGesendet: Freitag\nAn: Ich\nBetreff: Bestellung\n\nHallo\n", "Kaputt."},
		"outlook old":  {"Broken.\n\n-----Original Message-----\nFrom: Shop\nHello\n", "Broken."},
		"signature":    {"Please help.\n\n-- \nAnna\nTel. 123\n", "Please help."},
		"own colon":    {"On the box someone wrote:\nFRAGILE\n", "On the box someone wrote:\nFRAGILE"},
		"own list":     {"From: Berlin\nTo: Paris\nwhich way?\n", "From: Berlin\nTo: Paris\nwhich way?"},
		"all quote":    {"> only this\n> and that\n", "> only this\n> and that"},
		"empty":        {"", ""},
		"own dashes":   {"one\n--\n" + strings.Repeat("line\n", 20), "one\n--\n" + strings.TrimSpace(strings.Repeat("line\n", 20))},
		"only a quote": {"On Fri, Nov 20, 2026 at 10:00 AM Shop wrote:\nHello", "On Fri, Nov 20, 2026 at 10:00 AM Shop wrote:\nHello"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fold(tt.in); got != tt.want {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestParseText(t *testing.T) {
	t.Parallel()
	head := "From: Buyer <b@example.org>\nTo: shop@example.com\nSubject: Hi\nMessage-ID: <1@example.org>\nMIME-Version: 1.0\n"
	sjis, err := japanese.ShiftJIS.NewEncoder().String("届きません")
	if err != nil {
		t.Fatal(err)
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("没有收到")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ in, want string }{
		"no type":      {head + "\nplain words\n", "plain words"},
		"qp latin1":    {head + "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n", "Grüße"},
		"base64":       {head + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n5L2g5aW9\n", "你好"},
		"shift_jis":    {head + "Content-Type: text/plain; charset=Shift_JIS\n\n" + sjis + "\n", "届きません"},
		"gb18030":      {head + "Content-Type: text/plain; charset=gb18030\n\n" + gb + "\n", "没有收到"},
		"no charset":   {head + "Content-Type: text/plain\n\nGr\xfc\xdfe\n", "Grüße"},
		"bad charset":  {head + "Content-Type: text/plain; charset=martian\n\nhello\n", "hello"},
		"html only":    {head + "Content-Type: text/html; charset=utf-8\n\n<html><head><style>p{}</style></head><body><p>One <b>two</b></p><p>Three<br>four</p><script>x()</script></body></html>", "One two\n\nThree\nfour"},
		"html quote":   {head + "Content-Type: text/html\n\n<div>New</div><div class=\"gmail_quote\"><div>On Fri 20 wrote:</div><blockquote>Old</blockquote></div>", "New"},
		"html outlook": {head + "Content-Type: text/html\n\n<div>New</div><div id=\"divRplyFwdMsg\"><b>From:</b> x</div><div>Old</div>", "New"},
		"html link":    {head + "Content-Type: text/html\n\n<p>see <a href=\"https://example.org/a\">this</a></p>", "see this (https://example.org/a)"},
		"html hidden":  {head + "Content-Type: text/html\n\n<div style=\"display: none\">preheader</div>seen", "seen"},
		"flowed":       {head + "Content-Type: text/plain; format=flowed\n\nOne line \nthat flows\n", "One line that flows"},
		"alternative":  {head + "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nplain\n--b\nContent-Type: text/html\n\n<p>marked</p>\n--b--\n", "plain"},
		"empty plain":  {head + "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n \n--b\nContent-Type: text/html\n\n<p>marked</p>\n--b--\n", "marked"},
		"no end":       {head + "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\ncut off", "cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := parse(crlf(tt.in), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if l.text != tt.want {
				t.Errorf("got %q\nwant %q", l.text, tt.want)
			}
		})
	}
}

func TestParseAmazonFrame(t *testing.T) {
	t.Parallel()
	l, err := parse(crlf("From: Eva - Amazon Marketplace <abc123+9f-1@marketplace.amazon.de>\nTo: shop@example.com\n"+
		"Subject: =?utf-8?B?QW5mcmFnZSB6dSBCZXN0ZWxsdW5nIDMwMi0xMjM0NTY3LTEyMzQ1Njc=?=\nMessage-ID: <m1@amazon.de>\n\n"+
		"Sie haben eine Nachricht.\n\n------------- Anfang der Nachricht -------------\n\nWo ist mein Paket?\n\n"+
		"------------- Ende der Nachricht -------------\n\nUnsere Hinweise.\n"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if l.text != "Wo ist mein Paket?" {
		t.Errorf("text %q", l.text)
	}
	if o := orderIn(l.subject); o != "302-1234567-1234567" {
		t.Errorf("order %q in %q", o, l.subject)
	}
	if a := alias(l.buyer.Address); a != "abc123@marketplace.amazon.de" {
		t.Errorf("alias %q", a)
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	l, err := parse(crlf("From: b@example.org\nMessage-ID: <1@x>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"+
		"--b\nContent-Type: text/plain\n\nsee photo\n"+
		"--b\nContent-Type: image/png; name=\"=?utf-8?B?54Wn54mHLnBuZw==?=\"\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n"+
		"--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"../../etc/pass\u202Ewd.pdf\"\n\n"+strings.Repeat("x", 200)+"\n"+
		"--b--\n"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.files) != 2 {
		t.Fatalf("files: %+v", l.files)
	}
	if f := l.files[0]; f.Name != "照片.png" || f.MIME != "image/png" || string(f.Data) != "hello" || f.Size != 5 {
		t.Errorf("photo: %+v", f)
	}
	if f := l.files[1]; f.Name != "passwd.pdf" || f.Data != nil || f.Size != 200 {
		t.Errorf("too large: %q %d bytes kept of %d", f.Name, len(f.Data), f.Size)
	}
	if l.text != "see photo" {
		t.Errorf("text %q", l.text)
	}
}

func TestBounces(t *testing.T) {
	t.Parallel()
	report := func(action string) string {
		return "From: Mail Delivery <mailer-daemon@mx.example.net>\nTo: shop@example.com\nSubject: Undelivered\nMessage-ID: <b1@mx>\n" +
			"MIME-Version: 1.0\nAuto-Submitted: auto-replied\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n" +
			"--b\nContent-Type: text/plain\n\nIt could not be delivered.\n" +
			"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; abc@marketplace.amazon.de\nAction: " + action +
			"\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 sender\n not approved\n" +
			"--b\nContent-Type: text/rfc822-headers\n\nFrom: shop@example.com\nTo: abc@marketplace.amazon.de\nMessage-ID: <key-1@example.com>\nReferences: <m0@amazon.de>\nSubject: Re: 302-1234567-1234567\n--b--\n"
	}
	for name, tt := range map[string]struct {
		in            string
		bounced, auto bool
		about         string
	}{
		"failed":  {report("failed"), true, true, "key-1@example.com"},
		"delayed": {report("delayed"), false, true, ""},
		"old style": {"From: MAILER-DAEMON@mx\nSubject: failure notice\nMessage-ID: <b2@mx>\n\nSorry.\n\nMessage-ID: <key-2@example.com>\n",
			true, true, "key-2@example.com"},
		"auto reply": {"From: b@example.org\nSubject: Away\nAuto-Submitted: auto-replied\nIn-Reply-To: <key-1@example.com>\n\nI am away.\n", false, true, ""},
		"bulk":       {"From: b@example.org\nPrecedence: bulk\n\nNews!\n", false, true, ""},
		"person":     {"From: b@example.org\nAuto-Submitted: no\n\nHello\n", false, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := parse(crlf(tt.in), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if l.bounced != tt.bounced || l.auto != tt.auto || l.about != tt.about {
				t.Errorf("bounced %v auto %v about %q", l.bounced, l.auto, l.about)
			}
			if name == "failed" && (!strings.Contains(l.text, "sender not approved") || l.aboutTo != "abc@marketplace.amazon.de") {
				t.Errorf("text %q to %q", l.text, l.aboutTo)
			}
		})
	}
}

func TestOrderIn(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Order 302-1234567-1234567 late":          "302-1234567-1234567",
		"订单302-1234567-1234567的问题":                "302-1234567-1234567",
		"３０２－１２３４５６７－１２３４５６７":                     "302-1234567-1234567",
		"Order #1001 confirmed":                   "#1001",
		"注文＃1001":                                 "#1001",
		"ebay 12-34567-89012":                     "12-34567-89012",
		"a &#8217; b":                             "",
		"tel 302-1234567":                         "",
		"see page#1001x and #12":                  "",
		"9302-1234567-1234567 is not one of them": "",
	} {
		if got := orderIn(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := orderIn("nothing", "then #1002"); got != "#1002" {
		t.Errorf("second text: %q", got)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<a@b>": "a@b", "<a@b> <c@d>": "a@b,c@d", "a@b": "a@b", "garbage": "", "": "", "< a@b >(comment)": "a@b",
		"<no-domain>": "no-domain", "<a@b\r\n <c@d>": "c@d",
	} {
		if got := strings.Join(ids(in), ","); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"From: a@b\nSubject: x\n\nbody", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n",
		"Content-Type: text/html\n\n<blockquote><p>x</p>", "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n\n--b--",
		"Content-Transfer-Encoding: base64\n\n!!!!", "From: =?utf-8?Q?=FF?= <a@b>\n\n\xff\xfe", "\n", "",
		"Content-Type: multipart/alternative; boundary=\"\"\n\n--\n\n----\n",
	} {
		f.Add(crlf(s))
	}
	if b, err := os.ReadFile("parse_test.go"); err == nil {
		f.Add(b)
	}
	m := &Mailbox{c: Config{MaxFile: 1 << 16, Now: func() time.Time { return time.Unix(1_790_000_000, 0) }}, own: map[string]bool{"shop@example.com": true}, domain: "example.com"}
	f.Fuzz(func(t *testing.T, raw []byte) {
		msg, ours, err := m.message(raw, time.Time{})
		if err != nil {
			return
		}
		if !ours || msg.ID == "" || msg.Thread == "" {
			t.Fatalf("a mail without id or conversation: %+v", msg)
		}
		for _, s := range []string{msg.Text, msg.Subject, msg.Buyer.Name} {
			if !utf8.ValidString(s) {
				t.Fatalf("not text: %q", s)
			}
		}
		if strings.ContainsAny(msg.Subject+msg.Buyer.Name, "\r\n") {
			t.Fatalf("a line end in a header: %q", msg.Subject)
		}
		for _, a := range msg.Files {
			if int64(len(a.Data)) > m.c.MaxFile || strings.ContainsAny(a.Name, "/\\\r\n") {
				t.Fatalf("file %q with %d bytes", a.Name, len(a.Data))
			}
		}
	})
}
