package app_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience bounds how long a test in the browser waits for one thing, and lifetime how
// long a whole test has: what a step waits for in vain is still seen afterwards.
const patience, lifetime = 6 * time.Minute, 25 * time.Minute

// chromium is the one browser of all tests: each gets a profile of its own in it.
var chromium struct {
	sync.Mutex
	ctx   context.Context
	close func()
}

// closingBrowser runs the tests and closes the browser that they shared.
type closingBrowser struct{ *testing.M }

func (m closingBrowser) Run() int {
	code := m.M.Run()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.close != nil {
		chromium.close()
	}
	return code
}

// startChromium returns the context of the browser that all tests share, and starts it for
// the first of them.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx != nil {
		return chromium.ctx
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		const what = "this test needs Chromium: apt-get install chromium"
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	profile, err := os.MkdirTemp("", "opal-chromium") // not the test's: others come after it
	if err != nil {
		t.Fatal(err)
	}
	o := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 900))
	for _, flag := range []string{"no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		o = append(o, chromedp.Flag(flag, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), o...)
	ctx, cancel := chromedp.NewContext(allocator)
	end := func() { cancel(); stop(); _ = os.RemoveAll(profile) }
	if err := chromedp.Do(ctx); err != nil {
		end()
		t.Fatalf("start Chromium: %v", err)
	}
	chromium.ctx, chromium.close = ctx, end
	return ctx
}

// openBrowser opens a page in a profile of its own and fails the test for whatever the page
// complains of: exceptions, broken rules of its policy, and answers of 4xx and
// 5xx unless they are expected, or complaints that hold a text that is provoked.
func openBrowser(t *testing.T, expectRefusals bool, provoked ...string) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("not among the short tests: it starts Chromium")
	}
	ctx, cancel := chromedp.NewContext(startChromium(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a page: %v", err)
	}
	ctx, cancel = context.WithTimeout(ctx, lifetime)
	t.Cleanup(cancel)
	// several tests' pages are at work: each takes itself for the one that people look at
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	messages := chromedp.Console(ctx)
	heard := make(chan struct{})
	files := make(chan string, 1)
	ctx = context.WithValue(ctx, filesKey{}, files)
	asked := answerDialogs(t, ctx, files)
	t.Cleanup(func() { cancel(); <-heard; <-asked })
	go func() {
		defer close(heard)
		for m, err := range messages {
			if err != nil {
				return
			}
			if slices.ContainsFunc(provoked, func(text string) bool { return strings.Contains(m.Text, text) }) {
				continue
			}
			if m.IsException() || m.Type == "error" && !(expectRefusals && m.Source == "network") {
				t.Errorf("the page complains: %s %s", m.Text, m.URL)
			}
		}
	}()
	return ctx
}

// filesKey is the context's key of the files that file choosers take.
type filesKey struct{}

// chooses gives the next file chooser a file.
func chooses(ctx context.Context, path string) { ctx.Value(filesKey{}).(chan string) <- path }

// answerDialogs leaves no dialog of the browser's own open, behind which the page would
// stand still: it agrees to leave a page, gives a file chooser the file that chooses named,
// and fails the test for one that nobody expects. The channel is closed when the context
// has ended.
func answerDialogs(t *testing.T, ctx context.Context, files <-chan string) <-chan struct{} {
	t.Helper()
	ended := make(chan struct{})
	opened := make(chan any, 16)
	if err := chromedp.Listen(ctx, func(ev any) {
		switch ev.(type) {
		case *page.EventJavascriptDialogOpening, *page.EventFileChooserOpened:
			select {
			case opened <- ev:
			default: // 16 are told already
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, page.SetInterceptFileChooserDialog, page.SetInterceptFileChooserDialogParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return
			case ev := <-opened:
				if d, ok := ev.(*page.EventJavascriptDialogOpening); ok {
					if _, err := chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}); err != nil || d.Type != page.DialogTypeBeforeunload {
						t.Errorf("the page opens a dialog: %s %s (%v)", d.Type, d.Message, err)
					}
					continue
				}
				select {
				case path := <-files:
					if _, err := chromedp.Call(ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, BackendNodeID: ev.(*page.EventFileChooserOpened).BackendNodeID}); err != nil {
						t.Errorf("the file chooser takes no file: %v", err)
					}
				default:
					t.Error("the page opens a file chooser that nobody asked for")
				}
			}
		}
	}()
	return ended
}

// pageStep is an action that gives nothing back.
type pageStep = chromedp.Action[chromedp.Void]

func inPage(t *testing.T, ctx context.Context, steps ...pageStep) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		shoot(t, late, "failed")
		text, _ := chromedp.Run(late, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
		t.Fatalf("%v\nthe page: %.3000s", err, text)
	}
}

// until waits for a JavaScript expression to hold; it doesn't where it fails, as it does on
// what is not there yet.
func until(expression string) pageStep {
	return chromedp.Poll[chromedp.Void]("(() => { try { return Boolean("+expression+"); } catch { return false; } })()", chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience))
}

// script runs JavaScript in the page.
func script(text string) pageStep { return chromedp.Evaluate[chromedp.Void](text) }

// press activates a button or link by the keyboard. Unlike a click it doesn't depend on
// where the element lies, which may change while the page is at work.
func press(selector string) pageStep {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, step := range []pageStep{
			until(fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (!e || e.disabled) return false; e.focus(); return document.activeElement === e; })()`, selector)),
			chromedp.KeyEvent(kb.Enter),
		} {
			if _, err := step(ctx, target); err != nil {
				return fmt.Errorf("press %s: %w", selector, err)
			}
		}
		return nil
	})
}

// scheme makes the page light or dark.
func scheme(name string) pageStep {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
		})
		return err
	})
}

// holds checks a JavaScript expression.
func holds(t *testing.T, ctx context.Context, what, expression string) {
	t.Helper()
	ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
	if err != nil || !ok {
		t.Errorf("%s: %s does not hold (%v)", what, expression, err)
	}
}

// shoot keeps a picture of the page where go test -artifacts asks for it.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if kept := flag.Lookup("test.artifacts"); kept == nil || kept.Value.String() != "true" {
		return
	}
	b, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Logf("no picture of %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), b, 0o600); err != nil {
		t.Error(err)
	}
}

// fits checks that nothing is wider than the page.
func fits(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	holds(t, ctx, what+" fits its width", `document.documentElement.scrollWidth <= window.innerWidth`)
}
