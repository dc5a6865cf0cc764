package bot_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/connectors/tracking"
	"helloworld/i18n"
)

const (
	parcelNo = "1Z999AA10123456784"
	keyOne   = "key-of-17track"
	keyTwo   = "webhook-secret-of-aftership"
)

// post17 is 17TRACK, as far as it is needed: a parcel has to be registered first.
type post17 struct {
	*httptest.Server
	mu         sync.Mutex
	down       bool
	registered int
	known      map[string]bool
}

func newPost17(t *testing.T) *post17 {
	s := &post17{known: map[string]bool{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		raw, _ := io.ReadAll(r.Body)
		var rows []struct {
			Number string `json:"number"`
		}
		switch {
		case s.down:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case r.Header.Get("17token") != keyOne || json.Unmarshal(raw, &rows) != nil || len(rows) != 1:
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		n := rows[0].Number
		if strings.HasSuffix(r.URL.Path, "/register") {
			s.registered++
			s.known[n] = true
			_, _ = io.WriteString(w, `{"code":0,"data":{"accepted":[{"number":"`+n+`"}],"rejected":[]}}`)
			return
		}
		if !s.known[n] {
			_, _ = io.WriteString(w, `{"code":0,"data":{"accepted":[],"rejected":[{"number":"`+n+`","error":{"code":-18019902,"message":"not registered"}}]}}`)
			return
		}
		_, _ = io.WriteString(w, `{"code":0,"data":{"accepted":[`+told17(n, "InTransit", "2026-11-20T10:00:00Z")+`],"rejected":[]}}`)
	}))
	t.Cleanup(s.Close)
	return s
}

func told17(number, status, at string) string {
	return `{"number":"` + number + `","carrier":100002,"track_info":{"latest_status":{"status":"` + status + `"},"latest_event":{"time_utc":"` + at + `"},
		"tracking":{"providers":[{"provider":{"name":"UPS"},"events":[{"time_utc":"` + at + `","description":"Depot scan","location":"Berlin"}]}]}}}`
}

// services are two tracking services, as the configuration would make them.
func (r *rig) services(first, second string) *tracking.Services {
	r.t.Helper()
	one, err := tracking.NewSeventeen(tracking.Config{Key: keyOne, BaseURL: first})
	if err != nil {
		r.t.Fatal(err)
	}
	two, err := tracking.NewAfterShip(tracking.Config{Key: "as", PushKey: keyTwo, BaseURL: second})
	if err != nil {
		r.t.Fatal(err)
	}
	return tracking.NewServices(tracking.Options{Trackers: []tracking.Tracker{one, two}, Ledger: bot.Registrations{DB: r.db}})
}

