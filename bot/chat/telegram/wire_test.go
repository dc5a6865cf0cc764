package telegram

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-telegram/bot/models"

	"helloworld/bot/chat"
)

func quiet(t testing.TB) *Transport {
	t.Helper()
	tr, err := New(Config{Token: "42:secret", Now: func() time.Time { return time.Unix(1700000000, 0).UTC() }})
	if err != nil {
		t.Fatal(err)
	}
	tr.me.Store(&models.User{ID: 42, Username: "desk_bot"})
	return tr
}

const (
	private = `"chat":{"id":7,"type":"private"},"from":{"id":7,"first_name":"Anna","last_name":"B","language_code":"zh-hans"},"date":1700000000`
	inGroup = `"chat":{"id":-1005,"type":"supergroup"},"from":{"id":7,"first_name":"Anna"},"date":1700000000`
)

func TestEvents(t *testing.T) {
	t.Parallel()
	type want struct {
		kind            chat.EventKind
		text            string
		channel, thread string
		addressed       bool
		none            bool
	}
	tests := []struct {
		name, body string
		want       want
	}{
		{"private words", `"message":{"message_id":1,` + private + `,"text":"hello"}`, want{kind: chat.Said, text: "hello", channel: "7", addressed: true}},
		{"group words", `"message":{"message_id":1,` + inGroup + `,"text":"hello"}`, want{kind: chat.Said, text: "hello", channel: "-1005"}},
		{"command", `"message":{"message_id":1,` + inGroup + `,"text":"/refund 1234"}`, want{kind: chat.Said, text: "/refund 1234", channel: "-1005", addressed: true}},
		{"command by name", `"message":{"message_id":1,` + inGroup + `,"text":"/refund@Desk_Bot 1234"}`, want{kind: chat.Said, text: "/refund 1234", channel: "-1005", addressed: true}},
		{"another bot's command", `"message":{"message_id":1,` + inGroup + `,"text":"/refund@other_bot 1234"}`, want{kind: chat.Said, text: "/refund@other_bot 1234", channel: "-1005"}},
		{"exclamation mark", `"message":{"message_id":1,` + inGroup + `,"text":"!退款 1234"}`, want{kind: chat.Said, text: "!退款 1234", channel: "-1005", addressed: true}},
		{"full-width slash", `"message":{"message_id":1,` + inGroup + `,"text":"／退款 1234"}`, want{kind: chat.Said, text: "／退款 1234", channel: "-1005", addressed: true}},
		{"only a slash", `"message":{"message_id":1,` + inGroup + `,"text":"/ or so!"}`, want{kind: chat.Said, text: "/ or so!", channel: "-1005"}},
		{"mention first", `"message":{"message_id":1,` + inGroup + `,"text":"@desk_bot, refund 1234"}`, want{kind: chat.Said, text: "refund 1234", channel: "-1005", addressed: true}},
		{"mention last", `"message":{"message_id":1,` + inGroup + `,"text":"refund 1234 @desk_bot"}`, want{kind: chat.Said, text: "refund 1234", channel: "-1005", addressed: true}},
		{"mention amid", `"message":{"message_id":1,` + inGroup + `,"text":"please @desk_bot refund"}`, want{kind: chat.Said, text: "please refund", channel: "-1005", addressed: true}},
		{"another's name", `"message":{"message_id":1,` + inGroup + `,"text":"@desk_bot2 and x@desk_bot"}`, want{kind: chat.Said, text: "@desk_bot2 and x@desk_bot", channel: "-1005"}},
		{"mention without a name", `"message":{"message_id":1,` + inGroup + `,"text":"👩‍👩‍👧 Desk refund","entities":[{"type":"text_mention","offset":9,"length":4,"user":{"id":42}}]}`,
			want{kind: chat.Said, text: "👩‍👩‍👧 refund", channel: "-1005", addressed: true}},
		{"broken offsets", `"message":{"message_id":1,` + inGroup + `,"text":"hi","entities":[{"type":"text_mention","offset":1,"length":9223372036854775807,"user":{"id":42}}]}`,
			want{kind: chat.Said, text: "hi", channel: "-1005"}},
		{"reply to the bot", `"message":{"message_id":9,` + inGroup + `,"text":"yes","reply_to_message":{"message_id":4,"from":{"id":42,"is_bot":true},"chat":{"id":-1005}}}`,
			want{kind: chat.Said, text: "yes", channel: "-1005", thread: "4", addressed: true}},
		{"reply to a person", `"message":{"message_id":9,` + inGroup + `,"text":"yes","reply_to_message":{"message_id":4,"from":{"id":8},"chat":{"id":-1005}}}`,
			want{kind: chat.Said, text: "yes", channel: "-1005", thread: "4"}},
		{"in a topic", `"message":{"message_id":9,"message_thread_id":3,"is_topic_message":true,` + inGroup + `,"text":"yes","reply_to_message":{"message_id":3,"from":{"id":42,"is_bot":true},"chat":{"id":-1005}}}`,
			want{kind: chat.Said, text: "yes", channel: "-1005/3"}},
		{"thread id without a topic", `"message":{"message_id":9,"message_thread_id":4,` + inGroup + `,"text":"yes","reply_to_message":{"message_id":4,"from":{"id":8},"chat":{"id":-1005}}}`,
			want{kind: chat.Said, text: "yes", channel: "-1005", thread: "4"}},
		{"edited", `"edited_message":{"message_id":1,"edit_date":1,` + inGroup + `,"text":"hello!"}`, want{kind: chat.Edited, text: "hello!", channel: "-1005"}},
		{"start", `"message":{"message_id":1,` + private + `,"text":"/start"}`, want{kind: chat.Started, channel: "7", addressed: true}},
		{"start with a code", `"message":{"message_id":1,` + private + `,"text":"/start AbC-12_x"}`, want{kind: chat.Started, text: "AbC-12_x", channel: "7", addressed: true}},
		{"start in a group", `"message":{"message_id":1,` + inGroup + `,"text":"/start AbC"}`, want{kind: chat.Said, text: "/start AbC", channel: "-1005", addressed: true}},
		{"start with a sentence", `"message":{"message_id":1,` + private + `,"text":"/start me up"}`, want{kind: chat.Said, text: "/start me up", channel: "7", addressed: true}},
		{"moved", `"message":{"message_id":1,"chat":{"id":-5,"type":"group"},"date":1,"migrate_to_chat_id":-100123456789012}`, want{kind: chat.Moved, text: "-100123456789012", channel: "-5"}},
		{"picture", `"message":{"message_id":1,` + private + `,"caption":"look","photo":[{"file_id":"s","width":9,"height":9},{"file_id":"L","width":90,"height":90,"file_size":5}]}`,
			want{kind: chat.Said, text: "look", channel: "7", addressed: true}},
		{"sticker", `"message":{"message_id":1,` + private + `,"sticker":{"type":7}}`, want{none: true}},
		{"a bot", `"message":{"message_id":1,"chat":{"id":-5,"type":"group"},"from":{"id":9,"is_bot":true},"date":1,"text":"spam"}`, want{none: true}},
		{"channel post", `"channel_post":{"message_id":1,"chat":{"id":-5},"text":"x"}`, want{none: true}},
		{"press on a message that is gone", `"callback_query":{"id":"9","from":{"id":7},"message":{"message_id":3,"date":0,"chat":{"id":-1005}},"data":"tok"}`,
			want{kind: chat.Pressed, channel: "-1005", addressed: true}},
		{"press without a message", `"callback_query":{"id":"9","from":{"id":7},"inline_message_id":"x","data":"tok"}`, want{none: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := quiet(t)
			u, err := decode(json.RawMessage(`{"update_id":9007199254740995,` + tt.body + `}`))
			if err != nil {
				t.Fatal(err)
			}
			e, ok := tr.event(u)
			if ok == tt.want.none {
				t.Fatalf("an event: %v; %+v", ok, e)
			}
			if !ok {
				return
			}
			got := want{kind: e.Kind, text: e.Text, channel: e.Place.Channel, thread: e.Place.Thread, addressed: e.Addressed}
			if got != tt.want {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
			if e.Key != "u9007199254740995" {
				t.Errorf("key %q", e.Key)
			}
		})
	}
}

func TestEventDetails(t *testing.T) {
	t.Parallel()
	tr := quiet(t)
	read := func(body string) chat.Event {
		u, err := decode(json.RawMessage(`{"update_id":5,` + body + `}`))
		if err != nil {
			t.Fatal(err)
		}
		e, _ := tr.event(u)
		return e
	}
	e := read(`"message":{"message_id":1,` + private + `,"caption":"look","photo":[{"file_id":"s","width":9,"height":9},{"file_id":"L","width":90,"height":90,"file_size":5}]}`)
	if want := []chat.File{{ID: "L", Name: "photo.jpg", MIME: "image/jpeg", Size: 5}}; !reflect.DeepEqual(e.Files, want) {
		t.Errorf("files %+v", e.Files)
	}
	if want := (chat.Account{ID: "7", Name: "Anna B", Locale: "zh-hans"}); e.Account != want {
		t.Errorf("account %+v", e.Account)
	}
	if e.Place.Answering != "msg:1" || e.Ref.ID != "1" || !e.At.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("event %+v", e)
	}
	e = read(`"message":{"message_id":2,` + private + `,"document":{"file_id":"D","file_name":"a.pdf","mime_type":"application/pdf","file_size":6000000000}}`)
	if len(e.Files) != 1 || e.Files[0].Size != 6000000000 || e.Files[0].Name != "a.pdf" {
		t.Errorf("files %+v", e.Files)
	}
	// An anonymous administrator shares an account with all others in the world.
	e = read(`"message":{"message_id":3,"chat":{"id":-1005,"type":"supergroup","title":"Leads"},"sender_chat":{"id":-1005,"title":"Leads"},"from":{"id":1087968824,"is_bot":true},"date":1,"text":"/refund 1"}`)
	if e.Account.ID != "-1005" {
		t.Errorf("an anonymous administrator is %+v", e.Account)
	}
	e = read(`"callback_query":{"id":"4611686018427387905","from":{"id":7,"first_name":"Anna"},"message":{"message_id":8,"date":1,"chat":{"id":-1005},"reply_to_message":{"message_id":4,"chat":{"id":-1005}}},"data":"~~tok"}`)
	if e.Token != "~tok" || e.Place.Answering != "cb:4611686018427387905" || e.Ref.ID != "8" || e.Place.Thread != "4" || e.Trigger.Account.ID != "7" {
		t.Errorf("press %+v", e)
	}
}

