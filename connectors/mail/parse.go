package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/charset"
	"github.com/emersion/go-message/mail"
	"golang.org/x/text/width"

	"helloworld/connectors"
)

// Bounds on one mail, so that a mail made to hurt costs little.
const (
	maxDepth  = 12
	maxParts  = 200
	maxText   = 1 << 20
	maxHeader = 256 << 10
	maxIDs    = 100
)

// letter is a mail taken apart.
type letter struct {
	id         string
	inReplyTo  []string
	references []string
	from       netmail.Address
	replyTo    netmail.Address
	// buyer is the side that is not the shop, as far as one mail can tell.
	buyer   netmail.Address
	to      []netmail.Address
	subject string
	date    time.Time
	// text is what was written, all that and what was quoted below it.
	text, all string
	files     []connectors.Attachment
	// auto: a machine wrote it.
	auto bool
	// bounced: it says that a mail did not arrive; about is that mail's id.
	bounced                        bool
	why                            connectors.BounceWhy
	about, aboutFrom, aboutSubject string
	aboutTo                        string
	aboutRefs                      []string
}

// errNotMail is what cannot be read as a mail at all.
var errNotMail = errors.New("not a mail")

// parse takes a mail apart. It reads whatever can be read: an unknown character
// set or a broken part costs that part, not the mail.
func parse(raw []byte, maxFile int64) (*letter, error) {
	e, err := message.ReadWithOptions(bytes.NewReader(raw), &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if e == nil {
		return nil, fmt.Errorf("%w: %w", errNotMail, err)
	}
	h := mail.Header{Header: e.Header}
	if h.Fields().Len() == 0 {
		return nil, fmt.Errorf("%w: it has no header", errNotMail)
	}
	l := &letter{
		inReplyTo: ids(h.Get("In-Reply-To")), references: ids(h.Get("References")),
		from: first(&h, "From"), replyTo: first(&h, "Reply-To"),
	}
	l.id = firstOf(ids(h.Get("Message-Id")))
	if l.id == "" {
		// Without an id of its own the mail's bytes are its name.
		sum := sha256.Sum256(raw)
		l.id = "sha256-" + hex.EncodeToString(sum[:16])
	}
	for _, k := range []string{"To", "Cc", "Delivered-To", "X-Original-To"} {
		l.to = append(l.to, addresses(&h, k)...)
	}
	l.subject = clean(decoded(h.Header, "Subject"))
	if t, err := h.Date(); err == nil {
		l.date = t
	}
	l.auto = automatic(&h)
	l.buyer = l.from
	if l.replyTo.Address != "" {
		l.buyer = l.replyTo
		if l.buyer.Name == "" {
			l.buyer.Name = l.from.Name
		}
	}
	w := &walker{maxFile: maxFile}
	w.walk(e, 0)
	l.files = w.files
	l.setText(w)
	l.bounce(&h, w)
	return l, nil
}

// setText chooses between the plain and the marked-up version, and folds the quotes.
func (l *letter) setText(w *walker) {
	plain, markup := strings.Join(w.plain, "\n"), strings.Join(w.html, "\n")
	l.all = plain
	if strings.TrimSpace(plain) == "" {
		l.all = markup
	}
	l.all = normalise(l.all)
	text := l.all
	if strings.HasPrefix(strings.ToLower(domainOf(l.from.Address)), "marketplace.amazon.") {
		text = between(text)
	}
	l.text = fold(text)
}

// walker gathers the parts of a mail.
type walker struct {
	maxFile     int64
	plain, html []string
	files       []connectors.Attachment
	report      []byte
	original    *mail.Header
	parts       int
}

func (w *walker) walk(e *message.Entity, depth int) {
	if w.parts++; w.parts > maxParts || depth > maxDepth {
		return
	}
	kind, params, err := e.Header.ContentType()
	if err != nil {
		kind, params = "text/plain", nil
	}
	kind = strings.ToLower(kind)
	disp, dparams, _ := e.Header.ContentDisposition()
	if mr := e.MultipartReader(); mr != nil {
		if kind == "multipart/alternative" {
			w.alternative(mr, depth)
			return
		}
		for {
			p, err := mr.NextPart()
			if p == nil {
				return
			}
			_ = err // an unknown character set: the bytes are still worth having
			w.walk(p, depth+1)
			if w.parts > maxParts {
				return
			}
		}
	}
	name := decodeWords(dparams["filename"])
	if name == "" {
		name = decodeWords(params["name"])
	}
	attached := strings.EqualFold(disp, "attachment") || name != ""
	switch {
	case kind == "message/delivery-status" || kind == "message/global-delivery-status":
		w.report = readMax(e.Body, maxText)
	case (kind == "message/rfc822" || kind == "message/global" || kind == "text/rfc822-headers" ||
		kind == "message/global-headers") && w.report != nil:
		if o, _ := message.ReadWithOptions(io.LimitReader(e.Body, maxText), &message.ReadOptions{MaxHeaderBytes: maxHeader}); o != nil {
			w.original = &mail.Header{Header: o.Header}
		}
	case !attached && kind == "text/plain":
		s := utf(readMax(e.Body, maxText))
		if strings.EqualFold(params["format"], "flowed") {
			s = unflow(s, strings.EqualFold(params["delsp"], "yes"))
		}
		w.plain = append(w.plain, s)
	case !attached && kind == "text/html":
		w.html = append(w.html, htmlText(readMax(e.Body, maxText)))
	default:
		w.file(e.Body, name, kind)
	}
}

// alternative takes the plain version of a text if it says anything, else the
// marked-up one: the same words twice help nobody.
func (w *walker) alternative(mr message.MultipartReader, depth int) {
	sub := &walker{maxFile: w.maxFile, parts: w.parts}
	for {
		p, _ := mr.NextPart()
		if p == nil {
			break
		}
		sub.walk(p, depth+1)
		if sub.parts > maxParts {
			break
		}
	}
	w.parts = sub.parts
	w.files = append(w.files, sub.files...)
	if strings.TrimSpace(strings.Join(sub.plain, "")) != "" {
		w.plain = append(w.plain, sub.plain...)
	} else if len(sub.html) > 0 {
		// It stands where the plain text would have stood.
		w.plain = append(w.plain, sub.html...)
	}
	if w.report == nil {
		w.report = sub.report
	}
	if w.original == nil {
		w.original = sub.original
	}
}

func (w *walker) file(body io.Reader, name, kind string) {
	data := readMax(body, w.maxFile+1)
	f := connectors.Attachment{Name: fileName(name, kind), MIME: kind, Size: int64(len(data)), Data: data}
	if f.Size > w.maxFile {
		// Too large to keep: the size is counted to the end, the bytes are not held.
		n, _ := io.Copy(io.Discard, body)
		f.Size, f.Data = f.Size+n, nil
	}
	if f.Size > 0 {
		w.files = append(w.files, f)
	}
}

// readMax reads at most n bytes and forgives a broken end.
func readMax(r io.Reader, n int64) []byte {
	b, _ := io.ReadAll(io.LimitReader(r, n))
	return b
}

// utf makes bytes of whatever origin readable: a mail that does not say its
// character set, or lies about it, is most often Windows-1252.
func utf(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	if r, err := charset.Reader("windows-1252", bytes.NewReader(b)); err == nil {
		if s, err := io.ReadAll(r); err == nil {
			return string(s)
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// fileName takes a sender's name for a file as a name and nothing else.
func fileName(name, kind string) string {
	name = strings.ReplaceAll(clean(name), "\\", "/")
	if _, base, ok := lastCut(name, "/"); ok {
		name = base
	}
	if r := []rune(name); len(r) > 120 {
		name = string(r[:60]) + "…" + string(r[len(r)-59:])
	}
	if strings.Trim(name, ". ") == "" {
		name = "file"
		if ext, _ := mime.ExtensionsByType(kind); len(ext) > 0 {
			name += ext[0]
		}
	}
	return name
}

// clean takes control characters and line ends out of a header's text.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', bidi(r):
			return -1
		}
		return r
	}, utf([]byte(s))))
}

