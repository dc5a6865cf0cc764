package ebay

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	opReturns   = "returns"
	opReturn    = "return"
	opCancels   = "cancels"
	opInquiries = "inquiries"

	postOrder = "/post-order/v2/"
	// idReturn and the others tell the three kinds apart: their numbers are not.
	idReturn, idCancel, idInquiry = "R:", "C:", "I:"

	// postLimit is how many the older part of the API gives at once.
	postLimit = 200
	// postWindow is the longest span of time that may be asked about, and
	// postOldest how far back.
	postWindow = 90 * 24 * time.Hour
	postOldest = 545 * 24 * time.Hour
	// minWindow is the shortest span that is asked about; what was made within one
	// has to fit into an answer.
	minWindow = time.Second
	// reopened is how long after it was made a return may still change.
	reopened = 90 * 24 * time.Hour
	// searches bounds how often one call of Returns asks.
	searches = 24
)

// postKind is one of the three things that a buyer may open.
type postKind struct {
	prefix, op, path, from, to string
	id                         string
	read                       func(*Shop, json.RawMessage) (connectors.Return, error)
}

var postKinds = []postKind{
	{idReturn, opReturns, "return/search", "creation_date_range_from", "creation_date_range_to", "returnId", (*Shop).returnOf},
	{idCancel, opCancels, "cancellation/search", "creation_date_range_from", "creation_date_range_to", "cancelId", (*Shop).cancelOf},
	{idInquiry, opInquiries, "inquiry/search", "inquiry_creation_date_range_from", "inquiry_creation_date_range_to", "inquiryId", (*Shop).inquiryOf},
}

// span is where a listing of returns stands: which kind, from when on, how long a
// span to ask about, and when the listing began.
type span struct {
	kind  int
	from  time.Time
	width time.Duration
	began time.Time
}

func (p span) token() string {
	return strconv.Itoa(p.kind) + "@" + strconv.FormatInt(p.from.UnixMilli(), 10) + "@" + strconv.FormatInt(p.width.Milliseconds(), 10) +
		"@" + strconv.FormatInt(p.began.UnixMilli(), 10)
}

func spanOf(token string) (span, error) {
	var n [4]int64
	words := strings.Split(token, "@")
	if len(words) != len(n) {
		return span{}, errors.New("the cursor is not ours")
	}
	for i, w := range words {
		v, err := strconv.ParseInt(w, 10, 64)
		if err != nil || v < 0 || v > 1<<44 {
			return span{}, errors.New("the cursor is not ours")
		}
		n[i] = v
	}
	p := span{int(n[0]), time.UnixMilli(n[1]).UTC(), time.Duration(n[2]) * time.Millisecond, time.UnixMilli(n[3]).UTC()}
	if p.kind >= len(postKinds) || p.width < minWindow || p.width > postWindow {
		return span{}, errors.New("the cursor is not ours")
	}
	return p, nil
}

// Returns lists returns, cancellations and claims of items that did not arrive.
// eBay can be asked only when they were made, not when they changed: each reading
// therefore goes over all that are young enough to change. A span of time that
// holds more than fits into one answer is halved, so that nothing hangs on how
// pages of a moving list are counted.
func (s *Shop) Returns(ctx context.Context, since connectors.Cursor) (connectors.Page[connectors.Return], error) {
	var page connectors.Page[connectors.Return]
	now := s.now().UTC()
	oldest := now.Add(-postOldest).Truncate(24 * time.Hour)
	start := oldest
	if t := since.Since.Add(-reopened); !since.Since.IsZero() && t.After(oldest) {
		start = t
	}
	at := span{from: start, width: postWindow, began: now}
	if since.Token != "" {
		var err error
		if at, err = spanOf(since.Token); err != nil {
			return page, invalid(opReturns, "cursor", err.Error())
		}
	}
	limit := postLimit
	if since.Limit > 0 {
		limit = min(since.Limit, postLimit)
	}
	for range searches {
		if at.from.Before(oldest) {
			at.from = oldest
		}
		to := at.from.Add(at.width)
		if to.After(at.began) {
			to = at.began
		}
		ask := limit
		if at.width <= minWindow {
			ask = postLimit
		}
		list, err := s.search(ctx, postKinds[at.kind], at.from, to, ask)
		if err != nil {
			return connectors.Page[connectors.Return]{}, err
		}
		if !list.whole(ask) && at.width > minWindow {
			at.width = max(minWindow, min(at.width, to.Sub(at.from))/2)
			continue
		}
		s.collect(&page, postKinds[at.kind], list)
		at.from, at.width = to, min(postWindow, at.width*2)
		if !to.Before(at.began) {
			at.kind, at.from, at.width = at.kind+1, start, postWindow
		}
		if at.kind == len(postKinds) {
			page.Next = connectors.Cursor{Since: at.began.Add(-overlap), Limit: since.Limit}
			return page, nil
		}
		if len(page.Items)+len(page.Bad) > 0 {
			break
		}
	}
	page.Next = connectors.Cursor{Since: since.Since, Limit: since.Limit, Token: at.token()}
	page.More = true
	return page, nil
}

