package jobs

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"helloworld/bot/store"
	"helloworld/bot/store/storetest"
)

type later struct{}

func (later) Kind() string { return "later" }

// TestTheClockIsSetBack: a job due in a moment still runs in a moment when
// somebody sets the clock back by an hour.
func TestTheClockIsSetBack(t *testing.T) {
	var shift atomic.Int64
	db := storetest.Open(t, filepath.Join(t.TempDir(), "desk.db"), store.Options{
		Now: func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }})
	e := New(db, Options{Poll: 50 * time.Millisecond})
	ran := make(chan struct{})
	Handle(e, "x", func(context.Context, Job[later]) error { close(ran); return nil })
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	defer func() { stop(); <-done }()
	<-e.started
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return Add(tx, later{}, In(400*time.Millisecond)) }); err != nil {
		t.Fatal(err)
	}
	time.Sleep(120 * time.Millisecond) // the engine has seen the old time
	shift.Store(-int64(time.Hour))
	select {
	case <-ran:
	case <-time.After(20 * time.Second):
		t.Fatal("the job waits for the old time")
	}
}
