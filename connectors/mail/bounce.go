package mail

import (
	"regexp"
	"strings"

	"github.com/emersion/go-message/mail"

	"helloworld/connectors"
)

// bounce finds out whether this is the news that a mail did not arrive, and
// which one.
func (l *letter) bounce(h *mail.Header, w *walker) {
	kind, params, _ := h.ContentType()
	report := strings.EqualFold(kind, "multipart/report")
	machine := bouncer(l.from.Address)
	if !report && !machine {
		return
	}
	l.auto = true
	if report && params["report-type"] != "" && !strings.EqualFold(params["report-type"], "delivery-status") {
		return // a receipt that it was read, or a complaint
	}
	fields := reportFields(string(w.report))
	action := strings.ToLower(fields["action"])
	if action == "delayed" || action == "delivered" || action == "relayed" || action == "expanded" {
		return // it is still on its way, or there
	}
	if action == "" && !machine {
		return
	}
	l.bounced = true
	if w.original != nil {
		o := w.original
		l.about = firstOf(ids(o.Get("Message-Id")))
		l.aboutFrom = first(o, "From").Address
		l.aboutTo = first(o, "To").Address
		l.aboutSubject = clean(decoded(o.Header, "Subject"))
		l.aboutRefs = ids(o.Get("References"))
		if len(l.aboutRefs) == 0 {
			l.aboutRefs = ids(o.Get("In-Reply-To"))
		}
	}
	if l.about == "" {
		l.about = firstOf(append(append([]string{}, l.inReplyTo...), quotedID(l.all)...))
	}
	if r := fields["final-recipient"]; r != "" {
		if _, a, ok := strings.Cut(r, ";"); ok {
			l.aboutTo = clean(a)
		}
	}
	if l.aboutTo == "" {
		l.aboutTo = firstOf(looseAddress.FindAllString(strings.Join(h.Values("X-Failed-Recipients"), " "), 1))
	}
	l.why = reasonOf(fields["status"], fields["diagnostic-code"], l.text)
	why := clean(fields["diagnostic-code"])
	if why == "" {
		why = clean(fields["status"])
	}
	// The server's own word is what tells the seller how to mend it.
	l.text = strings.TrimSpace(l.text)
	if why != "" && !strings.Contains(l.text, why) {
		l.text = strings.TrimSpace(l.text + "\n\n" + why)
	}
}

// reasons tell why a mail came back, most telling first: by the words that
// servers use, since the codes alone are used for much.
var reasons = []struct {
	why connectors.BounceWhy
	re  *regexp.Regexp
}{
	{connectors.WhySender, regexp.MustCompile(`(?i)approved senders?|(?:not|un)[ -]?(?:an )?(?:authori[sz]ed|approved|registered)[^.]{0,60}(?:sender|e-?mail|address)|` +
		`(?:sender|e-?mail|address)[^.]{0,40}not (?:authori[sz]ed|approved|registered)|承認済みの送信者|许可的发件人|已批准发件人`)},
	{connectors.WhySize, regexp.MustCompile(`(?i)too (?:large|big)|size limit|exceeds? (?:the )?(?:maximum|size)|attachment[^.]{0,60}not (?:allowed|supported|permitted)`)},
	{connectors.WhyFull, regexp.MustCompile(`(?i)(?:mailbox|quota|storage)[^.]{0,30}(?:full|exceeded)|over quota`)},
	{connectors.WhyPolicy, regexp.MustCompile(`(?i)spam|blocked|blacklist|block ?list|dmarc|spf|dkim|policy|reputation`)},
	{connectors.WhyAddress, regexp.MustCompile(`(?i)(?:no such|unknown|invalid|non-?existent) (?:user|recipient|address|mailbox|host)|(?:user|recipient|address|mailbox)[^.]{0,30}` +
		`(?:not found|unknown|does not exist|doesn't exist|unavailable|rejected)`)},
}

// statuses are the same by the enhanced status codes of RFC 3463.
var statuses = map[string]connectors.BounceWhy{"5.1.1": connectors.WhyAddress, "5.1.2": connectors.WhyAddress, "5.1.10": connectors.WhyAddress,
	"5.2.1": connectors.WhyAddress, "4.2.2": connectors.WhyFull, "5.2.2": connectors.WhyFull, "5.2.3": connectors.WhySize, "5.3.4": connectors.WhySize,
	"5.7.1": connectors.WhyPolicy, "5.7.26": connectors.WhyPolicy}

func reasonOf(status, diagnostic, text string) connectors.BounceWhy {
	for _, said := range []string{diagnostic, text} {
		for _, r := range reasons {
			if r.re.MatchString(said) {
				return r.why
			}
		}
	}
	return statuses[strings.TrimSpace(status)]
}

// bouncer are the names under which mail servers write.
func bouncer(address string) bool {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	return local == "mailer-daemon" || local == "postmaster" || local == "mail-daemon"
}

// reportFields reads the fields of a delivery report (RFC 3464): those of the
// first recipient that failed, else of the first.
func reportFields(report string) map[string]string {
	out := map[string]string{}
	unfolded := regexp.MustCompile(`\r?\n[ \t]+`).ReplaceAllString(report, " ")
	block := map[string]string{}
	take := func() {
		if block["action"] != "" && (out["action"] == "" || !strings.EqualFold(out["action"], "failed")) {
			out = block
		}
		block = map[string]string{}
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(unfolded, "\r\n", "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			take()
			continue
		}
		if k, v, ok := strings.Cut(line, ":"); ok {
			block[strings.ToLower(strings.TrimSpace(k))] = strings.TrimSpace(v)
		}
	}
	take()
	return out
}

var quotedIDRE = regexp.MustCompile(`(?i)message-id:\s*(<[^<>\s]{1,400}>)`)

// quotedID finds the id of the mail that an old-fashioned bounce quotes.
func quotedID(text string) []string {
	if m := quotedIDRE.FindStringSubmatch(text); m != nil {
		return ids(m[1])
	}
	return nil
}
