package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/telemetry/otlptest"
)

// The whole way of a photo through `opal dev`, as its user waits for it: from
// upload complete to the item's completion (one scene, upscaled), to all presets
// and the ZIP, and the memory that the process and its decoders take meanwhile.

func BenchmarkPhoto2MP(b *testing.B)  { benchmarkPhoto(b, 1600, 1250) }
func BenchmarkPhoto12MP(b *testing.B) { benchmarkPhoto(b, 4000, 3000) }

// benchmarkPhoto reports the median over b.N photos, after one to warm up.
func benchmarkPhoto(b *testing.B, w, h int) {
	_, c, _ := runDev(b)
	body := apptest.Photo(b, w, h)
	follow(c, []string{"web_thumb"}, body)
	var took []time.Duration
	for b.Loop() {
		done, _ := follow(c, []string{"web_thumb"}, body)
		took = append(took, done)
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds(), "s/item-p50")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkTracing compares the CPU time of a whole `opal dev` that sends its traces to a
// collector with that of one that makes none. The photos are tiny and the scenes a stub's, so
// that the pictures, which tracing costs nothing, weigh least.
func BenchmarkTracing(b *testing.B) {
	const photos = 60
	body := apptest.Photo(b, 160, 120)
	took := func(env ...string) time.Duration {
		addr := apptest.FreeAddr(b)
		p := apptest.Start(b, env, "dev", "--data", filepath.Join(b.TempDir(), "state"), "--listen", addr, "--engine", "stub")
		c := apptest.Client{T: b, Base: "http://" + addr}
		c.WaitReady()
		for range photos {
			follow(c, []string{"web_thumb"}, body)
		}
		if code := p.Stop(b); code != 0 {
			b.Errorf("opal dev ended with %d", code)
		}
		return p.Cmd.ProcessState.UserTime() + p.Cmd.ProcessState.SystemTime()
	}
	collector := otlptest.New(b)
	var without, with time.Duration
	for b.Loop() {
		without += took()
		with += took("OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL)
	}
	n := float64(b.N * photos)
	b.ReportMetric(1000*without.Seconds()/n, "ms-cpu/item-untraced")
	b.ReportMetric(1000*with.Seconds()/n, "ms-cpu/item-traced")
	b.ReportMetric(with.Seconds()/without.Seconds(), "traced/untraced")
	b.ReportMetric(float64(len(collector.Spans()))/n, "spans/item")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAllPresets measures from the end of the item to the end of the job.
func BenchmarkAllPresets(b *testing.B) {
	_, c, _ := runDev(b)
	var known struct {
		Presets []struct {
			Name string `json:"name"`
		} `json:"presets"`
	}
	c.Call(http.MethodGet, "/v1/presets", nil, &known)
	var names []string
	for _, p := range known.Presets {
		names = append(names, p.Name)
	}
	body := apptest.Photo(b, 1600, 1250)
	follow(c, names, body)
	var took []time.Duration
	for b.Loop() {
		_, rest := follow(c, names, body)
		took = append(took, rest)
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds(), "s/exports-p50")
	b.ReportMetric(float64(len(names)), "presets")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkPeakMemory sends four 12 MP photos together, of which two are worked on.
func BenchmarkPeakMemory(b *testing.B) {
	p, c, _ := runDev(b)
	body := apptest.Photo(b, 4000, 3000)
	var peak atomic.Int64
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				peak.Store(max(peak.Load(), residentOf(p.Cmd.Process.Pid)))
			}
		}
	})
	for b.Loop() {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { follow(c, []string{"amazon_main", "shopify"}, body) })
		}
		all.Wait()
	}
	close(stop)
	watch.Wait()
	b.ReportMetric(float64(peak.Load())/1e6, "MB-peak")
	b.ReportMetric(0, "ns/op")
}

// follow sends a photo and returns how long it took from complete to the end of the
// item, and from there to the end of the job.
func follow(c apptest.Client, presets []string, body []byte) (item, rest time.Duration) {
	var j apptest.Job
	if code := c.Call(http.MethodPost, "/v1/jobs", map[string]any{"tenant_id": "default", "presets": presets, "items": []any{map[string]any{"filename": "p.jpg"}}}, &j); code != http.StatusOK {
		c.T.Errorf("create: %d", code)
		return 0, 0
	}
	c.Upload(j.JobID, j.Items[0].ItemID, "p.jpg", body)
	began := time.Now()
	for deadline := began.Add(apptest.JobPatience); ; time.Sleep(20 * time.Millisecond) {
		c.Call(http.MethodGet, "/v1/jobs/"+j.JobID, nil, &j)
		if s := j.Items[0].Status; item == 0 && (s == "completed" || s == "failed") {
			item = time.Since(began)
		}
		if j.Status != "created" && j.Status != "processing" {
			if j.Status != "completed" {
				c.T.Errorf("the job ended %s", j.Status)
			}
			return item, time.Since(began) - item
		}
		if time.Now().After(deadline) {
			c.T.Errorf("the job does not end: %+v", j)
			return item, 0
		}
	}
}

// residentOf is the resident memory, in bytes, of a process and of all below it; a
// page that they share counts once.
func residentOf(pid int) int64 {
	var sum int64
	rollup, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "smaps_rollup"))
	if err != nil {
		return 0 // it has ended
	}
	for line := range strings.Lines(string(rollup)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
			kB, err := strconv.ParseInt(f[1], 10, 64)
			if err == nil {
				sum += kB * 1024
			}
		}
	}
	threads, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	if err != nil {
		return sum
	}
	for _, t := range threads {
		below, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(below)) {
			if child, err := strconv.Atoi(f); err == nil {
				sum += residentOf(child)
			}
		}
	}
	return sum
}
