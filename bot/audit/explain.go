package audit

import (
	"cmp"
	"context"
	"slices"

	"helloworld/bot/store"
)

// What is tried to explain damage is bounded, so that a log that is broken from
// end to end is still read in seconds.
const (
	mostSuspects = 64   // lines that may stand in each other's place
	mostSpan     = 32   // a longer row of broken lines is not one of swapped lines
	mostInserted = 8    // lines put in at one place
	mostRemoved  = 4096 // lines taken out at one place, the rest renumbered
	mostTries    = 64   // places at which that is looked for
	unchainedMin = 4    // broken lines in a row that are told as one
	blockLines   = 1024
	mostBlocks   = 8
)

// explainer finds out what became of the lines that do not chain.
type explainer struct {
	ctx    context.Context
	db     *store.DB
	log    *Log
	c      *chain
	extent extent
	scan   scan
	report *Report

	found []Finding
	bad   int64
	// homes maps where a line stands to where it was written; tenants back.
	homes, tenants map[int64]int64
	// shift is what has to be added to a number to have the one it was written as.
	shift  int64
	tries  int
	blocks map[int64][]Line
	err    error
}

// get is the line that stands at n.
func (e *explainer) get(n int64) (Line, bool) {
	at := n / blockLines
	block, ok := e.blocks[at]
	if !ok && e.err == nil {
		if len(e.blocks) >= mostBlocks {
			clear(e.blocks)
		}
		e.err = e.db.Read(e.ctx, func(tx *store.Tx) error {
			block = nil
			return each(tx, columns+`WHERE n >= ? AND n < ? ORDER BY n`, []any{at * blockLines, (at + 1) * blockLines}, func(x *Line) error {
				block = append(block, *x)
				return nil
			})
		})
		e.blocks[at] = block
	}
	i, ok := slices.BinarySearchFunc(block, n, func(x Line, n int64) int { return cmp.Compare(x.N, n) })
	if !ok {
		return Line{}, false
	}
	return block[i], true
}

// before is the hash that stands before line n.
func (e *explainer) before(n int64) (string, bool) {
	if n == 1 {
		return "", true
	}
	x, ok := e.get(n - 1)
	return x.Hash, ok
}

func (e *explainer) explain(outside []Mark) error {
	e.suspects()
	for _, s := range e.scan.broken {
		e.walk(s)
	}
	for _, g := range e.scan.gaps {
		if g.from, g.to = max(g.from, 1), min(g.to, e.extent.head.N); g.from <= g.to {
			e.found = append(e.found, Finding{Kind: Missing, N: g.from, To: g.to})
		}
	}
	e.ends()
	var told Mark // of all heads that a cut tail belies, the one that says most
	for _, m := range e.extent.posted {
		switch {
		case !e.log.proved(m):
			e.found = append(e.found, Finding{Kind: PostedOff, N: m.N, To: m.N, Day: m.Day})
		case m.N > e.scan.last && m.N > told.N:
			told = m
		case m.N <= e.scan.last:
			e.against(Finding{Day: m.Day}, m)
		}
	}
	if told.N > 0 {
		e.against(Finding{Day: told.Day}, told)
	}
	for _, m := range outside {
		e.against(Finding{Day: m.Day, Outside: true}, m)
	}
	slices.SortStableFunc(e.found, func(a, b Finding) int { return cmp.Compare(a.N, b.N) })
	for _, f := range e.found {
		if f.Kind == Changed && f.N == f.To && len(e.report.Findings) < mostFindings {
			if x, ok := e.get(f.N); ok {
				f.Line = &x
			}
		}
		e.report.add(f)
	}
	return e.err
}

// suspects finds lines that stand in each other's place: broken ones that hold
// under the number of another's place.
func (e *explainer) suspects() {
	e.homes, e.tenants = map[int64]int64{}, map[int64]int64{}
	var lines []Line
	for _, s := range e.scan.broken {
		for n := s.from; n <= s.to && s.n() <= mostSpan && len(lines) < mostSuspects; n++ {
			if x, ok := e.get(n); ok {
				lines = append(lines, x)
			}
		}
	}
	for _, x := range lines {
		for _, place := range lines {
			if x.N == place.N || e.tenants[place.N] != 0 {
				continue
			}
			if e.fits(x, place, lines) {
				e.homes[x.N], e.tenants[place.N] = place.N, x.N
				break
			}
		}
	}
}

func (e *explainer) fits(x, place Line, lines []Line) bool {
	if prev, ok := e.before(place.N); ok {
		if e.c.as(place.N, prev, x) {
			return true
		}
		// What it says moved without its hash.
		left := x
		left.Hash = place.Hash
		if e.c.as(place.N, prev, left) {
			return true
		}
	}
	for _, y := range lines {
		if e.c.as(place.N, y.Hash, x) {
			return true
		}
	}
	return false
}

