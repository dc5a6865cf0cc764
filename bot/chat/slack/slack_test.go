package slack

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"helloworld/bot/chat"
	"helloworld/bot/chat/slack/slackfake"
)

var inShop = chat.Place{Chat: "slack", Channel: shop}

func hello(key string) chat.Card {
	return chat.Card{Key: key, Title: "Hello " + key, Lang: "en"}
}

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, c := range []Config{
		{AppToken: "x"}, {BotToken: "x"}, {BotToken: "x", AppToken: "y", BaseURL: "ftp://example.com"},
		{BotToken: "x", AppToken: "y", BaseURL: "::"}, {BotToken: "x", AppToken: "y", Sockets: 11}, {BotToken: "x", AppToken: "y", Sockets: -1},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("New took %+v", c)
		}
	}
}

func TestKindsOfErrors(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true})
	for code, want := range map[string]chat.ErrorKind{
		"channel_not_found": chat.Gone, "not_in_channel": chat.Gone, "is_archived": chat.Gone, "invalid_auth": chat.Denied,
		"token_revoked": chat.Denied, "missing_scope": chat.Denied, "msg_too_long": chat.Rejected, "invalid_blocks": chat.Rejected,
		"no_text": chat.Rejected, "something_new": chat.Rejected, "ratelimited": chat.Busy, "internal_error": chat.Unsure,
		"fatal_error": chat.Unsure, "service_unavailable": chat.Unsure, slackfake.TooMany: chat.Busy, slackfake.TooManyBare: chat.Busy,
		slackfake.Broken: chat.Unsure, slackfake.DropBefore: chat.Unsure, slackfake.LostAfter: chat.Unsure,
	} {
		fake.FailNext("chat.postMessage", code, 1)
		_, err := tr.Post(t.Context(), inShop, hello(code))
		var e *chat.Error
		if !errors.As(err, &e) || e.Kind != want {
			t.Errorf("%s: kind %d, want %d: %v", code, chat.KindOf(err), want, err)
			continue
		}
		if want == chat.Busy && e.RetryAfter != time.Second {
			t.Errorf("%s: to wait %s, want a second", code, e.RetryAfter)
		}
	}
}

func TestRefusedConnectionIsDown(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	tr, err := New(Config{BotToken: botToken, AppToken: appToken, BaseURL: gone.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Post(t.Context(), inShop, hello("a")); chat.KindOf(err) != chat.Down {
		t.Errorf("kind %d: %v", chat.KindOf(err), err)
	}
}

func TestSlowAnswerIsUnsure(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true, Latency: 300 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := tr.Post(ctx, inShop, hello("slow")); chat.KindOf(err) != chat.Unsure || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("kind %d: %v", chat.KindOf(err), err)
	}
	// And it may well have been said.
	waitFor(t, "the late post", func() bool { return len(fake.Messages(shop)) == 1 })
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// running starts Run and gives the events that were written down.
func running(t *testing.T, fake *slackfake.Server, tr *Transport) (<-chan chat.Event, <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	events, done := make(chan chat.Event, 10000), make(chan error, 1)
	go func() { done <- tr.Run(ctx, func(_ context.Context, e chat.Event) error { events <- e; return nil }) }()
	ended := make(chan error, 1)
	var once sync.Once
	go func() {
		err := <-done
		ended <- err
		close(ended)
	}()
	t.Cleanup(func() {
		once.Do(cancel)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Error("Run did not end")
		}
	})
	waitFor(t, "opening sockets", func() bool { return fake.Sockets() >= 2 })
	return events, ended
}

func next(t *testing.T, events <-chan chat.Event) chat.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(20 * time.Second):
		t.Fatal("no event came")
		return chat.Event{}
	}
}

func TestRefreshLosesNothing(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true, Redeliver: 2 * time.Second})
	events, _ := running(t, fake, tr)
	const rounds, each = 5, 40
	got := map[string]bool{}
	for round := range rounds {
		for i := range each {
			if i == each/2 {
				fake.Refresh(20 * time.Millisecond)
			}
			if _, err := fake.Command(anna, shop, "/refund 1", false); err != nil {
				t.Fatal(err)
			}
		}
		// What was on its way when a socket closed comes a second time.
		for len(got) < (round+1)*each {
			got[next(t, events).Key] = true
		}
		waitFor(t, "settling", func() bool { return fake.Sockets() == 2 })
	}
	if len(got) != rounds*each {
		t.Errorf("%d of %d commands came", len(got), rounds*each)
	}
	waitFor(t, "every acknowledgement", func() bool { return fake.Counts().Pending == 0 })
	if c := fake.Counts(); c.Timeouts != 0 {
		t.Errorf("%d commands were not acknowledged in time", c.Timeouts)
	}
}

func TestUnwrittenCommandIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	tried := make(chan string, 10)
	go func() {
		done <- tr.Run(ctx, func(_ context.Context, e chat.Event) error { tried <- e.Text; panic("the store is on fire") })
	}()
	waitFor(t, "opening sockets", func() bool { return fake.Sockets() == 2 })
	if _, err := fake.Command(anna, shop, "/refund 1", false); err != nil {
		t.Fatal(err)
	}
	<-tried
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
	if n := fake.Acks(); n != 0 {
		t.Errorf("%d acknowledgements of what was never written down", n)
	}
}

func TestBadTokenEndsRun(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"auth.test", "apps.connections.open"} {
		fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true})
		fake.FailNext(method, slackfake.Broken, 1) // this alone does not
		fake.FailNext(method, "invalid_auth", 1)
		err := tr.Run(t.Context(), func(context.Context, chat.Event) error { return nil })
		if chat.KindOf(err) != chat.Denied || err == nil || strings.Contains(err.Error(), "xoxb") {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestMentionIsHeardOnce(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true})
	events, _ := running(t, fake, tr)
	keys := map[string]int{}
	for range 20 {
		fake.Mention(anna, shop, "", "refund 1")
		waitFor(t, "both deliveries", func() bool { return fake.Counts().Pending == 0 })
	}
	for len(events) > 0 {
		keys[next(t, events).Key]++
	}
	if len(keys) != 20 {
		t.Errorf("%d mentions were heard, 20 were made", len(keys))
	}
}

func TestPeopleAreLearnt(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true})
	events, _ := running(t, fake, tr)
	fake.Say("U0LI", shop, "", "你好")
	next(t, events)
	var last chat.Event
	waitFor(t, "learning who it is", func() bool {
		fake.Say("U0LI", shop, "", "你好")
		last = next(t, events)
		return last.Account.Locale == "zh-CN"
	})
	if last.Account.Name != "li" {
		t.Errorf("account is %+v", last.Account)
	}
}

func TestWhisper(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true})
	events, _ := running(t, fake, tr)
	if _, err := fake.Command(anna, shop, "/refund help", false); err != nil {
		t.Fatal(err)
	}
	to := next(t, events).Place
	to.Only = anna
	// Five answers go by the response URL, the sixth by an ephemeral message.
	for i := range 6 {
		if _, err := tr.Post(t.Context(), to, hello("w")); err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
	}
	if n := len(fake.Ephemerals(anna)); n != 6 {
		t.Errorf("%d private answers, want 6", n)
	}
	// Out of the channel, the direct chat is left.
	fake.Kick(shop)
	ref, err := tr.Post(t.Context(), to, hello("direct"))
	if err != nil || ref.Channel != "D"+anna || len(fake.Direct(anna)) != 1 || len(fake.Messages(shop)) != 0 {
		t.Errorf("%+v, %v, %+v", ref, err, fake.Direct(anna))
	}
	// A lost answer is not said a second time by another way.
	to.Answering = ""
	fake.FailNext("chat.postEphemeral", slackfake.LostAfter, 1)
	if _, err := tr.Post(t.Context(), to, hello("lost")); chat.KindOf(err) != chat.Unsure || len(fake.Direct(anna)) != 1 {
		t.Errorf("%v, %d direct", err, len(fake.Direct(anna)))
	}
}

func TestStaleHandleIsNotUsed(t *testing.T) {
	t.Parallel()
	now := time.Unix(1800000000, 0)
	tr := offline(t)
	tr.now = func() time.Time { return now }
	h := tr.handle("https://hooks.slack.com/actions/x")
	now = now.Add(28 * time.Minute)
	if link, ok := tr.fresh(h); !ok || link != "https://hooks.slack.com/actions/x" {
		t.Errorf("fresh: %q, %v", link, ok)
	}
	now = now.Add(2 * time.Minute)
	for _, h := range []string{h, "", "x y", "1800000000"} {
		if link, ok := tr.fresh(h); ok {
			t.Errorf("%q gave %q", h, link)
		}
	}
	if err := tr.respond(t.Context(), "http://elsewhere.example/x", message{Text: "x"}); chat.KindOf(err) != chat.Expired {
		t.Errorf("an answer went to somebody else: %v", err)
	}
}

