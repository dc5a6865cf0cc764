package bot

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/connectors/tracking"
	"helloworld/i18n"
)

// trackWait bounds what the tracking services may take of one question in all.
const trackWait = 25 * time.Second

// The times after which a parcel that nobody asks for is forgotten, with its
// registration, and a delivery of a service is not known again.
const (
	parcelLife = 180 * 24 * time.Hour
	trackPush  = 30 * 24 * time.Hour
)

// Registrations remember in the desk's database which parcels were registered
// with which tracking service.
type Registrations struct{ DB *store.DB }

var _ tracking.Ledger = Registrations{}

// Registered tells whether a parcel was.
func (r Registrations) Registered(ctx context.Context, service, number string) (there bool, err error) {
	err = r.DB.Read(ctx, func(tx *store.Tx) error {
		var n int
		err := tx.Row(`SELECT COUNT(*) FROM parcel_known WHERE service = ? AND number = ?`, service, number).Scan(&n)
		there = n > 0
		return err
	})
	return there, err
}

// Keep notes that it was.
func (r Registrations) Keep(ctx context.Context, service, number string) error {
	return r.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`DELETE FROM parcel_known WHERE at < ?`, tx.Now()-parcelLife.Milliseconds()); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO parcel_known(service, number, at) VALUES (?, ?, ?) ON CONFLICT (service, number) DO NOTHING`, service, number, tx.Now())
		return err
	})
}

// Parcel is what the desk knows of a parcel.
type Parcel struct {
	tracking.Parcel
	Track tracking.Track
	// Heard is when a service said so; zero: none ever has.
	Heard time.Time
}

// GetParcel is the parcel that somebody asked for; ok is false if nobody has.
func (d *Desk) GetParcel(tx *store.Tx, number string) (p Parcel, ok bool, err error) {
	p.Number = number
	var told string
	var heard int64
	err = tx.Row(`SELECT carrier, country, told, heard FROM parcel WHERE number = ?`, number).Scan(&p.Carrier, &p.Country, &told, &heard)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(told), &p.Track)
	}
	if err != nil {
		return p, false, fmt.Errorf("bot: parcel %s: %w", number, err)
	}
	if heard > 0 {
		p.Heard = time.UnixMilli(heard).UTC()
	}
	return p, true, nil
}

// ParcelAnswer is what became of a question for a parcel: the newest that is
// known, and the error if no service could be asked just now.
type ParcelAnswer struct {
	Parcel
	// Service, Backup and Why are as in [tracking.Answer]; Service is empty when
	// nobody answered now.
	Service string
	Backup  bool
	Why     error
	Err     error
}

// AskParcel asks the tracking services where a parcel is, and keeps the answer.
// The parcel is registered with a service by this, which may cost money: it is for
// what people ask, and for nothing else. When nobody answers, what was told last
// is given, with the error.
func (d *Desk) AskParcel(ctx context.Context, p tracking.Parcel) (ParcelAnswer, error) {
	p.Number = tracking.Normalise(p.Number)
	out := ParcelAnswer{Parcel: Parcel{Parcel: p}, Err: tracking.ErrNone}
	if d.Track != nil {
		asking, stop := context.WithTimeout(ctx, trackWait)
		a, err := d.Track.Status(asking, p)
		stop()
		if out.Err = err; err == nil {
			out.Track, out.Service, out.Backup, out.Why = a.Track, a.Service, a.Backup, a.Why
		}
	}
	if out.Err == nil {
		return out, d.DB.Write(ctx, func(tx *store.Tx) error {
			out.Heard = time.UnixMilli(tx.Now()).UTC()
			return d.keepParcel(tx, out.Parcel)
		})
	}
	if ctx.Err() != nil {
		return out, out.Err
	}
	return out, d.DB.Read(ctx, func(tx *store.Tx) error {
		was, ok, err := d.GetParcel(tx, p.Number)
		if ok {
			out.Track, out.Heard = was.Track, was.Heard
		}
		return err
	})
}

// keepParcel writes an answer down, unless a newer one is there, and repaints the
// cards of those who follow the parcel.
func (d *Desk) keepParcel(tx *store.Tx, p Parcel) error {
	told, err := json.Marshal(p.Track)
	if err != nil {
		return fmt.Errorf("bot: parcel %s: %w", p.Number, err)
	}
	if _, err := tx.Exec(`DELETE FROM parcel WHERE heard < ?`, tx.Now()-parcelLife.Milliseconds()); err != nil {
		return err
	}
	// A service that has just begun knows nothing yet: that is no news to whoever
	// was told more by another.
	n, err := tx.Exec(`INSERT INTO parcel(number, carrier, country, service, told, updated, heard) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (number) DO UPDATE SET carrier = CASE WHEN excluded.carrier = '' THEN parcel.carrier ELSE excluded.carrier END,
		country = CASE WHEN excluded.country = '' THEN parcel.country ELSE excluded.country END,
		service = excluded.service, told = excluded.told, updated = excluded.updated, heard = excluded.heard
		WHERE excluded.updated >= parcel.updated`,
		p.Number, p.Carrier, p.Country, p.Track.Service, string(told), millis(p.Track.Updated), tx.Now())
	if err != nil || n == 0 {
		return err
	}
	return d.Repaint(tx, "parcel:"+p.Number)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// FollowParcel puts up a card of a parcel where it was asked for, which is
// repainted whenever a service tells something new.
func (d *Desk) FollowParcel(ctx context.Context, by Deed, number string) error {
	return d.commit(ctx, by, func(tx *store.Tx) error {
		place := by.Event.Place
		place.Only, place.Answering = "", ""
		if err := d.heard(tx, by.Event); err != nil {
			return err
		}
		return d.Show(tx, "parcel:"+number, place, by.P.Lang())
	})
}

// TrackPush takes in what a tracking service calls with, and gives the status of
// the answer. A delivery about a parcel that nobody asked for changes nothing: the
// account may serve other programs too.
func (d *Desk) TrackPush(ctx context.Context, service string, h http.Header, raw []byte) int {
	if d.Track == nil {
		return http.StatusNotFound
	}
	tracks, err := d.Track.Push(service, h, raw)
	switch {
	case err == nil:
	case tracking.KindOf(err) == tracking.NotFound:
		return http.StatusNotFound
	case tracking.KindOf(err) == tracking.Invalid:
		d.Log.WarnContext(ctx, "a delivery is not the tracking service's", "service", service, "err", err)
		return http.StatusUnauthorized
	default:
		d.Log.WarnContext(ctx, "a delivery of a tracking service cannot be read", "service", service, "err", err)
		return http.StatusServiceUnavailable
	}
	sum := sha256.Sum256(append([]byte(service+"\n"), raw...))
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`DELETE FROM parcel_push WHERE at < ?`, tx.Now()-trackPush.Milliseconds()); err != nil {
			return err
		}
		fresh, err := tx.Exec(`INSERT INTO parcel_push(id, at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING`, hex.EncodeToString(sum[:]), tx.Now())
		if err != nil || fresh == 0 {
			return err
		}
		for _, t := range tracks {
			was, ok, err := d.GetParcel(tx, t.Number)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			was.Track = t
			if err := d.keepParcel(tx, was); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.Log.ErrorContext(ctx, "a delivery of a tracking service could not be written down", "service", service, "err", err)
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

func (d *Desk) paintParcel(_ context.Context, tx *store.Tx, number string, p *i18n.Printer) (chat.Card, string, error) {
	x, _, err := d.GetParcel(tx, number)
	if err != nil {
		return chat.Card{}, "", err
	}
	a := ParcelAnswer{Parcel: x, Service: x.Track.Service}
	return d.ParcelCard(p, a, true), number, nil
}

// ParcelHint is what an order tells of its parcel's carrier and way. A bare "DHL"
// is left out: three carriers go by that name, and the number tells them apart
// better than a guess.
func ParcelHint(o OrderAt, p connectors.Parcel) tracking.Hint {
	h := tracking.Hint{Country: o.Order.Buyer.Country, Platform: o.Store.Shop.Info().Platform, Carrier: p.Carrier}
	if h.Carrier == "" && !strings.EqualFold(p.Name, "DHL") {
		if c, ok := tracking.Find(p.Name); ok {
			h.Carrier = c.Code
		}
	}
	return h
}
