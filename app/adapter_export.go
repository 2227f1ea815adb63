package app

import (
	"context"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
)

// exporter gives jobs the export module.
type exporter struct{ service *export.Service }

// CheckPresets names an unknown preset.
func (exporter) CheckPresets(names []string) error { return channel.Validate(names) }

// CheckSlot names an unknown place in listings.
func (exporter) CheckSlot(name string) error { return channel.CheckSlot(name) }

// DefaultPresets returns the presets of a job that names none.
func (exporter) DefaultPresets() []string { return channel.Defaults() }

// Plan records the variants of a finished item.
func (e exporter) Plan(ctx context.Context, tx *db.Tx, p job.Plan) (int, error) {
	return e.service.Plan(ctx, tx, export.PlanRequest{TenantID: p.TenantID, JobID: p.JobID, ItemID: p.ItemID, CorrelationID: p.CorrelationID, Presets: p.Presets, Source: sourceOf(p)})
}

// sourceOf returns the picture that a plan's files are made of.
func sourceOf(p job.Plan) export.Source {
	return export.Source{Layers: p.Result.Layers, Filename: p.Filename, Scene: p.Scene, PlateName: p.Result.Placed.PlateName, Product: p.Product, Rights: p.Rights, Naming: p.Naming,
		Confidence: p.Result.Confidence, NeedsReview: p.Result.NeedsReview, ReviewReason: p.Result.ReviewReason}
}

// Rerender records which variants of a finished item are made anew.
func (e exporter) Rerender(ctx context.Context, tx *db.Tx, r job.Rerender) (job.Rerendered, error) {
	q := export.RerenderRequest{TenantID: r.TenantID, JobID: r.JobID, ItemID: r.ItemID, CorrelationID: r.CorrelationID, Presets: r.Presets}
	if r.Rights != nil {
		q.Change = func(s *export.Source) { s.Rights = *r.Rights }
	}
	n, err := e.service.Rerender(ctx, tx, q)
	return job.Rerendered(n), err
}

// Layers returns the picture that an item's variants are made of.
func (e exporter) Layers(ctx context.Context, q db.Querier, itemID string) (picture.Layers, error) {
	return e.service.Picture(ctx, q, itemID)
}

// Remake has an item's variants made again of other layers.
func (e exporter) Remake(ctx context.Context, tx *db.Tx, r job.Remake) (int, error) {
	return e.service.Remake(ctx, tx, export.RemakeRequest{TenantID: r.TenantID, JobID: r.JobID, ItemID: r.ItemID, CorrelationID: r.CorrelationID, Layers: &r.Layers, Review: r.Review,
		Confidence: r.Confidence, ReviewReason: r.ReviewReason})
}

// Bundle asks for a job's ZIP and reports whether it has ended.
func (e exporter) Bundle(ctx context.Context, tx *db.Tx, r job.BundleRequest) (ended, failed bool, err error) {
	return e.service.Bundle(ctx, tx, export.BundleRequest{TenantID: r.TenantID, JobID: r.JobID, ItemID: r.ItemID, CorrelationID: r.CorrelationID, Round: r.Round, After: r.After})
}

// BundleWaits reports whether a ZIP was requested and not yet begun.
func (e exporter) BundleWaits(ctx context.Context, tx *db.Tx, jobID string, round int) (bool, error) {
	return e.service.BundleWaits(ctx, tx, jobID, round)
}

// Replace has the ZIP hold another item's picture.
func (e exporter) Replace(ctx context.Context, tx *db.Tx, itemID, by string) error {
	return e.service.Replace(ctx, tx, itemID, by)
}

// Review records what a person said of an item's picture.
func (e exporter) Review(ctx context.Context, tx *db.Tx, itemID, state string) error {
	return e.service.Review(ctx, tx, itemID, state)
}

// Paths returns the paths that a job's variants name.
func (e exporter) Paths(ctx context.Context, jobID string) ([]string, error) {
	return e.service.Paths(ctx, jobID)
}

// Forget deletes what is recorded of a job's variants.
func (e exporter) Forget(ctx context.Context, tx *db.Tx, jobID string) (int, error) {
	return e.service.Forget(ctx, tx, jobID)
}
