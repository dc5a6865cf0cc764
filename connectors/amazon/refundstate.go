package amazon

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"helloworld/connectors"
)

// RefundState looks what became of a refund: by its feed's id, or by what can
// be told without one (see the package's Why).
func (s *Seller) RefundState(ctx context.Context, cmd connectors.Refund, r connectors.Receipt) (connectors.Receipt, error) {
	ctx = connectors.WithFresh(ctx)
	s.mu.Lock()
	mem, sent := s.feeds[cmd.Key]
	s.mu.Unlock()
	var out connectors.Receipt
	var err error
	switch {
	case sent && mem.id != "":
		out, err = s.byFeed(ctx, cmd, mem.id)
	case r.ID != "" && r.Code != guessed:
		out, err = s.byFeed(ctx, cmd, r.ID)
	default:
		out, err = s.search(ctx, cmd, r, mem)
	}
	if err != nil {
		return connectors.Receipt{State: connectors.StateUnknown, ID: r.ID, Code: r.Code}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch out.State {
	case connectors.StateApplied, connectors.StateRejected:
		if sent {
			mem.done = true
			s.feeds[cmd.Key] = mem
		}
	case connectors.StateAbsent:
		delete(s.feeds, cmd.Key)
	}
	return out, nil
}

// byFeed reads a feed that is certainly ours.
func (s *Seller) byFeed(ctx context.Context, cmd connectors.Refund, id string) (connectors.Receipt, error) {
	var f wireFeed
	if err := s.get(ctx, "getFeed", "/feeds/2021-06-30/feeds/"+pathID(id), nil, &f); err != nil {
		if connectors.KindOf(err) != connectors.NotFound {
			return connectors.Receipt{}, err
		}
		f = wireFeed{Status: "GONE"} // feeds are kept for 90 days
	}
	out := connectors.Receipt{State: connectors.StateAccepted, ID: id, After: s.again(f.Created)}
	switch f.Status {
	case "CANCELLED":
		return connectors.Receipt{State: connectors.StateRejected, ID: id, Code: "CANCELLED"}, nil
	case "DONE", "FATAL":
		if f.Result != "" {
			rep, err := s.fetchReport(ctx, f.Result)
			if err != nil {
				return connectors.Receipt{}, err
			}
			if code, failed := rep.failure(); failed {
				return connectors.Receipt{State: connectors.StateRejected, ID: id, Code: code}, nil
			}
			if f.Status == "DONE" && rep.Successful > 0 {
				return connectors.Receipt{State: connectors.StateApplied, ID: id, Amount: cmd.Amount, Began: f.Started}, nil
			}
		}
		// A fatal end may have carried out some, none or all of it.
		out.State, out.Code, out.After = connectors.StateUnknown, f.Status, 15*time.Minute
	case "GONE":
		out.State, out.Code, out.After = connectors.StateUnknown, f.Status, 15*time.Minute
	default: // IN_QUEUE, IN_PROGRESS, and words to come
		return out, nil
	}
	found, err := s.inFinances(ctx, cmd)
	if err != nil {
		return connectors.Receipt{}, err
	}
	if found {
		return connectors.Receipt{State: connectors.StateApplied, ID: id, Amount: cmd.Amount, Began: f.Started}, nil
	}
	return out, nil
}

// inFinances: the order has a refund of this amount that nobody had seen before,
// and that is none of those which were made earlier and had yet to show.
func (s *Seller) inFinances(ctx context.Context, cmd connectors.Refund) (bool, error) {
	seen, err := s.refundsOf(ctx, cmd.Order)
	if err != nil {
		return false, err
	}
	others := 0
	for _, m := range cmd.Hidden {
		if m == cmd.Amount {
			others++
		}
	}
	fresh := 0
	for _, r := range seen {
		switch {
		case r.Amount != cmd.Amount, cmd.Asked.IsZero(), slices.Contains(cmd.Seen, r.ID):
		case r.At.After(cmd.Asked.Add(-slack)):
			fresh++
		default:
			others--
		}
	}
	return fresh > max(others, 0), nil
}

// search reasons about a refund whose feed id nobody knows.
func (s *Seller) search(ctx context.Context, cmd connectors.Refund, r connectors.Receipt, mem sentFeed) (connectors.Receipt, error) {
	found, err := s.inFinances(ctx, cmd)
	if err != nil {
		return connectors.Receipt{}, err
	}
	w := s.windowOf(cmd, r, mem)
	mine, err := s.strays(ctx, cmd, w)
	if err != nil {
		return connectors.Receipt{}, err
	}
	if found {
		out := connectors.Receipt{State: connectors.StateApplied, ID: r.ID, Amount: cmd.Amount, Code: "in_finances"}
		if len(mine) == 1 {
			out.ID = mine[0].ID // so that it is nobody else's
		}
		return out, nil
	}
	if r.Code == guessed && r.ID != "" && len(mine) > 0 {
		// It was the only one when it was taken for ours. What turns up beside it may be
		// the next refund's, made while this list was read: who lets go now leaves both
		// in doubt, each because of the other; and who takes what is left when somebody
		// else has ours for certain may take a third one's.
		if i := slices.IndexFunc(mine, func(f wireFeed) bool { return f.ID == r.ID }); i >= 0 {
			return s.guess(ctx, cmd, mine[i])
		}
		return connectors.Receipt{State: connectors.StateUnknown, Code: "other_feed", After: 15 * time.Minute}, nil
	}
	switch len(mine) {
	case 0:
		if rest := quiet - s.now().Sub(w.last); rest > 0 {
			return connectors.Receipt{State: connectors.StateUnknown, Code: r.Code, After: min(rest, max(searchAgain, s.again(w.last)))}, nil
		}
		return connectors.Receipt{State: connectors.StateAbsent}, nil
	case 1:
		return s.guess(ctx, cmd, mine[0])
	}
	return connectors.Receipt{State: connectors.StateUnknown, Code: "several_feeds", After: max(searchAgain, s.again(w.last))}, nil
}

// window is when a refund's feeds were made: all of its attempts', since one that
// seemed absent may have come late.
type window struct {
	from, until time.Time // until is zero where it is open
	last        time.Time // when it was sent last, or asked for
}

// windowOf reckons with what this process remembers, what the receipt of a lost
// answer says, and what the desk wrote down before each attempt. The desk writes
// some time before the feed is made, so that from its note alone no end is known.
func (s *Seller) windowOf(cmd connectors.Refund, r connectors.Receipt, mem sentFeed) window {
	made := mem.at
	if text, ok := strings.CutPrefix(r.Code, sentAt); ok {
		if at, err := time.Parse(time.RFC3339, text); err == nil && at.After(made) {
			made = at
		}
	}
	sent := slices.Clone(cmd.Sent)
	if !made.IsZero() {
		sent = append(sent, made)
	}
	w := window{from: cmd.Asked, last: cmd.Asked}
	if w.from.IsZero() {
		w.from = s.now().Add(-24 * time.Hour)
	}
	if len(sent) > 0 {
		w.from, w.last = slices.MinFunc(sent, time.Time.Compare), slices.MaxFunc(sent, time.Time.Compare)
	}
	if !made.IsZero() && w.last.Equal(made) {
		w.until = made.Add(quiet + slack)
	}
	w.from = w.from.Add(-slack)
	return w
}

func (w window) holds(at time.Time) bool {
	return !at.Before(w.from) && (w.until.IsZero() || at.Before(w.until))
}

// OneByOne: the platform lists feeds, and not what is in them.
func (s *Seller) OneByOne() bool { return true }

// strays lists this application's refund feeds that belong to no other refund
// we know of.
func (s *Seller) strays(ctx context.Context, cmd connectors.Refund, w window) ([]wireFeed, error) {
	var out []wireFeed
	q := url.Values{"feedTypes": {feedType}, "createdSince": {w.from.UTC().Format(time.RFC3339)}, "pageSize": {"100"}}
	for range 10 {
		var a struct {
			Feeds []wireFeed `json:"feeds"`
			Next  string     `json:"nextToken"`
		}
		if err := s.get(ctx, "getFeeds", "/feeds/2021-06-30/feeds", q, &a); err != nil {
			return nil, err
		}
		s.mu.Lock()
		for _, f := range a.Feeds {
			owner, owned := s.owner[f.ID]
			if f.Type == feedType && w.holds(f.Created) && (!owned || owner == cmd.Key) && !slices.Contains(cmd.Taken, f.ID) {
				out = append(out, f)
			}
		}
		s.mu.Unlock()
		if a.Next == "" {
			return out, nil
		}
		q = url.Values{"nextToken": {a.Next}} // with anything beside it the call is refused
	}
	return nil, fault(connectors.Down, "getFeeds", "endless", "the list of feeds does not end")
}

// guess takes the only stray feed for ours, as long as nothing speaks against it.
func (s *Seller) guess(ctx context.Context, cmd connectors.Refund, f wireFeed) (connectors.Receipt, error) {
	out := connectors.Receipt{State: connectors.StateAccepted, ID: f.ID, Code: guessed, After: max(searchAgain, s.again(f.Created))}
	if f.Result == "" {
		return out, nil
	}
	rep, err := s.fetchReport(ctx, f.Result)
	if err != nil {
		return connectors.Receipt{}, err
	}
	code, failed := rep.failure()
	this, any := rep.names(messageID(cmd.Key))
	switch {
	case this && failed:
		return connectors.Receipt{State: connectors.StateRejected, ID: f.ID, Code: code}, nil
	case any && !this:
		// Another refund's, so ours never came in; a person decides, since money is at stake.
		return connectors.Receipt{State: connectors.StateUnknown, Code: "other_feed", After: 15 * time.Minute}, nil
	case failed:
		return connectors.Receipt{State: connectors.StateUnknown, Code: code, After: 15 * time.Minute}, nil
	case this:
		return connectors.Receipt{State: connectors.StateApplied, ID: f.ID, Amount: cmd.Amount, Began: f.Started}, nil
	}
	out.After = time.Hour // it went well; the finances will say whose it was
	return out, nil
}
