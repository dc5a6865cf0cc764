package shopify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"helloworld/connectors"
)

const (
	// lookBulk is how long a running operation is left alone at first. To look
	// costs a point; whoever waits for long looks less often by himself.
	lookBulk = 2 * time.Second
	// longestLine bounds what one line of a file may take of memory.
	longestLine = 8 << 20
	// mostLines bounds the lines of one order that are kept together.
	mostLines = 5000
)

type wireBulk struct {
	ID        string  `json:"id"`
	Status    string  `json:"status"`
	ErrorCode string  `json:"errorCode"`
	Objects   decimal `json:"objectCount"`
	Roots     decimal `json:"rootObjectCount"`
	Size      decimal `json:"fileSize"`
	URL       string  `json:"url"`
	Query     string  `json:"query"`
}

// bulkText is the text of the operation for orders changed since a time. The
// time is cut to the hour, so that asking again within one finds the same.
func bulkText(since time.Time) string {
	search := "status:any"
	if !since.IsZero() {
		search += " AND updated_at:>=" + quoted(since.UTC().Truncate(time.Hour).Format(time.RFC3339))
	}
	return fmt.Sprintf(opBulkOrders, strconv.Quote(search))
}

// BulkStart asks for all orders changed since a time, as a file. While one with
// the same question is running, it answers with that.
func (s *Shop) BulkStart(ctx context.Context, since time.Time) (connectors.Receipt, error) {
	text := bulkText(since)
	var d struct {
		All struct {
			Nodes []wireBulk `json:"nodes"`
		} `json:"bulkOperations"`
	}
	if err := s.query(ctx, "BulkOperations", opBulks, map[string]any{"query": "operation_type:query"}, true, &d); err != nil {
		return connectors.Receipt{}, certain(err)
	}
	for _, w := range d.All.Nodes {
		if (w.Status == "CREATED" || w.Status == "RUNNING") && sameText(w.Query, text) {
			r, _ := w.receipt()
			return r, nil
		}
	}
	var a struct {
		Run *struct {
			Bulk   *wireBulk `json:"bulkOperation"`
			Errors []struct {
				Code    string `json:"code"`
				Message string `json:"message"`
			} `json:"userErrors"`
		} `json:"bulkOperationRunQuery"`
	}
	if err := s.query(ctx, "BulkOrders", opBulk, map[string]any{"query": text}, false, &a); err != nil {
		if connectors.KindOf(err) != connectors.Unsure {
			return connectors.Receipt{}, err
		}
		return connectors.Receipt{State: connectors.StateUnknown}, err
	}
	switch {
	case a.Run != nil && len(a.Run.Errors) > 0:
		e := a.Run.Errors[0]
		out := &connectors.Error{Kind: connectors.Invalid, Platform: Platform, Op: "BulkOrders", Code: e.Code, Err: errors.New(connectors.Redact(e.Message))}
		if k, ok := bulkKinds[e.Code]; ok {
			out.Kind, out.RetryAfter = k, time.Minute
		} else if strings.Contains(e.Message, "already in progress") {
			out.Kind, out.RetryAfter = connectors.Busy, time.Minute
		}
		return connectors.Receipt{State: connectors.StateRejected, Code: e.Code}, out
	case a.Run == nil || a.Run.Bulk == nil || a.Run.Bulk.ID == "":
		return connectors.Receipt{State: connectors.StateUnknown}, &connectors.Error{Platform: Platform, Op: "BulkOrders", Code: "no_operation",
			Err: errors.New("the answer does not say what was begun")}
	}
	return connectors.Receipt{State: connectors.StateAccepted, ID: a.Run.Bulk.ID, After: lookBulk}, nil
}

