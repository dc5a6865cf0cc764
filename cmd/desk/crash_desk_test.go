package main

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
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

// victim is the desk.
type victim struct {
	t      *testing.T
	dir    string
	config string
	env    []string
	rng    *rand.Rand
	log    *os.File
	now    *child
	kills  int
	up     bool
	// early counts the kills before the desk was ready.
	early int
}

func (d *victim) start() {
	if d.log == nil {
		f, err := os.OpenFile(filepath.Join(d.dir, "desk.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			d.t.Fatal(err)
		}
		d.log = f
		d.t.Cleanup(func() { _ = f.Close() })
	}
	d.up = false
	d.now = spawn(d.t, "desk", d.log, append(d.env, "DESK_CRASH_CONFIG="+d.config)...)
}

// ready waits until the desk has said where its console is.
func (d *victim) ready(ctx context.Context) {
	if d.up {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if _, ok := d.now.line(ctx, "Console:"); !ok {
		b, _ := os.ReadFile(d.log.Name())
		d.t.Fatalf("the desk does not come up:\n%s", b[max(0, len(b)-4000):])
	}
	d.up = true
}

// torment kills the desk at random moments: mostly a short while after it is
// ready, sometimes before.
func (d *victim) torment(ctx context.Context, kills int) {
	for d.kills < kills && ctx.Err() == nil {
		early := d.rng.IntN(8) == 0
		if !early {
			d.ready(ctx)
		}
		life := 50 + d.rng.IntN(650)
		if early {
			life = d.rng.IntN(200)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.now.done:
			d.t.Errorf("the desk ended by itself: %v", d.now.err)
			return
		case <-time.After(time.Duration(life) * time.Millisecond):
		}
		d.kill()
		d.kills++
		if early {
			d.early++
		}
		if d.kills%50 == 0 {
			d.t.Logf("… %d kills", d.kills)
		}
		d.start()
	}
	d.kill()
}

func (d *victim) kill() {
	if d.now != nil {
		d.now.kill()
		d.now = nil
	}
}

// stop ends the desk as an operator does, and waits for it.
func (d *victim) stop() {
	_ = d.now.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.now.done:
		if d.now.err != nil {
			d.t.Errorf("the desk did not end well: %v", d.now.err)
		}
	case <-time.After(30 * time.Second):
		d.t.Error("the desk does not end when it is asked to")
	}
	d.kill()
}
