package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"helloworld/i18n"
)

var legalName = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

// slackReserved are names that Slack answers itself, or is known to have
// answered: rather one too many than one too few.
// An app's command of the same name is refused or never arrives.
var slackReserved = strings.Fields(`active add all apps archive away call canvas code collapse dm dnd expand feed feedback
	giphy help_slack huddle invite invite_people join keys kick leave list me msg mute open part poll prefs quote remind remove
	rename search shortcuts shrug star status topic unarchive unmute who workflow`)

// TestSlackManifest holds the generated manifest to Slack's limits: 50 slash
// commands to an app, descriptions and hints of up to 2000 letters.
func TestSlackManifest(t *testing.T) {
	t.Parallel()
	text, err := slackManifest()
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Display struct {
			Name        string `json:"name"`
			Description string `json:"description"`
			Colour      string `json:"background_color"`
		} `json:"display_information"`
		Features struct {
			Bot struct {
				Name string `json:"display_name"`
			} `json:"bot_user"`
			Slash []struct {
				Command     string `json:"command"`
				Description string `json:"description"`
				Hint        string `json:"usage_hint"`
			} `json:"slash_commands"`
		} `json:"features"`
		OAuth struct {
			Scopes struct {
				Bot []string `json:"bot"`
			} `json:"scopes"`
		} `json:"oauth_config"`
		Settings struct {
			Events struct {
				Bot []string `json:"bot_events"`
			} `json:"event_subscriptions"`
			Socket bool `json:"socket_mode_enabled"`
		} `json:"settings"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCountInString(m.Display.Name); n == 0 || n > 35 {
		t.Errorf("the name has %d letters, Slack takes 1 to 35", n)
	}
	if n := utf8.RuneCountInString(m.Display.Description); n == 0 || n > 140 {
		t.Errorf("the description has %d letters, Slack takes 1 to 140", n)
	}
	if !regexp.MustCompile(`^#[0-9a-f]{6}$`).MatchString(m.Display.Colour) {
		t.Errorf("colour %q", m.Display.Colour)
	}
	if n := utf8.RuneCountInString(m.Features.Bot.Name); n == 0 || n > 80 {
		t.Errorf("the bot's name has %d letters, Slack takes 1 to 80", n)
	}
	if !m.Settings.Socket {
		t.Error("without Socket Mode the desk would need a public address")
	}
	if n := len(m.Features.Slash); n < 5 || n > 50 {
		t.Errorf("%d slash commands, Slack takes 50", n)
	}
	seen := map[string]bool{}
	for _, c := range m.Features.Slash {
		name, ok := strings.CutPrefix(c.Command, "/")
		if !ok || !legalName.MatchString(name) {
			t.Errorf("%q is not a command that both chats take", c.Command)
		}
		if seen[name] {
			t.Errorf("/%s is there twice", name)
		}
		seen[name] = true
		if slices.Contains(slackReserved, name) {
			t.Errorf("/%s is Slack's own", name)
		}
		if n := utf8.RuneCountInString(c.Description); n == 0 || n > 2000 {
			t.Errorf("/%s: a description of %d letters", name, n)
		}
		if n := utf8.RuneCountInString(c.Hint); n > 1000 {
			t.Errorf("/%s: a hint of %d letters", name, n)
		}
	}
	if !seen["desk"] {
		t.Error("/desk, which always works, is missing")
	}
	// An event without its scope is refused when the manifest is pasted.
	for event, scope := range map[string]string{"app_mention": "app_mentions:read", "message.channels": "channels:history",
		"message.groups": "groups:history", "message.im": "im:history"} {
		if slices.Contains(m.Settings.Events.Bot, event) && !slices.Contains(m.OAuth.Scopes.Bot, scope) {
			t.Errorf("event %s without scope %s", event, scope)
		}
	}
}

// TestTelegramMenu holds the menus to setMyCommands: 100 commands of 1 to 32
// letters [a-z0-9_], descriptions of 1 to 256.
func TestTelegramMenu(t *testing.T) {
	t.Parallel()
	text, err := telegramManifest()
	if err != nil {
		t.Fatal(err)
	}
	var menus map[string][]struct {
		Command     string `json:"command"`
		Description string `json:"description"`
	}
	if err := json.Unmarshal(text, &menus); err != nil {
		t.Fatal(err)
	}
	if len(menus) != len(i18n.Langs()) {
		t.Errorf("%d menus for %d languages", len(menus), len(i18n.Langs()))
	}
	for lang, menu := range menus {
		if len(menu) < 5 || len(menu) > 100 {
			t.Errorf("%s: %d commands", lang, len(menu))
		}
		for _, c := range menu {
			if !legalName.MatchString(c.Command) {
				t.Errorf("%s: name %q", lang, c.Command)
			}
			if n := utf8.RuneCountInString(c.Description); n < 1 || n > 256 {
				t.Errorf("%s: /%s has a description of %d letters", lang, c.Command, n)
			}
		}
	}
}

// TestGeneratedFiles: what stands in the tree is what the code makes.
func TestGeneratedFiles(t *testing.T) {
	t.Parallel()
	files, err := generated()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		have, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
		} else if string(have) != string(want) {
			t.Errorf("%s is not what the code makes; run make generate", name)
		}
	}
}
