package bot

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
)

// OrderAt is an order and the store it is in.
type OrderAt struct {
	Store *Store
	Order connectors.Order
}

// Ref is how people write it without doubt: "shopify-main#1234".
func (o OrderAt) Ref() string { return o.Store.ID + "#" + sync.Number(o.Order.Number) }

// Ambiguous says that a number stands for several orders.
type Ambiguous struct{ Orders []OrderAt }

func (a *Ambiguous) Error() string { return "bot: the order number stands for several orders" }

// SplitOrder takes "shopify-main#1234" apart; store is empty when none is named.
func SplitOrder(ref string) (storeID, number string) {
	ref = strings.TrimSpace(ref)
	if before, after, ok := strings.Cut(ref, "#"); ok && before != "" {
		return before, after
	}
	return "", strings.TrimPrefix(ref, "#")
}

// FindOrder finds the one order that a person means, fresh from its shop. The
// error is an *Ambiguous when there are several, a problem when there is none.
func (d *Desk) FindOrder(ctx context.Context, who people.Person, ref string) (OrderAt, error) {
	storeID, number := SplitOrder(ref)
	if number == "" {
		return OrderAt{}, i18n.NewProblem(nil, "error.order_empty")
	}
	if storeID != "" {
		s, err := d.StoreFor(ctx, who, storeID)
		if err != nil {
			return OrderAt{}, err
		}
		return d.readOrder(ctx, s, number)
	}
	known, err := d.inMirror(ctx, who, number)
	if err != nil {
		return OrderAt{}, err
	}
	switch len(known) {
	case 0:
		return d.askAll(ctx, who, number)
	case 1:
		return d.readOrder(ctx, known[0].Store, known[0].Order.ID)
	}
	return OrderAt{}, &Ambiguous{known}
}

// ReturnAt is a return, and the order that it is of.
type ReturnAt struct {
	OrderAt
	Return connectors.Return
}

// FindReturn finds the one return that a person means, fresh from its shop where
// that can be asked. ok is false where there is none of that number, or an order
// has it. The error is an *Ambiguous when the returns are of several orders.
func (d *Desk) FindReturn(ctx context.Context, who people.Person, ref string) (r ReturnAt, ok bool, err error) {
	storeID, number := SplitOrder(ref)
	if number == "" || d.Knows(ctx, who, ref) {
		return r, false, nil
	}
	var found []sync.FoundReturn
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = sync.FindReturns(tx, number)
		return err
	}); err != nil {
		return r, false, err
	}
	found = slices.DeleteFunc(found, func(f sync.FoundReturn) bool {
		_, here := d.Shop(f.Store)
		return !here || !who.Sees(f.Store) || storeID != "" && f.Store != strings.ToLower(storeID)
	})
	var orders []OrderAt
	for _, f := range found {
		s, _ := d.Shop(f.Store)
		o, err := d.readOrder(ctx, s, f.Return.Order)
		if err != nil {
			return r, false, err
		}
		if !slices.ContainsFunc(orders, func(x OrderAt) bool { return x.Ref() == o.Ref() }) {
			orders = append(orders, o)
		}
		r = ReturnAt{o, f.Return}
	}
	switch len(orders) {
	case 0:
		return r, false, nil
	case 1:
		if shop, can := r.Store.Shop.(connectors.ReturnReader); can {
			// What the mirror has will do where the shop does not tell.
			if now, err := shop.Return(connectors.WithPriority(ctx, connectors.Agent), r.Return.ID); err == nil {
				r.Return = now
			}
		}
		return r, true, nil
	}
	return r, false, &Ambiguous{orders}
}

// inMirror looks the number up in the mirror of every store the person sees.
func (d *Desk) inMirror(ctx context.Context, who people.Person, number string) ([]OrderAt, error) {
	var out []OrderAt
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		out = nil
		found, err := sync.Find(tx, number)
		for _, f := range found {
			if s, ok := d.Shop(f.Store); ok && who.Sees(f.Store) {
				out = append(out, OrderAt{s, f.Order})
			}
		}
		return err
	})
	return out, err
}

// Knows tells whether a number is that of an order which the person sees; only
// what the desk has written down is asked.
func (d *Desk) Knows(ctx context.Context, who people.Person, ref string) bool {
	storeID, number := SplitOrder(ref)
	if number == "" {
		return false
	}
	known, err := d.inMirror(ctx, who, number)
	return err == nil && slices.ContainsFunc(known, func(o OrderAt) bool { return storeID == "" || o.Store.ID == storeID })
}

