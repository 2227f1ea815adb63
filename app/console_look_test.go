package app_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/opal-photo/opal/modules/sample"
)

// TestPicturesGetAnotherLookAndPhotosAreReplacedInTheBrowser selects the pictures of a set, which
// are made again with another scene in their places, sends another photo for one that was
// damaged, and leaves one out that failed.
func TestPicturesGetAnotherLookAndPhotosAreReplacedInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	photo, err := sample.JPEG(64)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var calls []string
	replaced, left := false, ""
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodGet {
			calls = append(calls, r.Method+" "+r.URL.RequestURI()+" "+string(body))
		}
		switch at := r.URL.Path; {
		case at == "/v1/jobs/j/items":
			by := ""
			if replaced {
				by = "new"
			}
			last := strings.Replace(brief("bad", by, "failed"), "photo_damaged", "image_corrupt", 1)
			if replaced {
				last += "," + strings.Replace(brief("new", "", "queued"), `"retry_of":null`, `"retry_of":"bad"`, 1)
			}
			lost := strings.Replace(brief("lost", "", "failed"), `{`, `{`+left, 1)
			fmt.Fprintf(w, `{"items":[%s,%s,%s,%s],"next_cursor":null}`, brief("i1", "", "completed"), brief("i2", "", "completed"), lost, last)
		case at == "/v1/jobs/j":
			fmt.Fprintf(w, `%s,"items":[]}`, strings.TrimSuffix(summary("completed"), "}"))
		case at == "/v1/scenes":
			fmt.Fprint(w, `{"scenes":["studio","kitchen"]}`)
		case at == "/v1/plates":
			fmt.Fprint(w, `{"plates":[]}`)
		case strings.HasSuffix(at, "/preview"):
			fmt.Fprint(w, `{"image":"/9g=","scene_type":"kitchen","concerns":[],"unknown_words":["flurble"],"quote":{"total":150}}`)
		case strings.HasSuffix(at, "/remake"):
			fmt.Fprint(w, `{"item_id":"again"}`)
		case strings.HasSuffix(at, "/retry"):
			replaced = true
			fmt.Fprint(w, `{"item_id":"new"}`)
		case strings.HasSuffix(at, "/cancel"):
			left = `"left_out":true,`
			fmt.Fprint(w, `{"ok":true}`)
		case at == "/v1/uploads/sas":
			fmt.Fprintf(w, `{"upload_url":"http://%s/put/new"}`, r.Host)
		case strings.HasPrefix(at, "/put/"):
			w.WriteHeader(http.StatusCreated)
		case at == "/v1/jobs/j/events":
			w.WriteHeader(http.StatusServiceUnavailable)
		case strings.HasSuffix(at, "/thumbnail"):
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = w.Write(photo)
		default:
			fmt.Fprintf(w, `{"jobs":[%s],"items":[],"next_cursor":null,"presets":[],"brand_profiles":[]}`, summary("completed"))
		}
	})
	inPage(t, ctx, chromedp.Navigate(url+"/#/sets/j"), until(`document.querySelectorAll(".tile").length === 4`),
		// what doesn't apply to finished pictures says so, by its button and by its key
		script(`document.querySelector("[data-item=i1] [data-main]").focus()`), chromedp.KeyEvent(" "), until(`document.querySelectorAll(".tile.chosen").length === 1`))
	holds(t, ctx, "finished pictures are tried again or left out", `[...document.querySelectorAll(".bar button:disabled")].map((b) => b.textContent.trim().slice(-1) + (b.title ? "" : " without a reason")).join() === "M,O"`)
	inPage(t, ctx, chromedp.KeyEvent("o"), until(`document.querySelector(".notice")?.textContent.includes("Finished pictures can't be left out")`),
		chromedp.KeyEvent("m"), until(`document.querySelector(".notice")?.textContent.includes("Only pictures that failed")`), chromedp.KeyEvent(kb.Escape), until(`!document.querySelector(".tile.chosen")`),
		press(".bar button"), until(`document.querySelectorAll(".tile.chosen").length === 4`),
		chromedp.KeyEvent("l"), until(`document.querySelector("dialog[open] .chip")`), chromedp.KeyEvent(kb.Escape), until(`!document.querySelector("dialog")`))
	holds(t, ctx, "a dialog that is closed takes the selection along", `document.querySelectorAll(".tile.chosen").length === 4`)
	inPage(t, ctx, chromedp.KeyEvent("l"), until(`document.querySelectorAll("dialog .chip[aria-pressed]").length === 2 && document.querySelector("dialog .primary").disabled`), press("dialog .chip:nth-child(2)"),
		fill("dialog textarea", "oak flurble"), until(`document.querySelector("dialog .understood .unknown")?.textContent === "flurble" && [...document.querySelectorAll("dialog p")].some((p) => p.textContent.includes("3 credits"))`))
	accessible(t, ctx, "another look")
	inPage(t, ctx, press("dialog .primary"), until(`!document.querySelector("dialog") && document.querySelector(".notice.good")?.textContent.includes("2 pictures are made again")`))
	at := filepath.Join(t.TempDir(), "better.jpg")
	if err := os.WriteFile(at, photo, 0o600); err != nil {
		t.Fatal(err)
	}
	holds(t, ctx, "a damaged photo is not tried again", `document.querySelector(".tile.failed[data-item=bad] .tile-buttons").textContent.startsWith("Replace")`)
	const lost = `.tile[data-item=lost] `
	holds(t, ctx, "what failed may be left out", `[...document.querySelectorAll("`+lost+`.tile-buttons button")].map((b) => b.firstChild.textContent).join() === "Try again,Leave out"`)
	inPage(t, ctx, press(lost+".tile-buttons button:last-child"), until(`document.querySelector(".tile.out[data-item=lost]") && document.querySelector(".tile.out .state").textContent === "Left out" && !document.querySelector("`+lost+`.tile-buttons")`))
	chooses(ctx, at)
	inPage(t, ctx, press(".tile.failed .tile-buttons button"), until(`!document.querySelector(".tile.failed") && document.querySelector(".tile.queued")`))
	inPage(t, ctx, press(".bar button"), until(`document.querySelectorAll(".tile.chosen").length > 1`), chromedp.KeyEvent("o"), until(`/^\d photos? left out\. \d others? stays? as/.test(document.querySelector(".notice.good")?.textContent)`))
	said := func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(calls, "\n")
	}
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(said(), "POST /v1/uploads/complete") && time.Now().Before(deadline); { // its tile is there before
		time.Sleep(20 * time.Millisecond)
	}
	all := said()
	for _, want := range []string{`POST /v1/jobs/j/items/i1/remake {"scene_type":"kitchen","scene_prompt":"oak flurble"}`, `POST /v1/jobs/j/items/i2/remake {"scene_type":"kitchen","scene_prompt":"oak flurble"}`, "POST /v1/jobs/j/items/bad/retry?upload=true", "POST /v1/jobs/j/items/lost/cancel", `POST /v1/uploads/complete {"job_id":"j","item_id":"new","filename":"better.jpg","rename":true}`} {
		if strings.Count(all, want) != 1 {
			t.Errorf("not once: %s\n%s", want, all)
		}
	}
	if strings.Contains(all, "POST /v1/jobs/j/items/bad/remake") {
		t.Error("a picture that failed got another look")
	}
}
