package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func interrupted() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// child is a copy of this program in another role.
type child struct {
	cmd   *exec.Cmd
	in    io.Closer
	lines chan string
	done  chan struct{}
	err   error
}

// spawn starts a copy of this program. It ends with us, whatever becomes of us,
// since it reads the pipe that we hold.
func spawn(t *testing.T, role string, errors io.Writer, env ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(self, "-test.run", "^TestCrashChild$", "-test.timeout", "0"), lines: make(chan string, 100), done: make(chan struct{})}
	c.cmd.Env = append(append(os.Environ(), env...), roleVar+"="+role)
	c.cmd.Stderr = errors
	in, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.in = in
	go func() {
		s := bufio.NewScanner(out)
		for s.Scan() {
			select {
			case c.lines <- s.Text():
			default: // nobody listens any more
			}
		}
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c
}

// line waits for a line that begins with prefix and gives the rest of it.
func (c *child) line(ctx context.Context, prefix string) (string, bool) {
	for {
		select {
		case s := <-c.lines:
			if rest, ok := strings.CutPrefix(s, prefix); ok {
				return strings.TrimSpace(rest), true
			}
		case <-c.done:
			return "", false
		case <-ctx.Done():
			return "", false
		}
	}
}

// kill kills it as a power cut does (SIGKILL).
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
	_ = c.in.Close()
}

// replica is one process of the desk.
type replica struct {
	n      int
	config string
	log    *os.File
	now    *child
	up     bool
}

// herd is the desk: one process on SQLite, or several on one PostgreSQL.
type herd struct {
	t   *testing.T
	dir string
	// url is the PostgreSQL database; empty means SQLite.
	url string
	env []string
	rng *rand.Rand
	all []*replica

	// early counts the kills before a replica was ready, and together those at the
	// same moment as another's.
	kills, early, together int

	mu sync.Mutex
	// consoles are where replicas that are up have their console, by number; codes
	// sign in whoever uses one first.
	consoles map[int]string
	codes    []string
}

func (d *herd) start(r *replica) {
	if r.log == nil {
		f, err := os.OpenFile(filepath.Join(d.dir, fmt.Sprintf("desk%d.log", r.n)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			d.t.Fatal(err)
		}
		r.log = f
		d.t.Cleanup(func() { _ = f.Close() })
	}
	r.up = false
	r.now = spawn(d.t, "desk", r.log, append(d.env, "DESK_CRASH_CONFIG="+r.config)...)
}

func (d *herd) startAll() {
	for _, r := range d.all {
		if r.now == nil {
			d.start(r)
		}
	}
}

// ready waits until a replica has said where its console is.
func (d *herd) ready(ctx context.Context, r *replica) {
	if r.up {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	at, ok := r.now.line(ctx, "Console:")
	link, ok2 := r.now.line(ctx, "  Cara")
	if !ok || !ok2 {
		d.t.Fatalf("the desk does not come up:\n%s", endOf(r.log.Name(), 4000))
	}
	r.up = true
	d.mu.Lock()
	defer d.mu.Unlock()
	d.consoles[r.n] = at
	if _, code, ok := strings.Cut(link, "/in/"); ok {
		d.codes = append(d.codes, code)
	}
}

func endOf(file string, n int) []byte {
	b, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	return b[max(0, len(b)-n):]
}

func (d *herd) readyAll(ctx context.Context) {
	for _, r := range d.all {
		d.ready(ctx, r)
	}
}

// console is where some replica that is up has its console, and a code to sign in.
func (d *herd) console(turn int) (at, code string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.all {
		if at = d.consoles[(turn+i)%len(d.all)]; at != "" {
			break
		}
	}
	if len(d.codes) > 0 {
		code = d.codes[len(d.codes)-1]
	}
	return at, code
}

// used forgets a code.
func (d *herd) used(code string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.codes = slices.DeleteFunc(d.codes, func(c string) bool { return c == code })
}

// torment kills replicas at random moments: mostly one, a short while after it is
// ready, sometimes before; sometimes two in the same moment. Each is started again
// at once.
func (d *herd) torment(ctx context.Context, kills int) {
	for d.kills < kills && ctx.Err() == nil {
		doomed := []*replica{d.all[d.rng.IntN(len(d.all))]}
		if len(d.all) > 1 && d.kills+1 < kills && d.rng.IntN(8) == 0 {
			doomed = append(doomed, d.all[(doomed[0].n+1+d.rng.IntN(len(d.all)-1))%len(d.all)])
			d.together += 2
		}
		life := 50 + d.rng.IntN(650)
		if d.rng.IntN(8) == 0 {
			life = d.rng.IntN(200)
		} else {
			d.ready(ctx, doomed[0])
		}
		moment, cancel := context.WithTimeout(ctx, time.Duration(life)*time.Millisecond)
		if d.rng.IntN(2) == 0 {
			d.paying(moment)
		} else {
			<-moment.Done()
		}
		cancel()
		if ctx.Err() != nil {
			return
		}
		for _, r := range d.all {
			select {
			case <-r.now.done:
				d.t.Errorf("a desk ended by itself: %v\n%s", r.now.err, endOf(r.log.Name(), 2000))
				return
			default:
			}
		}
		var wait sync.WaitGroup
		for _, r := range doomed {
			if !r.up {
				d.early++
			}
			wait.Go(func() { d.kill(r) })
		}
		wait.Wait()
		for _, r := range doomed {
			d.start(r)
			if d.kills++; d.kills%50 == 0 {
				d.t.Logf("… %d kills", d.kills)
			}
		}
	}
}

// paying waits until a refund is on its way to its shop, which is when a kill tells
// most, or until ctx ends.
func (d *herd) paying(ctx context.Context) {
	for nap(ctx, 5*time.Millisecond) {
		if sent, err := d.read(`SELECT id FROM refund WHERE state = 'sent'`); err == nil && len(sent) > 0 {
			return
		}
	}
}

func (d *herd) kill(r *replica) {
	if r.now == nil {
		return
	}
	d.mu.Lock()
	delete(d.consoles, r.n)
	d.mu.Unlock()
	r.now.kill()
	r.now = nil
}

func (d *herd) killAll() {
	for _, r := range d.all {
		d.kill(r)
	}
}

// stop ends the desk as an operator does, and waits for it.
func (d *herd) stop() {
	for _, r := range d.all {
		_ = r.now.cmd.Process.Signal(syscall.SIGTERM)
	}
	late := time.After(30 * time.Second)
	for _, r := range d.all {
		select {
		case <-r.now.done:
			if r.now.err != nil {
				d.t.Errorf("the desk did not end well: %v", r.now.err)
			}
		case <-late:
			d.t.Error("the desk does not end when it is asked to")
		}
	}
	d.killAll()
}
