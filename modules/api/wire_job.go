package api

import (
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/event"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// reply wraps a value as a JSON body.
type reply[T any] struct{ Body T }

func replyOf[T any](v T, err error) (*reply[T], error) {
	if err != nil {
		return nil, err
	}
	return &reply[T]{v}, nil
}

// each returns the results of f for every value; never nil, which would be null
// in JSON.
func each[T, U any](in []T, f func(T) U) []U {
	out := make([]U, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

// cursorOf returns a list's next cursor: nil, null in JSON, on the last page.
func cursorOf(next string) *string {
	if next == "" {
		return nil
	}
	return &next
}

func summaryOf(j job.Job) client.JobSummary {
	return client.JobSummary{
		JobID: j.JobID, TenantID: j.TenantID, Name: j.Name, BrandProfileID: j.BrandProfileID, Status: j.Status, CorrelationID: j.CorrelationID,
		CreatedAt: j.CreatedAt, UpdatedAt: j.UpdatedAt, FinishedAt: j.FinishedAt, ExportBlobPath: j.ExportBlobPath,
		Presets: append([]string{}, j.Presets...), Options: client.ProcessingOptions(j.Options), Counts: client.Counts(j.Counts), Pictures: j.Pictures,
	}
}

func itemOf(it job.Item) client.Item {
	return client.Item{
		ItemID: it.ItemID, Filename: it.Filename, Status: it.Status, SceneIndex: it.SceneIndex, SceneType: it.SceneType, ScenePrompt: it.ScenePrompt, Steering: wishesOf(it.Steering), RemakeOf: it.RemakeOf, SupersededBy: it.SupersededBy, SourceURL: it.SourceURL,
		RawBlobPath: it.RawBlobPath, CutoutBlobPath: it.CutoutBlobPath, OutputBlobPath: it.OutputBlobPath, CutoutVersion: it.CutoutVersion, ErrorCode: it.ErrorCode, ErrorMessage: it.ErrorMessage,
		NeedsReview: it.Review != nil && it.Review.State == picture.ReviewPending, Review: (*client.Review)(it.Review), ReviewReason: it.ReviewReason, Concerns: each(it.Concerns, concernOf), Confidence: it.Confidence, Fidelity: fidelityOf(it.Fidelity), Attempt: it.Attempt, Waiting: (*client.Waiting)(it.Waiting),
		RetryOf: it.RetryOf, RetriedBy: it.RetriedBy, LeftOut: it.LeftOut, CreatedAt: it.CreatedAt, UpdatedAt: it.UpdatedAt, EndedAt: it.EndedAt,
		Steps: each(it.Steps, func(s job.Step) client.Step { return client.Step(s) }), Exports: []client.Variant{},
		Product: productOf(it.Product),
	}
}

func fidelityOf(f *pipeline.Fidelity) *client.Fidelity {
	if f == nil {
		return nil
	}
	out := &client.Fidelity{SSIM: f.SSIM, MaxDiff: f.MaxDiff, EngineSSIM: f.EngineSSIM, Upscale: f.Upscale, Note: f.Note, Enlarged: f.Enlarged}
	out.Unlit = (*client.Unlit)(f.Unlit)
	for _, a := range f.Areas {
		out.Areas = append(out.Areas, client.Area(a))
	}
	return out
}

// productOf returns what an item says of its product; null for what it doesn't.
func productOf(p picture.Product) client.Product {
	opt := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	return client.Product{SKU: opt(p.SKU), GTIN: opt(p.GTIN), ASIN: opt(p.ASIN), Slot: opt(p.Slot), Title: opt(p.Title), SetID: opt(p.SetID)}
}

func concernOf(c picture.Concern) client.Concern {
	out := client.Concern{Kind: c.Kind, Text: c.Text}
	if !c.Box.Empty() {
		box := [4]int(c.Box)
		out.Box = &box
	}
	return out
}

func variantOf(e export.Export) client.Variant {
	return client.Variant{
		Preset: e.Preset, Status: e.Status, Format: e.Format, Width: e.Width, Height: e.Height, Bytes: e.Bytes, BlobPath: e.BlobPath,
		Checks:    each(e.Checks, checkOf),
		Proof:     proofOf(e.Proof),
		ErrorCode: e.ErrorCode, ErrorMessage: e.ErrorMessage, Review: e.Review,
	}
}

func checkOf(c check.Check) client.Check {
	return client.Check{
		Rule: c.Rule, Passed: c.Passed, Measured: c.Measured, Wanted: c.Wanted, Severity: c.Severity, Advice: c.Advice, Source: c.Source, Unsure: c.Unsure, Figure: (*client.Figure)(c.Figure),
	}
}

func proofOf(p *export.Proof) *client.Proof {
	if p == nil {
		return nil
	}
	var unlit *client.UnlitProof
	if u := p.Unlit; u != nil {
		unlit = &client.UnlitProof{SSIM: u.SSIM, DeltaE50: u.DeltaE50, DeltaE95: u.DeltaE95}
	}
	return &client.Proof{
		Unlit: unlit,
		SSIM:  p.SSIM, DeltaE50: p.DeltaE50, DeltaE95: p.DeltaE95, Cast: p.Cast, Spot: p.Spot, Mark: p.Mark, Detail: p.Detail, Bleed: p.Bleed, Shift: p.Shift, Pixels: p.Pixels,
		Limits: client.ProofLimits(p.Limits), Within: p.Within, Held: p.Held,
	}
}

func deletionOf(d job.Deletion) client.Deletion { return client.Deletion(d) }

func eventOf(e event.Event) client.Event {
	return client.Event{ID: e.ID, Type: e.Type, TenantID: e.TenantID, JobID: e.JobID, ItemID: e.ItemID, Data: e.Data, CreatedAt: e.CreatedAt}
}
