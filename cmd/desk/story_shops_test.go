package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"helloworld/bot"
	"helloworld/bot/jobs"
	"helloworld/bot/store"
	"helloworld/connectors/sandbox"
)

// levers are what can happen to a shop besides failing operations.
var levers = map[string]func(s *story, name string, w []string) error{
	"mend":   func(s *story, name string, _ []string) error { return s.world().Mend(name) },
	"revoke": func(s *story, name string, _ []string) error { return s.world().Revoke(name) },
	"expire": func(s *story, name string, _ []string) error { return s.world().Expire(name) },
	// agrees: from the next consent on, to these permissions only.
	"agrees": func(s *story, name string, w []string) error { return s.world().SetConsent(name, w) },
	// What happens to the platform's next calls.
	"lose": func(s *story, name string, w []string) error {
		return s.hooks(name, w, func(l *sandbox.HookLever, n int) { l.Lose = n })
	},
	"duplicate": func(s *story, name string, w []string) error {
		return s.hooks(name, w, func(l *sandbox.HookLever, n int) { l.Duplicate = n })
	},
	"tamper": func(s *story, name string, w []string) error {
		return s.hooks(name, w, func(l *sandbox.HookLever, n int) { l.Tamper = n })
	},
	// What happens to Amazon's queue.
	"queue-twice":     func(s *story, name string, w []string) error { return s.jam(name, sandbox.JamQueueTwice, w) },
	"queue-backwards": func(s *story, name string, w []string) error { return s.jam(name, sandbox.JamQueueBackwards, w) },
	// Whether the platform passes the store's own mail on.
	"unapprove": func(s *story, name string, _ []string) error { return s.approve(name, false) },
	"archived": func(s *story, name string, w []string) error {
		return s.world().Stand(sandbox.Standing{Store: name, Order: w[0], Archived: true})
	},
	"disputed": func(s *story, name string, w []string) error {
		return s.world().Stand(sandbox.Standing{Store: name, Order: w[0], Disputed: true})
	},
	"approve": func(s *story, name string, _ []string) error { return s.approve(name, true) },
}

func doShop(s *story, w []string) error {
	if len(w) == 1 && w[0] == "times-out-once" {
		return s.world().Fail(s.last.Store, "refund", sandbox.Lost, 1)
	}
	if len(w) < 2 {
		return errors.New("the shop of which store, and what happens to it?")
	}
	if pull, ok := levers[w[1]]; ok {
		return pull(s, w[0], w[2:])
	}
	if len(w) < 3 {
		return errors.New("the shop of which store, and what happens to it?")
	}
	n := 1
	if len(w) == 6 && w[3] == "then" {
		return s.world().FailThen(w[0], w[1], w[2], w[4], w[5])
	}
	if len(w) > 3 {
		var err error
		if n, err = strconv.Atoi(w[3]); err != nil {
			return err
		}
	}
	s.calls[w[0]+" "+w[1]] = s.world().Ledger().Calls[w[0]][w[1]]
	return s.world().Fail(w[0], w[1], w[2], n)
}

func number(w []string) (int, error) {
	if len(w) != 1 {
		return 0, errors.New("how many?")
	}
	return strconv.Atoi(w[0])
}

func (s *story) hooks(name string, w []string, set func(*sandbox.HookLever, int)) error {
	n, err := number(w)
	if err != nil {
		return err
	}
	l := sandbox.HookLever{Store: name}
	set(&l, n)
	return s.world().Hooks(l)
}

func (s *story) jam(name, lever string, w []string) error {
	n, err := number(w)
	if err != nil {
		return err
	}
	return s.world().Jam(name, lever, n)
}

func (s *story) approve(name string, ok bool) error {
	a, err := s.world().Account(name)
	if err != nil {
		return err
	}
	return s.world().Approve(name, a.Address, ok)
}

