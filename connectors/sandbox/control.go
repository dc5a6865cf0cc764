package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// control adds the levers of the world, for whoever runs it in another process.
func (w *World) control(mux *http.ServeMux) {
	get := func(path string, f func(*http.Request) (any, error)) {
		mux.HandleFunc("GET /control/"+path, func(rw http.ResponseWriter, r *http.Request) {
			v, err := f(r)
			answer(rw, v, err)
		})
	}
	get("ledger", func(*http.Request) (any, error) { return w.Ledger(), nil })
	get("accounts", func(*http.Request) (any, error) { return w.Accounts(), nil })
	get("orders", func(r *http.Request) (any, error) { return w.Orders(r.URL.Query().Get("store")) })
	get("items", func(r *http.Request) (any, error) { return w.Items(r.URL.Query().Get("store")) })
	get("returns", func(r *http.Request) (any, error) { return w.Returns(r.URL.Query().Get("store")) })
	get("deliveries", func(*http.Request) (any, error) { return w.Deliveries(), nil })
	get("subscriptions", func(r *http.Request) (any, error) { return w.Subscriptions(r.URL.Query().Get("store")), nil })
	get("mail", func(*http.Request) (any, error) {
		w.room.mu.Lock()
		defer w.room.mu.Unlock()
		if w.room.mail == nil {
			return m{}, nil
		}
		return m{"smtp": w.room.mail.SMTPAddr, "imap": w.room.mail.IMAPAddr}, nil
	})
	type lever struct {
		Store  string   `json:"store"`
		Op     string   `json:"op"`
		Kind   string   `json:"kind"`
		Times  int      `json:"times"`
		On     bool     `json:"on"`
		Scopes []string `json:"scopes"`
		Sender string   `json:"sender"`
		TTL    int      `json:"ttl_seconds"`
		Order  string   `json:"order"`
		Topic  string   `json:"topic"`
	}
	post(mux, "order", func(n NewOrder) (any, error) { return w.AddOrder(n) })
	post(mux, "message", func(b BuyerMessage) (any, error) { return nil, w.Say(b) })
	post(mux, "fail", func(l lever) (any, error) { return nil, w.Fail(l.Store, l.Op, l.Kind, orElse(l.Times, 1)) })
	post(mux, "mend", func(l lever) (any, error) { return nil, w.Mend(l.Store) })
	post(mux, "limit", func(l lever) (any, error) { return nil, w.Limit(l.Store, l.On) })
	post(mux, "revoke", func(l lever) (any, error) { return nil, w.Revoke(l.Store) })
	post(mux, "grant", func(l lever) (any, error) { return nil, w.Grant(l.Store) })
	post(mux, "expire", func(l lever) (any, error) { return nil, w.Expire(l.Store) })
	post(mux, "ttl", func(l lever) (any, error) { return nil, w.SetTTL(l.Store, time.Duration(l.TTL)*time.Second) })
	post(mux, "scopes", func(l lever) (any, error) { return nil, w.SetScopes(l.Store, l.Scopes) })
	post(mux, "consent", func(l lever) (any, error) { return nil, w.SetConsent(l.Store, l.Scopes) })
	post(mux, "rotate", func(l lever) (any, error) {
		secret, err := w.RotateSecret(l.Store)
		return m{"client_secret": secret}, err
	})
	post(mux, "stock", func(c StockChange) (any, error) { return nil, w.SetStock(c) })
	post(mux, "return", func(n NewReturn) (any, error) { return w.AddReturn(n) })
	post(mux, "ship", func(n NewShipment) (any, error) { return nil, w.ShipOrder(n) })
	post(mux, "touch", func(l lever) (any, error) { return nil, w.UpdateOrder(l.Store, l.Order) })
	post(mux, "hooks", func(l HookLever) (any, error) { return nil, w.Hooks(l) })
	post(mux, "unsubscribe", func(l lever) (any, error) { w.Unsubscribe(l.Store); return nil, nil })
	post(mux, "announce", func(l lever) (any, error) { return nil, w.Announce(l.Store, l.Topic, l.Order) })
	post(mux, "approve", func(l lever) (any, error) { return nil, w.Approve(l.Store, l.Sender, l.On) })
	post(mux, "standing", func(n Standing) (any, error) { return nil, w.Stand(n) })
	w.controlMarkets(mux)
	post(mux, "reset", func(struct{}) (any, error) { w.Reset(); return nil, nil })
}

func post[T any](mux *http.ServeMux, path string, f func(T) (any, error)) {
	mux.HandleFunc("POST /control/"+path, func(rw http.ResponseWriter, r *http.Request) {
		var in T
		d := json.NewDecoder(http.MaxBytesReader(rw, r.Body, maxBody))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil && !errors.Is(err, io.EOF) {
			jsonReply(http.StatusBadRequest, m{"error": err.Error()}).send(rw)
			return
		}
		v, err := f(in)
		answer(rw, v, err)
	})
}

func answer(rw http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	switch {
	case errors.Is(err, ErrNoStore), errors.Is(err, ErrNoBuyer), errors.Is(err, ErrNoItem):
		status = http.StatusNotFound
	case errors.Is(err, ErrBadOrder), errors.Is(err, ErrBadFault), errors.Is(err, ErrBadReturn), errors.Is(err, ErrCannotShip), errors.Is(err, ErrBadLever):
		status = http.StatusBadRequest
	case err != nil:
		status = http.StatusInternalServerError
	}
	if err != nil {
		v = m{"error": err.Error()}
	} else if v == nil {
		v = m{"ok": true}
	}
	jsonReply(status, v).send(rw)
}
