package bot

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"

	"helloworld/bot/chat"
	"helloworld/bot/people"
	"helloworld/bot/store"
	"helloworld/connectors"
	"helloworld/i18n"
)

// Account is a store that was connected while the desk ran.
type Account struct {
	ID       string            `json:"id"`
	Platform string            `json:"platform"`
	Name     string            `json:"name"`
	BaseURL  string            `json:"base_url,omitempty"`
	Account  string            `json:"account,omitempty"`
	Region   string            `json:"region,omitempty"`
	Currency string            `json:"currency,omitempty"`
	Language string            `json:"language,omitempty"`
	Options  map[string]string `json:"options,omitempty"`
}

// Opener makes stores that are not in the configuration.
type Opener interface {
	// Platforms are those on which our application is registered, so that a seller
	// can be sent there.
	Platforms() []string
	// Locate reads what a seller calls the shop.
	Locate(platform, where string) (Account, error)
	Open(a Account) (Store, error)
}

// ErrWhere is what an Opener says of a name that it cannot read.
var ErrWhere = errors.New("bot: no shop can be found by that name")

// connectLife is how long a seller has for granting access.
const connectLife = 30 * time.Minute

// Connectable are the platforms on which a new store can be connected.
func (d *Desk) Connectable() []string {
	if d.Opener == nil {
		return nil
	}
	return d.Opener.Platforms()
}

// NewAccount reads what a person calls a shop that is to be connected.
func (d *Desk) NewAccount(platform, where, name string) (Account, error) {
	if d.Opener == nil {
		return Account{}, i18n.NewProblem(nil, "connect.no_app", "platform", platform)
	}
	a, err := d.Opener.Locate(platform, where)
	if errors.Is(err, ErrWhere) {
		return a, i18n.NewProblem(nil, "connect.where_bad", "got", where)
	}
	if err != nil {
		return a, err
	}
	if name = strings.TrimSpace(name); name != "" {
		a.Name = name
	}
	if a.Name == "" {
		a.Name = a.ID
	}
	return a, nil
}

// BeginConnect sends a person to the page where access to a store is granted.
// With a new account the store is added once that has worked.
func (d *Desk) BeginConnect(ctx context.Context, by Deed, s *Store, fresh *Account) error {
	if fresh != nil {
		if err := d.ownID(ctx, fresh); err != nil {
			return err
		}
		opened, err := d.Opener.Open(*fresh)
		if err != nil {
			return i18n.NewProblem(err, "connect.cannot", "store", fresh.ID)
		}
		s = &opened
	}
	state := strings.ToLower(rand.Text())
	link, err := s.consent(ctx, state)
	if err != nil && s.Consent == "" {
		return i18n.NewProblem(err, "connect.cannot", "store", s.ID)
	}
	return d.commit(ctx, by, func(tx *store.Tx) error {
		if err != nil {
			// There is a page, but it brings nothing back.
			return d.Whisper(tx, by.Event, consentCard(by.P, s, s.Consent, false))
		}
		event, err := json.Marshal(by.Event)
		if err != nil {
			return err
		}
		var body []byte
		if fresh != nil {
			if body, err = json.Marshal(fresh); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`INSERT INTO connecting(state, store, account, who, event, until) VALUES (?, ?, ?, ?, ?, ?)`,
			d.mark("connect", state), s.ID, string(body), string(by.Who.ID), string(event), tx.Now()+connectLife.Milliseconds()); err != nil {
			return err
		}
		if err := d.Audit.Append(tx, string(by.Who.ID), "store.connecting", "store:"+s.ID, map[string]any{"platform": s.Shop.Info().Platform}); err != nil {
			return err
		}
		return d.Whisper(tx, by.Event, consentCard(by.P, s, link, d.PublicURL == ""))
	})
}

