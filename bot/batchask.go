package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/policy"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// AskBatch asks the people who may decide about a list, a chunk at a time. mark is
// the dry run that was shown; without says that the rows with something against
// them are left out. What is overtaken is looked at anew instead, and nobody is asked.
func (d *Desk) AskBatch(ctx context.Context, by Deed, id, mark string, without bool) error {
	if err := d.policyOpen(d.Now()); err != nil {
		return err
	}
	return d.batchDeed(ctx, by, id, func(tx *store.Tx, b Batch) error {
		if b.State != BatchReady || mark != "" && mark != b.mark() {
			return i18n.NewProblem(nil, "batch.not_now", "id", id)
		}
		rows, err := rowsOf(tx, id)
		if err != nil {
			return err
		}
		var good []BatchRow
		for _, r := range rows {
			if r.State == RowGood {
				good = append(good, r)
			}
		}
		if why, err := d.overtaken(tx, by.P, b, good); err != nil {
			return err
		} else if why != "" {
			if err := d.lookAnew(tx, id); err != nil {
				return err
			}
			return d.Whisper(tx, by.Event, plain(by.P, why))
		}
		switch bad := len(rows) - len(good); {
		case len(good) == 0:
			return i18n.NewProblem(nil, "batch.none_good", "id", id)
		case bad > 0 && !without:
			return i18n.NewProblem(nil, "batch.not_clean", "id", id, "n", bad)
		}
		if moved, err := batchTo(tx, id, BatchAsked, BatchReady); err != nil || !moved {
			return err
		}
		if _, err := tx.Exec(`UPDATE batch_row SET state = ?, body = '' WHERE batch = ? AND state <> ?`, string(RowOut), id, string(RowGood)); err != nil {
			return err
		}
		parts := chunked(good)
		sum := map[string]any{"rows": len(good), "chunks": len(parts)}
		if err := d.Audit.Append(tx, string(by.Who.ID), "batch.asked", "batch:"+id, sum); err != nil {
			return err
		}
		for i, part := range parts {
			if err := d.openChunk(tx, by, Chunk{Batch: id, N: i + 1, Store: part[0].Store}, part); err != nil {
				return err
			}
		}
		if err := d.Repaint(tx, "batch:"+id); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, plain(by.P, by.P.T("batch.asked_for", "id", id, "n", len(good), "chunks", len(parts))))
	})
}

// chunked puts rows into chunks: at most ten, of one store and one currency, and
// all for the same people to decide.
func chunked(rows []BatchRow) (out [][]BatchRow) {
	open := map[string]int{}
	for _, r := range rows {
		key := strings.Join(append([]string{r.Store, r.Body.Cmd.Amount.Currency}, r.Body.Ruling.Voters...), "\x00")
		i, ok := open[key]
		if !ok || len(out[i]) == chunkMost {
			i, out = len(out), append(out, nil)
			open[key] = i
		}
		out[i] = append(out[i], r)
	}
	return out
}

