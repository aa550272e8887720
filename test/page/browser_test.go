package page

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long the page may take to show something, on a busy machine.
const patience = 90 * time.Second

// tab is a page in a browser of its own.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu sync.Mutex
	// wrong are the requests to other places than the page's own, errors that the
	// browser has logged, and scripts that have failed.
	wrong []string
}

// chromium is the browser, which make cannot fetch.
func chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no chromium in the PATH: install it (apt-get install chromium)")
}

// open starts a browser and shows the address. Without scripts, the page runs none.
func open(t *testing.T, address string, scripts bool) *tab {
	t.Helper()
	path, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.WSURLReadTimeout(patience),
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, func(event any) { b.note(event, address) })
	b.do("opening the page", network.Enable(), log.Enable(), emulation.SetScriptExecutionDisabled(!scripts),
		chromedp.EmulateViewport(1280, 860), chromedp.Navigate(address))
	t.Cleanup(b.check)
	return b
}

func (b *tab) note(event any, address string) {
	wrong := ""
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, address) {
			wrong = "a request to " + e.Request.URL
		}
	case *log.EventEntryAdded:
		// Chromium asks for an icon by itself.
		if e.Entry.Level == log.LevelError && !strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
			wrong = "an error: " + e.Entry.Text + " " + e.Entry.URL
		}
	case *runtime.EventExceptionThrown:
		wrong = "a script failed: " + e.ExceptionDetails.Error()
	}
	if wrong != "" {
		b.mu.Lock()
		b.wrong = append(b.wrong, wrong)
		b.mu.Unlock()
	}
}

// check fails the test if something went wrong in the browser.
func (b *tab) check() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, wrong := range b.wrong {
		b.t.Error("in the browser: ", wrong)
	}
}

func (b *tab) do(what string, actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	// The first run starts the browser, which lives as long as its context.
	if err := chromedp.Run(b.ctx); err != nil {
		b.t.Fatalf("starting the browser: %v", err)
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// wait waits until an expression is true in the page, and fails the test with what the
// page says when it is not in time.
func (b *tab) wait(what, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		var is bool
		err := chromedp.Run(ctx, chromedp.Evaluate(expression, &is))
		if err == nil && is {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.t.Fatalf("%s: not in time (%v). The page says:\n%s", what, err, b.text("document.body.innerText"))
		}
	}
}

// text evaluates an expression that is a text.
func (b *tab) text(expression string) (text string) {
	b.t.Helper()
	b.do(expression, chromedp.Evaluate(expression, &text))
	return text
}

// picture keeps what the page looks like, when KINDRED_PICTURES names a directory.
func (b *tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("KINDRED_PICTURES")
	if dir == "" {
		return
	}
	b.wait("the tiles to have arrived", `document.getAnimations().length === 0`)
	var png []byte
	b.do("a picture", chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// scheme sets what the person prefers.
func (b *tab) scheme(name string) {
	b.t.Helper()
	feature := &emulation.MediaFeature{Name: "prefers-color-scheme", Value: name}
	b.do(name, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{feature}))
}
