package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	slackgo "github.com/slack-go/slack"

	"helloworld/bot/chat"
	"helloworld/bot/chat/chattest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func offline(t *testing.T) *Transport {
	t.Helper()
	tr, err := New(Config{BotToken: botToken, AppToken: appToken, Words: cancelWord{}})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestGolden(t *testing.T) {
	t.Parallel()
	tr := offline(t)
	for _, f := range chattest.Cards() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			var all []message
			for _, c := range chat.Fit(f.Card, tr.Limits(chat.Place{})) {
				all = append(all, tr.render(c))
			}
			var buf bytes.Buffer
			enc := json.NewEncoder(&buf)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", " ")
			if err := enc.Encode(all); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join("testdata", f.Name+".json")
			if *update {
				if err := os.WriteFile(name, buf.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, buf.Bytes()) {
				t.Errorf("%s differs; -update writes it anew.\n%s", name, buf.Bytes())
			}
		})
	}
}

// Somebody else's idea of Block Kit reads our blocks, and writes back the same.
func TestBlocksAsAnotherClientReadsThem(t *testing.T) {
	t.Parallel()
	tr := offline(t)
	for _, f := range chattest.Cards() {
		for _, c := range chat.Fit(f.Card, tr.Limits(chat.Place{})) {
			ours, err := json.Marshal(tr.render(c).Blocks)
			if err != nil {
				t.Fatal(err)
			}
			var theirs slackgo.Blocks
			if err := json.Unmarshal(ours, &theirs); err != nil {
				t.Fatalf("%s: %v\n%s", f.Name, err, ours)
			}
			for _, b := range theirs.BlockSet {
				if _, unknown := b.(*slackgo.UnknownBlock); unknown {
					t.Errorf("%s: a block of unknown kind: %s", f.Name, ours)
				}
				if v, ok := b.(interface{ Validate() error }); ok {
					if err := v.Validate(); err != nil {
						t.Errorf("%s: %v", f.Name, err)
					}
				}
			}
			back, err := json.Marshal(theirs)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := lettersOf(t, back), lettersOf(t, ours); got != want {
				t.Errorf("%s: read as %q, written as %q", f.Name, got, want)
			}
		}
	}
}

// lettersOf is every text in some blocks, in order of appearance.
func lettersOf(t *testing.T, raw []byte) string {
	t.Helper()
	var out strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, name := range []string{"text", "value", "url", "title", "alt_text", "image_url", "elements", "confirm", "deny"} {
				walk(v[name])
			}
		case string:
			out.WriteString(v)
		}
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	walk(v)
	return out.String()
}

func TestNothingOfOthersIsParsed(t *testing.T) {
	t.Parallel()
	tr := offline(t)
	for _, w := range chattest.Words {
		m := tr.render(chat.Card{Title: w, Foot: w, Parts: []chat.Part{
			{Kind: chat.Text, Label: w, Text: w}, {Kind: chat.Quote, Text: w}, {Kind: chat.Note, Text: w}, {Kind: chat.Code, Text: w},
			{Kind: chat.Fields, Fields: []chat.Field{{Label: w, Value: w}}}, {Kind: chat.Progress, Label: w, Text: w},
		}, Buttons: []chat.Button{{Label: w, Confirm: w, Command: "t"}}})
		raw, err := json.Marshal(m.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte("mrkdwn")) || bytes.Contains(raw, []byte(`"type":"link"`)) {
			t.Errorf("something is parsed: %s", raw)
		}
		if strings.ContainsAny(m.Text, "<>") {
			t.Errorf("the notification is not escaped: %q", m.Text)
		}
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]bool{
		"https://example.com/a.png": true, "http://example.com/a.png": false, "https://localhost/a": false, "https://10.0.0.1/a": false,
		"https://127.0.0.1/a": false, "https://box.local/a": false, "https://u:p@example.com/a": false, "": false, "https://[::1]/a": false,
		"https://192.168.1.4:8443/x": false, "https://8.8.8.8/x": true,
	} {
		if got := public(link); got != want {
			t.Errorf("public(%q) = %v", link, got)
		}
	}
}
