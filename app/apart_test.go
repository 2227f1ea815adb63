package app_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/blob/azureblob/azuritetest"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/queue/servicebus/sbtest"
	"github.com/opal-photo/opal/modules/telemetry/otlptest"
)

// apart is OPAL as in production: each role its own process, sharing nothing but
// Service Bus, Blob Storage, Postgres and the scoring endpoint.
type apart struct {
	t        *testing.T
	broker   *sbtest.Server
	blobs    *azuritetest.Server
	postgres *dbtest.Server
	roles    map[string][]*apptest.Process
	env      []string
	api      apptest.Client
	traces   *otlptest.Server
}

// newApart starts the roles. before, if any, is done when the database and the
// store are there and no role is.
func newApart(t *testing.T, before ...func(a *apart)) *apart {
	t.Helper()
	if testing.Short() {
		t.Skip("not among the short tests: it starts every role")
	}
	a := &apart{t: t, roles: map[string][]*apptest.Process{}, blobs: azuritetest.New(t, azuritetest.Options{}), traces: otlptest.New(t)}
	var err error
	if a.postgres, err = dbtest.StartServer(""); err != nil {
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() { _ = a.postgres.Stop() })
	a.broker = sbtest.New(t, sbtest.Options{})
	for _, name := range []string{"jobs", "exports"} {
		a.broker.CreateQueue(sbtest.QueueConfig{Name: name})
	}
	score := apptest.FreeAddr(t)
	env := []string{
		"ENV_NAME=dev", "DATABASE_URL=" + strings.Replace(a.postgres.URL, "postgres://", "postgresql+psycopg://", 1),
		"STORAGE_CONNECTION_STRING=" + a.blobs.ConnectionString(), "SERVICEBUS_CONNECTION_STRING=" + a.broker.ConnectionString(),
		"AML_ENDPOINT_URL=http://" + score + "/score", "AML_ENDPOINT_KEY=k", "SCORE_KEY=k", "SCORE_ALLOWED_HOSTS=" + a.blobs.Addr(), "WORKER_LEASE=10s",
		"EGRESS_ALLOWED_NETWORKS=127.0.0.0/8", "OTEL_EXPORTER_OTLP_ENDPOINT=" + a.traces.URL, "OTEL_BSP_SCHEDULE_DELAY=200", "OTEL_METRICS_EXPORTER=otlp", "OTEL_METRIC_EXPORT_INTERVAL=2000",
	}
	a.env = env
	for _, f := range before {
		f(a)
	}
	if err := apptest.Run(env, "migrate"); err != nil {
		t.Fatal(err)
	}
	api := apptest.FreeAddr(t)
	a.api = apptest.Client{T: t, Base: "http://" + api}
	a.start("score", env, "score", "--engine", "stub", "--listen", score) // this test does not examine the pictures
	a.start("api", env, "serve-api", "--listen", api)
	for range 2 {
		a.start("orchestrate", env, "orchestrate", "--listen", apptest.FreeAddr(t))
	}
	a.start("export", env, "export", "--listen", apptest.FreeAddr(t))
	a.start("billing", env, "billing", "--listen", apptest.FreeAddr(t))
	a.api.WaitReady()
	return a
}

func (a *apart) start(role string, env []string, args ...string) {
	a.roles[role] = append(a.roles[role], apptest.Start(a.t, env, args...))
}

// send makes n items of a job and uploads each.
func (a *apart) send(n int, body []byte) apptest.Job {
	a.t.Helper()
	var items []any
	for i := range n {
		items = append(items, map[string]any{"filename": fmt.Sprintf("p%d.jpg", i)})
	}
	var j apptest.Job
	if code := a.api.Call(http.MethodPost, "/v1/jobs", map[string]any{"tenant_id": "default", "presets": []string{"web_thumb"}, "items": items,
		"processing_options": map[string]any{"upscale": false}}, &j); code != http.StatusOK {
		a.t.Fatalf("create: %d", code)
	}
	for i, it := range j.Items {
		a.api.Upload(j.JobID, it.ItemID, fmt.Sprintf("p%d.jpg", i), body)
	}
	return j
}

