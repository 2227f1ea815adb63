package app

import (
	"context"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
)

// exporter gives jobs the export module.
type exporter struct{ service *export.Service }

// CheckPresets names an unknown preset.
func (*exporter) CheckPresets(names []string) error { return channel.Validate(names) }

// DefaultPresets is what a job gets that names none.
func (*exporter) DefaultPresets() []string { return channel.Defaults() }

// Plan records the variants of a finished item.
func (e *exporter) Plan(ctx context.Context, tx *db.Tx, p job.Plan) (int, error) {
	return e.service.Plan(ctx, tx, export.PlanRequest{
		TenantID: p.TenantID, JobID: p.JobID, ItemID: p.ItemID, CorrelationID: p.CorrelationID,
		Presets: p.Presets, Source: exportSource(p.Filename, p.Scene, p.Result),
	})
}

// Forget deletes what is recorded of a job's variants.
func (e *exporter) Forget(ctx context.Context, tx *db.Tx, jobID string) (int, error) {
	return e.service.Forget(ctx, tx, jobID)
}

// exportSource is a finished item as the variants are made of it.
func exportSource(filename, scene string, r *pipeline.Result) export.Source {
	b := r.CutoutBounds
	s := export.Source{
		CutoutPath: r.Cutout, OutputPath: r.Output, Filename: filename, Scene: scene,
		CutoutBounds: [4]int{b.Min.X, b.Min.Y, b.Dx(), b.Dy()},
	}
	if p := r.Placed; p != nil {
		s.BackdropPath, s.ShadowPath = p.Backdrop, p.Shadow
		s.Width, s.Height, s.Box, s.FloorY, s.HorizonY = p.Width, p.Height, p.Box, p.FloorY, p.HorizonY
		s.Generated, s.ContainsProduct = p.Generated, p.ContainsProduct
	}
	return s
}
