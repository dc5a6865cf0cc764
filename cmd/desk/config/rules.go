package config

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// everyStore stands for all stores in lists of stores.
const everyStore = "*"

// rules are what no single key can tell.
func (r *reader) rules(c Config) {
	var apps, stores, engines, people, slack, telegram []string
	for i, s := range c.Stores {
		at := fmt.Sprintf("store[%d]", i+1)
		stores = append(stores, s.ID)
		if s.ID == "all" {
			r.problem(r.lines[at+".id"], at+".id", "%q means every store in commands; choose another id", s.ID)
		}
		r.store(s, at)
	}
	for _, a := range c.Apps {
		apps = append(apps, a.Platform)
	}
	for i, e := range c.Engines {
		engines = append(engines, e.Name)
		r.engine(e, fmt.Sprintf("engine[%d]", i+1))
	}
	var services []string
	for _, x := range c.Tracking {
		services = append(services, x.Name)
	}
	r.known(c.Replies.Stores, stores, "replies")
	r.once("tracking", "name", services, true)
	for i, p := range c.People {
		at := fmt.Sprintf("person[%d]", i+1)
		people, slack, telegram = append(people, p.ID), append(slack, p.Slack), append(telegram, p.Telegram)
		if p.ID == "desk" {
			r.problem(r.lines[at+".id"], at+".id", "%q is the desk itself; choose another id", p.ID)
		}
		r.known(p.Stores, stores, at)
	}
	for i, x := range c.Channels {
		at := fmt.Sprintf("channel[%d]", i+1)
		r.known(x.Stores, stores, at)
		r.twice(c.Channels[:i], x, at)
	}
	r.policy(c, stores, people)
	r.once("app", "platform", apps, false)
	r.once("store", "id", stores, true)
	r.once("engine", "name", engines, true)
	r.once("person", "id", people, false)
	r.once("person", "slack", slack, false)
	r.once("person", "telegram", telegram, false)
	if c.Console.Off && !c.Slack.On && !c.Telegram.On {
		r.problem(r.lines["console.off"], "console.off", "the console is off, and neither slack nor telegram is on: nobody could reach the desk")
	}
}

// engine looks at what no single key of an engine can tell.
func (r *reader) engine(e Engine, at string) {
	if e.Local && e.BaseURL == "" && slices.Contains([]string{"deepl", "google", "azure"}, e.Kind) {
		r.problem(r.lines[at+".local"], at+".local", "%s is not on a machine of yours: text that must not leave would leave", e.Kind)
	}
	if e.Kind == "google" && e.Key == "" && e.Credentials == "" {
		r.problem(r.lines[at], at+".credentials", "is missing, and google needs it, or an access token in the variable %s", variable("DESK_ENGINE_{ID}_KEY", e.Name))
	}
	if e.GlossaryID != "" && (e.Location == "" || e.Location == "global") {
		r.problem(r.lines[at+".glossary_id"], at+".glossary_id", "google has glossaries in regions only; write location, for example %q", "us-central1")
	}
	if e.MonthCost != "" && e.MillionCost == "" {
		r.problem(r.lines[at+".month_cost"], at+".month_cost", "needs million_cost, or nobody can reckon what a month has cost")
	}
	if e.MillionCost != "" && e.Currency == "" {
		r.problem(r.lines[at+".million_cost"], at+".million_cost", "needs currency, for example currency = %q", "EUR")
	}
}

// store looks at what a platform needs beyond its single keys.
func (r *reader) store(s Store, at string) {
	if s.Platform == "amazon" {
		regions := []string{"na", "eu", "fe"}
		switch {
		case s.BaseURL != "":
		case s.Region == "":
			r.problem(r.lines[at], at+".region", "is missing, and amazon needs it: one of %s", strings.Join(regions, ", "))
		default:
			if what := complaint(strings.ToLower(s.Region), "", regions); what != "" {
				r.problem(r.lines[at+".region"], at+".region", "%s", what)
			}
		}
		if s.Options["marketplace"] == "" {
			r.problem(r.lines[at], at+".options.marketplace", "is missing, and amazon needs it: ids of the marketplaces to read, for example %q", "A1PA6795UKMFR9")
		}
	}
	if s.Mail == nil {
		return
	}
	sending := s.Mail.SMTPTLS
	if sending == "" {
		sending = s.Mail.TLS
	}
	for _, x := range []struct{ key, addr, tls string }{{"imap", s.Mail.IMAP, s.Mail.TLS}, {"smtp", s.Mail.SMTP, sending}} {
		host, _, err := net.SplitHostPort(x.addr)
		if ip := net.ParseIP(host); err == nil && x.tls == "none" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			key := at + ".mail." + x.key
			r.problem(r.lines[key], key, "without encryption only this computer may be reached; write tls or starttls")
		}
	}
}

// known complains about stores that are not in the file.
func (r *reader) known(named, stores []string, at string) {
	for _, id := range named {
		if id == everyStore || slices.Contains(stores, id) {
			continue
		}
		what := fmt.Sprintf("there is no store %s", show(id))
		if near := nearest(id, stores); near != "" {
			what += fmt.Sprintf("; did you mean %q?", near)
		} else if len(stores) > 0 {
			what += "; there are " + strings.Join(stores, ", ")
		}
		r.problem(r.lines[at+".stores"], at+".stores", "%s", what)
	}
}

// twice complains about a channel that would be told the same news again. One
// place may well have several sections, for different stores or topics.
func (r *reader) twice(earlier []Channel, x Channel, at string) {
	if x.Place == "" {
		return
	}
	for k, e := range earlier {
		if e.Place != x.Place {
			continue
		}
		for _, topic := range x.Topics {
			if slices.Contains(e.Topics, topic) && overlap(e.Stores, x.Stores) {
				r.problem(r.lines[at+".topics"], at+".topics", "%s of the same stores are said in %s already, by channel[%d] in line %d",
					topic, show(x.Place), k+1, r.lines[fmt.Sprintf("channel[%d].place", k+1)])
				return
			}
		}
	}
}

// overlap tells whether two lists of stores share one.
func overlap(a, b []string) bool {
	if slices.Contains(a, everyStore) || slices.Contains(b, everyStore) {
		return len(a) > 0 && len(b) > 0
	}
	return slices.ContainsFunc(a, func(id string) bool { return slices.Contains(b, id) })
}

// once complains about values that stand twice. Ids with variables have to
// differ in these too: a-b and a_b would share their secrets.
func (r *reader) once(section, key string, values []string, variables bool) {
	for i, v := range values {
		if v == "" {
			continue
		}
		at := fmt.Sprintf("%s[%d].%s", section, i+1, key)
		for k, earlier := range values[:i] {
			switch {
			case earlier == v:
				r.problem(r.lines[at], at, "%s is taken by %s[%d] in line %d", show(v), section, k+1, r.lines[fmt.Sprintf("%s[%d].%s", section, k+1, key)])
			case variables && variable("{ID}", earlier) == variable("{ID}", v):
				r.problem(r.lines[at], at, "%s would share its variables with %s of %s[%d]; choose an id that differs in more than - and _", show(v), show(earlier), section, k+1)
			default:
				continue
			}
			break
		}
	}
}