// once checks that everything of a job happened exactly once, and under one
// correlation id in every process.
func (a *apart) once(j apptest.Job) {
	a.t.Helper()
	if j.Status != "completed" || j.ExportBlobPath == "" {
		a.t.Fatalf("%+v", j)
	}
	for _, it := range j.Items {
		if it.Status != "completed" || len(it.Exports) != 1 || it.Exports[0].Status != "completed" {
			a.t.Errorf("%+v", it)
		}
	}
	finished := map[string]int{}
	for role, all := range a.roles {
		for _, p := range all {
			for _, l := range p.Lines(func(l map[string]any) bool { return l["job_id"] == j.JobID && l["item_id"] != nil }) {
				if l["correlation_id"] != j.CorrelationID {
					a.t.Errorf("%s: %v", role, l)
				}
				if l["message"] == "Item completed" {
					finished[fmt.Sprint(l["item_id"])]++
				}
			}
		}
	}
	for _, it := range j.Items {
		if finished[it.ItemID] != 1 {
			a.t.Errorf("item %s was completed %d times", it.ItemID, finished[it.ItemID])
		}
	}
}

func TestRolesApart(t *testing.T) {
	t.Parallel()
	a := newApart(t)
	small := apptest.Photo(t, 160, 120)

	t.Run("thirty items", func(t *testing.T) {
		j := a.send(30, small)
		a.once(a.api.Wait(j.JobID))
		worked := 0
		for _, p := range a.roles["orchestrate"] {
			if len(p.Lines(func(l map[string]any) bool { return l["message"] == "Item completed" })) > 0 {
				worked++
			}
		}
		if worked != 2 {
			t.Errorf("%d of 2 orchestrators worked", worked)
		}
	})

	t.Run("one trace", func(t *testing.T) { a.oneTrace(t, small) })
	t.Run("figures of every role", func(t *testing.T) { a.everyFigure(t) })

	t.Run("outages", func(t *testing.T) {
		j := a.send(12, small)
		var wg sync.WaitGroup
		// half a minute in which Service Bus can't be reached, and within it the
		// database and the store stop and come back
		wg.Go(func() { a.broker.DropConnections(); a.broker.Refuse(outage) })
		wg.Go(func() {
			time.Sleep(outage / 4)
			a.postgres.Kill()
			time.Sleep(time.Second)
			if err := a.postgres.Start(); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			time.Sleep(outage / 2)
			a.blobs.Stop()
			time.Sleep(time.Second)
			if err := a.blobs.Restart(); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), apptest.JobPatience)
		defer cancel()
		a.once(a.waitThrough(ctx, j.JobID))
	})

	t.Run("books", func(t *testing.T) {
		if err := apptest.Run(a.env, "billing", "audit"); err != nil {
			t.Error(err)
		}
		if err := apptest.Run(a.env, "doctor"); err != nil {
			t.Error(err)
		}
	})

	t.Run("shutdown", func(t *testing.T) {
		for role, all := range a.roles {
			for _, p := range all {
				if code := p.Stop(t); code != 0 {
					t.Errorf("%s exits with %d", role, code)
				}
			}
		}
	})
}

// outage is how long Service Bus is away.
const outage = 30 * time.Second

// waitThrough waits for a job's end while the API may answer 503.
func (a *apart) waitThrough(ctx context.Context, jobID string) apptest.Job {
	a.t.Helper()
	for {
		var j apptest.Job
		if a.api.Try(http.MethodGet, "/v1/jobs/"+jobID, &j) == http.StatusOK && slices.Contains([]string{"completed", "failed", "partial", "cancelled"}, j.Status) {
			return j
		}
		select {
		case <-ctx.Done():
			a.t.Fatalf("the job does not end: %+v", j)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
