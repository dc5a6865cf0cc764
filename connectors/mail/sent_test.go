package mail

import (
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/connectors"
)

// clock is a clock that is turned by hand.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// TestLostAnswerIsDecided cuts the line at the final dot, with the mail taken or
// not, and asks what became of it: at once, later, and after a restart.
func TestLostAnswerIsDecided(t *testing.T) {
	t.Parallel()
	keeps := func(c *Config) { c.Keeps = true }
	self := func(c *Config) { c.CopyToSelf = true }
	for name, tt := range map[string]struct {
		how   func(*Config)
		taken bool
		// first is what is known at once, last what is known in the end.
		first, last connectors.State
	}{
		"kept, taken":     {keeps, true, connectors.StateApplied, connectors.StateApplied},
		"kept, not taken": {keeps, false, connectors.StateUnknown, connectors.StateAbsent},
		"self, taken":     {self, true, connectors.StateApplied, connectors.StateApplied},
		"self, not taken": {self, false, connectors.StateUnknown, connectors.StateAbsent},
		"neither, taken":  {func(*Config) {}, true, connectors.StateUnknown, connectors.StateUnknown},
		"neither, not":    {func(*Config) {}, false, connectors.StateUnknown, connectors.StateUnknown},
	} {
		for _, restart := range []bool{false, true} {
			n := name
			if restart {
				n += ", restarted"
			}
			t.Run(n, func(t *testing.T) {
				t.Parallel()
				p, at := newPost(t), newClock()
				p.keeps, p.lost = strings.HasPrefix(name, "kept"), !tt.taken
				p.cut = func() {}
				with := func(c *Config) { c.Now = at.now }
				m := p.mailbox(tt.how, with)
				o := answer("k")
				o.Asked = at.now()
				if r, err := m.Send(ctx(t), o); err == nil || connectors.KindOf(err) != connectors.Unsure || r.State != connectors.StateUnknown {
					t.Fatalf("the line was cut, but: %+v %v", r, err)
				}
				if restart {
					at.turn(time.Minute)
					m = p.mailbox(tt.how, with)
				}
				r, err := m.SendState(ctx(t), o)
				if err != nil || r.State != tt.first {
					t.Fatalf("at once: %+v %v, want %s", r, err, tt.first)
				}
				if r.State == connectors.StateUnknown && r.After <= 0 {
					t.Errorf("unknown, and no word of when to look again")
				}
				at.turn(119 * time.Second)
				if r, err := m.SendState(ctx(t), o); err != nil || r.State != tt.first {
					t.Errorf("within the time: %+v %v, want %s", r, err, tt.first)
				}
				at.turn(2 * time.Second)
				if r, err := m.SendState(ctx(t), o); err != nil || r.State != tt.last {
					t.Errorf("in the end: %+v %v, want %s", r, err, tt.last)
				}
			})
		}
	}
}

// TestKeepsLaysNoCopy: the server's copy is the only one.
func TestKeepsLaysNoCopy(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.keeps = true
	m := p.mailbox(func(c *Config) { c.Keeps = true })
	if _, err := m.Send(ctx(t), answer("k")); err != nil {
		t.Fatal(err)
	}
	if n := p.count("Sent"); n != 1 {
		t.Errorf("%d copies in Sent", n)
	}
	if n := len(p.outbox()); n != 1 {
		t.Errorf("%d mails went out", n)
	}
	// A folder that is not there is no witness.
	m = p.mailbox(func(c *Config) { c.Keeps, c.Sent, c.Settle = true, "Elsewhere", time.Nanosecond })
	if r, err := m.SendState(ctx(t), answer("other")); err != nil || r.State != connectors.StateUnknown {
		t.Errorf("no folder to look in, but: %+v %v", r, err)
	}
	if _, err := New(Config{IMAPAddr: "localhost:1", TLS: TLSNone, Keeps: true, Sent: "-"}); err == nil {
		t.Error("copies that are kept nowhere were believed in")
	}
}

// TestCopyToSelf: the shop's own copy comes in as the shop's own message, with
// its key, and without it the mail does not go.
func TestCopyToSelf(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := p.mailbox(func(c *Config) { c.CopyToSelf = true })
	if _, err := m.Send(ctx(t), answer("k")); err != nil {
		t.Fatal(err)
	}
	out := p.outbox()
	if len(out) != 1 || out[0].to != "b1@example.org shop@example.com" || strings.Contains(out[0].raw, "Bcc") {
		t.Fatalf("sent: %+v", out)
	}
	page, err := m.Messages(ctx(t), connectors.Cursor{})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%+v %v", page.Items, err)
	}
	if it := page.Items[0]; !it.FromShop || it.Key != "k" || it.Buyer.Email != "b1@example.org" {
		t.Errorf("our own copy: %+v", it)
	}
	p.mu.Lock()
	p.rcptFor = map[string]error{"shop@example.com": newSMTPError(550, "not to yourself")}
	p.mu.Unlock()
	if r, err := m.Send(ctx(t), answer("k2")); connectors.KindOf(err) != connectors.AppBroken || r.State != connectors.StateAbsent {
		t.Errorf("without its witness: %+v %v", r, err)
	}
	if n := len(p.outbox()); n != 1 {
		t.Errorf("a mail went without its witness: %d", n)
	}
}

func TestWitnessOptions(t *testing.T) {
	t.Parallel()
	o := func(name, value string) connectors.Config {
		return connectors.Config{Options: map[string]string{"imap": "localhost:1", "tls": "none", name: value}}
	}
	for _, name := range []string{"keeps", "copy_to_self"} {
		for value, want := range map[string]bool{"yes": true, "true": true, "no": false, "": false} {
			m, err := fromConfig(o(name, value))
			if err != nil {
				t.Fatal(err)
			}
			if got := map[string]bool{"keeps": m.c.Keeps, "copy_to_self": m.c.CopyToSelf}[name]; got != want {
				t.Errorf("%s = %q: %t", name, value, got)
			}
		}
		if c, err := Plugin.New(o(name, "perhaps")); err == nil || c != nil {
			t.Errorf("%s = perhaps: %v %v", name, c, err)
		}
	}
}
