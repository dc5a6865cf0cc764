package main

import (
	"context"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/store"
)

// soleListeners are the chats that only one program may listen to at a time:
// Telegram ends the wait of whoever asked first. Slack gives each event to one of
// an app's sockets, and the console is every replica's own, so both are open on
// all of them. Posts and edits go out from any replica, whoever listens.
var soleListeners = map[string]bool{telegram.Name: true}

// listenTo runs a transport, where there can be several replicas only on the one
// whose turn it is.
func (a *app) listenTo(ctx context.Context, t chat.Transport) error {
	if !soleListeners[t.Name()] {
		return t.Run(ctx, a.desk.Handle)
	}
	return a.db.Alone(ctx, "listen/"+t.Name(), func(ctx context.Context) error {
		a.log.InfoContext(ctx, tookOver, "chat", t.Name())
		return t.Run(ctx, a.desk.Handle)
	})
}

// tookOver is what the log says when a replica begins to listen to a chat.
const tookOver = "this replica listens to a chat now"

// lease is after how long the others take over what a replica that died was
// doing: soon, since a manager may be waiting for it. It must stay below what a
// call to a shop whose answer was lost is given to show. One process alone takes
// over at its next start; 0 means the usual.
func (a *app) lease() time.Duration {
	if a.db.Kind() == store.Postgres {
		return 10 * time.Second
	}
	return 0
}
