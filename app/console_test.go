package app_test

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"io"
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

	"github.com/opal-photo/opal/modules/console"
	"github.com/opal-photo/opal/modules/sample"
)

// standIn serves the console's own files, and answers its calls: for what a running OPAL
// can't be brought to do in a test. It returns its address.
//
// A cookie named late names the beginning of the paths that are answered a second late.
func standIn(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	consoleBuilt(t)
	c, err := console.New(console.Options{Sample: func() ([]byte, error) { return sample.JPEG(64) }})
	if err != nil {
		t.Fatal(err)
	}
	pages := c.Handlers()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if page := pages[r.URL.Path]; page != nil {
			if late, err := r.Cookie("late"); err == nil && strings.HasPrefix(r.URL.Path, late.Value) {
				time.Sleep(time.Second)
			}
			page.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// consoleBuilt skips a test where the console is not built, or fails it where all must run.
func consoleBuilt(t *testing.T) {
	t.Helper()
	if found, _ := filepath.Glob("../modules/console/dist/main-*.js"); len(found) == 0 {
		const what = "the console is not built: make console"
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
}

// saveTo has the browser keep what it downloads in a folder of its own.
func saveTo(t *testing.T, ctx context.Context) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
	}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// saved waits for files whose names match and which begin as given.
func saved(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	for range 600 {
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

// TestKeyIsAskedFor has a service that wants a key and nothing else.
func TestKeyIsAskedForInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, true)
	var signedIn atomic.Bool
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.URL.Path == "/v1/session" && r.Method == http.MethodPost && strings.Contains(string(body), `"opal_right"`):
			signedIn.Store(true)
		case r.URL.Path != "/v1/session" && signedIn.Load():
		case r.URL.Path != "/v1/session" || r.Method == http.MethodPost:
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"detail":"The API key is not valid","code":"api_key_invalid"}`)
			return
		}
		switch r.URL.Path {
		case "/v1/session":
			fmt.Fprintf(w, `{"mode":"api-key","signed_in":%v,"sign_in":null,"tenant_id":null,"name":"shop","scopes":["admin"],"expires_at":"2100-01-01T00:00:00Z"}`, signedIn.Load())
		case "/v1/jobs":
			fmt.Fprint(w, `{"jobs":[],"next_cursor":null}`)
		default:
			fmt.Fprint(w, `{"items":[],"next_cursor":null,"scenes":[],"presets":[],"brand_profiles":[]}`)
		}
	})
	inPage(t, ctx, chromedp.Navigate(url+"/"), until(`document.querySelector(".door input[name=key]")`))
	shoot(t, ctx, "key")
	accessible(t, ctx, "the question for a key")
	inPage(t, ctx, chromedp.SendKeys(chromedp.CSS(".door input"), "opal_wrong"+kb.Enter), until(`document.querySelector(".door .bad-text")?.textContent.includes("not valid")`),
		fill(".door input", "opal_right"), press(".door button.primary"), until(`document.querySelector(".drop") && document.querySelector(".who")?.textContent.includes("shop")`))
	// A session that ends later is asked for again over the page, which goes on.
	signedIn.Store(false)
	inPage(t, ctx, script(`location.hash = "/library"`), until(`document.querySelector("dialog input[name=key]") && document.querySelector("h1")`),
		chromedp.SendKeys(chromedp.CSS("dialog input"), "opal_right"+kb.Enter), until(`!document.querySelector("dialog") && document.querySelector(".empty") && !document.querySelector(".notice")`))
	holds(t, ctx, "no key is kept", `document.cookie === "" && sessionStorage.length === 0`)
}

// brief is an item as a job's list has it, of a photo that is damaged where it failed.
func brief(id, retriedBy, status string) string {
	by, code, text := "null", "null", "null"
	if retriedBy != "" {
		by = `"` + retriedBy + `"`
	}
	if status == "failed" {
		code, text = `"photo_damaged"`, `"The photo is damaged"`
	}
	return fmt.Sprintf(`{"item_id":%q,"filename":"a.jpg","status":%q,"scene_index":0,"scene_type":"studio","sku":null,"error_code":%s,"error_message":%s,"retry_of":null,"retried_by":%s,
		"review":null,"review_reason":null,"confidence":null,"rejected":[],"photo":"p","picture":null,"variants":{"total":0,"open":0},"updated_at":"2026-01-01T00:00:00Z"}`, id, status, code, text, by)
}

// summary is a job as the list of jobs has it.
func summary(status string) string {
	finished, zip, open := `"2026-01-01T00:00:00Z"`, `"z"`, 0
	if status == "processing" {
		finished, zip, open = "null", "null", 2
	}
	return fmt.Sprintf(`{"job_id":"j","brand_profile_id":"default","status":%q,"created_at":"2026-01-01T00:00:00Z","finished_at":%s,"export_blob_path":%s,
		"presets":["shopify"],"pictures":1,"counts":{"total":%d,"open":%d,"completed":1,"failed":0,"cancelled":0,"open_exports":0,"done_exports":0,"failed_exports":0}}`, status, finished, zip, 1+open, open)
}

// TestAZIPInPartsIsSavedWholeInTheBrowser has a large job, whose ZIP has parts. Its
// address is one of the first console's.
func TestAZIPInPartsIsSavedWholeInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := openBrowser(t, false)
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/part/"):
			w.Header().Set("Content-Type", "application/zip")
			w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="pictures-%s.zip"`, filepath.Base(r.URL.Path)))
			fmt.Fprint(w, "PK")
		case r.URL.Path == "/v1/downloads/jobs/j/export":
			fmt.Fprint(w, `{"download_url":"/part/1","parts":[{"url":"/part/1","bytes":268435456},{"url":"/part/2","bytes":268435456},{"url":"/part/3","bytes":1000}]}`)
		case r.URL.Path == "/v1/jobs/j/items":
			fmt.Fprintf(w, `{"items":[%s],"next_cursor":null}`, brief("i", "", "completed"))
		default:
			fmt.Fprintf(w, `{"jobs":[%s],"next_cursor":null}`, summary("completed"))
		}
	})
	dir := saveTo(t, ctx)
	inPage(t, ctx, chromedp.Navigate(url+"/#job=j"), press(".page-head .primary"), press("dialog .zip-choice"), until(`document.querySelector(".notice.good")?.textContent.includes("3 parts")`))
	saved(t, dir, map[string]string{"pictures-1.zip": "PK", "pictures-2.zip": "PK", "pictures-3.zip": "PK"})
}

