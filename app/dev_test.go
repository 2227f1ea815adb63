package app_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
)

// runDev starts opal dev on a fresh data folder.
func runDev(t testing.TB, args ...string) (*apptest.Process, apptest.Client, string) {
	t.Helper()
	data, addr := filepath.Join(t.TempDir(), "state"), apptest.FreeAddr(t)
	p := apptest.Start(t, nil, append([]string{"dev", "--data", data, "--listen", addr}, args...)...)
	c := apptest.Client{T: t, Base: "http://" + addr}
	c.WaitReady()
	return p, c, data
}

func TestDevTakesAPhotoFromUploadToZIP(t *testing.T) {
	t.Parallel()
	p, c, data := runDev(t)
	if info, err := os.Stat(filepath.Join(data, "dev.env")); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("dev.env: %v %v", info, err)
	}
	var j apptest.Job
	if code := c.Call(http.MethodPost, "/v1/jobs", map[string]any{
		"tenant_id": "default", "presets": []string{"amazon_main", "instagram_story", "cutout_png"},
		"items": []any{map[string]any{"filename": "blue vase.jpg", "scene_types": []string{"kitchen", "minimal"}}},
	}, &j); code != http.StatusOK {
		t.Fatalf("create: %d", code)
	}
	c.Upload(j.JobID, j.Items[0].ItemID, "blue vase.jpg", apptest.Photo(t, 800, 600))
	j = c.Wait(j.JobID)
	if j.Status != "completed" || j.ExportBlobPath == "" || len(j.Items) != 2 {
		t.Fatalf("%+v", j)
	}
	for _, it := range j.Items {
		if it.Status != "completed" || it.OutputPath == "" || it.NeedsReview || len(it.Exports) != 3 || it.RawPath != j.Items[0].RawPath {
			t.Errorf("%+v", it)
		}
		for _, e := range it.Exports {
			for _, ck := range e.Checks {
				if !ck.Passed && ck.Rule != "enlargement" {
					t.Errorf("%s: %+v", e.Preset, ck)
				}
			}
		}
	}
	// pictures that no scene is in are made once for a photo
	checkZIP(c, j, []string{"amazon/blue_vase-main.jpg", "cut-out/blue_vase-png.png",
		"instagram/blue_vase-kitchen-story.jpg", "instagram/blue_vase-minimal-story.jpg", "manifest.csv", "manifest.json"})
	checkLog(t, p, j)

	// repeated calls change nothing
	ids := map[string]string{"tenant_id": "default", "job_id": j.JobID, "item_id": j.Items[0].ItemID, "filename": "blue vase.jpg"}
	for _, path := range []string{"/v1/uploads/complete", "/v1/jobs/" + j.JobID + "/enqueue", "/v1/jobs/" + j.JobID + "/cancel"} {
		t.Run(path, func(t *testing.T) {
			var body any = ids
			if !strings.HasPrefix(path, "/v1/uploads") {
				body = nil
			}
			if code := c.Call(http.MethodPost, path, body, nil); code != http.StatusOK {
				t.Errorf("%s again: %d", path, code)
			}
		})
	}
	var again apptest.Job
	c.Call(http.MethodGet, "/v1/jobs/"+j.JobID, nil, &again)
	if again.Status != "completed" || again.Items[0].Status != "completed" {
		t.Errorf("changed by repeats: %+v", again)
	}
	if code := p.Stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func checkZIP(c apptest.Client, j apptest.Job, want []string) {
	c.T.Helper()
	var u struct {
		URL string `json:"download_url"`
	}
	c.Call(http.MethodGet, "/v1/downloads/jobs/"+j.JobID+"/export", nil, &u)
	req, err := http.NewRequestWithContext(c.T.Context(), http.MethodGet, u.URL, nil)
	if err != nil {
		c.T.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		c.T.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		c.T.Errorf("the ZIP holds %v", names)
	}
}

