package translate

import (
	"container/list"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
)

// policyVersion changes when the same text would be masked, cut or asked for in
// another way, so that no answer from before is used.
const policyVersion = "1"

// cacheBytes is how much the cache holds if nobody says.
const cacheBytes = 8 << 20

// outcome is an engine's answers as it gave them, with tokens instead of facts:
// whoever has the same text with other facts can use it.
type outcome struct {
	// form is an index of tokenForms.
	form int
	// force: terms were tokens too.
	force, repaired bool
	answers         []string
}

// cache keeps outcomes in memory, the least used going first. No fact and no
// name is in it.
type cache struct {
	max int64

	mu    sync.Mutex
	size  int64
	items map[string]*list.Element
	order list.List
}

type cached struct {
	key  string
	o    outcome
	size int64
}

func newCache(limit int64) *cache {
	if limit == 0 {
		limit = cacheBytes
	}
	return &cache{max: limit, items: map[string]*list.Element{}}
}

func (c *cache) get(key string) (outcome, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[key]
	if !ok {
		return outcome{}, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).o, true
}

// entryCost is about what an entry takes beside its texts.
const entryCost = 256

func (c *cache) put(key string, o outcome) {
	x := &cached{key: key, o: o, size: int64(len(key)) + entryCost}
	for _, a := range o.answers {
		x.size += int64(len(a)) + 16
	}
	if x.size > c.max {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(c.items[key])
	c.items[key] = c.order.PushFront(x)
	c.size += x.size
	for c.size > c.max {
		c.drop(c.order.Back())
	}
}

// drop takes an entry out; nil is none. c.mu is held.
func (c *cache) drop(e *list.Element) {
	if e == nil {
		return
	}
	x := c.order.Remove(e).(*cached)
	delete(c.items, x.key)
	c.size -= x.size
}

// cacheKey names a text with its facts masked and all that an engine's answer to
// it depends on. A text that must not leave this machine shares nothing with
// other stores.
func cacheKey(w *work, r *runner) string {
	h := sha256.New()
	part := func(s string) { fmt.Fprintf(h, "%d:%s\n", len(s), s) }
	for _, s := range []string{policyVersion, r.engine.Name(), r.model(), w.from.String(), w.to.String(), w.result.Glossary,
		fmt.Sprint(r.place, w.req.Outgoing, w.once, r.rule.limit()), w.req.Platform, mask(w.source, w.spans, memoryForm, 0)} {
		part(s)
	}
	kinds := make([]string, len(w.spans))
	for i, s := range w.spans {
		kinds[i] = string(s.kind)
	}
	part(strings.Join(kinds, ","))
	// A store's own terms and their days are in what the text asks for.
	for _, t := range w.terms {
		part(t.match.Text)
		part(t.need.Preferred)
	}
	if w.req.Local {
		part("local " + w.req.Store)
	}
	return string(h.Sum(nil))
}
