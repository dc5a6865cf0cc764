package tracking

import (
	"context"
	"net/http"
	"time"
)

// State is where a parcel stands.
type State string

// The states. A service's word that is not known becomes StatePending, and the
// word itself stays in Track.Raw.
const (
	// StatePending: the carrier knows nothing yet.
	StatePending State = "pending"
	// StateInfo: the carrier was told of it, and has not got it yet.
	StateInfo           State = "info_received"
	StateInTransit      State = "in_transit"
	StateOutForDelivery State = "out_for_delivery"
	StateDelivered      State = "delivered"
	// StateAttempt: nobody was at home, or it waits to be fetched.
	StateAttempt State = "failed_attempt"
	// StateException: customs, damage, a wrong address, a loss.
	StateException State = "exception"
	// StateReturned: it goes back, or is back.
	StateReturned State = "returned"
	// StateExpired: nothing was heard of it for long.
	StateExpired State = "expired"
)

// States are all states.
var States = []State{StatePending, StateInfo, StateInTransit, StateOutForDelivery, StateDelivered, StateAttempt, StateException, StateReturned, StateExpired}

// Final tells that nothing more will happen.
func (s State) Final() bool { return s == StateDelivered || s == StateReturned || s == StateExpired }

// Parcel is what a service is asked about.
type Parcel struct {
	Number string
	// Carrier is a code of this package; empty: the service finds it out.
	Carrier string
	// Country is where it goes (ISO 3166), and Zip the post code, which some
	// carriers want.
	Country, Zip string
}

// Track is what is known of a parcel.
type Track struct {
	Number string
	// Carrier is a code of this package; empty if the service's carrier is none of
	// ours. CarrierName is the service's own name for it.
	Carrier, CarrierName string
	State                State
	// Raw is the service's own word for the state.
	Raw string
	// Events are the newest first.
	Events []Event
	// Updated is when the state was last told.
	Updated time.Time
	// Service is which one said so.
	Service string
}

// Event is something that happened to a parcel.
type Event struct {
	At    time.Time
	Text  string
	Place string
	// Raw is the service's own word for it.
	Raw string
}

// Tracker is a tracking service.
type Tracker interface {
	// Name is the service's name: "17track".
	Name() string
	// Register makes the service look after parcels, and tells one error for each,
	// nil where it is registered; one that already was is no error.
	Register(ctx context.Context, parcels []Parcel) []error
	// Status tells what the service knows. A parcel that is not registered is an
	// error of kind NotFound.
	Status(ctx context.Context, p Parcel) (Track, error)
	// Detect lists the carriers, as codes of this package, that the service takes a
	// number for; Unsupported where it has no such call.
	Detect(ctx context.Context, number string) ([]string, error)
	// VerifyPush checks a delivery's signature over the raw body, and reads it. A
	// forged one is an error of kind Invalid.
	VerifyPush(h http.Header, raw []byte) ([]Track, error)
}
