package bot

import (
	"context"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/connectors"
)

// delivered tells what sending a message came to: the state it ends in and why,
// or an error with which the job is tried again, since nothing was sent.
func (d *Desk) delivered(ctx context.Context, s *Store, matter string, began time.Time, r connectors.Receipt, err error) (state, why string, again error) {
	if err == nil {
		switch r.State {
		case connectors.StateApplied, connectors.StateAccepted:
			return DraftSent, "", nil
		case connectors.StateRejected:
			return DraftFailed, r.Code, nil
		}
		return DraftUnknown, "", nil
	}
	switch connectors.KindOf(err) {
	case connectors.Unsure:
		return DraftUnknown, "", nil
	case connectors.Busy, connectors.Down:
		return "", "", jobs.Snooze(max(connectors.RetryAfterOf(err), d.later(began)))
	case connectors.Reauthorise, connectors.AppBroken:
		if err := d.DB.Write(ctx, func(tx *store.Tx) error { return d.troubled(tx, s, alerts.Send, err) }); err != nil {
			return "", "", err
		}
		return "", "", jobs.Snooze(d.later(began))
	}
	d.Log.WarnContext(ctx, "a message was refused", "store", s.ID, "matter", matter, "err", err)
	return DraftFailed, codeOf(err), nil
}
