package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/console"
)

func TestAFirstPictureInTheBrowser(t *testing.T) {
	ctx := openBrowser(t, false)
	_, dev, _ := runDev(t)
	url := dev.Base
	phone, desktop := chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateScale(2)), chromedp.EmulateViewport(1280, 900)
	light, dark := scheme("light"), scheme("dark")

	inPage(t, ctx, light, desktop, chromedp.Navigate(url+"/"), until(`document.querySelectorAll("#scenes input").length === 8 && document.querySelectorAll("#presets input").length > 8`))
	holds(t, ctx, "nothing to make yet", `document.querySelector("#make").disabled`)
	shoot(t, ctx, "start")
	inPage(t, ctx, phone)
	fits(t, ctx, "the start on a phone")
	shoot(t, ctx, "start-phone")
	inPage(t, ctx, desktop, dark)
	shoot(t, ctx, "start-dark")
	inPage(t, ctx, light, click("#sample"), until(`document.querySelector("#job article")`))
	shoot(t, ctx, "working")
	inPage(t, ctx, until(`document.querySelector(".job-head .badge")?.dataset.status === "completed"`), until(`document.querySelectorAll(".compare img").length === 2`),
		until(`[...document.querySelectorAll(".compare img")].every((i) => i.complete && i.naturalWidth > 100)`))
	sizes := len(channel.Defaults())
	holds(t, ctx, "every default size is made", fmt.Sprintf(`document.querySelectorAll(".variants > li[data-status=completed]").length === %d`, sizes))
	holds(t, ctx, "every size tells its checks", fmt.Sprintf(`[...document.querySelectorAll(".checks summary")].filter((s) => /^\d+ checks? passed$/.test(s.textContent)).length === %d`, sizes))
	holds(t, ctx, "every step is done", `document.querySelectorAll(".steps li[data-state=done]").length >= 5`)
	holds(t, ctx, "the confidence is told", `document.querySelector(".facts meter").value > 0.3`)
	holds(t, ctx, "the ZIP can be had", `!document.querySelector(".job-head .primary").disabled`)
	holds(t, ctx, "no error is shown", `document.querySelector("#notice").hidden`)

	inPage(t, ctx, chromedp.Focus(chromedp.CSS(".compare input")), chromedp.KeyEvent(kb.ArrowLeft))
	holds(t, ctx, "the slider moves with the keyboard", `document.querySelector(".compare input").value === "49" && document.querySelector(".compare").style.getPropertyValue("--at") === "49%"`)
	inPage(t, ctx, script(`document.querySelector(".variants > li:last-child").scrollIntoView()`), until(fmt.Sprintf(`document.querySelectorAll(".thumb img").length === %d`, sizes)),
		until(`[...document.querySelectorAll(".thumb img")].every((i) => i.complete && i.naturalWidth > 0)`), script(`window.scrollTo(0, 0)`))
	shoot(t, ctx, "done")
	downloads(t, ctx)
	inPage(t, ctx, dark)
	shoot(t, ctx, "done-dark")
	inPage(t, ctx, light, phone)
	fits(t, ctx, "the job on a phone")
	shoot(t, ctx, "done-phone")

	// A job has an address: it can be loaded again, and listed.
	inPage(t, ctx, desktop, chromedp.Reload(), until(`document.querySelectorAll(".compare img").length === 2`))
	inPage(t, ctx, click("#recent-button"), until(`document.querySelectorAll("#recent a").length === 1`))
	shoot(t, ctx, "recent")
	inPage(t, ctx, chromedp.KeyEvent(kb.Escape), script(`location.hash = ""`), until(`!document.querySelector("#start").hidden && document.querySelector("#job").hidden`))
}

