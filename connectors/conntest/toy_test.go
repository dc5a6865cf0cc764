package conntest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"helloworld/connectors"
)

const (
	toySecret   = "toy-secret-0001"
	toySKU      = "ÄB/50% 🧵 x"
	toyEndpoint = "https://desk.example/hooks/toy"
)

// toy is a shop that does what the port asks, in memory; its bug, if it has one,
// is what the exam has to find.
type toy struct {
	bug string

	mu        sync.Mutex
	journal   []connectors.Entry
	calls     int
	revoked   bool
	refreshes int
	used      map[string]bool
	poison    bool
	stock     map[string]int
	keys      map[string]bool
	shipped   int
	decided   int
	templated int
	lose      bool
	hang      bool
	throttled bool
	bulkID    int
	subs      map[string]connectors.Subscription
	queue     []connectors.Event
	handles   int
}

func newToy(bug string) *toy {
	return &toy{bug: bug, used: map[string]bool{}, keys: map[string]bool{}, stock: map[string]int{toySKU: 3}, subs: map[string]connectors.Subscription{}}
}

func (s *toy) is(bug string) bool { return s.bug == bug }

func (s *toy) err(k connectors.Kind, code string) error {
	return &connectors.Error{Kind: k, Platform: "toy", Op: "op", Code: code, Err: errors.New("no")}
}

// call notes a call, as an adapter's client would.
func (s *toy) call(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.journal = append(s.journal, connectors.Entry{URL: address})
}

func (s *toy) Info() connectors.Info                       { return connectors.Info{Platform: "toy", Store: "toy-de"} }
func (s *toy) Can(context.Context) []connectors.Capability { return nil }
func (s *toy) Skew() time.Duration                         { return 0 }
func (s *toy) Journal() []connectors.Entry                 { return s.journal }

func (s *toy) Health(context.Context) connectors.Health {
	if s.revoked {
		return connectors.Health{State: connectors.HealthBad, Kind: connectors.Reauthorise, Err: s.err(connectors.Reauthorise, "revoked")}
	}
	return connectors.Health{State: connectors.HealthOK}
}

func toySign(parts ...string) string {
	m := hmac.New(sha256.New, []byte(toySecret))
	m.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(m.Sum(nil))
}

func (s *toy) Begin(_ context.Context, state string) (string, error) {
	if s.is("no state") {
		state = ""
	}
	link := "https://toy.example/consent?state=" + state
	if s.is("secret in the link") {
		link += "&client_secret=" + toySecret
	}
	return link, nil
}

func (s *toy) answer(link, code, problem string) url.Values {
	u, _ := url.Parse(link)
	state := u.Query().Get("state")
	return url.Values{"code": {code}, "error": {problem}, "state": {state}, "hmac": {toySign(code, problem, state)}}
}

func (s *toy) Complete(_ context.Context, q url.Values) (connectors.Credential, error) {
	s.call("https://toy.example/token")
	code := q.Get("code")
	if s.is("code in the journal") {
		s.call("https://toy.example/token?c=" + code)
	}
	if q.Get("hmac") != toySign(code, q.Get("error"), q.Get("state")) && !s.is("forged consent") {
		return connectors.Credential{}, s.err(connectors.Invalid, "hmac")
	}
	if q.Get("error") != "" && !s.is("refusal overlooked") {
		return connectors.Credential{}, s.err(connectors.Reauthorise, "denied")
	}
	if s.used[code] && !s.is("code works twice") {
		return connectors.Credential{}, s.err(connectors.Reauthorise, "used")
	}
	s.used[code] = true
	c := connectors.Credential{Access: "access-0002", Refresh: "refresh-0002", Granted: time.Unix(1_800_000_000, 0), Scopes: []string{"read", "write"}}
	switch {
	case s.is("no grant date"):
		c.Granted = time.Time{}
	case s.is("scopes in one"):
		c.Scopes = []string{"read,write"}
	case s.is("no token"):
		c.Access, c.Refresh = "", ""
	}
	return c, nil
}

func (s *toy) Refresh(_ context.Context, c connectors.Credential) (connectors.Credential, error) {
	return c, nil
}

func (s *toy) Renew(context.Context) error {
	if !s.is("does not renew") && !(s.revoked && s.is("remembers the refusal")) {
		s.refreshes++
	}
	if s.is("renews twice") {
		s.refreshes++
	}
	if s.revoked && !s.is("renews without consent") {
		return s.err(connectors.Reauthorise, "revoked")
	}
	return nil
}

func (s *toy) Deadlines() []connectors.Deadline {
	d := connectors.Deadline{What: connectors.DueConsent, At: time.Unix(1_900_000_000, 0)}
	switch {
	case s.is("deadline makes a call"):
		s.call("https://toy.example/me")
	case s.is("deadline of no kind"):
		d.What = "later"
	case s.is("deadline without a day"):
		d.At = time.Time{}
	case s.is("deadline twice"):
		return []connectors.Deadline{d, d}
	}
	return []connectors.Deadline{d}
}

