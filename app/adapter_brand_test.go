package app

import (
	"testing"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
)

// A job keeps its brand's pattern of file names, and a file gets it with its source. A draft
// is of no account.
func TestAJobFollowsItsBrandsPatternOfNames(t *testing.T) {
	s := brand.New(dbtest.SQLite(t), nil)
	if _, err := s.Create(t.Context(), "t", brand.Profile{ID: "acme", Name: "Acme", Naming: "{sku}_{n}"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveDraft(t.Context(), "t", brand.Profile{ID: "acme", Name: "Acme", Naming: "{title}", Mood: "loud"}); err != nil {
		t.Fatal(err)
	}
	b, err := brandSource{s}.Brand(t.Context(), "t", "acme")
	if err != nil || b.Naming != "{sku}_{n}" || b.Look.Mood != "" {
		t.Fatal(b, err)
	}
	if src := sourceOf(job.Plan{Naming: b.Naming, Filename: "mug.jpg", Result: &pipeline.Result{}}); src.Naming != b.Naming || src.Filename != "mug.jpg" {
		t.Errorf("%+v", src)
	}
}
