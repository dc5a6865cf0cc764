package bot

import (
	"context"
	"errors"
	"time"

	"helloworld/bot/jobs"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
)

// SendArgs is a message to be sent to a buyer.
type SendArgs struct {
	Draft string `json:"draft"`
}

// Kind names the job.
func (SendArgs) Kind() string { return "send" }

// send carries a message to the buyer, once.
func (d *Desk) send(ctx context.Context, j jobs.Job[SendArgs]) error {
	var x Draft
	var l Letter
	var sub string
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if x, err = d.GetDraft(tx, j.Args.Draft); err != nil {
			return err
		}
		l, err = d.Letter(tx, x.Message)
		sub = l.Subject
		return err
	}); err != nil {
		return err
	}
	if x.State != DraftSending && x.State != DraftUnknown {
		return nil // it came back before anybody told us that it went
	}
	s, ok := d.reach(ctx, x.Store)
	if !ok {
		return jobs.Snooze(time.Hour)
	}
	m, ok := s.Messenger()
	if !ok {
		return d.sendEnded(ctx, j, x, DraftFailed, "unsupported")
	}
	out := connectors.Outgoing{Key: x.Key, Thread: l.Thread, Order: l.Order, Buyer: l.Buyer, Text: x.Result.Text, Lang: x.Result.To,
		Subject: sub, InReplyTo: l.Message.ID, Asked: x.Sent}
	var r connectors.Receipt
	var err error
	if x.State == DraftUnknown || j.Attempt > 1 {
		// Somebody may have sent it already: look before sending.
		if r, err = m.SendState(connectors.WithFresh(ctx), out); err != nil {
			return d.sendUnsure(ctx, j, x, err)
		}
		switch r.State {
		case connectors.StateApplied, connectors.StateAccepted:
			d.Log.InfoContext(ctx, "a message was there already and is not sent again", "store", x.Store, "draft", x.ID)
			return d.sendEnded(ctx, j, x, DraftSent, "")
		case connectors.StateRejected:
			return d.sendEnded(ctx, j, x, DraftFailed, r.Code)
		case connectors.StateAbsent:
			// The lost call may still be under way, and may have begun long after the
			// message was let go: it is looked for once more before it is sent again.
			if x.Error != seenAbsent {
				if err := d.sendMarks(ctx, x, seenAbsent); err != nil {
					return err
				}
				return jobs.Snooze(d.Policy.Settle)
			}
			if err := d.sendMarks(ctx, x, ""); err != nil {
				return err
			}
		default:
			return d.sendUnsure(ctx, j, x, nil)
		}
	}
	// Whatever let it come here: what is no translation, or against the rules, does
	// not leave.
	if d.refusal(x) != nil {
		return d.sendEnded(ctx, j, x, DraftFailed, "gate")
	}
	r, err = m.Send(connectors.WithPriority(ctx, connectors.Agent), out)
	switch state, why, again := d.delivered(ctx, s, "draft:"+x.ID, j.Created, r, err); {
	case again != nil:
		return again
	case state == DraftUnknown:
		return d.sendUnsure(ctx, j, x, err)
	default:
		return d.sendEnded(ctx, j, x, state, why)
	}
}

// seenAbsent marks a message that a look did not find some time ago. It is taken
// away before each sending, so that it always stands for the last one.
const seenAbsent = "seen_absent"

func (d *Desk) sendMarks(ctx context.Context, x Draft, mark string) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE draft SET error = ? WHERE id = ? AND state IN (?, ?)`, mark, x.ID, DraftSending, DraftUnknown)
		return err
	})
}

// sendUnsure shows an unknown outcome as unknown, and looks again later.
func (d *Desk) sendUnsure(ctx context.Context, j jobs.Job[SendArgs], x Draft, cause error) error {
	if cause != nil {
		d.Log.WarnContext(ctx, "whether a message was sent is unknown", "store", x.Store, "draft", x.ID, "err", cause)
	}
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE draft SET state = ? WHERE id = ? AND state = ?`, DraftUnknown, x.ID, DraftSending)
		if err != nil || n == 0 {
			return err
		}
		return d.Repaint(tx, "draft:"+x.ID)
	})
	if err != nil {
		return err
	}
	// Counted as an attempt: the next one looks before it sends.
	return jobs.RetryIn(d.later(j.Created), errors.New("whether it was sent is unknown"))
}

func (d *Desk) sendEnded(ctx context.Context, j jobs.Job[SendArgs], x Draft, state, code string) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := j.Done(tx); err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE draft SET state = ?, error = ? WHERE id = ? AND state IN (?, ?)`, state, code, x.ID, DraftSending, DraftUnknown)
		if err != nil || n == 0 {
			return err // it came back in the meantime, and that is the last word
		}
		if state == DraftSent {
			if _, err := tx.Exec(`UPDATE message SET state = ? WHERE id = ?`, msgAnswered, x.Message); err != nil {
				return err
			}
			if err := d.remember(tx, x); err != nil {
				return err
			}
			if err := d.noteWords(tx, x.ID, wordsSent, x.Result); err != nil {
				return err
			}
		}
		if err := d.Audit.Append(tx, string(people.Desk), "reply."+state, "draft:"+x.ID, map[string]any{"store": x.Store, "code": code}); err != nil {
			return err
		}
		return errors.Join(d.Repaint(tx, "draft:"+x.ID), d.Repaint(tx, "msg:"+x.Message))
	})
}
