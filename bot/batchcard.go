package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"helloworld/bot/approvals"
	"helloworld/bot/chat"
	"helloworld/bot/store"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
)

func (c Chunk) insert(tx *store.Tx) error {
	body, err := json.Marshal(c.chunkBody)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO batch_chunk(batch, n, store, body, facts, state, updated) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		c.Batch, c.N, c.Store, string(body), c.Facts, string(ChunkAsked), tx.Now())
	return err
}

// badOnCard is how many rows with something against them a card names.
const badOnCard = 6

// chunksOnCard is how many chunks a list's card tells of.
const chunksOnCard = 15

// batchView is what a list's card shows.
type batchView struct {
	Batch  Batch
	Rows   []BatchRow
	Chunks []Chunk
	Name   func(id string) string
	Home   string
	Zone   *time.Location
}

// chunkView is what the card of a chunk shows.
type chunkView struct {
	Batch     Batch
	Chunk     Chunk
	Rows      []BatchRow
	Refunds   map[string]Payback
	Approval  approvals.Approval
	Questions []approvals.Question
	Lent      []approvals.Delegation
	Store     *Store
	Name      func(id string) string
	Zone      *time.Location
}

// paintBatch draws the card of a list, or of a chunk of one.
func (d *Desk) paintBatch(_ context.Context, tx *store.Tx, id string, p *i18n.Printer) (chat.Card, string, error) {
	if IsChunk(id) {
		v, err := d.chunkView(tx, id)
		if err != nil {
			return chat.Card{}, "", err
		}
		return chunkCard(v, p), v.Chunk.Facts, nil
	}
	v := batchView{Name: d.name, Home: d.Policy.Rules.Home, Zone: d.Zone}
	var err error
	if v.Batch, err = getBatch(tx, id); err != nil {
		return chat.Card{}, "", err
	}
	if v.Rows, err = rowsOf(tx, id); err != nil {
		return chat.Card{}, "", err
	}
	if v.Chunks, err = chunksOf(tx, id); err != nil {
		return chat.Card{}, "", err
	}
	return batchCard(v, p), v.Batch.mark(), nil
}

func (d *Desk) chunkView(tx *store.Tx, id string) (v chunkView, err error) {
	list, n, err := splitChunk(id)
	if err != nil {
		return v, err
	}
	if v.Batch, err = getBatch(tx, list); err != nil {
		return v, err
	}
	if v.Chunk, err = getChunk(tx, list, n); err != nil {
		return v, err
	}
	if v.Rows, err = rowsIn(tx, list, n); err != nil {
		return v, err
	}
	v.Refunds = map[string]Payback{}
	for _, r := range v.Rows {
		if v.Refunds[r.Refund], err = d.GetRefund(tx, r.Refund); err != nil {
			return v, err
		}
	}
	if v.Approval, err = approvals.Get(tx, approvals.ID(id)); err != nil {
		return v, err
	}
	if v.Questions, err = approvals.Questions(tx, v.Approval.ID); err != nil {
		return v, err
	}
	v.Lent, err = approvals.LentFor(tx, v.Approval.ID)
	v.Store, v.Name, v.Zone = d.storeOr(v.Chunk.Store), d.name, d.Zone
	return v, err
}

