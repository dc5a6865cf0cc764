package mail

import (
	"context"
	"errors"

	"github.com/emersion/go-imap/v2"

	"helloworld/connectors"
)

// Health signs in to both servers and opens the folder.
func (m *Mailbox) Health(ctx context.Context) connectors.Health {
	ctx, cancel := context.WithTimeout(ctx, m.c.Timeout)
	defer cancel()
	if err := m.check(ctx); err != nil {
		h := connectors.Health{State: connectors.HealthBad, Kind: connectors.KindOf(err), Err: err}
		var e *connectors.Error
		if errors.As(err, &e) {
			h.Code = e.Code
			if e.RetryAfter > 0 {
				h.Until = m.c.Now().Add(e.RetryAfter)
			}
		}
		return h
	}
	return connectors.Health{State: connectors.HealthOK}
}

func (m *Mailbox) check(ctx context.Context) error {
	c, bye, err := m.imap(ctx)
	if err != nil {
		return err
	}
	defer bye()
	if _, err := c.Select(m.c.Folder, &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		return m.imapError("open", err)
	}
	if m.c.SMTPAddr == "" {
		return nil
	}
	_, quit, err := m.smtp(ctx)
	if err != nil {
		return err
	}
	quit()
	return nil
}
