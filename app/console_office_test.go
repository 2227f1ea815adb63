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
	"testing"

	"github.com/chromedp/chromedp"
)

// markup is what a name must never become.
const markup = `<img src=x onerror="document.title='owned'">`

// fill types into a field as a person's typing does.
func fill(selector, text string) pageStep {
	quoted, _ := json.Marshal(text) // a string can always be written
	return until(fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (!e) return false; e.value = %s; e.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`, selector, quoted))
}

// seen holds a page to what every page owes: axe finds nothing, and what widths checks.
func seen(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	accessible(t, ctx, name)
	widths(t, ctx, name)
}

// widths holds a page to a phone's width, and no text became markup. TestEveryPageInTheBrowser
// has axe look at all pages.
func widths(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	holds(t, ctx, name+" keeps names text", `document.title !== "owned" && document.querySelector("main img[src=x]") === null`)
	inPage(t, ctx, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	fits(t, ctx, name+" on a phone")
	shoot(t, ctx, name+"-390")
	if screenshots() {
		inPage(t, ctx, chromedp.EmulateViewport(820, 1180))
		shoot(t, ctx, name+"-820")
	}
	inPage(t, ctx, chromedp.EmulateViewport(1440, 900))
	shoot(t, ctx, name+"-1440")
}

// plateFile writes a photograph of a floor before a wall.
func plateFile(t *testing.T) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 640, 400))
	for y := range 400 {
		for x := range 640 {
			img.Pix[y*img.Stride+x] = uint8(200 - 80*(y/220) + x%7)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(t.TempDir(), "<b>table<b>.jpg")
	if err := os.WriteFile(at, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

// officePages walks the pages around the pictures, after a set was made: a brand is made
// and kept, a webhook is made,
// its secret shown once, and paused, the set is deleted.
func officePages(t *testing.T, ctx context.Context) {
	t.Helper()
	to := func(place string) pageStep { return script(fmt.Sprintf(`location.hash = %q`, place)) }
	agree := press("dialog button:last-child")

	inPage(t, ctx, to("/library"), until(`document.querySelector(".grid .tile img")?.naturalWidth > 100`))
	widths(t, ctx, "library")
	inPage(t, ctx, fill(".filters input[type=search]", "there is no such picture"), until(`document.querySelector(".empty")`), fill(".filters input[type=search]", "sample"), until(`document.querySelector(".grid .tile")`))

	inPage(t, ctx, to("/brands/new"), until(`document.querySelector(".channels")`), fill(`.form input[required]`, "Oak "+markup), press(".palette > button"), fill(".colour input[type=text]", "#1a7f5a"), press(".form .bar button"),
		until(`location.hash.startsWith("#/brands/oak")`), until(`document.querySelector("h1").textContent.includes("<img")`))
	// a colour stays exact
	inPage(t, ctx, until(`document.querySelector(".colour input[type=text]").value === "#1a7f5a"`), until(`document.querySelector(".brand-seen img")?.naturalWidth === 360`))
	// Changes wait in a draft, a look and a pattern of names among them, until they go live.
	inPage(t, ctx, press(`[aria-labelledby=brand-looks] .row:last-child button`), fill(".brand-look input[required]", "Spring "+markup), fill("#brand-naming", "{sku}_{n}"), press(".form .bar button:nth-child(1)"), until(`document.querySelector(".page-head .state.look")`),
		chromedp.SetUploadFiles(chromedp.CSS("#brand-logo-file"), []string{plateFile(t)}), until(`document.querySelector(".brand-logo")?.naturalWidth === 512`))
	widths(t, ctx, "brand")
	inPage(t, ctx, press(".form .bar button.primary"), until(`!document.querySelector(".page-head .state.look") && document.querySelector("#brand-naming").value === "{sku}_{n}" && document.querySelector(".brand-logo")`))
	inPage(t, ctx, to("/brands"), until(`document.querySelectorAll(".cards .card").length === 2`))
	widths(t, ctx, "brands")
	inPage(t, ctx, to("/new"), until(`[...document.querySelectorAll(".new .scene-card")].some((o) => o.textContent.includes("<img"))`))

	// An own scene photo: its horizon is moved, and a product is seen in it.
	inPage(t, ctx, to("/plates"), until(`document.querySelector("#plate-files") && document.querySelector(".empty")`), chromedp.SetUploadFiles(chromedp.CSS("#plate-files"), []string{plateFile(t)}),
		until(`location.hash.startsWith("#/plates/") && document.querySelector(".plate-view img")?.naturalWidth === 640 && document.querySelector(".tried img")?.naturalWidth === 360`))
	holds(t, ctx, "it is named for its file", `document.querySelector("h1").textContent === "<b>table<b>" && document.querySelector("h1 b") === null`)
	inPage(t, ctx, fill(".plate-form .panel input[type=range]", "0.4"), until(`document.querySelector(".plate-horizon").style.top === "40%" && document.querySelector(".plate-floor").offsetTop > 0`), press(".form .bar button"), until(`document.querySelector(".notice.good") && document.querySelector(".form .bar button").disabled`))
	widths(t, ctx, "plate")
	inPage(t, ctx, to("/plates"), until(`document.querySelector(".cards .card img")?.naturalWidth === 640`))
	widths(t, ctx, "plates")

	inPage(t, ctx, to("/usage"), until(`document.querySelectorAll(".pack").length > 0 && document.querySelector(".figures dd").textContent !== "–" && document.querySelector("#buyer")`))
	widths(t, ctx, "usage")
	inPage(t, ctx, fill("input[name=cap]", "250"), press("form[aria-labelledby=usage-limit] button"), until(`document.querySelector(".figures").textContent.includes("/ 250")`))

	// Where nobody is asked who they are a key counts for nothing, and the page says so.
	inPage(t, ctx, to("/keys"), until(`document.querySelector(".empty")?.textContent.includes("AUTH_MODE") && !document.querySelector("input[name=name]")`))
	widths(t, ctx, "keys")

	inPage(t, ctx, to("/webhooks"), until(`document.querySelector("input[name=url]")`), fill("input[name=url]", "https://hooks.example.com/opal"), fill("input[name=description]", markup), press("form[aria-labelledby=webhook-new] button.primary"),
		until(`document.querySelector("dialog .secret")?.value.startsWith("whsec_")`))
	accessible(t, ctx, "a secret that is shown once")
	inPage(t, ctx, agree, until(`!document.querySelector("dialog") && document.querySelectorAll(".card").length === 1`))
	widths(t, ctx, "webhooks")
	inPage(t, ctx, press(".card a"), until(`document.querySelector("h1")?.textContent.includes("<img") && document.querySelector(".empty, .log > li")`), press(".page-head .row button:nth-child(2)"), until(`document.querySelector(".page-head .row .primary")`))
	widths(t, ctx, "webhook")

	inPage(t, ctx, to("/operations"), until(`document.querySelector(".empty") && document.querySelectorAll(".inline-list li").length > 2`))
	widths(t, ctx, "operations")

	inPage(t, ctx, to("/"), until(`document.querySelector(".set-row a")`), press(".set-row:last-child a"), until(`document.querySelectorAll(".grid .tile").length === 4`), press(".page-head .row button:first-child"), until(`document.querySelector("dialog")`), agree,
		until(`location.hash === "#/deletions" && document.querySelectorAll("tbody tr").length === 1 && document.querySelectorAll(".kept li").length === 6`))
	widths(t, ctx, "deletions")
}
