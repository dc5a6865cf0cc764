package consoletest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Browser is a browser with one page, driven by a test. Every method fails the
// test when it cannot do what it should within Patience.
type Browser struct {
	// Patience is how long anything may take.
	Patience time.Duration

	t    testing.TB
	ctx  context.Context
	base string
}

// Start opens a browser on the console at url, or skips the test where there is
// no Chromium. It is closed when the test ends.
func Start(t testing.TB, url string) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("SKIPPED: no Chromium on this machine, so nothing is known about the page in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 860),
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "en"))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses its sandbox to root
	}
	alloc, endAlloc := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(alloc)
	b := &Browser{Patience: patience, t: t, ctx: ctx, base: strings.TrimRight(url, "/")}
	t.Cleanup(func() {
		// Ending the page's context first closes the browser and waits for it.
		_ = chromedp.Cancel(ctx)
		end()
		endAlloc()
	})
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return b
}

func (b *Browser) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, b.Patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("browser: %s: %v; the page says:\n%s", what, err, b.words())
	}
}

// words is what the page says, for messages of failure.
func (b *Browser) words() string {
	ctx, cancel := context.WithTimeout(b.ctx, 3*time.Second)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		return "(nothing: " + err.Error() + ")"
	}
	return s
}

// Size makes the window so many pixels large. A width below 760 is a phone.
func (b *Browser) Size(width, height int64) {
	b.t.Helper()
	b.do("size", chromedp.EmulateViewport(width, height))
}

// Go opens a path of the console.
func (b *Browser) Go(path string) {
	b.t.Helper()
	b.do("open "+path, chromedp.Navigate(b.base+path))
}

// SignIn opens a one-time link, given as its path or whole, and waits for the page.
func (b *Browser) SignIn(link string) {
	b.t.Helper()
	b.Go(strings.TrimPrefix(link, b.base))
	b.ready()
}

// Play becomes one of the demo's people, by name.
func (b *Browser) Play(name string) {
	b.t.Helper()
	b.wait("the demo's button "+name, fmt.Sprintf(`(() => {
		const b = [...document.querySelectorAll('form[action="/demo"] button')].find((b) => b.textContent.includes(%s))
		if (b) { b.click(); return true }
		return false
	})()`, js(name)))
	b.wait("the page of "+name, `!!document.querySelector('#me-name') && document.querySelector('#me-name').textContent === `+js(name))
	b.ready()
}

// ready waits until the page has loaded its room.
func (b *Browser) ready() {
	b.t.Helper()
	b.wait("the console", `!!document.querySelector('#rooms a') && !!document.querySelector('.writer textarea')`)
}

// Open opens a room by its name.
func (b *Browser) Open(room string) {
	b.t.Helper()
	b.wait("the room "+room, fmt.Sprintf(`(() => {
		const a = [...document.querySelectorAll('#rooms a')].find((a) => a.querySelector('.label').textContent === %s)
		if (a) a.click()
		return !!a
	})()`, js(room)))
	b.wait("the room "+room, `document.querySelector('#room-name').textContent === `+js(room)+` && !!document.querySelector('#posts > *')`)
}

// box is the composer in use: the thread's if one is open.
const box = `(document.querySelector('#thread:not([hidden]) textarea') || document.querySelector('#compose textarea'))`

// Type writes text into the composer in use, and sends it with Enter. Lines are
// kept apart with Shift and Enter.
func (b *Browser) Type(text string) {
	b.t.Helper()
	b.Draft(text)
	// The list of commands would take the Enter where a name is only begun.
	b.do("send", chromedp.Evaluate[chromedp.Void](box+`.dispatchEvent(new Event('blur'))`), enter())
}

// Draft writes text into the composer in use and leaves it there.
func (b *Browser) Draft(text string) {
	b.t.Helper()
	b.do("focus", chromedp.Evaluate[chromedp.Void](box+`.focus()`))
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			b.do("new line", chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(8)))
		}
		b.do("type", chromedp.KeyEvent(line))
	}
}

// Key presses a key, such as kb.Escape.
func (b *Browser) Key(key string) {
	b.t.Helper()
	if key == kb.Enter {
		b.do("key", enter())
		return
	}
	b.do("key", chromedp.KeyEvent(key))
}

// PressButton clicks the newest enabled button or link with this label, looking
// first in an open dialog.
func (b *Browser) PressButton(label string) {
	b.t.Helper()
	b.wait("the button "+label, fmt.Sprintf(`(() => {
		const at = document.querySelector('dialog[open]') || document
		const all = [...at.querySelectorAll('button, a.btn')].filter((b) => !b.disabled && b.checkVisibility() &&
			(b.textContent.trim() === %[1]s || b.getAttribute('aria-label') === %[1]s))
		if (!all.length) return false
		all.at(-1).click()
		return true
	})()`, js(label)))
}

// Fill writes into the field of the open form that has this label; a choice is
// given by the option's label.
func (b *Browser) Fill(label, value string) {
	b.t.Helper()
	b.wait("the field "+label, fmt.Sprintf(`(() => {
		const l = [...document.querySelectorAll('dialog[open] label')].find((l) => l.textContent === %s)
		if (!l) return false
		const c = document.getElementById(l.htmlFor)
		const o = c.tagName === 'SELECT' ? [...c.options].find((o) => o.label === %[2]s) : null
		c.value = o ? o.value : %[2]s
		c.dispatchEvent(new Event('input', {bubbles: true}))
		return true
	})()`, js(label), js(value)))
}

// WaitText waits until the page shows text.
func (b *Browser) WaitText(text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("the text %q", text), `document.body.innerText.includes(`+js(text)+`)`)
}

// WaitNoText waits until the page does not show text any more.
func (b *Browser) WaitNoText(text string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("the end of the text %q", text), `!document.body.innerText.includes(`+js(text)+`)`)
}

// WaitFor waits until a JavaScript expression is true.
func (b *Browser) WaitFor(what, expression string) {
	b.t.Helper()
	b.wait(what, expression)
}

// Eval gives the value of a JavaScript expression, as text.
func (b *Browser) Eval(expression string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, b.Patience)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string](`String(`+expression+`)`))
	if err != nil {
		b.t.Fatalf("browser: %s: %v", expression, err)
	}
	return s
}

func (b *Browser) wait(what, expression string) {
	b.t.Helper()
	end := time.Now().Add(b.Patience)
	for {
		ctx, cancel := context.WithTimeout(b.ctx, b.Patience)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		cancel()
		if err == nil && ok {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("browser: %s does not come (%v); the page says:\n%s", what, err, b.words())
		}
		time.Sleep(25 * time.Millisecond)
	}
}

// Dark makes the page dark or light.
func (b *Browser) Dark(yes bool) {
	b.t.Helper()
	scheme := "light"
	if yes {
		scheme = "dark"
	}
	b.do("colours", emulateScheme(scheme))
}

// Screenshot writes what is in the window to a PNG file.
func (b *Browser) Screenshot(path string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, b.Patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatalf("browser: screenshot: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func js(s string) string {
	data, err := json.Marshal(s)
	if err != nil { // a string always can
		return `""`
	}
	return string(data)
}
