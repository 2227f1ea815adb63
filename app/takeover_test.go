package app_test

import (
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/opal-photo/opal/app/apptest"
	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/azureblob"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/queue"
)

// Work left by v0.2.1 is finished: its items in flight are worked on, its finished
// ones get their variants, and the clients find everything under the old ids.
func TestTakeoverIsFinished(t *testing.T) {
	t.Parallel()
	var d *db.DB
	a := newApart(t, func(a *apart) {
		var err error
		if d, err = db.Open(t.Context(), db.Options{URL: a.postgres.URL}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		dump, err := os.ReadFile("../modules/db/testdata/v021.sql")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.ExecContext(t.Context(), string(dump)); err != nil {
			t.Fatal(err)
		}
		store, err := azureblob.Open(azureblob.Options{ConnectionString: a.blobs.ConnectionString(), HTTP: a.blobs.Client()})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.EnsureContainers(t.Context(), "raw", "outputs", "exports"); err != nil {
			t.Fatal(err)
		}
		for _, container := range []string{"raw", "outputs"} {
			rows, err := d.QueryContext(t.Context(), `SELECT `+map[string]string{"raw": "raw_blob_path", "outputs": "output_blob_path"}[container]+` FROM job_items`)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var path *string
				if err := rows.Scan(&path); err != nil {
					t.Fatal(err)
				}
				if path == nil {
					continue
				}
				if err := store.Put(t.Context(), container, *path, apptest.Photo(t, 160, 120), blob.PutOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
		}
	})

	want := map[string]struct {
		tenant, status string
		items          map[string]string
	}{
		"job_every": {"acme", "partial", map[string]string{"item_uploaded": "completed", "item_queued": "completed", "item_processing": "completed", "item_completed": "completed",
			"item_failed": "failed", "item_created": "cancelled", "item_signed": "cancelled"}},
		"job_done":    {"beta", "completed", map[string]string{"item_d1": "completed", "item_d2": "completed"}},
		"job_waiting": {"acme", "cancelled", map[string]string{"item_w1": "cancelled"}},
		"job_lost":    {"beta", "cancelled", map[string]string{"item_l1": "cancelled"}},
		"job_failed":  {"beta", "failed", map[string]string{"item_f1": "failed"}},
	}
	deadline := time.Now().Add(apptest.JobPatience)
	for id, w := range want {
		t.Run(id, func(t *testing.T) {
			var j apptest.Job
			for {
				if code := a.api.Call(http.MethodGet, "/v1/jobs/"+id+"?tenant_id="+w.tenant, nil, &j); code != http.StatusOK {
					t.Fatalf("%s: %d", id, code)
				}
				if j.Status == w.status {
					break
				}
				if time.Now().After(deadline) || slices.Contains([]string{"completed", "failed", "partial", "cancelled"}, j.Status) {
					t.Fatalf("%s is %s, want %s: %+v", id, j.Status, w.status, j)
				}
				time.Sleep(200 * time.Millisecond)
			}
			for _, it := range j.Items {
				if it.Status != w.items[it.ItemID] {
					t.Errorf("%s is %s, want %s", it.ItemID, it.Status, w.items[it.ItemID])
				}
				n := 0
				if it.Status == "completed" {
					n = len(channel.Defaults())
				}
				if len(it.Exports) != n {
					t.Errorf("%s has %d variants", it.ItemID, len(it.Exports))
				}
				for _, e := range it.Exports {
					// v0.2.1's pictures have no cut-out: as a whole they are no picture for a
					// channel that wants the product alone on white
					want := "completed"
					if e.Preset == "amazon_main" && slices.Contains([]string{"item_completed", "item_d1", "item_d2"}, it.ItemID) {
						want = "rejected"
					}
					if e.Status != want {
						t.Errorf("%s is %s, want %s: %+v", it.ItemID, e.Status, want, e)
					}
				}
			}
			if (j.ExportBlobPath != "") != (w.status == "completed" || w.status == "partial") {
				t.Errorf("%s has the ZIP %q", id, j.ExportBlobPath)
			}
		})
	}

	t.Run("values of the day of the takeover", func(t *testing.T) {
		var presets []string
		rows, err := d.QueryContext(t.Context(), `SELECT json_array_elements_text(presets::json) FROM jobs WHERE job_id = 'job_done'`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var p string
			if err := rows.Scan(&p); err != nil {
				t.Fatal(err)
			}
			presets = append(presets, p)
		}
		if err := channel.Validate(presets); err != nil || len(presets) == 0 || rows.Err() != nil {
			t.Errorf("presets %v: %v", presets, err)
		}
		var scene, body string
		if err := d.QueryRowContext(t.Context(), `SELECT max(scene_type), max(body) FROM items, outbox`).Scan(&scene, &body); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(picture.SceneTypes(), scene) {
			t.Errorf("scene %q", scene)
		}
		if _, err := queue.ParseBody([]byte(body)); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	})

	t.Run("by age", func(t *testing.T) {
		var page struct {
			Jobs []struct {
				JobID string `json:"job_id"`
			} `json:"jobs"`
			NextCursor *string `json:"next_cursor"`
		}
		var ids []string
		for cursor := ""; ; cursor = *page.NextCursor {
			if code := a.api.Call(http.MethodGet, "/v1/jobs?tenant_id=beta&limit=1&cursor="+cursor, nil, &page); code != http.StatusOK {
				t.Fatal(code)
			}
			for _, j := range page.Jobs {
				ids = append(ids, j.JobID)
			}
			if page.NextCursor == nil {
				break
			}
		}
		if !slices.Equal(ids, []string{"job_lost", "job_failed", "job_done"}) {
			t.Errorf("%v", ids)
		}
	})

	t.Run("books", func(t *testing.T) {
		var b struct{ Available, Held int64 }
		if code := a.api.Call(http.MethodGet, "/v1/billing/balance?tenant_id=acme", nil, &b); code != http.StatusOK || b.Available != 6700 || b.Held != 0 {
			t.Errorf("%d: %+v", code, b)
		}
		j := a.send(1, apptest.Photo(t, 160, 120)) // a job that is metered
		a.once(a.api.Wait(j.JobID))
		if err := apptest.Run(a.env, "billing", "audit"); err != nil {
			t.Error(err)
		}
	})
}
