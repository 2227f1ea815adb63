package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/blob/azureblob/azuritetest"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/cutout/cutouttest"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/queue/servicebus/sbtest"
)

// These benchmarks measure what the simulation of deploy/simulate is fed with, in real runs of
// the program, and how long it takes for a backlog, which the simulation is held against. `make
// simulate MEASURE=1` runs them. A machine that does other work takes no more CPU time for a
// picture, so costs are CPU time, and the cores that were left to a backlog are measured with it.

var scaleFile = flag.String("scale", "", "file into which BenchmarkScale* write what they measured; they run with it alone")

// asked skips a benchmark that takes minutes and whose figures nobody wants.
func asked(b *testing.B) {
	b.Helper()
	if *scaleFile == "" {
		b.Skip("make simulate MEASURE=1 runs it")
	}
}

// note puts one part into the file of -scale.
func note(b *testing.B, part string, v any) {
	b.Helper()
	all := map[string]json.RawMessage{}
	old, err := os.ReadFile(*scaleFile)
	if err == nil {
		err = json.Unmarshal(old, &all)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.Fatal(err)
	}
	if all[part], err = json.Marshal(v); err != nil {
		b.Fatal(err)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(*scaleFile, append(text, '\n'), 0o644); err != nil { //nolint:gosec // it is committed
		b.Fatal(err)
	}
}

// scaleKinds are the photos that are measured, pixels.
var scaleKinds = []struct {
	name string
	w, h int
}{{"2mp", 1633, 1225}, {"12mp", 4000, 3000}}

// scalePhoto draws a product photo; each n is another product.
func scalePhoto(b *testing.B, w, h, n int) []byte {
	b.Helper()
	tiers, families := []cutouttest.Tier{cutouttest.White, cutouttest.Gradient, cutouttest.Shadow}, cutouttest.Families()
	p := cutouttest.New(tiers[n%len(tiers)], families[n%len(families)], w, h, uint64(7000+n))
	body, err := imaging.Encode(p.Image, imaging.EncodeOptions{Format: imaging.JPEG, Quality: 92})
	if err != nil {
		b.Fatal(err)
	}
	return body
}

// scaleItem is what one photo took: CPU seconds of opal and its children, and the wall time
// of each step, milliseconds.
type scaleItem struct {
	Jobs    float64          `json:"jobs_cpu_s"`
	Exports float64          `json:"exports_cpu_s"` // the ZIP's included
	Wall    float64          `json:"wall_s"`
	Steps   map[string]int64 `json:"steps_ms"`
}

// BenchmarkScaleSteps sends single photos through `opal dev`, each when the one before has ended.
func BenchmarkScaleSteps(b *testing.B) {
	asked(b)
	const photos = 8
	type kind struct {
		Photo   string      `json:"photo"`
		Width   int         `json:"width"`
		Height  int         `json:"height"`
		Bytes   int         `json:"photo_bytes"` // mean
		Presets int         `json:"presets"`
		Peak    int64       `json:"peak_memory_bytes"`
		Items   []scaleItem `json:"items"`
	}
	for b.Loop() {
		note(b, "machine", machine())
		var kinds []kind
		for _, k := range scaleKinds {
			p, api := scaleDev(b)
			got := kind{Photo: k.name, Width: k.w, Height: k.h}
			single(b, p, api, client.NewJob{}, scalePhoto(b, k.w, k.h, photos)) // to warm up
			for n := range photos {
				body := scalePhoto(b, k.w, k.h, n)
				it, j := single(b, p, api, client.NewJob{}, body)
				got.Items, got.Bytes, got.Presets = append(got.Items, it), got.Bytes+len(body)/photos, len(j.Presets)
			}
			got.Peak = peakOfTwo(b, p, api, scalePhoto(b, k.w, k.h, 1))
			kinds = append(kinds, got)
			p.Stop(b)
		}
		note(b, "steps", kinds)
	}
}

// machine says what was measured on, and when.
func machine() string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name\t: "); ok {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	return fmt.Sprintf("%d cores of an %s, %s", runtime.NumCPU(), model, time.Now().Format(time.DateOnly))
}

