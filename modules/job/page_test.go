package job_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/job"
)

func TestAJobsItemsComeInPages(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		made := func(tenant string) job.Job {
			j, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenant, BrandProfileID: "default", CorrelationID: "c", Options: bare,
				Items: []job.NewItem{{Filename: "a.png"}, {Filename: "b.png"}, {Filename: "c.png"}}})
			if err != nil {
				t.Fatal(err)
			}
			return j
		}
		j, other := made(tenantID), made("t2")
		rows := []struct {
			name, tenant string
			part         job.Part
			want         string
		}{
			{"all", tenantID, job.Part{Limit: 10}, "a b c"},
			{"the first", tenantID, job.Part{Limit: 2}, "a b >"},
			{"exactly all", tenantID, job.Part{Limit: 3}, "a b c"},
			{"the rest", tenantID, job.Part{From: 2, Limit: 2}, "c"},
			{"past the end", tenantID, job.Part{From: 9, Limit: 2}, ""},
			{"by ids, in the job's order", tenantID, job.Part{IDs: []string{j.Items[2].ItemID, j.Items[0].ItemID}, Limit: 10}, "a c"},
			{"by ids, a page", tenantID, job.Part{IDs: []string{j.Items[2].ItemID, j.Items[0].ItemID}, Limit: 1}, "a >"},
			{"another job's id", tenantID, job.Part{IDs: []string{other.Items[0].ItemID}, Limit: 10}, ""},
		}
		for _, r := range rows {
			t.Run(r.name, func(t *testing.T) {
				items, more, err := w.jobs.Page(t.Context(), r.tenant, j.JobID, r.part)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, it := range items {
					got = append(got, strings.TrimSuffix(it.Filename, ".png"))
				}
				if more {
					got = append(got, ">")
				}
				if diff := cmp.Diff(r.want, strings.Join(got, " ")); diff != "" {
					t.Error(diff)
				}
			})
		}
		// what changed since: an item of the old ones is decided on, another changes
		for _, q := range []string{
			`UPDATE items SET updated_at = 1000`, `UPDATE items SET updated_at = 3000 WHERE filename = 'a.png'`,
			`INSERT INTO reviews (item_id, job_id, tenant_id, decision, note, decided_at) SELECT item_id, job_id, tenant_id, 'approved', '', 2000 FROM items WHERE filename = 'c.png'`,
		} {
			if _, err := d.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		for since, want := range map[int64]string{1000: "a b c", 1001: "a c", 2000: "a c", 2001: "a", 3001: ""} {
			items, _, err := w.jobs.Page(t.Context(), tenantID, j.JobID, job.Part{Changed: time.UnixMilli(since), Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, it := range items {
				got = append(got, strings.TrimSuffix(it.Filename, ".png"))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("since %d: %q, want %q", since, got, want)
			}
		}
		if _, _, err := w.jobs.Page(t.Context(), "t2", j.JobID, job.Part{Limit: 1}); !errors.Is(err, job.ErrJobNotFound) {
			t.Errorf("another tenant's job: %v", err)
		}
		if it, err := w.jobs.Item(t.Context(), tenantID, j.JobID, j.Items[1].ItemID); err != nil || it.Filename != "b.png" {
			t.Errorf("%+v %v", it, err)
		}
		for name, at := range map[string][3]string{"another tenant's": {"t2", j.JobID, j.Items[1].ItemID}, "another job's": {"t2", other.JobID, j.Items[1].ItemID}} {
			if _, err := w.jobs.Item(t.Context(), at[0], at[1], at[2]); !errors.Is(err, job.ErrItemNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