// ownID gives a new store an id of its own, since a site has many sellers, and one
// under which nothing is left of a store that was taken out of the configuration:
// it may have been somebody else's, and its orders, messages and access must not
// become this one's.
func (d *Desk) ownID(ctx context.Context, a *Account) error {
	base, id := a.ID, a.ID
	for n := 2; ; n++ {
		var accounts, traces int64
		if err := d.DB.Read(ctx, func(tx *store.Tx) error {
			return tx.Row(`SELECT (SELECT COUNT(*) FROM shop_account WHERE id = ?), (SELECT COUNT(*) FROM credential WHERE store = ?) +
				(SELECT COUNT(*) FROM sync_stream WHERE store = ?)`, id, id, id).Scan(&accounts, &traces)
		}); err != nil {
			return err
		}
		_, here := d.Shop(id)
		switch {
		case a.Account != "" && (accounts > 0 || here && id == base):
			// The same shop, configured, connected before, or through another replica.
			return i18n.NewProblem(nil, "connect.taken", "store", id)
		case accounts == 0 && traces == 0 && !here:
			if a.Name == a.ID {
				a.Name = id
			}
			a.ID = id
			return nil
		}
		id = fmt.Sprintf("%s-%d", base, n)
	}
}

// consent is the platform's page, if the shop can be connected that way.
func (s *Store) consent(ctx context.Context, state string) (string, error) {
	a, ok := s.Shop.(connectors.Authoriser)
	if !ok {
		return "", &connectors.Error{Kind: connectors.Unsupported, Platform: s.Shop.Info().Platform, Op: "authorise"}
	}
	return a.Begin(ctx, state)
}

func consentCard(p *i18n.Printer, s *Store, link string, paste bool) chat.Card {
	c := chat.Card{Lang: p.Lang().String(), Title: p.T("connect.title", "store", s.Name), Parts: []chat.Part{
		{Kind: chat.Text, Text: p.T("connect.open", "platform", p.T(i18n.Key("platform."+s.Shop.Info().Platform)), "n", int(connectLife.Minutes()))}},
		Buttons: []chat.Button{{Label: p.T("button.authorise"), URL: link, Tone: chat.Primary}}}
	if paste {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Note, Text: p.T("connect.paste")})
	}
	return c
}

// Connected is what came of granting access.
type Connected struct {
	Store *Store
	// P speaks the language of whoever asked.
	P      *i18n.Printer
	Health connectors.Health
	// Fresh: the store is new.
	Fresh bool
}

// connecting is a consent under way.
type connecting struct {
	store, account, who string
	event               chat.Event
}

var errConnectOld = errors.New("bot: that consent is not known, over, or used")

// FinishConnect takes the query of the address that a seller came back to. The
// answer also goes to where it was asked for.
func (d *Desk) FinishConnect(ctx context.Context, q url.Values) (Connected, error) {
	out := Connected{P: i18n.For(language.English)}
	c, err := d.takeConnecting(ctx, q.Get("state"))
	if errors.Is(err, errConnectOld) {
		return out, i18n.NewProblem(nil, "connect.old")
	}
	if err != nil {
		return out, err
	}
	who, known := d.People.Get(ctx, people.ID(c.who))
	out.P = i18n.For(who.Lang)
	if !known || who.Disabled || !who.Is(people.Ops, people.Manager, people.Admin) {
		return out, i18n.NewProblem(nil, "connect.old")
	}
	if err := d.connect(ctx, &out, c, q); err != nil {
		p, ok := i18n.AsProblem(err)
		if !ok {
			p = i18n.NewProblem(err, "error.internal")
		}
		d.Log.ErrorContext(ctx, "a store could not be connected", "ref", p.Ref, "store", c.store, "err", p.Cause)
		card := Plain(out.P, p.Say(out.P))
		if c.account == "" {
			card.Buttons = []chat.Button{{Label: out.P.T("button.connect_again"), Command: "reauthorize " + c.store, Tone: chat.Primary}}
		}
		return out, errors.Join(p, d.DB.Write(ctx, func(tx *store.Tx) error { return d.Whisper(tx, c.event, card) }))
	}
	return out, d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := d.Audit.Append(tx, c.who, "store.connected", "store:"+c.store, map[string]any{
			"platform": out.Store.Shop.Info().Platform, "health": string(out.Health.State)}); err != nil {
			return err
		}
		return d.Whisper(tx, c.event, d.connectedCard(ctx, out))
	})
}