// TestThreads: a reply to a reply is in the first message's thread.
func TestThreads(t *testing.T) {
	t.Parallel()
	tr := quiet(t)
	tr.cfg.Roots = rootsFunc(func(channel, message string) (string, bool) { return "70", channel == "-1005" && message == "77" })
	say := func(id, to int) string {
		m := &message{ID: id, Chat: chatInfo{ID: -1005, Type: "supergroup"}, From: &user{ID: 7}, Text: "x", Date: 1,
			Reply: &message{ID: to, Chat: chatInfo{ID: -1005}, From: &user{ID: 8}}}
		e, _ := tr.event(&update{ID: int64(id), Message: m})
		return e.Place.Thread
	}
	tr.remember(target{chatID: -1005}, message{ID: 10}, false)
	tr.remember(target{chatID: -1005, replyTo: 10}, message{ID: 11}, false)
	for _, c := range []struct {
		id, to int
		want   string
	}{{12, 10, "10"}, {13, 12, "10"}, {14, 11, "10"}, {15, 99, "99"}, {78, 77, "70"}, {79, 78, "70"}} {
		if got := say(c.id, c.to); got != c.want {
			t.Errorf("a reply to %d is in thread %q, want %q", c.to, got, c.want)
		}
	}
}

type rootsFunc func(channel, message string) (string, bool)

