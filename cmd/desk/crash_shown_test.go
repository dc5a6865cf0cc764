package main

import (
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// countShown: what the desk believes to stand does, and shows what is so now.
func (p *crowd) countShown(c *counted, d *herd, stands map[chatPlace][]sight) {
	rows, err := d.read(`SELECT matter, chat, channel, root, CAST(want AS TEXT), CAST(have AS TEXT), CAST(id AS TEXT) FROM shown WHERE chat <> 'console'`)
	if err != nil {
		p.t.Fatal(err)
	}
	byID := map[string]sight{}
	for at, all := range stands {
		for _, s := range all {
			byID[at.config()+"/"+s.id] = s
		}
	}
	owner := map[string]string{}
	for _, r := range rows {
		where := r[1] + ":" + r[2] + "/" + r[3]
		if _, ok := byID[where]; r[3] == "" || !ok {
			c.blame(&c.postsLost, "the card of %s does not stand at %s", r[0], where)
		}
		if other, ok := owner[where]; ok {
			c.blame(&c.postsTwice, "%s and %s claim one place: %s", other, r[0], where)
		}
		owner[where] = r[0]
		if r[4] != r[5] {
			c.blame(&c.postsLost, "the card of %s at %s was not repainted to the end", r[0], where)
		}
		if strings.HasPrefix(r[0], "refund:") && !p.spare(byID[where].text) && (byID[where].has("Approve") || strings.Contains(byID[where].text, "waiting for")) {
			c.blame(&c.postsLost, "the card of %s at %s still shows what was", r[0], where)
		}
		if strings.HasPrefix(r[0], "run:") && !strings.Contains(byID[where].text, "up to date") {
			c.blame(&c.postsLost, "the card of %s at %s still shows what was: %.80q", r[0], where, byID[where].text)
		}
	}
}

// spare: the card is of an order that was asked about twice, since no card came
// for long. There is enough left of it for two, and the second waits for ever.
func (p *crowd) spare(text string) bool {
	for mark, r := range p.refunds {
		if r.asked > 1 && strings.Contains(text, mark) {
			return true
		}
	}
	return false
}