// takeConnecting uses a state up: it is good for one try.
func (d *Desk) takeConnecting(ctx context.Context, state string) (c connecting, err error) {
	if state == "" || len(state) > 200 {
		return c, errConnectOld
	}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		var event string
		err := tx.Row(`UPDATE connecting SET used = ? WHERE state = ? AND used = 0 AND until > ? RETURNING store, account, who, event`,
			tx.Now(), d.mark("connect", state), tx.Now()).Scan(&c.store, &c.account, &c.who, &event)
		if errors.Is(err, sql.ErrNoRows) {
			return errConnectOld
		}
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(event), &c.event)
	})
	return c, err
}

// connect exchanges what came back for a credential, and believes in it only
// once a call has worked.
func (d *Desk) connect(ctx context.Context, out *Connected, c connecting, q url.Values) error {
	s, ok := d.Shop(c.store)
	var fresh *Account
	if c.account != "" {
		fresh = new(Account)
		if err := json.Unmarshal([]byte(c.account), fresh); err != nil {
			return err
		}
		if ok {
			return i18n.NewProblem(nil, "connect.taken", "store", c.store)
		}
		opened, err := d.Opener.Open(*fresh)
		if err != nil {
			return i18n.NewProblem(err, "connect.cannot", "store", c.store)
		}
		s, ok = &opened, true
	}
	if !ok {
		return i18n.NewProblem(nil, "error.store_none", "store", c.store, "stores", "")
	}
	out.Store, out.Fresh = s, fresh != nil
	a, ok := s.Shop.(connectors.Authoriser)
	if !ok || d.Keeper == nil {
		return i18n.NewProblem(nil, "connect.cannot", "store", s.ID)
	}
	cred, err := a.Complete(ctx, q)
	if err != nil {
		if connectors.KindOf(err) == connectors.Reauthorise {
			return i18n.NewProblem(err, "connect.refused", "store", s.Name)
		}
		var ce *connectors.Error
		if errors.As(err, &ce) && ce.Code == connectors.OtherSeller {
			return i18n.NewProblem(err, "connect.other_seller", "store", s.Name, "account", s.Shop.Info().Account)
		}
		return ShopProblem(s, err, "", "")
	}
	if cred.Granted.IsZero() {
		cred.Granted = d.Now().UTC()
	}
	if fresh != nil {
		// First, since two sellers may have been sent to grant access under one id: the
		// second must not give the first one's store another account.
		if out.Store, err = d.addAccount(ctx, *fresh, s, c.who); err != nil {
			return err
		}
		s = out.Store
	}
	before, had, err := d.swap(ctx, s.ID, cred)
	if err != nil {
		return err
	}
	out.Health, err = d.CheckStore(ctx, s)
	if err != nil {
		return err
	}
	if out.Health.State == connectors.HealthBad && out.Health.Kind == connectors.Reauthorise && had {
		// What came is worse than what was there.
		_, _, err := d.swap(ctx, s.ID, before)
		if err == nil {
			// It is taken into use again, and the alert of a moment ago ends if it works.
			_, err = d.CheckStore(ctx, s)
		}
		return errors.Join(i18n.NewProblem(out.Health.Err, "connect.not_working", "store", s.Name), err)
	}
	return nil
}

// swap keeps another credential of a store and gives the one before. It waits for
// a refresh that is under way: that would write what it brings over the new one.
func (d *Desk) swap(ctx context.Context, storeID string, cred connectors.Credential) (before connectors.Credential, had bool, err error) {
	if l, ok := d.Keeper.(connectors.Locker); ok {
		unlock, err := l.Lock(ctx, storeID)
		if err != nil {
			return before, false, err
		}
		defer unlock()
	}
	if before, had, err = d.Keeper.Load(ctx, storeID); err != nil {
		return before, had, err
	}
	return before, had, d.Keeper.Save(ctx, storeID, cred)
}