func (f rootsFunc) Root(channel, message string) (string, bool) { return f(channel, message) }

func TestMemoryForgets(t *testing.T) {
	t.Parallel()
	m := newMemory[int, int](10)
	for i := range 1000 {
		m.put(i, i)
		if v, ok := m.get(i); !ok || v != i {
			t.Fatal("it forgets at once")
		}
	}
	if _, ok := m.get(1); ok || len(m.young)+len(m.old) > 10 {
		t.Errorf("it never forgets: %d and %d", len(m.young), len(m.old))
	}
}

func FuzzUpdate(f *testing.F) {
	for _, s := range []string{
		`{"update_id":1,"message":{"message_id":1,` + private + `,"text":"/start X"}}`,
		`{"update_id":1,"message":{"message_id":9,"message_thread_id":3,"is_topic_message":true,` + inGroup + `,"text":"İ@desk_bot x","reply_to_message":{"message_id":3}}}`,
		`{"update_id":1,"callback_query":{"id":"9","from":{"id":7},"message":{"message_id":3,"chat":{"id":-5}},"data":"~~"}}`,
		`{"update_id":1,"message":{"message_id":1,` + inGroup + `,"text":"hi","entities":[{"type":"text_mention","offset":-1,"length":5,"user":{"id":42}}]}}`,
		`{"update_id":"x"}`, `[]`, ``,
	} {
		f.Add([]byte(s))
	}
	tr := quiet(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		u, err := decode(raw)
		if u == nil {
			t.Fatal("no update")
		}
		e, ok := tr.event(u)
		if err != nil && ok {
			t.Fatalf("an event out of what cannot be read: %+v", e)
		}
		if !ok {
			return
		}
		if e.Kind == "" || e.Place.Channel == "" || !strings.HasPrefix(e.Key, "u") {
			t.Fatalf("half an event: %+v", e)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		u.lane()
	})
}