// TestJobIsFollowedWithoutAStreamInTheBrowser has a service whose event streams
// don't get through, and an item that is tried again.
func TestJobIsFollowedWithoutAStreamInTheBrowser(t *testing.T) {
	t.Parallel() // it waits most of its time
	ctx := openBrowser(t, true)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, sample.Draw(64), nil); err != nil {
		t.Fatal(err)
	}
	var looks, streams, retries, since atomic.Int64
	var seen atomic.Bool
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		status, items := "processing", brief("i", "", "processing")
		if !seen.Load() {
			items = brief("i0", "", "processing") + "," + brief("i", "", "queued")
		} else if looks.Load() > 2 {
			status, items = "failed", brief("i", "", "failed")
		}
		if retries.Load() > 0 {
			status, items = "processing", brief("i", "i2", "failed")+","+brief("i2", "", "processing")
			if looks.Load() > since.Load()+2 {
				status, items = "completed", brief("i", "i2", "failed")+","+brief("i2", "", "completed")
			}
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/thumbnail"):
			if r.URL.Query().Get("of") != "photo" || r.URL.Query().Get("version") != "p" {
				t.Errorf("asks for %s", r.URL)
			}
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = w.Write(photo.Bytes())
		case r.URL.Path == "/v1/jobs/j/items":
			looks.Add(1)
			fmt.Fprintf(w, `{"items":[%s],"next_cursor":null}`, items)
		case r.URL.Path == "/v1/jobs/j/items/i/retry" && r.Method == http.MethodPost && r.Header.Get("Idempotency-Key") != "":
			since.Store(looks.Load())
			retries.Add(1)
			fmt.Fprint(w, `{"job_id":"j","item_id":"i2","retry_of":"i","status":"queued"}`)
		case r.URL.Path == "/v1/jobs/j/events":
			streams.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/v1/jobs/j":
			fmt.Fprintf(w, `%s,"items":[]}`, strings.TrimSuffix(summary(status), "}"))
		default:
			fmt.Fprintf(w, `{"jobs":[%s],"next_cursor":null,"pace":{"first_seconds":20,"each_seconds":5,"measured":false}}`, summary(status))
		}
	})
	// while it waits, a picture's tile shows the photo, its turn and when that is
	inPage(t, ctx, chromedp.Navigate(url+"/#/sets/j"), until(`document.querySelector(".tile.working img.photo-only") && document.querySelector(".tile.queued img.photo-only")?.naturalWidth > 0`),
		until(`document.querySelector(".tile.queued").innerText.includes("Place 1, about 20 s") && document.querySelector(".page-head").innerText.includes("about 20 s left")`))
	seen.Store(true)
	inPage(t, ctx, until(`document.querySelector(".tile.failed") && document.querySelector(".page-head").textContent.includes("Failed")`))
	holds(t, ctx, "the reason is told", `document.querySelector(".tile-why").textContent.includes("The photo is damaged")`)
	inPage(t, ctx, press(".tile-buttons button"), until(`document.querySelector(".tile.done") && document.querySelector(".page-head").textContent.includes("Finished")`))
	holds(t, ctx, "the retried item takes the failed one's place", `document.querySelectorAll(".tile").length === 1`)
	if retries.Load() != 1 {
		t.Errorf("%d retries", retries.Load())
	}
	if looks.Load() < 4 || streams.Load() == 0 {
		t.Errorf("%d looks, %d streams asked for", looks.Load(), streams.Load())
	}
}

