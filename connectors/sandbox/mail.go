package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Mail is the world's mail: one SMTP server to which the shops give what they
// write to buyers, and one IMAP server with the shops' mailboxes (INBOX, Sent).
type Mail struct {
	// SMTPAddr and IMAPAddr are where the servers listen.
	SMTPAddr, IMAPAddr string

	w    *World
	smtp *smtp.Server
	imap *imapserver.Server
	ls   [2]net.Listener
	stop func() bool
	wg   sync.WaitGroup
	once sync.Once
	err  error
}

// inMail is a mail for a shop.
type inMail struct {
	raw []byte
	at  time.Time
}

// room is where the shops' mail lies, whether or not servers run. Its lock is
// taken last of all.
type room struct {
	mu         sync.Mutex
	mails      map[string][]inMail
	generation int
	mail       *Mail // nil while no servers run
	mem        *imapmemserver.Server
	boxes      map[string]*imapmemserver.User
	// filed are the mails in each Sent, by store and Message-ID.
	filed map[[2]string]*imap.AppendData
}

// StartMail starts the mail servers. Addresses like "127.0.0.1:0" choose a free
// port. The servers stop when ctx ends or with [Mail.Close].
func (w *World) StartMail(ctx context.Context, smtpAddr, imapAddr string) (*Mail, error) {
	x := &Mail{w: w}
	sl, err := net.Listen("tcp", smtpAddr)
	if err != nil {
		return nil, fmt.Errorf("sandbox: SMTP: %w", err)
	}
	il, err := net.Listen("tcp", imapAddr)
	if err != nil {
		_ = sl.Close()
		return nil, fmt.Errorf("sandbox: IMAP: %w", err)
	}
	x.ls = [2]net.Listener{sl, il}
	x.SMTPAddr, x.IMAPAddr = sl.Addr().String(), il.Addr().String()

	x.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &sending{w: w, conn: c}, nil }))
	x.smtp.Domain = "mail.sandbox.example"
	x.smtp.AllowInsecureAuth = true // on loopback, between a sandbox and its guest
	x.smtp.MaxMessageBytes = 16 << 20
	x.smtp.MaxRecipients = 20
	x.smtp.ReadTimeout, x.smtp.WriteTimeout = 5*time.Minute, time.Minute
	x.smtp.ErrorLog = mailLog{w.log}
	x.imap = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			s, err := x.reader()
			return s, nil, err
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}},
		InsecureAuth: true,
		Logger:       mailLog{w.log},
	})

	w.room.mu.Lock()
	if w.room.mail != nil {
		w.room.mu.Unlock()
		return nil, errors.Join(errors.New("sandbox: the mail servers run already"), sl.Close(), il.Close())
	}
	w.room.mail = x
	w.furnish()
	w.room.mu.Unlock()

	x.wg.Go(func() { x.ended("SMTP", x.smtp.Serve(sl)) })
	x.wg.Go(func() { x.ended("IMAP", x.imap.Serve(il)) })
	x.stop = context.AfterFunc(ctx, func() { x.close() })
	return x, nil
}

// ended tells when a server stopped although nobody asked it to.
func (x *Mail) ended(what string, err error) {
	if err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		x.w.log.Error("a mail server stopped", "server", what, "err", err)
	}
}

// Close stops the servers and their connections.
func (x *Mail) Close() error {
	x.stop()
	x.close()
	x.wg.Wait()
	return x.err
}

func (x *Mail) close() {
	x.once.Do(func() {
		x.w.room.mu.Lock()
		x.w.room.mail, x.w.room.mem, x.w.room.boxes = nil, nil, nil
		x.w.room.mu.Unlock()
		x.err = errors.Join(x.smtp.Close(), x.imap.Close())
		for _, l := range x.ls { // a server that had not begun yet does not know its own
			_ = l.Close()
		}
	})
}

type mailLog struct{ log *slog.Logger }

// Printf and Println take what the libraries say. Mostly that a client went away,
// which is no news; a defect of theirs is.
func (l mailLog) Printf(format string, v ...any) { l.say(fmt.Sprintf(format, v...)) }
func (l mailLog) Println(v ...any)               { l.say(fmt.Sprint(v...)) }

func (l mailLog) say(text string) {
	if strings.Contains(text, "panic") {
		l.log.Error("a mail server stumbled", "err", text)
		return
	}
	l.log.Debug("mail", "said", text)
}

// furnish makes the mailboxes anew, with the mail there is. They get a new
// UIDVALIDITY each time, so that nobody takes them for the old ones. The caller
// holds the room's lock.
func (w *World) furnish() {
	r := &w.room
	if r.mail == nil {
		return
	}
	if r.generation == 0 {
		r.generation = int(w.now().Unix() % 20000)
	}
	r.generation += 2
	r.mem, r.boxes, r.filed = imapmemserver.New(), map[string]*imapmemserver.User{}, map[[2]string]*imap.AppendData{}
	for _, spec := range w.specs {
		u := imapmemserver.NewUser(spec.address(), mailPassword)
		// The library counts UIDVALIDITY up with every mailbox a user makes.
		for range r.generation {
			if u.Create("spare", nil) != nil || u.Delete("spare") != nil {
				break
			}
		}
		for _, box := range []string{"INBOX", "Sent"} {
			if err := u.Create(box, nil); err != nil {
				w.log.Error("a mailbox could not be made", "store", spec.Name, "box", box, "err", err)
			}
		}
		r.mem.AddUser(u)
		r.boxes[spec.Name] = u
		for _, in := range r.mails[spec.Name] {
			w.put(u, in)
		}
	}
}

