package job_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/job"
)

// groups notes what jobs tell of themselves, and refuses collections of another name.
type groups struct{ told []string }

var errGroup = errors.New("there is no such collection")

func (g *groups) Join(_ context.Context, _ *db.Tx, _, collectionID, _ string) error {
	if collectionID != "spring" {
		return errGroup
	}
	g.told = append(g.told, "joined")
	return nil
}

func (g *groups) JobEnded(context.Context, *db.Tx, string) error {
	g.told = append(g.told, "ended")
	return nil
}

func (g *groups) JobForgotten(context.Context, *db.Tx, string) error {
	g.told = append(g.told, "deleted")
	return nil
}

func TestJobsTellTheirCollections(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		n := job.NewJob{TenantID: tenantID, CorrelationID: "c", Options: bare, CollectionID: "winter", Items: []job.NewItem{{Filename: "a.png"}}}
		if _, err := w.jobs.Create(t.Context(), n); !errors.Is(err, job.ErrNoGroups) {
			t.Errorf("without collections: %v", err)
		}
		g := &groups{}
		w.jobs.Groups = g
		if _, err := w.jobs.Create(t.Context(), n); !errors.Is(err, errGroup) {
			t.Errorf("a collection that refuses it: %v", err)
		}
		if jobs, _, err := w.jobs.List(t.Context(), tenantID, job.Filter{}); err != nil || len(jobs) != 0 {
			t.Errorf("a job without its collection is left: %d, %v", len(jobs), err)
		}
		n.CollectionID = "spring"
		j, err := w.jobs.Create(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		w.must(w.jobs.Cancel(t.Context(), tenantID, j.JobID))
		_, err = w.jobs.Delete(t.Context(), tenantID, j.JobID)
		w.must(err)
		if diff := cmp.Diff([]string{"joined", "ended", "deleted"}, g.told); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

// owner names one file of one id.
type owner struct{ id, path string }

func (o owner) Names(_ context.Context, _, id string) ([]string, bool, error) {
	return []string{o.path}, id == o.id, nil
}
