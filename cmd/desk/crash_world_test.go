package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helloworld/bot/chat/slack/slackfake"
	"helloworld/bot/chat/telegram/telegramfake"
	"helloworld/connectors/sandbox"
)

// The people, by what the chats call them.
const (
	annaSlack, benSlack, liSlack = "U0ANNA", "U0BEN", "U0LI"

	annaTelegram, benTelegram, liTelegram int64 = 7001, 7002, 7003
)

// caraRoom is the console's room in which refunds are decided.
const caraRoom = "approvals"

// chatPlace is a channel of either chat.
type chatPlace struct {
	slack    string
	telegram int64
}

func (p chatPlace) config() string {
	if p.slack != "" {
		return "slack:" + p.slack
	}
	return fmt.Sprintf("telegram:%d", p.telegram)
}

// chatCorner is the two places of one store in one chat.
type chatCorner struct{ messages, approvals chatPlace }

// elsewhere is the process of shops and chats.
type elsewhere struct {
	shops, slack, telegram string
	accounts               []sandbox.Account
	env                    []string
	// corners are the places of a store, in Slack and in Telegram.
	corners map[string][2]chatCorner
	// ops is where commands are typed.
	ops    [2]chatPlace
	alerts chatPlace
	client *http.Client
}

func startSandbox(t *testing.T, dir string) *elsewhere {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "sandbox.log"))
	if err != nil {
		t.Fatal(err)
	}
	c := spawn(t, "sandbox", f)
	t.Cleanup(func() {
		c.kill()
		_ = f.Close()
	})
	w := &elsewhere{corners: map[string][2]chatCorner{}, client: &http.Client{Timeout: 20 * time.Second}}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, x := range []struct {
		name string
		url  *string
	}{{"shops", &w.shops}, {"slack", &w.slack}, {"telegram", &w.telegram}} {
		var ok bool
		if *x.url, ok = c.line(ctx, x.name+" "); !ok {
			t.Fatalf("the sandbox does not say where its %s is", x.name)
		}
	}
	return w
}

// furnish makes the channels and the people.
func (w *elsewhere) furnish(t *testing.T) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.get(w.shops+"/control/accounts", &w.accounts))
	made := 0
	room := func(chat int, name string) chatPlace {
		made++
		if chat == 0 {
			p := chatPlace{slack: fmt.Sprintf("C0ROOM%03d", made)}
			must(w.post(w.slack+"/fake/channel", map[string]any{"id": p.slack, "name": name}, nil))
			return p
		}
		p := chatPlace{telegram: -1001000000000 - int64(made)}
		must(w.post(w.telegram+"/fake/chat", map[string]any{"chat": p.telegram, "title": name}, nil))
		return p
	}
	for _, a := range w.accounts {
		var both [2]chatCorner
		for chat := range both {
			both[chat] = chatCorner{room(chat, a.Name+"-messages"), room(chat, a.Name+"-approvals")}
		}
		w.corners[a.Name] = both
	}
	w.ops = [2]chatPlace{room(0, "desk-ops"), room(1, "desk-ops")}
	w.alerts = room(0, "alerts")
	for id, name := range map[int64]string{annaTelegram: "Anna", benTelegram: "Ben", liTelegram: "Li"} {
		must(w.post(w.telegram+"/fake/user", map[string]any{"user": map[string]any{"id": id, "first_name": name, "language_code": "en"}, "started": true}, nil))
	}
}