// openChunk books the refunds of a chunk, each with a key of its own, and asks
// about all of them at once, by the strictest of their rules and that for their sum.
func (d *Desk) openChunk(tx *store.Tx, by Deed, c Chunk, rows []BatchRow) error {
	s, ok := d.Shop(c.Store)
	if !ok {
		return i18n.NewProblem(nil, "error.store_none", "store", c.Store, "stores", "")
	}
	home, near := connectors.Money{Currency: d.Policy.Rules.Home}, connectors.Money{Currency: d.Policy.Rules.Home}
	c.Rows, c.Total = len(rows), connectors.Money{Currency: rows[0].Body.Cmd.Amount.Currency}
	c.Ruling.Voters = rows[0].Body.Ruling.Voters
	var rules []string
	var cases []policy.Case
	facts := []string{"batch", c.ID()}
	for _, r := range rows {
		r.Body.Batch = c.ID()
		id, err := d.bookRefund(tx, by, OrderAt{s, connectors.Order{ID: r.Order, Number: r.Number}}, r.Facts, r.Body)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE refund SET approval = ? WHERE id = ?`, c.ID(), id); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE batch_row SET chunk = ?, refund = ?, body = '' WHERE batch = ? AND n = ?`, c.N, id, c.Batch, r.N); err != nil {
			return err
		}
		facts, cases = append(facts, id, r.Facts), append(cases, caseOf(by.Who, s.ID, r.Body.Cmd, r.Body.Findings))
		c.Total = c.Total.Add(r.Body.Cmd.Amount)
		rule := r.Body.Ruling
		c.Ruling.Votes, c.Ruling.StepUp, c.Ruling.Risk = max(c.Ruling.Votes, rule.Votes), c.Ruling.StepUp || rule.StepUp, c.Ruling.Risk || rule.Risk
		if rule.Rule != "" && !slices.Contains(rules, rule.Rule) {
			rules = append(rules, rule.Rule)
		}
		worth, seen := rule.Home, rule.shown()
		if r.Body.Cmd.Amount.Currency == home.Currency {
			worth, seen = r.Body.Cmd.Amount, r.Body.Cmd.Amount
		}
		if worth.Currency == "" {
			c.Ruling.Unrated = "none" // then the sum is not known either
		}
		home.Minor, near.Minor = home.Minor+worth.Minor, near.Minor+seen.Minor
		c.Ruling.From, c.Ruling.Rate, c.Ruling.Source, c.Ruling.Date = rule.From, rule.Rate, rule.Source, rule.Date
	}
	c.Ruling.Rule = strings.Join(rules, ", ")
	switch {
	case home.Currency == "":
		c.Ruling.Unrated = ""
	case c.Ruling.Unrated == "":
		c.Ruling.Home, c.Ruling.Near = home, near
	}
	// All together may be what one alone is not: more than goes without proof.
	c.Ruling.StepUp = c.Ruling.StepUp || d.Policy.Rules.Proof(c.Ruling.Home)
	if err := d.ruleSum(&c, cases, rules); err != nil {
		return err
	}
	if len(d.deciders(tx.Context(), by.Who.ID, s.ID, c.Ruling.Voters)) < c.Ruling.Votes {
		if c.Ruling.Sum {
			return i18n.NewProblem(nil, "batch.sum_few", "n", c.Ruling.Votes, "id", c.ID(), "rows", c.Rows, "total", c.Total.String())
		}
		return i18n.NewProblem(nil, "refund.too_few", "n", c.Ruling.Votes, "store", s.Name)
	}
	c.Facts = d.mark(facts...)
	if err := c.insert(tx); err != nil {
		return err
	}
	if _, err := approvals.Open(tx, approvals.Ask{ID: approvals.ID(c.ID()), About: "batch:" + c.ID(), Facts: c.Facts, By: by.Who.ID, Voters: c.Ruling.Voters,
		Store: s.ID, Votes: c.Ruling.Votes, Until: time.UnixMilli(tx.Now()).Add(d.Policy.Expiry), Job: BatchRunArgs{c.Batch, c.N},
		Key: c.jobKey(), Lane: LaneMoney, Order: "batch/" + c.Batch}); err != nil {
		return err
	}
	shown, err := d.ShowIn(tx, "batch:"+c.ID(), TopicApprovals, s.ID)
	if err == nil && shown == 0 {
		err = i18n.NewProblem(nil, "refund.no_channel", "store", s.Name)
	}
	return err
}

// ruleSum raises a chunk's ruling to what the policy says of the sum of its rows,
// so that a list is no way around the tiers. rules are those of its rows.
func (d *Desk) ruleSum(c *Chunk, cases []policy.Case, rules []string) error {
	if !d.Policy.Rules.On() {
		return nil
	}
	v := d.Policy.Rules.JudgeSum(cases, c.Ruling.Home)
	if v.Refused() != "" {
		return i18n.NewProblem(nil, "batch.sum_not", "id", c.ID(), "n", c.Rows, "total", c.Total.String())
	}
	if c.Ruling.StepUp = c.Ruling.StepUp || v.StepUp; v.Votes < c.Ruling.Votes {
		return nil
	}
	c.Ruling.Votes, c.Ruling.Voters = v.Votes, v.Approvers
	if !slices.Contains(rules, v.Rule) {
		c.Ruling.Rule, c.Ruling.Sum, c.Ruling.Passed = v.Rule, true, v.Passed
	}
	return nil
}

