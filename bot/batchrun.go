package bot

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// BatchRunArgs is an approved chunk being carried out.
type BatchRunArgs struct {
	Batch string `json:"batch"`
	Chunk int    `json:"chunk"`
}

// Kind names the job.
func (BatchRunArgs) Kind() string { return "batch_run" }

// chunkRun is what a step of a chunk is decided by.
type chunkRun struct {
	batch Batch
	chunk Chunk
	// row is the next one, and refund what became of it; left is false when there is
	// none.
	row    BatchRow
	refund Payback
	left   bool
}

// batchRun carries an approved chunk out, one row after another. Each row is a
// refund with a job of its own, which alone talks to the shop about money; this one
// only lets it go, and waits. So it may be killed anywhere and begin again.
func (d *Desk) batchRun(ctx context.Context, j jobs.Job[BatchRunArgs]) error {
	for {
		var x chunkRun
		err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			x, err = d.chunkRun(tx, j.Args)
			return err
		})
		if err != nil {
			return err
		}
		if x.batch.State != BatchAsked || x.chunk.State != ChunkRunning {
			return nil // whoever resumes it adds the job again
		}
		if !x.left {
			return d.DB.Write(ctx, func(tx *store.Tx) error {
				if err := j.Done(tx); err != nil {
					return err
				}
				if err := d.chunkOver(tx, x.chunk, ChunkDone, RefundFailed, ""); err != nil {
					return err
				}
				return d.paintChunk(tx, x.chunk)
			})
		}
		switch r := x.refund; r.State {
		case RefundConfirmed:
			err := d.DB.Write(ctx, func(tx *store.Tx) error {
				if err := pass(tx, x.chunk, x.row.N); err != nil {
					return err
				}
				return d.paintChunk(tx, x.chunk)
			})
			if err != nil {
				return err
			}
			continue
		case RefundAsked:
			return d.batchSend(ctx, j, x)
		case RefundSent, RefundAccepted:
			return jobs.Snooze(d.nextLook(r))
		case RefundApproved:
			if slices.Contains(shopTrouble, r.Error) && x.chunk.Await != x.row.N {
				return d.batchStops(ctx, j, x, inWords(func(p *i18n.Printer) string { return p.T("batch.trouble", "why", whyText(p, r.Error)) }))
			}
			return jobs.Snooze(d.nextLook(r))
		case RefundUnknown:
			if x.chunk.Await == x.row.N && r.Error != askPerson {
				return jobs.Snooze(d.nextLook(r))
			}
			return d.batchStops(ctx, j, x, inWords(func(p *i18n.Printer) string { return p.T("batch.unknown") }))
		default:
			return d.batchStops(ctx, j, x, inWords(func(p *i18n.Printer) string { return p.T("batch.refused", "why", whyText(p, r.Error)) }))
		}
	}
}

// shopTrouble is what an approved refund waits for that does not pass by itself.
var shopTrouble = []string{connectors.Down.String(), connectors.Reauthorise.String(), connectors.AppBroken.String()}

// nextLook is how long to wait before it is looked what became of a refund: it is
// mostly done at once, or takes a good while.
func (d *Desk) nextLook(r Payback) time.Duration {
	return min(max(d.Now().Sub(r.Updated)/4, 100*time.Millisecond), 15*time.Second)
}

func (d *Desk) chunkRun(tx *store.Tx, a BatchRunArgs) (x chunkRun, err error) {
	if x.batch, err = getBatch(tx, a.Batch); err != nil {
		return x, err
	}
	if x.chunk, err = getChunk(tx, a.Batch, a.Chunk); err != nil {
		return x, err
	}
	rows, err := rowsIn(tx, a.Batch, a.Chunk)
	if err != nil {
		return x, err
	}
	i := slices.IndexFunc(rows, func(r BatchRow) bool { return !r.Past })
	if i < 0 {
		return x, nil
	}
	x.row, x.left = rows[i], true
	x.refund, err = d.GetRefund(tx, x.row.Refund)
	return x, err
}

func pass(tx *store.Tx, c Chunk, n int) error {
	_, err := tx.Exec(`UPDATE batch_row SET past = 1 WHERE batch = ? AND n = ?`, c.Batch, n)
	return err
}

