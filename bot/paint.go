package bot

import (
	"context"
	"errors"
	"time"

	"helloworld/bot/alerts"
	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
)

// paint lists the matters that have cards.
func (d *Desk) paint() {
	d.cards = map[string]painter{
		"msg":     d.paintMessage,
		"draft":   d.paintDraft,
		"refund":  d.paintRefund,
		"batch":   d.paintBatch,
		"goods":   d.paintReplacement,
		"void":    d.paintVoid,
		"glass":   d.paintGlass,
		"run":     d.paintRun,
		"alert":   d.paintAlert,
		"form":    d.paintForm,
		"parcel":  d.paintParcel,
		"term":    d.paintTerm,
		"quality": d.paintQuality,
		"audit":   d.paintHead,
		"ledger":  d.paintLedger,
	}
}

// storeOr finds a store, or stands in for one that was taken out of the
// configuration since.
func (d *Desk) storeOr(id string) *Store {
	if s, ok := d.Shop(id); ok {
		return s
	}
	return &Store{ID: id, Name: id, Shop: gone{id}}
}

// gone is the shop of a store that is not configured any more.
type gone struct{ id string }

func (g gone) Info() connectors.Info { return connectors.Info{Store: g.id, Name: g.id} }
func (g gone) Health(context.Context) connectors.Health {
	return connectors.Health{State: connectors.HealthBad, Kind: connectors.Unsupported}
}
func (g gone) Can(context.Context) []connectors.Capability { return nil }

func (d *Desk) paintMessage(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	v := messageView{Zone: d.Zone}
	var err error
	if v.Letter, err = d.Letter(tx, id); err != nil {
		return chat.Card{}, "", err
	}
	v.Store = d.storeOr(v.Letter.Store)
	if v.Res, v.HasRes, err = translation(tx, id, p.Lang()); err != nil {
		return chat.Card{}, "", err
	}
	if err := tx.Row(`SELECT COUNT(*) FROM note WHERE matter = ?`, "msg:"+id).Scan(&v.Notes); err != nil {
		return chat.Card{}, "", err
	}
	return messageCard(v, p), id, nil
}

func (d *Desk) paintDraft(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	x, err := d.GetDraft(tx, id)
	if err != nil {
		return chat.Card{}, "", err
	}
	by := d.People.Name(x.By)
	if x.By == people.Desk {
		by = p.T("alert.desk_itself")
	}
	v := draftView{Draft: x, Store: d.storeOr(x.Store), By: by, SentBy: d.People.Name(x.releasedBy()), Zone: d.Zone,
		Facts: x.keyFacts(), Mark: d.factsMark(x.ID, x.Text, x.Result)}
	return draftCard(v, p), draftFacts(x), nil
}

func (d *Desk) paintRefund(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	v, err := d.refundView(tx, id)
	if err != nil {
		return chat.Card{}, "", err
	}
	return refundCard(v, p), v.Refund.Facts, nil
}

func (d *Desk) refundView(tx *store.Tx, id string) (v refundView, err error) {
	if v.Refund, err = d.GetRefund(tx, id); err != nil {
		return v, err
	}
	if v.Approval, err = approvals.Get(tx, v.Refund.Approval); err != nil {
		return v, err
	}
	if v.Questions, err = approvals.Questions(tx, v.Approval.ID); err != nil {
		return v, err
	}
	if v.Glass, err = glassOf(tx, id); err != nil {
		return v, err
	}
	if v.Lent, err = approvals.LentFor(tx, v.Approval.ID); err != nil {
		return v, err
	}
	if v.Looks, err = evidence(tx, id); err != nil {
		return v, err
	}
	if v.Refund.Body.Ruling, _, err = ruledBy(tx, v.Refund); err != nil {
		return v, err
	}
	v.After, err = aftermathOf(tx, id)
	v.MayTell = d.After.Tell == TellAsk
	v.Store, v.Name, v.Zone = d.storeOr(v.Refund.Store), d.name, d.Zone
	return v, err
}

// paintVoid draws what is left of a refund's card after its facts have changed.
func (d *Desk) paintVoid(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	old, err := approvals.Get(tx, approvals.ID(id))
	if err != nil {
		return chat.Card{}, "", err
	}
	_, rid, err := Matters(old.About)
	if err != nil {
		return chat.Card{}, "", err
	}
	r, err := d.GetRefund(tx, rid)
	if err != nil {
		return chat.Card{}, "", err
	}
	return voidCard(r, d.storeOr(r.Store), p), id, nil
}

func (d *Desk) paintRun(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	r, err := sync.GetRun(tx, id)
	if err != nil {
		return chat.Card{}, "", err
	}
	return runCard(r, d.storeOr(r.Store), d.People.Name(people.ID(r.By)), d.Zone, p), id, nil
}

func (d *Desk) paintAlert(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	a, err := alerts.Get(tx, id)
	if err != nil {
		return chat.Card{}, "", err
	}
	return alertCard(a, d.storeOr(a.Store), d.People.Name(people.ID(a.AckedBy)), d.Zone, p), string(a.State), nil
}

// Look reads something for a command.
func (d *Desk) Look(ctx context.Context, fn func(tx *store.Tx) error) error {
	return d.DB.Read(ctx, fn)
}

// Standing is how a store is doing, for people.
type Standing struct {
	Store       *Store
	Streams     []sync.Stream
	Alerts      []alerts.Alert
	Orders      int64
	Quarantined int64
	// Found is how many orders reconciliation has found of late that nobody had
	// told us of, though the platform should have.
	Found int64
	// Push is how it stands with what the platform tells by itself.
	Push Push
	// every is how often each stream is read.
	every map[string]time.Duration
}

// StandingOf reads how a store is doing from what the desk has written down.
func (d *Desk) StandingOf(ctx context.Context, s *Store) (Standing, error) {
	st := Standing{Store: s, every: map[string]time.Duration{}}
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		st.Streams = nil
		for _, name := range d.streams(s) {
			x, err := sync.Get(tx, s.ID, name)
			if err != nil {
				return err
			}
			if x.Kind == connectors.Unsupported.String() && !mainStream(name) {
				continue // this account has no such thing, or no leave to read it
			}
			st.Streams, st.every[name] = append(st.Streams, x), d.Every(s, name)
		}
		var errs [5]error
		st.Alerts, errs[0] = alerts.Live(tx, s.ID)
		st.Orders, errs[1] = sync.Count(tx, s.ID)
		st.Quarantined, errs[2] = sync.Quarantined(tx, s.ID)
		var rc sync.Recon
		rc, errs[3] = sync.GetRecon(tx, s.ID, sync.Orders)
		st.Push, errs[4] = pushState(tx, s.ID)
		st.Found = rc.Recent
		return errors.Join(errs[:]...)
	})
	return st, err
}

// staleAfter is how old an answer may be before it says so.
const staleAfter = 30 * time.Minute

// Stale tells whether what is known of a store is too old to be taken for now.
func (s Standing) Stale(now time.Time) bool {
	for _, x := range s.Streams {
		if now.Sub(x.OK) > max(staleAfter, 2*calmer*s.every[x.Name]) {
			return true
		}
	}
	return false
}
