package app_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a started opal.
type process struct {
	cmd *exec.Cmd
	mu  sync.Mutex
	log []map[string]any
	raw bytes.Buffer // as it was written

	stderr *lockedText
	done   chan error
}

// start starts opal with the arguments; the test kills what is left of it.
func start(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	exe, err := exec.LookPath("opal") // testscript's link to this test binary
	if err != nil {
		t.Fatal(err)
	}
	return startExe(t, exe, env, args...)
}

// startExe is start for another build of opal.
func startExe(t testing.TB, exe string, env []string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(exe, args...), done: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), env...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stderr = &lockedText{}
	p.cmd.Stderr = p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			var line map[string]any
			known := json.Unmarshal(s.Bytes(), &line) == nil
			p.mu.Lock()
			p.raw.Write(s.Bytes())
			p.raw.WriteByte('\n')
			if known {
				p.log = append(p.log, line)
			}
			p.mu.Unlock()
		}
		p.done <- p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("opal %v: %s", args, p.stderr.String())
			for _, l := range p.lines(func(l map[string]any) bool { return l["level"] != "info" }) {
				t.Log(l)
			}
		}
	})
	return p
}

// lockedText keeps what a process says while it says it.
type lockedText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps it.
func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns it.
func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (p *process) lines(keep func(map[string]any) bool) []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []map[string]any
	for _, l := range p.log {
		if keep(l) {
			out = append(out, l)
		}
	}
	return out
}

// stop ends the process as the platform does and returns its exit code.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.done:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		return 0
	case <-time.After(20 * time.Second):
		t.Fatal("it does not stop")
		return -1
	}
}

// given are the ports that freeAddr has given out.
var given sync.Map

// freeAddr returns a loopback address for a process that is about to listen. It
// lies below the ports that connections are given (32768 and up), one of which
// might take it first, and is given out once.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 15000+rand.IntN(15000))
		if _, taken := given.LoadOrStore(addr, true); taken {
			continue
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return addr
	}
	t.Fatal("no port is free")
	return ""
}

// client calls the API.
type client struct {
	t    testing.TB
	base string
}

func (c client) call(method, path string, body any, into any) int {
	c.t.Helper()
	var rd io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		rd = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, rd)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			c.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, b)
		}
	}
	if res.StatusCode >= 500 {
		c.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, b)
	}
	return res.StatusCode
}

// try is call for an API that may be without its dependencies.
func (c client) try(method, path string, into any) int {
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return 0
	}
	return res.StatusCode
}

// run runs opal to its end.
func run(env []string, args ...string) error {
	exe, err := exec.LookPath("opal")
	if err != nil {
		return err
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("opal %v: %w\n%s", args, err, out)
	}
	return nil
}

