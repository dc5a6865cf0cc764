package tracking

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

const testKey = "key-that-must-not-show"

// service is a tracking service as its documentation describes it, in both
// dialects. The shapes are from the public documentation and from memory: there is
// no contract for either.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	paid     map[string]int // registrations that cost something
	batches  []int
	calls    int
	fail     int    // status of every answer, if not 0
	body     string // and its body
	known    bool   // the carrier has told of parcels
	slow     bool   // no answer comes
	rejected map[string]int
}

func newService(t *testing.T) *service {
	s := &service{paid: map[string]int{}, rejected: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /register", s.seventeenRegister)
	mux.HandleFunc("POST /gettrackinfo", s.seventeenInfo)
	mux.HandleFunc("POST /trackings", s.shipRegister)
	mux.HandleFunc("GET /trackings", s.shipList)
	mux.HandleFunc("POST /couriers/detect", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"meta":{"code":200},"data":{"total":2,"couriers":[{"slug":"usps"},{"slug":"dhl-germany"},{"slug":"one-we-do-not-know"}]}}`)
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.calls++
		fail, body, slow := s.fail, s.body, s.slow
		s.mu.Unlock()
		if slow {
			// Only when the body is read does a server hear that the client has left.
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			return
		}
		if r.Header.Get("17token") != testKey && r.Header.Get("as-api-key") != testKey {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"code":-18010002,"data":{"errors":[{"code":-18010002,"message":"`+testKey+`"}]}}`)
			return
		}
		if fail != 0 {
			w.WriteHeader(fail)
			fmt.Fprint(w, body)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) set(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

func (s *service) count() (calls, paid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.paid {
		paid += n
	}
	return s.calls, paid
}

func (s *service) seventeenRegister(w http.ResponseWriter, r *http.Request) {
	var rows []map[string]any
	_ = json.NewDecoder(r.Body).Decode(&rows)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, len(rows))
	var yes, no []any
	for _, row := range rows {
		n := row["number"].(string)
		code := s.rejected[n]
		if s.paid[n] > 0 {
			code = -18019901
		}
		if code != 0 {
			no = append(no, map[string]any{"number": n, "error": map[string]any{"code": code, "message": "no"}})
			continue
		}
		s.paid[n]++
		yes = append(yes, map[string]any{"origin": 1, "number": n, "carrier": 3011})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"code": 0, "data": map[string]any{"accepted": yes, "rejected": no}})
}

func (s *service) seventeenInfo(w http.ResponseWriter, r *http.Request) {
	var rows []struct {
		Number string `json:"number"`
	}
	_ = json.NewDecoder(r.Body).Decode(&rows)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := rows[0].Number
	code := 0
	switch {
	case s.paid[n] == 0:
		code = -18019902
	case !s.known:
		code = -18019909
	}
	if code != 0 {
		fmt.Fprintf(w, `{"code":0,"data":{"accepted":[],"rejected":[{"number":%q,"error":{"code":%d,"message":"x"}}]}}`, n, code)
		return
	}
	fmt.Fprintf(w, `{"code":0,"data":{"accepted":[%s],"rejected":[]}}`, seventeenSample(n))
}

func seventeenSample(n string) string {
	return `{"number":"` + n + `","carrier":3011,"track_info":{"latest_status":{"status":"InTransit","sub_status":"InTransit_CustomsProcessing"},
"latest_event":{"time_utc":"2026-11-20T08:00:00Z"},"tracking":{"providers":[{"provider":{"key":3011,"name":"China Post"},"events":[
{"time_iso":"2026-11-18T09:00:00+08:00","time_utc":"2026-11-18T01:00:00Z","description":"Accepted","location":"Shenzhen","stage":"InfoReceived"},
{"time_iso":"2026-11-20T16:00:00+08:00","time_utc":"2026-11-20T08:00:00Z","description":"Held by customs","location":"Frankfurt","sub_status":"InTransit_CustomsProcessing","new_field":{}}]}]}}}`
}

func (s *service) shipRegister(w http.ResponseWriter, r *http.Request) {
	var in map[string]string
	_ = json.NewDecoder(r.Body).Decode(&in)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := in["tracking_number"]
	if s.paid[n] > 0 {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"meta":{"code":4003,"message":"Tracking already exists.","type":"BadRequest"},"data":{}}`)
		return
	}
	s.paid[n]++
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"meta":{"code":201},"data":{"id":"a1","tracking_number":%q,"slug":"china-post","tag":"Pending"}}`, n)
}

func (s *service) shipList(w http.ResponseWriter, r *http.Request) {
	n := r.URL.Query().Get("tracking_numbers")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paid[n] == 0 {
		fmt.Fprint(w, `{"meta":{"code":200},"data":{"pagination":{"total":0},"trackings":[]}}`)
		return
	}
	fmt.Fprintf(w, `{"meta":{"code":200},"data":{"pagination":{"total":1},"trackings":[%s]}}`, shipSample(n))
}

func shipSample(n string) string {
	return `{"id":"a1","tracking_number":"` + n + `","slug":"china-post","tag":"Exception","subtag":"Exception_011","updated_at":"2026-11-20T10:00:00+00:00",
"checkpoints":[{"checkpoint_time":"2026-11-19T10:00:00","message":"Left","city":"Shenzhen","country_region_name":"China","tag":"InTransit"},
{"checkpoint_time":"2026-11-20T10:00:00","message":"Returned","location":"Shenzhen","tag":"Exception"}]}`
}
