package commands

import (
	"errors"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"helloworld/bot"
	"helloworld/bot/alerts"
	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/sync"
	"helloworld/connectors"
	"helloworld/i18n"
)

var (
	stores = &Spec{Name: "stores", Zh: []string{"店铺", "店铺列表"}, Run: runStores}
	health = &Spec{Name: "health", Zh: []string{"状态", "健康", "检查"}, Args: []Arg{{Name: "store", Kind: Rest, Optional: true}}, Run: runHealth}
	order  = &Spec{Name: "order", Zh: []string{"订单", "查订单"}, Args: []Arg{{Name: "order", Kind: Order}}, Cap: connectors.CapOrders, Run: runOrder}
	resync = &Spec{Name: "resync", Zh: []string{"同步", "重新同步"}, Args: []Arg{{Name: "store", Kind: StoreName}, {Name: "stream", Kind: Word, Optional: true}},
		Roles: []people.Role{people.Ops, people.Manager, people.Admin}, Run: runResync}
)

// runStores lists the stores a person sees.
func runStores(c *Call) error {
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("stores.title")}
	shops := c.Desk.Shops(c.Who)
	if len(shops) == 0 {
		return i18n.NewProblem(nil, "error.no_stores")
	}
	var fields []chat.Field
	for _, s := range shops {
		info := s.Shop.Info()
		var can []string
		caps := s.Caps()
		for _, name := range []connectors.CapName{connectors.CapOrders, connectors.CapRefund, connectors.CapReturns, connectors.CapInbox, connectors.CapMessage,
			connectors.CapStock, connectors.CapShip} {
			if caps[name] {
				can = append(can, c.P.T(i18n.Key("cap."+string(name))))
			}
		}
		fields = append(fields, chat.Field{Label: s.ID, Value: strings.Join([]string{s.Name, c.P.T(i18n.Key("platform." + info.Platform)),
			strings.Join(can, c.P.T("common.comma"))}, " · ")})
	}
	card.Parts = []chat.Part{{Kind: chat.Fields, Fields: fields}}
	return c.Whisper(card)
}

// runHealth tells how stores are doing. With a store's name it makes a real call
// there; "ack" says that somebody looks after an alert.
func runHealth(c *Call) error {
	arg := strings.TrimSpace(c.Args["store"])
	if id, ok := strings.CutPrefix(arg, "ack "); ok {
		err := c.Desk.AckAlert(c.Ctx, c.Deed, strings.TrimSpace(id))
		if errors.Is(err, alerts.ErrNone) {
			return i18n.NewProblem(nil, "alert.none")
		}
		return err
	}
	if arg != "" {
		s, err := c.Desk.StoreFor(c.Ctx, c.Who, narrow(arg))
		if err != nil {
			return err
		}
		return checkStore(c, s)
	}
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("health.title")}
	shops := c.Desk.Shops(c.Who)
	if len(shops) == 0 {
		return i18n.NewProblem(nil, "error.no_stores")
	}
	standing := make([]bot.Standing, len(shops))
	var g errgroup.Group
	g.SetLimit(4)
	for i, s := range shops {
		g.Go(func() (err error) {
			standing[i], err = c.Desk.StandingOf(c.Ctx, s)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	var fields []chat.Field
	for _, st := range standing {
		fields = append(fields, chat.Field{Label: st.Store.ID, Value: standingText(c, st)})
	}
	card.Parts = []chat.Part{{Kind: chat.Fields, Fields: fields}}
	return c.Whisper(card)
}

// standingText is a store's state in one line.
func standingText(c *Call, st bot.Standing) string {
	var parts []string
	for _, a := range st.Alerts {
		parts = append(parts, c.P.T(i18n.Key("alert.title."+a.Kind), "store", st.Store.Name))
	}
	for _, x := range st.Streams {
		name := c.P.T(i18n.Key("stream." + x.Name))
		if x.OK.IsZero() {
			parts = append(parts, c.P.T("health.never", "stream", name))
			continue
		}
		parts = append(parts, c.P.T("health.read", "stream", name, "ago", c.P.Ago(c.Desk.Now().Sub(x.OK))))
	}
	if st.Push.OK {
		parts = append(parts, c.P.T("health.pushed"))
	}
	if st.Found > 0 {
		parts = append(parts, c.P.T("health.found", "n", st.Found))
	}
	if st.Quarantined > 0 {
		parts = append(parts, c.P.T("health.quarantined", "n", st.Quarantined))
	}
	if len(st.Alerts) == 0 && !st.Stale(c.Desk.Now()) {
		parts = append([]string{c.P.T("health.ok")}, parts...)
	} else if len(st.Alerts) == 0 {
		parts = append([]string{c.P.T("health.stale")}, parts...)
	}
	return strings.Join(parts, " · ")
}

func checkStore(c *Call, s *bot.Store) error {
	h, err := c.Desk.CheckStore(c.Ctx, s)
	if err != nil {
		return err
	}
	return c.Whisper(healthCard(c, s, h))
}

func healthCard(c *Call, s *bot.Store, h connectors.Health) chat.Card {
	card := chat.Card{Lang: c.P.Lang().String(), Tone: chat.Good, Title: c.P.T("health.store_ok", "store", s.Name)}
	if h.State == connectors.HealthExpiring {
		card.Tone = chat.Warning
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: c.P.T("health.expiring", "when", c.P.When(h.Until, c.Desk.Zone))})
	}
	if h.State == connectors.HealthBad {
		card.Tone, card.Title = chat.Bad, c.P.T("health.store_bad", "store", s.Name)
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: c.P.T(i18n.Key("shop."+h.Kind.String()), "store", s.Name, "order", "")})
		if h.Code != "" {
			card.Parts = append(card.Parts, chat.Part{Kind: chat.Code, Text: h.Code})
		}
		if h.Kind == connectors.Reauthorise {
			card.Buttons = append(card.Buttons, s.ReauthoriseButton(c.P, h.Link)...)
		}
		card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("button.check"), Command: "health " + s.ID})
		return card
	}
	card.Parts = append(card.Parts, deadlineParts(c, s)...)
	card.Parts = append(card.Parts, c.Desk.CanParts(c.Ctx, c.P, s)...)
	return card
}

