package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"helloworld/bot"
	"helloworld/cmd/desk/config"
	"helloworld/connectors"
	"helloworld/connectors/all"
	"helloworld/i18n"
)

const (
	// checkSince is how far back a check looks for an order to ask about.
	checkSince = 30 * 24 * time.Hour
	// reportsFrom is a pace from which on a look is no cheap one: the platform
	// prepares a report for it.
	reportsFrom = 10 * time.Minute
	// dueSoon is when the end of something is worth a word.
	dueSoon = 30 * 24 * time.Hour
)

// shop checks a store's account: whether it works, until when, what it may do,
// and whether the platform tells us its news.
func (k *checker) shop(st *bot.Store) {
	ctx, stop := context.WithTimeout(connectors.WithPriority(k.w.ctx, connectors.Agent), checkTime)
	defer stop()
	name := st.ID + " " + st.Shop.Info().Platform
	h := st.Shop.Health(ctx)
	if h.State == connectors.HealthBad {
		k.trouble(st, name, h)
		return
	}
	k.say(true, name, k.p.T("check.works"))
	found := probe(ctx, st.Shop, k.a.desk.Now())
	told := st.Shop.Can(ctx) // after the reading: what was refused is known now
	before, absent := k.ungranted, []string(nil)
	for _, c := range connectors.CapNames {
		i := slices.IndexFunc(told, func(x connectors.Capability) bool { return x.Name == c })
		switch {
		case i >= 0:
			k.can(st, told[i], found.refused[c])
		case !connectors.CapsOf(st.Shop)[c]:
			absent = append(absent, string(c))
		}
	}
	if len(absent) > 0 {
		k.row("-", k.p.T("check.absent", "names", strings.Join(absent, k.p.T("common.comma"))))
	}
	if k.ungranted > before {
		k.row("->", k.p.T("check.grant", "command", k.command("connect "+st.ID)))
	}
	k.deadlines(st)
	k.hooks(st, told, found)
	k.queue(ctx, st, told)
}

// mailbox checks the mailbox of a store.
func (k *checker) mailbox(st *bot.Store) {
	if st.Mail == nil {
		return
	}
	ctx, stop := context.WithTimeout(connectors.WithPriority(k.w.ctx, connectors.Agent), checkTime)
	defer stop()
	name := st.ID + " mail"
	if h := st.Mail.Health(ctx); h.State == connectors.HealthBad {
		text := k.p.T(i18n.Key("shop."+h.Kind.String()), "store", name, "order", "")
		if h.Kind == connectors.Reauthorise || h.Kind == connectors.AppBroken {
			text = h.Kind.String() + k.p.T("check.colon") + k.p.T("check.mail_refused", "env", config.SecretName(st.ID, "mail_password"))
		}
		k.say(false, name, text+cause(h.Err))
		return
	}
	k.say(true, name, k.p.T("check.works"))
	for _, c := range st.Mail.Can(ctx) {
		k.can(st, c, nil)
	}
}

func cause(err error) string {
	if err == nil {
		return ""
	}
	return " (" + err.Error() + ")"
}

// trouble says what is wrong with an account and what to do.
func (k *checker) trouble(st *bot.Store, name string, h connectors.Health) {
	switch h.Kind {
	case connectors.Reauthorise:
		k.say(false, name, h.Kind.String()+k.p.T("check.colon")+k.p.T("check.reauthorise"))
		if h.Link != "" {
			k.row("->", h.Link)
		}
		if _, page := st.Shop.(connectors.Authoriser); page {
			k.row("->", k.p.T("check.connect", "command", k.command("connect "+st.ID)))
			k.row("->", k.p.T("check.token", "command", k.command("connect "+st.ID+" --token")))
		} else {
			k.row("->", k.p.T("check.new_key", "env", k.clientSecret(st)))
		}
	case connectors.AppBroken:
		k.say(false, name, h.Kind.String()+k.p.T("check.colon")+k.p.T("check.app_broken", "env", k.clientSecret(st)))
		if h.Link != "" {
			k.row("->", h.Link)
		}
	default:
		k.say(false, name, k.p.T(i18n.Key("shop."+h.Kind.String()), "store", st.ID, "order", ""))
		if h.Link != "" {
			k.row("->", h.Link)
		}
	}
	if h.Err != nil {
		k.row("=", h.Err.Error())
	}
}

// clientSecret is the variable that holds the secret of the store's application.
func (k *checker) clientSecret(st *bot.Store) string {
	for _, c := range k.a.cfg.Stores {
		if c.ID == st.ID && c.ClientID != "" {
			return config.SecretName(st.ID, "client_secret")
		}
	}
	for _, c := range k.a.cfg.Apps {
		if c.Platform == st.Shop.Info().Platform {
			return config.SecretName("app-"+c.Platform, "client_secret")
		}
	}
	return config.SecretName(st.ID, "client_secret")
}