func (s *toy) BulkStart(context.Context, time.Time) (connectors.Receipt, error) {
	if s.bulkID == 0 || s.is("two bulks") {
		s.bulkID++
	}
	return connectors.Receipt{State: connectors.StateAccepted, ID: strconv.Itoa(s.bulkID)}, nil
}

func (s *toy) BulkState(_ context.Context, r connectors.Receipt) (connectors.Receipt, int, error) {
	if !s.is("bulk never ends") {
		r.State = connectors.StateApplied
	}
	return r, 3, nil
}

func (s *toy) BulkRead(_ context.Context, _ connectors.Receipt, order func(connectors.Order) error, _ func(connectors.BadItem) error) error {
	now := time.Unix(1_800_000_000, 0).UTC()
	n := 3
	if s.is("bulk loses an order") {
		n--
	}
	for i := range n {
		id := strconv.Itoa(i + 1)
		if err := order(connectors.Order{ID: id, Number: id, Status: connectors.OrderPaid, Created: now, Updated: now, Total: connectors.Money{Minor: 1, Currency: "EUR"}}); err != nil {
			return err
		}
	}
	return nil
}

// cutPage cuts a listing.
func cutPage[T any](all []T, c connectors.Cursor) connectors.Page[T] {
	from, _ := strconv.Atoi(c.Token)
	to := min(from+max(c.Limit, 1), len(all))
	p := connectors.Page[T]{Items: all[from:to]}
	if to < len(all) {
		p.More, p.Next = true, connectors.Cursor{Token: strconv.Itoa(to), Limit: c.Limit}
	}
	return p
}

func (s *toy) Items(_ context.Context, c connectors.Cursor) (connectors.Page[connectors.Item], error) {
	var all []connectors.Item
	for i, sku := range []string{"a", "b", toySKU, "d", "e"} {
		id := "i" + strconv.Itoa(i)
		all = append(all, connectors.Item{ID: id, SKU: sku, Status: connectors.ItemActive, Price: connectors.Money{Minor: 1999, Currency: "EUR"},
			Stock: []connectors.StockLevel{{SKU: sku, Item: id, Available: s.stock[sku]}}})
	}
	switch {
	case s.is("loses an item"):
		all = append(all[:3], all[4])
	case s.is("an item twice"):
		all[1] = all[0]
	case s.is("unescapes the SKU"):
		all[2].SKU = strings.ReplaceAll(toySKU, "/", "%2F")
	case s.is("wrong price"):
		all[2].Price.Minor = 1998
	case s.is("stock of another"):
		all[0].Stock[0].SKU = "b"
	case s.is("reads back old stock"):
		all[2].Stock[0].Available = 3
	case s.is("does not page"):
		c.Limit = 100
	case s.poison && s.is("poison ends the listing"):
		return connectors.Page[connectors.Item]{}, s.err(connectors.Down, "malformed")
	}
	if !s.poison {
		return cutPage(all, c), nil
	}
	p := cutPage(append(all[:3:3], all[len(all)-1]), c)
	if c.Token == "" && !s.is("poison is dropped") {
		p.Bad = []connectors.BadItem{{ID: "i3", Err: errors.New("unreadable"), Raw: []byte("{")}}
		if s.is("poison without words") {
			p.Bad[0].Raw = nil
		}
	}
	return p, nil
}

func (s *toy) Stock(_ context.Context, c connectors.Cursor) (connectors.Page[connectors.StockLevel], error) {
	all := []connectors.StockLevel{{SKU: "a"}, {SKU: "b"}, {SKU: toySKU}}
	switch {
	case s.is("stock without SKU"):
		all[1].SKU = ""
	case s.is("stock listing does not end"):
		return connectors.Page[connectors.StockLevel]{Items: all, More: true, Next: c}, nil
	}
	return cutPage(all, c), nil
}