// scaleDev starts opal dev and waits until it is ready.
func scaleDev(b *testing.B, env ...string) (*apptest.Process, *client.Client) {
	b.Helper()
	addr := apptest.FreeAddr(b)
	p := apptest.Start(b, env, "dev", "--data", filepath.Join(b.TempDir(), "state"), "--listen", addr)
	apptest.Client{T: b, Base: "http://" + addr}.WaitReady()
	api, err := client.New("http://"+addr, client.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return p, api
}

// order makes a job of photos and uploads them; release queues them.
func order(b *testing.B, api *client.Client, n client.NewJob, photos ...[]byte) (jobID string, release func()) {
	b.Helper()
	n.Uploads = true
	for i := range photos {
		n.Items = append(n.Items, client.NewItem{Filename: fmt.Sprintf("p%02d.jpg", i)})
	}
	made, err := api.CreateJob(b.Context(), n)
	if err != nil {
		b.Fatal(err)
	}
	var ids []string
	for i, it := range made.Items {
		if err := api.Put(b.Context(), it.UploadURL, photos[i]); err != nil {
			b.Fatal(err)
		}
		ids = append(ids, it.ItemID)
	}
	return made.JobID, func() {
		if done, err := api.CompleteAll(b.Context(), made.JobID, ids); err != nil || !done.OK {
			b.Fatalf("%+v, %v", done, err)
		}
	}
}

// ended waits for a job's end and calls seen with each look at it.
func ended(b *testing.B, api *client.Client, jobID string, seen func(client.Job)) client.Job {
	b.Helper()
	for {
		j, err := api.Job(b.Context(), jobID)
		if err != nil {
			b.Fatal(err)
		}
		if seen != nil {
			seen(j)
		}
		if j.Ended() {
			if j.Status != client.JobCompleted {
				b.Fatalf("the job ended %s: %+v", j.Status, j.Items[0])
			}
			return j
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// single sends one photo through an idle opal.
func single(b *testing.B, p *apptest.Process, api *client.Client, n client.NewJob, photo []byte) (scaleItem, client.Job) {
	b.Helper()
	id, release := order(b, api, n, photo)
	began, before := time.Now(), cpuOfTree(b, p.Cmd.Process.Pid)
	release()
	made := 0.
	j := ended(b, api, id, func(j client.Job) {
		if made == 0 && j.Items[0].Status == client.ItemCompleted {
			made = cpuOfTree(b, p.Cmd.Process.Pid)
		}
	})
	it := scaleItem{Jobs: made - before, Exports: cpuOfTree(b, p.Cmd.Process.Pid) - made, Wall: time.Since(began).Seconds(), Steps: map[string]int64{}}
	for _, s := range j.Items[0].Steps {
		if s.Millis != nil {
			it.Steps[s.Step] = *s.Millis
		}
	}
	return it, j
}

// peakOfTwo returns the memory that opal takes for photos of which two are worked on.
func peakOfTwo(b *testing.B, p *apptest.Process, api *client.Client, photo []byte) int64 {
	b.Helper()
	return peakDuring(p.Cmd.Process.Pid, 50*time.Millisecond, func() {
		id, release := order(b, api, client.NewJob{}, photo, photo)
		release()
		ended(b, api, id, nil)
	})
}

// cpuOfTree returns the CPU seconds of a process and of its children, those that have
// ended included.
func cpuOfTree(b *testing.B, pid int) float64 {
	b.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0 // it has ended meanwhile, and its parent counts it
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	const first, last, perSecond = 11, 14, 100 // utime, stime, cutime, cstime
	f := strings.Fields(rest)
	if len(f) <= last {
		b.Fatalf("/proc/%d/stat: %q", pid, stat)
	}
	sum := 0.
	for _, t := range f[first : last+1] {
		n, err := strconv.ParseFloat(t, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += n / perSecond
	}
	tasks, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	if err != nil {
		b.Fatal(err)
	}
	for _, t := range tasks {
		below, err := os.ReadFile(t)
		if err != nil {
			continue
		}
		for c := range strings.FieldsSeq(string(below)) {
			if child, err := strconv.Atoi(c); err == nil {
				sum += cpuOfTree(b, child)
			}
		}
	}
	return sum
}

// coresLeft measures what other processes leave of the machine to opal, in cores: the time that
// opal took of the processors, and the time in which they had nothing to do.
type coresLeft struct {
	pid       int
	began     time.Time
	cpu, idle float64
}

func leftTo(b *testing.B, p *apptest.Process) coresLeft {
	b.Helper()
	return coresLeft{p.Cmd.Process.Pid, time.Now(), cpuOfTree(b, p.Cmd.Process.Pid), idleOfAll(b)}
}

func (l coresLeft) cores(b *testing.B) float64 {
	b.Helper()
	return (cpuOfTree(b, l.pid) - l.cpu + idleOfAll(b) - l.idle) / time.Since(l.began).Seconds()
}

// idleOfAll returns the seconds that all processors have been idle.
func idleOfAll(b *testing.B) (seconds float64) {
	b.Helper()
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		b.Skipf("it reads Linux' /proc: %v", err)
	}
	const idle, wait, perSecond = 4, 5, 100
	f := strings.Fields(string(stat))
	if len(f) <= wait || f[0] != "cpu" {
		b.Fatalf("/proc/stat: %.200q", stat)
	}
	for _, at := range []int{idle, wait} {
		n, err := strconv.ParseFloat(f[at], 64)
		if err != nil {
			b.Fatal(err)
		}
		seconds += n / perSecond
	}
	return seconds
}

// BenchmarkScaleDrain measures how long opal dev takes for backlogs of a small photo and of
// one as people send them, five times each, and what one such photo takes alone.
func BenchmarkScaleDrain(b *testing.B) {
	asked(b)
	const runs, alone = 5, 6
	type run struct {
		Items   int     `json:"items"`
		Cores   float64 `json:"cores"` // that were left to it
		Seconds float64 `json:"seconds"`
	}
	type drain struct {
		Photo string      `json:"photo"`
		Cores float64     `json:"alone_cores"`
		Alone []scaleItem `json:"alone"`
		Runs  []run       `json:"runs"`
	}
	no := false
	for b.Loop() {
		var all []drain
		for _, c := range []struct {
			name   string
			w, h   int
			order  client.NewJob
			env    []string
			counts []int
		}{
			{"0.3 MP, classical cut-out, one variant", 640, 480, client.NewJob{Presets: []string{"web_thumb"}, Options: &client.JobOptions{Upscale: &no}},
				[]string{"CUTOUT_ENGINE=studio"}, []int{10, 30}},
			{"2 MP", 1633, 1225, client.NewJob{}, nil, []int{6}},
		} {
			p, api := scaleDev(b, c.env...)
			d := drain{Photo: c.name}
			var photos [][]byte
			for n := range alone {
				photos = append(photos, scalePhoto(b, c.w, c.h, n))
			}
			single(b, p, api, c.order, photos[0]) // to warm up
			l := leftTo(b, p)
			for _, photo := range photos {
				it, _ := single(b, p, api, c.order, photo)
				d.Alone = append(d.Alone, it)
			}
			d.Cores = l.cores(b)
			for _, items := range c.counts {
				var backlog [][]byte
				for n := range items {
					backlog = append(backlog, photos[n%alone])
				}
				for range runs {
					id, release := order(b, api, c.order, backlog...)
					l := leftTo(b, p)
					release()
					ended(b, api, id, nil)
					d.Runs = append(d.Runs, run{items, l.cores(b), time.Since(l.began).Seconds()})
				}
			}
			p.Stop(b)
			all = append(all, d)
		}
		note(b, "drains", map[string]any{"processors": runtime.NumCPU(), "backlogs": all})
	}
}

// counted counts the calls of a store by their method, and the bytes both ways.
type counted struct {
	puts, gets, lists, others, in, out atomic.Int64
}

// proxy stands between opal and the emulator of the store.
func (c *counted) proxy(b *testing.B, to string) string {
	b.Helper()
	target, err := url.Parse("http://" + to)
	if err != nil {
		b.Fatal(err)
	}
	p := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
		switch q := r.In.URL.Query(); {
		case q.Get("comp") == "list":
			c.lists.Add(1)
		case r.In.Method == http.MethodPut:
			c.puts.Add(1)
			c.in.Add(max(r.In.ContentLength, 0))
		case r.In.Method == http.MethodGet || r.In.Method == http.MethodHead:
			c.gets.Add(1)
		default:
			c.others.Add(1)
		}
	}, ModifyResponse: func(r *http.Response) error {
		if r.Request.Method == http.MethodGet {
			c.out.Add(max(r.ContentLength, 0))
		}
		return nil
	}}
	s := httptest.NewServer(p)
	b.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// scaleTotals is what dependencies have been asked for so far.
type scaleTotals struct {
	Transactions int64 `json:"transactions"`
	Puts         int64 `json:"blob_puts"`
	Gets         int64 `json:"blob_gets"`
	Lists        int64 `json:"blob_lists"`
	In           int64 `json:"blob_bytes_in"`
	Out          int64 `json:"blob_bytes_out"`
	Messages     int64 `json:"messages"`
	Size         int64 `json:"database_bytes"`
	Writes       int64 `json:"wal_writes"` // of the write-ahead log

	Database float64 `json:"database_cpu_s"`
}

func (t scaleTotals) less(o scaleTotals) scaleTotals {
	return scaleTotals{t.Transactions - o.Transactions, t.Puts - o.Puts, t.Gets - o.Gets, t.Lists - o.Lists,
		t.In - o.In, t.Out - o.Out, t.Messages - o.Messages, t.Size - o.Size, t.Writes - o.Writes, t.Database - o.Database}
}

// BenchmarkScaleCounts counts what the roles, each a process of its own, ask of Postgres, the
// store and the queues: idle, as they start one after the other, and for a job of 2 MP photos.
func BenchmarkScaleCounts(b *testing.B) {
	asked(b)
	const photos, idle = 10, 20 * time.Second
	blobs := azuritetest.New(b, azuritetest.Options{})
	postgres, err := dbtest.StartServer("")
	if err != nil {
		b.Skip(err)
	}
	b.Cleanup(func() { _ = postgres.Stop() })
	broker := sbtest.New(b, sbtest.Options{})
	for _, name := range []string{"jobs", "exports"} {
		broker.CreateQueue(sbtest.QueueConfig{Name: name})
	}
	calls := &counted{}
	store := calls.proxy(b, blobs.Addr())
	score, listen := apptest.FreeAddr(b), apptest.FreeAddr(b)
	env := []string{
		"ENV_NAME=dev", "DATABASE_URL=" + postgres.URL, "AUTH_MODE=none", "BILLING_MODE=off",
		"STORAGE_CONNECTION_STRING=" + strings.ReplaceAll(blobs.ConnectionString(), blobs.Addr(), store), "SERVICEBUS_CONNECTION_STRING=" + broker.ConnectionString(),
		"AML_ENDPOINT_URL=http://" + score + "/score", "AML_ENDPOINT_KEY=k", "SCORE_KEY=k", "SCORE_ALLOWED_HOSTS=" + store, "EGRESS_ALLOWED_NETWORKS=127.0.0.0/8",
	}
	if err := apptest.Run(env, "migrate"); err != nil {
		b.Fatal(err)
	}
	d, err := db.Open(b.Context(), db.Options{URL: postgres.URL, MaxOpen: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	totals := func() scaleTotals {
		t := scaleTotals{Puts: calls.puts.Load(), Gets: calls.gets.Load(), Lists: calls.lists.Load(), In: calls.in.Load(), Out: calls.out.Load()}
		for _, q := range []string{"jobs", "exports"} {
			t.Messages += int64(broker.Stats(q).Transfers)
		}
		time.Sleep(1500 * time.Millisecond) // each backend tells its figures after a second
		askPostgres(b, d, &t)
		return t
	}
	for b.Loop() {
		idles := map[string]scaleTotals{}
		quiet := func() scaleTotals {
			time.Sleep(2 * time.Second) // what a start asks for is not counted
			at := totals()
			time.Sleep(idle)
			return totals().less(at)
		}
		apptest.Start(b, env, "score", "--engine", "studio", "--listen", score)
		up := func(env []string) *apptest.Process {
			p := apptest.Start(b, env, "serve-api", "--listen", listen)
			apptest.Client{T: b, Base: "http://" + listen}.WaitReady()
			return p
		}
		p := up(env)
		idles["serve-api"] = quiet()
		p.Stop(b)
		// its sweeps would hide what the job itself asks for
		up(append([]string{"BACKGROUND=off"}, env...))
		before := quiet()
		for _, role := range []string{"orchestrate", "export"} {
			apptest.Start(b, env, role, "--listen", apptest.FreeAddr(b))
			with := quiet()
			idles[role] = with.less(before)
			before = with
		}
		api, err := client.New("http://"+listen, client.Options{})
		if err != nil {
			b.Fatal(err)
		}
		body := scalePhoto(b, 1633, 1225, 0)
		all := make([][]byte, photos)
		for i := range all {
			all[i] = body
		}
		at, began := totals(), time.Now()
		id, release := order(b, api, client.NewJob{}, all...)
		release()
		looks := 0
		j := ended(b, api, id, func(client.Job) { looks++; time.Sleep(2 * time.Second) })
		seconds, used := time.Since(began).Seconds(), totals().less(at)
		after := quiet() // idle on the machine as it is by now
		idling := scaleTotals{Transactions: (before.Transactions + after.Transactions) / 2, Writes: (before.Writes + after.Writes) / 2,
			Database: (before.Database + after.Database) / 2}
		zip, err := api.ExportURL(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		delivered := int64(0)
		for _, part := range zip.Parts {
			delivered += part.Bytes
		}
		note(b, "counts", map[string]any{
			"photo": "2mp", "items": photos, "presets": len(j.Presets), "seconds": seconds, "looks": looks,
			"idle_seconds": idle.Seconds(), "idle": idles, "all_idle": idling, "job": used, "delivered_bytes": delivered, "photo_bytes": len(body),
		})
	}
}

// askPostgres asks the server for its figures, and for the CPU time of its processes that run now.
func askPostgres(b *testing.B, d *db.DB, t *scaleTotals) {
	b.Helper()
	if err := d.QueryRowContext(context.Background(), `SELECT xact_commit + xact_rollback, pg_database_size(datname), (SELECT wal_write FROM pg_stat_wal)
		FROM pg_stat_database WHERE datname = current_database()`).Scan(&t.Transactions, &t.Size, &t.Writes); err != nil {
		b.Fatal(err)
	}
	rows, err := d.QueryContext(context.Background(), `SELECT pid FROM pg_stat_activity`)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			b.Fatal(err)
		}
		t.Database += cpuOfTree(b, pid)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
}
