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

// TestATableWithItsPhotosIsImportedInTheBrowser drops a table and a photo that one of its rows
// names by file, on the first page. The photo of another row comes later.
func TestATableWithItsPhotosIsImportedInTheBrowser(t *testing.T) {
	t.Parallel() // it waits most of its time
	ctx := openBrowser(t, false)
	var table, mug, jug atomic.Int64
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
				t.Errorf("a table was ordered as a set: %s", body)
			}
			fmt.Fprint(w, `{"items":[],"quote":{"total":700}}`)
		case "PUT /put/table":
			if strings.HasPrefix(string(body), "sku,file") {
				table.Add(1)
			}
			w.WriteHeader(http.StatusCreated)
		case "POST /v1/imports/m/start", "GET /v1/imports/m":
			fmt.Fprint(w, row("working", "null"))
		case "GET /v1/imports/m/uploads":
			fmt.Fprint(w, `{"all_rows":true,"next_cursor":null,"uploads":[{"row":1,"file":"photos\\Mug.JPG","job_id":"j","item_id":"i1","upload_url":"/put/i1"},{"row":2,"file":"jug.jpg","job_id":"j","item_id":"i2","upload_url":"/put/i2"}]}`)
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
	drop := func(files string) pageStep {
		return script(`(() => { const d = new DataTransfer(); for (const [name, text] of ` + files + `) d.items.add(new File([text], name));
			for (const type of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, {dataTransfer: d, bubbles: true, cancelable: true})); })()`)
	}
	inPage(t, ctx, chromedp.Navigate(url+"/"), until(`document.querySelector(".drop")`), drop(`[["list.csv", "sku,file\r\n1,\"a\nb\"\r\n2,x"], ["mug.jpg", "a mug"], ["nobody.jpg", "x"]]`), until(`location.hash === "#/new" && document.querySelector(".new .callout")?.textContent.includes("list.csv") && document.querySelector(".new .callout").textContent.includes("2 rows") && document.querySelector("#make:not(:disabled)")?.textContent.includes("2 pictures")`), until(`document.querySelector(".bar p")?.textContent.includes("14 credits")`), press("#make"),
		until(`location.hash === "#/imports/m" && document.querySelector("#import-files")?.textContent.includes("1 photo ") && document.querySelector("main").textContent.includes("nobody.jpg") && document.querySelector("tbody tr")`))
	holds(t, ctx, "the photo that is awaited is named", `document.querySelector(".inline-list").textContent === "jug.jpg"`)
	seen(t, ctx, "import")
	inPage(t, ctx, drop(`[["JUG.jpg", "a jug of water"]]`), until(`!document.querySelector("#import-files") && !document.querySelector(".afloat")`))
	if table.Load() != 1 || mug.Load() != 5 || jug.Load() != 14 {
		t.Errorf("the table came %d times; %d bytes of one photo and %d of the other", table.Load(), mug.Load(), jug.Load())
	}
}
