package mail

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helloworld/connectors"
)

// attempt is what this process knows of a mail it tried to send.
type attempt struct {
	state connectors.State
	at    time.Time
}

// maxAttempts bounds what is remembered; the oldest go first.
const maxAttempts = 5000

// SendState looks for the mail in the mailbox: the copy we keep, the copy a
// server keeps by itself, an answer to it, or a bounce. If there is sure to be a
// copy of everything sent, one that is not there tells as much as one that is.
func (m *Mailbox) SendState(ctx context.Context, o connectors.Outgoing) (connectors.Receipt, error) {
	id := m.messageID(o.Key)
	out := connectors.Receipt{State: connectors.StateUnknown, ID: id, After: time.Minute}
	known := m.known(o.Key)
	if known == connectors.StateApplied || known == connectors.StateAbsent {
		return connectors.Receipt{State: known, ID: id}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, m.c.Timeout)
	defer cancel()
	c, bye, err := m.imap(ctx)
	if err != nil {
		return out, err
	}
	defer bye()
	folders := []string{m.c.Folder}
	sent := m.sentFolder(c)
	if sent != "" && sent != m.c.Folder {
		folders = []string{sent, m.c.Folder}
	}
	witness := false
	for _, f := range folders {
		found, err := m.search(c, f, id)
		if err != nil {
			if connectors.KindOf(err) == connectors.NotFound {
				continue
			}
			return out, err
		}
		if found {
			m.remember(o.Key, connectors.StateApplied)
			return connectors.Receipt{State: connectors.StateApplied, ID: id}, nil
		}
		witness = witness || m.c.Keeps && f == sent || m.c.CopyToSelf && f == m.c.Folder
	}
	if !witness {
		// That nothing is found proves nothing: the server may have taken it and the
		// copy may be what was lost.
		return out, nil
	}
	if wait := m.ended(o).Sub(m.c.Now()); wait > 0 {
		out.After = wait
		return out, nil
	}
	return connectors.Receipt{State: connectors.StateAbsent, ID: id}, nil
}

// ended is when the last attempt to send a mail is certainly over, at both ends
// of the line: some time after it was approved, after it was last tried here,
// and, since whoever tried it may be who we were before a restart, after we began.
func (m *Mailbox) ended(o connectors.Outgoing) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.born
	for _, t := range []time.Time{o.Asked, m.sent[o.Key].at} {
		if t.After(last) {
			last = t
		}
	}
	return last.Add(m.c.Settle)
}

// search tells whether a folder holds the mail with this id or an answer to it.
func (m *Mailbox) search(c *imapclient.Client, folder, id string) (bool, error) {
	if _, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		return false, m.imapError("open", err)
	}
	for _, h := range []string{"Message-Id", "References", "In-Reply-To"} {
		got, err := c.UIDSearch(&imap.SearchCriteria{
			Header: []imap.SearchCriteriaHeaderField{{Key: h, Value: "<" + id + ">"}},
		}, nil).Wait()
		if err != nil {
			return false, m.imapError("search", err)
		}
		if len(got.AllUIDs()) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// keep puts a copy into the folder for sent mail, unless the server already has.
func (m *Mailbox) keep(ctx context.Context, id string, raw []byte) error {
	if m.c.Sent == "-" {
		return nil
	}
	// The mail is out: a caller in a hurry shall not cost us the proof of it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(m.c.Timeout, 20*time.Second))
	defer cancel()
	c, bye, err := m.imap(ctx)
	if err != nil {
		return err
	}
	defer bye()
	folder := m.sentFolder(c)
	if folder == "" {
		return m.fail(connectors.NotFound, "keep", "", errors.New("the server names no folder for sent mail"))
	}
	if found, err := m.search(c, folder, id); err == nil && found {
		return nil
	}
	a := c.Append(folder, int64(len(raw)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: m.c.Now()})
	if _, err := a.Write(raw); err != nil {
		return m.imapError("keep", err)
	}
	if err := a.Close(); err != nil {
		return m.imapError("keep", err)
	}
	if _, err := a.Wait(); err != nil {
		return m.imapError("keep", err)
	}
	return nil
}

// sentFolder is where sent mails are: as configured, as the server marks it, or
// by one of the names it usually has.
func (m *Mailbox) sentFolder(c *imapclient.Client) string {
	if m.c.Sent != "" {
		return strings.TrimPrefix(m.c.Sent, "-")
	}
	list, err := c.List("", "*", nil).Collect()
	if err != nil {
		return ""
	}
	for _, l := range list {
		if slices.Contains(l.Attrs, imap.MailboxAttrSent) {
			return l.Mailbox
		}
	}
	for _, want := range []string{"Sent", "Sent Items", "Sent Messages", "INBOX.Sent", "INBOX/Sent", "Gesendet", "已发送"} {
		for _, l := range list {
			if strings.EqualFold(l.Mailbox, want) {
				return l.Mailbox
			}
		}
	}
	return ""
}

func (m *Mailbox) known(key string) connectors.State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sent[key].state
}

func (m *Mailbox) remember(key string, s connectors.State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent[key] = attempt{s, m.c.Now()}
	if len(m.sent) <= maxAttempts {
		return
	}
	oldest, at := "", time.Time{}
	for k, a := range m.sent {
		if oldest == "" || a.at.Before(at) {
			oldest, at = k, a.at
		}
	}
	delete(m.sent, oldest)
}
