package db_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// The last schema version in which ZIPs had no table of their own.
const beforeBundles = 13

func TestZIPsOfOldJobsMoveToTheirTable(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLiteURL, "postgres": dbtest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			d, err := db.Open(t.Context(), db.Options{URL: url(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			must(db.MigrateTo(t.Context(), d, beforeBundles))
			for _, j := range []struct{ id, bundle, path string }{{"asked", "requested", ""}, {"done", "done", "t/done/z.zip"}, {"failed", "failed", ""}, {"none", "none", ""}, {"open", "waiting", ""}} {
				_, err := d.Exec(`INSERT INTO jobs (job_id, tenant_id, brand_profile_id, correlation_id, status, presets, options, brand, total, open_items, done_items, bundle,
					export_blob_path, round, created_at, updated_at) VALUES ($1, 't', 'default', 'c', 'processing', '[]', '{}', '{}', 1, 0, 1, $2, NULLIF($3, ''), 2, 0, 0)`, j.id, j.bundle, j.path)
				must(err)
				_, err = d.Exec(`INSERT INTO items (item_id, job_id, tenant_id, correlation_id, position, entry_id, filename, scene_index, scene_type, scene_prompt, status, created_at, updated_at)
					VALUES ($1, $2, 't', 'c', 0, 'e', 'a.png', 0, 'studio', '', 'completed', 0, 0)`, "item-"+j.id, j.id)
				must(err)
			}
			must(d.Migrate(t.Context()))
			rows, err := d.Query(`SELECT b.owner_id, b.status, b.round, b.item_id, b.due_at < now_ms() - 3600000, COALESCE(p.blob_path, '') FROM bundles b
				LEFT JOIN bundle_parts p ON p.bundle_id = b.bundle_id ORDER BY b.owner_id`)
			must(err)
			defer rows.Close()
			type row struct {
				Owner, Status string
				Round         int
				Item          string
				Overdue       bool
				Path          string
			}
			var got []row
			for rows.Next() {
				var r row
				must(rows.Scan(&r.Owner, &r.Status, &r.Round, &r.Item, &r.Overdue, &r.Path))
				got = append(got, r)
			}
			must(rows.Err())
			want := []row{{"asked", "pending", 2, "item-asked", true, ""}, {"done", "completed", 2, "item-done", true, "t/done/z.zip"}, {"failed", "failed", 2, "item-failed", true, ""}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
