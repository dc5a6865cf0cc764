package tracking

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/time/rate"
)

// SeventeenTrack is the name of 17TRACK.
const SeventeenTrack = "17track"

// seventeenBatch is how many numbers one call may carry.
const seventeenBatch = 40

// seventeenCarriers are 17TRACK's numbers for carriers. A carrier that is not
// here is left to 17TRACK to find out.
var seventeenCarriers = map[string]int{"dhl": 100001, "ups": 100002, "fedex": 100003, "usps": 21051, "china-post": 3011, "yanwen": 190012, "cainiao": 190271}

// Seventeen speaks to 17TRACK, version 2.4 of its interface. Registering costs a
// unit of the account's quota, and the carriers are asked every 6 to 12 hours.
type Seventeen struct{ w *wire }

// NewSeventeen makes a client of 17TRACK.
func NewSeventeen(c Config) (*Seventeen, error) {
	w, err := newWire(SeventeenTrack, "https://api.17track.net/track/v2.4", c)
	if err != nil {
		return nil, err
	}
	w.limit = map[string]*rate.Limiter{"": rate.NewLimiter(3, 3)}
	w.header = func(h http.Header) { h.Set("17token", string(c.Key)) }
	w.fault = func(status int, body []byte) (string, bool) {
		var a struct {
			Code int `json:"code"`
			Data struct {
				Errors []struct {
					Code int `json:"code"`
				} `json:"errors"`
			} `json:"data"`
		}
		// A list in place of the data is no fault; what cannot be read at all shows
		// when the answer itself is read.
		_ = json.Unmarshal(body, &a)
		switch {
		case len(a.Data.Errors) > 0:
			return strconv.Itoa(a.Data.Errors[0].Code), true
		case a.Code < -1000: // small ones are about single rows, which say so themselves
			return strconv.Itoa(a.Code), true
		}
		return "", status >= 300
	}
	return &Seventeen{w: w}, nil
}

// Name is "17track".
func (*Seventeen) Name() string { return SeventeenTrack }

type seventeenRow struct {
	Number  string `json:"number"`
	Carrier int    `json:"carrier,omitempty"`
}

func seventeenAsk(p Parcel) seventeenRow {
	return seventeenRow{Number: Normalise(p.Number), Carrier: seventeenCarriers[p.Carrier]}
}

