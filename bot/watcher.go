package bot

import (
	"context"
	"sync"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/store"
	mirror "helloworld/bot/sync"
	"helloworld/connectors"
)

const (
	// watchAgain is how long to wait before watching again after it broke off; it
	// doubles up to watchLazy.
	watchAgain = 2 * time.Second
	watchLazy  = 5 * time.Minute
	// watchLook is how often stores that were added are looked for.
	watchLook = 15 * time.Second
)

// Watch listens, until ctx ends, to every mailbox or shop that tells when there
// is something new, and has it read then. Nothing depends on it: what is missed
// is found by the next regular look.
func (d *Desk) Watch(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	here := map[string]bool{}
	look := time.NewTicker(watchLook)
	defer look.Stop()
	for {
		for _, s := range d.shelf.all() {
			w, ok := s.watcher()
			if !ok || here[s.ID] {
				continue
			}
			here[s.ID] = true
			all.Go(func() { d.watch(ctx, s, w) })
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

// watcher is what tells of a store's new messages, if anything does.
func (s *Store) watcher() (connectors.Watcher, bool) {
	if w, ok := s.Shop.(connectors.Watcher); ok {
		return w, true
	}
	w, ok := s.Mail.(connectors.Watcher)
	return w, ok
}

func (d *Desk) watch(ctx context.Context, s *Store, w connectors.Watcher) {
	for wait := watchAgain; ; wait = min(2*wait, watchLazy) {
		began := d.Now()
		err := w.Watch(ctx, func() { d.pullSoon(ctx, s) })
		if ctx.Err() != nil {
			return
		}
		if connectors.KindOf(err) == connectors.Unsupported {
			d.Log.InfoContext(ctx, "new messages are not announced; they are asked for", "store", s.ID, "err", err)
			return
		}
		if d.Now().Sub(began) > watchLazy {
			wait = watchAgain
		}
		d.Log.DebugContext(ctx, "listening for new messages broke off", "store", s.ID, "wait", wait, "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// pullSoon has a store's messages read now.
func (d *Desk) pullSoon(ctx context.Context, s *Store) {
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		return jobs.Add(tx, PullArgs{Store: s.ID, Stream: mirror.Messages}, jobs.Key("pull/"+s.ID+"/"+mirror.Messages))
	})
	if err != nil && ctx.Err() == nil {
		d.Log.WarnContext(ctx, "a look at new messages could not be written down", "store", s.ID, "err", err)
	}
}