func TestExpiredTrigger(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true})
	events, _ := running(t, fake, tr)
	if _, err := fake.Command(anna, shop, "/refund", false); err != nil {
		t.Fatal(err)
	}
	e := next(t, events)
	f := chat.Form{Token: "tok", Title: strings.Repeat("Title ", 9), Submit: "Go", Inputs: []chat.FormInput{{Name: "a", Label: "A", Kind: chat.Line}}}
	if err := tr.Ask(t.Context(), e.Trigger, f); err != nil {
		t.Fatalf("Ask: %v", err)
	}
	if err := tr.Ask(t.Context(), e.Trigger, f); chat.KindOf(err) != chat.Expired {
		t.Errorf("a trigger works twice: %v", err)
	}
	fake.FailNext("views.open", "expired_trigger_id", 1)
	if err := tr.Ask(t.Context(), e.Trigger, f); chat.KindOf(err) != chat.Expired {
		t.Errorf("an old trigger: %v", err)
	}
	if err := tr.Ask(t.Context(), chat.Trigger{}, f); chat.KindOf(err) != chat.Expired {
		t.Errorf("no trigger: %v", err)
	}
	f.Inputs = []chat.FormInput{{Name: "c", Label: "C", Kind: chat.Choice}}
	if err := tr.Ask(t.Context(), e.Trigger, f); chat.KindOf(err) != chat.Rejected {
		t.Errorf("a choice of nothing: %v", err)
	}
	// Where the form was asked at comes back with the answers.
	if err := fake.Submit(anna, map[string]string{"a": "x"}); err != nil {
		t.Fatal(err)
	}
	if got := next(t, events); got.Kind != chat.Filled || got.Place.Channel != shop {
		t.Errorf("heard %+v", got)
	}
	waitFor(t, "the modal closing", func() bool { return fake.Views(anna)[0].State == "submitted" })
}

func TestPicturesAndFiles(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true})
	events, _ := running(t, fake, tr)
	png := []byte("\x89PNG\r\n\x1a\n0000")
	ref, err := tr.Post(t.Context(), inShop, chat.Card{Key: "p", Title: "Photo", Parts: []chat.Part{{Kind: chat.Image, File: &chat.File{Name: "lid.png", Data: png}}}})
	if err != nil {
		t.Fatal(err)
	}
	all := fake.Messages(shop)
	if len(all) != 2 || all[1].Thread != ref.ID || len(all[1].Files) != 1 || all[1].Files[0].Name != "lid.png" {
		t.Fatalf("shown is %+v", all)
	}
	fake.Share(anna, shop, "", "see", "lid.png", png)
	e := next(t, events)
	if len(e.Files) != 1 || e.Text != "see" {
		t.Fatalf("heard %+v", e)
	}
	data, mime, err := tr.Fetch(t.Context(), e.Files[0])
	if err != nil || string(data) != string(png) || mime != "image/png" {
		t.Errorf("Fetch: %q, %q, %v", data, mime, err)
	}
	// The token goes to nobody else.
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer other.Close()
	if _, _, err := tr.Fetch(t.Context(), chat.File{URL: other.URL + "/x"}); err == nil || asked {
		t.Errorf("a file elsewhere was fetched: %v", err)
	}
	// A picture that cannot be sent does not make the post a failure.
	fake.FailNext("files.getUploadURLExternal", slackfake.Broken, 1)
	if _, err := tr.Post(t.Context(), inShop, chat.Card{Key: "q", Title: "Photo", Parts: []chat.Part{{Kind: chat.Image, File: &chat.File{Name: "lid.png", Data: png}}}}); err != nil {
		t.Errorf("Post: %v", err)
	}
}

func TestPaceIsSlacksNotOurs(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{})
	busy := 0
	for range 12 {
		if _, err := tr.Post(t.Context(), inShop, hello("p")); chat.KindOf(err) == chat.Busy && err != nil {
			busy++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if busy == 0 || busy != fake.Refusals() {
		t.Errorf("%d refusals came back, %d were made", busy, fake.Refusals())
	}
	if n := len(fake.Messages(shop)); n+busy != 12 {
		t.Errorf("%d shown and %d refused of 12: a post was tried again", n, busy)
	}
}

func TestFindTurnsPages(t *testing.T) {
	t.Parallel()
	fake, tr, _ := setUp(t, slackfake.Options{NoLimits: true})
	first, err := tr.Post(t.Context(), inShop, hello("first"))
	if err != nil {
		t.Fatal(err)
	}
	for range 450 {
		fake.Say(anna, shop, "", "chatter")
	}
	got, ok, err := tr.Find(t.Context(), inShop, chat.Ref{}, hello("first"))
	if err != nil || !ok || got.ID != first.ID {
		t.Errorf("Find: %+v, %v, %v", got, ok, err)
	}
	for range 2000 {
		fake.Say(anna, shop, "", "chatter")
	}
	// Too much to look through is not the same as not there.
	if _, ok, err := tr.Find(t.Context(), inShop, chat.Ref{}, hello("first")); ok || err == nil {
		t.Errorf("Find: %v, %v", ok, err)
	}
}
