package rates

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"helloworld/bot/store"
)

// ECBURL is where the European Central Bank publishes its daily file.
const ECBURL = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"

// MaxDays is how many days old a rate may be, unless something else is said.
const MaxDays = 7

// maxBody bounds the file; the real one has two kilobytes.
const maxBody = 256 << 10

// Options are what a book is made of.
type Options struct {
	DB *store.DB
	// Table is what people keep; it is used where nothing is fetched.
	Table Sheet
	// Fetch lets the European Central Bank's file be fetched, from URL; empty is
	// the bank's own address.
	Fetch  bool
	URL    string
	Client *http.Client
	// MaxDays is how many days old a rate may be; 0 means [MaxDays].
	MaxDays int
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Book tells rates. A nil book knows none.
type Book struct {
	Options
	zone *time.Location
}

// New makes a book.
func New(o Options) *Book {
	if o.URL == "" {
		o.URL = ECBURL
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 20 * time.Second}
	}
	if o.MaxDays <= 0 {
		o.MaxDays = MaxDays
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	// The bank's clock, with its summer time; without a table of zones an hour off.
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		zone = time.FixedZone("CET", 60*60)
	}
	return &Book{o, zone}
}

// The errors: why there is no rate.
var (
	ErrNone = errors.New("rates: there is no rate")
	ErrOld  = errors.New("rates: the rate is too old")
)

// Sheet is the sheet that holds, which may be too old.
func (b *Book) Sheet(tx *store.Tx) (Sheet, error) {
	if b == nil {
		return Sheet{}, ErrNone
	}
	if !b.Fetch {
		if b.Table.worth == nil {
			return Sheet{}, ErrNone
		}
		return b.Table, nil
	}
	k, ok, err := readKept(tx)
	if err != nil {
		return Sheet{}, err
	}
	if !ok {
		return Sheet{}, ErrNone
	}
	return ParseECB([]byte(k.body))
}

// Rate is the rate between two currencies, if there is one that is not too old.
func (b *Book) Rate(tx *store.Tx, from, to string) (Rate, error) {
	s, err := b.Sheet(tx)
	if err != nil {
		return Rate{}, err
	}
	r, ok := s.Rate(from, to)
	if !ok {
		return Rate{}, ErrNone
	}
	days, err := s.Age(b.Now())
	if err != nil {
		return Rate{}, err
	}
	if days > b.MaxDays {
		return r, ErrOld
	}
	return r, nil
}

// published is the last time before now at which a new file was due: 16:15 by the
// bank's clock, a quarter of an hour after it promises it.
func (b *Book) published(now time.Time) time.Time {
	t := now.In(b.zone)
	due := time.Date(t.Year(), t.Month(), t.Day(), 16, 15, 0, 0, b.zone)
	if due.After(t) {
		due = time.Date(t.Year(), t.Month(), t.Day()-1, 16, 15, 0, 0, b.zone)
	}
	return due
}

// Look fetches the bank's file if a new one is due. One that cannot be used is an
// error, and the old one stays.
func (b *Book) Look(ctx context.Context) error {
	if b == nil || !b.Fetch {
		return nil
	}
	var old kept
	var have bool
	now := b.Now()
	if err := b.DB.Read(ctx, func(tx *store.Tx) (err error) {
		old, have, err = readKept(tx)
		return err
	}); err != nil {
		return err
	}
	if have && !time.UnixMilli(old.checked).Before(b.published(now)) {
		return nil
	}
	fresh, err := b.fetch(ctx, old)
	if err != nil {
		return err
	}
	fresh.checked = now.UnixMilli()
	if fresh.body == "" {
		return b.DB.Write(ctx, func(tx *store.Tx) error { return same(tx, fresh.checked) })
	}
	s, err := ParseECB([]byte(fresh.body))
	if err != nil {
		return err
	}
	if have && s.Day < old.day {
		return fmt.Errorf("%w: it is of %s, and the one of %s is here", ErrSheet, s.Day, old.day)
	}
	if days, err := s.Age(now); err != nil || days < 0 {
		return errors.Join(fmt.Errorf("%w: it is of %s, which is still to come", ErrSheet, s.Day), err)
	}
	fresh.day = s.Day
	if err := b.DB.Write(ctx, func(tx *store.Tx) error { return keep(tx, fresh) }); err != nil {
		return err
	}
	b.Log.InfoContext(ctx, "new exchange rates", "source", ECB, "day", s.Day)
	return nil
}

// fetch asks for the file; without a body there is nothing newer.
func (b *Book) fetch(ctx context.Context, old kept) (kept, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.URL, nil)
	if err != nil {
		return kept{}, fmt.Errorf("rates: %w", err)
	}
	if old.etag != "" {
		req.Header.Set("If-None-Match", old.etag)
	}
	if old.modified != "" {
		req.Header.Set("If-Modified-Since", old.modified)
	}
	res, err := b.Client.Do(req)
	if err != nil {
		return kept{}, fmt.Errorf("rates: %w", err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotModified && old.body != "":
		return kept{}, nil
	case res.StatusCode != http.StatusOK:
		return kept{}, fmt.Errorf("rates: the answer is %s", res.Status)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return kept{}, fmt.Errorf("rates: %w", err)
	}
	if len(data) > maxBody {
		return kept{}, fmt.Errorf("%w: it is larger than %d bytes", ErrSheet, maxBody)
	}
	if len(data) == 0 {
		return kept{}, fmt.Errorf("%w: it is empty", ErrSheet)
	}
	return kept{body: string(data), etag: res.Header.Get("ETag"), modified: res.Header.Get("Last-Modified")}, nil
}

// Standing tells where the rates come from, of which day they are, and whether
// they are too old to be used.
func (b *Book) Standing(tx *store.Tx) (source, day string, old bool, err error) {
	s, err := b.Sheet(tx)
	if err != nil {
		return "", "", false, err
	}
	days, err := s.Age(b.Now())
	return s.Source, s.Day, days > b.MaxDays, err
}
