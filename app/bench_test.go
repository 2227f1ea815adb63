package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/client"
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

// BenchmarkTracing compares the CPU time that three `opal dev` take for the same photos: one
// that sends nothing, one that sends its traces to a collector, and one that sends traces and
// figures. All three run all the time and work in turn, in another order each round, so that
// what else the machine does meets all alike; the ratios are medians over the rounds. The CPU
// that each takes while another works, looking for work, is taken off by the second. The
// photos are tiny, the scenes a stub's and not enlarged: pictures, which tracing costs nothing,
// weigh least.
func BenchmarkTracing(b *testing.B) {
	const rounds, photos = 9, 12
	body := apptest.Photo(b, 96, 72)
	collector := otlptest.New(b)
	traces := "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL
	kinds := []*tracedDev{{name: "plain"}, {name: "traced", env: []string{traces}}, {name: "traced+metrics", env: []string{traces, "OTEL_METRICS_EXPORTER=otlp", "OTEL_METRIC_EXPORT_INTERVAL=5000"}}}
	for _, k := range kinds {
		addr := apptest.FreeAddr(b)
		k.process = apptest.Start(b, k.env, "dev", "--data", filepath.Join(b.TempDir(), "state"), "--listen", addr, "--engine", "stub")
		apptest.Client{T: b, Base: "http://" + addr}.WaitReady()
		var err error
		if k.api, err = client.New("http://"+addr, client.Options{}); err != nil {
			b.Fatal(err)
		}
		k.work(b, body, 2) // to warm up
	}
	began := len(collector.Spans())
	n := 0
	for b.Loop() {
		for round := range rounds {
			for i := range kinds {
				k := kinds[(i+round)%len(kinds)]
				before, began := cpuOfAll(b, kinds), time.Now()
				k.work(b, body, photos)
				after, wall := cpuOfAll(b, kinds), time.Since(began).Seconds()
				for at, other := range kinds {
					if other != k {
						other.idle, other.idled = other.idle+after[at]-before[at], other.idled+wall
						continue
					}
					k.took, k.wall = append(k.took, after[at]-before[at]), append(k.wall, wall)
				}
			}
			n += photos
		}
	}
	b.ReportMetric(float64(len(collector.Spans())-began)/float64(2*n), "spans/item")
	for _, k := range kinds {
		for i := range k.took {
			k.took[i] -= k.wall[i] * k.idle / k.idled
		}
		b.ReportMetric(1000*k.idle/k.idled, "ms-cpu/s-idle-"+k.name)
		b.ReportMetric(1000*median(k.took)/photos, "ms-cpu/item-"+k.name)
		if k == kinds[0] {
			continue
		}
		var ratios []float64
		for i, took := range k.took {
			ratios = append(ratios, took/kinds[0].took[i])
		}
		b.ReportMetric(median(ratios), k.name+"/plain-p50")
		b.ReportMetric(slices.Min(ratios), k.name+"/plain-min")
		b.ReportMetric(slices.Max(ratios), k.name+"/plain-max")
	}
	b.ReportMetric(0, "ns/op")
	for _, k := range kinds {
		if code := k.process.Stop(b); code != 0 {
			b.Errorf("%s: opal dev ended with %d", k.name, code)
		}
	}
}

// tracedDev is an opal dev whose CPU time is measured.
type tracedDev struct {
	name    string
	env     []string
	process *apptest.Process
	api     *client.Client
	took    []float64 // seconds of CPU, by round, without that of its decoders
	wall    []float64 // seconds, by round

	idle, idled float64 // seconds of CPU while others worked, and of the clock
}

// work makes pictures of as many photos.
func (k *tracedDev) work(b *testing.B, photo []byte, photos int) {
	b.Helper()
	ctx := b.Context()
	n := client.NewJob{Uploads: true, Presets: []string{"web_thumb"}, Options: &client.JobOptions{Upscale: new(bool)}}
	for range photos {
		n.Items = append(n.Items, client.NewItem{Filename: "p.jpg"})
	}
	made, err := k.api.CreateJob(ctx, n)
	if err != nil {
		b.Fatal(err)
	}
	var ids []string
	for _, it := range made.Items {
		if err := k.api.Put(ctx, it.UploadURL, photo); err != nil {
			b.Fatal(err)
		}
		ids = append(ids, it.ItemID)
	}
	if done, err := k.api.CompleteAll(ctx, made.JobID, ids); err != nil || !done.OK {
		b.Fatalf("%+v, %v", done, err)
	}
	for {
		j, err := k.api.Job(ctx, made.JobID)
		if err != nil {
			b.Fatal(err)
		}
		if j.Ended() {
			if j.Status != client.JobCompleted {
				b.Fatalf("%s: the job ended %s", k.name, j.Status)
			}
			return
		}
		time.Sleep(time.Second)
	}
}

func cpuOfAll(b *testing.B, kinds []*tracedDev) (all []float64) {
	for _, k := range kinds {
		all = append(all, cpuOf(b, k.process.Cmd.Process.Pid))
	}
	return all
}

// cpuOf returns the CPU time of a process, in seconds, as Linux counts it.
func cpuOf(b *testing.B, pid int) float64 {
	b.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		b.Skipf("it reads Linux' /proc: %v", err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may hold blanks
	const user, system, perSecond = 11, 12, 100
	f := strings.Fields(rest)
	if len(f) <= system {
		b.Fatalf("/proc/%d/stat: %q", pid, stat)
	}
	var ticks float64
	for _, at := range []int{user, system} {
		n, err := strconv.ParseFloat(f[at], 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return ticks / perSecond
}

func median(all []float64) float64 { return slices.Sorted(slices.Values(all))[len(all)/2] }

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
	peak := peakDuring(p.Cmd.Process.Pid, 20*time.Millisecond, func() {
		for b.Loop() {
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() { follow(c, []string{"amazon_main", "shopify"}, body) })
			}
			all.Wait()
		}
	})
	b.ReportMetric(float64(peak)/1e6, "MB-peak")
	b.ReportMetric(0, "ns/op")
}

// peakDuring returns the largest memory in bytes, of those looked at every so often, that a process
// and its children have during some work.
func peakDuring(pid int, every time.Duration, work func()) int64 {
	var peak int64
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(every):
				peak = max(peak, residentOf(pid))
			}
		}
	})
	work()
	close(stop)
	watch.Wait()
	return peak
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
