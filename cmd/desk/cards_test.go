package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"helloworld/bot"
	"helloworld/bot/chat"
	"helloworld/bot/chat/slack"
	"helloworld/bot/chat/slack/slackfake"
	"helloworld/bot/chat/telegram"
	"helloworld/bot/chat/telegram/telegramfake"
	"helloworld/commands"
	"helloworld/i18n"
)

var updateCards = flag.Bool("update-cards", false, "write the golden files of the cards anew")

// shownSlack and shownTelegram are a message as the networks were sent it.
type shownSlack struct {
	Text   string          `json:"text"`
	Blocks json.RawMessage `json:"blocks"`
}

type shownTelegram struct {
	Source  string                  `json:"source,omitempty"`
	Photo   string                  `json:"photo,omitempty"`
	Buttons [][]telegramfake.Button `json:"buttons,omitempty"`
}

// TestCardGoldens posts every card of the desk to the fakes of both chats, which
// refuse what the networks would refuse, and compares what was sent.
func TestCardGoldens(t *testing.T) {
	t.Parallel()
	const shop, group = "C0SHOP", -100
	workspace := slackfake.New(slackfake.Options{NoLimits: true})
	if err := workspace.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(workspace.Close)
	messenger := telegramfake.New(telegramfake.Options{NoLimits: true})
	if err := messenger.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = messenger.Close() })
	messenger.AddGroup(group, "shop", false)
	s, err := slack.New(slack.Config{BotToken: "xoxb-fake", AppToken: "xapp-fake", BaseURL: workspace.API(), Words: slackWords{}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := telegram.New(telegram.Config{Token: telegram.Secret(messenger.Token()), BaseURL: messenger.URL(), Words: telegramWords, Apart: -1})
	if err != nil {
		t.Fatal(err)
	}
	post := func(tr chat.Transport, channel string, c chat.Card) {
		t.Helper()
		to := chat.Place{Chat: tr.Name(), Channel: channel}
		for _, part := range chat.Fit(c, tr.Limits(to)) {
			if _, err := tr.Post(t.Context(), to, part); err != nil {
				t.Fatalf("%s takes %q: %v", tr.Name(), c.Title, err)
			}
		}
	}
	type shown struct {
		Slack    []shownSlack    `json:"slack"`
		Telegram []shownTelegram `json:"telegram"`
	}
	all := map[string]map[string]shown{}
	for _, tag := range i18n.Langs() {
		p := i18n.For(tag)
		for _, x := range append(bot.Samples(p), bot.Sample{Name: "help", Card: commands.HelpCard(p, commands.All)}) {
			before, earlier := len(workspace.Messages(shop)), len(messenger.Messages(group))
			post(s, shop, x.Card)
			post(g, strconv.Itoa(group), x.Card)
			var out shown
			for _, m := range workspace.Messages(shop)[before:] {
				out.Slack = append(out.Slack, shownSlack{m.Text, m.Blocks})
			}
			for _, m := range messenger.Messages(group)[earlier:] {
				out.Telegram = append(out.Telegram, shownTelegram{m.Source, m.Photo, m.Buttons})
			}
			if all[x.Name] == nil {
				all[x.Name] = map[string]shown{}
			}
			all[x.Name][tag.String()] = out
		}
	}
	for name, langs := range all {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		if err := enc.Encode(langs); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", "cards", name+".json")
		if *updateCards {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, buf.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, buf.Bytes()) {
			t.Errorf("%s differs; -update-cards writes it anew.\n%s", file, buf.Bytes())
		}
	}
}