func (s *Shop) search(ctx context.Context, k postKind, from, to time.Time, limit int) (postPage, error) {
	q := url.Values{k.from: {stamp(from)}, k.to: {stamp(to)}, "limit": {strconv.Itoa(limit)}}
	if k.prefix != idInquiry {
		q.Set("role", "SELLER")
	}
	var list postPage
	return list, s.read(ctx, k.op, s.base+postOrder+k.path, q, &list)
}

func (s *Shop) collect(page *connectors.Page[connectors.Return], k postKind, list postPage) {
	for _, raw := range append(list.Returns, list.Cancels...) {
		r, err := k.read(s, raw)
		if err != nil {
			page.Bad = append(page.Bad, connectors.BadItem{ID: k.prefix + postID(raw, k.id), Err: invalid(k.op, "unreadable", err.Error()), Raw: raw})
			continue
		}
		page.Items = append(page.Items, r)
	}
}

// postID is the id of something that could not be read whole.
func postID(raw json.RawMessage, field string) string {
	var w map[string]json.RawMessage
	var id loose
	if json.Unmarshal(raw, &w) != nil || json.Unmarshal(w[field], &id) != nil || id == "" {
		return "?"
	}
	return cut(string(id), 60)
}

// Return reads one, by the id that Returns gave.
func (s *Shop) Return(ctx context.Context, id string) (connectors.Return, error) {
	kind, number, ok := strings.Cut(id, ":")
	if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
		return connectors.Return{}, &connectors.Error{Kind: connectors.NotFound, Platform: Platform, Op: opReturn, Err: errors.New("there is no return " + cut(id, 60))}
	}
	var r connectors.Return
	var err error
	switch kind + ":" {
	case idReturn:
		r, err = s.oneReturn(ctx, number)
	case idCancel:
		var w struct {
			Detail json.RawMessage `json:"cancelDetail"`
		}
		var raw json.RawMessage
		if err := s.read(ctx, opReturn, s.base+postOrder+"cancellation/"+number, nil, &raw); err != nil {
			return r, err
		}
		if json.Unmarshal(raw, &w) == nil && len(w.Detail) > 0 {
			raw = w.Detail
		}
		r, err = s.cancelOf(raw)
	case idInquiry:
		var raw json.RawMessage
		if err := s.read(ctx, opReturn, s.base+postOrder+"inquiry/"+number, nil, &raw); err != nil {
			return r, err
		}
		r, err = s.inquiryOf(raw)
	default:
		return r, &connectors.Error{Kind: connectors.NotFound, Platform: Platform, Op: opReturn, Err: errors.New("there is no return " + cut(id, 60))}
	}
	var ours *connectors.Error
	switch {
	case err == nil || errors.As(err, &ours):
		return r, err
	case errors.Is(err, errNoReturn):
		return r, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: opReturn, Code: "malformed", Err: errors.New(connectors.Redact(cut(err.Error(), 300)))}
	}
	return r, invalid(opReturn, "unreadable", err.Error()) // it will read no better another time
}

// oneReturn reads a return. eBay's page says both that its full answer has a
// summary and that it has not: where it is missing it is asked for.
func (s *Shop) oneReturn(ctx context.Context, number string) (connectors.Return, error) {
	type answer struct {
		Summary json.RawMessage `json:"summary"`
		Detail  struct {
			Ship struct {
				Track struct {
					Number  string `json:"trackingNumber"`
					Carrier string `json:"carrierName"`
					Code    string `json:"carrierEnum"`
				} `json:"shipmentTracking"`
			} `json:"returnShipmentInfo"`
		} `json:"detail"`
	}
	var a answer
	address := s.base + postOrder + "return/" + number
	if err := s.read(ctx, opReturn, address, nil, &a); err != nil {
		return connectors.Return{}, err
	}
	if len(a.Summary) == 0 {
		var b answer
		if err := s.read(ctx, opReturn, address, url.Values{"fieldgroups": {"SUMMARY"}}, &b); err != nil {
			return connectors.Return{}, err
		}
		a.Summary = b.Summary
	}
	r, err := s.returnOf(a.Summary)
	r.TrackNumber, r.TrackCarrier = a.Detail.Ship.Track.Number, orElse(a.Detail.Ship.Track.Carrier, a.Detail.Ship.Track.Code)
	return r, err
}