// TestWhatOthersDecideIsSeenInTheBrowser has a set that has ended, on which a guest decides
// while its sheet is open: first on a picture on which nobody had, then on one that was approved,
// then a moment before somebody at the sheet does.
func TestWhatOthersDecideIsSeenInTheBrowser(t *testing.T) {
	t.Parallel() // it waits most of its time
	ctx := openBrowser(t, true)
	const asOf = "2026-01-01T00:00:01Z"
	var guest, whole atomic.Int64
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		reviewed := func(id, review, by string) string {
			return strings.Replace(brief(id, "", "completed"), `"review":null`, fmt.Sprintf(`"review":%q,"decided_by":%q,"by_guest":%v`, review, by, by != "Ada"), 1)
		}
		since := r.URL.Query().Get("changed_since")
		switch {
		case r.Method == http.MethodPost:
			if b, err := io.ReadAll(r.Body); err != nil || r.URL.Path != "/v1/jobs/j/items/k/approve" || !strings.Contains(string(b), `"seen":"approved"`) {
				t.Errorf("%s %s (%v)", r.URL.Path, b, err)
			}
			guest.Store(3)
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"code":"decided_meanwhile","detail":"Somebody else has decided otherwise","correlation_id":"c"}`)
		case r.URL.Path == "/v1/jobs/j/items" && since == "" && r.URL.Query().Get("item_id") == "":
			whole.Add(1)
			fmt.Fprintf(w, `{"items":[%s,%s],"next_cursor":null,"as_of":%q}`, reviewed("i", "approved", "Ada"), strings.Replace(brief("k", "", "completed"), `"review":null`, `"review":"pending"`, 1), asOf)
		case r.URL.Path == "/v1/jobs/j/items":
			if r.URL.Query().Get("item_id") == "k" {
				fmt.Fprintf(w, `{"items":[%s],"next_cursor":null,"as_of":%q}`, reviewed("k", "rejected", "Eve"), asOf)
				return
			}
			items := ""
			switch {
			case guest.Load() > 2:
				items = reviewed("k", "rejected", "Eve")
			case guest.Load() > 0:
				items = reviewed("k", "approved", "Grace")
			}
			if guest.Load() > 1 {
				items += "," + reviewed("i", "rejected", "Grace")
			}
			if since != asOf {
				t.Errorf("asks for what changed since %q", since)
			}
			fmt.Fprintf(w, `{"items":[%s],"next_cursor":null,"as_of":%q}`, items, asOf)
		case r.URL.Path == "/v1/jobs/j":
			fmt.Fprintf(w, `%s,"items":[]}`, strings.TrimSuffix(summary("completed"), "}"))
		default:
			fmt.Fprintf(w, `{"jobs":[%s],"next_cursor":null,"pace":{"first_seconds":20,"each_seconds":5,"measured":false}}`, summary("completed"))
		}
	})
	inPage(t, ctx, chromedp.Navigate(url+"/#/sets/j"), until(`document.querySelector(".tile.approved") && document.querySelector(".tile.look")`))
	guest.Store(1)
	inPage(t, ctx, until(`document.querySelectorAll(".tile.approved").length === 2 && document.querySelector("[data-item=k]").textContent.includes("Grace (guest)")`))
	holds(t, ctx, "a first decision is shown without a word", `!document.querySelector(".notice")`)
	guest.Store(2)
	inPage(t, ctx, until(`document.querySelector(".tile.rejected") && document.querySelector(".notice")?.textContent.includes("a.jpg: Rejected now, changed by Grace (guest)")`))
	inPage(t, ctx, chromedp.Focus(chromedp.CSS("[data-item=k] [data-main]")), chromedp.KeyEvent("a"), until(`document.querySelector("[data-item=k].rejected")?.textContent.includes("Eve (guest)") && document.querySelector(".notice.bad")?.textContent.includes("a.jpg: Somebody else decided otherwise")`))
	if whole.Load() != 1 {
		t.Errorf("the whole set was read %d times", whole.Load())
	}
}
