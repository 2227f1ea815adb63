package app_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
)

// aPNG is a picture of one pixel, in JavaScript.
const aPNG = `Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), (c) => c.charCodeAt(0))`

// dropped drops files on the page: their names and texts, as JavaScript.
func dropped(files string) pageStep {
	return script(`(() => { const d = new DataTransfer(); for (const [name, ...parts] of ` + files + `) d.items.add(new File(parts, name));
		for (const type of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, {dataTransfer: d, bubbles: true, cancelable: true})); })()`)
}

// TestATableWithItsPhotosIsImportedInTheBrowser drops a table and a photo that one of its rows
// names by file, on the first page. The photo of another row comes later.
func TestATableWithItsPhotosIsImportedInTheBrowser(t *testing.T) {
	t.Parallel() // it waits most of its time
	ctx := openBrowser(t, false)
	var table, mug, jug, looks atomic.Int64
	const counts = `{"total":2,"open":2,"completed":0,"failed":0,"cancelled":0,"open_exports":0,"done_exports":0,"failed_exports":0}`
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		row := func(status, upload string) string {
			return fmt.Sprintf(`{"import_id":"m","tenant_id":"default","collection_id":"c","correlation_id":"x","name":"","filename":"list.csv","url":"","status":%q,"format":"csv","rows":3,"rows_done":3,"photos":2,"uploads":2,
				"errors":1,"error_code":null,"error_message":null,"upload_url":%s,"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","finished_at":null,"counts":%s}`, status, upload, counts)
		}
		body, _ := io.ReadAll(r.Body)
		switch r.Method + " " + r.URL.Path {
		case "POST /v1/imports":
			if !strings.Contains(string(body), `"presets":["etsy"]`) || !strings.Contains(string(body), `"scene_types":["studio"]`) {
				t.Errorf("the import follows no choice: %s", body)
			}
			fmt.Fprint(w, row("created", `"/put/table"`))
		case "GET /v1/imports":
			fmt.Fprint(w, `{"imports":[],"next_cursor":null}`)
		case "GET /v1/scenes":
			fmt.Fprint(w, `{"scenes":["studio"]}`)
		case "GET /v1/presets":
			fmt.Fprint(w, `{"presets":[{"name":"etsy","title":"Etsy","channel":"Etsy","width":2000,"height":1500,"fill":0.8,"default":true}]}`)
		case "GET /v1/brand-profiles":
			fmt.Fprint(w, `{"brand_profiles":[{"brand_profile_id":"default","name":"OPAL","palette":[]}]}`)
		case "GET /v1/plates":
			fmt.Fprint(w, `{"plates":[]}`)
		case "POST /v1/jobs":
			t.Errorf("a table was ordered as a set: %s", body)
		case "POST /v1/imports/preview":
			looks.Add(1)
			if !strings.Contains(string(body), "name=\"presets\"\r\n\r\netsy") || !strings.Contains(string(body), "name=\"scene_types\"\r\n\r\nstudio") {
				t.Errorf("the look at the table follows no choice: %s", body)
			}
			if strings.Contains(string(body), "feed.csv") {
				fmt.Fprint(w, `{"format":"merchant","rows":900,"products":850,"photos":900,"pictures":900,"wrong":0,"errors":[],"first":[{"row":1,"line":2,"file":"","url":"https://shop.example/a.jpg","sku":"","title":"Armchair"}],
					"quote":{"total":90000,"price_version":1,"lines":[]}}`)
				return
			}
			fmt.Fprintf(w, `{"format":"csv","rows":3,"products":2,"photos":2,"pictures":3,"wrong":1,"errors":[{"row":3,"line":5,"code":"unheard_of","message":%q,"file":"","url":"","sku":"","title":%q,"job_id":null,"item_id":null}],
				"first":[{"row":1,"line":2,"file":"photos\\Mug.PNG","url":"","sku":"MUG-1","title":""},{"row":2,"line":4,"file":"jug.jpg","url":"","sku":"","title":""}],
				"quote":{"total":1400,"price_version":1,"lines":[{"kind":"preset","name":"etsy","price":100,"count":3,"total":300}]}}`, markup, markup)
		case "PUT /put/table":
			if strings.HasPrefix(string(body), "sku,file") {
				table.Add(1)
			}
			w.WriteHeader(http.StatusCreated)
		case "POST /v1/imports/m/start", "GET /v1/imports/m":
			fmt.Fprint(w, row("working", "null"))
		case "GET /v1/imports/m/uploads":
			fmt.Fprint(w, `{"all_rows":true,"next_cursor":null,"uploads":[{"row":1,"file":"photos\\Mug.PNG","job_id":"j","item_id":"i1","upload_url":"/put/i1"},{"row":2,"file":"jug.jpg","job_id":"j","item_id":"i2","upload_url":"/put/i2"}]}`)
		case "PUT /put/i1":
			mug.Add(int64(len(body)))
			w.WriteHeader(http.StatusCreated)
		case "PUT /put/i2":
			jug.Add(int64(len(body)))
			w.WriteHeader(http.StatusCreated)
		case "POST /v1/uploads/complete":
			fmt.Fprint(w, `{"ok":true}`)
		case "GET /v1/imports/m/errors":
			fmt.Fprintf(w, `{"next_cursor":null,"errors":[{"row":3,"line":4,"code":"unheard_of","message":%q,"file":"","url":"","sku":"","title":%q,"job_id":null,"item_id":null}]}`, markup, markup)
		default:
			fmt.Fprint(w, `{"jobs":[],"items":[],"next_cursor":null,"scenes":[],"presets":[],"brand_profiles":[]}`)
		}
	})
	inPage(t, ctx, chromedp.Navigate(url+"/"), until(`document.querySelector(".drop")`), dropped(`[["list.csv", "sku,file\r\n1,\"a\nb\"\r\n2,x"], ["mug.png", `+aPNG+`], ["nobody.jpg", "x"]]`),
		until(`location.hash === "#/new" && document.querySelector(".new .callout")?.textContent.includes("3 rows · 2 products · 2 photos") && document.querySelector("#make:not(:disabled)")?.textContent.includes("3 pictures")`),
		until(`document.querySelector(".bar p")?.textContent.includes("14 credits")`), until(`document.querySelector(".photos .photo img")?.naturalWidth === 1`))
	seen(t, ctx, "new-table")
	holds(t, ctx, "the row that is left out is told with its line, and that it costs nothing", `(() => { const s = document.querySelector("details.warn"); return s.open && s.textContent.includes("costs nothing") && s.querySelector("li").textContent.startsWith("Line 5") && !s.querySelector("li img"); })()`)
	holds(t, ctx, "the photo that isn't here, and the one that no row names, are told", `document.querySelectorAll(".photo.warn").length === 1 && document.querySelector(".photo.warn").textContent.includes("jug.jpg") && document.querySelector(".new").textContent.includes("nobody.jpg")`)
	inPage(t, ctx, press("#make"),
		until(`location.hash === "#/imports/m" && document.querySelector("#import-files")?.textContent.includes("1 photo ") && document.querySelector("main").textContent.includes("nobody.jpg") && document.querySelector("tbody tr")`))
	holds(t, ctx, "the photo that is awaited is named", `document.querySelector(".inline-list").textContent === "jug.jpg"`)
	seen(t, ctx, "import")
	inPage(t, ctx, dropped(`[["JUG.jpg", "a jug of water"]]`), until(`!document.querySelector("#import-files") && !document.querySelector(".afloat")`))
	inPage(t, ctx, chromedp.Navigate(url+"/#/imports"), until(`document.querySelector("[name=url]")`), chromedp.SetValue("[name=url]", "https://shop.example/feed.csv"), press("form [type=submit]"),
		until(`document.querySelector("#make:not(:disabled)")?.textContent.includes("900 pictures") && document.querySelector(".bar p").textContent.includes("900 credits")`))
	holds(t, ctx, "the first rows are shown, and how many more there are", `document.querySelector(".photos").textContent.includes("Armchair") && document.querySelector(".photos").textContent.includes("+899") && document.querySelector(".new .callout").textContent.includes("850 products")`)
	holds(t, ctx, "the address is named", `document.querySelector(".new .callout").textContent.includes("https://shop.example/feed.csv")`)
	if looks.Load() < 2 {
		t.Errorf("the tables were looked at %d times", looks.Load())
	}
	if table.Load() != 1 || mug.Load() != 70 || jug.Load() != 14 {
		t.Errorf("the table came %d times; %d bytes of one photo and %d of the other", table.Load(), mug.Load(), jug.Load())
	}
}
