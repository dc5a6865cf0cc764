package main

import (
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"helloworld/bot/chat/console/consoletest"
)

// TestConnecting connects a new shop in a real browser: from the chat to the
// platform's page and back.
func TestConnecting(t *testing.T) {
	out := startDemo(t, "--every", "1h").String()
	console := regexp.MustCompile(`Console: (\S+)`).FindStringSubmatch(out)[1]
	shop := regexp.MustCompile(`/connect shopify (\S+)`).FindStringSubmatch(out)[1]
	shots := screens(t)
	b := consoletest.Start(t, console)
	b.Size(1280, 900)
	b.SignIn(linkOf(t, out, "Sam"))
	b.Open("告警")
	b.Type("/connect")
	b.WaitText("Connect a store")
	b.Screenshot(filepath.Join(shots, "connect-choices.png"))
	b.PressButton("New: Shopify")
	b.WaitText("Where is the shop?")
	b.Screenshot(filepath.Join(shots, "connect-form.png"))
	b.Fill("Where is the shop?", shop)
	b.Fill("What shall we call it?", "新店")
	b.PressButton("Go on")
	b.WaitText("Connect 新店")
	b.Size(390, 844)
	b.Screenshot(filepath.Join(shots, "connect-link-phone.png"))
	page := b.Eval(`document.querySelector('a[href*="oauth/authorize"]').href`)
	b.Eval("(location.href = " + strconv.Quote(page) + ", '')")
	b.WaitText("Grant")
	b.Screenshot(filepath.Join(shots, "connect-consent-phone.png"))
	b.Eval(`[...document.querySelectorAll('button')].find((x) => x.textContent.includes('Grant')).click()`)
	b.WaitText("is connected")
	b.Screenshot(filepath.Join(shots, "connect-back-phone.png"))
	b.Go("/")
	b.Open("告警")
	b.WaitText("新店 is connected")
	b.Screenshot(filepath.Join(shots, "connect-done-phone.png"))
	b.Size(1280, 900)
	b.Type("/stores")
	b.WaitText("shopify-new")
	b.Screenshot(filepath.Join(shots, "connect-stores.png"))
	b.Type("/quota shopify-main")
	b.WaitText("limits")
	b.Type("/token reset ebay-de")
	b.WaitText("has a new token")
	b.Type("/track 1Z999AA10123456784")
	b.WaitText("UPS")
	b.Type("/health shopify-new")
	b.WaitText("is fine")
	b.Screenshot(filepath.Join(shots, "connect-rest.png"))
}
