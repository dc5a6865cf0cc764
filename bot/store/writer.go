package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// writer is the one goroutine that writes to SQLite.
type writer struct {
	db   *DB
	pool *sql.DB
	conn *conn
	wake chan struct{} // there may be something in queue
	done chan struct{} // the loop has ended
	self atomic.Int64  // the number of its goroutine

	mu     sync.Mutex
	queue  []*request
	closed bool

	batch []*request // of the commit in progress; only the loop's
}

type request struct {
	ctx   context.Context
	fn    func(tx *Tx) error
	tx    *Tx
	err   error
	state atomic.Int32
	done  chan struct{}
}

// The states of a request.
const (
	waiting int32 = iota
	begun
	dropped // by the one who asked
)

// patience is how long a write waits before it looks whether it waits for
// itself.
const patience = 100 * time.Millisecond

// most is how many writes share a commit, and longest is how long a commit
// waits for late ones that keep coming.
const (
	most    = 512
	longest = 10 * time.Millisecond
)

func (w *writer) do(ctx context.Context, fn func(tx *Tx) error) error {
	r := &request{ctx: ctx, fn: fn, done: make(chan struct{})}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return ErrClosed
	}
	w.queue = append(w.queue, r)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}

	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, dropped) {
			return ctx.Err()
		}
		<-r.done
	case <-timer.C:
		// A Write called from within a Write, with another context than the
		// transaction's, would wait for ever: this is the writer's own goroutine.
		if goroutine() == w.self.Load() && r.state.CompareAndSwap(waiting, dropped) {
			return ErrNested
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			if r.state.CompareAndSwap(waiting, dropped) {
				return ctx.Err()
			}
			<-r.done
		}
	}
	if r.tx != nil {
		r.tx.settle(r.err == nil)
	}
	return r.err
}

// close refuses new writes and waits for those that were accepted.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	<-w.done
}

// take returns what is waiting, without waiting itself.
func (w *writer) take() (batch []*request, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch, closed = w.queue, w.closed
	if len(batch) > most {
		w.queue = append([]*request(nil), batch[most:]...)
		return batch[:most:most], closed
	}
	w.queue = nil
	return batch, closed
}

func (w *writer) loop() {
	w.self.Store(goroutine())
	whole := false
	defer func() {
		if whole {
			close(w.done)
			return
		}
		// A function left by runtime.Goexit and took the goroutine with it.
		w.fail(errors.New("store: a transaction ended its goroutine"))
		go w.loop()
	}()
	for {
		batch, closed := w.take()
		if len(batch) > 0 {
			w.commit(batch)
			continue
		}
		if closed {
			whole = true
			return
		}
		<-w.wake
	}
}

// commit runs batch, and whatever arrives meanwhile, in one transaction.
func (w *writer) commit(batch []*request) {
	w.batch = batch
	start := time.Now()
	open := false // a transaction
	kept := 0     // writes in it
	for i := 0; i < len(w.batch); i++ {
		r := w.batch[i]
		if !r.state.CompareAndSwap(waiting, begun) {
			continue
		}
		if !open {
			if err := w.conn.exec("BEGIN IMMEDIATE"); err != nil {
				w.fail(fmt.Errorf("store: beginning a transaction: %w", err))
				return
			}
			open = true
		}
		// Without others before it, the whole transaction is its savepoint.
		alone := kept == 0
		if !alone {
			if err := w.conn.exec("SAVEPOINT one"); err != nil {
				w.fail(fmt.Errorf("store: beginning a transaction: %w", err))
				return
			}
		}
		r.tx = newTx(w.db, r.ctx)
		r.tx.conn = w.conn
		// Not the caller's context: interrupting a statement would take back
		// the writes of the others too.
		r.tx.run = context.Background()
		r.err = r.tx.call(r.fn)
		r.tx.over.Store(true)
		w.conn.tidy()
		var err error
		switch {
		case r.err == nil && alone:
			kept++
		case r.err == nil:
			kept++
			err = w.conn.exec("RELEASE one")
		case alone:
			open = false
			err = w.rollback()
		default:
			if err = w.conn.exec("ROLLBACK TO one"); err == nil {
				err = w.conn.exec("RELEASE one")
			}
		}
		if err != nil {
			// The engine took back the whole transaction, as it does when the
			// disk is full.
			w.fail(fmt.Errorf("store: the transaction was lost: %w", errors.Join(err, r.err)))
			return
		}
		if i == len(w.batch)-1 && len(w.batch) < most && time.Since(start) < longest {
			late, _ := w.take()
			w.batch = append(w.batch, late...)
		}
	}
	if open {
		if err := w.conn.exec("COMMIT"); err != nil {
			w.fail(fmt.Errorf("store: committing: %w", err))
			return
		}
	}
	w.answer(nil)
}

func (w *writer) rollback() error {
	err := w.conn.exec("ROLLBACK")
	if err != nil && strings.Contains(err.Error(), "no transaction is active") {
		return nil
	}
	return err
}

// fail takes everything back and tells everybody.
func (w *writer) fail(err error) {
	w.conn.tidy()
	if e := w.rollback(); e != nil {
		w.db.log.Error("a transaction could not be taken back", "error", e)
	}
	w.answer(err)
}

// answer ends the requests of the batch: those without an error of their own
// get err.
func (w *writer) answer(err error) {
	for _, r := range w.batch {
		if err != nil && r.err == nil {
			r.err = err
		}
		if r.tx != nil {
			r.tx.over.Store(true)
		}
		// One that nobody has begun was either dropped, or the batch failed first.
		r.state.CompareAndSwap(waiting, begun)
		close(r.done)
	}
	w.batch = nil
}

// goroutine is the number of the calling goroutine. It is asked only by a write
// that has already waited for long.
func goroutine() int64 {
	var buf [64]byte
	text := strings.TrimPrefix(string(buf[:runtime.Stack(buf[:], false)]), "goroutine ")
	id, _, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
