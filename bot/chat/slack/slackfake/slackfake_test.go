package slackfake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"helloworld/bot/chat/slack/slackfake"
)

const (
	anna = "U0ANNA"
	shop = "C0SHOP"
)

func start(t *testing.T, o slackfake.Options) (*slackfake.Server, *slackgo.Client) {
	t.Helper()
	s := slackfake.New(o)
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, slackgo.New("xoxb-fake", slackgo.OptionAppLevelToken("xapp-fake"), slackgo.OptionAPIURL(s.API()))
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// listen runs somebody else's Socket Mode client; it acknowledges what ack says.
func listen(t *testing.T, s *slackfake.Server, api *slackgo.Client, ack func(socketmode.Event) bool) <-chan socketmode.Event {
	t.Helper()
	c := socketmode.New(api)
	ctx, cancel := context.WithCancel(context.Background())
	out := make(chan socketmode.Event, 1000)
	var wg sync.WaitGroup
	wg.Go(func() { _ = c.RunContext(ctx) })
	wg.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-c.Events:
				if e.Request == nil || e.Request.EnvelopeID == "" {
					continue
				}
				if ack(e) {
					_ = c.AckCtx(ctx, e.Request.EnvelopeID, nil)
				}
				out <- e
			}
		}
	})
	t.Cleanup(func() { cancel(); s.DropSockets(); wg.Wait() })
	waitFor(t, "opening a socket", func() bool { return s.Sockets() > 0 })
	return out
}

func always(socketmode.Event) bool { return true }

func next(t *testing.T, events <-chan socketmode.Event, kind socketmode.EventType) socketmode.Event {
	t.Helper()
	select {
	case e := <-events:
		if e.Type != kind {
			t.Fatalf("an event of type %s came, want %s", e.Type, kind)
		}
		return e
	case <-time.After(20 * time.Second):
		t.Fatal("no event came")
		return socketmode.Event{}
	}
}

