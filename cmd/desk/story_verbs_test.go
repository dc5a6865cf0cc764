package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/connectors"
	"helloworld/connectors/all"
	"helloworld/connectors/sandbox"
)

// verb is a word that a line begins with.
type verb struct {
	usage string
	// least is how many words it needs behind it.
	least int
	// before: it may stand before the desk starts, and does not start it.
	before bool
	do     func(s *story, w []string) error
}

// verbs are all verbs of the stories. A PLACE is a channel (shop, leads, ops), a
// chat, or both: slack:leads. A channel alone means that channel in every chat.
var verbs = map[string]verb{
	// What there is before the story begins.
	"chats":    {"chats CHAT…: the chats; without it, the console", 1, true, doChats},
	"votes":    {"votes N: how many have to approve a refund", 1, true, doVotes},
	"refunds":  {"refunds KEY=VALUE…: what the configuration says under [refunds]", 1, true, doRefunds},
	"slow":     {"slow 1s: how long the shops take over what is slow", 1, true, doSlow},
	"settle":   {"settle 1s: how long the shops take over a refund", 1, true, doSettle},
	"order":    {"order [STORE#]NUMBER AMOUNT CURRENCY [STATUS]", 3, true, doOrder},
	"orders":   {"orders STORE N: so many more orders", 2, true, doOrders},
	"services": {"services KIND…: tracking services, in the order in which they are asked", 1, true, doServices},
	"engines":  {"engines NAME…: translation engines, in the order in which they are asked; without it, none", 1, true, doEngines},
	"engine":   {"engine NAME down|up | knows SENTENCE TRANSLATION", 2, true, doEngine},
	"replies":  {"replies GRADE,GRADE AFTER: answers that go out by themselves", 2, true, doReplies},
	"words":    {"words TEXT: the seller's own words, as in a file of their glossary", 1, true, doWords},
	"overhear": {"overhear: whatever leaves the desk for shops, mail and engines is heard", 0, true, doOverhear},
	// What people do.
	"say":        {"say WHO [in PLACE] [under WORDS] TEXT", 2, false, doSay},
	"tell":       {"tell WHO [in CHAT] TEXT: in their private chat with the desk", 2, false, doTell},
	"app":        {"app NAME WHO [next]: the code that their app shows, now or next; its key is read from the open form", 2, false, doAppCode},
	"enter":      {"enter WHO LINK: they sign in to the console by a one-time link", 2, false, doEnter},
	"press":      {"press WHO LABEL [in PLACE] [on WORDS]: the newest button they see", 2, false, doPress},
	"keep":       {"keep NAME WHO LABEL [in PLACE] [on WORDS]: remember a button", 3, false, doKeep},
	"press-kept": {"press-kept WHO NAME: press a remembered button", 2, false, doPressKept},
	"fill":       {"fill WHO [in CHAT] NAME=VALUE…: answer the form", 1, false, doFill},
	"edit":       {"edit WHO OLD NEW: change what they wrote", 3, false, doEdit},
	"delete":     {"delete WHO WORDS: take back what they wrote", 2, false, doDelete},
	"consent":    {"consent STORE grant|refuse|again [WORDS…]: press a button on the page that a whispered card links to; what the desk says then", 2, false, doConsent},
	// What buyers and shops do.
	"buyer":       {"buyer NUMBER writes TEXT | got WORDS… | got nothing", 3, false, doBuyer},
	"shop":        {"shop times-out-once | shop STORE OP KIND [N] | shop STORE OP KIND then OP KIND | shop STORE LEVER [WORDS…]: see levers", 1, true, doShop},
	"late":        {"late AGO [STORE#]NUMBER AMOUNT CURRENCY: an order that the platform lists so much later than it was made", 4, false, doLate},
	"ship":        {"ship NUMBER CARRIER TRACKING: the seller sends it, in the platform's own pages", 3, false, doShip},
	"return":      {"return NUMBER REASON [KIND]: its buyer wants to send it back; ${return} is its number", 2, false, doReturn},
	"shelf":       {"shelf STORE SKU N: so many of it can be sold now", 3, false, doShelf},
	"service":     {"service KIND down|up | says WORD | paid NUMBER N: what a tracking service does, and what it cost", 2, false, doService},
	"forge":       {"forge STORE N: somebody calls the desk in the platform's name", 2, false, doForge},
	"back-office": {"back-office NUMBER refunds AMOUNT CURRENCY", 4, false, doBackOffice},
	"chat":        {"chat CHAT down|up|429|500|lost-answer|… [N]", 2, false, doChat},
	// What time does.
	"wait":    {"wait: until nothing is under way", 0, false, func(s *story, _ []string) error { return s.wait() }},
	"read":    {"read STORE: until the store's messages were read again", 1, false, func(s *story, w []string) error { return s.pulled(w[0]) }},
	"reached": {"reached STORE OP: until the last trouble ordered for it has struck", 2, false, doReached},
	"due":     {"due calendar | due sweep | due auto | due ledger_night | due reconcile STORE: what is done from time to time is done now", 1, false, doDue},
	"settled": {"settled: what the shops are still working on is done", 0, false, doSettled},
	"waited":  {"waited REFUND AGO: its ask waits so much longer already; what is due of that, due sweep does", 2, false, doWaited},
	"ends":    {"ends STORE DAYS: its access was granted so long ago that it ends in so many days; after a restart", 2, false, doEnds},
	"called":  {"called STORE: until the platform knows where to call, and the desk relies on it", 1, false, doCalled},
	"restart": {"restart: the desk is stopped in the middle of things and started again", 0, false, func(s *story, _ []string) error { s.restart(); return nil }},
	// What is to be seen.
	"posted":       {"posted PLACE WORDS… [once]", 2, false, doPosted},
	"notposted":    {"notposted PLACE WORDS…", 2, false, doNotPosted},
	"quiet":        {"quiet PLACE WORDS…: nobody has posted that so far, whatever is under way", 2, false, doQuiet},
	"edited":       {"edited PLACE WORDS…: a card that was repainted", 2, false, doEdited},
	"button":       {"button PLACE WORDS LABEL: the card with these words has it", 3, false, doButton},
	"nobutton":     {"nobutton PLACE WORDS LABEL", 3, false, doNoButton},
	"whispered":    {"whispered WHO [in CHAT] WORDS…", 2, false, doWhispered},
	"notwhispered": {"notwhispered WHO WORDS…", 2, false, doNotWhispered},
	"form":         {"form WHO [in CHAT] WORDS…: a form with these words is open", 2, false, doForm},
	"capture":      {"capture NAME WHO REGEXP: what its group caught in a whisper", 3, false, doCapture},
	"signed-out":   {"signed-out WHO: the console knows them no more", 1, false, doSignedOut},
	"refunded":     {"refunded NUMBER AMOUNT CURRENCY: once, by the shop's ledger", 3, false, doRefunded},
	"notrefunded":  {"notrefunded NUMBER", 1, false, doNotRefunded},
	"stocked":      {"stocked STORE SKU N: so many of it can be sold", 3, false, doStocked},
	"count":        {"count STORE OP: from now on, for counted", 2, false, doCount},
	"counted":      {"counted STORE OP N: the shop was asked exactly so often since", 3, false, doCounted},
	"mirrored":     {"mirrored [STORE#]NUMBER [STATUS]: the desk's copy has this order, once, in this state", 1, false, doMirrored},
	"heard":        {"heard STORE TOPIC N: so much news came of it, each counted once", 3, false, doHeard},
	"answered":     {"answered STORE TOPIC LEVER STATUS N: so many calls of the platform, what befell them, and what the desk answered", 5, false, doAnswered},
	"queued":       {"queued STORE N: so many messages lie in the platform's queue", 2, false, doQueued},
	"kept":         {"kept STORE STREAM N: the desk's copy has so many", 3, false, doKept},
	"unwritten":    {"unwritten WORDS…: none of these stands in the database or the log", 1, false, doUnwritten},
	"overheard":    {"overheard WORDS…: this has left the desk", 1, false, doOverheard},
	"unheard":      {"unheard WORDS…: none of these has left the desk", 1, false, doUnheard},
	"audit":        {"audit ok | audit WHAT: the log has such a line", 1, false, doAudit},
}

