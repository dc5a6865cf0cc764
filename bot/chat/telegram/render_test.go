package telegram

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helloworld/bot/chat"
	"helloworld/bot/chat/chattest"
)

var update_ = flag.Bool("update", false, "write the golden files anew")

// TestGolden shows what each card of the exam is on the wire.
func TestGolden(t *testing.T) {
	t.Parallel()
	tr := quiet(t)
	for _, f := range chattest.Cards() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			var buf bytes.Buffer
			enc := json.NewEncoder(&buf)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			for _, c := range chat.Fit(f.Card, tr.Limits(chat.Place{Channel: "-1001"})) {
				r := render(c)
				if r.size() > messageLimit {
					t.Errorf("%d units are too many", r.size())
				}
				var pictures []string
				for _, p := range r.images {
					pictures = append(pictures, p.File.URL)
				}
				if err := enc.Encode(map[string]any{"html": strings.Split(r.html, "\n"), "keyboard": r.rows, "pictures": pictures}); err != nil {
					t.Fatal(err)
				}
			}
			name := filepath.Join("testdata", f.Name+".golden.json")
			if *update_ {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, buf.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, buf.Bytes()) {
				t.Errorf("the card changed (-update writes it anew):\n%s", buf.Bytes())
			}
		})
	}
}

func TestInert(t *testing.T) {
	t.Parallel()
	tests := []struct{ quote, want string }{
		{"hello", "hello"},
		{"ask @anna_desk now", "ask <code>@anna_desk</code> now"},
		{"mail bob@example.com", "mail <code>bob@example.com</code>"},
		{"see https://evil.example/x?a=1&b=2 ok", "see <code>https://evil.example/x?a=1&amp;b=2</code> ok"},
		{"evil.com, really", "<code>evil.com</code>, really"},
		{"/refund 1234", "<code>/refund</code> 1234"},
		{"and/or 1/2 #1234 $50", "and/or 1/2 #1234 $50"},
		{"#sale $USD", "<code>#sale</code> <code>$USD</code>"},
		{"退款/换货 1.5 kg", "退款/换货 1.5 kg"},
	}
	for _, tt := range tests {
		var w writer
		w.inert(tt.quote, leads, "")
		if got := w.html.String(); got != tt.want {
			t.Errorf("%q became\n%s, want\n%s", tt.quote, got, tt.want)
		}
		if w.plain.String() != tt.quote {
			t.Errorf("%q reads %q", tt.quote, w.plain.String())
		}
	}
}

func TestButtons(t *testing.T) {
	t.Parallel()
	r := render(chat.Card{Title: "T", Buttons: []chat.Button{
		{Label: "Approve", Command: "tok-1", Tone: chat.Primary}, {Label: "Deny", Command: "~odd", Tone: chat.Bad},
		{Label: "A rather long label that fills a row", Command: "tok-3"},
		{Label: "Page", URL: "https://desk.example.com/x"}, {Label: "Here", URL: "http://127.0.0.1:8080/x"}, {Label: "Bad", URL: "javascript:alert(1)"},
	}})
	raw, err := json.Marshal(r.rows)
	if err != nil {
		t.Fatal(err)
	}
	want := `[[{"text":"Approve","style":"primary","callback_data":"tok-1"},{"text":"Deny","style":"danger","callback_data":"~~odd"}],` +
		`[{"text":"A rather long label that fills a row","callback_data":"tok-3"}],[{"text":"Page","url":"https://desk.example.com/x"}]]`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
	if r.plain != "T\nHere: http://127.0.0.1:8080/x\nBad: javascript:alert(1)" {
		t.Errorf("what cannot be a button should be words: %q", r.plain)
	}
}

// TestFitted: whatever Fit lets through is within Telegram's limit.
func TestFitted(t *testing.T) {
	t.Parallel()
	tr := quiet(t)
	var parts []chat.Part
	for range 60 {
		parts = append(parts, chat.Part{Kind: chat.Fields, Label: "L", Fields: []chat.Field{{Label: "a", Value: "😀"}, {Label: "b", Value: "c"}}},
			chat.Part{Kind: chat.Quote, Label: "Q", Text: strings.Repeat("😀", 90)}, chat.Part{Kind: chat.Progress, Label: "P", Text: "x", Done: 1, Total: 3})
	}
	cards := chat.Fit(chat.Card{Title: strings.Repeat("T", 5000), Tone: chat.Warning, Parts: parts, Foot: "f"}, tr.Limits(chat.Place{Channel: "7"}))
	for i, c := range cards {
		if n := render(c).size(); n > messageLimit {
			t.Errorf("card %d has %d units", i, n)
		}
	}
}

func TestCaption(t *testing.T) {
	t.Parallel()
	c := chat.Card{Title: "T", Parts: []chat.Part{{Kind: chat.Quote, Text: strings.Repeat("字", 1500)}, {Kind: chat.Text, Text: strings.Repeat("x", 600)}}}
	if n := caption(c).size(); n > captionLimit || n < captionLimit/2 {
		t.Errorf("%d units", n)
	}
	if n := len([]rune(c.Parts[0].Text)); n != 1500 {
		t.Errorf("the card itself was cut to %d", n)
	}
}