// ruledBy is the ruling by which a refund is approved, with its own worth. One that
// is approved with others has that of all of them; sum is what they come to where the
// rule is the one for that, else nothing.
func ruledBy(tx *store.Tx, r Payback) (rule Ruling, sum connectors.Money, err error) {
	rule = r.Body.Ruling
	if r.Rows > 0 || r.Body.Batch == "" {
		return rule, sum, nil
	}
	var c Chunk
	list, n, err := splitChunk(r.Body.Batch)
	if err == nil {
		c, err = getChunk(tx, list, n)
	}
	switch {
	case errors.Is(err, ErrNoBatch):
		return rule, sum, nil // all that is known is its own
	case err != nil:
		return rule, sum, err
	}
	all := c.Ruling
	rule.Votes, rule.Voters, rule.StepUp = all.Votes, all.Voters, all.StepUp
	if all.Rule != rule.Rule {
		rule.Rule, rule.Sum, rule.Risk, rule.Passed = all.Rule, all.Sum, all.Risk, all.Passed
	}
	if rule.Sum {
		sum = c.Total
	}
	return rule, sum, nil
}

func (c Chunk) jobKey() string { return "batch/" + c.ID() }

// chunkVoted writes down what a counted vote means for a chunk.
func (d *Desk) chunkVoted(tx *store.Tx, by Deed, r Payback, a approvals.Approval, yes bool, reason string) error {
	what := "batch.vote_yes"
	if !yes {
		what = "batch.vote_no"
	}
	detail := map[string]any{"approval": a.ID, "facts": a.Facts}
	last := a.Votes[len(a.Votes)-1]
	if last.For != "" {
		detail["for"] = last.For
	}
	if err := d.Audit.Append(tx, string(by.Who.ID), what, r.matter(), detail); err != nil {
		return err
	}
	list, n, err := splitChunk(r.ID)
	if err != nil {
		return err
	}
	c, err := getChunk(tx, list, n)
	if err != nil {
		return err
	}
	switch a.State {
	case approvals.Approved:
		if _, err := chunkTo(tx, c, ChunkRunning, ChunkAsked); err != nil {
			return err
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "batch.approved", r.matter(), map[string]any{"facts": c.Facts, "amount": c.Total.String(), "rows": c.Rows}); err != nil {
			return err
		}
	case approvals.Denied:
		if err := d.chunkOver(tx, c, ChunkDenied, RefundDenied, ""); err != nil {
			return err
		}
		if r.By != by.Who.ID {
			if err := d.tellAsker(tx, r, func(p *i18n.Printer) chat.Card {
				return plain(p, p.T("batch.denied_told", "id", r.ID, "n", r.Rows, "amount", c.Total.String(), "who", castName(p, last, d.name), "why", reason))
			}); err != nil {
				return err
			}
		}
	}
	if err := d.paintChunk(tx, c); err != nil {
		return err
	}
	key := i18n.Key("approval.counted_no")
	switch {
	case a.State == approvals.Approved:
		key = "approval.counted_done"
	case yes:
		key = "approval.counted_yes"
	}
	return d.Whisper(tx, by.Event, plain(by.P, by.P.T(key, "id", r.ID, "n", a.Left())))
}

// chunkExpired ends a chunk that nobody decided in time.
func (d *Desk) chunkExpired(tx *store.Tx, id string) error {
	list, n, err := splitChunk(id)
	if err != nil {
		return err
	}
	c, err := getChunk(tx, list, n)
	if err != nil {
		return err
	}
	if err := d.chunkOver(tx, c, ChunkExpired, RefundExpired, ""); err != nil {
		return err
	}
	return d.paintChunk(tx, c)
}