func doChats(s *story, w []string) error { s.chatNames = w; return nil }

func doVotes(s *story, w []string) (err error) {
	s.votes, err = strconv.Atoi(w[0])
	return err
}

func doSettle(s *story, w []string) (err error) {
	s.settle, err = time.ParseDuration(w[0])
	return err
}

func doOrder(s *story, w []string) error {
	storeID, number, named := strings.Cut(w[0], "#")
	if !named {
		storeID, number = map[string]string{"EUR": "ebay-de", "JPY": "amazon-jp", "USD": "shopify-main"}[w[2]], w[0]
	}
	n := sandbox.NewOrder{Store: storeID, Number: number, Total: w[1], Currency: w[2], Status: "delivered"}
	if len(w) > 3 {
		n.Status = w[3]
	}
	o, err := s.world().AddOrder(n)
	if err == nil {
		s.orders[number], s.last = append(s.orders[number], o), o
	}
	return err
}

func doOrders(s *story, w []string) error {
	n, err := strconv.Atoi(w[1])
	for range n {
		if _, err := s.world().AddOrder(sandbox.NewOrder{Store: w[0], Total: "20"}); err != nil {
			return err
		}
	}
	return err
}

// options takes pairs like "in PLACE" off a list of words.
func options(w []string, names ...string) (rest []string, got map[string]string) {
	got = map[string]string{}
	for i := 0; i < len(w); i++ {
		if slices.Contains(names, w[i]) && i+1 < len(w) && got[w[i]] == "" {
			got[w[i]] = w[i+1]
			i++
			continue
		}
		rest = append(rest, w[i])
	}
	return rest, got
}