// downloads saves the ZIP and one size.
func downloads(t *testing.T, ctx context.Context) {
	t.Helper()
	dir := t.TempDir()
	if _, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir,
	}); err != nil {
		t.Fatal(err)
	}
	inPage(t, ctx, click(".job-head .primary"), click(".variants > li button"))
	want := map[string]string{"*.zip": "PK", "sample-bottle-*": "\xff\xd8"}
	for range 100 {
		for pattern, magic := range want {
			found, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			if len(found) == 1 && !strings.HasSuffix(found[0], ".crdownload") {
				b, err := os.ReadFile(found[0])
				if err != nil || !strings.HasPrefix(string(b), magic) {
					t.Errorf("%s is not what it should be (%v)", found[0], err)
				}
				delete(want, pattern)
			}
		}
		if len(want) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	names, _ := os.ReadDir(dir)
	t.Errorf("not saved: %v; there are %v", want, names)
}

func TestFilesAreChosenAndRefusedInTheBrowser(t *testing.T) {
	ctx := openBrowser(t, true)
	_, dev, _ := runDev(t)
	url := dev.Base
	dir := t.TempDir()
	file := func(name, body string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	inPage(t, ctx, chromedp.Navigate(url+"/"), until(`document.querySelectorAll("#scenes input").length === 8`),
		chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{file("notes.txt", "x"), file("photo.psd", "x"), file("<b>broken<b>.jpg", "not a picture"), file("empty.png", "")}),
		until(`document.querySelectorAll("#chosen li").length === 1`))
	holds(t, ctx, "each refusal is told", `["notes.txt", "photo.psd", "empty.png"].every((w) => document.querySelector("#notice").textContent.includes(w))`)
	holds(t, ctx, "a name is no markup", `document.querySelector("#chosen b") === null && document.querySelector("#chosen").textContent.includes("<b>broken<b>.jpg")`)
	shoot(t, ctx, "chosen")
	inPage(t, ctx, click("#make"), until(`document.querySelector("#job .card .error:not([hidden])")`))
	holds(t, ctx, "the refusal is told where the photo is", `document.querySelector(".card .error").textContent.length > 20 && document.querySelector("#notice").hidden`)
	shoot(t, ctx, "refused")
	// An item without an upload can be cancelled, and the job ends.
	inPage(t, ctx, chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll(".job-head button")].find((b) => b.textContent === "Cancel").click()`),
		until(`document.querySelector(".job-head .badge").dataset.status === "cancelled"`))
}

// TestKeyIsAskedFor has a service that wants a key and nothing else.
func TestKeyIsAskedForInTheBrowser(t *testing.T) {
	ctx := openBrowser(t, true)
	c, err := console.New(console.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pages := c.Handlers()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch page := pages[r.URL.Path]; {
		case page != nil:
			page.ServeHTTP(w, r)
		case r.Header.Get("X-API-Key") != "opal_right":
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"detail":"The API key is not valid","code":"api_key_invalid"}`)
		case r.URL.Path == "/v1/scenes":
			fmt.Fprint(w, `{"scenes":["studio"]}`)
		case r.URL.Path == "/v1/presets":
			fmt.Fprint(w, `{"presets":[{"name":"etsy","title":"Etsy","width":1,"height":1,"format":"jpeg","default":true}]}`)
		case r.URL.Path == "/v1/brand-profiles":
			fmt.Fprint(w, `{"brand_profiles":[{"brand_profile_id":"default","name":"Default"}]}`)
		}
	}))
	defer srv.Close()
	inPage(t, ctx, chromedp.Navigate(srv.URL+"/"), until(`document.querySelector("#key-dialog").open`))
	shoot(t, ctx, "key")
	inPage(t, ctx, chromedp.SendKeys(chromedp.CSS("#key"), "opal_wrong"+kb.Enter), until(`!document.querySelector("#key-dialog").open && document.querySelector("#notice").textContent.includes("not valid")`))
	holds(t, ctx, "the key can be given again", `!document.querySelector("#key-button").hidden`)
	inPage(t, ctx, click("#key-button"), until(`document.querySelector("#key-dialog").open`), chromedp.SendKeys(chromedp.CSS("#key"), "opal_right"+kb.Enter),
		until(`document.querySelectorAll("#scenes input").length === 1 && document.querySelector("#notice").hidden`))
}

