package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"helloworld/bot/chat/slack/slackfake"
	"helloworld/bot/chat/telegram/telegramfake"
	"helloworld/connectors/sandbox"
)

// TestIndependentClients lets other people's clients judge the fakes and the
// sandbox shops. The adapters and the fakes are ours: what both of them misread
// would never show between them.
func TestIndependentClients(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("npm packages are fetched: not in short mode")
	}
	dir := clients(t)
	t.Run("bolt", func(t *testing.T) { t.Parallel(); boltTalks(t, dir) })
	t.Run("telegraf", func(t *testing.T) { t.Parallel(); telegrafTalks(t, dir) })
	t.Run("ebay-api", func(t *testing.T) { t.Parallel(); ebayShops(t, dir) })
	t.Run("amazon-sp-api", func(t *testing.T) { t.Parallel(); amazonShops(t, dir) })
	t.Run("ebay-api, goods", func(t *testing.T) { t.Parallel(); ebayGoods(t, dir) })
	t.Run("event-notification-nodejs-sdk", func(t *testing.T) { t.Parallel(); ebayNews(t, dir) })
	t.Run("amazon-sp-api, goods; client-sqs", func(t *testing.T) { t.Parallel(); amazonGoods(t, dir) })
	t.Run("shopify-api", func(t *testing.T) { t.Parallel(); shopifyShops(t, dir) })
}

// clients is a folder with the scripts and what they need installed. What was
// installed for the same lock file is used again.
func clients(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: the fakes and the sandbox go unjudged by independent clients (make setup installs it)", tool)
		}
	}
	if err := exec.CommandContext(t.Context(), "node", "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)").Run(); err != nil {
		t.Skip("node is older than 20: the fakes and the sandbox go unjudged by independent clients")
	}
	src := filepath.Join("testdata", "clients")
	names, err := filepath.Glob(filepath.Join(src, "*.*"))
	if err != nil || len(names) < 3 {
		t.Fatalf("%d scripts, %v", len(names), err)
	}
	files, sum := map[string][]byte{}, sha256.New()
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.Base(name)
		files[name] = text
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "helloworld-desk")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(cache, "clients-"+hex.EncodeToString(sum.Sum(nil)[:8]))
	if _, err := os.Stat(want); err == nil {
		return want
	}
	part, err := os.MkdirTemp(cache, "part-") //nolint:usetesting // it is renamed into the cache, which may be another disk
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(part) })
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(part, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
	npm.Dir = part
	if out, err := npm.CombinedOutput(); err != nil {
		t.Skipf("npm ci: %v: the fakes and the sandbox go unjudged by independent clients\n%s", err, out)
	}
	// Whole or not at all; another run may have been faster.
	if err := os.Rename(part, want); err != nil {
		if _, there := os.Stat(want); there != nil {
			t.Fatal(err)
		}
	}
	return want
}

// script is a client that runs.
type script struct {
	t     *testing.T
	lines chan map[string]any
	in    io.Closer
	done  chan error
	errs  *strings.Builder
}

func play(t *testing.T, dir, name string, env map[string]string) *script {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(stop)
	cmd := exec.CommandContext(ctx, "node", filepath.Join(dir, name))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "NO_PROXY=*"}
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, lines: make(chan map[string]any, 100), in: in, done: make(chan error, 1), errs: &strings.Builder{}}
	cmd.Stderr = s.errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.lines)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			line := map[string]any{}
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				line = map[string]any{"what": "noise", "text": lines.Text()}
			}
			s.lines <- line
		}
		s.done <- cmd.Wait()
	}()
	return s
}

// next is the next thing that the script says.
func (s *script) next(what string) map[string]any {
	s.t.Helper()
	line, ok := <-s.lines
	switch {
	case !ok:
		err := <-s.done
		s.done <- err
		s.t.Fatalf("the client ended (%v) before it said %q\n%s", err, what, s.errs)
	case line["what"] != what:
		s.t.Fatalf("the client says %v, not %q", line, what)
	}
	return line
}

// end closes the script's input and waits for it.
func (s *script) end() {
	s.t.Helper()
	_ = s.in.Close()
	for line := range s.lines {
		s.t.Errorf("the client goes on: %v", line)
	}
	var exit *exec.ExitError
	if err := <-s.done; errors.As(err, &exit) || err != nil {
		s.t.Errorf("the client ended with %v\n%s", err, s.errs)
	}
}

