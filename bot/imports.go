package bot

import (
	"context"
	"errors"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// overlap is how far before the last change seen a stream is read again:
// platforms list late, and a repeated item does no harm.
const overlap = 5 * time.Minute

// bulkFrom is how many orders are worth a file that the platform prepares,
// instead of one page after another.
const bulkFrom = 10_000

// streams are what can be read of a store, the liveliest first.
func (d *Desk) streams(s *Store) []string {
	var out []string
	if _, ok := s.Orders(); ok {
		out = append(out, sync.Orders)
	}
	if _, ok := s.Inbox(); ok {
		out = append(out, sync.Messages)
	}
	if _, ok := s.Shop.(connectors.ReturnReader); ok {
		out = append(out, sync.Returns)
	}
	if _, ok := s.Shop.(connectors.CatalogReader); ok {
		out = append(out, sync.Items)
	}
	if _, ok := s.Shop.(connectors.StockReader); ok {
		out = append(out, sync.Stock)
	}
	return out
}

// main tells whether a stream is one that every store has: what is wrong with it
// is news. What is wrong with the others is seen in /health.
func mainStream(stream string) bool { return stream == sync.Orders || stream == sync.Messages }

// capOf is what an account has to be able to do for a stream to be read.
var capOf = map[string]connectors.CapName{sync.Orders: connectors.CapOrders, sync.Messages: connectors.CapInbox, sync.Returns: connectors.CapReturns,
	sync.Items: connectors.CapCatalog, sync.Stock: connectors.CapStock}

// Every is how often a stream of a store is read, as long as the platform does
// not tell by itself what is new.
func (d *Desk) Every(s *Store, stream string) time.Duration {
	every := d.Pull
	switch stream {
	case sync.Returns:
		every *= 10
	case sync.Items, sync.Stock:
		every *= 60
	}
	if p, ok := s.Shop.(connectors.Paced); ok {
		every = max(every, p.Every(stream))
	}
	return every
}

// calmer is how many times longer a stream is left alone while the platform
// tells by itself what is new. Reconciliation looks for what it forgot to tell.
const calmer = 5

// refusedRest is how many of its periods a stream rests that was refused for good.
const refusedRest = 10

// calm tells whether a regular look may be left out.
func (d *Desk) calm(tx *store.Tx, s *Store, st sync.Stream) (bool, error) {
	if st.Kind == connectors.Reauthorise.String() || st.Kind == connectors.AppBroken.String() {
		// Only a person mends it, and whoever does has it read at once.
		return tx.Now()-st.Tried.UnixMilli() < refusedRest*d.Every(s, st.Name).Milliseconds(), nil
	}
	if st.OK.IsZero() || st.Error != "" || st.Name == sync.Messages || st.Pos.Token != "" {
		return false, nil
	}
	ps, err := pushState(tx, s.ID)
	if err != nil || !ps.well(tx.Now()) {
		return false, err
	}
	return tx.Now()-st.OK.UnixMilli() < calmer*d.Every(s, st.Name).Milliseconds(), nil
}

// errLeave says that somebody else reads this stream already.
var errLeave = errors.New("bot: another reader has this stream")

// pull reads what is new in a stream.
func (d *Desk) pull(ctx context.Context, j jobs.Job[PullArgs]) error {
	s, ok := d.reach(ctx, j.Args.Store)
	if !ok {
		return nil // the store was taken out of the configuration
	}
	err := d.pullStream(ctx, s, j.Args.Stream, j.Args.Calm)
	var re *readError
	if !errors.As(err, &re) {
		return err
	}
	main := mainStream(j.Args.Stream)
	switch k := connectors.KindOf(re.err); {
	case k == connectors.Reauthorise && !main && s.lacking(ctx, capOf[j.Args.Stream]) != "":
		// The seller did not grant it. That was said when they connected, stands in
		// /health, and is no end of the access to all the rest.
		return d.DB.Write(ctx, func(tx *store.Tx) error { return sync.Failed(tx, s.ID, j.Args.Stream, re.err) })
	case main, k == connectors.Busy, k == connectors.Reauthorise, k == connectors.AppBroken, ctx.Err() != nil:
		return d.pullFailed(ctx, s, j.Args.Stream, re.err)
	default:
		d.Log.WarnContext(ctx, "a stream could not be read", "store", s.ID, "stream", j.Args.Stream, "kind", k.String(), "err", re.err)
		return d.DB.Write(ctx, func(tx *store.Tx) error { return sync.Failed(tx, s.ID, j.Args.Stream, re.err) })
	}
}

// pullStream reads a stream from where it was read up to. What the shop refused
// is a *readError.
func (d *Desk) pullStream(ctx context.Context, s *Store, stream string, calm bool) error {
	var st sync.Stream
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if st, err = sync.Get(tx, s.ID, stream); err != nil {
			return err
		}
		if calm {
			if leave, err := d.calm(tx, s, st); err != nil {
				return err
			} else if leave {
				return errLeave
			}
		}
		if st.OK.IsZero() || st.Pos.Token != "" {
			return imported(tx, s.ID, stream)
		}
		return nil
	})
	if errors.Is(err, errLeave) {
		return nil
	}
	if err != nil {
		return err
	}
	_, bulk := s.Shop.(connectors.Bulk)
	bulk = bulk && stream == sync.Orders && (st.OK.IsZero() || st.Pos.Token != "") && st.Pos.Since.IsZero()
	read, first := 0, true
	return d.read(ctx, s, stream, st.Pos, func(p page) (bool, error) {
		read += p.len()
		hand := bulk && p.more && max(read, p.total) >= bulkFrom
		err := d.DB.Write(ctx, func(tx *store.Tx) error {
			changed, err := d.keep(tx, s, p)
			if err != nil {
				return err
			}
			if err := sync.Moved(tx, s.ID, stream, p.next, changed); err != nil {
				return err
			}
			if hand {
				if err := d.beginImport(tx, s, p); err != nil {
					return err
				}
			}
			if first || !p.more {
				return d.works(tx, s.ID, stream, p.asked)
			}
			return nil
		})
		first = false
		return hand, err
	})
}