// doConsent plays a seller's browser: it opens the link of the newest card that
// somebody was whispered, presses a button on the platform's page, and follows
// the way back to the desk. "again" opens the last way back once more, and then
// goes through the last link once more.
func doConsent(s *story, w []string) error {
	client := &http.Client{Timeout: storyPatience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if w[1] == "again" {
		return errors.Join(s.goBack(client, http.StatusBadRequest, w[2:]), s.decide(client, "grant"), s.goBack(client, http.StatusBadRequest, w[2:]))
	}
	status := map[string]int{"grant": http.StatusOK, "refuse": http.StatusBadRequest}[w[1]]
	if err := s.until(func() error { return s.findLink(w[0]) }); err != nil {
		return err
	}
	if err := s.decide(client, w[1]); err != nil {
		return err
	}
	return s.goBack(client, status, w[2:])
}

// findLink finds a link for a store that nobody has used yet.
func (s *story) findLink(name string) error {
	for _, v := range s.chats {
		for _, x := range s.all(v) {
			for _, b := range x.buttons {
				if x.only != "" && strings.Contains(b.url, "state=") && strings.Contains(b.url, "/"+name+"/") && !slices.Contains(s.links, b.url) {
					s.links = append(s.links, b.url)
					return nil
				}
			}
		}
	}
	return fmt.Errorf("%w: nobody was whispered another link for %s", errNotYet, name)
}

// decide presses a button on the platform's page that the last link leads to.
func (s *story) decide(client *http.Client, button string) error {
	link := s.links[len(s.links)-1]
	if page, err := browse(client, http.MethodGet, link, nil); err != nil || page.status != http.StatusOK {
		return fmt.Errorf("the platform's page: %d %w %s", page.status, err, page.text)
	}
	page, err := browse(client, http.MethodPost, link, url.Values{"decision": {button}})
	if err != nil || page.status != http.StatusFound {
		return fmt.Errorf("the platform's page, when %s was pressed: %d %w %s", button, page.status, err, page.text)
	}
	s.back = page.location
	return nil
}

// goBack opens the address that the platform's page sent the browser to.
func (s *story) goBack(client *http.Client, status int, words []string) error {
	page, err := browse(client, http.MethodGet, s.back, nil)
	if err != nil {
		return err
	}
	if page.status != status || !(post{text: page.text}).has(words) {
		return fmt.Errorf("the desk's page after the consent should be %d with %q; it is %d: %s", status, words, page.status, page.text)
	}
	return nil
}

type webPage struct {
	status         int
	location, text string
}

func browse(client *http.Client, method, address string, form url.Values) (webPage, error) {
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return webPage{}, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := client.Do(req)
	if err != nil {
		return webPage{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return webPage{res.StatusCode, res.Header.Get("Location"), string(raw)}, err
}

// doLate makes an order while the shops' clock is behind: so a platform lists it
// that was slow. Nothing else of the shop knows of the clock.
func doLate(s *story, w []string) error {
	ago, err := time.ParseDuration(w[0])
	if err != nil {
		return err
	}
	s.behind.Add(int64(ago))
	defer s.behind.Add(-int64(ago))
	return doOrder(s, w[1:])
}

func doShip(s *story, w []string) error {
	o, err := s.orderOf(w[0])
	if err != nil {
		return err
	}
	return s.world().ShipOrder(sandbox.NewShipment{Store: o.Store, Order: o.ID, Carrier: w[1], Number: w[2]})
}

func doReturn(s *story, w []string) error {
	o, err := s.orderOf(w[0])
	if err != nil {
		return err
	}
	n := sandbox.NewReturn{Store: o.Store, Order: o.ID, Reason: w[1]}
	if len(w) > 2 {
		n.Kind = w[2]
	}
	r, err := s.world().AddReturn(n)
	s.caught["return"] = r.Number
	return err
}

func doShelf(s *story, w []string) error {
	n, err := number(w[2:])
	if err != nil {
		return err
	}
	return s.world().SetStock(sandbox.StockChange{Store: w[0], SKU: w[1], Quantity: n})
}

func doStocked(s *story, w []string) error {
	want, err := number(w[2:])
	if err != nil {
		return err
	}
	return s.until(func() error {
		if n := s.world().StockOf(w[0], w[1]); n != want {
			return fmt.Errorf("%w: there are %d of %s", errNotYet, n, w[1])
		}
		return nil
	})
}

// doForge calls the desk as the platform does, with a body that was once
// genuine and a signature that never was. Each has to be refused.
func doForge(s *story, w []string) error {
	n, err := number(w[1:])
	if err != nil {
		return err
	}
	body := []byte(`{"id":1}`)
	for _, d := range s.world().Deliveries() {
		if d.Store == w[0] {
			body = []byte(d.Body)
		}
	}
	client := &http.Client{Timeout: storyPatience}
	for range n {
		req, err := http.NewRequest(http.MethodPost, s.desk.address()+hooksPath+w[0], bytes.NewReader(body))
		if err != nil {
			return err
		}
		for k, v := range map[string]string{"Content-Type": "application/json", "X-Shopify-Topic": "orders/create", "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
			"X-Shopify-Hmac-Sha256": "XWmrwMey6OsLMeiZKwP4FppHH3cmAiiJJAweH5Jo4bM=", "X-Ebay-Signature": "eyJhbGciOiJlY2RzYSJ9"} {
			req.Header.Set(k, v)
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			return fmt.Errorf("a forged call was answered with %s", res.Status)
		}
	}
	return nil
}

func doDue(s *story, w []string) error {
	began := time.Now().UnixMilli()
	return errors.Join(s.desk.db.Write(context.Background(), func(tx *store.Tx) error {
		switch {
		case w[0] == "calendar":
			return jobs.Add(tx, bot.CalendarArgs{}, jobs.Key("calendar/now"))
		case w[0] == "auto":
			_, err := tx.Exec(`UPDATE job SET run_at = 1 WHERE kind = 'auto' AND dead = 0 AND owner = ''`)
			return err
		case w[0] == "sweep":
			return jobs.Add(tx, bot.SweepArgs{}, jobs.Key("sweep/now"))
		case w[0] == "ledger_night":
			// As if it were the next day.
			_, err := tx.Exec(`UPDATE ledger_run SET day = NULL`)
			return errors.Join(err, jobs.Add(tx, bot.NightArgs{}, jobs.Key("ledger_night/now")))
		case w[0] == "reconcile" && len(w) == 2:
			return jobs.Add(tx, bot.ReconcileArgs{Store: w[1]}, jobs.Key("reconcile/"+w[1]+"/now"))
		}
		return fmt.Errorf("nothing called %q is done from time to time", w[0])
	}), s.until(func() error {
		return s.row(`SELECT COUNT(*) FROM job WHERE dead = 0 AND kind = ? AND ? > 0`, []any{w[0], began}, func(n int) error {
			if n > 0 {
				return fmt.Errorf("%w: %s is under way", errNotYet, w[0])
			}
			return nil
		})
	}))
}

// row looks at one number of the desk's database.
func (s *story) row(query string, args []any, look func(n int) error) error {
	var n int
	if err := s.desk.db.Read(context.Background(), func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) }); err != nil {
		return err
	}
	return look(n)
}

// doEnds changes the day that the desk keeps with a store's access, as if the
// seller had granted it long ago.
func doEnds(s *story, w []string) error {
	days, err := strconv.Atoi(w[1])
	if err != nil {
		return err
	}
	return s.until(func() error {
		c, ok, err := s.desk.desk.Keeper.Load(context.Background(), w[0])
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("%w: nothing is kept of %s", errNotYet, w[0])
		}
		c.RefreshExpires = time.Now().Add(time.Duration(days) * 24 * time.Hour)
		return s.desk.desk.Keeper.Save(context.Background(), w[0], c)
	})
}

