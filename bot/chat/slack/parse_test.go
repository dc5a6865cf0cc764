package slack

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"

	"helloworld/bot/chat"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func testReader() reader {
	return reader{
		me: identity{user: "UBOT", bot: "BBOT"}, now: func() time.Time { return noon },
		handle: func(link string) string { return link },
		who: func(id string) chat.Account {
			if id == "U1" {
				return chat.Account{ID: id, Name: "Anna", Locale: "de-DE"}
			}
			return chat.Account{}
		},
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	anna := chat.Account{ID: "U1", Name: "Anna", Locale: "de-DE"}
	at := func(thread string) chat.Place { return chat.Place{Chat: "slack", Channel: "C1", Thread: thread} }
	said := func(key, text string) chat.Event {
		return chat.Event{Key: key, Kind: chat.Said, At: time.Unix(1700000000, 100000).UTC(), Place: at(""), Account: anna, Text: text, Ref: chat.Ref{Place: at(""), ID: "1700000000.000100"}}
	}
	with := func(e chat.Event, f func(*chat.Event)) *chat.Event { f(&e); return &e }
	for _, tt := range []struct {
		name, kind, payload string
		want                *chat.Event
	}{
		{
			"a message", "events_api", `{"event":{"type":"message","channel":"C1","user":"U1","text":"a &amp; b &lt;c&gt;","ts":"1700000000.000100"}}`,
			with(said("said:C1:1700000000.000100", "a & b <c>"), func(*chat.Event) {}),
		},
		{
			"in a thread, with a broadcast", "events_api", `{"event":{"type":"message","subtype":"thread_broadcast","channel":"C1","user":"U1","text":"yes","ts":"1700000000.000100","thread_ts":"1600000000.000001"}}`,
			with(said("said:C1:1700000000.000100", "yes"), func(e *chat.Event) { e.Place.Thread, e.Ref.Thread = "1600000000.000001", "1600000000.000001" }),
		},
		{
			"the first of a thread stands in none", "events_api", `{"event":{"type":"message","channel":"C1","user":"U1","text":"yes","ts":"1700000000.000100","thread_ts":"1700000000.000100"}}`,
			with(said("said:C1:1700000000.000100", "yes"), func(*chat.Event) {}),
		},
		{
			"a mention", "events_api", `{"event":{"type":"app_mention","channel":"C1","user":"U1","text":"<@UBOT> refund 1234","ts":"1700000000.000100"}}`,
			with(said("said:C1:1700000000.000100", "refund 1234"), func(e *chat.Event) { e.Addressed = true }),
		},
		{
			"the same mention as a message", "events_api", `{"event":{"type":"message","channel":"C1","user":"U1","text":"<@UBOT> refund 1234","ts":"1700000000.000100"}}`,
			with(said("said:C1:1700000000.000100", "refund 1234"), func(e *chat.Event) { e.Addressed = true }),
		},
		{
			"a direct message", "events_api", `{"event":{"type":"message","channel_type":"im","channel":"C1","user":"U1","text":"help","ts":"1700000000.000100"}}`,
			with(said("said:C1:1700000000.000100", "help"), func(e *chat.Event) { e.Addressed = true }),
		},
		{
			"a file", "events_api", `{"event":{"type":"message","subtype":"file_share","channel":"C1","user":"U1","text":"","ts":"1700000000.000100","files":[{"id":"F1","name":"a.png","mimetype":"image/png","size":7,"url_private":"https://files.slack.com/p","url_private_download":"https://files.slack.com/d"}]}}`,
			with(said("said:C1:1700000000.000100", ""), func(e *chat.Event) {
				e.Files = []chat.File{{ID: "F1", Name: "a.png", MIME: "image/png", Size: 7, URL: "https://files.slack.com/d"}}
			}),
		},
		{
			"emoji by their rich text", "events_api", `{"event":{"type":"message","channel":"C1","user":"U1","text":"ok :+1::skin-tone-4: :+1: :own:","ts":"1700000000.000100","blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"emoji","name":"+1","unicode":"1f44d"},{"type":"emoji","name":"+1","skin_tone":4,"unicode":"1f44d-1f3fd"},{"type":"emoji","name":"own"}]}]}]}}`,
			with(said("said:C1:1700000000.000100", "ok 👍🏽 👍 :own:"), func(*chat.Event) {}),
		},
		{"our own words", "events_api", `{"event":{"type":"message","channel":"C1","user":"UBOT","bot_id":"BBOT","text":"x","ts":"1.1"}}`, nil},
		{"another bot", "events_api", `{"event":{"type":"message","channel":"C1","user":"U9","bot_id":"B9","text":"x","ts":"1.1"}}`, nil},
		{"somebody joins", "events_api", `{"event":{"type":"message","subtype":"channel_join","channel":"C1","user":"U1","text":"x","ts":"1.1"}}`, nil},
		{"a preview is no change", "events_api", `{"event":{"type":"message","subtype":"message_changed","channel":"C1","ts":"2.2","message":{"user":"U1","text":"x","ts":"1.1"},"previous_message":{"user":"U1","text":"x","ts":"1.1"}}}`, nil},
		{"our edit is no event", "events_api", `{"event":{"type":"message","subtype":"message_changed","channel":"C1","ts":"2.2","message":{"user":"UBOT","bot_id":"BBOT","text":"y","ts":"1.1"},"previous_message":{"user":"UBOT","text":"x","ts":"1.1"}}}`, nil},
		{
			"a change", "events_api", `{"event":{"type":"message","subtype":"message_changed","channel":"C1","ts":"1700000001.000000","message":{"type":"message","user":"U1","text":"new","ts":"1700000000.000100","edited":{"user":"U1","ts":"1700000001.000000"}},"previous_message":{"user":"U1","text":"old","ts":"1700000000.000100"}}}`,
			with(said("edited:C1:1700000000.000100:1700000001.000000", "new"), func(e *chat.Event) {
				e.Kind, e.At = chat.Edited, time.Unix(1700000001, 0).UTC()
			}),
		},
		{
			"a removal", "events_api", `{"event":{"type":"message","subtype":"message_deleted","channel":"C1","ts":"1700000001.000000","deleted_ts":"1700000000.000100","previous_message":{"user":"U1","text":"old","ts":"1700000000.000100"}}}`,
			with(said("deleted:C1:1700000000.000100", ""), func(e *chat.Event) { e.Kind, e.At = chat.Deleted, time.Unix(1700000001, 0).UTC() }),
		},
		{
			"a command", "slash_commands", `{"channel_id":"C1","user_id":"U1","user_name":"anna","command":"/desk","text":"refund 1234 &lt;@U1|anna&gt;","response_url":"https://hooks.slack.com/x","trigger_id":"T1"}`,
			&chat.Event{
				Key: "command:T1", Kind: chat.Said, At: noon, Account: anna, Text: "/desk refund 1234 <@U1|anna>", Addressed: true,
				Place:   chat.Place{Chat: "slack", Channel: "C1", Answering: "https://hooks.slack.com/x"},
				Trigger: chat.Trigger{ID: "T1", Place: at(""), Account: anna, Until: noon.Add(3 * time.Second)},
			},
		},
		{
			"a press", "interactive", `{"type":"block_actions","user":{"id":"U1","username":"anna"},"trigger_id":"T2","response_url":"R","channel":{"id":"C1"},"container":{"message_ts":"1.1","channel_id":"C1","thread_ts":"0.9"},"actions":[{"action_id":"b0","block_id":"x","type":"button","value":"tok","action_ts":"1700000000.000100"}]}`,
			&chat.Event{
				Key: "press:C1:1.1:U1:1700000000.000100:b0", Kind: chat.Pressed, At: time.Unix(1700000000, 100000).UTC(), Account: anna, Token: "tok", Addressed: true,
				Place: chat.Place{Chat: "slack", Channel: "C1", Thread: "0.9", Answering: "R"}, Ref: chat.Ref{Place: at("0.9"), ID: "1.1"},
				Trigger: chat.Trigger{ID: "T2", Place: at("0.9"), Account: anna, Until: noon.Add(3 * time.Second)},
			},
		},
		{
			"a press on a card that cannot be read", "interactive", `{"type":"block_actions","user":{"id":"U1","username":"anna","tz_offset":"x"},"trigger_id":"T2","container":{"message_ts":"1.1","channel_id":"C1"},"message":{"ts":"1.1","blocks":[{"type":"header","text":7}],"attachments":9},"state":{"values":{"a":{"b":{"value":"x","odd":{}}}}},"actions":[{"action_id":"b0","block_id":"x","value":"tok","action_ts":"1700000000.000100","selected_users":7}]}`,
			&chat.Event{
				Key: "press:C1:1.1:U1:1700000000.000100:b0", Kind: chat.Pressed, At: time.Unix(1700000000, 100000).UTC(), Account: anna, Token: "tok", Addressed: true,
				Place: at(""), Ref: chat.Ref{Place: at(""), ID: "1.1"}, Trigger: chat.Trigger{ID: "T2", Place: at(""), Account: anna, Until: noon.Add(3 * time.Second)},
			},
		},
		{
			"a press without its block", "interactive", `{"type":"block_actions","user":{"id":"U1"},"trigger_id":"T2","channel":{"id":"C1"},"container":{"message_ts":"1.1"},"actions":[{"name":"b0","value":"tok"}]}`,
			&chat.Event{
				Key: "press:T2", Kind: chat.Pressed, At: noon, Account: anna, Token: "tok", Addressed: true,
				Place: at(""), Ref: chat.Ref{Place: at(""), ID: "1.1"}, Trigger: chat.Trigger{ID: "T2", Place: at(""), Account: anna, Until: noon.Add(3 * time.Second)},
			},
		},
		{
			"a message with parts that cannot be read", "events_api", `{"event_time":"soon","event":{"type":"message","subtype":"file_share","channel":"C1","user":"U1","text":"see","ts":"1700000000.000100","blocks":[{"type":"rich_text","elements":"none"}],"reactions":3,"files":[{"id":"F1","name":"a.png","mimetype":"image/png","size":7,"url_private":"https://files.slack.com/p","original_h":"tall"}]}}`,
			with(said("said:C1:1700000000.000100", "see"), func(e *chat.Event) {
				e.Files = []chat.File{{ID: "F1", Name: "a.png", MIME: "image/png", Size: 7, URL: "https://files.slack.com/p"}}
			}),
		},
		{
			"a form with a part that cannot be read", "interactive", `{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V1","callback_id":"tok","blocks":7,"state":{"values":{"type":{"v":{"type":"plain_text_input","value":"x"}},"late":{"v":{"selected_option":{"value":"y","text":{"type":"plain_text","text":"Y"}}}}}}}}`,
			&chat.Event{
				Key: "view:V1", Kind: chat.Filled, At: noon, Account: anna, Token: "tok", Addressed: true, Place: chat.Place{Chat: "slack", Channel: "U1"},
				Values: map[string]string{"type": "x", "late": "y"},
			},
		},
		{"a change of nothing", "events_api", `{"event":{"type":"message","subtype":"message_changed","channel":"C1","user":"U1","text":"x","ts":"1.1"}}`, nil},
		{"a link button", "interactive", `{"type":"block_actions","user":{"id":"U1"},"channel":{"id":"C1"},"container":{"message_ts":"1.1"},"actions":[{"action_id":"b0","value":""}]}`, nil},
		{
			"a form", "interactive", `{"type":"view_submission","user":{"id":"U1"},"trigger_id":"T3","view":{"id":"V1","callback_id":"tok","private_metadata":"{\"c\":\"C1\",\"t\":\"0.9\"}","state":{"values":{"amount":{"v":{"type":"plain_text_input","value":"20 & <b>"}},"reason":{"v":{"type":"static_select","selected_option":{"value":"late"}}},"note":{"v":{"type":"plain_text_input","value":null}}}}}}`,
			&chat.Event{
				Key: "view:V1", Kind: chat.Filled, At: noon, Account: anna, Token: "tok", Addressed: true, Place: at("0.9"),
				Values:  map[string]string{"amount": "20 & <b>", "reason": "late"},
				Trigger: chat.Trigger{ID: "T3", Place: at("0.9"), Account: anna, Until: noon.Add(3 * time.Second)},
			},
		},
		{
			"a shortcut on a message", "interactive", `{"type":"message_action","callback_id":"refund_message","user":{"id":"U1"},"trigger_id":"T4","response_url":"R","channel":{"id":"C1"},"message":{"ts":"1.1"},"action_ts":"1700000000.000100"}`,
			&chat.Event{
				Key: "shortcut:T4", Kind: chat.Said, At: time.Unix(1700000000, 100000).UTC(), Account: anna, Text: "/refund", Addressed: true,
				Place:   chat.Place{Chat: "slack", Channel: "C1", Thread: "1.1", Answering: "R"},
				Trigger: chat.Trigger{ID: "T4", Place: at("1.1"), Account: anna, Until: noon.Add(3 * time.Second)},
			},
		},
		{"nothing known", "events_api", `{"event":{"type":"reaction_added","user":"U1"}}`, nil},
		{"a kind from the future", "quantum", `{}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok, err := testReader().read(tt.kind, json.RawMessage(tt.payload))
			if err != nil || ok != (tt.want != nil) {
				t.Fatalf("read: %+v, %v, %v", got, ok, err)
			}
			if ok && !reflect.DeepEqual(got, *tt.want) {
				t.Errorf("\n got %+v\nwant %+v", got, *tt.want)
			}
		})
	}
}

func TestReadable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<https://example.com/a?b=1&amp;c=2>":        "https://example.com/a?b=1&c=2",
		"<http://example.com|example.com>":           "example.com",
		"<https://example.com|here>":                 "here (https://example.com)",
		"order <tel:1234567890|123-456-7890>":        "order 123-456-7890",
		"<mailto:a@example.com|a@example.com>":       "a@example.com",
		"<@U1> and <@U2|ben> in <#C1|shop> or <#C2>": "@Anna and @ben in #shop or #C2",
		"<!here> <!subteam^S1|@leads>":               "@here @leads",
		"<!date^1700000000^{date}|yesterday>":        "yesterday",
		"&amp;lt; 1 < 2":                             "&lt; 1 < 2",
		"&lt;!channel&gt; &amp;amp;":                 "<!channel> &amp;",
	} {
		if got := readable(in, slackgo.Blocks{}, testReader().mention); got != want {
			t.Errorf("readable(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAddressed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, want string
		to       bool
	}{
		{"<@UBOT> refund 1", "refund 1", true}, {"<@UBOT>, refund 1", "refund 1", true}, {"please <@UBOT> refund 1", "please refund 1", true},
		{"refund 1 <@UBOT>", "refund 1", true}, {"<@UBOT|desk>: 退款 1", "退款 1", true}, {"<@UBOTS> refund", "<@UBOTS> refund", false},
		{"hello", "hello", false}, {"<@UBOT", "<@UBOT", false}, {"<@UBOT>", "", true},
	} {
		if got, to := addressed(tt.in, "UBOT"); got != tt.want || to != tt.to {
			t.Errorf("addressed(%q) = %q, %v", tt.in, got, to)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("slash_commands", []byte(`{"channel_id":"C1","user_id":"U1","command":"/desk","text":"<@U1|a> &amp;","trigger_id":"T1"}`))
	f.Add("interactive", []byte(`{"type":"block_actions","user":{"id":"U1"},"channel":{"id":"C1"},"container":{"message_ts":"1.1"},"actions":[{"value":"t"}]}`))
	f.Add("interactive", []byte(`{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V","callback_id":"t","private_metadata":"{","state":{"values":{"a":{"v":{}}}}}}`))
	f.Add("events_api", []byte(`{"event":{"type":"message","channel":"C1","user":"U1","text":"<@UBOT :x: <","ts":"1","blocks":[{"elements":[{"type":"emoji","name":"x","unicode":"zz"}]}]}}`))
	f.Fuzz(func(t *testing.T, kind string, payload []byte) {
		e, ok, err := testReader().read(kind, payload)
		if !ok || err != nil {
			return
		}
		if e.Key == "" || e.Account.ID == "" || e.Place.Chat != "slack" || e.At.IsZero() {
			t.Errorf("an event without key, account, chat or time: %+v", e)
		}
		again, _, _ := testReader().read(kind, payload)
		if again.Key != e.Key {
			t.Errorf("two keys for one payload: %q, %q", e.Key, again.Key)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Errorf("the event cannot be written down: %v", err)
		}
	})
}