// runOrder shows an order, fresh from its shop.
func runOrder(c *Call) error {
	o, err := c.Desk.FindOrder(c.Ctx, c.Who, c.Args["order"])
	if err != nil {
		return err
	}
	x := o.Order
	card := chat.Card{Lang: c.P.Lang().String(), Title: c.P.T("order.title", "order", o.Ref())}
	fields := []chat.Field{
		{Label: c.P.T("field.store"), Value: o.Store.Name},
		{Label: c.P.T("field.order_state"), Value: c.P.T(i18n.Key("order.state." + string(x.Status)))},
		{Label: c.P.T("field.order_total"), Value: x.Total.String()},
		{Label: c.P.T("field.refunded_before"), Value: x.Refunded.String()},
		{Label: c.P.T("field.ordered"), Value: c.P.When(x.Created, c.Desk.Zone)},
	}
	if !x.Shipping.IsZero() {
		fields = append(fields, chat.Field{Label: c.P.T("field.shipping"), Value: x.Shipping.String()})
	}
	if !x.Tax.IsZero() {
		fields = append(fields, chat.Field{Label: c.P.T("field.tax"), Value: x.Tax.String()})
	}
	if x.Buyer.Name != "" {
		fields = append(fields, chat.Field{Label: c.P.T("field.buyer"), Value: x.Buyer.Name})
	}
	card.Parts = []chat.Part{{Kind: chat.Code, Text: x.Number}, {Kind: chat.Fields, Fields: fields}}
	for _, l := range x.Lines {
		card.Parts = append(card.Parts, chat.Part{Kind: chat.Text, Text: c.P.T("order.line", "n", l.Quantity, "title", l.Title, "price", l.Price.String())})
	}
	parcelParts(c, o, &card)
	if _, ok := o.Store.Refunder(); ok && c.Who.Is(refund.Roles...) && x.Remaining().Minor > 0 {
		card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("button.refund"), Command: "refund " + o.Ref()})
	}
	if _, ok := o.Store.Templated(); ok && c.Who.Is(template.Roles...) {
		card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("button.template"), Command: "template " + o.Ref()})
	}
	if x.Link != "" {
		card.Buttons = append(card.Buttons, chat.Button{Label: c.P.T("button.open"), URL: x.Link})
	}
	return c.Whisper(card)
}

// streamWords are what a stream may be called.
var streamWords = map[string]string{"orders": sync.Orders, "order": sync.Orders, "订单": sync.Orders,
	"messages": sync.Messages, "message": sync.Messages, "消息": sync.Messages,
	"items": sync.Items, "item": sync.Items, "listings": sync.Items, "商品": sync.Items, "刊登": sync.Items,
	"stock": sync.Stock, "库存": sync.Stock, "returns": sync.Returns, "return": sync.Returns, "退货": sync.Returns}

// runResync reads a store again. It may also be told which order, or what.
func runResync(c *Call) error {
	s, err := c.Desk.StoreFor(c.Ctx, c.Who, c.Args["store"])
	if err != nil {
		return err
	}
	var streams []string
	if w := c.Args["stream"]; w != "" {
		name, ok := streamWords[strings.ToLower(w)]
		if !ok {
			return i18n.NewProblem(nil, "error.stream", "got", clip(w, 40))
		}
		streams = []string{name}
	}
	return c.Desk.StartResync(c.Ctx, c.Deed, s, streams, time.Time{})
}
