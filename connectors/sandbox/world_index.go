package sandbox

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// chunkSize is how many entries a chunk of a timeline begins with; it is split
// when it holds twice as many.
const chunkSize = 1024

// moment is an order's place in a timeline: when it changed last, and its
// ordinal among all orders of the store.
type moment struct {
	at  int64 // milliseconds
	ord int32
}

func (a moment) compare(b moment) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ord, b.ord))
}

// timeline is a sorted list that stays quick with a million entries: a list of
// short lists.
type timeline struct {
	chunks [][]moment
	n      int
}

func newTimeline(all []moment) *timeline {
	slices.SortFunc(all, moment.compare)
	t := &timeline{n: len(all)}
	for part := range slices.Chunk(all, chunkSize) {
		t.chunks = append(t.chunks, slices.Clone(part))
	}
	return t
}

// find is the chunk and the place in it where m stands or would stand.
func (t *timeline) find(m moment) (chunk, i int) {
	chunk = sort.Search(len(t.chunks), func(k int) bool { c := t.chunks[k]; return c[len(c)-1].compare(m) >= 0 })
	if chunk == len(t.chunks) {
		return chunk, 0
	}
	i, _ = slices.BinarySearchFunc(t.chunks[chunk], m, moment.compare)
	return chunk, i
}

func (t *timeline) insert(m moment) {
	t.n++
	k, i := t.find(m)
	if k == len(t.chunks) {
		if k == 0 {
			t.chunks = append(t.chunks, []moment{m})
			return
		}
		k--
		i = len(t.chunks[k])
	}
	t.chunks[k] = slices.Insert(t.chunks[k], i, m)
	if c := t.chunks[k]; len(c) >= 2*chunkSize {
		t.chunks[k] = slices.Clip(c[:chunkSize])
		t.chunks = slices.Insert(t.chunks, k+1, slices.Clone(c[chunkSize:]))
	}
}

func (t *timeline) remove(m moment) {
	k, i := t.find(m)
	if k == len(t.chunks) || i == len(t.chunks[k]) || t.chunks[k][i] != m {
		return
	}
	t.n--
	if t.chunks[k] = slices.Delete(t.chunks[k], i, i+1); len(t.chunks[k]) == 0 {
		t.chunks = slices.Delete(t.chunks, k, k+1)
	}
}

// rank is how many entries stand before m.
func (t *timeline) rank(m moment) int {
	k, n := 0, 0
	at, i := t.find(m)
	for ; k < at; k++ {
		n += len(t.chunks[k])
	}
	return n + i
}

// nth is the entry with so many before it.
func (t *timeline) nth(n int) moment {
	for _, c := range t.chunks {
		if n < len(c) {
			return c[n]
		}
		n -= len(c)
	}
	return moment{}
}

// view is part of a store's orders, sorted by their creation or by their last
// change. It is good as long as the store's lock is held.
type view struct {
	s        *store
	byChange bool
	lo, hi   int
}

func (v view) len() int { return max(0, v.hi-v.lo) }

func (v view) at(i int) *order {
	if v.byChange {
		return v.s.nth(int(v.s.changes().nth(v.lo + i).ord))
	}
	return v.s.nth(v.lo + i)
}

// page is some of it.
func (v view) page(offset, n int) []*order {
	var all []*order
	for i := min(max(offset, 0), v.len()); i < v.len() && len(all) < n; i++ {
		all = append(all, v.at(i))
	}
	return all
}

// between are the orders that were created, or changed last, within a time, both
// ends included; a zero end is open.
func (s *store) between(byChange bool, from, to time.Time) view {
	v := view{s: s, byChange: byChange, hi: s.count()}
	if !from.IsZero() {
		v.lo = s.rank(byChange, from, -1)
	}
	if !to.IsZero() {
		v.hi = s.rank(byChange, to.Truncate(time.Millisecond).Add(time.Millisecond), -1)
	}
	return v
}

// after is what of a view stands behind a place: a time, and the order there.
func (v view) after(t time.Time, id string) view {
	ord := -1
	if n, ok := v.s.ordinal(id); ok {
		ord = n
	}
	v.lo = max(v.lo, v.s.rank(v.byChange, t, ord+1))
	return v
}

// rank is how many orders stand before a time, and at that time before an ordinal.
func (s *store) rank(byChange bool, t time.Time, ord int) int {
	// What is sorted is whole milliseconds: a time within one comes after it.
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms, ord = ms+1, -1
	}
	if byChange {
		return s.changes().rank(moment{ms, int32(max(ord, -1))})
	}
	return sort.Search(s.count(), func(i int) bool {
		at := s.createdAt(i).UnixMilli()
		return at > ms || at == ms && i >= ord
	})
}

// changes are all orders by their last change.
func (s *store) changes() *timeline {
	if s.byUpdate == nil {
		all := make([]moment, s.count())
		for i := range all {
			_, updated := s.times(i)
			if o := s.known(i); o != nil {
				updated = o.updated
			}
			all[i] = moment{updated.UnixMilli(), int32(i)}
		}
		s.byUpdate = newTimeline(all)
	}
	return s.byUpdate
}

// count is how many orders there are.
func (s *store) count() int { return s.seeded + len(s.added) }

// known is an order that is kept in memory, or nil: one that somebody made or
// changed.
func (s *store) known(ord int) *order {
	if ord >= s.seeded {
		return s.added[ord-s.seeded]
	}
	return s.touched[ord]
}

// recentMost is how many orders are kept that were only looked at.
const recentMost = 2048

// nth is an order by its ordinal: the oldest is 0. Orders that nobody changed are
// made anew when they have been forgotten; they come out the same.
func (s *store) nth(ord int) *order {
	if ord < 0 || ord >= s.count() {
		return nil
	}
	if o := s.known(ord); o != nil {
		return o
	}
	if o := s.recent[ord]; o != nil {
		return o
	}
	o := s.seedOrder(ord)
	if len(s.recent) >= recentMost {
		clear(s.recent)
	}
	s.recent[ord] = o
	return o
}

// newest is the order that was made last, or nil.
func (s *store) newest() *order { return s.nth(s.count() - 1) }

// each goes through all orders, oldest first.
func (s *store) each(yield func(*order) bool) {
	for i := range s.count() {
		if !yield(s.nth(i)) {
			return
		}
	}
}

// keep makes an order one that is not forgotten. Whoever holds on to an order
// after the lock was given back keeps it.
func (s *store) keep(o *order) {
	if o != nil && o.ord < s.seeded && s.touched[o.ord] == nil {
		s.touched[o.ord] = o
		delete(s.recent, o.ord)
	}
}

func (s *store) add(o *order) {
	o.ord = s.count()
	s.added = append(s.added, o)
	for _, name := range []string{o.id, o.number, o.pay} {
		if _, taken := s.names[name]; !taken {
			s.names[name] = o.ord
		}
	}
	if s.byUpdate != nil {
		s.byUpdate.insert(moment{o.updated.UnixMilli(), int32(o.ord)})
	}
}

// touchAt marks an order as changed at a time.
func (s *store) touchAt(o *order, at time.Time) {
	s.keep(o)
	if s.byUpdate != nil {
		s.byUpdate.remove(moment{o.updated.UnixMilli(), int32(o.ord)})
		s.byUpdate.insert(moment{at.UnixMilli(), int32(o.ord)})
	}
	o.updated = at
	s.changed(changeOrder, o.id)
}