type seventeenRejected struct {
	Number string `json:"number"`
	Error  struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

type seventeenAnswer struct {
	Data struct {
		Accepted []json.RawMessage   `json:"accepted"`
		Rejected []seventeenRejected `json:"rejected"`
	} `json:"data"`
}

const seventeenAlready = -18019901

func (s *Seventeen) rejected(op string, r seventeenRejected) error {
	code := strconv.Itoa(r.Error.Code)
	return s.w.fail(op, &Error{Kind: s.w.kind(http.StatusOK, code), Code: code})
}

// Register makes 17TRACK look after parcels, forty at a time.
func (s *Seventeen) Register(ctx context.Context, parcels []Parcel) []error {
	errs := make([]error, len(parcels))
	for at := 0; at < len(parcels); at += seventeenBatch {
		part := parcels[at:min(at+seventeenBatch, len(parcels))]
		rows := make([]seventeenRow, len(part))
		for i, p := range part {
			rows[i] = seventeenAsk(p)
		}
		var a seventeenAnswer
		err := s.w.do(ctx, "register", http.MethodPost, "/register", rows, &a)
		took := map[string]bool{}
		for _, raw := range a.Data.Accepted {
			var row seventeenRow
			if json.Unmarshal(raw, &row) == nil {
				took[Normalise(row.Number)] = true
			}
		}
		refused := map[string]seventeenRejected{}
		for _, r := range a.Data.Rejected {
			refused[Normalise(r.Number)] = r
		}
		for i, row := range rows {
			r, no := refused[row.Number]
			switch {
			case err != nil:
				errs[at+i] = err
			case took[row.Number], no && r.Error.Code == seventeenAlready:
			case no:
				errs[at+i] = s.rejected("register", r)
			default:
				errs[at+i] = s.w.fail("register", &Error{Kind: Unsure, Code: "not_told"})
			}
		}
	}
	return errs
}

// Status reads what 17TRACK knows of a registered parcel; that costs nothing.
func (s *Seventeen) Status(ctx context.Context, p Parcel) (Track, error) {
	var a seventeenAnswer
	if err := s.w.do(ctx, "status", http.MethodPost, "/gettrackinfo", []seventeenRow{seventeenAsk(p)}, &a); err != nil {
		return Track{}, err
	}
	for _, raw := range a.Data.Accepted {
		t, err := s.read(raw)
		if err != nil {
			return Track{}, s.w.fail("status", &Error{Kind: Down, Code: "unreadable", Err: err})
		}
		if t.Number == Normalise(p.Number) {
			return t, nil
		}
	}
	if len(a.Data.Rejected) > 0 {
		return Track{}, s.rejected("status", a.Data.Rejected[0])
	}
	return Track{}, s.w.fail("status", &Error{Kind: NotFound, Code: "not_told"})
}

// Detect is not offered by 17TRACK: it finds the carrier out when it registers.
func (s *Seventeen) Detect(context.Context, string) ([]string, error) {
	return nil, s.w.fail("detect", &Error{Kind: Unsupported})
}

type seventeenTrack struct {
	seventeenRow
	Info struct {
		Status struct {
			Status string `json:"status"`
			Sub    string `json:"sub_status"`
		} `json:"latest_status"`
		Latest struct {
			At string `json:"time_utc"`
		} `json:"latest_event"`
		Tracking struct {
			Providers []struct {
				Provider struct {
					Name string `json:"name"`
				} `json:"provider"`
				Events []struct {
					ISO      string `json:"time_iso"`
					UTC      string `json:"time_utc"`
					Text     string `json:"description"`
					Location string `json:"location"`
					Stage    string `json:"stage"`
					Sub      string `json:"sub_status"`
				} `json:"events"`
			} `json:"providers"`
		} `json:"tracking"`
	} `json:"track_info"`
}

var seventeenStates = map[string]State{"NotFound": StatePending, "InfoReceived": StateInfo, "InTransit": StateInTransit, "Expired": StateExpired,
	"AvailableForPickup": StateAttempt, "OutForDelivery": StateOutForDelivery, "DeliveryFailure": StateAttempt, "Delivered": StateDelivered,
	"Exception": StateException}

func (s *Seventeen) read(raw []byte) (Track, error) {
	var x seventeenTrack
	if err := json.Unmarshal(raw, &x); err != nil {
		return Track{}, err
	}
	st := x.Info.Status
	t := Track{Number: Normalise(x.Number), State: cmp.Or(seventeenStates[st.Status], StatePending), Raw: strings.Trim(st.Status+"/"+st.Sub, "/"),
		Updated: moment(x.Info.Latest.At), Service: SeventeenTrack}
	if strings.HasPrefix(st.Sub, "Exception_Return") {
		t.State = StateReturned
	}
	for code, n := range seventeenCarriers {
		if n == x.Carrier {
			t.Carrier = code
		}
	}
	for _, p := range x.Info.Tracking.Providers {
		t.CarrierName = cmp.Or(t.CarrierName, p.Provider.Name)
		for _, e := range p.Events {
			t.Events = append(t.Events, Event{At: cmp.Or(moment(e.UTC), moment(e.ISO)), Text: e.Text, Place: e.Location, Raw: cmp.Or(e.Sub, e.Stage)})
		}
	}
	if t.Carrier == "" {
		if c, ok := Find(t.CarrierName); ok {
			t.Carrier = c.Code
		}
	}
	return newestFirst(t), nil
}

// newestFirst orders events; those of the same moment stay as they came.
func newestFirst(t Track) Track {
	slices.SortStableFunc(t.Events, func(a, b Event) int { return b.At.Compare(a.At) })
	if t.Updated.IsZero() && len(t.Events) > 0 {
		t.Updated = t.Events[0].At
	}
	return t
}

// VerifyPush reads a delivery. Its header "sign" is the SHA-256 of the raw body,
// a slash and the key.
func (s *Seventeen) VerifyPush(h http.Header, raw []byte) ([]Track, error) {
	sum := sha256.Sum256([]byte(string(raw) + "/" + string(cmp.Or(s.w.c.PushKey, s.w.c.Key))))
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(strings.ToLower(h.Get("sign")))) != 1 {
		return nil, s.w.fail("push", &Error{Kind: Invalid, Code: "signature"})
	}
	var d struct {
		Event string          `json:"event"`
		Data  json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, s.w.fail("push", &Error{Kind: Invalid, Code: "unreadable", Err: err})
	}
	if d.Event != "TRACKING_UPDATED" {
		return nil, nil // "no longer looked after", and whatever else they think of
	}
	t, err := s.read(d.Data)
	if err != nil {
		return nil, s.w.fail("push", &Error{Kind: Invalid, Code: "unreadable", Err: err})
	}
	return []Track{t}, nil
}

var _ Tracker = (*Seventeen)(nil)
