package app

import (
	"context"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// orders lets the budget of an API key pay for the jobs of an import, as it does for the
// key's own calls.
type orders struct {
	tenants *tenant.Service
	quotes  quotes
}

// Order sets a job's price aside.
func (o orders) Order(ctx context.Context, keyID, id string, n job.NewJob) (end func(error) error, err error) {
	q, err := o.quotes.Quote(ctx, n)
	if err != nil {
		return nil, err
	}
	held, err := o.tenants.ReserveBudgetOnce(ctx, id, keyID, q.Total)
	if err != nil {
		return nil, err
	}
	return func(err error) error {
		ctx := context.WithoutCancel(ctx)
		after := o.tenants.CommitBudget
		if f, ok := fault.As(err); ok && f.Kind != fault.Internal && f.Kind != fault.Unavailable { // refused; after another error it may have been ordered
			after = o.tenants.ReleaseBudget
		}
		if failed := after(ctx, held); failed != nil { // it stays reserved, and counts
			telemetry.Log(ctx).Warn().Err(failed).Msg("An order of a key's budget stays reserved")
		}
		return err
	}, nil
}
