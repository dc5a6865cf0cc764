package deepl

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/language"

	"helloworld/i18n/translate"
)

// keeper keeps one glossary at the service, with a dictionary for each pair of
// languages that was wanted. Its name says the hash of each dictionary:
//
//	desk/NAME de>en=0123456789abcdef en>de=…
//
// so that a desk that starts knows what is there without reading it, and one
// glossary is enough for accounts that may have no more.
type keeper struct {
	engine *Engine
	words  Words
	now    func() time.Time
	log    *slog.Logger

	mu sync.Mutex
	// found: the service was asked which glossary is ours.
	found  bool
	ours   string
	hashes map[string]string
	// done are the pairs whose words of this version are in place; false: there
	// are none.
	version string
	done    map[string]bool
	rest    time.Time
}

// restFor is how long a glossary that could not be kept is left alone.
const restFor = 10 * time.Minute

// The service's limits.
const (
	nameLimit   = 1024
	phraseLimit = 1024
	entryLimit  = 10 << 20
)

// id is the glossary for a pair; empty when there is none. What goes wrong is
// logged and no reason not to translate: the words are checked afterwards.
func (k *keeper) id(ctx context.Context, from, to language.Tag) string {
	if target(to) == "ZH-HANT" {
		return "" // its dictionaries have one Chinese, and ours is the other
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if v := k.words.Version(); v != k.version {
		k.version, k.done = v, map[string]bool{}
	}
	pair := strings.ToLower(source(from) + ">" + source(to))
	if has, ok := k.done[pair]; ok {
		if has {
			return k.ours
		}
		return ""
	}
	if k.now().Before(k.rest) {
		return ""
	}
	entries := tsv(k.words.Pairs(from, to))
	if entries != "" {
		if err := k.keep(ctx, pair, entries); err != nil {
			k.found = false
			if ctx.Err() != nil {
				return "" // that was the caller's end, not the service's fault
			}
			k.rest = k.now().Add(restFor)
			k.log.WarnContext(ctx, "the glossary could not be kept at the translation engine", "engine", k.engine.name, "pair", pair, "err", err)
			return ""
		}
	}
	k.done[pair] = entries != ""
	if entries == "" {
		return ""
	}
	return k.ours
}

// forget has the service asked again what is there.
func (k *keeper) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.found, k.done = false, map[string]bool{}
}

type dictionary struct {
	Source  string `json:"source_lang"`
	Target  string `json:"target_lang"`
	Entries string `json:"entries"`
	Format  string `json:"entries_format"`
}

type glossary struct {
	ID      string `json:"glossary_id"`
	Name    string `json:"name"`
	Created string `json:"creation_time"`
}

// keep puts a pair's entries in place. k.mu is held.
func (k *keeper) keep(ctx context.Context, pair, entries string) error {
	if !k.found {
		if err := k.find(ctx); err != nil {
			return err
		}
	}
	sum := sha256.Sum256([]byte(entries))
	hash := hex.EncodeToString(sum[:8])
	if k.ours != "" && k.hashes[pair] == hash {
		return nil
	}
	from, to, _ := strings.Cut(pair, ">")
	d := dictionary{Source: from, Target: to, Entries: entries, Format: "tsv"}
	if k.ours == "" {
		return k.create(ctx, pair, hash, d)
	}
	if k.hashes[pair] != "" {
		// The name must never claim what a desk that dies here has half replaced.
		delete(k.hashes, pair)
		if err := k.rename(ctx); err != nil {
			return err
		}
	}
	if err := k.call(ctx, http.MethodPut, "/"+url.PathEscape(k.ours)+"/dictionaries", d, nil); err != nil {
		return err
	}
	k.hashes[pair] = hash
	return k.rename(ctx)
}

// find looks for our glossary. Of several, which two desks that started at once
// may leave, the newest is kept.
func (k *keeper) find(ctx context.Context) error {
	var list struct {
		Glossaries []glossary `json:"glossaries"`
	}
	if err := k.call(ctx, http.MethodGet, "", nil, &list); err != nil {
		return err
	}
	ours := slices.DeleteFunc(list.Glossaries, func(g glossary) bool { return g.Name != k.prefix() && !strings.HasPrefix(g.Name, k.prefix()+" ") })
	slices.SortFunc(ours, func(a, b glossary) int {
		return strings.Compare(b.Created+b.ID, a.Created+a.ID)
	})
	k.ours, k.hashes = "", map[string]string{}
	for i, g := range ours {
		if i == 0 {
			k.ours, k.hashes = g.ID, hashesIn(g.Name)
			continue
		}
		if err := k.call(ctx, http.MethodDelete, "/"+url.PathEscape(g.ID), nil, nil); err != nil && !gone(err) {
			return err
		}
	}
	k.found = true
	return nil
}

// gone: it is not there, and that is what was wanted.
func gone(err error) bool {
	var e *translate.EngineError
	return errors.As(err, &e) && e.Kind == translate.Failed
}

func (k *keeper) create(ctx context.Context, pair, hash string, d dictionary) error {
	k.hashes[pair] = hash
	var made glossary
	err := k.call(ctx, http.MethodPost, "", struct {
		Name         string       `json:"name"`
		Dictionaries []dictionary `json:"dictionaries"`
	}{k.name(), []dictionary{d}}, &made)
	if err != nil {
		return err
	}
	if made.ID == "" {
		return k.engine.wire.Fail(translate.BadAnswer, "the new glossary has no id")
	}
	k.ours = made.ID
	return nil
}

func (k *keeper) rename(ctx context.Context) error {
	return k.call(ctx, http.MethodPatch, "/"+url.PathEscape(k.ours), struct {
		Name string `json:"name"`
	}{k.name()}, nil)
}

func (k *keeper) prefix() string { return "desk/" + k.engine.name }

// name is the glossary's. A pair that finds no room in it is sent again by the
// next desk that starts.
func (k *keeper) name() string {
	s := k.prefix()
	for _, pair := range slices.Sorted(maps.Keys(k.hashes)) {
		if more := " " + pair + "=" + k.hashes[pair]; len(s)+len(more) <= nameLimit {
			s += more
		}
	}
	return s
}

// hashesIn reads them off a name.
func hashesIn(name string) map[string]string {
	out := map[string]string{}
	for _, word := range strings.Fields(name) {
		if pair, hash, ok := strings.Cut(word, "="); ok {
			out[pair] = hash
		}
	}
	return out
}

func (k *keeper) call(ctx context.Context, method, path string, body, into any) error {
	data, err := k.engine.wire.Ask(ctx, method, "v3/glossaries"+path, nil, k.engine.header, body)
	if err != nil || into == nil {
		return err
	}
	return k.engine.wire.Read(data, into)
}

// tsv writes entries as the service wants them: no source twice, and nothing
// that would be refused, since one bad entry loses them all.
func tsv(pairs []translate.TermPair) string {
	var lines []string
	seen := map[string]bool{}
	size := 0
	for _, p := range pairs {
		from, to := strings.TrimSpace(p.Source), strings.TrimSpace(p.Target)
		if !phrase(from) || !phrase(to) || seen[from] || size+len(from)+len(to)+2 > entryLimit {
			continue
		}
		seen[from] = true
		size += len(from) + len(to) + 2
		lines = append(lines, from+"\t"+to)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func phrase(s string) bool {
	return s != "" && len(s) <= phraseLimit && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}