// bidi characters turn "exe.gpj" round; in a name they only mislead.
func bidi(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' || r == '\u200E' || r == '\u200F'
}

func decoded(h message.Header, key string) string {
	s, err := h.Text(key)
	if err != nil {
		s = h.Get(key)
	}
	return s
}

func decodeWords(s string) string {
	if s == "" {
		return ""
	}
	d := mime.WordDecoder{CharsetReader: charset.Reader}
	if out, err := d.DecodeHeader(s); err == nil {
		return out
	}
	return s
}

var idRE = regexp.MustCompile(`<\s*([^<>\s]{1,400})\s*>`)

// ids reads message ids, of which real headers hold the strangest.
func ids(s string) []string {
	var out []string
	for _, m := range idRE.FindAllStringSubmatch(s, maxIDs) {
		out = append(out, m[1])
	}
	if len(out) == 0 {
		if s = strings.TrimSpace(s); s != "" && strings.Contains(s, "@") && !strings.ContainsAny(s, " <>\t\r\n") && len(s) < 400 {
			out = append(out, s)
		}
	}
	return out
}

func firstOf(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

func first(h *mail.Header, key string) netmail.Address {
	if a := addresses(h, key); len(a) > 0 {
		return a[0]
	}
	return netmail.Address{}
}

var looseAddress = regexp.MustCompile(`[^\s<>()",;:]+@[^\s<>()",;:]+`)

// addresses reads a header's addresses; when the header is not well formed it
// takes what looks like one, since the answer has to go somewhere.
func addresses(h *mail.Header, key string) []netmail.Address {
	var out []netmail.Address
	list, err := h.AddressList(key)
	if err == nil {
		for _, a := range list {
			out = append(out, netmail.Address{Name: clean(decodeWords(a.Name)), Address: clean(a.Address)})
		}
		return out
	}
	for _, a := range looseAddress.FindAllString(h.Get(key), maxIDs) {
		out = append(out, netmail.Address{Address: clean(a)})
	}
	return out
}

// automatic tells whether a machine wrote this: it must not be answered by one.
func automatic(h *mail.Header) bool {
	if s := strings.ToLower(strings.TrimSpace(h.Get("Auto-Submitted"))); s != "" && !strings.HasPrefix(s, "no") {
		return true
	}
	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "bulk", "junk", "list", "auto_reply":
		return true
	}
	if s := strings.ToLower(strings.TrimSpace(h.Get("X-Auto-Response-Suppress"))); s == "all" {
		return true
	}
	return h.Get("X-Autoreply") != "" || h.Get("X-Autorespond") != "" || h.Get("List-Unsubscribe") != ""
}

var (
	amazonOrder  = regexp.MustCompile(`\b\d{3}-\d{7}-\d{7}\b`)
	ebayOrder    = regexp.MustCompile(`\b\d{2}-\d{5}-\d{5}\b`)
	shopifyOrder = regexp.MustCompile(`(?:^|[^\w&#/])(#\d{3,10})\b`)
)

// orderIn finds an order's number. Full-width digits are digits.
func orderIn(texts ...string) string {
	for _, s := range texts {
		s = strings.NewReplacer("＃", "#", "－", "-", "‐", "-", "‑", "-", "–", "-").Replace(width.Narrow.String(s))
		if o := amazonOrder.FindString(s); o != "" {
			return o
		}
		if o := ebayOrder.FindString(s); o != "" {
			return o
		}
		if m := shopifyOrder.FindStringSubmatch(s); m != nil {
			return m[1]
		}
	}
	return ""
}