func (s *toy) SetStock(_ context.Context, rows []connectors.StockSet) []connectors.RowResult {
	out := []connectors.RowResult{}
	for _, r := range rows {
		x := connectors.RowResult{SKU: r.SKU, State: connectors.StateApplied}
		have, known := s.stock[r.SKU]
		switch {
		case s.hang && !s.is("says yes to nothing"):
			x.State, x.Err = connectors.StateUnknown, s.err(connectors.Unsure, "network")
		case !known && !s.is("takes any SKU"):
			x.State, x.Err = connectors.StateRejected, s.err(connectors.NotFound, "sku")
		case r.Was != nil && *r.Was != have && !s.is("does not compare"):
			x.State, x.Err = connectors.StateRejected, s.err(connectors.Conflict, "was")
		case s.keys[r.Key] && s.is("stock key used up"):
			x.State, x.Err = connectors.StateRejected, s.err(connectors.Conflict, "key")
		case s.is("sets no stock"):
		default:
			s.stock[r.SKU] = r.Quantity
			s.keys[r.Key] = true
		}
		out = append(out, x)
		if x.Err != nil && s.is("one bad row fails all") {
			for range len(rows) - len(out) {
				out = append(out, connectors.RowResult{SKU: rows[len(out)].SKU, State: connectors.StateRejected, Err: x.Err})
			}
			return out
		}
	}
	if s.is("results out of order") && len(out) == 2 {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

// write does something once under a key, or loses the answer.
func (s *toy) write(key string, n *int) (connectors.Receipt, error) {
	r := connectors.Receipt{State: connectors.StateApplied, ID: "r1"}
	if s.throttled {
		if s.is("writes while throttled") {
			*n++
		}
		return connectors.Receipt{}, s.err(connectors.Busy, "quota")
	}
	if !s.keys[key] || s.is("key not kept") {
		*n++
		s.keys[key] = true
	}
	if s.lose {
		if s.is("sends again when lost") {
			*n++
		}
		if s.is("lost is down") {
			return connectors.Receipt{}, s.err(connectors.Down, "network")
		}
		return connectors.Receipt{}, s.err(connectors.Unsure, "network")
	}
	return r, nil
}

func (s *toy) look(key string, n *int) (connectors.Receipt, error) {
	if s.is("looking sends") {
		*n++
	}
	if !s.keys[key] || s.is("never finds it") {
		if s.is("absent is unknown") {
			return connectors.Receipt{State: connectors.StateUnknown}, nil
		}
		return connectors.Receipt{State: connectors.StateAbsent}, nil
	}
	return connectors.Receipt{State: connectors.StateApplied, ID: "r1"}, nil
}

func (s *toy) Ship(_ context.Context, c connectors.Ship) (connectors.Receipt, error) {
	return s.write(c.Key, &s.shipped)
}

func (s *toy) ShipState(_ context.Context, c connectors.Ship) (connectors.Receipt, error) {
	return s.look(c.Key, &s.shipped)
}

func (s *toy) Carrier(code string) (string, bool) {
	switch {
	case s.is("knows every carrier"):
		return strings.ToUpper(code), true
	case s.is("knows no carrier"):
		return "", false
	case code == "dhl" || code == "ups":
		return strings.ToUpper(code), true
	}
	return "", false
}

func (s *toy) Returns(_ context.Context, c connectors.Cursor) (connectors.Page[connectors.Return], error) {
	var all []connectors.Return
	for i := range 3 {
		id := fmt.Sprintf("R:%d", i)
		all = append(all, connectors.Return{ID: id, Number: id, Kind: connectors.KindReturn, Status: connectors.ReturnAsked, Order: "o1"})
	}
	switch {
	case s.is("loses a return"):
		all = all[:2]
	case s.is("return without order"):
		all[0].Order = ""
	}
	return cutPage(all, c), nil
}

func (s *toy) Return(_ context.Context, id string) (connectors.Return, error) {
	if s.is("another return") {
		id = "R:2"
	}
	return connectors.Return{ID: id, Number: id, Kind: connectors.KindReturn, Status: connectors.ReturnAsked, Order: "o1"}, nil
}

func (s *toy) Decide(_ context.Context, d connectors.Decision) (connectors.Receipt, error) {
	if d.Return == "R:9" && !s.is("decides anything") {
		return connectors.Receipt{}, s.err(connectors.Conflict, "state")
	}
	return s.write(d.Key, &s.decided)
}

func (s *toy) DecideState(_ context.Context, d connectors.Decision, _ connectors.Receipt) (connectors.Receipt, error) {
	return s.look(d.Key, &s.decided)
}

func (s *toy) Templates(context.Context, string) ([]connectors.Template, error) {
	if s.is("lists no template") {
		return nil, nil
	}
	return []connectors.Template{{ID: "ask", Text: true, Max: 10}}, nil
}

func (s *toy) SendTemplate(_ context.Context, m connectors.TemplateMessage) (connectors.Receipt, error) {
	n := utf8.RuneCountInString(m.Text)
	if s.is("counts bytes") {
		n = len(m.Text)
	}
	if m.ID != "ask" && !s.is("sends any template") || n > 10 && !s.is("sends any length") {
		return connectors.Receipt{}, s.err(connectors.Invalid, "template")
	}
	s.templated++
	return connectors.Receipt{State: connectors.StateApplied}, nil
}

func (s *toy) Quotas(context.Context) ([]connectors.Quota, error) {
	q := connectors.Quota{Name: "getOrder", Limit: 10, Used: 1, Left: 9}
	switch {
	case s.is("no quota"):
		return nil, nil
	case s.is("more left than there is"):
		q.Left = 11
	case s.is("quota twice"):
		return []connectors.Quota{q, q}, nil
	}
	return []connectors.Quota{q}, nil
}