// chunkOver ends a chunk, and those of its refunds of which nothing was sent.
func (d *Desk) chunkOver(tx *store.Tx, c Chunk, to ChunkState, refunds RefundState, why string) error {
	if moved, err := chunkTo(tx, c, to, ChunkAsked, ChunkRunning, ChunkStopped); err != nil || !moved {
		return err
	}
	rows, err := rowsIn(tx, c.Batch, c.N)
	if err != nil {
		return err
	}
	for _, row := range rows {
		r, err := d.GetRefund(tx, row.Refund)
		if err != nil {
			return err
		}
		if r.State != RefundAsked {
			continue // it is over, or sees to itself
		}
		if err := d.endUnsent(tx, r, refunds, why); err != nil {
			return err
		}
	}
	if err := d.Audit.Append(tx, string(people.Desk), "batch."+string(to), "batch:"+c.ID(), nil); err != nil {
		return err
	}
	return d.batchSettled(tx, c.Batch)
}

// endUnsent ends a refund of which nothing was sent.
func (d *Desk) endUnsent(tx *store.Tx, r Payback, to RefundState, why string) error {
	if err := d.refundTo(tx, r.ID, to, why, nil); err != nil {
		return err
	}
	return d.Audit.Append(tx, string(people.Desk), "refund."+string(to), "refund:"+r.ID, map[string]any{"key": r.Key, "why": why, "batch": r.Body.Batch})
}

// batchSettled ends a list whose chunks are all over.
func (d *Desk) batchSettled(tx *store.Tx, id string) error {
	chunks, err := chunksOf(tx, id)
	if err != nil {
		return err
	}
	for _, c := range chunks {
		if c.State == ChunkAsked || c.State == ChunkRunning || c.State == ChunkStopped {
			return nil
		}
	}
	moved, err := batchTo(tx, id, BatchDone, BatchAsked, BatchStopped)
	if err != nil || !moved {
		return err
	}
	return d.Audit.Append(tx, string(people.Desk), "batch.done", "batch:"+id, nil)
}

func (d *Desk) paintChunk(tx *store.Tx, c Chunk) error {
	if err := d.Repaint(tx, "batch:"+c.ID()); err != nil {
		return err
	}
	return d.Repaint(tx, "batch:"+c.Batch)
}

// AskFor finds what somebody may decide on: a refund, or a chunk of a list, which
// stands in as one refund of all that is in it.
func (d *Desk) AskFor(ctx context.Context, by Deed, id string) (r Payback, err error) {
	if !IsChunk(id) && !IsReplacement(id) {
		return d.RefundFor(ctx, by, id)
	}
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		r, err = d.asked(tx, id)
		return err
	})
	switch {
	case errors.Is(err, ErrNoBatch):
		return r, i18n.NewProblem(nil, "batch.none", "id", id)
	case errors.Is(err, ErrNoRefund):
		return r, i18n.NewProblem(nil, "refund.none", "id", id)
	case err == nil && !by.Who.Sees(r.Store):
		return r, i18n.NewProblem(nil, "error.store_not_yours", "store", r.Store)
	}
	return r, err
}

// asked reads what an approval is about.
func (d *Desk) asked(tx *store.Tx, id string) (Payback, error) {
	if IsReplacement(id) {
		r, err := getReplacement(tx, id)
		return r.Payback, err
	}
	if !IsChunk(id) {
		return d.GetRefund(tx, id)
	}
	list, n, err := splitChunk(id)
	if err != nil {
		return Payback{}, err
	}
	c, err := getChunk(tx, list, n)
	if err != nil {
		return Payback{}, err
	}
	b, err := getBatch(tx, list)
	return Payback{ID: id, Store: c.Store, Body: PaybackBody{Cmd: connectors.Refund{Amount: c.Total}, Votes: c.Ruling.Votes, Ruling: c.Ruling},
		Facts: c.Facts, State: RefundAsked, By: b.By, Approval: approvals.ID(id), Rows: c.Rows, Created: b.Created, Updated: c.Updated}, err
}

// matter is what a card about it is called.
func (r Payback) matter() string {
	if r.Rows > 0 {
		return "batch:" + r.ID
	}
	if r.Goods {
		return "goods:" + r.ID
	}
	return "refund:" + r.ID
}

// alone is why a refund cannot be decided on by itself: it is approved with others.
func (r Payback) alone() error {
	if r.Rows == 0 && r.Body.Batch != "" {
		return i18n.NewProblem(nil, "batch.decide_there", "id", r.ID, "chunk", r.Body.Batch)
	}
	return nil
}