// walk explains a row of broken lines.
func (e *explainer) walk(s span) {
	var run span       // lines without an explanation
	var other []string // what the hash before may have been
	open := false
	flush := func() {
		if open {
			e.unexplained(run)
		}
		open = false
	}
	for n := s.from; n <= s.to && e.err == nil; n++ {
		x, _ := e.get(n)
		prev, _ := e.before(n)
		if e.shift != 0 && e.c.as(n+e.shift, prev, x) {
			flush()
			other = nil
			e.bad++
			continue
		}
		if home, moved := e.homes[n]; moved {
			flush()
			e.moved(n, home)
			other = e.truths(n, prev, x)
			continue
		}
		if slices.ContainsFunc(other, func(h string) bool { return e.c.as(n, h, x) }) {
			flush()
			other = nil
			continue
		}
		if k := e.shifted(n, prev, x); k > 0 {
			flush()
			e.bad += k
			n += k - 1
			other = nil
			continue
		}
		e.bad++
		if !open {
			run, open = span{n, n}, true
		}
		run.to = n
		other = e.truths(n, prev, x)
	}
	flush()
}

// truths are the hashes that may have stood at place n: of the line that was
// written there, or this one's, if only its hash was changed.
func (e *explainer) truths(n int64, prev string, x Line) []string {
	out := []string{e.c.hash(prev, x)}
	if at, ok := e.tenants[n]; ok {
		if y, ok := e.get(at); ok {
			out = append(out, y.Hash)
		}
	}
	return out
}

func (e *explainer) moved(n, home int64) {
	e.bad++
	switch {
	case e.homes[home] != n:
		e.found = append(e.found, Finding{Kind: Moved, N: n, To: home})
	case n < home:
		e.found = append(e.found, Finding{Kind: Swapped, N: n, To: home})
	}
}

// shifted looks whether lines were put in or taken out here and the following
// given new numbers. It returns how many lines that explains.
func (e *explainer) shifted(n int64, prev string, x Line) int64 {
	if e.tries++; e.tries > mostTries {
		return 0
	}
	for k := int64(1); k <= mostInserted; k++ {
		if y, ok := e.get(n + k); ok && e.c.as(n+e.shift, prev, y) {
			e.found = append(e.found, Finding{Kind: Inserted, N: n, To: n + k - 1})
			e.shift -= k
			return k + 1 // and the one it was tried on
		}
	}
	y, ok := e.get(n + 1)
	if !ok {
		return 0
	}
	for k := int64(1); k <= mostRemoved; k++ {
		if e.c.as(n+1+e.shift+k, x.Hash, y) {
			e.found = append(e.found, Finding{Kind: Missing, N: n + e.shift, To: n + e.shift + k - 1, Renumbered: true})
			e.shift += k
			return 1
		}
	}
	return 0
}

func (e *explainer) unexplained(s span) {
	f := Finding{Kind: Changed, N: s.from, To: s.to}
	if s.to == e.scan.last && s.n() >= unchainedMin {
		f.Kind = Unchained
		if s.from == 1 {
			f.Kind = NotOne
		}
	}
	e.found = append(e.found, f)
}

// ends holds the lines against the head.
func (e *explainer) ends() {
	head, last := e.extent.head, e.scan.last
	if e.scan.lines == 0 {
		last = 0
	}
	if e.scan.lines > 0 && e.scan.first < 1 {
		e.found = append(e.found, Finding{Kind: Added, N: e.scan.first, To: 0})
		e.bad++
	}
	switch {
	case last+e.shift == head.N && e.shift != 0:
	case last < head.N:
		e.found = append(e.found, Finding{Kind: Cut, N: last, To: head.N})
	case last > head.N:
		if next, ok := e.get(head.N + 1); ok && !e.broken(next.N) {
			e.found = append(e.found, Finding{Kind: HeadOff, N: last, To: head.N})
			return
		}
		e.found = slices.DeleteFunc(e.found, func(f Finding) bool { return f.N > head.N })
		e.found = append(e.found, Finding{Kind: Added, N: head.N + 1, To: last})
		e.bad += e.countAfter(head.N)
	case last > 0 && !e.broken(last):
		if x, ok := e.get(last); ok && x.Hash != head.Hash {
			e.found = append(e.found, Finding{Kind: HeadOff, N: last, To: head.N})
		}
	}
}

// countAfter counts the lines after n that were not counted as broken.
func (e *explainer) countAfter(n int64) (found int64) {
	err := e.db.Read(e.ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT COUNT(*) FROM audit WHERE n > ? AND n <= ?`, n, e.scan.last).Scan(&found)
	})
	e.err = cmp.Or(e.err, err)
	for _, s := range e.scan.broken {
		if s.to > n {
			found -= s.to - max(s.from, n+1) + 1
		}
	}
	return found
}

func (e *explainer) broken(n int64) bool {
	_, in := slices.BinarySearchFunc(e.scan.broken, n, func(s span, n int64) int {
		switch {
		case n < s.from:
			return 1
		case n > s.to:
			return -1
		}
		return 0
	})
	return in
}

// against holds the log against a head that was posted.
func (e *explainer) against(f Finding, m Mark) {
	f.N, f.To = m.N, m.N
	x, ok := e.get(m.N)
	switch {
	case m.N > e.scan.last:
		f.Kind, f.N = Cut, e.scan.last
	case !ok || e.broken(m.N) || m.N < 1 || x.Hash == m.Hash:
		return // it fits, or it is told already
	default:
		f.Kind = Rewritten
	}
	e.found = append(e.found, f)
}
