package console_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"helloworld/bot/chat"
	"helloworld/bot/chat/console/consoletest"
)

// approval is the longest card of a refund that is common: every field, a note
// and two warnings.
func approval() chat.Card {
	c := chat.Card{Key: "long", Title: "退款 59.90 USD · 待 1 人批准", Tone: chat.Warning, Lang: "zh-CN", Foot: "李娜 申请 · 有效期至 2026-11-23 19:29 UTC+8"}
	fields := []string{"退款单", "R1", "店铺", "Shopify 独立站", "订单", "shopify-main#1234", "买家", "Jamie Example", "原因", "破损", "订单总额", "59.90 USD",
		"此前已退", "0.00 USD", "退后剩余可退", "0.00 USD", "订单状态", "已发货", "适用规则", "日常 · usual", "折合", "≈ 425.29 CNY · 1 USD = 7.1 CNY · 自定汇率表 2026-11-22"}
	var facts chat.Part
	facts.Kind = chat.Fields
	for i := 0; i < len(fields); i += 2 {
		facts.Fields = append(facts.Fields, chat.Field{Label: fields[i], Value: fields[i+1]})
	}
	c.Parts = []chat.Part{facts, {Kind: chat.Note, Text: "Oak table lamp, dimmable · Chef's knife, 20 cm"},
		{Kind: chat.Quote, Label: "备注", Text: "客户说灯罩有裂纹，已发来三张照片，要求全额退款。"},
		{Kind: chat.Note, Text: "该订单已在系统外退款 12.00 USD，最近一次是 2026-11-20 10:12，请确认不是同一笔退款。"},
		{Kind: chat.Note, Text: "该买家近 90 天的其他 5 笔订单中，有 3 笔退过款（占 60%），请对照以往情况后再决定。"}}
	for _, label := range []string{"批准", "拒绝", "追问", "转交", "订单"} {
		c.Buttons = append(c.Buttons, chat.Button{Label: label, Command: "tok-" + label})
	}
	return c
}

// TestPhone: on a phone an approval is seen whole, also while forms wait, and
// those stand in one line that unfolds and can be got rid of.
func TestPhone(t *testing.T) {
	d, b, shot := stage(t)
	b.Size(390, 844)
	b.Go("/")
	b.Play("Anna")
	d.post(at("buyers"), approval())
	b.Open("buyers")
	b.WaitText("有效期至")
	shot("approval-phone")
	whole := func() {
		t.Helper()
		if gap := b.Eval(`document.querySelector('.card').getBoundingClientRect().top - document.querySelector('#scroll').getBoundingClientRect().top`); strings.HasPrefix(gap, "-") {
			t.Errorf("the top of the approval is %s px above what is seen", gap)
		}
	}
	whole()
	b.Size(1280, 860)
	shot("approval-wide")
	b.Size(390, 844)

	const titles, bars = 6, `[...document.querySelectorAll('#waiting .notice')]`
	for i := range titles {
		d.asking(fmt.Sprint("t", i), "", fmt.Sprintf("Refund for the order 302-8841190-221%d, the whole of it", i))
		b.WaitFor("the form", `!!document.querySelector('dialog[open]')`)
		b.Key(kb.Escape)
		b.WaitFor("the end of the dialog", `!document.querySelector('dialog[open]')`)
	}
	count := func(n int) {
		t.Helper()
		b.WaitFor(fmt.Sprint(n, " bars"), fmt.Sprintf(bars+`.length === %d`, n))
	}
	b.WaitText("2215, the whole")
	b.WaitText("5 more")
	count(1)
	whole()
	shot("forms-phone")
	b.PressButton("5 more")
	count(titles)
	shot("forms-unfolded-phone")
	for what, wrong := range map[string]string{
		"the forms cover too much":    `document.getElementById('waiting').offsetHeight > 844 * 0.2 + 1`,
		"a button takes two lines":    bars + `.some((n) => n.querySelector('.btn').offsetHeight > 44)`,
		"the bars are wider than fit": `document.getElementById('waiting').scrollWidth > 390`,
	} {
		if b.Eval(wrong) == "true" {
			t.Error(what)
		}
	}
	b.Size(1280, 860)
	shot("forms-unfolded-wide")
	b.Size(390, 844)
	b.PressButton("Show less")
	count(1)
	for i := titles - 1; i >= 0; i-- {
		b.PressButton(fmt.Sprintf("Cancel the form: Refund for the order 302-8841190-221%d, the whole of it", i))
		b.WaitNoText(fmt.Sprintf("221%d, the whole", i))
	}
	count(0)
	d.waitForms("anna", 0)
}

// waitForms waits until so many forms wait for somebody, in the desk's own eyes.
func (d *desk) waitForms(who string, n int) {
	d.t.Helper()
	h := d.as(who)
	d.waitUntil(func([]chat.Event) bool { return len(h.state().Forms) == n })
}

// TestEnter: Enter sends a command that stands there whole, by any of its names,
// and takes from the list what is only begun or was chosen there.
func TestEnter(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: a browser takes a while")
	}
	d := open(t, config(t))
	if err := d.tr.SetMenu(context.Background(), "en", []chat.MenuItem{
		{Name: "refunds", Help: "List refunds"}, {Name: "refund", Help: "Ask for a refund", Also: []string{"退款"}}, {Name: "help", Help: "What you can do"},
	}); err != nil {
		t.Fatal(err)
	}
	b := consoletest.Start(t, d.server.URL)
	b.SignIn(d.server.URL + "/in/" + d.people.Code("anna"))
	b.Open("buyers")
	stands := func(text string) {
		t.Helper()
		b.WaitFor("in the box "+text, fmt.Sprintf(`document.querySelector('#compose textarea').value === %q`, text))
	}
	listed := func(command string) {
		t.Helper()
		b.WaitFor("listed "+command, fmt.Sprintf(`(document.querySelector('#compose .menu:not([hidden]) [aria-selected=true] b') || {}).textContent === %q`, command))
	}
	sent := func(text string) {
		t.Helper()
		d.waitFor(func(e chat.Event) bool { return e.Kind == chat.Said && e.Text == text })
		stands("")
	}
	b.Draft("/refund")
	listed("/refund")
	b.Key(kb.Enter)
	sent("/refund")
	b.Draft("/退款")
	b.Key(kb.Enter)
	sent("/退款")
	b.Draft("/ref")
	listed("/refunds")
	b.Key(kb.Enter)
	stands("/refunds ")
	b.Key(kb.Enter)
	sent("/refunds")
	b.Draft("/refund")
	b.Key(kb.ArrowDown)
	listed("/refunds")
	b.Key(kb.Enter)
	stands("/refunds ")
}