// imported refuses to read a stream beside a run that reads it from the
// beginning.
func imported(tx *store.Tx, storeID, stream string) error {
	r, err := sync.Live(tx, storeID)
	if errors.Is(err, sync.ErrNoRun) {
		return nil
	}
	if err != nil || !r.Since.IsZero() {
		return err
	}
	for _, x := range r.Streams {
		if x == stream {
			return errLeave
		}
	}
	return nil
}

// beginImport has a run read a store's orders with the file that the platform
// prepares, from where the pages have come to.
func (d *Desk) beginImport(tx *store.Tx, s *Store, p page) error {
	id, err := next(tx, "run", "S")
	if err != nil {
		return err
	}
	r, fresh, err := sync.Start(tx, sync.Run{ID: id, Store: s.ID, Streams: []string{sync.Orders}, By: string(people.Desk)})
	if err != nil || !fresh {
		return err
	}
	r.Bulk.Wanted, r.Pos, r.Total = true, p.next, int64(p.total)
	if err := r.Save(tx); err != nil {
		return err
	}
	if err := d.Audit.Append(tx, r.By, "sync.asked", "run:"+r.ID, map[string]any{"store": s.ID, "streams": r.Streams}); err != nil {
		return err
	}
	return addResync(tx, r)
}

func addResync(tx *store.Tx, r sync.Run) error {
	return jobs.Add(tx, ResyncArgs{r.ID}, jobs.Key("resync/"+r.ID), jobs.Order("resync/"+r.Store), jobs.MaxAttempts(1000))
}

// page is a page of any stream.
type page struct {
	stream   string
	rows     sync.Batch
	messages []connectors.Message
	bad      []connectors.BadItem
	next     connectors.Cursor
	more     bool
	total    int
	n        int
	// asked is when the shop was asked for it.
	asked time.Time
}

func (p page) len() int { return p.n }

// readError is what a shop answered instead of a page.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// fetched is a page on its way.
type fetched struct {
	p   page
	err error
}

