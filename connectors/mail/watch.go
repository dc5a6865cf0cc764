package mail

import (
	"context"
	"errors"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helloworld/connectors"
)

var _ connectors.Watcher = (*Mailbox)(nil)

// Watch waits for new mail with IDLE. Its connection is its own: reading goes on
// beside it. A server without IDLE is an error of kind Unsupported, and is
// asked as often as any other.
func (m *Mailbox) Watch(ctx context.Context, news func()) error {
	sign := make(chan struct{}, 1)
	c, bye, err := m.imapWith(ctx, &imapclient.UnilateralDataHandler{Mailbox: func(d *imapclient.UnilateralDataMailbox) {
		if d.NumMessages == nil {
			return
		}
		select {
		case sign <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		return err
	}
	defer bye()
	if !c.Caps().Has(imap.CapIdle) {
		return m.fail(connectors.Unsupported, "idle", "", errors.New("the server has no IDLE"))
	}
	if _, err := c.Select(m.c.Folder, &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		return m.imapError("open", err)
	}
	// The library begins anew before servers lose patience with an idle client.
	cmd, err := c.Idle()
	if err != nil {
		return m.imapError("idle", err)
	}
	// What came while nobody watched.
	news()
	for {
		select {
		case <-ctx.Done():
			// The end of ctx also ends the connection: what that says is no news.
			_ = cmd.Close()
			return ctx.Err()
		case <-c.Closed():
			return m.fail(connectors.Down, "idle", "", errors.New("the server has closed the connection"))
		case <-sign:
			news()
		}
	}
}