func (c client) waitReady() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/readyz", nil)
		if err != nil {
			c.t.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if ctx.Err() != nil {
			c.t.Fatal("the API does not become ready")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// seen is a job as the API tells it.
type seen struct {
	JobID          string `json:"job_id"`
	Status         string `json:"status"`
	CorrelationID  string `json:"correlation_id"`
	ExportBlobPath string `json:"export_blob_path"`
	Items          []struct {
		ItemID      string  `json:"item_id"`
		Status      string  `json:"status"`
		SceneType   string  `json:"scene_type"`
		ErrorCode   string  `json:"error_code"`
		Confidence  float64 `json:"confidence"`
		NeedsReview bool    `json:"needs_review"`
		OutputPath  string  `json:"output_blob_path"`
		RawPath     string  `json:"raw_blob_path"`
		Exports     []struct {
			Preset string `json:"preset"`
			Status string `json:"status"`
			Checks []struct {
				Rule     string `json:"rule"`
				Passed   bool   `json:"passed"`
				Measured string `json:"measured"`
			} `json:"checks"`
		} `json:"exports"`
	} `json:"items"`
}

// jobPatience is how long a job may take on a busy machine with the race detector
// in the program, which makes it ten times slower.
const jobPatience = 6 * time.Minute

func (c client) wait(jobID string) seen {
	c.t.Helper()
	for deadline := time.Now().Add(jobPatience); ; time.Sleep(100 * time.Millisecond) {
		var j seen
		c.call(http.MethodGet, "/v1/jobs/"+jobID, nil, &j)
		if slices.Contains([]string{"completed", "failed", "partial", "cancelled"}, j.Status) {
			return j
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the job does not end: %+v", j)
		}
	}
}

// upload takes a photo the contract's way, from the SAS to complete.
func (c client) upload(jobID, itemID, filename string, photo []byte) {
	c.t.Helper()
	ids := map[string]string{"tenant_id": "default", "job_id": jobID, "item_id": itemID, "filename": filename, "content_type": "image/jpeg"}
	var sas struct {
		UploadURL string `json:"upload_url"`
	}
	if code := c.call(http.MethodPost, "/v1/uploads/sas", ids, &sas); code != http.StatusOK {
		c.t.Fatalf("sas: %d", code)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPut, sas.UploadURL, bytes.NewReader(photo))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("x-ms-blob-type", "BlockBlob")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		c.t.Fatalf("PUT: %d", res.StatusCode)
	}
	var ok struct {
		OK bool `json:"ok"`
	}
	if code := c.call(http.MethodPost, "/v1/uploads/complete", ids, &ok); code != http.StatusOK || !ok.OK {
		c.t.Fatalf("complete: %d", code)
	}
}

// runDev starts opal dev on a fresh data folder.
func runDev(t testing.TB, args ...string) (*process, client, string) {
	t.Helper()
	data, addr := filepath.Join(t.TempDir(), "state"), freeAddr(t)
	p := start(t, nil, append([]string{"dev", "--data", data, "--listen", addr}, args...)...)
	c := client{t, "http://" + addr}
	c.waitReady()
	return p, c, data
}

func photo(t testing.TB, w, h int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := writePhoto(path, w, h, 1); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDevTakesAPhotoFromUploadToZIP(t *testing.T) {
	p, c, data := runDev(t)
	if info, err := os.Stat(filepath.Join(data, "dev.env")); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("dev.env: %v %v", info, err)
	}
	var j seen
	if code := c.call(http.MethodPost, "/v1/jobs", map[string]any{
		"tenant_id": "default", "presets": []string{"amazon_main", "instagram_story", "cutout_png"},
		"items": []any{map[string]any{"filename": "blue vase.jpg", "scene_types": []string{"kitchen", "minimal"}}},
	}, &j); code != http.StatusOK {
		t.Fatalf("create: %d", code)
	}
	c.upload(j.JobID, j.Items[0].ItemID, "blue vase.jpg", photo(t, 800, 600))
	j = c.wait(j.JobID)
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
	c.checkZIP(j, []string{"amazon_main/blue_vase-kitchen.jpg", "amazon_main/blue_vase-minimal.jpg", "cutout_png/blue_vase-kitchen.png",
		"cutout_png/blue_vase-minimal.png", "instagram_story/blue_vase-kitchen.jpg", "instagram_story/blue_vase-minimal.jpg", "manifest.json"})
	checkLog(t, p, j)

	// said again, nothing changes
	ids := map[string]string{"tenant_id": "default", "job_id": j.JobID, "item_id": j.Items[0].ItemID, "filename": "blue vase.jpg"}
	for _, path := range []string{"/v1/uploads/complete", "/v1/jobs/" + j.JobID + "/enqueue", "/v1/jobs/" + j.JobID + "/cancel"} {
		var body any = ids
		if !strings.HasPrefix(path, "/v1/uploads") {
			body = nil
		}
		if code := c.call(http.MethodPost, path, body, nil); code != http.StatusOK {
			t.Errorf("%s again: %d", path, code)
		}
	}
	var again seen
	c.call(http.MethodGet, "/v1/jobs/"+j.JobID, nil, &again)
	if again.Status != "completed" || again.Items[0].Status != "completed" {
		t.Errorf("changed by repeats: %+v", again)
	}
	if code := p.stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func (c client) checkZIP(j seen, want []string) {
	c.t.Helper()
	var u struct {
		URL string `json:"download_url"`
	}
	c.call(http.MethodGet, "/v1/downloads/jobs/"+j.JobID+"/export", nil, &u)
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, u.URL, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		c.t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		c.t.Errorf("the ZIP holds %v", names)
	}
}

// checkLog looks for the contract's lines, in order and with one correlation id,
// of the first item.
func checkLog(t *testing.T, p *process, j seen) {
	t.Helper()
	var got []string
	for _, l := range p.lines(func(l map[string]any) bool {
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
	_, c, _ := runDev(t, "--engine", "stub")
	var j seen
	c.call(http.MethodPost, "/v1/jobs", map[string]any{"tenant_id": "default", "items": []any{map[string]any{"filename": "x.jpg"}}}, &j)
	ids := map[string]string{"tenant_id": "default", "job_id": j.JobID, "item_id": j.Items[0].ItemID, "filename": "x.jpg"}
	problem := func() (int, string) {
		var p struct {
			Code          string `json:"code"`
			CorrelationID string `json:"correlation_id"`
		}
		code := c.call(http.MethodPost, "/v1/uploads/complete", ids, &p)
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
	}{{nil, "upload_empty"}, {[]byte("GIF89a........"), "image_unsupported"}, {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "image_unsupported"}, {photo(t, 64, 48)[:900], "image_corrupt"}} {
		var sas struct {
			UploadURL string `json:"upload_url"`
		}
		c.call(http.MethodPost, "/v1/uploads/sas", ids, &sas)
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
		var now seen
		c.call(http.MethodGet, "/v1/jobs/"+j.JobID, nil, &now)
		if now.Items[0].Status != "created" {
			t.Errorf("after a refusal the item is %s", now.Items[0].Status)
		}
	}
	// a good photo after all
	c.upload(j.JobID, j.Items[0].ItemID, "x.jpg", photo(t, 320, 240))
	if j = c.wait(j.JobID); j.Status != "completed" {
		t.Errorf("%+v", j)
	}
}

func TestDevDrainsAndResumes(t *testing.T) {
	data, addr := filepath.Join(t.TempDir(), "state"), freeAddr(t)
	p := start(t, nil, "dev", "--data", data, "--listen", addr)
	c := client{t, "http://" + addr}
	c.waitReady()
	var j seen
	c.call(http.MethodPost, "/v1/jobs", map[string]any{"tenant_id": "default", "presets": []string{"web_thumb"},
		"items": []any{map[string]any{"filename": "a.jpg", "scene_count": 6}}}, &j)
	c.upload(j.JobID, j.Items[0].ItemID, "a.jpg", photo(t, 800, 600))
	time.Sleep(300 * time.Millisecond) // some are in hand, some wait
	if code := p.stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	start(t, nil, "dev", "--data", data, "--listen", addr)
	c.waitReady()
	if j = c.wait(j.JobID); j.Status != "completed" {
		t.Fatalf("%+v", j)
	}
}
