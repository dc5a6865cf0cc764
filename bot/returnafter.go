package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
)

// ReturnArgs is looking which return of a refund's order is still open.
type ReturnArgs struct {
	Refund string `json:"refund"`
}

// Kind names the job.
func (ReturnArgs) Kind() string { return "return_after" }

// returnFor is for how long returns that cannot be read are tried again.
const returnFor = 24 * time.Hour

// The ways in which it ends.
const (
	returnStill  = "open"
	returnUnread = "unread"
)

// lookReturns looks whether a return of the goods that were paid for is still open.
// No platform has an answer that closes one and moves no money, so that is left to
// a person: to answer it here might pay a second time.
func (d *Desk) lookReturns(ctx context.Context, j jobs.Job[ReturnArgs]) error {
	var r Payback
	var list []connectors.Return
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if r, err = d.GetRefund(tx, j.Args.Refund); err != nil {
			return err
		}
		list, err = sync.ReturnsOf(tx, r.Store, r.Order)
		return err
	}); err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(x connectors.Return) bool {
		return !concerns(x, r.Body.Cmd) || slices.Contains(closedReturns, x.Status)
	})
	s, ok := d.Shop(r.Store)
	if r.State != RefundConfirmed || len(list) == 0 || !ok {
		return nil
	}
	reader, ok := s.Shop.(connectors.ReturnReader)
	if !ok {
		return nil
	}
	age := d.Now().Sub(j.Created)
	ctx = connectors.WithFresh(connectors.WithPriority(ctx, connectors.Sync))
	var open []string
	for _, x := range list[:min(len(list), mostReturns)] {
		now, err := reader.Return(ctx, x.ID)
		switch {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil && connectors.KindOf(err) == connectors.NotFound:
			continue
		case err != nil && age > returnFor:
			return d.returnEnds(ctx, j, r, after{What: afterReturn, State: returnUnread, Detail: x.Number})
		case err != nil:
			return jobs.Snooze(max(connectors.RetryAfterOf(err), d.later(j.Created)))
		}
		if !slices.Contains(closedReturns, now.Status) {
			open = append(open, now.Number)
		}
	}
	switch {
	case len(open) == 0:
		return nil
	case age < d.Policy.Settle:
		// A platform that closes a return with its refund takes a moment for it.
		return jobs.Snooze(d.Policy.Settle - age)
	}
	return d.returnEnds(ctx, j, r, after{What: afterReturn, State: returnStill, Detail: strings.Join(open, ", ")})
}

// concerns tells whether a return is of goods that a refund is for.
func concerns(x connectors.Return, cmd connectors.Refund) bool {
	if len(cmd.Lines) == 0 || len(x.Lines) == 0 {
		return true
	}
	return slices.ContainsFunc(x.Lines, func(l connectors.ReturnLine) bool {
		return l.Line == "" || slices.ContainsFunc(cmd.Lines, func(m connectors.RefundLine) bool { return m.Line == l.Line })
	})
}

func (d *Desk) returnEnds(ctx context.Context, j jobs.Job[ReturnArgs], r Payback, a after) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := j.Done(tx); err != nil {
			return err
		}
		if _, err := noteAfter(tx, r.ID, a); err != nil {
			return err
		}
		if err := d.Audit.Append(tx, string(people.Desk), "refund.return_"+a.State, "refund:"+r.ID, map[string]any{"returns": a.Detail}); err != nil {
			return err
		}
		return d.Repaint(tx, "refund:"+r.ID)
	})
}