// chatsIn are the chats that "in PLACE" names; all of them without it.
func (s *story) chatsIn(place string) ([]venue, error) {
	if place == "" {
		return s.chats, nil
	}
	at, err := s.spotOf(place)
	return at.chats, err
}

func doSay(s *story, w []string) error {
	p, err := castMember(w[0])
	if err != nil {
		return err
	}
	rest, o := w[1:], map[string]string{}
	for len(rest) > 2 && (rest[0] == "in" || rest[0] == "under") {
		o[rest[0]], rest = rest[1], rest[2:]
	}
	if len(rest) != 1 {
		return errors.New("say one text, in quotes")
	}
	place := o["in"]
	if place == "" {
		place = s.chats[0].name()
	}
	at, err := s.spotOf(place)
	if err != nil {
		return err
	}
	v := at.chats[0]
	if o["under"] == "" {
		return v.say(p, v.channel(at.room), nil, rest[0])
	}
	root, err := s.find([]venue{v}, p, "card with "+o["under"], func(x post) bool { return x.desk && x.has([]string{o["under"]}) })
	if err != nil {
		return err
	}
	return v.say(p, root.channel, &root, rest[0])
}

// pick finds the newest button of a label that a person sees.
func (s *story) pick(p person, label string, more []string) (keptButton, error) {
	rest, o := options(more, "in", "on")
	if len(rest) > 0 {
		return keptButton{}, fmt.Errorf("what is %q?", rest)
	}
	chats, err := s.chatsIn(o["in"])
	if err != nil {
		return keptButton{}, err
	}
	at, err := s.find(chats, p, fmt.Sprintf("button %q %s", label, o["on"]), func(x post) bool {
		_, ok := x.button(label)
		return ok && (o["on"] == "" || x.has([]string{o["on"]}))
	})
	b, _ := at.button(label)
	return keptButton{at, b}, err
}

func (p post) button(label string) (button, bool) {
	for _, b := range p.buttons {
		if strings.EqualFold(plainly(b.label), plainly(label)) {
			return b, true
		}
	}
	return button{}, false
}

func doPress(s *story, w []string) error {
	p, err := castMember(w[0])
	if err != nil {
		return err
	}
	k, err := s.pick(p, w[1], w[2:])
	if err != nil {
		return err
	}
	return k.at.venue.press(p, k.at, k.b)
}

func doKeep(s *story, w []string) error {
	p, err := castMember(w[1])
	if err != nil {
		return err
	}
	s.kept[w[0]], err = s.pick(p, w[2], w[3:])
	return err
}

func doPressKept(s *story, w []string) error {
	p, err := castMember(w[0])
	if err != nil {
		return err
	}
	k, ok := s.kept[w[1]]
	if !ok {
		return fmt.Errorf("no button was kept as %s", w[1])
	}
	return k.at.venue.press(p, k.at, k.b)
}

// asking is the chat in which a person has a form open.
func (s *story) asking(p person, place string, pieces []string) (venue, error) {
	chats, err := s.chatsIn(place)
	if err != nil {
		return nil, err
	}
	var hit venue
	err = s.until(func() error {
		for _, v := range chats {
			text, open, err := v.form(p)
			if err != nil {
				return err
			}
			if open && (post{text: text}).has(pieces) {
				hit = v
				return nil
			}
		}
		return fmt.Errorf("%w: %s has no form with %q open", errNotYet, p.id, pieces)
	})
	return hit, err
}

func doFill(s *story, w []string) error {
	p, err := castMember(w[0])
	if err != nil {
		return err
	}
	rest, o := options(w[1:], "in")
	values := map[string]string{}
	for _, x := range rest {
		name, value, ok := strings.Cut(x, "=")
		if !ok {
			return fmt.Errorf("%q is not NAME=VALUE", x)
		}
		values[name] = value
	}
	v, err := s.asking(p, o["in"], nil)
	if err != nil {
		return err
	}
	return v.fill(p, values)
}

func doForm(s *story, w []string) error {
	p, err := castMember(w[0])
	if err != nil {
		return err
	}
	rest, o := options(w[1:], "in")
	_, err = s.asking(p, o["in"], rest)
	return err
}

// written is the newest thing a person wrote that has these words.
func (s *story) written(p person, text string) (post, error) {
	return s.find(s.chats, p, "words "+text, func(x post) bool { return !x.desk && x.has([]string{text}) })
}

