package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"helloworld/bot/chat/slack/slackfake"
	"helloworld/bot/chat/telegram/telegramfake"
	"helloworld/connectors"
	"helloworld/connectors/sandbox"
)

// counted is what came of it all. What must be zero stands beside what it is
// counted out of; why names the first few.
type counted struct {
	events, eventsLost              int
	refunds, refundsLost, repeated  int
	letters, lettersLost            int
	replies, repliesLost, sentTwice int
	posts, postsLost, postsTwice    int
	private, privateLost, again     int
	dead                            int
	// stood, paid and sent count how often the desk found, after a crash, that
	// what it was about to do had been done: the moments that the rig is for.
	stood, paid, sent int
	timeouts          int
	// overCeiling counts orders that got back more than they cost, unequal those
	// for which the desk's ledger and the platform's differ.
	overCeiling, unequal int
	// takeovers is how often a replica began to listen to the chat that only one may
	// listen to, polledTwice how often two did so at once.
	takeovers, polledTwice int
	// presses counts the votes that the console took.
	presses int
	why     []string
}

func (c *counted) blame(n *int, format string, a ...any) {
	*n++
	if len(c.why) < 40 {
		c.why = append(c.why, fmt.Sprintf(format, a...))
	}
}

// read reads the desk's own database.
func (d *herd) read(query string, args ...any) ([][]string, error) {
	driver, at := "pgx", d.url
	if at == "" {
		driver, at = "sqlite", "file:"+filepath.Join(d.dir, "0", "data", "desk.db")+"?mode=ro&_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, at)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out [][]string
	for rows.Next() {
		row, into := make([]string, len(cols)), make([]any, len(cols))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// logs is what all replicas have logged.
func (d *herd) logs() (all []byte) {
	for _, r := range d.all {
		b, err := os.ReadFile(r.log.Name())
		if err != nil {
			d.t.Error(err)
		}
		all = append(all, b...)
	}
	return all
}

// settle waits until nothing is left to do for the desk: no event, no post, no
// refund on its way. Then it waits a little for what should not come.
func (p *crowd) settle(ctx context.Context, d *herd) {
	for quiet := 0; quiet < 5 && ctx.Err() == nil; {
		busy, err := d.read(`SELECT kind FROM job WHERE dead = 0 AND kind NOT IN (` + rounds + `, 'pay')
			UNION ALL SELECT state FROM refund WHERE state IN ('approved', 'sent', 'unknown')`)
		if err != nil {
			p.t.Errorf("the desk's database cannot be read: %v", err)
			return
		}
		quiet++
		if len(busy) > 0 {
			quiet = 0
		}
		nap(ctx, 500*time.Millisecond)
	}
	if ctx.Err() != nil {
		p.t.Error("the desk did not come to rest")
	}
}

// count compares what people did with what the other process saw happen.
func (p *crowd) count(d *herd) *counted {
	c := &counted{}
	var shops sandbox.Ledger
	var slack []slackfake.Entry
	must := func(err error) {
		if err != nil {
			p.t.Fatalf("the ledgers cannot be read: %v", err)
		}
	}
	must(p.w.get(p.w.shops+"/control/ledger", &shops))
	must(p.w.get(p.w.slack+"/fake/ledger", &slack))
	p.mu.Lock()
	defer p.mu.Unlock()
	acked := map[string]string{}
	for _, e := range slack {
		switch e.What {
		case "ack":
			acked[e.Key] = e.Type
		case "timeout":
			c.timeouts++
		}
	}
	p.countEvents(c, d, acked)
	p.countRefunds(c, shops)
	p.countLedgers(c, d, shops)
	p.countMessages(c, shops)
	p.countPosts(c, d)
	p.countPrivate(c, acked)
	log := d.logs()
	c.stood = bytes.Count(log, []byte(`msg="a card stood already`))
	c.paid = bytes.Count(log, []byte(`msg="a refund was there already`))
	c.sent = bytes.Count(log, []byte(`msg="a message was there already`))
	c.takeovers = bytes.Count(log, []byte(`msg="`+tookOver))
	return c
}

// countEvents: what was acknowledged is written down, and what is written down
// was dealt with.
func (p *crowd) countEvents(c *counted, d *herd, acked map[string]string) {
	rows, err := d.read(`SELECT key, '' FROM seen`)
	if err != nil {
		p.t.Fatal(err)
	}
	seen, presses := map[string]bool{}, 0
	for _, r := range rows {
		seen[r[0]] = true
		if strings.HasPrefix(r[0], "slack/press:") {
			presses++
		}
	}
	pressed, said := 0, 0
	for key, kind := range acked {
		c.events++
		switch kind {
		case "slash_commands":
			if !seen["slack/command:"+key] {
				c.blame(&c.eventsLost, "Slack's command %s was acknowledged and is not known", key)
			}
		case "interactive":
			pressed++
		default:
			said++
		}
	}
	for range pressed - presses {
		c.blame(&c.eventsLost, "%d presses in Slack were acknowledged, %d are known", pressed, presses)
	}
	known := 0
	for key := range p.said {
		if seen["slack/said:"+key] {
			known++
		}
	}
	for range said - known {
		c.blame(&c.eventsLost, "%d messages in Slack were acknowledged, %d are known", said, known)
	}
	// Telegram's updates are numbered; the last number is asked for with one more,
	// which nobody will hear.
	var last struct {
		Update int64 `json:"update_id"`
	}
	var st telegramfake.State
	if err := p.w.get(p.w.telegram+"/fake/state", &st); err != nil {
		p.t.Fatal(err)
	}
	if c.polledTwice = st.Conflicts; st.Conflicts > 0 {
		c.why = append(c.why, fmt.Sprintf("two replicas polled Telegram at the same time, %d times", st.Conflicts))
	}
	if st.Waiting > 0 {
		p.t.Errorf("%d updates of Telegram were never fetched", st.Waiting)
	}
	if err := p.w.post(p.w.telegram+"/fake/say", map[string]any{"user": map[string]any{"id": liTelegram}, "chat": p.w.ops[1].telegram, "text": "the last word"}, &last); err != nil {
		p.t.Fatal(err)
	}
	for id := int64(1001); id < last.Update; id++ {
		c.events++
		if !seen[fmt.Sprintf("telegram/u%d", id)] {
			c.blame(&c.eventsLost, "Telegram's update %d was confirmed and is not known", id)
		}
	}
	for key := range p.pressed {
		c.events++
		c.presses++
		if !seen["console/press:cara:"+key] {
			c.blame(&c.eventsLost, "the console took the press %s and does not know it", key)
		}
	}
	left, err := d.read(`SELECT kind, key, args, error, CAST(dead AS TEXT) FROM job WHERE kind = 'event' OR dead <> 0`)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, r := range left {
		if r[0] == "event" {
			c.blame(&c.eventsLost, "an event was not dealt with: %s: %s", r[2], r[3])
			continue
		}
		c.blame(&c.dead, "a job died: %s %s: %s", r[0], r[1], r[3])
	}
}

func (p *crowd) countRefunds(c *counted, l sandbox.Ledger) {
	paid := map[string]int{}
	for _, r := range l.Refunds {
		paid[r.Store+"#"+r.Order]++
	}
	for mark, r := range p.refunds {
		n := paid[r.store+"#"+r.order]
		if r.approved {
			c.refunds++
			if n == 0 {
				c.blame(&c.refundsLost, "refund %s of %s#%s was approved and never came", mark, r.store, r.order)
			}
		}
		for range n - 1 {
			c.blame(&c.repeated, "refund %s of %s#%s came %d times", mark, r.store, r.order, n)
		}
	}
}

// countLedgers compares, for every order, what the desk says it gave back with
// what the platform says, and both with what was paid.
func (p *crowd) countLedgers(c *counted, d *herd, l sandbox.Ledger) {
	type sum struct {
		n     int
		minor int64
	}
	theirs, ours := map[string]sum{}, map[string]sum{}
	for _, r := range l.Refunds {
		x := theirs[r.Store+"#"+r.Order]
		theirs[r.Store+"#"+r.Order] = sum{x.n + 1, x.minor + r.Amount.Minor}
	}
	rows, err := d.read(`SELECT store, order_id, body FROM refund WHERE state IN ('confirmed', 'accepted')`)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, r := range rows {
		var body struct {
			Cmd connectors.Refund `json:"cmd"`
		}
		if err := json.Unmarshal([]byte(r[2]), &body); err != nil {
			p.t.Fatal(err)
		}
		id := r[0] + "#" + path.Base(r[1]) // a platform's long way of writing a number ends with it
		x := ours[id]
		ours[id] = sum{x.n + 1, x.minor + body.Cmd.Amount.Minor}
	}
	for _, r := range p.refunds {
		id := r.store + "#" + r.order
		if theirs[id].minor > r.total {
			c.blame(&c.overCeiling, "%s cost %d and got back %d", id, r.total, theirs[id].minor)
		}
		if theirs[id] != ours[id] {
			c.blame(&c.unequal, "%s: the platform says %+v, the desk %+v", id, theirs[id], ours[id])
		}
		delete(theirs, id)
		delete(ours, id)
	}
	for id := range theirs {
		c.blame(&c.unequal, "%s: refunded, and nobody asked for it", id)
	}
	for id := range ours {
		c.blame(&c.unequal, "%s: in the desk's ledger, and nobody asked for it", id)
	}
}

func (p *crowd) countMessages(c *counted, l sandbox.Ledger) {
	got := func(mark string) (n int) {
		for _, m := range l.Messages {
			if strings.Contains(m.Text, mark) {
				n++
			}
		}
		return n
	}
	for mark, r := range p.replies {
		if r.sent == 0 {
			continue
		}
		c.replies++
		switch n := got(mark); {
		case n == 0:
			c.blame(&c.repliesLost, "answer %s was sent and never reached the buyer of %s", mark, r.store)
		case n > 1:
			c.blame(&c.sentTwice, "answer %s reached the buyer of %s %d times", mark, r.store, n)
		}
	}
	c.letters = len(p.letters)
}

// countPosts: every card that should stand stands, once.
func (p *crowd) countPosts(c *counted, d *herd) {
	stands := map[chatPlace][]sight{}
	for _, at := range append(slices.Clone(p.watched), p.w.ops[0], p.w.ops[1], p.w.alerts) {
		now, err := p.w.read(at)
		if err != nil {
			p.t.Fatal(err)
		}
		keys := map[string]int{}
		for _, s := range now {
			if !s.bot || s.only != "" {
				continue
			}
			stands[at] = append(stands[at], s)
			c.posts++
			if s.card == "" {
				continue
			}
			if keys[s.card]++; keys[s.card] > 1 {
				c.blame(&c.postsTwice, "card %s stands %d times at %s: %.60q", s.card, keys[s.card], at.config(), s.text)
			}
		}
	}
	once := func(what, mark string, at chatPlace, lost *int, most bool) {
		n := 0
		for _, s := range stands[at] {
			if strings.Contains(s.text, mark) {
				n++
			}
		}
		switch {
		case n == 0:
			c.blame(lost, "%s %s does not stand at %s", what, mark, at.config())
		case n > 1 && most:
			c.blame(&c.postsTwice, "%s %s stands %d times at %s", what, mark, n, at.config())
		}
	}
	for mark, l := range p.letters {
		for _, c2 := range p.w.corners[l.store] {
			once("message", mark, c2.messages, &c.lettersLost, true)
		}
	}
	for mark, n := range p.notes {
		once("note", mark, n.at, &c.postsLost, n.written == 1)
	}
	for mark, r := range p.refunds {
		for _, c2 := range p.w.corners[r.store] {
			// Asked twice, since no card came for long, it may be two refunds: there is
			// enough left. The second one is nobody's, and waits.
			once("refund", mark, c2.approvals, &c.postsLost, r.asked == 1)
		}
	}
	p.countShown(c, d, stands)
}

// countPrivate: private answers cannot be looked up on any network, so one that
// came twice is told, and none may be lost.
func (p *crowd) countPrivate(c *counted, acked map[string]string) {
	var st slackfake.State
	if err := p.w.get(p.w.slack+"/fake/state?user="+liSlack, &st); err != nil {
		p.t.Fatal(err)
	}
	direct, err := p.w.read(chatPlace{telegram: liTelegram})
	if err != nil {
		p.t.Fatal(err)
	}
	for mark, x := range p.private {
		n := 0
		if x.chat == 0 {
			if acked[x.commands[0]] == "" {
				continue // Slack told the person that it did not work
			}
			for _, m := range st.Messages {
				if m.Only == liSlack && strings.Contains(m.Words, mark) {
					n++
				}
			}
		} else {
			for _, m := range direct {
				if m.bot && strings.Contains(m.text, mark) {
					n++
				}
			}
		}
		c.private++
		switch {
		case n == 0:
			c.blame(&c.privateLost, "the private answer about order %s (chat %d) never came", mark, x.chat)
		case n > 1:
			c.again += n - 1
		}
	}
}

func (c *counted) print(t *testing.T, d *herd, took time.Duration) {
	t.Helper()
	var out, errs bytes.Buffer
	env := map[string]string{}
	for _, kv := range d.env {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	code := run(context.Background(), []string{"audit", "verify", "--config", d.all[0].config}, func(k string) string { return env[k] }, strings.NewReader(""), &out, &errs)
	base, replicas := "SQLite", ""
	if d.url != "" {
		base = "PostgreSQL"
		replicas = fmt.Sprintf(" · poller take-overs %d, two at once %d", c.takeovers, c.polledTwice)
	}
	t.Logf("%d on %s: kills %d (%d before ready, %d two at once) in %s · events %d lost %d · refunds %d lost %d repeated %d over the ceiling %d, "+
		"ledgers that differ %d · console votes %d%s · buyer messages in %d lost %d · "+
		"replies %d lost %d twice %d · posts %d lost %d twice %d · private answers %d lost %d repeated %d · jobs given up %d · audit: %s",
		len(d.all), base, d.kills, d.early, d.together, took.Round(time.Second), c.events, c.eventsLost, c.refunds, c.refundsLost, c.repeated,
		c.overCeiling, c.unequal, c.presses, replicas, c.letters, c.lettersLost, c.replies, c.repliesLost, c.sentTwice, c.posts, c.postsLost, c.postsTwice, c.private, c.privateLost, c.again, c.dead, strings.TrimSpace(out.String()+errs.String()))
	t.Logf("found done after a crash, and not done again: %d posts, %d refunds, %d replies", c.stood, c.paid, c.sent)
	if c.timeouts > 0 {
		t.Logf("Slack told people %d times that the desk did not answer in time", c.timeouts)
	}
	if code != 0 {
		t.Error("the audit log does not verify")
	}
	for _, x := range []struct {
		what string
		n    int
	}{{"events", c.events}, {"refunds", c.refunds}, {"buyers' messages", c.letters}, {"replies", c.replies}, {"posts", c.posts}, {"private answers", c.private}, {"console votes", c.presses}} {
		if x.n == 0 {
			t.Errorf("no %s at all: nothing was proved", x.what)
		}
	}
	for _, w := range c.why {
		t.Error(w)
	}
}