// can tells one capability: yes, or no with why and what to do instead.
func (k *checker) can(st *bot.Store, c connectors.Capability, err error) {
	name := string(c.Name)
	if c.OK {
		k.tried(name, c, err)
		return
	}
	switch {
	case c.Instead == "can.use_mail" && st.Mail != nil:
		k.row(name, k.p.T("check.by_mail"))
		return
	case c.Instead == "can.use_mail":
		k.badRow(name, k.p.T("check.no", "why", k.why(c)+k.p.T("can.no_mailbox")))
		return
	case c.Reason == "can.not_configured":
		k.row(name, k.p.T("check.no", "why", k.unset(st, c)))
		return
	}
	text := k.p.T("check.no", "why", k.why(c))
	switch {
	case c.Reason == "can.missing_scope":
		k.ungranted++
	case c.Reason == "can.no_return_api", c.Reason == "can.no_message_api":
		text += k.p.T("check.back_office")
	case c.Instead != "" && k.p.Has(i18n.Key(c.Instead)):
		text += k.p.T(i18n.Key(c.Instead), "missing", c.Missing)
	}
	switch c.Reason {
	case "can.missing_scope", "can.reauthorise", "can.app_broken", "can.no_mail_server":
		k.badRow(name, text)
	default:
		k.row(name, text)
	}
}

// why is the reason of a capability that is not there.
func (k *checker) why(c connectors.Capability) string {
	switch {
	case !k.p.Has(i18n.Key(c.Reason)):
		return ""
	case c.Reason == "can.missing_scope" && c.Missing == "":
		return k.p.T("check.unnamed")
	}
	return k.p.T(i18n.Key(c.Reason), "missing", c.Missing)
}

// tried tells what became of a capability that is believed to be there.
func (k *checker) tried(name string, c connectors.Capability, err error) {
	switch kind := connectors.KindOf(err); {
	case err == nil && c.Missing != "":
		k.row(name, k.p.T("check.partly", "missing", c.Missing))
	case err == nil:
		k.row(name, k.p.T("check.can"))
	case kind == connectors.Busy:
		k.row(name, k.p.T("check.not_tried", "why", k.p.T(i18n.Key("why."+kind.String()))))
	case kind == connectors.Unsupported:
		k.row(name, k.p.T("check.no", "why", "")+strings.TrimSpace(cause(err)))
	default:
		k.badRow(name, k.p.T("check.failed", "why", k.p.T(i18n.Key("why."+kind.String())))+cause(err))
	}
}

// unset says which setting is missing, and what the desk does without it.
func (k *checker) unset(st *bot.Store, c connectors.Capability) string {
	text := k.p.T("check.not_set")
	if p, ok := all.Find(st.Shop.Info().Platform); ok && c.Missing != "" {
		what := c.Missing
		if _, secret := p.Secrets[c.Missing]; secret {
			what = config.SecretName(st.ID, c.Missing)
		}
		text = k.p.T("check.not_set_what", "what", what)
	}
	switch c.Name {
	case connectors.CapWebhooks, connectors.CapQueue:
		text += k.p.T("check.asked_instead", "span", k.p.Span(k.a.cfg.Desk.Pull.D()))
	case connectors.CapAuth:
		text += k.p.T("check.token_instead", "command", k.command("connect "+st.ID+" --refresh"))
	}
	return text
}

// deadlines tells the days on which something of a store ends.
func (k *checker) deadlines(st *bot.Store) {
	now := k.a.desk.Now()
	for _, x := range st.Deadlines() {
		what, when := k.p.T(i18n.Key("deadline."+string(x.What))), k.p.When(x.At, k.a.desk.Zone)
		left := x.At.Sub(now)
		text := k.p.T("check.due", "what", what, "when", when, "span", k.p.Span(left))
		if left <= 0 {
			text = k.p.T("check.over", "what", what, "when", when)
		}
		if x.Assumed {
			text += k.p.T("check.assumed")
		}
		if left <= 0 {
			k.badRow("deadline", text)
		} else {
			k.row("deadline", text)
		}
		if left < dueSoon && x.Link != "" {
			k.row("->", x.Link)
		}
	}
}

