package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// dropFiles drops files and folders on the page, as from a file manager.
func dropFiles(t *testing.T, ctx context.Context, paths ...string) {
	t.Helper()
	for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		if _, err := chromedp.Call(ctx, input.DispatchDragEvent, input.DispatchDragEventParams{
			Type: kind, X: 400, Y: 300, Data: &input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1},
		}); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
}

// TestAFolderGoesUpAfterAReloadInTheBrowser drops a folder of a hundred photos, one of them
// there twice. The first hang on their way until the page is loaded again; then all go on
// from the browser's storage, and each arrives once.
func TestAFolderGoesUpAfterAReloadInTheBrowser(t *testing.T) {
	t.Parallel() // it waits most of its time
	ctx := openBrowser(t, true)
	const n = 100
	reloaded, hung, whole := make(chan struct{}), make(chan struct{}, n), make(chan struct{})
	var mu sync.Mutex
	put, completed := map[string]string{}, map[string]int{}
	url := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		switch at := r.URL.Path; {
		case strings.HasPrefix(at, "/put/"):
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return // the page was loaded again
			}
			select {
			case <-reloaded:
			default:
				hung <- struct{}{}
				select {
				case <-r.Context().Done():
				case <-t.Context().Done():
				}
				return
			}
			mu.Lock()
			if put[filepath.Base(at)] != "" {
				t.Errorf("%s arrives twice", at)
			}
			put[filepath.Base(at)] = string(b)
			mu.Unlock()
		case at == "/v1/jobs" && r.Method == http.MethodPost:
			var body struct {
				DryRun bool `json:"dry_run"`
				Items  []struct{ Filename, SKU string }
			}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			var items []string
			if !body.DryRun {
				if len(body.Items) != n {
					t.Errorf("%d items", len(body.Items))
				}
				for i, it := range body.Items {
					if it.SKU+".png" != it.Filename {
						t.Errorf("the number %q is read from %q", it.SKU, it.Filename)
					}
					items = append(items, fmt.Sprintf(`{"item_id":"i%d","upload_url":"http://%s/put/i%d"}`, i, r.Host, i))
				}
			}
			fmt.Fprintf(w, `{"job_id":"j","items":[%s]}`, strings.Join(items, ","))
		case at == "/v1/uploads/complete":
			var body struct {
				Item string `json:"item_id"`
			}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				t.Error(err)
			}
			mu.Lock()
			if put[body.Item] == "" || completed[body.Item] > 0 {
				t.Errorf("%s is completed %d times before, of %d bytes", body.Item, completed[body.Item], len(put[body.Item]))
			}
			completed[body.Item]++
			if len(completed) == n && completed[body.Item] == 1 {
				close(whole)
			}
			mu.Unlock()
			fmt.Fprint(w, `{"items":[]}`)
		case at == "/v1/uploads/sas":
			t.Error("a fresh upload URL is asked for where the first is good")
		case at == "/v1/jobs/j/items":
			fmt.Fprintf(w, `{"items":[%s],"next_cursor":null}`, brief("i0", "", "created"))
		case at == "/v1/jobs/j/events" || at == "/v1/previews":
			w.WriteHeader(http.StatusServiceUnavailable)
		case at == "/v1/jobs/j":
			fmt.Fprintf(w, `%s,"items":[]}`, strings.TrimSuffix(summary("processing"), "}"))
		case at == "/v1/scenes":
			fmt.Fprint(w, `{"scenes":["studio"]}`)
		case at == "/v1/presets":
			fmt.Fprint(w, `{"presets":[{"name":"web","title":"Web","channel":"Web","width":100,"height":100,"fill":0.8,"default":true}]}`)
		case at == "/v1/brand-profiles":
			fmt.Fprint(w, `{"brand_profiles":[{"brand_profile_id":"default","name":"Default","palette":[],"default_presets":[]}]}`)
		case at == "/v1/plates":
			fmt.Fprint(w, `{"plates":[]}`)
		default:
			fmt.Fprintf(w, `{"jobs":[%s],"items":[],"next_cursor":null}`, summary("processing"))
		}
	})
	folder := filepath.Join(t.TempDir(), "spring")
	want := map[string]bool{}
	for i := range n + 1 { // the last has the first one's pixels
		img := image.NewGray(image.Rect(0, 0, 8, 8))
		img.Pix[0] = uint8(i%n + 1)
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(folder, fmt.Sprintf("shelf-%d", i%2), fmt.Sprintf("CHAIR-%03d.png", i))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		want[b.String()] = true
	}
	inPage(t, ctx, chromedp.Navigate(url+"/"), until(`document.querySelector(".set-row")`))
	dropFiles(t, ctx, folder)
	inPage(t, ctx, until(fmt.Sprintf(`document.querySelectorAll(".photo").length === %d && document.querySelectorAll(".callout li").length === 1`, n)))
	holds(t, ctx, "a number is read from the name", `/^CHAIR-\d{3}$/.test(document.querySelector(".photo-name").textContent)`)
	inPage(t, ctx, press("#make"), until(`location.hash === "#/sets/j" && document.querySelector(".afloat")?.textContent.includes("100")`))
	select {
	case <-hung:
	case <-ctx.Done():
		t.Fatal("nothing is sent")
	}
	// The page writes what it keeps one after another; it is all there when it says so.
	inPage(t, ctx, until(`(window.kept ??= (indexedDB.open("opal-console").onsuccess = (e) => {
		e.target.result.transaction("uploads").objectStore("uploads").count().onsuccess = (c) => { window.kept = c.target.result === 100 ? 100 : null; e.target.result.close(); };
	}, null)) === 100`))
	close(reloaded)
	inPage(t, ctx, chromedp.Reload())
	select {
	case <-whole:
	case <-ctx.Done():
		t.Fatal("not all arrived")
	}
	inPage(t, ctx, until(`document.querySelector(".tile") && !document.querySelector(".afloat")`))
	mu.Lock()
	defer mu.Unlock()
	got := map[string]bool{}
	for _, b := range put {
		got[b] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || len(put) != n || len(completed) != n {
		t.Errorf("%d photos arrived, %d were completed: %s", len(put), len(completed), diff)
	}
}
