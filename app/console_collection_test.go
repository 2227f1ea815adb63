package app_test

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/opal-photo/opal/modules/sample"
)

// inCollection is a picture of a collection.
func inCollection(i int, review string) string {
	return fmt.Sprintf(`{"job_id":"j%d","item_id":"i%d","filename":"photo-%d.jpg","status":"completed","scene_index":0,"scene_type":%q,"sku":null,"error_code":null,"error_message":null,"review":%s,"review_reason":null,
		"confidence":0.%d,"remake_of":null,"retry_of":null,"retried_by":null,"picture":null,"variants":{"total":1,"open":0,"failed":0},"rejected":[],"updated_at":"2026-01-01T00:00:00Z"}`, i%2, i, i, []string{"kitchen", "studio"}[i%2], review, 10+i%90)
}

// TestACollectionIsSharedAndSavedInPartsInTheBrowser has a large collection, for somebody who
// may not approve.
func TestACollectionIsSharedAndSavedInPartsInTheBrowser(t *testing.T) {
	t.Parallel() // it waits most of its time
	ctx := openBrowser(t, false)
	const sheet = 1200
	var shared atomic.Bool
	var again atomic.Value
	var thumbnails atomic.Int64
	var thumbnail bytes.Buffer
	if err := jpeg.Encode(&thumbnail, sample.Draw(320), nil); err != nil { // as wide as the service's
		t.Fatal(err)
	}
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.Method + " " + r.URL.Path {
		case "GET /v1/session":
			fmt.Fprint(w, `{"mode":"api-key","signed_in":true,"sign_in":null,"tenant_id":"t","name":"maker","scopes":["write"],"expires_at":"2100-01-01T00:00:00Z"}`)
		case "GET /v1/collections/c":
			fmt.Fprintf(w, `{"collection_id":"c","tenant_id":"t","name":%q,"status":"completed","zip":"ready","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:00:00Z",
				"jobs":{"total":1,"open":0},"counts":{"total":1,"open":0,"completed":1,"failed":0,"cancelled":0,"open_exports":0,"done_exports":1,"failed_exports":0}}`, markup)
		case "GET /v1/collections/c/items":
			if since := r.URL.Query().Get("changed_since"); since != "" { // a guest approved one meanwhile
				again.Store(since)
				fmt.Fprintf(w, `{"items":[%s],"next_cursor":null,"as_of":"2026-01-03T00:00:00Z"}`, inCollection(7, `"approved"`))
				return
			}
			from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
			var rows []string
			for i := range 200 {
				rows = append(rows, inCollection(from+i, map[bool]string{true: `"pending"`, false: "null"}[(from+i)%100 == 7]))
			}
			fmt.Fprintf(w, `{"items":[%s],"next_cursor":%s,"as_of":"2026-01-02T00:00:00Z"}`, strings.Join(rows, ","), map[bool]string{true: "null", false: fmt.Sprintf("%q", strconv.Itoa(from+200))}[from+200 == sheet])
		case "GET /v1/downloads/collections/c/export":
			fmt.Fprint(w, `{"download_url":"/part/1","parts":[{"url":"/part/1","bytes":268435456},{"url":"/part/2","bytes":1000}]}`)
		case "GET /v1/shares":
			fmt.Fprint(w, `{"shares":[],"next_cursor":null}`)
		case "POST /v1/shares":
			shared.Store(strings.Contains(string(body), `"collection_id":"c"`) && strings.Contains(string(body), `"approve":false`))
			fmt.Fprint(w, `{"url":"https://opal.example/share#x"}`)
		case "GET /v1/jobs":
			fmt.Fprintf(w, `{"jobs":[%s],"next_cursor":null}`, summary("completed"))
		case "GET /v1/items":
			from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
			var rows []string
			for i := range sheet / 3 {
				rows = append(rows, fmt.Sprintf(`{"job_id":"j","item_id":"f%d","filename":"photo.jpg","status":"completed","scene_type":"studio","sku":"CHAIR-%d","output_blob_path":"o","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`, from+i, from+i))
			}
			fmt.Fprintf(w, `{"items":[%s],"next_cursor":%s}`, strings.Join(rows, ","), map[bool]string{true: "null", false: fmt.Sprintf("%q", strconv.Itoa(from+sheet/3))}[from == 2*sheet/3])
		default:
			if strings.HasSuffix(r.URL.Path, "/thumbnail") {
				thumbnails.Add(1)
				w.Header().Set("Content-Type", "image/jpeg")
				_, _ = w.Write(thumbnail.Bytes())
				return
			}
			fmt.Fprint(w, `{"items":[],"next_cursor":null,"scenes":[],"presets":[],"brand_profiles":[]}`)
		}
	})
	inPage(t, ctx, chromedp.Navigate(url+"/#/collections/c"), press(".page-head .primary"), press("dialog .zip-choice"), until(`document.querySelectorAll(".zip-parts a").length === 2 && document.querySelector(".set-row a")`))
	seen(t, ctx, "collection")
	// its pictures are a contact sheet, of which those near the window are in the page
	inPage(t, ctx, until(fmt.Sprintf(`document.querySelector(".filters .count").textContent.replace(/\D/g, "") === "%d"`, sheet)))
	holds(t, ctx, "few of the tiles are there", `document.querySelectorAll(".grid .tile").length < 120 && document.querySelector(".grid .tile .clip").textContent === "Studio"`)
	inPage(t, ctx, script(`document.querySelector(".filters select").value = "doubt"; document.querySelector(".filters select").dispatchEvent(new Event("change", { bubbles: true }))`),
		until(`document.querySelector(".grid .tile").classList.contains("look")`), press(".filters .tools .chip:last-child"), script(`document.querySelector(".grid li:nth-child(2) .tile-choose input").click()`))
	inPage(t, ctx, until(`document.querySelectorAll(".tile.chosen").length === 1`), script(`document.querySelector(".grid li:nth-child(5) .tile-picture").dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: true }))`),
		until(`document.querySelectorAll(".tile.chosen").length === 4`), press(".bar .quiet"), until(`!document.querySelector(".tile.chosen")`))
	inPage(t, ctx, until(`document.querySelector(".filters .chip:nth-child(2) .count").textContent === "11"`))
	if again.Load() != "2026-01-02T00:00:00Z" {
		t.Errorf("asked for what changed since %v", again.Load())
	}
	inPage(t, ctx, press(".page-head .row button:nth-last-child(2)"), until(`document.querySelector("dialog input[name=approve]").disabled`), press("dialog button[type=submit]"), until(`document.querySelector("dialog .secret")?.value.endsWith("#x")`))
	if !shared.Load() {
		t.Error("the link is not one of the collection without approval")
	}
	// the library, too, has the tiles near the window alone in its page, however many are read
	inPage(t, ctx, chromedp.Navigate(url+"/#/library"), press(".more button"), until(fmt.Sprintf(`document.querySelector(".grid li")?.ariaSetSize === "%d"`, 2*sheet/3)), press(".more button"), until(fmt.Sprintf(`!document.querySelector(".more") && document.querySelector(".grid li").ariaSetSize === "%d"`, sheet)))
	before := thumbnails.Load()
	inPage(t, ctx, script(`window.frames = []; { let last = 0, y = 0; const step = (now) => { if (last) frames.push(now - last); last = now; if (frames.length < 60) { scrollTo(0, y += 300); requestAnimationFrame(step); } else window.scrolled = true; }; requestAnimationFrame(step); }`),
		until(`window.scrolled && document.querySelector(".grid .tile img.thumb")?.complete`))
	holds(t, ctx, "few of the library's tiles are there", `document.querySelectorAll(".grid .tile").length < 120`)
	if n := thumbnails.Load(); before > 300 || n > sheet {
		t.Errorf("%d thumbnails are read before it is scrolled, %d afterwards", before, n)
	}
	frames, err := chromedp.Run(ctx, chromedp.Evaluate[string](`frames.sort((a, b) => a - b) && frames[30].toFixed() + " ms, at most " + frames[59].toFixed() + " ms"`))
	heap, all := pageMemory(t, ctx)
	t.Logf("%d pictures of the library: a frame takes %s (%v), %.1f MB of scripts, %.1f MB of the largest page's process", sheet, frames, err, heap/1e6, all/1e6)
}
