package main

import (
	"fmt"
	"os"
	"time"

	"helloworld/bot/chat/slack/slackfake"
	"helloworld/bot/chat/telegram/telegramfake"
	"helloworld/connectors/sandbox"
)

type sandboxCmd struct {
	Listen   string        `default:"127.0.0.1:8090" help:"Address of the shops."`
	Slack    string        `default:"" help:"Address of the Slack fake; empty for none."`
	Telegram string        `default:"" help:"Address of the Telegram fake; empty for none."`
	Orders   int           `default:"40" help:"Orders in each shop."`
	Skus     int           `default:"16" help:"Listings in each shop."`
	Shops    int           `default:"0" help:"How many shops; 0 means one of each platform."`
	Back     string        `default:"" help:"Where sellers are sent who have granted access: http://127.0.0.1:8080/connect"`
	Seed     int64         `default:"1" help:"Decides everything that looks like chance."`
	Every    time.Duration `default:"0s" help:"How often a buyer writes; 0 for never."`
	NoLimits bool          `help:"The chats' fakes do not limit how fast one may post."`
	Settle   time.Duration `default:"2s" help:"How long a refund stays pending where platforms settle later."`
	Lag      time.Duration `default:"0s" help:"How long answers are on their way after what was asked was done."`
	Ledger   string        `default:"" help:"File that every refund and message is written to as it happens."`
	Keep     string        `default:"" help:"File in which the shops remember what was done, so that they know it after a restart."`
}

// Run serves sandbox shops, and the chats' fakes, until it is told to stop.
func (c sandboxCmd) Run(w *world) error {
	o := sandbox.Options{Seed: c.Seed, Orders: c.Orders, Items: c.Skus, Redirect: c.Back, LedgerFile: c.Keep, Settle: c.Settle, Lag: c.Lag, Log: logger("warn", w)}
	if c.Shops > 0 {
		o.Stores = sandbox.Stores(c.Shops)
	}
	if c.Ledger != "" {
		f, err := os.OpenFile(c.Ledger, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		o.Ledger = f
	}
	s, err := openShops(w.ctx, c.Listen, 0, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "shops %s\n", s.url)
	// The fakes listen for themselves: only so do they know the address that
	// stands in what they hand out (response URLs, files).
	if c.Slack != "" {
		f := slackfake.New(slackfake.Options{NoLimits: c.NoLimits, Lag: c.Lag})
		if err := f.Start(c.Slack); err != nil {
			return err
		}
		defer f.Close()
		fmt.Fprintf(w.out, "slack %s\n", f.URL())
	}
	if c.Telegram != "" {
		f := telegramfake.New(telegramfake.Options{NoLimits: c.NoLimits, Lag: c.Lag})
		if err := f.Start(c.Telegram); err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		fmt.Fprintf(w.out, "telegram %s\n", f.URL())
	}
	if c.Every > 0 {
		go s.world.Live(w.ctx, c.Every)
	}
	<-w.ctx.Done()
	return nil
}
