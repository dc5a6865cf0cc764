package audit

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"helloworld/bot/store"
)

// Report is what a check of the whole log found.
type Report struct {
	// Lines is how many there are, Good how many of them are as they were written
	// and where they were written.
	Lines, Good int64
	// Head is the log's head when the check began, Heads how many that were posted
	// or handed in were compared.
	Head  Mark
	Heads int
	// Findings are in the order of the lines; More were not kept.
	Findings []Finding
	More     int
}

// Whole tells that nothing was found.
func (r Report) Whole() bool { return len(r.Findings) == 0 }

// Damage is a report of a log that does not hold, as an error.
type Damage struct{ Report Report }

func (d *Damage) Error() string {
	var all []string
	for _, f := range d.Report.Findings {
		all = append(all, f.String())
	}
	return "audit: " + strings.Join(all, "; ")
}

// mostFindings is how many are told one by one.
const mostFindings = 100

func (r *Report) add(f Finding) {
	if len(r.Findings) >= mostFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}

// chunkLines is how many lines are read in one transaction. A check of a long
// log must not keep the desk from tidying up behind its writers.
const chunkLines = 4096

// span is a row of lines, both ends included.
type span struct{ from, to int64 }

func (s span) n() int64 { return s.to - s.from + 1 }

// scan is the first reading of the log: what does not chain, and what is not there.
type scan struct {
	lines        int64
	broken, gaps []span
	first, last  int64 // the lines that are there
}

// extent is what is looked at: the head and the numbers in use, of one moment.
type extent struct {
	head        Mark
	first, last int64
	posted      []Mark
}

func extentOf(ctx context.Context, db *store.DB) (x extent, err error) {
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		if x.head.N, x.head.Hash, err = Head(tx); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := tx.Row(`SELECT COALESCE(MIN(n), 1), COALESCE(MAX(n), 0) FROM audit`).Scan(&x.first, &x.last); err != nil {
			return err
		}
		x.posted, err = posted(tx)
		return err
	})
	return x, err
}

// Check reads the whole log up to its present head and tells everything that is
// wrong with it. outside are heads that were kept elsewhere. It does not stand
// in the desk's way: the log is read in pieces.
func (l *Log) Check(ctx context.Context, db *store.DB, outside []Mark) (Report, error) {
	x, err := extentOf(ctx, db)
	if err != nil {
		return Report{}, err
	}
	s, err := l.scan(ctx, db, x)
	if err != nil {
		return Report{}, err
	}
	r := Report{Lines: s.lines, Head: x.head, Heads: len(x.posted) + len(outside)}
	e := explainer{ctx: ctx, db: db, log: l, c: l.chain(), extent: x, scan: s, report: &r, blocks: map[int64][]Line{}}
	if err := e.explain(outside); err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	r.Good = r.Lines - e.bad
	return r, nil
}

// scan reads the log by several goroutines at once: what a line's hash needs of
// the one before is only the hash that is written there.
func (l *Log) scan(ctx context.Context, db *store.DB, x extent) (scan, error) {
	type piece struct {
		at int64
		scan
	}
	var (
		mu     sync.Mutex
		next   = x.first
		pieces []piece
		failed error
		wg     sync.WaitGroup
	)
	for range min(runtime.GOMAXPROCS(0), 3) {
		wg.Go(func() {
			c := l.chain()
			for {
				mu.Lock()
				from := next
				next += chunkLines
				stop := failed != nil || from > x.last
				mu.Unlock()
				if stop {
					return
				}
				s, err := c.scan(ctx, db, span{from, min(from+chunkLines-1, x.last)})
				mu.Lock()
				if err != nil {
					failed = cmp.Or(failed, err)
				} else {
					pieces = append(pieces, piece{from, s})
					// Over an abyss it is jumped: somebody may have set a line's number to anything.
					if s.lines == 0 && s.first > next {
						next = s.first
					}
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return scan{}, failed
	}
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.at, b.at) })
	all := scan{first: x.first}
	for _, p := range pieces {
		if p.lines == 0 {
			continue
		}
		if p.first > all.last+1 {
			all.gaps = append(all.gaps, span{max(all.last+1, 1), p.first - 1})
		}
		all.lines += p.lines
		all.gaps = append(all.gaps, p.gaps...)
		for _, b := range p.broken {
			all.broken = join(all.broken, b)
		}
		all.last = p.last
	}
	return all, nil
}

func join(spans []span, s span) []span {
	if n := len(spans); n > 0 && spans[n-1].to == s.from-1 {
		spans[n-1].to = s.to
		return spans
	}
	return append(spans, s)
}

// scan reads a piece. Of an empty one it tells, as first, where the next line is.
func (c *chain) scan(ctx context.Context, db *store.DB, at span) (s scan, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		s = scan{}
		prev, prevN := "", int64(0)
		err := each(tx, columns+`WHERE n >= ? AND n <= ? ORDER BY n`, []any{at.from - 1, at.to}, func(x *Line) error {
			if x.N >= at.from {
				if s.lines == 0 {
					s.first = x.N
				} else if x.N > s.last+1 {
					s.gaps = append(s.gaps, span{s.last + 1, x.N - 1})
				}
				s.lines++
				s.last = x.N
				if x.N == 1 {
					prev, prevN = "", 0
				}
				// After a missing line there is nothing to hold a line against.
				if x.N == prevN+1 && !c.holds(prev, x) {
					s.broken = join(s.broken, span{x.N, x.N})
				}
			}
			prev, prevN = x.Hash, x.N
			return nil
		})
		if err != nil || s.lines > 0 {
			return err
		}
		return tx.Row(`SELECT COALESCE(MIN(n), 0) FROM audit WHERE n > ?`, at.to).Scan(&s.first)
	})
	return s, err
}
