package app_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestWhatANewSetIsGivenInTheBrowser drops files whose names the service does not take, a table upon
// photos that are there already, and gives addresses that are not fetched.
func TestWhatANewSetIsGivenInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		refuse := func() {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"code":"source_url_invalid","detail":"The source_url can't be used","correlation_id":"c"}`)
		}
		switch r.Method + " " + r.URL.Path {
		case "GET /v1/scenes":
			fmt.Fprint(w, `{"scenes":["studio"]}`)
		case "GET /v1/presets":
			fmt.Fprint(w, `{"presets":[{"name":"etsy","title":"Etsy","channel":"Etsy","width":2000,"height":1500,"fill":0.8,"default":true}]}`)
		case "GET /v1/brand-profiles":
			fmt.Fprint(w, `{"brand_profiles":[{"brand_profile_id":"default","name":"OPAL","palette":[]}]}`)
		case "GET /v1/plates":
			fmt.Fprint(w, `{"plates":[]}`)
		case "POST /v1/jobs":
			if !strings.Contains(string(body), `"dry_run":true`) {
				t.Errorf("something is ordered: %s", body)
			}
			if strings.Contains(string(body), `"source_url":"http:`) {
				refuse()
				return
			}
			fmt.Fprint(w, `{"items":[],"quote":{"total":100,"price_version":1,"lines":[]}}`)
		case "POST /v1/imports/preview":
			if strings.Contains(string(body), "shop.example/feed") {
				refuse()
				return
			}
			fmt.Fprint(w, `{"format":"csv","rows":300,"products":300,"photos":300,"pictures":300,"wrong":0,"errors":[],"first":[{"row":1,"line":2,"file":"a b.png","url":"","sku":"","title":""},{"row":2,"line":3,"file":"c.png","url":"","sku":"","title":""}],
				"quote":{"total":1400,"price_version":1,"lines":[]}}`)
		default:
			fmt.Fprint(w, `{"jobs":[],"items":[],"next_cursor":null,"scenes":[],"presets":[],"brand_profiles":[]}`)
		}
	})
	const names = `[...document.querySelectorAll(".photo-name")].map((e) => e.title).join()`
	inPage(t, ctx, chromedp.Navigate(url+"/#/new"), until(`document.querySelector("#make")`),
		dropped(`[["a\nb.png", `+aPNG+`], [".hidden.png", `+aPNG+`, "2"], ["..\u2215etc.png", `+aPNG+`, "3"], [".DS_Store", "x"], ["._a.png", "x"], ["x".repeat(300) + ".png", `+aPNG+`, "4"], ["notes.txt", "x"]]`),
		until(`document.querySelectorAll(".photo").length === 4 && document.querySelectorAll("details.warn li").length === 1`))
	holds(t, ctx, "names are mended as they come", names+` === "..\u2215etc.png,.hidden.png,a b.png," + "x".repeat(251) + ".png"`)
	holds(t, ctx, "what is too small for every size says so", `document.querySelector(".photo .warn-text")?.textContent.includes("every size")`)

	// a table that comes upon photos leaves them in sight, and takes them where it is told to
	inPage(t, ctx, dropped(`[["list.csv", "file\r\na b.png\r\nc.png"]]`), until(`document.querySelector("#make:not(:disabled)")?.textContent.includes("300 pictures")`))
	holds(t, ctx, "photos that were there before stay in sight", `document.querySelector(".new").textContent.includes("4 photos that were here before are not part of this table's set") && `+names+`.includes(".hidden.png")`)
	holds(t, ctx, "what is not known is not counted", `document.querySelector(".new").textContent.includes("2 photos or more are not here yet")`)
	accessible(t, ctx, "a table upon photos")
	seen(t, ctx, "new-table-upon-photos")
	inPage(t, ctx, press(".callout:has(.icon) > button:not(.icon-only)"), until(`document.querySelector(".new").textContent.includes("1 photo or more is not here yet") && !document.querySelector(".new").textContent.includes("not part of this table")`),
		until(`document.querySelector(".photos .photo img")?.naturalWidth === 1`), press(".callout .icon-only"), until(`!document.querySelector(".photo")`))

	// addresses have a field; what is never fetched is told in words of what it is
	const add, table = `.drop-address [type=submit]`, `.drop-address [type=button]`
	inPage(t, ctx, script(`document.querySelector(".drop-address").open = true`), fill("[name=address]", "http://shop.example/a.jpg"), press(add), until(`document.querySelector(".notice.bad")?.textContent.includes("http://shop.example/a.jpg: The address must begin with https://")`))
	holds(t, ctx, "it is not taken", `!document.querySelector(".photo")`)
	inPage(t, ctx, fill("[name=address]", "no address"), press(add), until(`!document.querySelector(".notice.bad")?.textContent.includes("shop.example") && document.querySelector(".notice.bad")?.textContent.includes("https://")`),
		fill("[name=address]", "https://shop.example/%E0%A4%A"), press(add), until(`document.querySelectorAll(".photo").length === 1 && document.querySelector("[name=address]").value === ""`),
		fill("[name=address]", "https://shop.example/feed"), press(table), until(`document.querySelector(".new .callout strong.breaks")?.textContent === "https://shop.example/feed" && document.querySelector(".new").textContent.includes("The table can't be fetched from its address")`))
	seen(t, ctx, "new-address")
}
