package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// accessible holds the page to WCAG 2.2 AA with axe, its colours in both schemes: all
// other rules find the same in either.
func accessible(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	axe, err := os.ReadFile(filepath.Join("..", "modules", "console", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("npm ci in modules/console: %v", err)
	}
	inPage(t, ctx, script(`void (window.axe || (() => { `+string(axe)+` })())`))
	for _, look := range []struct{ name, rules string }{
		{"light", `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`}, {"dark", `{type: "rule", values: ["color-contrast"]}`},
	} {
		name := look.name
		inPage(t, ctx, scheme(name), script(`window.found = null;
			axe.run(document, {preload: false, resultTypes: ["violations"], runOnly: `+look.rules+`}, (error, r) => {
				window.found = JSON.stringify(error ? [String(error)] : r.violations.map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html + " " + n.failureSummary).join(" | ")));
			})`), until(`typeof window.found === "string"`))
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`String(window.found)`))
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		if err := json.Unmarshal([]byte(text), &found); err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			t.Errorf("%s, %s: %s", what, name, f)
		}
	}
	inPage(t, ctx, scheme("light"))
}

// TestASetFromDropToApprovalInTheBrowser goes the whole way of a new user: the sample and
// a file that is no picture, made, looked at and approved by keyboard.
func TestASetFromDropToApprovalInTheBrowser(t *testing.T) {
	if found, _ := filepath.Glob("../modules/console/dist/main-*.js"); len(found) == 0 {
		const what = "the console is not built: make console"
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	ctx := openBrowser(t, true)
	_, dev, _ := runDev(t)
	desktop, phone := chromedp.EmulateViewport(1440, 900), chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile)
	broken := filepath.Join(t.TempDir(), "<b>broken<b>.jpg")
	if err := os.WriteFile(broken, []byte("not a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	tile := func(state string) string { return fmt.Sprintf(`document.querySelector(".tile.%s")`, state) }

	inPage(t, ctx, desktop, chromedp.Navigate(dev.Base+"/console"), until(`document.querySelector(".empty h2")`))
	shoot(t, ctx, "home-empty")
	accessible(t, ctx, "home without sets")
	inPage(t, ctx, press("#sample"), until(`document.querySelectorAll(".photo").length === 1 && document.querySelectorAll(".scene-card").length === 8`),
		chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{broken}), until(`document.querySelectorAll(".photo").length === 2`))
	holds(t, ctx, "a name is no markup", `document.querySelector(".photos b") === null && document.querySelector(".photos").textContent.includes("<b>broken<b>.jpg")`)
	accessible(t, ctx, "new set")
	shoot(t, ctx, "new")
	inPage(t, ctx, phone)
	fits(t, ctx, "a new set on a phone")
	shoot(t, ctx, "new-phone")

	inPage(t, ctx, desktop, press("#make"), until(tile("refused")))
	holds(t, ctx, "the refusal is told where the photo is", `document.querySelector(".tile.refused .tile-why").textContent.length > 20`)
	// It is told after a reload, too, as the service kept it.
	inPage(t, ctx, chromedp.Reload(), until(tile("refused")))
	inPage(t, ctx, until(`document.querySelector(".tile img.thumb")?.naturalWidth > 100`))
	shoot(t, ctx, "sheet")
	accessible(t, ctx, "contact sheet")
	inPage(t, ctx, phone)
	fits(t, ctx, "the contact sheet on a phone")
	shoot(t, ctx, "sheet-phone")
	// The job waits for a photo that is refused until it is left out.
	inPage(t, ctx, desktop, press(".tile.refused .tile-buttons button:last-child"), until(tile("out")), until(`document.querySelector(".page-head .primary").disabled === false`))

	// By keyboard: to the picture, approve, on to the next.
	inPage(t, ctx, chromedp.Focus(chromedp.CSS(".tile [data-main]")), chromedp.KeyEvent("a"), until(tile("approved")), until(`document.activeElement.closest(".tile.out")`),
		chromedp.KeyEvent(kb.ArrowLeft), until(`document.activeElement.closest(".tile.approved")`), chromedp.KeyEvent(kb.Enter),
		until(`document.querySelector(".canvas img")?.naturalWidth > 100 && document.querySelectorAll(".variants > li").length > 3`))
	shoot(t, ctx, "picture")
	accessible(t, ctx, "picture")
	inPage(t, ctx, phone)
	fits(t, ctx, "a picture on a phone")
	shoot(t, ctx, "picture-phone")
	inPage(t, ctx, desktop, chromedp.KeyEvent("z"))
	holds(t, ctx, "Z shows it at 100 %", `document.querySelector(".canvas-inner").offsetWidth === document.querySelector(".canvas img").naturalWidth`)
	inPage(t, ctx, chromedp.KeyEvent(kb.Escape), until(`document.querySelector(".grid")`), script(`location.hash = "/"`), until(`document.querySelectorAll(".set-row").length === 1`))
	accessible(t, ctx, "home")
	shoot(t, ctx, "home")

	officePages(t, ctx)
}