func (w *World) put(u *imapmemserver.User, in inMail) {
	if _, err := u.Append("INBOX", bytes.NewReader(in.raw), &imap.AppendOptions{Time: in.at}); err != nil {
		w.log.Error("a mail could not be delivered", "err", err)
	}
}

// deliver puts a mail into a shop's INBOX, now or when the servers start.
func (s *store) deliver(raw []byte, at time.Time) {
	r := &s.w.room
	r.mu.Lock()
	defer r.mu.Unlock()
	in := inMail{raw, at}
	r.mails[s.Name] = append(r.mails[s.Name], in)
	if u := r.boxes[s.Name]; u != nil {
		s.w.put(u, in)
	}
}

// file puts a copy of what a shop sent into its Sent, once for each Message-ID.
// Many mail hosts do so by themselves, and it is the only place where a shop can
// look whether a mail went out whose answer it never heard.
func (w *World) file(store, id string, raw []byte, o *imap.AppendOptions) (*imap.AppendData, error) {
	r := &w.room
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.boxes[store]
	if u == nil {
		return nil, errors.New("the mail servers are stopping")
	}
	at := [2]string{store, id}
	if there := r.filed[at]; there != nil && id != "" {
		return there, nil
	}
	done, err := u.Append("Sent", bytes.NewReader(raw), o)
	if err == nil {
		r.filed[at] = done
	}
	return done, err
}

// reading is a shop that reads its mail, and may be told that it cannot.
type reading struct {
	imapserver.SessionIMAP4rev2
	x     *Mail
	store string
}

// Append files a copy. One that the server filed already is not filed again.
func (r *reading) Append(box string, lit imap.LiteralReader, o *imap.AppendOptions) (*imap.AppendData, error) {
	if box != "Sent" || r.store == "" {
		return r.SessionIMAP4rev2.Append(box, lit, o)
	}
	raw, err := io.ReadAll(lit)
	if err != nil {
		return nil, err
	}
	return r.x.w.file(r.store, readMail(raw).id, raw, o)
}

func (x *Mail) reader() (imapserver.Session, error) {
	x.w.room.mu.Lock()
	defer x.w.room.mu.Unlock()
	if x.w.room.mem == nil {
		return nil, errors.New("the mail servers are stopping")
	}
	s, ok := x.w.room.mem.NewSession().(imapserver.SessionIMAP4rev2)
	if !ok {
		return nil, errors.New("the mailboxes are not what they were")
	}
	return &reading{SessionIMAP4rev2: s, x: x}, nil
}

// Login fails in the platform's stead when a fault "imap" is due.
func (r *reading) Login(user, password string) error {
	for _, s := range r.x.w.all() {
		if s.address() != user {
			continue
		}
		r.store = s.Name
		r.x.w.count(s.Name, "imap")
		if kind := s.faults.take("imap"); kind != "" && kind != Slow {
			return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeUnavailable, Text: "The mailbox is not available at the moment"}
		}
	}
	return r.SessionIMAP4rev2.Login(user, password)
}

// sending is a shop that gives mail away.
type sending struct {
	w    *World
	conn *smtp.Conn
	s    *store
	from string
	to   []string
}

// AuthMechanisms are the ways to sign in.
func (*sending) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth signs a shop in.
func (c *sending) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		for _, s := range c.w.all() {
			if s.address() == user && password == mailPassword {
				c.s = s
				return nil
			}
		}
		return smtp.ErrAuthFailed
	}), nil
}

// Mail names the sender.
func (c *sending) Mail(from string, _ *smtp.MailOptions) error {
	if c.s == nil {
		return smtp.ErrAuthRequired
	}
	c.from = strings.ToLower(from)
	return nil
}

// Rcpt names a recipient, who must live in this world.
func (c *sending) Rcpt(to string, _ *smtp.RcptOptions) error {
	to = strings.ToLower(to)
	c.s.mu.Lock()
	b := c.s.buyerByMail(to)
	c.s.mu.Unlock()
	if b == nil && to != c.s.address() && !strings.HasSuffix(to, "@"+aliases) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "There is no such mailbox here"}
	}
	c.to = append(c.to, to)
	return nil
}

// Reset forgets the mail that was begun.
func (c *sending) Reset() { c.from, c.to = "", nil }

// Logout says goodbye.
func (c *sending) Logout() error { return nil }

func (s *store) buyerByMail(address string) *buyer {
	for _, b := range s.buyers {
		if strings.EqualFold(b.email, address) {
			return b
		}
	}
	// The others' addresses say who they are.
	name, _, _ := strings.Cut(strings.ToLower(address), "@")
	if s.Platform == Amazon {
		name = strings.ToLower(address)
	}
	if k := strings.LastIndexByte(name, '_'); k >= 0 && (s.Platform == Shopify || s.Platform == Woo) {
		n, err := strconv.ParseInt(name[k+1:], 10, 64)
		if err != nil {
			return nil
		}
		name = strconv.FormatInt(firstBuyer+n-100, 10)
	}
	if b := s.buyer(name); b != nil && strings.EqualFold(b.email, address) {
		return b
	}
	return nil
}

// Approve says whose mail Amazon's relay passes on to buyers. Without a word of
// it that is the shop's own address only; everybody else gets a bounce.
func (w *World) Approve(store, sender string, ok bool) error {
	s, err := w.store(store)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.senders[strings.ToLower(sender)] = ok
	return nil
}

func (s *store) approved(sender string) bool {
	if ok, said := s.senders[sender]; said {
		return ok
	}
	return sender == s.address()
}
