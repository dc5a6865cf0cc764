package conntest

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"helloworld/connectors"
)

func (s *toy) Challenge(q url.Values, endpoint string) (string, []byte, bool) {
	code := q.Get("challenge_code")
	if code == "" && !s.is("answers without a question") {
		return "", nil, false
	}
	if s.is("challenge without address") {
		endpoint = ""
	}
	return "application/json", []byte(toySign(code, endpoint)), true
}

func (s *toy) deliver() (http.Header, []byte) {
	raw := []byte(`{"id":"e1", "order":"o1"}`)
	return http.Header{"X-Toy-Sign": {toySign(string(raw))}, "X-Toy-Topic": {"orders"}}, raw
}

func (s *toy) Verify(_ context.Context, h http.Header, raw []byte) ([]connectors.Event, error) {
	signed := raw
	if s.is("does not sign the end") && len(raw) > 0 {
		signed = []byte(`{"id":"e1", "order":"o1"}`)
		copy(signed, raw[:len(raw)-1])
	}
	if (h.Get("X-Toy-Sign") != toySign(string(signed)) || len(raw) == 0) && !s.is("forged delivery") &&
		!(s.is("foreign signature") && h.Get("X-Toy-Sign") != "" && string(raw) == `{"id":"e1", "order":"o1"}`) &&
		!(s.is("no signature is one") && len(h) == 0) {
		k := connectors.Invalid
		if s.is("forged is down") {
			k = connectors.Down
		}
		return nil, s.err(k, "signature")
	}
	e := connectors.Event{ID: "e1", Kind: connectors.EventOrder, Order: "o1", Raw: raw}
	switch {
	case s.is("id by chance"):
		s.calls++
		e.ID = strconv.Itoa(s.calls)
	case s.is("event about nothing"):
		e.Order = ""
	}
	return []connectors.Event{e}, nil
}

func (s *toy) Subscribe(_ context.Context, endpoint string) error {
	for _, topic := range []string{"orders", "returns"} {
		x, there := s.subs[topic]
		switch {
		case there && s.is("subscribes twice"):
			s.subs[topic+" again"] = connectors.Subscription{Topic: topic, Endpoint: endpoint, OK: true}
		case there && !x.OK && s.is("mends nothing"):
		default:
			s.subs[topic] = connectors.Subscription{Topic: topic, Endpoint: endpoint, OK: true}
		}
	}
	return nil
}

func (s *toy) Subscriptions(context.Context) ([]connectors.Subscription, error) {
	var out []connectors.Subscription
	for _, x := range s.subs {
		if s.is("hides what is off") {
			x.OK = true
		}
		if s.is("another address") {
			x.Endpoint += "/old"
		}
		out = append(out, x)
	}
	return out, nil
}

func (s *toy) Queue(context.Context) error {
	s.calls++
	if s.is("queue only once") && s.calls > 1 {
		return s.err(connectors.Conflict, "exists")
	}
	return nil
}

func (s *toy) Receive(context.Context) ([]connectors.Event, error) {
	var out []connectors.Event
	for i := range s.queue {
		s.handles++
		e := s.queue[i]
		e.Handle = strconv.Itoa(s.handles)
		if e.Kind == connectors.EventOther && s.is("poison stops the queue") {
			return nil, s.err(connectors.Down, "malformed")
		}
		if s.is("no handle") {
			e.Handle = ""
		}
		if s.is("new id each time") {
			e.ID = e.Handle
		}
		out = append(out, e)
	}
	if s.is("takes without being told") {
		s.queue = nil
	}
	return out, nil
}

func (s *toy) Ack(context.Context, ...connectors.Event) error {
	if !s.is("acknowledges nothing") {
		s.queue = nil
	}
	return nil
}
