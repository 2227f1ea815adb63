package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/chromedp"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/sample"
)

const (
	// A job of 100 photos in eight scenes and 15 sizes, at a pace that no fleet is known to
	// reach: 60 variants a second.
	largePhotos, largeScenes, largeSizes, picturesPerSecond = 100, 8, 15, 4

	// The bounds of an open page: bytes of updates in a second, and of its memory.
	updateBytes, memoryBytes = 50_000, 200_000_000
)

// largeSet is a service with one large job, which runs while its events are followed.
type largeSet struct {
	mu      sync.Mutex
	items   []client.ItemBrief
	done    int
	picture []byte

	updates atomic.Int64 // bytes of events and of items that were read again
	opened  atomic.Int64 // bytes of the sheet as it is opened
}

func newLargeSet(picture []byte) *largeSet {
	l := &largeSet{picture: picture}
	for i := range largePhotos * largeScenes {
		sku := fmt.Sprintf("CHAIR-%03d", i/largeScenes)
		l.items = append(l.items, client.ItemBrief{
			ItemID: fmt.Sprintf("0198f7a0-0000-7000-8000-%012d", i), Filename: sku + "_front.jpg", SKU: &sku, Status: "queued", SceneIndex: i % largeScenes, SceneType: "lifestyle",
			Variants: client.VariantCount{Total: largeSizes, Open: largeSizes}, Rejected: []string{}, UpdatedAt: time.Unix(1.8e9, 0).UTC(),
		})
	}
	return l
}

func (l *largeSet) counts() client.Counts {
	return client.Counts{Total: len(l.items), Open: len(l.items) - l.done, Completed: l.done}
}

// summary is the job as the list of jobs has it.
func (l *largeSet) summary() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts, _ := json.Marshal(l.counts()) // numbers alone
	status, finished, zip := "processing", "null", "null"
	if l.done == len(l.items) {
		status, finished, zip = "completed", `"2027-01-15T08:00:00Z"`, `"z"`
	}
	return fmt.Sprintf(`{"job_id":"j","brand_profile_id":"default","status":%q,"created_at":"2026-01-01T00:00:00Z","finished_at":%s,"export_blob_path":%s,"presets":[],"pictures":1,"counts":%s}`, status, finished, zip, counts)
}

func (l *largeSet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/thumbnail"):
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(l.picture)
	case r.URL.Path == "/v1/jobs/j/items":
		wanted := r.URL.Query()["item_id"]
		if len(wanted) == 1 { // one value holds all
			wanted = strings.Split(wanted[0], ",")
		}
		l.mu.Lock()
		page := client.ItemPage{Items: []client.ItemBrief{}}
		for _, it := range l.items {
			if r.URL.Query().Get("changed_since") != "" {
				break // nobody else changes anything
			}
			if len(wanted) == 0 || slices.Contains(wanted, it.ItemID) {
				page.Items = append(page.Items, it)
			}
		}
		began := l.done > 0
		l.mu.Unlock()
		b, _ := json.Marshal(page) // structs of texts and numbers
		if began {
			l.updates.Add(int64(len(b)))
		} else {
			l.opened.Add(int64(len(b)))
		}
		_, _ = w.Write(b)
	case r.URL.Path == "/v1/jobs/j/events":
		l.follow(w, r)
	case r.URL.Path == "/v1/jobs/j":
		fmt.Fprintf(w, `%s,"items":[]}`, strings.TrimSuffix(l.summary(), "}"))
	default:
		fmt.Fprintf(w, `{"jobs":[%s],"items":[],"next_cursor":null}`, l.summary())
	}
}

// follow makes the pictures, 16 at a time, and tells of them as the service's event stream
// does: while a picture is made, each look at the job finds another step of it.
func (l *largeSet) follow(w http.ResponseWriter, r *http.Request) {
	const lanes, looks = 16, 12
	w.Header().Set("Content-Type", "text/event-stream")
	say := func(kind string, data any) {
		b, _ := json.Marshal(data) // structs of texts and numbers
		n, _ := fmt.Fprintf(w, "id: 0198f7a0-0000-7000-8000-000000000000\nevent: %s\ndata: %s\n\n", kind, b)
		l.updates.Add(int64(n))
	}
	for first := 0; first < len(l.items); first += lanes {
		for look := range looks {
			l.mu.Lock()
			p := client.Progress{JobID: "j", Status: "processing"}
			for i := first; i < first+lanes; i++ {
				it := &l.items[i]
				it.Status = "processing"
				progress := client.ItemProgress{ItemID: it.ItemID, Status: "processing", Attempt: 1, Step: fmt.Sprintf("step-%d", look), State: "running"}
				if look == looks-1 {
					picture := fmt.Sprintf("%08x", i)
					confidence := .93
					it.Status, it.Picture, it.Confidence, it.Variants.Open = "completed", &picture, &confidence, 0
					progress.Status, progress.State = "completed", "done"
					l.done++
					say("item.completed", client.Event{ID: "0198f7a0-0000-7000-8000-000000000000", Type: "item.completed", TenantID: "default", JobID: "j", ItemID: &it.ItemID,
						Data: json.RawMessage(`{"needs_review":false,"output_blob_path":"default/01a223c6-f4b7-769c-b442-a8fbe7724f44/01a223c6-f4d1-7535-aa0a-d1ec10699672/output/a1.jpg","sku":"CHAIR-004"}`)})
				}
				p.Items = append(p.Items, progress)
			}
			p.Counts = l.counts()
			l.mu.Unlock()
			say("progress", p)
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond): // faster than any service, so that the test is short
			}
		}
	}
	say("end", client.End{JobID: "j", Status: "completed"})
}