// hooks tells what the platform sends where.
func (k *checker) hooks(st *bot.Store, told []connectors.Capability, found findings) {
	if !connectors.CapsOf(st.Shop)[connectors.CapWebhooks] || !able(told, connectors.CapWebhooks) || found.refused[connectors.CapWebhooks] != nil {
		return
	}
	ours := k.a.desk.HookEndpoint(st.ID)
	good, elsewhere := 0, map[string]int{}
	for _, s := range found.subs {
		switch {
		case ours == "" || s.Endpoint != ours:
			elsewhere[s.Endpoint]++
		case s.OK:
			good++
		default:
			k.badRow("webhooks", k.p.T("check.hook_off", "topic", s.Topic, "why", s.Why))
		}
	}
	switch {
	case ours == "":
		k.row("webhooks", k.p.T("check.hooks_no_public", "span", k.p.Span(k.a.cfg.Desk.Pull.D())))
	case good > 0:
		k.row("webhooks", k.p.T("check.hooks", "n", good, "endpoint", ours))
	default:
		k.row("webhooks", k.p.T("check.hooks_none", "endpoint", ours))
	}
	for _, at := range slices.Sorted(maps.Keys(elsewhere)) {
		k.row("webhooks", k.p.T("check.hooks_elsewhere", "n", elsewhere[at], "endpoint", at))
	}
}

// queueLook is how long a check looks into a queue: it does not wait for news.
const queueLook = 3 * time.Second

// queue looks into the platform's queue. What it finds it leaves there: it comes
// again once the queue's own time is over.
func (k *checker) queue(ctx context.Context, st *bot.Store, told []connectors.Capability) {
	p, ok := st.Shop.(connectors.Pulled)
	if !ok || !able(told, connectors.CapQueue) {
		return
	}
	ctx, stop := context.WithTimeout(ctx, queueLook)
	defer stop()
	events, err := p.Receive(ctx)
	if err != nil {
		k.badRow("queue", k.p.T("check.queue_bad", "why", k.p.T(i18n.Key("why."+connectors.KindOf(err).String())))+cause(err))
		return
	}
	k.row("queue", k.p.T("check.queue", "n", len(events)))
}

func able(told []connectors.Capability, name connectors.CapName) bool {
	return slices.ContainsFunc(told, func(c connectors.Capability) bool { return c.Name == name && c.OK })
}

// findings are what reading a little brought.
type findings struct {
	refused map[connectors.CapName]error
	// subs are what the platform sends, and where.
	subs []connectors.Subscription
}

// probe reads a little of everything that can be read for a call or two, since
// platforms tell what was not granted only when it is asked for. It writes
// nothing.
func probe(ctx context.Context, shop connectors.Connector, now time.Time) (out findings) {
	out.refused = map[connectors.CapName]error{}
	believed := shop.Can(ctx)
	note := func(name connectors.CapName, err error) {
		if err != nil && connectors.KindOf(err) != connectors.NotFound {
			out.refused[name] = err
		}
	}
	since := connectors.Cursor{Since: now.Add(-checkSince), Limit: 1}
	order := ""
	if r, ok := shop.(connectors.OrderReader); ok && able(believed, connectors.CapOrders) {
		page, err := r.Orders(ctx, since)
		note(connectors.CapOrders, err)
		if len(page.Items) > 0 {
			order = page.Items[0].ID
		}
	}
	if r, ok := shop.(connectors.Refunder); ok && order != "" && able(believed, connectors.CapRefund) {
		_, err := r.Quote(ctx, order)
		note(connectors.CapRefund, err)
	}
	if r, ok := shop.(connectors.Templated); ok && order != "" && able(believed, connectors.CapTemplates) {
		_, err := r.Templates(ctx, order)
		note(connectors.CapTemplates, err)
	}
	if r, ok := shop.(connectors.Inbox); ok && able(believed, connectors.CapInbox) {
		_, err := r.Messages(ctx, connectors.Cursor{Since: now.Add(-time.Hour), Limit: 1})
		note(connectors.CapInbox, err)
	}
	if r, ok := shop.(connectors.CatalogReader); ok && able(believed, connectors.CapCatalog) {
		_, err := r.Items(ctx, connectors.Cursor{Limit: 1})
		note(connectors.CapCatalog, err)
	}
	if r, ok := shop.(connectors.ReturnReader); ok && able(believed, connectors.CapReturns) && !slow(shop, "returns") {
		_, err := r.Returns(ctx, since)
		note(connectors.CapReturns, err)
	}
	if r, ok := shop.(connectors.Quotas); ok && able(believed, connectors.CapQuotas) {
		_, err := r.Quotas(ctx)
		note(connectors.CapQuotas, err)
	}
	if r, ok := shop.(connectors.Pushed); ok && able(believed, connectors.CapWebhooks) {
		subs, err := r.Subscriptions(ctx)
		note(connectors.CapWebhooks, err)
		out.subs = subs
	}
	return out
}

// slow: a look at a stream is more than a call.
func slow(shop connectors.Connector, stream string) bool {
	p, ok := shop.(connectors.Paced)
	return ok && p.Every(stream) >= reportsFrom
}