// is holds fields of what was said to what is expected of them.
func is(t *testing.T, line map[string]any, want map[string]any) {
	t.Helper()
	for k, v := range want {
		if got := fmt.Sprint(line[k]); got != fmt.Sprint(v) {
			t.Errorf("%v: %s is %s, not %v", line["what"], k, got, v)
		}
	}
}

func boltTalks(t *testing.T, dir string) {
	s := slackfake.New(slackfake.Options{NoLimits: true})
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	const shop, anna = "C0SHOP", "U0ANNA"
	c := play(t, dir, "slack.mjs", map[string]string{"BOT_TOKEN": "xoxb-fake", "APP_TOKEN": "xapp-fake", "API": s.API(), "CHANNEL": shop})
	is(t, c.next("ready"), map[string]any{"me": slackfake.BotUser, "refused": "channel_not_found"})

	if _, err := s.Command(anna, shop, "/desk refund 1234 退款 <b>", false); err != nil {
		t.Fatal(err)
	}
	card := c.next("command")
	is(t, card, map[string]any{"text": "refund 1234 退款 &lt;b&gt;", "user": anna, "channel": shop})
	ts, _ := card["ts"].(string)
	if got := s.Ephemerals(anna); len(got) != 1 || got[0].Text != "asked" {
		t.Errorf("the answer to the command: %+v", got)
	}

	if _, err := s.Press(anna, shop, ts, "Approve"); err != nil {
		t.Fatal(err)
	}
	is(t, c.next("press"), map[string]any{"user": anna, "value": "v1"})
	if err := s.Submit(anna, map[string]string{"note": "arrived broken"}); err != nil {
		t.Fatal(err)
	}
	is(t, c.next("form"), map[string]any{"note": "arrived broken", "name": "anna", "replies": []string{"Refunded: arrived broken", "in the thread"}})

	s.Mention(anna, shop, ts, "what now?")
	is(t, c.next("mention"), map[string]any{"text": "<@" + slackfake.BotUser + "> what now?", "user": anna, "thread": ts})
	c.end()

	var texts []string
	for _, m := range s.Messages(shop) {
		if m.Bot != "" {
			texts = append(texts, m.Text+" "+fmt.Sprint(m.Thread == ts))
		}
	}
	if want := []string{"Refunded: arrived broken false", "in the thread true", "heard true"}; !slices.Equal(texts, want) {
		t.Errorf("the channel holds %q, not %q", texts, want)
	}
	if n := s.Counts(); n.Acked < 4 {
		t.Errorf("not everything was acknowledged: %+v", n)
	}
}

func telegrafTalks(t *testing.T, dir string) {
	s := telegramfake.New(telegramfake.Options{NoLimits: true})
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	const group = -100500
	anna := telegramfake.User{ID: 7, FirstName: "Anna", Language: "de"}
	s.AddUser(anna, true)
	s.AddGroup(group, "Leads", false)
	c := play(t, dir, "telegram.mjs", map[string]string{"TOKEN": s.Token(), "API": s.URL(), "CHAT": fmt.Sprint(group)})
	is(t, c.next("ready"), map[string]any{"me": "desk_bot", "menu": []any{map[string]any{"command": "refund", "description": "Give money back"}},
		"refused": "400 Bad Request: chat not found", "unparsed": 400})

	s.Say(anna, group, "/refund@desk_bot 1234 退款", 0)
	card := c.next("command")
	is(t, card, map[string]any{"text": "/refund@desk_bot 1234 退款", "from": 7, "shown": "Refund 59.90 <EUR>"})
	id, _ := card["message"].(float64)
	if _, err := s.Press(anna, group, int(id), "Approve"); err != nil {
		t.Fatal(err)
	}
	is(t, c.next("press"), map[string]any{"from": 7, "match": "1"})
	s.Say(anna, anna.ID, "photo", 0)
	is(t, c.next("files"), map[string]any{"photos": 2, "caption": "seen", "name": "orders.csv", "back": "a,b\n"})
	s.Say(anna, anna.ID, "你好 👋", 0)
	is(t, c.next("message"), map[string]any{"text": "你好 👋", "chat": 7})
	c.end()

	posts := s.Posts(group)
	if len(posts) != 1 || posts[0].Text != "Refunded 59.90 EUR" || posts[0].Edits != 1 || len(posts[0].Buttons) != 0 {
		t.Errorf("the group sees %+v", posts)
	}
	if a := s.CallbackAnswers(); len(a) != 1 || a[0].Text != "done" {
		t.Errorf("the press was answered by %+v", a)
	}
	if n := s.Waiting(); n != 0 {
		t.Errorf("%d updates were never confirmed", n)
	}
}