// writeConfig writes the desk's configuration and sets its secrets aside.
func (w *elsewhere) writeConfig(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	line("[desk]\ndata = %q\nlisten = \"127.0.0.1:0\"\ntimezone = \"UTC\"\nlog = \"info\"\npull = \"1s\"", filepath.Join(dir, "data"))
	line("[refunds]\nvotes = 1\nsettle = \"1s\"")
	line("[slack]\non = true\nbase_url = %q", w.slack+"/api/")
	line("[telegram]\non = true\nbase_url = %q", w.telegram)
	w.env = []string{"DESK_SLACK_BOT_TOKEN=xoxb-fake", "DESK_SLACK_APP_TOKEN=xapp-fake", "DESK_TELEGRAM_TOKEN=42:fake-token"}
	var mail struct{ SMTP, IMAP string }
	if err := w.get(w.shops+"/control/mail", &mail); err != nil {
		t.Fatal(err)
	}
	for _, a := range w.accounts {
		id := strings.ToUpper(strings.ReplaceAll(a.Name, "-", "_"))
		w.env = append(w.env, "DESK_"+id+"_CLIENT_SECRET="+a.Secret, "DESK_"+id+"_REFRESH_TOKEN="+a.Refresh)
		line("[[store]]\nid = %q\nplatform = %q\naccount = %q\ncurrency = %q\nlanguage = %q\nbase_url = %q\ntoken_url = %q\nclient_id = %q",
			a.Name, a.Platform, a.Seller, a.Currency, a.Language, w.shops+a.Path, w.shops+a.TokenPath, a.ClientID)
		line("[store.options]")
		if a.Marketplace != "" {
			line("marketplace = %q", a.Marketplace)
		}
		if a.Platform == sandbox.Ebay {
			line("apiz = %q", w.shops+a.Path)
			continue
		}
		line("[store.mail]\nimap = %q\nsmtp = %q\ntls = \"none\"\nuser = %q\nfrom = %q\nkeeps = true", mail.IMAP, mail.SMTP, a.User, a.Address)
		w.env = append(w.env, "DESK_"+id+"_MAIL_PASSWORD="+a.Password)
	}
	for _, p := range []struct {
		id, roles, slack string
		telegram         int64
	}{{"anna", `"agent"`, annaSlack, annaTelegram}, {"ben", `"manager", "agent"`, benSlack, benTelegram}, {"li", `"ops", "agent"`, liSlack, liTelegram}} {
		line("[[person]]\nid = %q\nlanguage = \"en\"\nroles = [%s]\nstores = [\"*\"]\nslack = %q\ntelegram = \"%d\"", p.id, p.roles, p.slack, p.telegram)
	}
	// Cara decides in the console; the link that lets her in is printed at each start.
	line("[[person]]\nid = \"cara\"\nname = \"Cara\"\nlanguage = \"en\"\nroles = [\"manager\", \"admin\"]\nstores = [\"*\"]")
	line("[[channel]]\nplace = \"console:%s\"\nlanguage = \"en\"\nstores = [\"*\"]\ntopics = [\"approvals\"]", caraRoom)
	channel := func(p chatPlace, store, topic string) {
		line("[[channel]]\nplace = %q\nlanguage = \"en\"\nstores = [%q]\ntopics = [%q]", p.config(), store, topic)
	}
	for _, a := range w.accounts {
		for _, c := range w.corners[a.Name] {
			channel(c.messages, a.Name, "messages")
			channel(c.approvals, a.Name, "approvals")
		}
	}
	channel(w.alerts, "*", "alerts")
	path := filepath.Join(dir, "desk.toml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (w *elsewhere) get(u string, into any) error {
	res, err := w.client.Get(u)
	if err != nil {
		return err
	}
	return taken(res, u, into)
}

func (w *elsewhere) post(u string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	res, err := w.client.Post(u, "application/json", bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return taken(res, u, into)
}

func taken(res *http.Response, u string, into any) error {
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", u, res.Status, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// sight is a message as the people see it.
type sight struct {
	id, thread, text string
	bot              bool
	only             string
	card             string
	buttons          []string
}

func (n sight) has(button string) bool {
	for _, b := range n.buttons {
		if b == button {
			return true
		}
	}
	return false
}

// read reads a place as it stands.
func (w *elsewhere) read(p chatPlace) ([]sight, error) {
	if p.slack != "" {
		var st slackfake.State
		if err := w.get(w.slack+"/fake/state?channel="+url.QueryEscape(p.slack), &st); err != nil {
			return nil, err
		}
		var out []sight
		for _, m := range st.Messages {
			n := sight{id: m.TS, thread: m.Thread, text: m.Words, bot: m.Bot != "", only: m.Only, card: m.Card}
			for _, b := range m.Keys {
				n.buttons = append(n.buttons, b.Label)
			}
			out = append(out, n)
		}
		return out, nil
	}
	var st telegramfake.State
	if err := w.get(fmt.Sprintf("%s/fake/state?chat=%d", w.telegram, p.telegram), &st); err != nil {
		return nil, err
	}
	var out []sight
	for _, m := range st.Messages {
		n := sight{id: fmt.Sprint(m.ID), text: m.Text + m.Caption, bot: m.From.IsBot}
		if m.ReplyTo != 0 {
			n.thread = fmt.Sprint(m.ReplyTo)
		}
		for _, row := range m.Buttons {
			for _, b := range row {
				n.buttons = append(n.buttons, b.Text)
			}
		}
		out = append(out, n)
	}
	return out, nil
}