func TestAnotherClientUnderstandsEvents(t *testing.T) {
	t.Parallel()
	s, api := start(t, slackfake.Options{NoLimits: true})
	events := listen(t, s, api, always)

	if _, err := s.Command(anna, shop, "/refund 1234 a&b", false); err != nil {
		t.Fatal(err)
	}
	cmd, ok := next(t, events, socketmode.EventTypeSlashCommand).Data.(slackgo.SlashCommand)
	if !ok || cmd.Command != "/refund" || cmd.Text != "1234 a&amp;b" || cmd.UserID != anna || cmd.ChannelID != shop || cmd.TriggerID == "" {
		t.Errorf("command %+v", cmd)
	}
	ts := s.Say(anna, shop, "", "<!channel> hello")
	outer, _ := next(t, events, socketmode.EventTypeEventsAPI).Data.(slackevents.EventsAPIEvent)
	if m, ok := outer.InnerEvent.Data.(*slackevents.MessageEvent); !ok || m.Text != "&lt;!channel&gt; hello" || m.TimeStamp != ts || m.User != anna {
		t.Errorf("message %+v", outer.InnerEvent.Data)
	}
	if err := s.Edit(anna, shop, ts, "changed"); err != nil {
		t.Fatal(err)
	}
	outer, _ = next(t, events, socketmode.EventTypeEventsAPI).Data.(slackevents.EventsAPIEvent)
	if m, ok := outer.InnerEvent.Data.(*slackevents.MessageEvent); !ok || m.SubType != "message_changed" || m.Message == nil || m.Message.Text != "changed" {
		t.Errorf("change %+v", outer.InnerEvent.Data)
	}
	if _, err := s.Command(anna, shop, "/refund", true); err == nil {
		t.Error("a command was taken in a thread")
	}

	button := slackgo.NewButtonBlockElement("a1", "tok", slackgo.NewTextBlockObject("plain_text", "Go", false, false))
	_, posted, err := api.PostMessageContext(t.Context(), shop, slackgo.MsgOptionText("hi", false), slackgo.MsgOptionBlocks(slackgo.NewActionBlock("b1", button)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Press(anna, shop, posted, "Go"); err != nil {
		t.Fatal(err)
	}
	press, ok := next(t, events, socketmode.EventTypeInteractive).Data.(slackgo.InteractionCallback)
	if !ok || press.Type != slackgo.InteractionTypeBlockActions || press.ActionCallback.BlockActions[0].Value != "tok" || press.Container.MessageTs != posted {
		t.Errorf("press %+v", press)
	}
	view := slackgo.ModalViewRequest{
		Type: "modal", CallbackID: "cb", Title: slackgo.NewTextBlockObject("plain_text", "T", false, false), Submit: slackgo.NewTextBlockObject("plain_text", "S", false, false),
		Blocks: slackgo.Blocks{BlockSet: []slackgo.Block{slackgo.NewInputBlock("amount", slackgo.NewTextBlockObject("plain_text", "A", false, false), nil, slackgo.NewPlainTextInputBlockElement(nil, "v"))}},
	}
	if _, err := api.OpenViewContext(t.Context(), press.TriggerID, view); err != nil {
		t.Fatal(err)
	}
	if _, err := api.OpenViewContext(t.Context(), press.TriggerID, view); err == nil || err.Error() != "exchanged_trigger_id" {
		t.Errorf("a trigger works twice: %v", err)
	}
	if err := s.Submit(anna, map[string]string{"amount": "20"}); err != nil {
		t.Fatal(err)
	}
	done, ok := next(t, events, socketmode.EventTypeInteractive).Data.(slackgo.InteractionCallback)
	if !ok || done.View.CallbackID != "cb" || done.View.State.Values["amount"]["v"].Value != "20" {
		t.Errorf("submission %+v", done.View)
	}
	waitFor(t, "the modal closing", func() bool { return s.Views(anna)[0].State == "submitted" })
	if c := s.Counts(); c.Acked != c.Delivered || c.Pending != 0 {
		t.Errorf("counts %+v", c)
	}
}

func TestAnotherClientCallsMethods(t *testing.T) {
	t.Parallel()
	s, api := start(t, slackfake.Options{NoLimits: true})
	ctx := t.Context()
	if who, err := api.AuthTestContext(ctx); err != nil || who.UserID != slackfake.BotUser {
		t.Errorf("auth.test: %+v, %v", who, err)
	}
	_, root, err := api.PostMessageContext(ctx, shop, slackgo.MsgOptionText("one", false), slackgo.MsgOptionMetadata(slackgo.SlackMetadata{EventType: "desk_card", EventPayload: map[string]any{"key": "k1"}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.PostMessageContext(ctx, shop, slackgo.MsgOptionText("two", false), slackgo.MsgOptionTS(root)); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := api.UpdateMessageContext(ctx, shop, root, slackgo.MsgOptionText("one, changed", false)); err != nil {
		t.Fatal(err)
	}
	h, err := api.GetConversationHistoryContext(ctx, &slackgo.GetConversationHistoryParameters{ChannelID: shop, IncludeAllMetadata: true})
	if err != nil || len(h.Messages) != 1 || h.Messages[0].Text != "one, changed" || h.Messages[0].Metadata.EventPayload["key"] != "k1" {
		t.Errorf("history: %+v, %v", h, err)
	}
	r, _, _, err := api.GetConversationRepliesContext(ctx, &slackgo.GetConversationRepliesParameters{ChannelID: shop, Timestamp: root})
	if err != nil || len(r) != 2 || r[1].Text != "two" {
		t.Errorf("replies: %+v, %v", r, err)
	}
	if _, err := api.PostEphemeralContext(ctx, shop, anna, slackgo.MsgOptionText("psst", false)); err != nil || len(s.Ephemerals(anna)) != 1 {
		t.Errorf("ephemeral: %v", err)
	}
	if u, err := api.GetUserInfoContext(ctx, "U0BEN"); err != nil || u.Locale != "de-DE" {
		t.Errorf("users.info: %+v, %v", u, err)
	}
	if c, _, _, err := api.OpenConversationContext(ctx, &slackgo.OpenConversationParameters{Users: []string{anna}}); err != nil || c.ID != "D"+anna {
		t.Errorf("conversations.open: %+v, %v", c, err)
	}
	if _, err := api.UploadFileContext(ctx, slackgo.UploadFileParameters{Content: "a,b\n", Filename: "a.csv", FileSize: 4, Channel: shop, ThreadTimestamp: root}); err != nil {
		t.Errorf("upload: %v", err)
	}
	if all := s.Messages(shop); len(all) != 3 || len(all[2].Files) != 1 || all[2].Files[0].Size != 4 {
		t.Errorf("shown is %+v", all)
	}
	if err := api.AddReactionContext(ctx, "eyes", slackgo.NewRefToMessage(shop, root)); err != nil {
		t.Errorf("reactions.add: %v", err)
	}
}

func TestSlacksRefusals(t *testing.T) {
	t.Parallel()
	s, api := start(t, slackfake.Options{NoLimits: true})
	s.AddChannel("C0OLD", "old")
	s.Archive("C0OLD")
	s.AddChannel("C0OUT", "out")
	s.Kick("C0OUT")
	text := func(n int) slackgo.MsgOption { return slackgo.MsgOptionText(strings.Repeat("x", n), false) }
	plain := func(n int) *slackgo.TextBlockObject {
		return slackgo.NewTextBlockObject("plain_text", strings.Repeat("x", n), false, false)
	}
	button := func(label, value int) slackgo.MsgOption {
		return slackgo.MsgOptionBlocks(slackgo.NewActionBlock("", slackgo.NewButtonBlockElement("a", strings.Repeat("v", value), plain(label))))
	}
	var many []slackgo.Block
	for range 51 {
		many = append(many, slackgo.NewDividerBlock())
	}
	for _, tt := range []struct {
		name, channel, want string
		option              slackgo.MsgOption
	}{
		{"fits", shop, "", text(40000)},
		{"too long", shop, "msg_too_long", text(40001)},
		{"nothing", shop, "no_text", text(0)},
		{"no channel", "C0NONE", "channel_not_found", text(1)},
		{"archived", "C0OLD", "is_archived", text(1)},
		{"not in", "C0OUT", "not_in_channel", text(1)},
		{"block fits", shop, "", slackgo.MsgOptionBlocks(slackgo.NewSectionBlock(plain(3000), nil, nil))},
		{"block too long", shop, "invalid_blocks", slackgo.MsgOptionBlocks(slackgo.NewSectionBlock(plain(3001), nil, nil))},
		{"header too long", shop, "invalid_blocks", slackgo.MsgOptionBlocks(slackgo.NewHeaderBlock(plain(151)))},
		{"too many blocks", shop, "invalid_blocks", slackgo.MsgOptionBlocks(many...)},
		{"button fits", shop, "", button(75, 2000)},
		{"label too long", shop, "invalid_blocks", button(76, 1)},
		{"value too long", shop, "invalid_blocks", button(1, 2001)},
	} {
		_, _, err := api.PostMessageContext(t.Context(), tt.channel, tt.option)
		if got := errText(err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for token, want := range map[string]string{"xoxb-other": "invalid_auth", "xapp-fake": "not_allowed_token_type", "": "not_authed"} {
		_, err := slackgo.New(token, slackgo.OptionAPIURL(s.API())).AuthTestContext(t.Context())
		if errText(err) != want {
			t.Errorf("token %q: %v, want %s", token, err, want)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPaceOfPosts(t *testing.T) {
	t.Parallel()
	now := time.Unix(1800000000, 0)
	var mu sync.Mutex
	s, api := start(t, slackfake.Options{Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	sent := 0
	for range 10 {
		_, _, err := api.PostMessageContext(t.Context(), shop, slackgo.MsgOptionText("x", false))
		var limited *slackgo.RateLimitedError
		if errors.As(err, &limited) && limited.RetryAfter >= time.Second {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		sent++
	}
	if sent != 4 || s.Refusals() != 6 {
		t.Errorf("%d passed and %d were refused, want 4 and 6", sent, s.Refusals())
	}
	mu.Lock()
	now = now.Add(time.Second)
	mu.Unlock()
	if _, _, err := api.PostMessageContext(t.Context(), shop, slackgo.MsgOptionText("x", false)); err != nil {
		t.Errorf("a second later: %v", err)
	}
	if _, _, err := api.PostMessageContext(t.Context(), "C0OPS", slackgo.MsgOptionText("x", false)); err != nil {
		t.Errorf("another channel: %v", err)
	}
}

func TestUnacknowledgedEventsComeAgain(t *testing.T) {
	t.Parallel()
	s, api := start(t, slackfake.Options{NoLimits: true, Redeliver: 50 * time.Millisecond})
	events := listen(t, s, api, func(e socketmode.Event) bool { return e.Request.RetryAttempt >= 2 })
	s.Say(anna, shop, "", "again")
	ids := map[string]bool{}
	for range 3 {
		e := next(t, events, socketmode.EventTypeEventsAPI)
		outer, _ := e.Data.(slackevents.EventsAPIEvent)
		cb, _ := outer.Data.(*slackevents.EventsAPICallbackEvent)
		ids[cb.EventID] = true
	}
	if len(ids) != 1 {
		t.Errorf("one event has %d ids", len(ids))
	}
	waitFor(t, "the acknowledgement", func() bool { return s.Acks() == 1 })
	if c := s.Counts(); c.Delivered != 3 || c.Timeouts != 0 {
		t.Errorf("counts %+v", c)
	}
}

func TestLostSocketSendsElsewhere(t *testing.T) {
	t.Parallel()
	s, api := start(t, slackfake.Options{NoLimits: true, Redeliver: time.Hour})
	var mu sync.Mutex
	seen := 0
	events := listen(t, s, api, func(socketmode.Event) bool { mu.Lock(); defer mu.Unlock(); seen++; return seen > 1 })
	s.Say(anna, shop, "", "do not lose me")
	next(t, events, socketmode.EventTypeEventsAPI)
	s.DropSockets()
	next(t, events, socketmode.EventTypeEventsAPI)
	waitFor(t, "the acknowledgement", func() bool { return s.Acks() == 1 })
}

func TestControlPages(t *testing.T) {
	t.Parallel()
	var book bytes.Buffer
	s, api := start(t, slackfake.Options{NoLimits: true, Ledger: &book})
	events := listen(t, s, api, always)
	call := func(path, body string) (int, string) {
		res, err := http.Post(s.URL()+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	if code, b := call("/fake/command", `{"user":"U0ANNA","channel":"C0SHOP","text":"/refund 1"}`); code != 200 {
		t.Errorf("command: %d %s", code, b)
	}
	next(t, events, socketmode.EventTypeSlashCommand)
	if code, b := call("/fake/say", `{"user":"U0ANNA","channel":"C0SHOP","text":"hi"}`); code != 200 {
		t.Errorf("say: %d %s", code, b)
	}
	next(t, events, socketmode.EventTypeEventsAPI)
	if code, _ := call("/fake/press", `{"user":"U0ANNA","channel":"C0SHOP","ts":"1.1","button":"x"}`); code != http.StatusConflict {
		t.Errorf("pressing nothing: %d", code)
	}
	if code, _ := call("/fake/say", `{`); code != http.StatusBadRequest {
		t.Errorf("broken JSON: %d", code)
	}
	call("/fake/fault", `{"method":"chat.postMessage","kind":"500","n":1}`)
	if _, _, err := api.PostMessageContext(t.Context(), shop, slackgo.MsgOptionText("x", false)); err == nil {
		t.Error("the fault did not happen")
	}
	waitFor(t, "both acknowledgements", func() bool { return s.Acks() == 2 })
	res, err := http.Get(s.URL() + "/fake/state?channel=C0SHOP")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var st slackfake.State
	if err := json.NewDecoder(res.Body).Decode(&st); err != nil || len(st.Messages) != 1 || st.Messages[0].Words != "hi" || st.Counts.Acked != 2 {
		t.Errorf("state %+v, %v", st, err)
	}
	kinds := map[string]int{}
	for _, e := range s.Ledger() {
		kinds[e.What]++
	}
	if kinds["deliver"] != 2 || kinds["ack"] != 2 {
		t.Errorf("ledger %v", kinds)
	}
	s.Close()
	if n := bytes.Count(book.Bytes(), []byte("\n")); n != len(s.Ledger()) {
		t.Errorf("%d lines were written of %d", n, len(s.Ledger()))
	}
}
