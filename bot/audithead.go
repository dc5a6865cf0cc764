package bot

import (
	"context"
	"errors"
	"time"

	"helloworld/bot/audit"
	"helloworld/bot/chat"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/i18n"
)

// HeadArgs is the round that posts the audit log's head once a day, so that a
// cut tail shows.
type HeadArgs struct{}

// Kind names the job.
func (HeadArgs) Kind() string { return "audit_head" }

const (
	// headEvery is how often it is looked whether the day's head is due.
	headEvery = time.Minute
	// headHour is when it is, by the desk's own clock.
	headHour = 9
)

func (d *Desk) auditHead(ctx context.Context, j jobs.Job[HeadArgs]) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := d.postHead(tx); err != nil {
			return err
		}
		return j.Done(tx)
	})
}

// postHead posts the head that is due. The day is written down in the
// transaction that posts it, so that no restart and no replica posts it again.
func (d *Desk) postHead(tx *store.Tx) error {
	now := time.UnixMilli(tx.Now()).In(d.Zone)
	y, m, day := now.Date()
	due := time.Date(y, m, day, headHour, 0, 0, 0, d.Zone)
	if now.Before(due) {
		return nil
	}
	name := now.Format(time.DateOnly)
	fresh, err := d.Audit.Post(tx, name, due.UnixMilli())
	if err != nil || !fresh {
		return err
	}
	n, err := d.ShowIn(tx, "audit:"+name, TopicApprovals, "")
	if err == nil && n == 0 {
		d.Log.Info("no channel is for the audit log's head", "day", name)
	}
	return err
}

func (d *Desk) paintHead(_ context.Context, tx *store.Tx, day string, p *i18n.Printer) (chat.Card, string, error) {
	m, err := audit.PostedOn(tx, day)
	if err != nil {
		return chat.Card{}, "", errors.Join(errors.New("bot: the head of that day is not known"), err)
	}
	return headCard(m, p), day, nil
}

func headCard(m audit.Mark, p *i18n.Printer) chat.Card {
	return chat.Card{Title: p.T("audit.head.title", "day", m.Day), Tone: chat.Plain, Parts: []chat.Part{
		{Kind: chat.Fields, Fields: []chat.Field{{Label: p.T("audit.head.count"), Value: p.Num(m.N)}}},
		{Kind: chat.Code, Text: m.String()},
		{Kind: chat.Note, Text: p.T("audit.head.keep")},
	}}
}