// item is an item as the API tells it, of a photo that is damaged.
func item(id, retriedBy, status string) string {
	by, code, text := "null", "null", "null"
	if retriedBy != "" {
		by = `"` + retriedBy + `"`
	}
	if status == "failed" {
		code, text = `"photo_damaged"`, `"The photo is damaged"`
	}
	return fmt.Sprintf(`{"item_id":%q,"filename":"a.jpg","status":%q,"scene_index":0,"scene_type":"studio","error_code":%s,"error_message":%s,"retry_of":null,"retried_by":%s,
		"needs_review":false,"review_reason":null,"confidence":null,"fidelity":null,"output_blob_path":null,"steps":[],"exports":[]}`, id, status, code, text, by)
}

// TestADoubtfulPictureInTheBrowser has a picture that a person has to look at: it
// doesn't say that it is finished, and the person decides.
func TestADoubtfulPictureInTheBrowser(t *testing.T) {
	ctx := openBrowser(t, true)
	c, err := console.New(console.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pages := c.Handlers()
	var state atomic.Value
	state.Store("pending")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		path, verb := r.URL.Path, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		switch page := pages[path]; {
		case page != nil:
			page.ServeHTTP(w, r)
		case path == "/v1/jobs/j":
			fmt.Fprintf(w, `{"job_id":"j","status":"completed","created_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:00:00Z","export_blob_path":"z",
				"counts":{"total":1,"open":0,"completed":1,"failed":0,"cancelled":0,"open_exports":0,"done_exports":0,"failed_exports":0},
				"items":[{"item_id":"i","filename":"a.jpg","status":"completed","scene_index":0,"scene_type":"studio","error_code":null,"error_message":null,"retry_of":null,"retried_by":null,
				"needs_review":%v,"review_reason":"The edge is soft (at the left)","review":{"state":%q,"note":"","decided_at":null},"concerns":[],"confidence":0.1,"fidelity":null,
				"output_blob_path":null,"steps":[],"exports":[]}]}`, state.Load() == "pending", state.Load())
		case (verb == "approve" || verb == "reject") && r.Method == http.MethodPost:
			state.Store(map[string]string{"approve": "approved", "reject": "rejected"}[verb])
			fmt.Fprint(w, `{}`)
		default:
			fmt.Fprint(w, `{"scenes":[],"presets":[],"brand_profiles":[]}`)
		}
	}))
	defer srv.Close()
	badge := func(where, want string) pageStep {
		return until(fmt.Sprintf(`document.querySelector(%q)?.textContent === %q`, where+" .badge", want))
	}
	inPage(t, ctx, chromedp.Navigate(srv.URL+"/#job=j"), badge(".card", "Needs a look"), badge(".job-head", "Needs a look"))
	holds(t, ctx, "it says what and where", `document.querySelector(".review").textContent.includes("Have a look: The edge is soft (at the left)")`)
	holds(t, ctx, "nothing about it is green", `document.querySelector(".card .badge").dataset.status === "pending"`)
	inPage(t, ctx, click(`.review button[aria-label="Reject a.jpg"]`), badge(".card", "Rejected"))
	inPage(t, ctx, click(`.review button[aria-label="Approve a.jpg"]`), badge(".card", "Approved"), badge(".job-head", "Finished"))
}