// addAccount writes a new store down and gives the one on the shelf.
func (d *Desk) addAccount(ctx context.Context, a Account, s *Store, who string) (*Store, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	if err := d.DB.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`INSERT INTO shop_account(id, body, who, at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, a.ID, string(body), who, tx.Now())
		if err == nil && n == 0 {
			return i18n.NewProblem(nil, "connect.taken", "store", a.ID)
		}
		return err
	}); err != nil {
		if _, ok := i18n.AsProblem(err); ok {
			return nil, err
		}
		return nil, fmt.Errorf("bot: writing the new store down: %w", err)
	}
	return d.welcome(s)
}

// welcome puts a store on the shelf and has it read. It gives the one that is
// there: whoever looks for other replicas' stores may have been quicker.
func (d *Desk) welcome(s *Store) (*Store, error) {
	if err := d.shelf.put(s); err != nil {
		if here, ok := d.Shop(s.ID); ok {
			return here, nil
		}
		return nil, err
	}
	d.tend(s)
	return s, nil
}

// accounts reads the stores that were connected in a chat, as they came.
func accounts(tx *store.Tx) ([]Account, error) {
	bodies, err := store.Column[string](tx, `SELECT body FROM shop_account ORDER BY at, id`)
	if err != nil {
		return nil, err
	}
	out := make([]Account, len(bodies))
	for i, body := range bodies {
		if err := json.Unmarshal([]byte(body), &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// LoadAccounts adds the stores that were connected while a desk ran, by this one
// or by another replica, and that are not here yet.
func (d *Desk) LoadAccounts(ctx context.Context) error {
	if d.Opener == nil {
		return nil
	}
	var all []Account
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		all, err = accounts(tx)
		return err
	}); err != nil {
		return fmt.Errorf("bot: reading the stores: %w", err)
	}
	for _, a := range all {
		if _, here := d.Shop(a.ID); here {
			continue
		}
		s, err := d.Opener.Open(a)
		if err == nil {
			_, err = d.welcome(&s)
		}
		if _, said := d.shelf.shut.Load(a.ID); err != nil && !said {
			// The others go on. Its application may have been taken out of the configuration.
			d.shelf.shut.Store(a.ID, true)
			d.Log.ErrorContext(ctx, "a connected store cannot be opened", "store", a.ID, "platform", a.Platform, "err", err)
		}
	}
	return nil
}

// connectedCard tells what the desk can do with the store now, and what not.
func (d *Desk) connectedCard(ctx context.Context, x Connected) chat.Card {
	p := x.P
	c := chat.Card{Lang: p.Lang().String(), Tone: chat.Good, Title: p.T("connect.done", "store", x.Store.Name)}
	if x.Health.State == connectors.HealthBad {
		c.Tone, c.Title = chat.Warning, p.T("connect.granted", "store", x.Store.Name)
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: p.T(i18n.Key("shop."+x.Health.Kind.String()), "store", x.Store.Name, "order", "")})
		c.Buttons = append(c.Buttons, chat.Button{Label: p.T("button.check"), Command: "health " + x.Store.ID})
		return c
	}
	c.Parts = append(c.Parts, d.CanParts(ctx, p, x.Store)...)
	c.Buttons = append(c.Buttons, chat.Button{Label: p.T("button.check"), Command: "health " + x.Store.ID})
	return c
}

// RenewToken throws a store's access token away and gets a new one.
func (d *Desk) RenewToken(ctx context.Context, s *Store) (connectors.Health, error) {
	r, ok := s.Shop.(connectors.Renewer)
	if !ok {
		return connectors.Health{}, i18n.NewProblem(nil, "token.none", "store", s.Name)
	}
	if err := r.Renew(connectors.WithPriority(ctx, connectors.Agent)); err != nil {
		switch connectors.KindOf(err) {
		case connectors.Reauthorise, connectors.AppBroken:
			// Written down and told like any other end of access, below.
		default:
			return connectors.Health{}, ShopProblem(s, err, "", "")
		}
	}
	return d.CheckStore(ctx, s)
}