// read reads a stream page after page. While one is written, the next is
// fetched already. write may end it.
func (d *Desk) read(ctx context.Context, s *Store, stream string, pos connectors.Cursor, write func(page) (over bool, err error)) error {
	ctx, stop := context.WithCancel(ctx)
	fetch := func(pos connectors.Cursor) chan fetched {
		c := make(chan fetched, 1)
		go func() {
			asked := d.Now()
			p, err := d.readPage(connectors.WithPriority(ctx, connectors.Sync), s, stream, pos)
			p.asked = asked
			c <- fetched{p, err}
		}()
		return c
	}
	resumed := pos.Token != ""
	if !resumed && !pos.Since.IsZero() {
		pos.Since = pos.Since.Add(-overlap)
	}
	coming := fetch(pos)
	defer func() {
		stop()
		if coming != nil {
			<-coming // nobody is left behind
		}
	}()
	for {
		got := <-coming
		coming = nil
		if k := connectors.KindOf(got.err); got.err != nil && resumed && (k == connectors.Invalid || k == connectors.NotFound) {
			// Page tokens live for a day or so. What was read before is only read again.
			d.Log.InfoContext(ctx, "a listing cannot be gone on with, and is read again", "store", s.ID, "stream", stream, "err", got.err)
			pos.Token, resumed = "", false
			coming = fetch(pos)
			continue
		}
		if got.err != nil {
			return &readError{got.err}
		}
		resumed = false
		p := got.p
		if p.more && p.next.Token == pos.Token && p.next.Since.Equal(pos.Since) {
			return &readError{&connectors.Error{Kind: connectors.Invalid, Platform: s.Shop.Info().Platform, Op: stream, Code: "page repeats"}}
		}
		if p.more {
			coming = fetch(p.next)
		}
		over, err := write(p)
		if err != nil || over || !p.more {
			return err
		}
		pos = p.next
	}
}

// readPage reads a page and makes it ready to be written.
func (d *Desk) readPage(ctx context.Context, s *Store, stream string, pos connectors.Cursor) (page, error) {
	if pos.Limit == 0 && stream != sync.Messages {
		pos.Limit = sync.PageSize
	}
	switch stream {
	case sync.Orders:
		if r, ok := s.Orders(); ok {
			return fill(stream, sync.OrderBatch)(r.Orders(ctx, pos))
		}
	case sync.Items:
		if r, ok := s.Shop.(connectors.CatalogReader); ok {
			return fill(stream, sync.ItemBatch)(r.Items(ctx, pos))
		}
	case sync.Stock:
		if r, ok := s.Shop.(connectors.StockReader); ok {
			return fill(stream, sync.StockBatch)(r.Stock(ctx, pos))
		}
	case sync.Returns:
		if r, ok := s.Shop.(connectors.ReturnReader); ok {
			return fill(stream, sync.ReturnBatch)(r.Returns(ctx, pos))
		}
	case sync.Messages:
		if r, ok := s.Inbox(); ok {
			p, err := r.Messages(ctx, pos)
			return page{stream: stream, messages: p.Items, bad: p.Bad, next: p.Next, more: p.More, total: p.Total, n: len(p.Items) + len(p.Bad)}, err
		}
	}
	return page{}, &connectors.Error{Kind: connectors.Unsupported, Platform: s.Shop.Info().Platform, Op: stream}
}

func fill[T any](stream string, ready func([]T) sync.Batch) func(connectors.Page[T], error) (page, error) {
	return func(p connectors.Page[T], err error) (page, error) {
		if err != nil {
			return page{}, err
		}
		return page{stream: stream, rows: ready(p.Items), bad: p.Bad, next: p.Next, more: p.More, total: p.Total, n: len(p.Items) + len(p.Bad)}, nil
	}
}

// keep writes a page down and tells how much of it was news.
func (d *Desk) keep(tx *store.Tx, s *Store, p page) (int, error) {
	for _, b := range p.bad {
		if err := sync.Quarantine(tx, s.ID, p.stream, b); err != nil {
			return 0, err
		}
	}
	if p.stream != sync.Messages {
		return p.rows.Save(tx, s.ID)
	}
	changed := 0
	var well []string
	for _, m := range p.messages {
		news, err := d.ingest(tx, s, m)
		if err != nil {
			return changed, err
		}
		if news {
			changed++
			well = append(well, m.ID)
		}
	}
	return changed, sync.Release(tx, s.ID, p.stream, well)
}