// TestALargeSetIsLightInTheBrowser follows a job of 800 pictures in 15 sizes to its end and
// scrolls through all of it: few bytes of updates a picture, few nodes, little memory.
func TestALargeSetIsLightInTheBrowser(t *testing.T) {
	// not beside others: the largest page is its own
	ctx := openBrowser(t, true)
	var thumbnail bytes.Buffer
	if err := jpeg.Encode(&thumbnail, sample.Draw(320), nil); err != nil { // as wide as the service's
		t.Fatal(err)
	}
	l := newLargeSet(thumbnail.Bytes())
	url := standIn(t, l.ServeHTTP)
	const n = largePhotos * largeScenes
	inPage(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(url+"/#/sets/j"), until(fmt.Sprintf(`document.querySelector(".grid li")?.ariaSetSize === "%d"`, n)),
		until(`document.querySelector(".page-head .primary")?.disabled === false && document.querySelector(".page-head").textContent.includes("Finished")`))
	nodes := "document.querySelectorAll('*').length"
	for y := 0; ; y += 700 { // all thumbnails come by
		inPage(t, ctx, script(fmt.Sprintf(`scrollTo(0, %d)`, y)), until(`[...document.querySelectorAll(".grid .tile")].some((e) => { const r = e.getBoundingClientRect(); return r.top >= 0 && r.top < innerHeight && e.querySelector("img.thumb")?.complete; })`))
		if end, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`scrollY + innerHeight >= document.documentElement.scrollHeight - 2`)); err != nil || end {
			break
		}
	}
	holds(t, ctx, "the page keeps what is near the window alone", nodes+" < 2500")
	perPicture := l.updates.Load() / n
	t.Logf("%d bytes to open the sheet of %d pictures; %d bytes of updates for each, %.1f kB/s at %d pictures a second", l.opened.Load(), n, perPicture, float64(perPicture)*picturesPerSecond/1000, picturesPerSecond)
	if perPicture*picturesPerSecond > updateBytes {
		t.Errorf("%d bytes of updates a picture are more than %d bytes a second at %d pictures a second", perPicture, updateBytes, picturesPerSecond)
	}
	heap, all := pageMemory(t, ctx)
	t.Logf("memory: %.1f MB of scripts, %.1f MB of the largest page's process", heap/1e6, all/1e6)
	if max(heap, all) > memoryBytes {
		t.Errorf("the page needs %.0f and %.0f bytes of memory", heap, all)
	}
}

// private matches what a process holds alone, in memory or put aside: what Chromium calls
// its private footprint.
var private = regexp.MustCompile(`(?m)^(?:RssAnon|VmSwap):\s+(\d+) kB`)

// pageMemory returns the bytes that the page's scripts hold, as Chromium counts them, and
// what the largest of the browser's pages holds alone, on systems that tell; else 0.
func pageMemory(t *testing.T, ctx context.Context) (heap, all float64) {
	t.Helper()
	if _, err := chromedp.Call(ctx, heapprofiler.CollectGarbage, struct{}{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, performance.Enable, performance.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Call(ctx, performance.GetMetrics, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range got.Metrics {
		if m.Name == "JSHeapUsedSize" {
			heap = m.Value
		}
	}
	processes, err := chromedp.CallBrowser(ctx, systeminfo.GetProcessInfo, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes.ProcessInfo {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.ID))
		if p.Type != "renderer" || err != nil {
			continue
		}
		sum := 0.0
		for _, m := range private.FindAllStringSubmatch(string(text), -1) {
			kb, _ := strconv.ParseFloat(m[1], 64) // digits
			sum += kb * 1024
		}
		all = max(all, sum)
	}
	return heap, all
}
