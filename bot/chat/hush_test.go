package chat_test

import (
	"testing"

	"helloworld/bot/chat"
)

func TestHush(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/pin 481516": "/pin …", "／PIN　４８１５１６": "／PIN …", "!pin 48-15-16 please": "!pin …", "@desk pin 481516": "@desk pin …", "/desk pin 481516": "/desk pin …",
		"密码 481516": "密码 …", "/pin@desk_bot 481516": "/pin@desk_bot …",
		"/pin": "/pin", "/pin app": "/pin app", "/pin reset ben2": "/pin reset ben2", "/refund 481516": "/refund 481516", "the pin 481516": "the pin 481516",
	} {
		if got := chat.Hush(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	if f := (chat.Form{Inputs: []chat.FormInput{{Name: "note"}, {Name: chat.SecretPrefix + "code"}}}); !f.Secret() || chat.Secret("note") {
		t.Error("what is secret is not told by its name")
	}
}