// shop serves a sandbox world and tells how to reach one of its stores, and an
// order in it that can be refunded.
func shop(t *testing.T, name string) (w *sandbox.World, o sandbox.OrderInfo, env map[string]string) {
	t.Helper()
	return shopLike(t, name, sandbox.Options{}, func(o sandbox.OrderInfo) bool {
		return o.Refunded.IsZero() && o.Status == "shipped" && len(o.Lines) == 1
	})
}

func shopLike(t *testing.T, name string, opt sandbox.Options, fits func(sandbox.OrderInfo) bool) (w *sandbox.World, o sandbox.OrderInfo, env map[string]string) {
	t.Helper()
	opt.Seed, opt.Orders, opt.Settle = 3, 17, 20*time.Millisecond
	w, err := sandbox.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.Handler())
	t.Cleanup(srv.Close)
	a, err := w.Account(name)
	if err != nil {
		t.Fatal(err)
	}
	orders, err := w.Orders(name)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(orders, fits)
	if i < 0 {
		t.Fatal("the world holds no order like that")
	}
	env = map[string]string{"BASE": srv.URL + a.Path, "CLIENT_ID": a.ClientID, "CLIENT_SECRET": a.Secret, "REFRESH": a.Refresh,
		"SELLER": a.Seller, "MARKETPLACE": a.Marketplace, "ORDER": orders[i].ID}
	if q := a.Queue; q != nil {
		for k, v := range map[string]string{"URL": q.URL, "PATH": q.Path, "ARN": q.ARN, "REGION": q.Region, "KEY_ID": q.KeyID, "SECRET": q.Secret} {
			env["QUEUE_"+k] = v
		}
	}
	return w, orders[i], env
}

func ebayShops(t *testing.T, dir string) {
	w, o, env := shop(t, "ebay-de")
	if err := w.Say(sandbox.BuyerMessage{Store: "ebay-de", Order: o.ID, Text: "Wo ist mein Paket?"}); err != nil {
		t.Fatal(err)
	}
	c := play(t, dir, "ebay.mjs", env)
	got := c.next("done")
	c.end()
	is(t, got, map[string]any{"orders": 17, "distinct": 17, "pages": 4, "currency": o.Total.Currency, "heard": []string{"Wo ist mein Paket?"}})
	is(t, got, map[string]any{"value": o.Total.Decimal()})
	if got["refund"] == nil || got["sent"] == nil {
		t.Errorf("no ids were given: %v", got)
	}
	l := w.Ledger()
	if len(l.Refunds) != 1 || l.Refunds[0].Order != o.ID || l.Refunds[0].Amount != o.Total {
		t.Errorf("the ledger holds %+v", l.Refunds)
	}
	if !slices.ContainsFunc(l.Messages, func(m sandbox.MessageEntry) bool { return m.Text == "Danke für Ihre Nachricht" }) {
		t.Errorf("the buyer never got the answer: %+v", l.Messages)
	}
}

func amazonShops(t *testing.T, dir string) {
	w, o, env := shop(t, "amazon-jp")
	c := play(t, dir, "amazon.mjs", env)
	got := c.next("done")
	c.end()
	is(t, got, map[string]any{"orders": 17, "distinct": 17, "pages": 3, "status": "DONE", "processed": 1, "successful": 1,
		"marketplace": env["MARKETPLACE"], "refused": "NotFound"})
	if l := w.Ledger(); len(l.Refunds) != 1 || l.Refunds[0].Order != o.ID || l.Refunds[0].Amount.Currency != o.Total.Currency {
		t.Errorf("the ledger holds %+v", l.Refunds)
	}
}
