package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"golang.org/x/text/language"

	"helloworld/connectors"
)

const (
	defaultPage = 50
	maxPage     = 200
	// pageBytes ends a page early: a page is held in memory.
	pageBytes = 64 << 20
	// renumbered is how far back reading starts when the server has given the
	// folder new numbers. What is read twice has the same ids.
	renumbered = 48 * time.Hour
)

// Messages reads the mails that came since the cursor, in the order of their
// arrival. It leaves no trace in the mailbox.
func (m *Mailbox) Messages(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Message], error) {
	var page connectors.Page[connectors.Message]
	ctx, cancel := context.WithTimeout(ctx, m.c.Timeout)
	defer cancel()
	c, bye, err := m.imap(ctx)
	if err != nil {
		return page, err
	}
	defer bye()
	box, err := c.Select(m.c.Folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return page, m.imapError("open", err)
	}
	validity, last, ok := readToken(since.Token)
	if since.Token != "" && !ok {
		return page, m.fail(connectors.Invalid, "messages", "cursor", errors.New("the cursor is not ours"))
	}
	uids, err := m.newer(c, since, box.UIDValidity, validity, last)
	if err != nil {
		return page, err
	}
	if validity != box.UIDValidity {
		last = 0
	}
	limit := since.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	limit = min(limit, maxPage)
	page.More = len(uids) > limit
	uids = uids[:min(limit, len(uids))]
	page.Next = connectors.Cursor{Since: since.Since, Limit: since.Limit}
	var held int64
	for i, uid := range uids {
		raw, at, err := m.fetch(c, uid)
		if err != nil {
			return connectors.Page[connectors.Message]{}, err
		}
		last = uid
		if at.After(page.Next.Since) {
			page.Next.Since = at.UTC()
		}
		if raw == nil {
			continue // deleted in the meantime, by whoever uses this mailbox too
		}
		msg, ours, err := m.message(raw, at)
		switch {
		case err != nil:
			page.Bad = append(page.Bad, connectors.BadItem{ID: token(box.UIDValidity, uid), Err: err, Raw: raw})
		case ours:
			page.Items = append(page.Items, msg)
		}
		if held += int64(len(raw)); held > pageBytes && i+1 < len(uids) {
			page.More = true
			break
		}
	}
	page.Next.Token = token(box.UIDValidity, last)
	slices.SortStableFunc(page.Items, func(a, b connectors.Message) int { return a.At.Compare(b.At) })
	return page, nil
}

// newer lists what is to be read, oldest first.
func (m *Mailbox) newer(c *imapclient.Client, since connectors.Cursor, now, then uint32, last imap.UID) ([]imap.UID, error) {
	var crit imap.SearchCriteria
	known := then == now && then != 0
	if known {
		var set imap.UIDSet
		set.AddRange(last+1, 0)
		crit.UID = []imap.UIDSet{set}
	} else if !since.Since.IsZero() {
		from := since.Since
		if then != 0 {
			m.c.Log.Warn("the mail server has renumbered the folder; reading again by date", "store", m.c.Store)
			from = from.Add(-renumbered)
		}
		// SEARCH knows days, and not in which part of the world they begin.
		crit.Since = from.Add(-24 * time.Hour)
	}
	found, err := c.UIDSearch(&crit, nil).Wait()
	if err != nil {
		return nil, m.imapError("search", err)
	}
	uids := found.AllUIDs()
	if known {
		// "n:*" always names the newest mail, even when it is older than n.
		uids = slices.DeleteFunc(uids, func(u imap.UID) bool { return u <= last })
	}
	slices.Sort(uids)
	return slices.Compact(uids), nil
}

// fetch reads one mail, up to the size we keep.
func (m *Mailbox) fetch(c *imapclient.Client, uid imap.UID) ([]byte, time.Time, error) {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: m.c.MaxMail}}
	got, err := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{
		UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{section},
	}).Collect()
	if err != nil {
		return nil, time.Time{}, m.imapError("fetch", err)
	}
	for _, g := range got {
		if g.UID != uid || len(g.BodySection) == 0 {
			continue
		}
		return g.BodySection[0].Bytes, g.InternalDate, nil
	}
	return nil, time.Time{}, nil
}

