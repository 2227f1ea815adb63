package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/billing/mollietest"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/sample"
)

// accessible holds the page to WCAG 2.2 AA with axe, its colours in both schemes: all
// other rules find the same in either.
func accessible(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(window.axe)`))
	if err != nil {
		t.Fatal(err)
	}
	if !there { // half a megabyte
		axe, err := os.ReadFile(filepath.Join("..", "modules", "console", "node_modules", "axe-core", "axe.min.js"))
		if err != nil {
			t.Fatalf("npm ci in modules/console: %v", err)
		}
		inPage(t, ctx, script(`void (() => { `+string(axe)+` })()`))
	}
	for _, look := range []struct{ name, rules string }{
		{"light", `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`}, {"dark", `{type: "rule", values: ["color-contrast"]}`},
	} {
		name := look.name
		inPage(t, ctx, scheme(name), script(`window.found = null;
			axe.run(document, {preload: false, selectors: false, resultTypes: ["violations"], runOnly: `+look.rules+`}, (error, r) => {
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

// TestASetFromDropToApprovalInTheBrowser goes the whole way of a new user: the sample, a
// picture in which there is nothing to cut out, and files that are no pictures, one of which
// is replaced by another photo; made, looked at, approved and rejected by keyboard, saved,
// corrected by the brush; then the pages around it, where credits are bought at a fake
// provider.
func TestASetFromDropToApprovalInTheBrowser(t *testing.T) {
	t.Parallel()
	consoleBuilt(t)
	ctx := openBrowser(t, true)
	provider := mollietest.New()
	t.Cleanup(provider.Close)
	dev := apptest.Client{T: t, Base: "http://" + apptest.FreeAddr(t)}
	apptest.Start(t, []string{"MOLLIE_API_KEY=" + mollietest.Key, "MOLLIE_API_URL=" + provider.URL}, "dev", "--data", filepath.Join(t.TempDir(), "state"), "--listen", strings.TrimPrefix(dev.Base, "http://"))
	dev.WaitReady()
	desktop, phone := chromedp.EmulateViewport(1440, 900), chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile)
	dir := t.TempDir()
	file := func(name, body string) string {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, image.NewGray(image.Rect(0, 0, 320, 240)), nil); err != nil {
		t.Fatal(err)
	}
	whole, err := sample.JPEG(400)
	if err != nil {
		t.Fatal(err)
	}
	files := []string{file("<b>broken<b>.heic", "\x00\x00\x00\x18ftypheicnot a picture"), file("plain.jpg", plain.String()), file("torn.heic", "\x00\x00\x00\x18ftypheicneither is this"), file("half.jpg", string(whole[:len(whole)/2])), file("text.jpg", "no picture's bytes"), file("notes.txt", "x"), file("photo.psd", "x"), file("empty.png", "")}
	tile := func(state string) string { return fmt.Sprintf(`document.querySelector(".tile.%s")`, state) }

	inPage(t, ctx, desktop, chromedp.Navigate(dev.Base+"/"), until(`document.querySelector(".empty h2")`))
	shoot(t, ctx, "home-empty")
	accessible(t, ctx, "home without sets")
	inPage(t, ctx, press("#sample"), until(`document.querySelectorAll(".photo").length === 1 && document.querySelectorAll(".scene-card").length === 8`),
		chromedp.SetUploadFiles(chromedp.CSS("#files"), files), until(`document.querySelectorAll(".photo").length === 4 && document.querySelectorAll(".callout li").length === 5`),
		// the first photo is seen in every scene before anything is ordered
		until(`[...document.querySelectorAll(".seen .scene-look img")].filter((i) => i.naturalWidth === 360).length === 8`))
	holds(t, ctx, "each refusal is told", `["notes.txt", "photo.psd", "empty.png", "text.jpg", "half.jpg"].every((w) => document.querySelector(".callout").textContent.includes(w))`)
	holds(t, ctx, "a name is no markup", `document.querySelector(".photos b") === null && document.querySelector(".photos").textContent.includes("<b>broken<b>.heic")`)
	accessible(t, ctx, "new set")
	shoot(t, ctx, "new")
	inPage(t, ctx, phone)
	fits(t, ctx, "a new set on a phone")
	shoot(t, ctx, "new-phone")

	const two = `document.querySelectorAll(".tile.refused").length === 2`
	inPage(t, ctx, desktop, fill("#set-name", "Spring "+markup), press("#make"), until(two))
	holds(t, ctx, "the set has its name", fmt.Sprintf(`document.querySelector("h1").textContent.includes(%q) && document.querySelector("h1 img") === null`, markup))
	inPage(t, ctx, press("h1 button"), until(`document.activeElement.name === "set-name"`), fill("input[name=set-name]", "Summer "+markup), press(".page-head form .primary"), until(`document.querySelector("h1")?.textContent.startsWith("Summer")`))
	holds(t, ctx, "the refusal is told where the photo is", `document.querySelector(".tile.refused .tile-why").textContent.length > 20`)
	// It is told after a reload, too, as the service kept it.
	inPage(t, ctx, chromedp.Reload(), until(two))
	brushed := orderForBrush(t, dev)
	// A refused photo is replaced by another, of which a picture is made.
	const torn = `document.querySelector(".tile:has(strong[title='better.jpg'])")`
	better, err := sample.JPEG(1000)
	if err != nil {
		t.Fatal(err)
	}
	chooses(ctx, file("better.jpg", string(better)))
	inPage(t, ctx, press(`.tile.refused:has(strong[title="torn.heic"]) .tile-buttons button:first-child`), until(`document.querySelectorAll(".tile.refused").length === 1 && `+torn+`.querySelector("img.thumb:not(.photo-only)")?.naturalWidth > 100`))
	holds(t, ctx, "the focus stays where the button was", torn+`.contains(document.activeElement)`)
	inPage(t, ctx, until(`document.querySelector(".tile img.thumb")?.naturalWidth > 100`), until(tile("look")))
	shoot(t, ctx, "sheet")
	accessible(t, ctx, "contact sheet")
	inPage(t, ctx, phone)
	fits(t, ctx, "the contact sheet on a phone")
	shoot(t, ctx, "sheet-phone")
	// The job waits for a photo that is refused until it is left out.
	inPage(t, ctx, desktop, press(".tile.refused .tile-buttons button:last-child"), until(tile("out")), until(`document.querySelector(".page-head .primary").disabled === false`))

	// A doubtful picture says so, above its sizes, too, and a person decides.
	inPage(t, ctx, press(".sheet .callout button"), until(`document.querySelector("h1").textContent === "plain.jpg" && document.querySelector(".callout")`), until(`document.querySelector(".doubt + .variants li") && !document.querySelector(".variants .good-text")`))
	// A decision that does not get through waits, says so, and is sent when the service is there again.
	inPage(t, ctx, script(`window.reached = fetch; window.fetch = (call, ...more) => (String(call.url ?? call).includes("/approve") ? Promise.reject(new TypeError("no network")) : window.reached(call, ...more))`),
		chromedp.KeyEvent("a"), until(`document.querySelector(".sheet") && document.querySelector(".notice.good")?.textContent.includes("plain.jpg") && document.querySelector(".tile.approved:has(strong[title='plain.jpg'])")?.textContent.includes("Waits for the connection")`),
		script(`window.fetch = window.reached`), until(`!document.querySelector("main > .callout[role=status]")`), script(`document.querySelector(".tile strong[title='plain.jpg']").click()`), until(`document.querySelector("h1").textContent === "plain.jpg" && document.querySelector(".variants li")`), chromedp.KeyEvent("r"), until(`document.querySelector("h1").textContent === "sample-bottle.jpg"`), chromedp.KeyEvent(kb.Escape), until(tile("rejected")))

	const bottle = `document.querySelector(".tile.approved:has(strong[title='sample-bottle.jpg'])")`
	// By keyboard: to the picture, approve, on to the next.
	inPage(t, ctx, chromedp.Focus(chromedp.CSS(".tile.done:has(strong[title='better.jpg']) [data-main]")), chromedp.KeyEvent("a"), until(torn+`.matches(".approved")`))
	inPage(t, ctx, chromedp.Focus(chromedp.CSS(".tile.done:has(strong[title='sample-bottle.jpg']) [data-main]")), chromedp.KeyEvent("a"), until(`document.querySelectorAll(".tile.approved").length === 2`), until(`document.activeElement.closest(".tile") && !`+bottle+`.contains(document.activeElement)`),
		chromedp.KeyEvent(kb.ArrowLeft), until(bottle+`.contains(document.activeElement)`), chromedp.KeyEvent(kb.Enter),
		until(`document.querySelector(".canvas img")?.naturalWidth > 100 && document.querySelectorAll(".variants > li").length > 3`))
	holds(t, ctx, "every default size is made", fmt.Sprintf(`[...document.querySelectorAll(".variants > li")].filter((size) => size.querySelector(".good-text, .checks")).length === %d`, len(channel.Defaults())))
	saves := saveTo(t, ctx)
	inPage(t, ctx, press(".variants .icon-only"))
	saved(t, saves, map[string]string{"sample-bottle-*": "\xff\xd8"})
	shoot(t, ctx, "picture")
	accessible(t, ctx, "picture")
	// The photo lies over the picture, to be compared: the product of both has one place.
	inPage(t, ctx, press(".stage-tools .chips:first-child .chip:last-child"), until(`document.querySelector(".compare img")?.naturalWidth > 100 && document.querySelector(".compare-range")`))
	accessible(t, ctx, "before and after")
	shoot(t, ctx, "picture-compare")
	inPage(t, ctx, press(".tabs button:nth-child(2)"), until(`document.querySelector(".place") && document.querySelectorAll(".panel .chip[aria-pressed]").length === 8`))
	// the same picture is not ordered twice
	holds(t, ctx, "nothing is changed yet", `document.querySelector(".panel .chip[aria-pressed=true]") && document.querySelector(".adjust .primary").disabled`)
	accessible(t, ctx, "steering")
	// What is wished is seen before it is ordered, by keyboard, too; words that nobody knows are marked.
	inPage(t, ctx, script(`window.was = document.querySelector(".canvas img").src; window.at = () => { const p = document.querySelector(".place"); return p.offsetLeft / p.offsetParent.offsetWidth; }; window.left = window.at()`), fill(".adjust textarea", "oak "+markup),
		chromedp.Focus(chromedp.CSS(".place")), chromedp.KeyEvent("-"), chromedp.KeyEvent(kb.ArrowLeft), until(`document.querySelector(".understood .known")?.textContent === "oak" && document.querySelector(".understood .unknown")`),
		until(`document.querySelector(".canvas img").src !== window.was && window.at() < window.left + .02 && document.querySelector(".dial .soft").textContent === "95 %"`))
	shoot(t, ctx, "picture-adjust")
	inPage(t, ctx, script(`window.was = location.hash`), press(".adjust .primary"), until(`location.hash !== window.was && document.querySelector(".page-head .state.done") && document.querySelector(".canvas img")?.naturalWidth > 1000`),
		press(".tabs button:nth-child(4)"), until(`document.querySelectorAll(".history-picture img").length === 2`))
	shoot(t, ctx, "picture-history")
	inPage(t, ctx, phone)
	fits(t, ctx, "a picture on a phone")
	shoot(t, ctx, "picture-phone")
	inPage(t, ctx, desktop, script(`document.activeElement.blur()`), chromedp.KeyEvent("z"))
	holds(t, ctx, "Z shows it at 100 %", `document.querySelector(".canvas-inner").offsetWidth === document.querySelector(".canvas img").naturalWidth`)
	inPage(t, ctx, chromedp.KeyEvent(kb.Escape), until(`document.querySelector(".grid")`), until(`document.querySelector(".page-head p")?.textContent.includes("Finished")`), press(".page-head .primary"), until(`document.querySelectorAll("dialog .zip-choice").length === 3 && document.querySelectorAll("dialog .zip-choice:disabled").length === 1`))
	accessible(t, ctx, "what a ZIP holds")
	inPage(t, ctx, press("dialog .zip-choice"))
	saved(t, saves, map[string]string{"*.zip": "PK"})
	inPage(t, ctx, press(".bar button"), until(`document.querySelectorAll(".tile.chosen").length === 4`), chromedp.KeyEvent("d"), until(`document.querySelectorAll(".tile.chosen").length === 0`))
	saved(t, saves, map[string]string{"Summer *-selected.zip": "PK"})
	sharePages(t, ctx, dev.Base)
	inPage(t, ctx, script(`location.hash = "/"`), until(`document.querySelectorAll(".set-row").length === 2`))
	inPage(t, ctx, until(`document.querySelector(".strip img")?.naturalWidth > 100`))
	accessible(t, ctx, "home")
	shoot(t, ctx, "home")

	brushPicture(t, ctx, brushed)
	officePages(t, ctx)
	buyCredits(t, ctx, dev.Base, provider)
}