// batchSend lets a row's refund go, after a last look at what was approved.
func (d *Desk) batchSend(ctx context.Context, j jobs.Job[BatchRunArgs], x chunkRun) error {
	r := x.refund
	s, ok := d.reach(ctx, r.Store)
	if !ok {
		return d.batchStops(ctx, j, x, inWords(func(p *i18n.Printer) string { return p.T("batch.store_gone", "store", r.Store) }))
	}
	q, err := d.QuoteFor(ctx, s, r.Order)
	if err == nil {
		_, err = d.stillGood(ctx, r, q)
	}
	if err != nil && connectors.KindOf(err) == connectors.Busy && isShops(err) {
		return jobs.Snooze(max(connectors.RetryAfterOf(err), time.Second))
	}
	if words, said := WordsOf(err); err != nil && said && ctx.Err() == nil {
		return d.batchStops(ctx, j, x, words)
	}
	if err != nil {
		return err
	}
	if d.refundFacts(r.Store, r.Body, q.Order) != r.Facts {
		return d.batchStops(ctx, j, x, inWords(func(p *i18n.Printer) string { return p.T("batch.facts_changed") }))
	}
	if err := d.DB.Write(ctx, func(tx *store.Tx) error {
		now, err := d.chunkRun(tx, j.Args)
		if err != nil || now.batch.State != BatchAsked || now.chunk.State != ChunkRunning || !now.left || now.refund.ID != r.ID || now.refund.State != RefundAsked {
			return err // somebody stopped it meanwhile
		}
		if err := d.refundTo(tx, r.ID, RefundApproved, "", nil); err != nil {
			return err
		}
		if err := d.Audit.Append(tx, string(people.Desk), "refund.approved", "refund:"+r.ID, map[string]any{
			"key": r.Key, "batch": x.chunk.ID(), "approval": r.Approval, "facts": r.Facts}); err != nil {
			return err
		}
		if err := jobs.Add(tx, PayArgs{r.ID, r.Body.Cmd}, jobs.Key("pay/"+r.Key), jobs.Lane(LaneMoney), jobs.Order("pay/"+r.Store+"/"+r.Order)); err != nil {
			return err
		}
		return d.paintChunk(tx, x.chunk)
	}); err != nil {
		return err
	}
	return jobs.Snooze(100 * time.Millisecond)
}

// batchStops stops a chunk, and all that come after it, at the first thing that is
// not as it should be.
func (d *Desk) batchStops(ctx context.Context, j jobs.Job[BatchRunArgs], x chunkRun, why Words) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := j.Done(tx); err != nil {
			return err
		}
		text, err := json.Marshal(why)
		if err != nil {
			return err
		}
		c := x.chunk
		if moved, err := chunkTo(tx, c, ChunkStopped, ChunkRunning); err != nil || !moved {
			return err
		}
		if _, err := tx.Exec(`UPDATE batch_chunk SET at_row = ?, await = 0, why = ? WHERE batch = ? AND n = ?`, x.row.N, string(text), c.Batch, c.N); err != nil {
			return err
		}
		if _, err := batchTo(tx, c.Batch, BatchStopped, BatchAsked); err != nil {
			return err
		}
		if err := d.Audit.Append(tx, string(people.Desk), "batch.stopped", "batch:"+c.ID(), map[string]any{
			"row": x.row.N, "refund": x.refund.ID, "state": x.refund.State, "why": x.refund.Error}); err != nil {
			return err
		}
		if x.refund.State != RefundAsked {
			// What is known of it, and what a person can do, stands on its own card.
			if _, err := d.ShowIn(tx, "refund:"+x.refund.ID, TopicApprovals, c.Store); err != nil {
				return err
			}
		}
		if err := d.tellAsker(tx, x.refund, func(p *i18n.Printer) chat.Card {
			return plain(p, p.T("batch.stopped_told", "id", c.ID(), "line", x.row.Wish.Line, "order", x.row.Ref(), "why", why.Say(p)))
		}); err != nil {
			return err
		}
		return d.paintChunk(tx, c)
	})
}

// mayGoOn tells why somebody may not say how a stopped chunk goes on. Whoever asked
// may, and managers of its store: what goes out was approved.
func (d *Desk) mayGoOn(tx *store.Tx, by Deed, b Batch, c Chunk) error {
	who, err := people.Read(tx, by.Who.ID)
	if err != nil && !errors.Is(err, people.ErrNobody) {
		return err
	}
	if who.Disabled || !who.Sees(c.Store) || who.ID != b.By && !who.Is(people.Manager) {
		return i18n.NewProblem(nil, "batch.may_not", "id", c.ID())
	}
	return nil
}

// stopped reads a chunk that waits for a person's word, in the deed's transaction.
func (d *Desk) stopped(tx *store.Tx, by Deed, id string) (x chunkRun, err error) {
	list, n, err := splitChunk(id)
	if err != nil {
		return x, i18n.NewProblem(nil, "batch.none", "id", id)
	}
	x, err = d.chunkRun(tx, BatchRunArgs{list, n})
	if errors.Is(err, ErrNoBatch) {
		return x, i18n.NewProblem(nil, "batch.none", "id", id)
	}
	if err != nil {
		return x, err
	}
	if err := d.mayGoOn(tx, by, x.batch, x.chunk); err != nil {
		return x, err
	}
	if x.chunk.State != ChunkStopped || !x.left {
		return x, i18n.NewProblem(nil, "batch.not_stopped", "id", id)
	}
	return x, nil
}

