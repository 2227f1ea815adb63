package app

import (
	"context"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/job"
)

// meter lets the ledger count what items cost.
type meter struct{ b *billing.Service }

// chargeOf names what an item uses as the price list does.
func chargeOf(c job.Charge) billing.Charge {
	out := billing.Charge{ItemID: c.ItemID, JobID: c.JobID, BrandID: c.BrandID, Presets: c.Presets, PhotoID: c.PhotoID}
	for _, name := range c.Presets {
		if p, ok := channel.Find(name); ok && p.Background != channel.Scene && c.PhotoID != "" {
			out.Shared = append(out.Shared, name)
		}
	}
	for _, s := range []struct {
		name string
		used bool
	}{{"remove_background", c.Options.RemoveBackground}, {"generate_scene", c.Options.GenerateScene}, {"upscale", c.Options.GenerateScene && c.Options.Upscale}} {
		if s.used {
			out.Steps = append(out.Steps, s.name)
		}
	}
	return out
}

func chargesOf(items []job.Charge) []billing.Charge {
	out := make([]billing.Charge, len(items))
	for i, c := range items {
		out[i] = chargeOf(c)
	}
	return out
}

// Check fails when the tenant can't pay for the items.
func (m meter) Check(ctx context.Context, q db.Querier, tenantID string, items []job.Charge) error {
	return m.b.Check(ctx, q, tenantID, chargesOf(items))
}

// Reserve holds the price of an item.
func (m meter) Reserve(ctx context.Context, tx *db.Tx, tenantID string, c job.Charge) error {
	return m.b.Reserve(ctx, tx, tenantID, chargeOf(c))
}

// Capture spends what is held for an item's steps.
func (m meter) Capture(ctx context.Context, tx *db.Tx, tenantID, itemID string) error {
	return m.b.Capture(ctx, tx, tenantID, itemID)
}

// Release gives back what is held for an item.
func (m meter) Release(ctx context.Context, tx *db.Tx, tenantID, itemID string) error {
	return m.b.Release(ctx, tx, tenantID, itemID)
}

// variantMeter lets the ledger count what variants cost.
type variantMeter struct{ b *billing.Service }

// Capture spends what is held for a variant.
func (m variantMeter) Capture(ctx context.Context, tx *db.Tx, tenantID, itemID, preset string) error {
	return m.b.CaptureVariant(ctx, tx, tenantID, itemID, preset)
}

// Release gives back what is held for a variant.
func (m variantMeter) Release(ctx context.Context, tx *db.Tx, tenantID, itemID, preset string) error {
	return m.b.ReleaseVariant(ctx, tx, tenantID, itemID, preset)
}

// quotes prices a job that is not made.
type quotes struct {
	jobs *job.Service
	b    *billing.Service
	d    *db.DB
}

// Quote returns what a job would cost, and checks it as Create does.
func (q quotes) Quote(ctx context.Context, n job.NewJob) (billing.Quote, error) {
	charges, err := q.jobs.Charges(ctx, n)
	if err != nil {
		return billing.Quote{}, err
	}
	return q.b.Quote(ctx, q.d, chargesOf(charges))
}

// QuoteRemake returns what making a finished item's picture again would cost.
func (q quotes) QuoteRemake(ctx context.Context, tenantID, jobID, itemID, scene string) (billing.Quote, error) {
	c, err := q.jobs.RemakeCharge(ctx, tenantID, jobID, itemID, scene)
	if err != nil {
		return billing.Quote{}, err
	}
	return q.b.Quote(ctx, q.d, chargesOf([]job.Charge{c}))
}

// QuoteItem returns what another attempt at an item would cost.
func (q quotes) QuoteItem(ctx context.Context, tenantID, jobID, itemID string) (billing.Quote, error) {
	j, err := q.jobs.Get(ctx, tenantID, jobID)
	if err != nil {
		return billing.Quote{}, err
	}
	c := job.Charge{ItemID: itemID, JobID: jobID, Options: j.Options, Presets: j.Presets, BrandID: j.BrandProfileID}
	for _, it := range j.Items {
		if it.ItemID == itemID {
			c = j.Charge(it)
		}
	}
	return q.b.Quote(ctx, q.d, chargesOf([]job.Charge{c}))
}
