package tracking

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/time/rate"
)

// AfterShip is the name of AfterShip.
const AfterShip = "aftership"

// slugs are AfterShip's words for carriers.
var slugs = map[string]string{"ups": "ups", "fedex": "fedex", "usps": "usps", "dhl": "dhl", "dhl-ecommerce": "dhl-global-mail", "dhl-paket": "dhl-germany",
	"dpd": "dpd", "gls": "gls", "hermes": "hermes-uk", "royal-mail": "royal-mail", "la-poste": "la-poste-colissimo", "deutsche-post": "deutsch-post",
	"japan-post": "japan-post", "correios": "brazil-correios", "china-post": "china-post", "ems": "china-ems", "canada-post": "canada-post",
	"purolator": "purolator", "ontrac": "ontrac", "lasership": "lasership", "yunexpress": "yunexpress", "sf": "sf-express", "4px": "4px", "yanwen": "yanwen",
	"cainiao": "cainiao", "yodel": "yodel", "landmark": "landmark-global", "canpar": "canpar", "yto": "yto"}

// Ship speaks to AfterShip, version 2026-07 of its interface.
type Ship struct{ w *wire }

// NewAfterShip makes a client of AfterShip.
func NewAfterShip(c Config) (*Ship, error) {
	w, err := newWire(AfterShip, "https://api.aftership.com/tracking/2026-07", c)
	if err != nil {
		return nil, err
	}
	w.limit = map[string]*rate.Limiter{"register": rate.NewLimiter(20, 10), "detect": rate.NewLimiter(3, 2), "": rate.NewLimiter(5, 3)}
	w.header = func(h http.Header) { h.Set("as-api-key", string(c.Key)) }
	w.fault = func(status int, body []byte) (string, bool) {
		var a struct {
			Meta struct {
				Code int `json:"code"`
			} `json:"meta"`
		}
		_ = json.Unmarshal(body, &a)
		if a.Meta.Code >= 300 {
			return strconv.Itoa(a.Meta.Code), true
		}
		return "", status >= 300
	}
	return &Ship{w: w}, nil
}

// Name is "aftership".
func (*Ship) Name() string { return AfterShip }

// shipAlready: this number is there.
const shipAlready = "4003"

// Register makes AfterShip look after parcels, one call each.
func (s *Ship) Register(ctx context.Context, parcels []Parcel) []error {
	errs := make([]error, len(parcels))
	for i, p := range parcels {
		in := map[string]string{"tracking_number": Normalise(p.Number)}
		if slug := slugs[p.Carrier]; slug != "" {
			in["slug"] = slug
		}
		if p.Zip != "" {
			in["tracking_postal_code"] = p.Zip
		}
		var a json.RawMessage
		err := s.w.do(ctx, "register", http.MethodPost, "/trackings", in, &a)
		if codeOf(err) == shipAlready {
			err = nil
		}
		errs[i] = err
	}
	return errs
}

func codeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

type shipTrack struct {
	Number      string `json:"tracking_number"`
	Slug        string `json:"slug"`
	Tag         string `json:"tag"`
	Subtag      string `json:"subtag"`
	Updated     string `json:"updated_at"`
	Checkpoints []struct {
		At       string `json:"checkpoint_time"`
		Created  string `json:"created_at"`
		Message  string `json:"message"`
		Location string `json:"location"`
		City     string `json:"city"`
		Country  string `json:"country_region_name"`
		Tag      string `json:"tag"`
		Subtag   string `json:"subtag"`
	} `json:"checkpoints"`
}

var shipStates = map[string]State{"Pending": StatePending, "InfoReceived": StateInfo, "InTransit": StateInTransit, "OutForDelivery": StateOutForDelivery,
	"AttemptFail": StateAttempt, "AvailableForPickup": StateAttempt, "Delivered": StateDelivered, "Exception": StateException, "Expired": StateExpired}

// shipReturns are the finer words for what goes back to the sender.
var shipReturns = []string{"Exception_010", "Exception_011"}

func (*Ship) read(x shipTrack) Track {
	t := Track{Number: Normalise(x.Number), CarrierName: x.Slug, State: cmp.Or(shipStates[x.Tag], StatePending),
		Raw: strings.Trim(x.Tag+"/"+x.Subtag, "/"), Updated: moment(x.Updated), Service: AfterShip}
	if slices.Contains(shipReturns, x.Subtag) {
		t.State = StateReturned
	}
	t.Carrier = ourCode(x.Slug)
	for _, c := range x.Checkpoints {
		t.Events = append(t.Events, Event{At: cmp.Or(moment(c.At), moment(c.Created)), Text: c.Message,
			Place: cmp.Or(c.Location, strings.Trim(c.City+", "+c.Country, ", ")), Raw: cmp.Or(c.Subtag, c.Tag)})
	}
	return newestFirst(t)
}

func ourCode(slug string) string {
	for code, w := range slugs {
		if w == slug {
			return code
		}
	}
	return ""
}

// Status reads what AfterShip knows of a registered parcel.
func (s *Ship) Status(ctx context.Context, p Parcel) (Track, error) {
	q := url.Values{"tracking_numbers": {Normalise(p.Number)}}
	if slug := slugs[p.Carrier]; slug != "" {
		q.Set("slug", slug)
	}
	var a struct {
		Data struct {
			Trackings []shipTrack `json:"trackings"`
		} `json:"data"`
	}
	if err := s.w.do(ctx, "status", http.MethodGet, "/trackings?"+q.Encode(), nil, &a); err != nil {
		return Track{}, err
	}
	for _, x := range a.Data.Trackings {
		if Normalise(x.Number) == Normalise(p.Number) {
			return s.read(x), nil
		}
	}
	return Track{}, s.w.fail("status", &Error{Kind: NotFound})
}

// Detect asks which carriers AfterShip takes a number for.
func (s *Ship) Detect(ctx context.Context, number string) ([]string, error) {
	var a struct {
		Data struct {
			Couriers []struct {
				Slug string `json:"slug"`
			} `json:"couriers"`
		} `json:"data"`
	}
	if err := s.w.do(ctx, "detect", http.MethodPost, "/couriers/detect", map[string]string{"tracking_number": Normalise(number)}, &a); err != nil {
		return nil, err
	}
	var out []string
	for _, c := range a.Data.Couriers {
		if code := ourCode(c.Slug); code != "" {
			out = append(out, code)
		}
	}
	return out, nil
}

// VerifyPush reads a delivery. Its header aftership-hmac-sha256 is the HMAC of
// the raw body in base64.
func (s *Ship) VerifyPush(h http.Header, raw []byte) ([]Track, error) {
	mac := hmac.New(sha256.New, []byte(cmp.Or(s.w.c.PushKey, s.w.c.Key)))
	mac.Write(raw)
	got, err := base64.StdEncoding.DecodeString(h.Get("aftership-hmac-sha256"))
	if err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		return nil, s.w.fail("push", &Error{Kind: Invalid, Code: "signature"})
	}
	var d struct {
		Message shipTrack `json:"msg"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, s.w.fail("push", &Error{Kind: Invalid, Code: "unreadable", Err: err})
	}
	if d.Message.Number == "" {
		return nil, nil
	}
	return []Track{s.read(d.Message)}, nil
}

var _ Tracker = (*Ship)(nil)