func sameText(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// receipt is where an operation stands, and how many orders it has done.
func (w wireBulk) receipt() (connectors.Receipt, int) {
	done, _ := strconv.Atoi(string(w.Roots)) // no number: nothing is known to be done
	r := connectors.Receipt{State: connectors.StateAccepted, ID: w.ID, After: lookBulk}
	switch w.Status {
	case "COMPLETED":
		r.State, r.After = connectors.StateApplied, 0
	case "FAILED", "CANCELED", "CANCELING", "EXPIRED":
		r.State, r.After, r.Code = connectors.StateRejected, 0, strings.ToLower(w.Status)
		if w.ErrorCode != "" {
			r.Code = w.ErrorCode
		}
	case "CREATED", "RUNNING":
	default:
		r.State = connectors.StateUnknown
	}
	return r, done
}

func (s *Shop) bulk(ctx context.Context, id string) (wireBulk, error) {
	var d struct {
		Bulk *wireBulk `json:"bulkOperation"`
	}
	if err := s.query(ctx, "BulkState", opBulkState, map[string]any{"id": id}, true, &d); err != nil {
		return wireBulk{}, err
	}
	if d.Bulk == nil {
		return wireBulk{}, &connectors.Error{Kind: connectors.NotFound, Platform: Platform, Op: "BulkState", Code: "gone", Err: errors.New("there is no such operation any more")}
	}
	return *d.Bulk, nil
}

// BulkState looks how it is doing, and how many orders it has read.
func (s *Shop) BulkState(ctx context.Context, r connectors.Receipt) (connectors.Receipt, int, error) {
	w, err := s.bulk(ctx, r.ID)
	if err != nil {
		return connectors.Receipt{State: connectors.StateUnknown, ID: r.ID}, 0, err
	}
	next, done := w.receipt()
	return next, done, nil
}

// BulkRead reads the finished file as it comes: one order is in memory at a time.
//
// Refunds come without their payments, which such a file cannot hold; so one
// that is still on its way counts only once the order is read by itself.
func (s *Shop) BulkRead(ctx context.Context, r connectors.Receipt, order func(connectors.Order) error, bad func(connectors.BadItem) error) error {
	w, err := s.bulk(ctx, r.ID)
	if err != nil {
		return err
	}
	if state, _ := w.receipt(); state.State != connectors.StateApplied {
		return conflict("BulkRead", strings.ToLower(w.Status), "the file is not finished")
	}
	if w.URL == "" {
		return nil // nothing was found
	}
	body, err := s.file(ctx, w.URL)
	if err != nil {
		return err
	}
	defer body.Close()
	f := &bulkFile{order: order, bad: bad, read: s.order}
	n, err := f.run(ctx, body)
	if err != nil {
		return err
	}
	if size, err := strconv.ParseInt(string(w.Size), 10, 64); err == nil && size > 0 && n != size {
		return &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: "BulkRead", Code: "truncated",
			Err: fmt.Errorf("the file has %d bytes, and %d came", size, n)}
	}
	return nil
}

// file opens a prepared file. Its address is a secret in itself, so it stands
// in no error.
func (s *Shop) file(ctx context.Context, address string) (io.ReadCloser, error) {
	down := func(code string, err error) error {
		return &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: "BulkRead", Code: code, Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || req.URL.Scheme != "https" && req.URL.Scheme != "http" {
		return nil, invalid("BulkRead", "address", "the file's address cannot be read")
	}
	req.Header.Set("User-Agent", "helloworld-desk")
	resp, err := s.files.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, down("network", err)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		e := connectors.StatusError(resp.StatusCode, resp.Header, true, s.now())
		e.Platform, e.Op = Platform, "BulkRead"
		if e.Kind == connectors.Reauthorise {
			e.Kind = connectors.NotFound // the address has expired, not our access
		}
		return nil, e
	}
	return resp.Body, nil
}

// bulkFile puts orders and their lines together again.
type bulkFile struct {
	order func(connectors.Order) error
	bad   func(connectors.BadItem) error
	read  func(wireOrder, []byte) (connectors.Order, error)

	cur    *wireOrder
	raw    []byte
	fault  error
	orphan string
}

// run reads to the end and tells how many bytes there were.
func (f *bulkFile) run(ctx context.Context, in io.Reader) (int64, error) {
	r := bufio.NewReaderSize(in, 64<<10)
	var n int64
	for {
		if err := ctx.Err(); err != nil {
			return n, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: "BulkRead", Code: "cancelled", Err: err}
		}
		line, size, long, err := readLine(r)
		n += size
		if len(bytes.TrimSpace(line)) > 0 || long {
			if e := f.line(line, long); e != nil {
				return n, e
			}
		}
		if errors.Is(err, io.EOF) {
			return n, f.flush()
		}
		if err != nil {
			return n, &connectors.Error{Kind: connectors.Down, Platform: Platform, Op: "BulkRead", Code: "truncated", Err: fmt.Errorf("the file broke off: %w", err)}
		}
	}
}