// checkLog looks for the contract's lines, in order and with one correlation id,
// of the first item.
func checkLog(t *testing.T, p *apptest.Process, j apptest.Job) {
	t.Helper()
	var got []string
	for _, l := range p.Lines(func(l map[string]any) bool {
		return l["item_id"] == j.Items[0].ItemID && l["message"] != "HTTP request"
	}) {
		if l["correlation_id"] != j.CorrelationID {
			t.Errorf("another correlation id: %v", l)
		}
		for _, f := range []string{"level", "time", "service", "tenant_id", "job_id"} {
			if l[f] == nil {
				t.Errorf("no %s: %v", f, l)
			}
		}
		got = append(got, fmt.Sprint(l["message"]))
	}
	for _, order := range [][]string{
		{"Sent job message"}, {"Processing job message", "Calling AML endpoint", "Item completed", "Sent export message"}, {"Processing export", "Completed export"},
	} {
		at := 0
		for _, m := range got {
			if at < len(order) && m == order[at] {
				at++
			}
		}
		if at < len(order) {
			t.Errorf("lines %q, want in order %q", got, order)
		}
	}
}

func TestDevRefusesWhatIsNoPhotoAndQueuesNothing(t *testing.T) {
	t.Parallel()
	_, c, _ := runDev(t, "--engine", "stub")
	var j apptest.Job
	c.Call(http.MethodPost, "/v1/jobs", map[string]any{"tenant_id": "default", "items": []any{map[string]any{"filename": "x.jpg"}}}, &j)
	ids := map[string]string{"tenant_id": "default", "job_id": j.JobID, "item_id": j.Items[0].ItemID, "filename": "x.jpg"}
	problem := func() (int, string) {
		var p struct {
			Code          string `json:"code"`
			CorrelationID string `json:"correlation_id"`
		}
		code := c.Call(http.MethodPost, "/v1/uploads/complete", ids, &p)
		if p.CorrelationID == "" {
			t.Error("a problem without correlation id")
		}
		return code, p.Code
	}
	if code, what := problem(); code != http.StatusConflict || what != "upload_missing" {
		t.Errorf("nothing uploaded: %d %s", code, what)
	}
	for _, bad := range []struct {
		body []byte
		code string
	}{{nil, "upload_empty"}, {[]byte("GIF89a........"), "image_unsupported"}, {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "image_corrupt"}, {apptest.Photo(t, 64, 48)[:300], "image_corrupt"}} {
		t.Run(bad.code, func(t *testing.T) {
			var sas struct {
				UploadURL string `json:"upload_url"`
			}
			c.Call(http.MethodPost, "/v1/uploads/sas", ids, &sas)
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, sas.UploadURL, bytes.NewReader(bad.body))
			req.Header.Set("x-ms-blob-type", "BlockBlob")
			res, err := http.DefaultClient.Do(req)
			if err != nil || res.StatusCode != http.StatusCreated {
				t.Fatal(res, err)
			}
			res.Body.Close()
			if code, what := problem(); code < 400 || code >= 500 || what != bad.code {
				t.Errorf("%q: %d %s, want %s", bad.body[:min(12, len(bad.body))], code, what, bad.code)
			}
			var now apptest.Job
			c.Call(http.MethodGet, "/v1/jobs/"+j.JobID, nil, &now)
			if now.Items[0].Status != "created" {
				t.Errorf("after a refusal the item is %s", now.Items[0].Status)
			}
		})
	}
	// a good photo after all
	c.Upload(j.JobID, j.Items[0].ItemID, "x.jpg", apptest.Photo(t, 320, 240))
	if j = c.Wait(j.JobID); j.Status != "completed" {
		t.Errorf("%+v", j)
	}
}

func TestDevDrainsAndResumes(t *testing.T) {
	t.Parallel()
	data, addr := filepath.Join(t.TempDir(), "state"), apptest.FreeAddr(t)
	p := apptest.Start(t, nil, "dev", "--data", data, "--listen", addr, "--engine", "stub") // scenes are not what drains
	c := apptest.Client{T: t, Base: "http://" + addr}
	c.WaitReady()
	var j apptest.Job
	c.Call(http.MethodPost, "/v1/jobs", map[string]any{"tenant_id": "default", "presets": []string{"web_thumb"},
		"items": []any{map[string]any{"filename": "a.jpg", "scene_count": 6}}}, &j)
	c.Upload(j.JobID, j.Items[0].ItemID, "a.jpg", apptest.Photo(t, 800, 600))
	time.Sleep(300 * time.Millisecond) // some are worked on, some wait
	if code := p.Stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	apptest.Start(t, nil, "dev", "--data", data, "--listen", addr, "--engine", "stub")
	c.WaitReady()
	if j = c.Wait(j.JobID); j.Status != "completed" {
		t.Fatalf("%+v", j)
	}
}
