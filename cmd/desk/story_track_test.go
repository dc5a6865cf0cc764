package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	"helloworld/cmd/desk/config"
	"helloworld/connectors/tracking"
)

// trackFakes are the tracking services of a story: both dialects, as their public
// documentation describes them, with what each knows of any parcel.
type trackFakes struct {
	mu   sync.Mutex
	down map[string]bool
	says map[string]string
	// paid counts what registering cost, by service and number.
	paid map[string]int
}

func doServices(s *story, w []string) error {
	if s.desk != nil {
		return errors.New("the services stand in the configuration: name them before the desk starts")
	}
	s.track = &trackFakes{down: map[string]bool{}, says: map[string]string{}, paid: map[string]int{}}
	for _, kind := range w {
		h, ok := map[string]http.HandlerFunc{tracking.SeventeenTrack: s.track.seventeen, tracking.AfterShip: s.track.ship}[kind]
		if !ok {
			return fmt.Errorf("the stories know no service %q", kind)
		}
		srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			s.track.mu.Lock()
			defer s.track.mu.Unlock()
			if s.track.down[kind] {
				rw.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			h(rw, r)
		}))
		s.t.Cleanup(srv.Close)
		s.tracking = append(s.tracking, config.Tracking{Name: kind, Kind: kind, BaseURL: srv.URL, Key: "a-key-of-a-story"})
	}
	return nil
}

func doService(s *story, w []string) error {
	if s.track == nil || !slices.ContainsFunc(s.tracking, func(c config.Tracking) bool { return c.Kind == w[0] }) {
		return fmt.Errorf("the story has no service %q", w[0])
	}
	s.track.mu.Lock()
	defer s.track.mu.Unlock()
	switch {
	case w[1] == "down", w[1] == "up":
		s.track.down[w[0]] = w[1] == "down"
	case w[1] == "says" && len(w) == 3:
		s.track.says[w[0]] = w[2]
	case w[1] == "paid" && len(w) == 4:
		if got := fmt.Sprint(s.track.paid[w[0]+" "+w[2]]); got != w[3] {
			return fmt.Errorf("%s was registered %s times with %s", w[2], got, w[0])
		}
	default:
		return errors.New("a service is down, up, says a WORD, or was paid NUMBER N")
	}
	return nil
}

// seventeen speaks as 17TRACK does; the caller holds the lock.
func (x *trackFakes) seventeen(w http.ResponseWriter, r *http.Request) {
	var rows []struct {
		Number string `json:"number"`
	}
	if err := json.NewDecoder(r.Body).Decode(&rows); err != nil || len(rows) != 1 || r.Header.Get("17token") == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	n := rows[0].Number
	key := tracking.SeventeenTrack + " " + n
	reject := func(code int) {
		fmt.Fprintf(w, `{"code":0,"data":{"accepted":[],"rejected":[{"number":%q,"error":{"code":%d,"message":"no"}}]}}`, n, code)
	}
	switch {
	case r.URL.Path == "/register" && x.paid[key] > 0:
		reject(-18019901)
	case r.URL.Path == "/register":
		x.paid[key]++
		fmt.Fprintf(w, `{"code":0,"data":{"accepted":[{"origin":1,"number":%q,"carrier":100002}],"rejected":[]}}`, n)
	case x.paid[key] == 0:
		reject(-18019902)
	case x.says[tracking.SeventeenTrack] == "":
		reject(-18019909)
	default:
		fmt.Fprintf(w, `{"code":0,"data":{"accepted":[{"number":%q,"carrier":100002,"track_info":{"latest_status":{"status":%q},"latest_event":{"time_utc":"2026-11-20T08:00:00Z"},
			"tracking":{"providers":[{"provider":{"key":100002,"name":"UPS"},"events":[{"time_utc":"2026-11-20T08:00:00Z","description":"Held by customs","location":"Frankfurt"}]}]}}}],"rejected":[]}}`,
			n, x.says[tracking.SeventeenTrack])
	}
}

// ship speaks as AfterShip does; the caller holds the lock.
func (x *trackFakes) ship(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var in map[string]string
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		x.paid[tracking.AfterShip+" "+in["tracking_number"]]++
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"meta":{"code":201},"data":{"id":"a1","tracking_number":%q,"slug":"ups","tag":"Pending"}}`, in["tracking_number"])
		return
	}
	n := r.URL.Query().Get("tracking_numbers")
	if x.paid[tracking.AfterShip+" "+n] == 0 {
		fmt.Fprint(w, `{"meta":{"code":200},"data":{"pagination":{"total":0},"trackings":[]}}`)
		return
	}
	fmt.Fprintf(w, `{"meta":{"code":200},"data":{"pagination":{"total":1},"trackings":[{"id":"a1","tracking_number":%q,"slug":"ups","tag":%q,"updated_at":"2026-11-20T10:00:00+00:00",
		"checkpoints":[{"checkpoint_time":"2026-11-20T10:00:00","message":"Handed over","location":"Hamburg","tag":%q}]}]}}`, n, x.says[tracking.AfterShip], x.says[tracking.AfterShip])
}