// readLine reads a line; of one that is too long only the beginning is kept.
func readLine(r *bufio.Reader) (line []byte, size int64, long bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		size += int64(len(part))
		if len(line)+len(part) > longestLine {
			long = true
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, size, long, err
		}
	}
}

// parentKey stands in every line that belongs to another, and lineID in the ids of
// an order's lines.
var (
	parentKey = []byte(`"__parentId"`)
	lineID    = []byte(`"gid://shopify/LineItem/`)
)

// plainLine takes a line as nearly all of them are: an order, or a line of the
// order before it. It is read only once, since a file has millions of them. False:
// it is something else, or cannot be read.
func (f *bulkFile) plainLine(raw []byte) (ok bool, err error) {
	if !bytes.Contains(raw, parentKey) {
		var w struct {
			wireOrder
			Parent string `json:"__parentId"`
		}
		if json.Unmarshal(raw, &w) != nil || w.ID == "" || w.Parent != "" {
			return false, nil
		}
		if err := f.flush(); err != nil {
			return true, err
		}
		f.cur, f.raw = &w.wireOrder, bytes.Clone(raw)
		return true, nil
	}
	if f.cur == nil || len(f.cur.Lines.Nodes) >= mostLines || !bytes.Contains(raw, lineID) {
		return false, nil
	}
	var l struct {
		wireLine
		Parent string `json:"__parentId"`
	}
	if json.Unmarshal(raw, &l) != nil || l.Parent != f.cur.ID || !strings.HasPrefix(l.ID, "gid://shopify/LineItem/") {
		return false, nil
	}
	f.cur.Lines.Nodes = append(f.cur.Lines.Nodes, l.wireLine)
	return true, nil
}

func (f *bulkFile) line(raw []byte, long bool) error {
	if !long {
		if ok, err := f.plainLine(raw); ok {
			return err
		}
	}
	var head struct {
		ID     string `json:"id"`
		Parent string `json:"__parentId"`
	}
	var err error
	if long {
		err = errors.New("a line of the file is too long")
	} else if err = json.Unmarshal(raw, &head); err == nil && head.ID == "" {
		err = errors.New("a line of the file has no id")
	}
	switch {
	case err != nil:
		// It may have been a line of the order before it, which then is not whole.
		if f.cur != nil && f.fault == nil {
			f.fault = fmt.Errorf("a line after this order cannot be read: %w", err)
		}
		return f.bad(connectors.BadItem{Err: fmt.Errorf("reading a line: %w", err), Raw: bytes.Clone(raw[:min(len(raw), 4096)])})
	case head.Parent == "":
		if err := f.flush(); err != nil {
			return err
		}
		var w wireOrder
		if err := json.Unmarshal(raw, &w); err != nil {
			f.orphan = head.ID
			return f.bad(connectors.BadItem{ID: head.ID, Err: fmt.Errorf("reading an order: %w", err), Raw: bytes.Clone(raw)})
		}
		f.cur, f.raw = &w, bytes.Clone(raw)
		return nil
	case f.cur == nil || head.Parent != f.cur.ID:
		if f.orphan == head.Parent {
			return nil // its order was told of already
		}
		f.orphan = head.Parent
		return f.bad(connectors.BadItem{ID: head.Parent, Err: errors.New("lines of an order that is not before them"), Raw: bytes.Clone(raw)})
	case !strings.HasPrefix(head.ID, "gid://shopify/LineItem/"):
		return nil // something that we did not ask for
	}
	var l wireLine
	if err := json.Unmarshal(raw, &l); err != nil {
		f.fault = fmt.Errorf("reading a line: %w", err)
		return nil
	}
	if len(f.cur.Lines.Nodes) >= mostLines {
		f.fault = errors.New("the order has too many lines for a file")
		return nil
	}
	f.cur.Lines.Nodes = append(f.cur.Lines.Nodes, l)
	return nil
}

// flush hands out the order that is complete now.
func (f *bulkFile) flush() error {
	if f.cur == nil {
		return nil
	}
	w, raw, err := *f.cur, f.raw, f.fault
	f.cur, f.raw, f.fault = nil, nil, nil
	if err == nil {
		var o connectors.Order
		if o, err = f.read(w, raw); err == nil {
			return f.order(o)
		}
	}
	return f.bad(connectors.BadItem{ID: w.ID, Err: errors.New(connectors.Redact(err.Error())), Raw: raw})
}