// readOrder reads one order from its shop. A buyer who was erased stays erased,
// whatever the shop still shows.
func (d *Desk) readOrder(ctx context.Context, s *Store, id string) (OrderAt, error) {
	r, ok := s.Orders()
	if !ok {
		return OrderAt{}, i18n.NewProblem(nil, "error.store_cannot", "store", s.Name)
	}
	o, err := r.Order(connectors.WithPriority(ctx, connectors.Agent), id)
	if err != nil {
		return OrderAt{}, ShopProblem(s, err, "order", id)
	}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		erased, err := sync.Erased(tx, s.ID, o.ID)
		if _, ok := erased[o.ID]; ok {
			sync.Nameless(&o)
		}
		return err
	})
	return OrderAt{s, o}, err
}

// askAll asks every store the person sees: the mirror may be behind. A store
// that cannot be asked matters only if nobody else has the order.
func (d *Desk) askAll(ctx context.Context, who people.Person, number string) (OrderAt, error) {
	shops := d.Shops(who)
	found, errs := make([]*OrderAt, len(shops)), make([]error, len(shops))
	var g errgroup.Group
	g.SetLimit(8)
	for i, s := range shops {
		g.Go(func() error {
			o, err := d.readOrder(ctx, s, number)
			if err == nil {
				found[i] = &o
			}
			errs[i] = err
			return nil
		})
	}
	_ = g.Wait()
	var out []OrderAt
	var unread error
	for i := range shops {
		if found[i] != nil {
			out = append(out, *found[i])
		} else if connectors.KindOf(errs[i]) != connectors.NotFound && connectors.KindOf(errs[i]) != connectors.Invalid {
			unread = errs[i]
		}
	}
	switch {
	case len(out) == 1:
		return out[0], nil
	case len(out) > 1:
		return OrderAt{}, &Ambiguous{out}
	case unread != nil:
		return OrderAt{}, unread
	}
	return OrderAt{}, i18n.NewProblem(nil, "error.order_none", "order", number)
}

// StoreFor finds a store that a person may act on; the problem names the
// nearest one when there is none of that name.
func (d *Desk) StoreFor(_ context.Context, who people.Person, id string) (*Store, error) {
	if s, ok := d.Shop(strings.ToLower(id)); ok {
		if !who.Sees(s.ID) {
			return nil, i18n.NewProblem(nil, "error.store_not_yours", "store", s.ID)
		}
		return s, nil
	}
	var mine []string
	for _, s := range d.Shops(who) {
		if strings.EqualFold(s.Name, id) {
			return s, nil
		}
		mine = append(mine, s.ID)
	}
	if len(mine) == 0 {
		return nil, i18n.NewProblem(nil, "error.no_stores")
	}
	if near := Nearest(id, mine); near != "" {
		return nil, &DidYouMean{i18n.NewProblem(nil, "error.store_near", "store", id, "near", near), id, near}
	}
	return nil, i18n.NewProblem(nil, "error.store_none", "store", id, "stores", strings.Join(mine, ", "))
}

// DidYouMean is a problem with a likely correction: Wrong was typed, Right meant.
type DidYouMean struct {
	*i18n.Problem
	Wrong, Right string
}

// Unwrap gives the problem.
func (e *DidYouMean) Unwrap() error { return e.Problem }

// Nearest finds the word that a misspelt one was probably meant to be; empty
// when none is near enough.
func Nearest(word string, among []string) string {
	best, least := "", max(1, len([]rune(word))/3)+1
	for _, w := range slices.Sorted(slices.Values(among)) {
		if n := distance(strings.ToLower(word), strings.ToLower(w)); n < least {
			best, least = w, n
		}
	}
	return best
}

// ShopProblem is a shop's error as a sentence for a person.
func ShopProblem(s *Store, err error, args ...any) error {
	if _, ok := i18n.AsProblem(err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	args = append(args, "store", s.Name)
	key := i18n.Key("shop." + connectors.KindOf(err).String())
	if connectors.KindOf(err) == connectors.Busy {
		if after := connectors.RetryAfterOf(err); after > 0 {
			return i18n.NewProblem(err, "shop.busy_until", append(args, "n", int(after.Seconds())+1)...)
		}
	}
	return i18n.NewProblem(err, key, args...)
}
