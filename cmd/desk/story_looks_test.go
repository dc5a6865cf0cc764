package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"helloworld/bot/store"
	"helloworld/cmd/desk/config"
	"helloworld/connectors"
)

type storeConfig = config.Store

// count is how many posts of the desk at a place have these words, in one chat.
func count(v venue, channel string, ok func(post) bool) (int, error) {
	posts, err := v.seen(channel)
	n := 0
	for _, x := range posts {
		if x.desk && ok(x) {
			n++
		}
	}
	return n, err
}

// look waits until a place in every chat it names has at least one post that ok
// agrees to, and no more than most of them.
func (s *story) look(place, what string, most int, ok func(post) bool) error {
	at, err := s.spotOf(place)
	if err != nil {
		return err
	}
	return s.until(func() error {
		for _, v := range at.chats {
			n, err := count(v, v.channel(at.room), ok)
			switch {
			case err != nil:
				return err
			case n == 0:
				return fmt.Errorf("%w: in %s of %s nothing was %s", errNotYet, at.room.name, v.name(), what)
			case n > most:
				return fmt.Errorf("in %s of %s it was %s %d times", at.room.name, v.name(), what, n)
			}
		}
		return nil
	})
}

func doPosted(s *story, w []string) error {
	pieces, most := w[1:], 1000
	if pieces[len(pieces)-1] == "once" {
		pieces, most = pieces[:len(pieces)-1], 1
	}
	return s.look(w[0], fmt.Sprintf("posted with %q", pieces), most, func(x post) bool { return x.has(pieces) })
}

func doEdited(s *story, w []string) error {
	return s.look(w[0], fmt.Sprintf("edited to %q", w[1:]), 1000, func(x post) bool { return x.edited && x.has(w[1:]) })
}

func doButton(s *story, w []string) error {
	return s.look(w[0], fmt.Sprintf("posted with %q and the button %q", w[1], w[2]), 1000, func(x post) bool {
		_, ok := x.button(w[2])
		return ok && x.has(w[1:2])
	})
}

// doNoButton needs the card itself to be there.
func doNoButton(s *story, w []string) error {
	return s.look(w[0], fmt.Sprintf("posted with %q and without the button %q", w[1], w[2]), 1000, func(x post) bool {
		_, ok := x.button(w[2])
		return !ok && x.has(w[1:2])
	})
}

// doNotPosted waits until all is said that was to be said, and looks once.
func doNotPosted(s *story, w []string) error {
	if err := s.wait(); err != nil {
		return err
	}
	return doQuiet(s, w)
}

func doQuiet(s *story, w []string) error {
	at, err := s.spotOf(w[0])
	if err != nil {
		return err
	}
	for _, v := range at.chats {
		n, err := count(v, v.channel(at.room), func(x post) bool { return x.has(w[1:]) })
		if err != nil || n > 0 {
			return errors.Join(err, fmt.Errorf("in %s of %s %q was posted", at.room.name, v.name(), w[1:]))
		}
	}
	return nil
}

func doWhispered(s *story, w []string) error {
	p, err := castMember(w[0])
	if err != nil {
		return err
	}
	rest, o := options(w[1:], "in")
	chats, err := s.chatsIn(o["in"])
	if err != nil {
		return err
	}
	_, err = s.find(chats, p, fmt.Sprintf("whisper with %q", rest), func(x post) bool { return x.desk && x.only != "" && x.has(rest) })
	return err
}

func doNotWhispered(s *story, w []string) error {
	p, err := castMember(w[0])
	if err != nil {
		return err
	}
	if err := s.wait(); err != nil {
		return err
	}
	for _, v := range s.chats {
		all, err := v.private(p)
		if err != nil {
			return err
		}
		for _, x := range all {
			if x.desk && x.has(w[1:]) {
				return fmt.Errorf("%s was told %q", p.id, x.text)
			}
		}
	}
	return nil
}

// atConsole is a person before the console.
func (s *story) atConsole(id string) (p person, c *consoleVenue, err error) {
	if p, err = castMember(id); err != nil {
		return p, nil, err
	}
	v, err := s.venue("console")
	if err != nil {
		return p, nil, err
	}
	c, ok := v.(*consoleVenue)
	if !ok {
		return p, nil, errors.New("this is not the console")
	}
	return p, c, nil
}

func doEnter(s *story, w []string) error {
	p, c, err := s.atConsole(w[0])
	if err != nil {
		return err
	}
	_, err = c.enter(p, w[1])
	return err
}

func doSignedOut(s *story, w []string) error {
	p, c, err := s.atConsole(w[0])
	if err != nil {
		return err
	}
	if _, err = c.state(p); err == nil {
		return fmt.Errorf("the console still lets %s in", p.id)
	}
	if !strings.Contains(err.Error(), "401") {
		return err
	}
	return nil
}

// doRefunded looks at the shop's own ledger: there have to be as many such
// refunds as the story told of so far, and this one.
func doRefunded(s *story, w []string) error {
	o, err := s.orderOf(w[0])
	if err != nil {
		return err
	}
	amount, err := connectors.ParseMoney(w[1], w[2])
	if err != nil {
		return err
	}
	told := 1
	for _, e := range s.refunds {
		if e.Store == o.Store && e.Order == o.ID && e.Amount == amount {
			told++
		}
	}
	return s.until(func() error {
		n := 0
		for _, e := range s.world().Ledger().Refunds {
			if e.Store != o.Store || e.Order != o.ID && e.Number != o.Number || e.Amount != amount {
				continue
			}
			if n++; n == told {
				e.Order = o.ID
				defer func() { s.refunds = append(s.refunds, e) }()
			}
		}
		switch {
		case n < told:
			return fmt.Errorf("%w: %d refunds of %s for %s, not %d", errNotYet, n, amount, w[0], told)
		case n > told:
			return fmt.Errorf("%s was refunded for %s %d times", amount, w[0], n)
		}
		return nil
	})
}

func doNotRefunded(s *story, w []string) error {
	o, err := s.orderOf(w[0])
	if err != nil {
		return err
	}
	for _, e := range s.world().Ledger().Refunds {
		if e.Store == o.Store && (e.Order == o.ID || e.Number == o.Number) {
			return fmt.Errorf("it was refunded: %+v", e)
		}
	}
	return nil
}

// doAudit verifies the chain, or looks for a line of this kind.
func doAudit(s *story, w []string) error {
	if w[0] == "ok" {
		n, err := s.desk.desk.Audit.Verify(context.Background(), s.desk.db)
		if err == nil && n == 0 {
			err = errors.New("the audit log is empty")
		}
		return err
	}
	return s.until(func() error {
		var n int
		err := s.desk.db.Read(context.Background(), func(tx *store.Tx) error {
			return tx.Row(`SELECT COUNT(*) FROM audit WHERE what = ?`, w[0]).Scan(&n)
		})
		if err == nil && n == 0 {
			return fmt.Errorf("%w: the audit log has no %s", errNotYet, w[0])
		}
		return err
	})
}