// message turns a mail's bytes into a message. ours is false for mails that
// belong to another shop in the same mailbox.
func (m *Mailbox) message(raw []byte, arrived time.Time) (msg connectors.Message, ours bool, err error) {
	l, err := parse(raw, m.c.MaxFile)
	if err != nil {
		return msg, false, err
	}
	fromShop := m.own[strings.ToLower(l.from.Address)]
	if fromShop || m.own[strings.ToLower(l.buyer.Address)] {
		// The other side of what we wrote is whom we wrote to. A Reply-To that
		// names ourselves (a contact form's) is nobody to answer.
		l.buyer = l.from
		if fromShop {
			l.buyer = netmail.Address{}
			for _, to := range l.to {
				if !m.own[strings.ToLower(to.Address)] {
					l.buyer = to
					break
				}
			}
		}
	}
	if l.bounced {
		fromShop = false
		l.buyer = netmail.Address{Address: l.aboutTo}
	}
	if !m.mine(l) {
		return msg, false, nil
	}
	msg = connectors.Message{
		ID: l.id, Thread: m.thread(l), Subject: l.subject, Text: l.text, FromShop: fromShop, Bounced: l.bounced,
		Auto: l.auto && !fromShop, Answers: firstOf(l.inReplyTo), At: m.at(l.date, arrived), Files: l.files, Raw: raw,
		Order: orderIn(l.subject, l.aboutSubject, l.text, l.all),
		Buyer: connectors.Buyer{ID: strings.ToLower(l.buyer.Address), Name: l.buyer.Name, Email: l.buyer.Address},
		Site:  m.site(l.buyer.Address),
	}
	switch {
	case l.bounced:
		msg.Answers, msg.Key, msg.Why = l.about, m.keyOf(l.about), l.why
	case fromShop:
		msg.Key = m.keyOf(l.id)
	}
	return msg, true, nil
}

// at is when it was written, if its sender's clock can be believed.
func (m *Mailbox) at(date, arrived time.Time) time.Time {
	now := m.c.Now()
	if arrived.IsZero() {
		arrived = now
	}
	if date.IsZero() || date.After(arrived.Add(10*time.Minute)) && date.After(now.Add(10*time.Minute)) ||
		date.Before(time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)) {
		return arrived.UTC()
	}
	return date.UTC()
}

// thread names the conversation: by the buyer's alias, else by the mail it began
// with.
func (m *Mailbox) thread(l *letter) string {
	if a := alias(l.buyer.Address); a != "" {
		return a
	}
	refs := l.references
	if l.bounced {
		if refs = l.aboutRefs; len(refs) == 0 && l.about != "" {
			return l.about
		}
	}
	if len(refs) > 0 {
		return refs[0]
	}
	if len(l.inReplyTo) > 0 {
		return l.inReplyTo[0]
	}
	return l.id
}

// alias is the address that a marketplace made for one buyer and one order,
// without what it adds for a single mail; "" for ordinary addresses.
func alias(address string) string {
	local, domain, ok := lastCut(strings.ToLower(address), "@")
	if !ok || !strings.HasPrefix(domain, "marketplace.amazon.") && domain != "members.ebay.com" &&
		!strings.HasPrefix(domain, "members.ebay.") {
		return ""
	}
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

// sites are the languages of the marketplaces, by the end of an alias' domain.
var sites = map[string]language.Tag{
	"com": language.MustParse("en-US"), "ca": language.MustParse("en-CA"), "com.mx": language.MustParse("es-MX"),
	"com.br": language.MustParse("pt-BR"), "co.uk": language.MustParse("en-GB"), "de": language.MustParse("de-DE"),
	"fr": language.MustParse("fr-FR"), "it": language.MustParse("it-IT"), "es": language.MustParse("es-ES"),
	"nl": language.MustParse("nl-NL"), "se": language.MustParse("sv-SE"), "pl": language.MustParse("pl-PL"),
	"com.tr": language.MustParse("tr-TR"), "ae": language.MustParse("ar-AE"), "sa": language.MustParse("ar-SA"),
	"in": language.MustParse("en-IN"), "co.jp": language.MustParse("ja-JP"), "com.au": language.MustParse("en-AU"),
	"sg": language.MustParse("en-SG"), "com.be": language.MustParse("nl-BE"), "eg": language.MustParse("ar-EG"),
	"ie": language.MustParse("en-IE"),
}

func (m *Mailbox) site(address string) language.Tag {
	if a := alias(address); a != "" {
		d := domainOf(a)
		for _, p := range []string{"marketplace.amazon.", "members.ebay."} {
			if t, ok := sites[strings.TrimPrefix(d, p)]; ok && strings.HasPrefix(d, p) {
				return t
			}
		}
	}
	return m.c.Language
}

func token(validity uint32, uid imap.UID) string { return fmt.Sprintf("%d:%d", validity, uid) }

func readToken(s string) (validity uint32, uid imap.UID, ok bool) {
	a, b, found := strings.Cut(s, ":")
	v, err := strconv.ParseUint(a, 10, 32)
	u, err2 := strconv.ParseUint(b, 10, 32)
	return uint32(v), imap.UID(u), found && err == nil && err2 == nil
}
