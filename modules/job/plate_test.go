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
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/queue"
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
			want := []string{"a.png plate:oak", "b.png plate:oak", "c.png plate:oak", "c.png plate:stone", "d.png plate:own", "d.png kitchen"}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	w.unknown = "amazon_mian"
	shadow := job.NewItem{Filename: "a.png", Steering: picture.Steering{PhotoShadow: picture.PhotoShadow{"amazon_mian": "keep", "white": "keep"}}}
	if _, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: []job.NewItem{shadow}, Options: pipeline.DefaultOptions}); !errors.Is(err, errNoPreset) {
		t.Errorf("photo_shadow of a preset that there is not: %v", err)
	}
	_, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: []job.NewItem{{Filename: "a.png", SceneTypes: []string{"plate:another"}}}, Options: pipeline.DefaultOptions})
	if !errors.Is(err, errNoPlate) {
		t.Errorf("a plate that the tenant doesn't have: %v", err)
	}
}

func TestAnItemWhosePlateWasDeletedIsMadeInAnotherScene(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.jobs.Plates = wall{"oak"}
	j, err := w.jobs.Create(t.Context(), job.NewJob{TenantID: tenantID, CorrelationID: "c", Items: []job.NewItem{{Filename: "a.png", SceneTypes: []string{"plate:oak", "studio"}}}, Options: pipeline.DefaultOptions})
	w.must(err)
	id := j.Items[0].ItemID
	w.must(w.upload(j.JobID, id))
	for plate, want := range map[string][]string{"oak": {id}, "stone": nil} {
		if got, err := w.jobs.PlateItems(t.Context(), tenantID, plate); err != nil || !slices.Equal(got, want) {
			t.Errorf("items that wait for %s: %v, %v", plate, got, err)
		}
	}
	w.jobs.Plates = wall{}
	w.must(w.jobs.Process(t.Context(), body(j, 0)))
	it := w.get(j.JobID).Items[0]
	if it.Status != job.ItemFailed || *it.ErrorCode != "plate_gone" || w.cutter.calls != 0 {
		t.Fatalf("%s, %v, after %d cut-outs", it.Status, it.ErrorCode, w.cutter.calls)
	}
	if _, err := w.jobs.Retry(t.Context(), job.Again{TenantID: tenantID, JobID: j.JobID, ItemID: id}); !errors.Is(err, job.ErrPlateGone) {
		t.Errorf("retried as it was: %v", err)
	}
	other := job.Other{TenantID: tenantID, JobID: j.JobID, ItemID: id}
	if _, err := w.jobs.RemakeItem(t.Context(), other); !errors.Is(err, job.ErrPlateGone) {
		t.Errorf("made again as it was: %v", err)
	}
	other.Scene, other.Steering.Flip = "kitchen", true
	charge, err := w.jobs.RemakeCharge(t.Context(), tenantID, j.JobID, id, other.Scene)
	if err != nil || !charge.Options.RemoveBackground {
		t.Errorf("nothing of it was charged before: %+v, %v", charge, err)
	}
	again, err := w.jobs.RemakeItem(t.Context(), other)
	w.must(err)
	if _, err := w.jobs.RemakeItem(t.Context(), other); !errors.Is(err, job.ErrRetried) {
		t.Errorf("twice: %v", err)
	}
	w.must(w.jobs.Process(t.Context(), queue.Body{TenantID: tenantID, JobID: j.JobID, ItemID: again.ItemID, CorrelationID: "c"}))
	w.must(w.jobs.Process(t.Context(), body(j, 1)))
	got := w.get(j.JobID)
	if it := got.Items[2]; it.Status != job.ItemCompleted || it.SceneType != "kitchen" || !it.Steering.Flip || it.RetryOf == nil || *it.RetryOf != id {
		t.Errorf("%+v", it)
	}
	if c := got.Counts; c.Failed != 0 || c.Completed != 2 || c.Total != 2 {
		t.Errorf("%+v", c)
	}
}