// TestTrackedParcel goes from the first question to the delivery that says that it
// has arrived.
func TestTrackedParcel(t *testing.T) {
	t.Parallel()
	r := newRig(t, plan{stores: []string{}})
	one := newPost17(t)
	two := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"meta":{"code":200},"data":{"trackings":[{"tracking_number":"`+parcelNo+`","slug":"ups","tag":"OutForDelivery","updated_at":"2026-11-21T08:00:00Z","checkpoints":[]}]}}`)
	}))
	t.Cleanup(two.Close)
	r.desk.Track = r.services(one.URL, two.URL)
	ask := func() bot.ParcelAnswer {
		t.Helper()
		a, err := r.desk.AskParcel(t.Context(), tracking.Parcel{Number: "1z 999 AA1 01 2345 6784", Carrier: "ups", Country: "DE"})
		if err != nil || a.Err != nil {
			t.Fatalf("%v, %v", err, a.Err)
		}
		return a
	}
	en := i18n.For(language.English)
	if a := ask(); a.Service != tracking.SeventeenTrack || a.Backup || a.Track.State != tracking.StateInTransit || a.Heard.IsZero() {
		t.Fatalf("%+v", a)
	}
	// Another process has another memory, and the same database.
	r.desk.Track = r.services(one.URL, two.URL)
	one.mu.Lock()
	one.known = map[string]bool{}
	one.mu.Unlock()
	if a := ask(); one.registered != 1 || a.Track.State != tracking.StatePending {
		t.Errorf("registered %d times, %+v", one.registered, a)
	}
	r.read(func(tx *store.Tx) error {
		x, ok, err := r.desk.GetParcel(tx, parcelNo)
		if !ok || x.Track.State != tracking.StateInTransit || x.Country != "DE" {
			t.Errorf("what was known is forgotten for a service that knows nothing: %+v", x)
		}
		return err
	})
	// The first is down: the second answers, and says that it is the second.
	one.mu.Lock()
	one.down = true
	one.mu.Unlock()
	a := ask()
	if card := words(r.desk.ParcelCard(en, a, false)); a.Service != tracking.AfterShip || !a.Backup || !strings.Contains(card, "Answered by the backup, aftership: 17track cannot be reached.") ||
		!strings.Contains(card, "out for delivery") {
		t.Fatalf("%+v\n%s", a, card)
	}
	// Both are: what was told last is told again, with its age.
	two.Close()
	a, err := r.desk.AskParcel(t.Context(), tracking.Parcel{Number: parcelNo})
	if card := words(r.desk.ParcelCard(en, a, false)); err != nil || a.Err == nil || !strings.Contains(card, "out for delivery") || !strings.Contains(card, "As of") || !strings.Contains(card, "cannot be reached") {
		t.Fatalf("%v %+v\n%s", err, a, card)
	}
	// Somebody follows it, and the service calls.
	place := chat.Place{Chat: "hall", Channel: "desk"}
	if err := r.desk.FollowParcel(t.Context(), bot.Deed{Event: chat.Event{Place: place}, P: en, Finish: func(*store.Tx) error { return nil }}, parcelNo); err != nil {
		t.Fatal(err)
	}
	stands := func(what string) {
		t.Helper()
		for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
			cards := r.hall.said("desk")
			if len(cards) == 1 && strings.Contains(words(cards[0]), what) {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("no %q in %+v", what, cards)
			}
		}
	}
	stands("out for delivery")
	raw := []byte(`{"event":"TRACKING_UPDATED","data":` + told17(parcelNo, "Delivered", "2026-11-21T12:00:00Z") + `}`)
	push := func(raw []byte, key string) int {
		sum := sha256.Sum256([]byte(string(raw) + "/" + key))
		return r.desk.TrackPush(t.Context(), tracking.SeventeenTrack, http.Header{"Sign": {hex.EncodeToString(sum[:])}}, raw)
	}
	if got := push(raw, "forged"); got != http.StatusUnauthorized {
		t.Errorf("a forged delivery is answered %d", got)
	}
	if got := r.desk.TrackPush(t.Context(), "pigeon", http.Header{}, raw); got != http.StatusNotFound {
		t.Errorf("a service that we do not have is answered %d", got)
	}
	for range 2 {
		if got := push(raw, keyOne); got != http.StatusOK {
			t.Fatalf("answered %d", got)
		}
	}
	stands("delivered")
	// What is older comes too late, what nobody asked for is not kept.
	for _, late := range []string{told17(parcelNo, "InTransit", "2026-11-19T12:00:00Z"), told17("RB123456785IT", "InTransit", "2026-11-21T12:00:00Z")} {
		if got := push([]byte(`{"event":"TRACKING_UPDATED","data":`+late+`}`), keyOne); got != http.StatusOK {
			t.Errorf("answered %d", got)
		}
	}
	body := []byte(`{"msg":{"tracking_number":"` + parcelNo + `","tag":"Delivered","updated_at":"2026-11-21T13:00:00Z"}}`)
	mac := hmac.New(sha256.New, []byte(keyTwo))
	mac.Write(body)
	if got := r.desk.TrackPush(t.Context(), tracking.AfterShip, http.Header{"Aftership-Hmac-Sha256": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}}, body); got != http.StatusOK {
		t.Errorf("AfterShip's is answered %d", got)
	}
	r.read(func(tx *store.Tx) error {
		if x, ok, err := r.desk.GetParcel(tx, parcelNo); err != nil || !ok || x.Track.State != tracking.StateDelivered || x.Track.Service != tracking.AfterShip {
			t.Errorf("%+v %v", x, err)
		}
		if _, ok, err := r.desk.GetParcel(tx, "RB123456785IT"); ok || err != nil {
			t.Errorf("a parcel that nobody asked for is kept: %v", err)
		}
		return nil
	})
	if n := r.ids(`SELECT id FROM parcel_push`); len(n) != 4 {
		t.Errorf("%d deliveries were taken in, want 4", len(n))
	}
}
