package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"helloworld/connectors"
	"helloworld/connectors/all"
	"helloworld/connectors/mail"
	"helloworld/i18n"
)

// nobody keeps nothing: the adapters of the page are never used.
type nobody struct{}

func (nobody) Load(context.Context, string) (connectors.Credential, bool, error) {
	return connectors.Credential{}, false, nil
}

func (nobody) Save(context.Context, string, connectors.Credential) error { return nil }

// examples are what a seller might call a shop; each platform knows one of them.
var examples = []string{"DE", "hello", "https://shop.example.com"}

// specimen makes an adapter that only shows its methods.
func specimen(p connectors.Plugin) (connectors.Connector, error) {
	var failed error
	for _, where := range examples {
		c := connectors.Config{Info: connectors.Info{Store: "specimen", Account: "specimen", Region: "eu", Currency: "EUR"}, BaseURL: "https://shop.example.com",
			ClientID: "specimen", ClientSecret: "specimen", Credential: connectors.Credential{Access: "specimen", Refresh: "specimen"}, Keeper: nobody{}}
		if p.Locate != nil {
			spot, err := p.Locate(where)
			if err != nil {
				failed = err
				continue
			}
			c.Options, c.Region = spot.Options, spot.Region
			if spot.BaseURL != "" {
				c.BaseURL = spot.BaseURL
			}
		}
		x, err := p.New(c)
		if err == nil {
			return x, nil
		}
		failed = err
	}
	return nil, fmt.Errorf("no specimen of %s: %w", p.Platform, failed)
}

// connectorsDoc is the page that tells who can do what, read off the methods.
func connectorsDoc() ([]byte, error) {
	p := i18n.For(language.English)
	shops := map[string]connectors.Connector{}
	plugins := slices.Clone(all.Plugins)
	for _, x := range plugins {
		c, err := specimen(x)
		if err != nil {
			return nil, err
		}
		shops[x.Platform] = c
	}
	box, err := mail.New(mail.Config{IMAPAddr: "mail.example.com:993", SMTPAddr: "mail.example.com:465", From: "shop@example.com"})
	if err != nil {
		return nil, err
	}
	shops[mail.Plugin.Platform] = box
	names := slices.Sorted(maps.Keys(shops))

	var b bytes.Buffer
	b.WriteString("# Who can do what\n\nMade from the code by `make generate`; do not edit. A mark means that the adapter has the methods. What an account may do today\n" +
		"depends on its scopes, roles and plan besides: `desk check` and `/health STORE` tell that, with the reason.\n\n|")
	for _, n := range names {
		fmt.Fprintf(&b, " | %s", p.T(i18n.Key("platform."+n)))
	}
	b.WriteString(" |\n|---" + strings.Repeat("|:-:", len(names)) + "|\n")
	for _, capName := range connectors.CapNames {
		fmt.Fprintf(&b, "| %s", p.T(i18n.Key("cap."+string(capName))))
		for _, n := range names {
			mark := ""
			if connectors.CapsOf(shops[n])[capName] {
				mark = "✓"
			}
			fmt.Fprintf(&b, " | %s", mark)
		}
		b.WriteString(" |\n")
	}
	b.WriteString("\n## Settings of each platform\n\nOptions stand in `[store.options]` (or in `[app.options]` for all stores of a platform), secrets in variables:\n" +
		"`DESK_EBAY_DE_SIGNING_KEY` is the secret `signing_key` of the store `ebay-de`.\n")
	for _, x := range plugins {
		fmt.Fprintf(&b, "\n### %s\n\n", p.T(i18n.Key("platform."+x.Platform)))
		if len(x.Options)+len(x.Secrets) == 0 {
			b.WriteString("None.\n")
			continue
		}
		b.WriteString("| name | kind | what it is |\n|---|---|---|\n")
		for _, k := range slices.Sorted(maps.Keys(x.Options)) {
			fmt.Fprintf(&b, "| `%s` | option | %s |\n", k, strings.ReplaceAll(x.Options[k], "|", `\|`))
		}
		for _, k := range slices.Sorted(maps.Keys(x.Secrets)) {
			fmt.Fprintf(&b, "| `%s` | secret | %s |\n", k, strings.ReplaceAll(x.Secrets[k], "|", `\|`))
		}
	}
	return b.Bytes(), nil
}