func doCalled(s *story, w []string) error {
	return s.until(func() error {
		p, err := s.desk.desk.PushOf(context.Background(), w[0])
		if err == nil && !p.OK {
			return fmt.Errorf("%w: %s does not tell the desk what is new: %s", errNotYet, w[0], p.Error)
		}
		return err
	})
}

func doCount(s *story, w []string) error {
	s.calls[w[0]+" "+w[1]] = s.world().Ledger().Calls[w[0]][w[1]]
	return nil
}

func doCounted(s *story, w []string) error {
	want, err := number(w[2:])
	if err != nil {
		return err
	}
	return s.until(func() error {
		switch n := s.world().Ledger().Calls[w[0]][w[1]] - s.calls[w[0]+" "+w[1]]; {
		case n < want:
			return fmt.Errorf("%w: %s of %s was called %d times", errNotYet, w[1], w[0], n)
		case n > want:
			return fmt.Errorf("%s of %s was called %d times", w[1], w[0], n)
		}
		return nil
	})
}

func doMirrored(s *story, w []string) error {
	o, err := s.orderOf(w[0])
	if err != nil {
		return err
	}
	like := "%"
	if len(w) > 1 {
		like = `%"Status":"` + w[1] + `"%`
	}
	return s.until(func() error {
		return s.row(`SELECT COUNT(*) FROM order_row WHERE store = ? AND number = ? AND body LIKE ?`, []any{o.Store, o.Number, like}, func(n int) error {
			return compare(n, 1, "order "+o.Number)
		})
	})
}