// ResumeBatch goes on with a stopped chunk. Where it stopped at a refund that was
// refused, it goes on behind it; where nobody knows what became of it, that is found
// out first; where nothing was sent, it is looked at again. Nothing is sent twice.
func (d *Desk) ResumeBatch(ctx context.Context, by Deed, id string) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		x, err := d.stopped(tx, by, id)
		if err != nil {
			return err
		}
		await := 0
		switch {
		case x.refund.State == RefundUnknown && x.refund.Error == askPerson:
			return i18n.NewProblem(nil, "batch.settle_first", "refund", x.refund.ID, "order", x.row.Ref())
		case x.refund.State.over():
			err = pass(tx, x.chunk, x.row.N)
		case x.refund.State != RefundAsked:
			await = x.row.N
		}
		if err != nil {
			return err
		}
		return d.goOn(tx, by, x, "batch.resumed", await)
	})
}

// SkipRow goes on behind the row at which a chunk stopped. What was not sent never
// will be; what was sees to itself.
func (d *Desk) SkipRow(ctx context.Context, by Deed, id string) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		x, err := d.stopped(tx, by, id)
		if err != nil {
			return err
		}
		if x.refund.State == RefundAsked {
			if err := d.endUnsent(tx, x.refund, RefundFailed, whySkipped); err != nil {
				return err
			}
		}
		if err := pass(tx, x.chunk, x.row.N); err != nil {
			return err
		}
		return d.goOn(tx, by, x, "batch.skipped", 0)
	})
}

// Why a refund of a list was never sent: people left it out.
const (
	whySkipped = "batch_skipped"
	whyEnded   = "batch_ended"
)

func (d *Desk) goOn(tx *store.Tx, by Deed, x chunkRun, what string, await int) error {
	c := x.chunk
	if moved, err := chunkTo(tx, c, ChunkRunning, ChunkStopped); err != nil || !moved {
		return err
	}
	if _, err := tx.Exec(`UPDATE batch_chunk SET at_row = 0, await = ?, why = '' WHERE batch = ? AND n = ?`, await, c.Batch, c.N); err != nil {
		return err
	}
	if _, err := batchTo(tx, c.Batch, BatchAsked, BatchStopped); err != nil {
		return err
	}
	if err := d.Audit.Append(tx, string(by.Who.ID), what, "batch:"+c.ID(), map[string]any{"row": x.row.N, "refund": x.refund.ID, "state": x.refund.State}); err != nil {
		return err
	}
	chunks, err := chunksOf(tx, c.Batch)
	if err != nil {
		return err
	}
	// The stopped one first, then those that were approved meanwhile.
	slices.SortStableFunc(chunks, func(a, b Chunk) int {
		switch {
		case a.N == c.N:
			return -1
		case b.N == c.N:
			return 1
		}
		return a.N - b.N
	})
	for _, k := range chunks {
		if k.State != ChunkRunning {
			continue
		}
		if err := jobs.Add(tx, BatchRunArgs{k.Batch, k.N}, jobs.Key(k.jobKey()), jobs.Lane(LaneMoney), jobs.Order("batch/"+k.Batch)); err != nil {
			return err
		}
	}
	if err := d.paintChunk(tx, c); err != nil {
		return err
	}
	return d.Whisper(tx, by.Event, plain(by.P, by.P.T("batch.goes_on", "id", c.ID())))
}

// EndBatch ends a list where it stopped: nothing more of it is sent.
func (d *Desk) EndBatch(ctx context.Context, by Deed, id string) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		x, err := d.stopped(tx, by, id)
		if err != nil {
			return err
		}
		chunks, err := chunksOf(tx, x.batch.ID)
		if err != nil {
			return err
		}
		for _, c := range chunks {
			if c.State == ChunkAsked {
				if _, err := approvals.End(tx, approvals.ID(c.ID()), approvals.Void); err != nil {
					return err
				}
			}
			if err := d.chunkOver(tx, c, ChunkEnded, RefundFailed, whyEnded); err != nil {
				return err
			}
			if err := d.Repaint(tx, "batch:"+c.ID()); err != nil {
				return err
			}
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "batch.ended", "batch:"+x.batch.ID, map[string]any{"row": x.row.N}); err != nil {
			return err
		}
		if err := d.Repaint(tx, "batch:"+x.batch.ID); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("batch.ended_told", "id", x.batch.ID)))
	})
}