// TestAZIPInPartsIsSavedWholeInTheBrowser has a large job, whose ZIP has parts.
func TestAZIPInPartsIsSavedWholeInTheBrowser(t *testing.T) {
	ctx := openBrowser(t, false)
	c, err := console.New(console.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pages := c.Handlers()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch page := pages[r.URL.Path]; {
		case page != nil:
			page.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/part/"):
			w.Header().Set("Content-Type", "application/zip")
			w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="pictures-%s.zip"`, filepath.Base(r.URL.Path)))
			fmt.Fprint(w, "PK")
		case r.URL.Path == "/v1/downloads/jobs/j/export":
			fmt.Fprint(w, `{"download_url":"/part/1","parts":[{"url":"/part/1","bytes":268435456},{"url":"/part/2","bytes":268435456},{"url":"/part/3","bytes":1000}]}`)
		case r.URL.Path == "/v1/jobs/j":
			fmt.Fprintf(w, `{"job_id":"j","status":"completed","created_at":"2026-01-01T00:00:00Z","finished_at":"2026-01-01T00:00:00Z","export_blob_path":"z",
				"counts":{"total":1,"open":0,"completed":1,"failed":0,"cancelled":0,"open_exports":0,"done_exports":0,"failed_exports":0},"items":[%s]}`, item("i", "", "completed"))
		default:
			fmt.Fprint(w, `{"scenes":[],"presets":[],"brand_profiles":[]}`)
		}
	}))
	defer srv.Close()
	dir := t.TempDir()
	if _, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir,
	}); err != nil {
		t.Fatal(err)
	}
	inPage(t, ctx, chromedp.Navigate(srv.URL+"/#job=j"), until(`document.querySelector(".job-head .primary")?.disabled === false`), click(".job-head .primary"),
		until(`document.querySelectorAll(".parts a").length === 3`))
	holds(t, ctx, "the parts are listed with their sizes", `document.querySelector(".parts").textContent.includes("part 2 (268.4 MB)")`)
	var found []string
	for range 150 {
		if found, err = filepath.Glob(filepath.Join(dir, "pictures-[123].zip")); err != nil {
			t.Fatal(err)
		}
		if len(found) == 3 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("saved: %v", found)
}

// TestJobIsFollowedWithoutAStreamInTheBrowser has a service whose event streams
// don't get through, and an item that is tried again.
func TestJobIsFollowedWithoutAStreamInTheBrowser(t *testing.T) {
	ctx := openBrowser(t, true)
	c, err := console.New(console.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pages := c.Handlers()
	var looks, streams, retries atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch page := pages[r.URL.Path]; {
		case page != nil:
			page.ServeHTTP(w, r)
		case r.URL.Path == "/v1/jobs/j":
			status, finished := "processing", "null"
			if looks.Add(1) > 3 {
				status, finished = "failed", `"2026-01-01T00:00:00Z"`
			}
			items := item("i", "", status)
			if retries.Load() > 0 {
				again := "processing"
				if looks.Load() > 7 {
					again = "completed"
				} else {
					finished = "null"
				}
				items, status = item("i", "i2", "failed")+","+item("i2", "", again), again
			}
			fmt.Fprintf(w, `{"job_id":"j","status":%q,"created_at":"2026-01-01T00:00:00Z","finished_at":%s,"export_blob_path":null,
				"counts":{"total":1,"open":0,"completed":0,"failed":1,"cancelled":0,"open_exports":0,"done_exports":0,"failed_exports":0},
				"items":[%s]}`, status, finished, items)
		case r.URL.Path == "/v1/jobs/j/items/i/retry" && r.Method == http.MethodPost && r.Header.Get("Idempotency-Key") != "":
			retries.Add(1)
			fmt.Fprint(w, `{"job_id":"j","item_id":"i2","retry_of":"i","status":"queued"}`)
		case r.URL.Path == "/v1/jobs/j/events":
			streams.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			fmt.Fprint(w, `{"scenes":[],"presets":[],"brand_profiles":[]}`)
		}
	}))
	defer srv.Close()
	inPage(t, ctx, chromedp.Navigate(srv.URL+"/#job=j"), until(`document.querySelector(".job-head .badge")?.dataset.status === "failed"`))
	holds(t, ctx, "the reason is told", `document.querySelector(".card .error").textContent.includes("The photo is damaged (photo_damaged)")`)
	holds(t, ctx, "a job without pictures has no ZIP", `document.querySelector(".job-head .primary").hidden`)
	inPage(t, ctx, click(".card button"), until(`document.querySelector(".job-head .badge")?.dataset.status === "completed"`))
	holds(t, ctx, "the retried item takes the failed one's place", `document.querySelectorAll(".card").length === 1 && document.querySelector(".card").dataset.status === "completed"`)
	if retries.Load() != 1 {
		t.Errorf("%d retries", retries.Load())
	}
	if looks.Load() < 4 || streams.Load() == 0 {
		t.Errorf("%d looks, %d streams asked for", looks.Load(), streams.Load())
	}
}