func batchCard(v batchView, p *i18n.Printer) chat.Card {
	b := v.Batch
	count := map[RowState]int{}
	for _, r := range v.Rows {
		count[r.State]++
	}
	c := chat.Card{Title: p.T(i18n.Key("batch.title."+string(b.State)), "id", b.ID, "n", len(v.Rows)), Tone: chat.Primary,
		Foot: p.T("batch.foot", "who", v.Name(string(b.By)), "when", stamp(b.Created, v.Zone))}
	switch b.State {
	case BatchLooking:
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Progress, Label: p.T("batch.looking"), Done: int64(len(v.Rows) - count[RowNew]), Total: int64(len(v.Rows))})
		c.Buttons = []chat.Button{{Label: p.T("batch.button.drop"), Command: "batch " + b.ID + " drop"}}
	case BatchReady:
		c.Parts = append(c.Parts, foundParts(v, count, p)...)
		good := count[RowGood]
		switch {
		case good == len(v.Rows):
			c.Tone = chat.Good
			c.Buttons = append(c.Buttons, chat.Button{Label: p.T("batch.button.ask"), Command: "batch " + b.ID + " ask " + b.mark(), Tone: chat.Primary,
				Confirm: p.T("batch.confirm_ask", "n", good)})
		case good > 0:
			c.Tone = chat.Warning
			c.Buttons = append(c.Buttons, chat.Button{Label: p.T("batch.button.without"), Command: "batch " + b.ID + " without " + b.mark(), Tone: chat.Primary,
				Confirm: p.T("batch.confirm_without", "n", good, "bad", len(v.Rows)-good)})
		default:
			c.Tone = chat.Bad
		}
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("batch.button.again"), Command: "batch " + b.ID + " again"},
			chat.Button{Label: p.T("batch.button.drop"), Command: "batch " + b.ID + " drop"})
		if good < len(v.Rows) {
			c.Buttons = append(c.Buttons, chat.Button{Label: p.T("batch.button.receipt"), Command: "batch " + b.ID + " receipt"})
		}
		c.Foot = p.T("batch.foot_ready", "who", v.Name(string(b.By)), "until", stamp(b.Looked.Add(batchFresh), v.Zone))
	case BatchDropped:
		c.Tone = chat.Plain
	default:
		var lines []string
		for i, k := range v.Chunks {
			if i == chunksOnCard {
				lines = append(lines, p.T("batch.more_chunks", "n", len(v.Chunks)-i))
				break
			}
			lines = append(lines, p.T("batch.chunk_line", "id", k.ID(), "store", k.Store, "n", k.Rows, "total", k.Total.String(),
				"state", p.T(i18n.Key("batch.chunk."+string(k.State)))))
		}
		past := 0
		for _, r := range v.Rows {
			if r.Past {
				past++
			}
		}
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Progress, Label: p.T("batch.through"), Done: int64(past), Total: int64(len(v.Rows) - count[RowOut])},
			chat.Part{Kind: chat.Text, Text: strings.Join(lines, "\n")})
		if n := count[RowOut]; n > 0 {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("batch.left_out", "n", n)})
		}
		if b.State == BatchStopped {
			c.Tone = chat.Warning
		}
		if b.State == BatchDone {
			c.Tone = chat.Good
		}
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("batch.button.receipt"), Command: "batch " + b.ID + " receipt"})
	}
	return c
}

// foundParts are what a dry run found: what it comes to, and what is wrong.
func foundParts(v batchView, count map[RowState]int, p *i18n.Printer) []chat.Part {
	sums := map[string]connectors.Money{}
	home, rated := connectors.Money{Currency: v.Home}, true
	for _, r := range v.Rows {
		if r.State != RowGood {
			continue
		}
		m := r.Body.Cmd.Amount
		sums[m.Currency] = connectors.Money{Minor: sums[m.Currency].Minor + m.Minor, Currency: m.Currency}
		worth := r.Body.Ruling.shown()
		if m.Currency == v.Home {
			worth = m
		}
		rated = rated && worth.Currency == v.Home
		home.Minor += worth.Minor
	}
	var totals []string
	for _, cur := range slices.Sorted(maps.Keys(sums)) {
		totals = append(totals, sums[cur].String())
	}
	fields := []chat.Field{{Label: p.T("batch.field.good"), Value: p.Num(int64(count[RowGood]))}}
	if len(totals) > 0 {
		fields = append(fields, chat.Field{Label: p.T("batch.field.total"), Value: strings.Join(totals, " + ")})
	}
	if v.Home != "" && len(totals) > 0 {
		worth := p.T("policy.rate_none")
		if rated {
			worth = home.String()
		}
		fields = append(fields, chat.Field{Label: p.T("policy.field.home"), Value: worth})
	}
	for _, s := range []RowState{RowUnread, RowBlocked, RowTwice, RowFlight} {
		if n := count[s]; n > 0 {
			fields = append(fields, chat.Field{Label: p.T(i18n.Key("batch.field." + string(s))), Value: p.Num(int64(n))})
		}
	}
	parts := []chat.Part{{Kind: chat.Fields, Fields: fields}}
	bad := 0
	for _, r := range v.Rows {
		if r.State == RowGood {
			continue
		}
		if bad++; bad <= badOnCard {
			parts = append(parts, chat.Part{Kind: chat.Text, Text: p.T("batch.bad_line", "line", r.Wish.Line, "order", cmp.Or(r.Ref(), "–"), "why", r.Why.Say(p))})
		}
	}
	if bad > badOnCard {
		parts = append(parts, chat.Part{Kind: chat.Note, Text: p.T("batch.more_bad", "n", bad-badOnCard)})
	}
	return parts
}

