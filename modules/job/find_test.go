package job_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
)

func TestListsShowWhatIsAskedFor(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		day := func(n int) time.Time { return time.Date(2026, 11, n, 12, 0, 0, 0, time.UTC) }
		names := map[string]string{} // of jobs and items, by id
		add := func(name, tenant, brand, file string, p picture.Product, made time.Time) job.Job {
			j, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenant, BrandProfileID: brand, CorrelationID: "c", Options: bare,
				Items: []job.NewItem{{Filename: file, Product: p}, {Filename: "other.png"}}})
			if err != nil {
				t.Fatal(err)
			}
			names[j.JobID], names[j.Items[0].ItemID], names[j.Items[1].ItemID] = name, name, name+"2"
			for _, table := range []string{"jobs", "items"} {
				w.must(second(w.db.Exec(`UPDATE `+table+` SET created_at = $1 WHERE job_id = $2`, made.UnixMilli(), j.JobID)))
			}
			return j
		}
		a := add("a", tenantID, "acme", "blue_mug.png", picture.Product{SKU: "CHAIR-04", Title: "Oak chair"}, day(1))
		b := add("b", tenantID, "default", "100%.png", picture.Product{GTIN: "4006381333931"}, day(2))
		add("c", tenantID, "default", "bluexmug.png", picture.Product{SKU: "chair-05"}, day(3))
		add("x", "t2", "acme", "blue_mug.png", picture.Product{SKU: "CHAIR-04"}, day(2))
		if err := w.jobs.Cancel(t.Context(), tenantID, b.JobID); err != nil {
			t.Fatal(err)
		}
		for i, it := range []job.Item{a.Items[0], a.Items[1], b.Items[0]} { // b is cancelled
			w.must(second(w.db.Exec(`UPDATE items SET needs_review = TRUE WHERE item_id = $1`, it.ItemID)))
			if i == 1 {
				w.must(second(w.db.Exec(`INSERT INTO reviews (item_id, job_id, tenant_id, decision, note, decided_at) VALUES ($1, $2, $3, 'approved', '', 1)`, it.ItemID, a.JobID, tenantID)))
			}
		}
		w.must(second(w.db.Exec(`INSERT INTO collections (collection_id, tenant_id, correlation_id, name, status, created_at, updated_at) VALUES ('g', $1, 'c', '', 'open', 1, 1)`, tenantID)))
		w.must(second(w.db.Exec(`INSERT INTO collection_jobs (collection_id, job_id, position) VALUES ('g', $1, 1)`, a.JobID)))
		for name, presets := range map[string]string{"a": `[]`, "b": `["etsy_photos","amazon_main"]`, "c": `["etsy_photo"]`} {
			for id, n := range names {
				if n == name {
					w.must(second(w.db.Exec(`UPDATE jobs SET presets = $1 WHERE job_id = $2`, presets, id)))
				}
			}
		}
		rows := []struct {
			name        string
			filter      job.Filter
			jobs, items []string
		}{
			{"all", job.Filter{}, []string{"c", "b", "a"}, []string{"c", "c2", "b", "b2", "a", "a2"}},
			{"a status", job.Filter{Status: []string{"cancelled"}}, []string{"b"}, []string{"b", "b2"}},
			{"one of two", job.Filter{Status: []string{"cancelled", "created"}}, []string{"c", "b", "a"}, []string{"c", "c2", "b", "b2", "a", "a2"}},
			{"a collection", job.Filter{Collection: "g"}, []string{"a"}, []string{"a", "a2"}},
			{"no collection", job.Filter{Collection: "h"}, nil, nil},
			{"a preset", job.Filter{Presets: []string{"etsy_photo"}}, []string{"c"}, []string{"c", "c2"}},
			{"one of two presets", job.Filter{Presets: []string{"etsy_photo", "amazon_main"}}, []string{"c", "b"}, []string{"c", "c2", "b", "b2"}},
			{"no preset's part", job.Filter{Presets: []string{"etsy", "amazon%"}}, nil, nil},
			{"a preset of a brand", job.Filter{Presets: []string{"amazon_main"}, Brand: "acme"}, nil, nil},
			{"a brand", job.Filter{Brand: "acme"}, []string{"a"}, []string{"a", "a2"}},
			{"a SKU", job.Filter{SKU: "CHAIR-04"}, []string{"a"}, []string{"a"}},
			{"no SKU's part", job.Filter{SKU: "CHAIR"}, nil, nil},
			{"a part of a SKU", job.Filter{Query: "chair-0"}, []string{"c", "a"}, []string{"c", "a"}},
			{"a part of a title", job.Filter{Query: "OAK"}, []string{"a"}, []string{"a"}},
			{"a barcode", job.Filter{Query: "33393"}, []string{"b"}, []string{"b"}},
			{"a sign of LIKE", job.Filter{Query: "blue_mug"}, []string{"a"}, []string{"a"}},
			{"another sign of LIKE", job.Filter{Query: "0%"}, []string{"b"}, []string{"b"}},
			{"an id of a job", job.Filter{Query: b.JobID}, []string{"b"}, nil},
			{"an id of an item", job.Filter{Query: b.Items[1].ItemID}, nil, []string{"b2"}},
			{"quotes", job.Filter{Query: `'; DROP TABLE jobs; --\`}, nil, nil},
			{"from", job.Filter{From: day(2)}, []string{"c", "b"}, []string{"c", "c2", "b", "b2"}},
			{"to", job.Filter{To: day(2)}, []string{"a"}, []string{"a", "a2"}},
			{"everything", job.Filter{Status: []string{"created"}, Brand: "acme", SKU: "CHAIR-04", Query: "mug", From: day(1), To: day(2)}, []string{"a"}, []string{"a"}},
		}
		for _, r := range rows {
			t.Run(r.name, func(t *testing.T) {
				jobs, _, err := w.jobs.List(t.Context(), tenantID, r.filter)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, j := range jobs {
					got = append(got, names[j.JobID])
				}
				if diff := cmp.Diff(r.jobs, got); diff != "" {
					t.Errorf("jobs: want -, got +:\n%s", diff)
				}
				if diff := cmp.Diff(sorted(r.items), sorted(itemsOf(t, w, names, r.filter))); diff != "" {
					t.Errorf("items: want -, got +:\n%s", diff)
				}
			})
		}
		yes, no := true, false
		for name, r := range map[string]struct {
			filter job.Filter
			want   []string
		}{
			"to be looked at": {job.Filter{NeedsReview: &yes}, []string{"a"}},
			"all others":      {job.Filter{NeedsReview: &no, JobID: a.JobID}, []string{"a2"}},
			"of one job":      {job.Filter{JobID: b.JobID}, []string{"b", "b2"}},
			"approved":        {job.Filter{Decision: "approved"}, []string{"a2"}},
			"rejected":        {job.Filter{Decision: "rejected"}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				if diff := cmp.Diff(r.want, sorted(itemsOf(t, w, names, r.filter))); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
			})
		}
		t.Run("changed", func(t *testing.T) {
			for _, table := range []string{"jobs", "items"} {
				w.must(second(w.db.Exec(`UPDATE ` + table + ` SET updated_at = 1000`)))
			}
			since := job.Filter{Changed: time.UnixMilli(2000), Plain: true}
			for _, step := range []struct {
				name, change string
				want         []string
			}{
				{"nothing", `UPDATE jobs SET updated_at = 1999`, nil},
				{"an item", `UPDATE items SET updated_at = 2000 WHERE item_id = '` + b.Items[1].ItemID + `'`, []string{"b2"}},
				{"a decision", `UPDATE reviews SET decided_at = 2001`, []string{"a2", "b2"}},
				{"a job's variants", `UPDATE jobs SET updated_at = 2002 WHERE job_id = '` + a.JobID + `'`, []string{"a", "a2", "b2"}},
			} {
				w.must(second(w.db.Exec(step.change)))
				if diff := cmp.Diff(step.want, sorted(itemsOf(t, w, names, since))); diff != "" {
					t.Errorf("%s changed: want -, got +:\n%s", step.name, diff)
				}
			}
		})
		t.Run("page by page", func(t *testing.T) {
			var got []string
			for f := (job.Filter{Limit: 1}); ; {
				items, next, err := w.jobs.Items(t.Context(), tenantID, f)
				if err != nil || len(items) != 1 {
					t.Fatalf("%d items, %v", len(items), err)
				}
				got = append(got, names[items[0].ItemID])
				if f.Cursor = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff([]string{"a", "a2", "b", "b2", "c", "c2"}, sorted(got)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	})
}

// itemsOf lists items and returns their names.
func itemsOf(t *testing.T, w *world, names map[string]string, f job.Filter) []string {
	t.Helper()
	items, _, err := w.jobs.Items(t.Context(), tenantID, f)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, it := range items {
		got = append(got, names[it.ItemID])
	}
	return got
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestAPictureThatAChannelRefusesIsToldOnce(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		j := w.create(1, bare)
		for _, reason := range []string{"amazon_main: it is too small", "amazon_main: it is too small", ""} {
			w.must(w.db.InTx(t.Context(), func(tx *db.Tx) error {
				return w.jobs.ExportsReviewed(t.Context(), tx, tenantID, j.Items[0].ItemID, reason != "", reason)
			}))
		}
		events, err := event.After(t.Context(), d, tenantID, j.JobID, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range events {
			got = append(got, e.Type)
		}
		if diff := cmp.Diff([]string{event.JobCreated, event.ItemNeedsReview}, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		w.must(w.db.InTx(t.Context(), func(tx *db.Tx) error {
			return w.jobs.ExportsReviewed(t.Context(), tx, "t2", j.Items[0].ItemID, true, "another tenant's")
		}))
	})
}