func doHeard(s *story, w []string) error {
	want, err := number(w[2:])
	if err != nil {
		return err
	}
	return s.until(func() error {
		return s.row(`SELECT COUNT(*) FROM hook WHERE store = ? AND topic = ?`, []any{w[0], w[1]}, func(n int) error {
			return compare(n, want, w[1])
		})
	})
}

// compare waits for n to become what it should be; more can never become right.
func compare(n, want int, what string) error {
	switch {
	case n < want:
		return fmt.Errorf("%w: %d of %s", errNotYet, n, what)
	case n > want:
		return fmt.Errorf("%d of %s", n, what)
	}
	return nil
}

func doAnswered(s *story, w []string) error {
	status, err := strconv.Atoi(w[3])
	if err != nil {
		return err
	}
	want, err := number(w[4:])
	if err != nil {
		return err
	}
	lever := strings.TrimPrefix(w[2], "plain")
	return s.until(func() error {
		all := slices.DeleteFunc(s.world().Deliveries(), func(d sandbox.Delivery) bool {
			return d.Store != w[0] || !strings.EqualFold(d.Topic, w[1]) || d.Lever != lever
		})
		n := 0
		for _, d := range all {
			if d.Status == status {
				n++
			}
		}
		if err := compare(n, want, w[2]); err != nil {
			return fmt.Errorf("%w: %+v", err, all)
		}
		return nil
	})
}

func doKept(s *story, w []string) error {
	want, err := number(w[2:])
	if err != nil {
		return err
	}
	table, ok := map[string]string{"orders": "order_row", "items": "item_row", "stock": "stock_row", "returns": "return_row"}[w[1]]
	if !ok {
		return fmt.Errorf("the mirror has no %s", w[1])
	}
	return s.until(func() error {
		return s.row(`SELECT COUNT(*) FROM `+table+` WHERE store = ?`, []any{w[0]}, func(n int) error { return compare(n, want, w[1]) })
	})
}

func doQueued(s *story, w []string) error {
	want, err := number(w[1:])
	if err != nil {
		return err
	}
	return s.until(func() error {
		n, err := s.world().Queued(w[0])
		if err == nil && n != want {
			return fmt.Errorf("%w: the queue has %d messages", errNotYet, n)
		}
		return err
	})
}