func doEdit(s *story, w []string) error {
	p, err := castMember(w[0])
	if err != nil {
		return err
	}
	x, err := s.written(p, w[1])
	if err != nil {
		return err
	}
	return x.venue.edit(p, x, w[2])
}

func doDelete(s *story, w []string) error {
	p, err := castMember(w[0])
	if err != nil {
		return err
	}
	x, err := s.written(p, w[1])
	if err != nil {
		return err
	}
	return x.venue.remove(p, x)
}

func doBuyer(s *story, w []string) error {
	o, err := s.orderOf(w[0])
	if err != nil {
		return err
	}
	switch {
	case w[1] == "writes":
		return s.world().Say(sandbox.BuyerMessage{Store: o.Store, Order: o.ID, Text: w[2]})
	case w[1] == "got" && w[2] == "nothing":
		for _, m := range s.world().Ledger().Messages {
			if m.Store == o.Store && (m.Buyer == o.Buyer || m.Buyer == o.Email) {
				return fmt.Errorf("the buyer got %q", m.Text)
			}
		}
		return nil
	case w[1] == "got":
		return s.got(o, w[2:])
	}
	return errors.New("a buyer writes or got")
}

func (s *story) got(o sandbox.OrderInfo, pieces []string) error {
	return s.until(func() error {
		var hits []int
		for i, m := range s.world().Ledger().Messages {
			if m.Store == o.Store && (m.Buyer == o.Buyer || m.Buyer == o.Email) && (post{text: m.Text}).has(pieces) {
				hits = append(hits, i)
			}
		}
		switch {
		case len(hits) == 0:
			return fmt.Errorf("%w: the buyer got no %q", errNotYet, pieces)
		case len(hits) > 1:
			return fmt.Errorf("the buyer got %q %d times", pieces, len(hits))
		}
		if !slices.Contains(s.messages, hits[0]) {
			s.messages = append(s.messages, hits[0])
		}
		return nil
	})
}

// doReached waits until a store's operation was called since it was ordered to
// fail.
func doReached(s *story, w []string) error {
	return s.until(func() error {
		if s.world().Ledger().Calls[w[0]][w[1]] > s.calls[w[0]+" "+w[1]] {
			return nil
		}
		return fmt.Errorf("%w: %s of %s was not called", errNotYet, w[1], w[0])
	})
}

// doBackOffice refunds by another client of the same shop, as somebody in the
// seller's back office does.
func doBackOffice(s *story, w []string) error {
	o, err := s.orderOf(w[0])
	if err != nil {
		return err
	}
	amount, err := connectors.ParseMoney(w[2], w[3])
	if err != nil {
		return err
	}
	i := slices.IndexFunc(s.cfg.Stores, func(c storeConfig) bool { return c.ID == o.Store })
	c := s.cfg.Stores[i]
	plugin, ok := all.Find(c.Platform)
	if !ok {
		return fmt.Errorf("no adapter for %s", c.Platform)
	}
	shop, err := plugin.New(connectors.Config{Info: connectors.Info{Platform: c.Platform, Store: c.ID, Account: c.Account, Currency: c.Currency,
		Language: language.Make(c.Language)}, BaseURL: c.BaseURL, TokenURL: c.TokenURL, ClientID: c.ClientID, ClientSecret: connectors.Secret(c.Secret),
		Options: c.Options, Credential: connectors.Credential{Access: connectors.Secret(c.Access), Refresh: connectors.Secret(c.Refresh)}})
	if err != nil {
		return err
	}
	refunder, ok := shop.(connectors.Refunder)
	if !ok {
		return fmt.Errorf("%s cannot refund", c.Platform)
	}
	ctx, cancel := context.WithTimeout(context.Background(), storyPatience)
	defer cancel()
	if _, err = refunder.Refund(ctx, connectors.Refund{Key: "back-office-" + w[0], Order: o.ID, Amount: amount, Reason: connectors.ReasonGoodwill,
		Asked: time.Now()}); err != nil {
		return err
	}
	return doRefunded(s, []string{w[0], w[2], w[3]})
}

func doChat(s *story, w []string) error {
	v, err := s.venue(w[0])
	if err != nil {
		return err
	}
	n := 1
	if len(w) > 2 {
		if n, err = strconv.Atoi(w[2]); err != nil {
			return err
		}
	}
	return v.trouble(w[1], n)
}

func doCapture(s *story, w []string) error {
	p, err := castMember(w[1])
	if err != nil {
		return err
	}
	re, err := regexp.Compile(w[2])
	if err != nil {
		return err
	}
	x, err := s.find(s.chats, p, "whisper like "+w[2], func(x post) bool {
		return x.only != "" && x.desk && re.MatchString(plainly(x.text))
	})
	if err != nil {
		return err
	}
	m := re.FindStringSubmatch(plainly(x.text))
	s.caught[w[0]] = m[len(m)-1]
	return nil
}
