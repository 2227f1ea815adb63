package job_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
)

var errNoPlate = fault.New(fault.NotFound, "plate_not_found", "There is no such plate")

// wall is the plates that a tenant has.
type wall []string

func (p wall) CheckPlate(_ context.Context, tenant, id string) error {
	if tenant != tenantID || !slices.Contains(p, id) {
		return errNoPlate
	}
	return nil
}

func (p wall) Plate(context.Context, string, string) (pipeline.Plate, error) {
	return pipeline.Plate{}, nil
}

// A brand's plates are the scenes of items that name none: the same look gives each product
// the same plate, in each job, and several scenes of a photo are the plates in their order.
func TestABrandsPlatesAreItsItemsScenes(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.jobs.Plates = wall{"oak", "stone", "own"}
	w.brand.Plates = []string{"oak", "stone"}
	items := []job.NewItem{{Filename: "a.png"}, {Filename: "b.png"}, {Filename: "c.png", SceneCount: 3}, {Filename: "d.png", SceneTypes: []string{"plate:own", "kitchen"}}}
	for i := range 2 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			j, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: items, Options: pipeline.DefaultOptions})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, it := range j.Items {
				got = append(got, it.Filename+" "+it.SceneType)
			}
			want := []string{"a.png plate:oak", "b.png plate:oak", "c.png plate:oak", "c.png plate:stone", "c.png plate:oak", "d.png plate:own", "d.png kitchen"}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	_, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: []job.NewItem{{Filename: "a.png", SceneTypes: []string{"plate:another"}}}, Options: pipeline.DefaultOptions})
	if !errors.Is(err, errNoPlate) {
		t.Errorf("a plate that the tenant doesn't have: %v", err)
	}
}
