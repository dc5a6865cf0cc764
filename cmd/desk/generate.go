package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/text/language"

	"helloworld/cmd/desk/config"
	"helloworld/commands"
	"helloworld/i18n"
)

type generateCmd struct {
	Dir   string `default:"." type:"path" help:"Root of the project."`
	Check bool   `help:"Write nothing; fail if a file is not what would be written."`
}

// generated are the files that are made from the code.
func generated() (map[string][]byte, error) {
	slack, err := slackManifest()
	if err != nil {
		return nil, err
	}
	telegram, err := telegramManifest()
	if err != nil {
		return nil, err
	}
	shops, err := connectorsDoc()
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"connectors/connectors.md":   shops,
		"deploy/desk.example.toml":   config.Example(),
		"deploy/slack-manifest.json": slack,
		"deploy/telegram-menu.json":  telegram,
	}, nil
}

// Run writes the generated files, or checks them.
func (c generateCmd) Run(w *world) error {
	files, err := generated()
	if err != nil {
		return err
	}
	stale := false
	for name, want := range files {
		path := filepath.Join(c.Dir, filepath.FromSlash(name))
		have, err := os.ReadFile(path)
		if err == nil && bytes.Equal(have, want) {
			continue
		}
		if c.Check {
			fmt.Fprintf(w.out, "%s is not what the code makes; run make generate\n", name)
			stale = true
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			return err
		}
		fmt.Fprintln(w.out, "wrote", name)
	}
	if stale {
		return errQuiet
	}
	return nil
}

// slackManifest is the app manifest that a workspace's admin pastes. Slack takes
// manifests as JSON as well as YAML.
func slackManifest() ([]byte, error) {
	p := i18n.For(language.English)
	var slash []map[string]any
	for _, m := range commands.Menu(p) {
		hint := commands.Usage(p, m.Name)
		if hint == "" {
			hint = "help"
		}
		slash = append(slash, map[string]any{"command": "/" + m.Name, "description": m.Help, "usage_hint": hint, "should_escape": true})
	}
	return indent(map[string]any{
		"_metadata": map[string]any{"major_version": 2, "minor_version": 1},
		"display_information": map[string]any{"name": "HelloWorld Desk", "description": "Buyers' messages, store alerts and refunds",
			"background_color": "#1d3557"},
		"features": map[string]any{
			"bot_user":       map[string]any{"display_name": "desk", "always_online": true},
			"app_home":       map[string]any{"home_tab_enabled": false, "messages_tab_enabled": true, "messages_tab_read_only_enabled": false},
			"slash_commands": slash,
		},
		"oauth_config": map[string]any{"scopes": map[string]any{"bot": []string{"app_mentions:read", "channels:history", "channels:read",
			"chat:write", "commands", "files:read", "files:write", "groups:history", "groups:read", "im:history", "im:write", "users:read"}}},
		"settings": map[string]any{
			"event_subscriptions":    map[string]any{"bot_events": []string{"app_mention", "message.channels", "message.groups", "message.im"}},
			"interactivity":          map[string]any{"is_enabled": true},
			"org_deploy_enabled":     false,
			"socket_mode_enabled":    true,
			"token_rotation_enabled": false,
		},
	})
}

// telegramManifest is the menu that the desk sets by itself, for whoever wants
// to see or set it by hand.
func telegramManifest() ([]byte, error) {
	menus := map[string][]map[string]string{}
	for _, tag := range i18n.Langs() {
		for _, m := range commands.Menu(i18n.For(tag)) {
			menus[tag.String()] = append(menus[tag.String()], map[string]string{"command": m.Name, "description": m.Help})
		}
	}
	return indent(menus)
}

func indent(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
