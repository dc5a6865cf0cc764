package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"helloworld/bot/chat/console/consoletest"
)

// lockedBuffer is an output that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startDemo runs the demonstration as a newcomer does and waits for its links.
func startDemo(t *testing.T, args ...string) *lockedBuffer {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var out, errs lockedBuffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, append([]string{"demo", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, args...),
			func(string) string { return "" }, strings.NewReader(""), &out, io.MultiWriter(&errs, testLog{t}))
	}()
	t.Cleanup(func() {
		stop()
		if code := <-done; code != 0 {
			t.Errorf("the demonstration ended with %d:\n%s", code, errs.String())
		}
	})
	for deadline := time.Now().Add(storyPatience); !strings.Contains(out.String(), "Sam ("); {
		if time.Now().After(deadline) {
			t.Fatalf("the demonstration printed no links:\n%s\n%s", out.String(), errs.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
	return &out
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	if os.Getenv("DESK_TEST_LOG") != "" {
		_, _ = os.Stderr.Write(p)
	}
	return len(p), nil
}

func linkOf(t *testing.T, out, name string) string {
	t.Helper()
	m := regexp.MustCompile(regexp.QuoteMeta(name) + `[^\n]*?(http://\S+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no link for %s in:\n%s", name, out)
	}
	return m[1]
}

// screens is where pictures go; set DESK_SCREENS to keep them.
func screens(t *testing.T) string {
	if dir := os.Getenv("DESK_SCREENS"); dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	return t.TempDir()
}

// answering is true while the form for an answer is open. Its words alone prove
// nothing: a card's translation may be called by the same ones.
const answering = `[...document.querySelectorAll('dialog[open] label')].some((l) => l.textContent === '话术模板')`

// TestNewcomer lives the five minutes of a newcomer's first day in a real browser.
func TestNewcomer(t *testing.T) {
	// More orders than a page holds: else there is no bar that moves.
	out := startDemo(t, "--every", "1h", "--orders", "1500").String()
	console := regexp.MustCompile(`Console: (\S+)`).FindStringSubmatch(out)[1]
	shots := screens(t)
	b := consoletest.Start(t, console)
	b.Size(1280, 900)
	b.SignIn(linkOf(t, out, "李娜"))
	b.Open("买家消息")
	b.WaitText("译文")
	b.Screenshot(filepath.Join(shots, "inbox.png"))
	b.Size(390, 844)
	b.Screenshot(filepath.Join(shots, "inbox-phone.png"))
	b.Size(1280, 900)

	// An agent is offered what /help shows an agent.
	b.Draft("/")
	b.WaitFor("the list of commands", `[...document.querySelectorAll('#compose .menu b')].some((n) => n.textContent === '/refund')`)
	if offered := b.Eval(`[...document.querySelectorAll('#compose .menu b')].map((n) => n.textContent)`); strings.Contains(offered, "/people") || strings.Contains(offered, "/connect") {
		t.Errorf("an agent is offered %s", offered)
	}
	b.Key(kb.Backspace)

	// A phrase with a blank: a second form, which opens again when it will not do.
	b.PressButton("回复")
	b.WaitFor("the form for an answer", answering)
	b.Fill("话术模板", "我们已为您退款 {amount}。")
	b.PressButton("翻译")
	b.WaitText("填写话术")
	b.Fill("金额", "abc")
	b.PressButton("翻译")
	b.WaitText("“abc”")
	b.WaitFor("what was typed", `document.querySelector('dialog[open] input').value === 'abc'`)
	b.Screenshot(filepath.Join(shots, "fill-again.png"))
	b.PressButton("取消")
	b.WaitFor("the end of the dialog", `!document.querySelector('dialog[open]')`)
	b.WaitNoText("有一份表单等您填写")

	b.PressButton("回复")
	b.WaitFor("the form for an answer", answering)
	b.Screenshot(filepath.Join(shots, "reply-form.png"))
	b.Fill("话术模板", "非常抱歉给您带来不便，我们会马上为您处理。")
	b.PressButton("翻译")
	b.WaitText("尚未发送")
	b.Screenshot(filepath.Join(shots, "draft.png"))
	b.PressButton("发送")
	b.WaitText("李娜 发送")
	b.Screenshot(filepath.Join(shots, "sent.png"))
	b.Size(390, 844)
	b.Screenshot(filepath.Join(shots, "sent-phone.png"))
	b.Size(1280, 900)
	b.Open("买家消息")

	b.Type("/refund shopify-main#1234 full damaged")
	b.WaitText("已提交审批（退款审批）")
	b.Play("王经理")
	b.Open("退款审批")
	b.WaitText("待 1 人批准")
	b.Screenshot(filepath.Join(shots, "refund-before.png"))
	b.Size(390, 844)
	b.Screenshot(filepath.Join(shots, "refund-before-phone.png"))
	b.PressButton("批准")
	b.WaitText("确认为 shopify-main#1234 退款")
	b.PressButton("批准")
	b.WaitText("已退款")
	b.Screenshot(filepath.Join(shots, "refund-after-phone.png"))
	b.Size(1280, 900)
	b.Screenshot(filepath.Join(shots, "refund-after.png"))

	b.Play("赵运营")
	b.Open("告警")
	// Remembered by the page itself: a busy computer may look after it has gone.
	b.Eval(`new MutationObserver(() => { window.moved ||= [...document.querySelectorAll('progress')].some((p) => p.value > 0 && p.value < p.max) }).observe(document, {subtree: true, childList: true, attributes: true})`)
	b.Type("/resync ebay-de")
	b.WaitFor("a bar that moves", `window.moved`)
	b.Screenshot(filepath.Join(shots, "resync-running.png"))
	b.Size(390, 844)
	b.Screenshot(filepath.Join(shots, "resync-running-phone.png"))
	b.WaitText("同步完成")
	b.Size(1280, 900)
	b.Screenshot(filepath.Join(shots, "resync.png"))
}