func chunkCard(v chunkView, p *i18n.Printer) chat.Card {
	k := v.Chunk
	yes, no, reason := cast(p, v.Approval, v.Name)
	asker := v.Name(string(v.Batch.By))
	c := chat.Card{Title: p.T(i18n.Key("batch.chunk_title."+string(k.State)), "n", k.Rows, "total", k.Total.String(), "left", v.Approval.Left()), Tone: chat.Primary,
		Foot: p.T("batch.foot_chunk", "asker", asker, "who", p.List(yes...))}
	fields := []chat.Field{{Label: p.T("batch.field.id"), Value: k.ID()}, {Label: p.T("field.store"), Value: v.Store.Name},
		{Label: p.T("batch.field.total"), Value: k.Total.String()}}
	c.Parts = []chat.Part{{Kind: chat.Fields, Fields: append(fields, rulingFields(p, k.Ruling)...)}}
	var lines []string
	for _, row := range v.Rows {
		lines = append(lines, chunkLine(v, row, p))
	}
	c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: strings.Join(lines, "\n")})
	for _, q := range v.Questions {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("approval.asks", "who", v.Name(string(q.By))), Text: chat.Shorten(q.Text, noteOnCard, chat.Runes)})
		if q.Answer != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("approval.answers", "who", v.Name(string(q.AnsweredBy))), Text: chat.Shorten(q.Answer, noteOnCard, chat.Runes)})
		}
	}
	id := k.ID()
	switch k.State {
	case ChunkAsked:
		c.Tone = chat.Warning
		c.Foot = p.T("approval.foot", "asker", asker, "until", stamp(v.Approval.Until, v.Zone))
		c.Buttons = []chat.Button{
			{Label: p.T("button.approve"), Command: "approve " + id + " " + k.Facts, Tone: chat.Primary, Confirm: p.T("batch.confirm", "n", k.Rows, "total", k.Total.String())},
			{Label: p.T("button.deny"), Command: "deny " + id, Tone: chat.Bad},
			{Label: p.T("approval.button.ask"), Command: "ask " + id},
			{Label: p.T("approval.button.hand_on"), Command: "delegate " + id},
		}
		if len(yes) > 0 {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T("refund.approved_so_far", "who", p.List(yes...))})
		}
		for _, x := range v.Lent {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("approval.handed_on", "id", id, "who", v.Name(string(x.From)), "whom", v.Name(string(x.To)))})
		}
	case ChunkStopped:
		c.Tone = chat.Bad
		c.Parts = append(c.Parts, stopPart(v, p))
		c.Buttons = []chat.Button{
			{Label: p.T("batch.button.resume"), Command: "batch " + id + " resume", Tone: chat.Primary},
			{Label: p.T("batch.button.skip"), Command: "batch " + id + " skip", Confirm: p.T("batch.confirm_skip")},
			{Label: p.T("batch.button.stop"), Command: "batch " + id + " stop", Tone: chat.Bad, Confirm: p.T("batch.confirm_stop")},
		}
	case ChunkDone:
		c.Tone = chat.Good
	case ChunkDenied:
		c.Foot = p.T("refund.foot.denied", "asker", asker, "who", no)
		if reason != "" {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Quote, Label: p.T("field.why"), Text: reason})
		}
	case ChunkExpired:
		c.Foot = p.T("refund.foot.expired", "asker", asker)
	}
	return c
}

func stopPart(v chunkView, p *i18n.Printer) chat.Part {
	for i, row := range v.Rows {
		if row.N == v.Chunk.AtRow {
			return chat.Part{Kind: chat.Text, Text: p.T("batch.stopped_at", "line", row.Wish.Line, "order", row.Ref(), "why", v.Chunk.Why.Say(p), "left", len(v.Rows)-i-1)}
		}
	}
	return chat.Part{Kind: chat.Text, Text: v.Chunk.Why.Say(p)}
}

// chunkLine is a row on its chunk's card.
func chunkLine(v chunkView, row BatchRow, p *i18n.Printer) string {
	r := v.Refunds[row.Refund]
	line := p.T("batch.row_line", "order", "#"+sync.Number(row.Number), "amount", r.Body.Cmd.Amount.String(), "reason", p.T(i18n.Key("reason."+string(r.Body.Cmd.Reason))))
	if v.Chunk.State == ChunkAsked {
		return line
	}
	return p.T("batch.row_state", "line", line, "state", rowState(p, r))
}

// rowState is what became of a row's refund, in a word.
func rowState(p *i18n.Printer, r Payback) string {
	return p.T(i18n.Key("batch.row." + string(r.State)))
}
