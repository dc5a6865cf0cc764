package bot

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"helloworld/bot/people"
)

// shelf holds the stores. They come from the configuration, and more may be
// connected while the desk runs.
type shelf struct {
	mu   sync.RWMutex
	byID map[string]*Store
	list []*Store
	// shut are the ids of connected stores of which it was said that they cannot be
	// opened.
	shut sync.Map
}

func (f *shelf) put(s *Store) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, dup := f.byID[s.ID]; dup || s.ID == "" {
		return fmt.Errorf("bot: store %q: every store needs an id of its own", s.ID)
	}
	if f.byID == nil {
		f.byID = map[string]*Store{}
	}
	f.byID[s.ID] = s
	f.list = append(slices.Clip(f.list), s)
	return nil
}

func (f *shelf) get(id string) (*Store, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	s, ok := f.byID[id]
	return s, ok
}

// all lists the stores; the list is not changed any more.
func (f *shelf) all() []*Store {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.list
}

// Shop finds a store by id.
func (d *Desk) Shop(id string) (*Store, bool) { return d.shelf.get(id) }

// reach finds the store of a job. Any replica may run it, also one that has not
// yet heard of a store that another has just connected.
func (d *Desk) reach(ctx context.Context, id string) (*Store, bool) {
	if s, ok := d.Shop(id); ok {
		return s, true
	}
	if err := d.LoadAccounts(ctx); err != nil {
		d.Log.WarnContext(ctx, "the connected stores could not be read", "err", err)
	}
	return d.Shop(id)
}

// EveryShop lists all stores, those of the configuration first.
func (d *Desk) EveryShop() []*Store { return d.shelf.all() }

// Shops lists the stores a person sees.
func (d *Desk) Shops(p people.Person) []*Store {
	var out []*Store
	for _, s := range d.shelf.all() {
		if p.Sees(s.ID) {
			out = append(out, s)
		}
	}
	return out
}
