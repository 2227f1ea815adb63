package api

import (
	"context"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// order sets the price of what a call is about to order aside from the budget of its
// key, where that has one. The caller hands the order's error to end, which returns it.
func (s *server) order(ctx context.Context, price func() (billing.Quote, error)) (end func(error) error, err error) {
	key := callOf(ctx).key
	if key == nil || key.Budget == nil {
		return func(err error) error { return err }, nil
	}
	if s.Budgets == nil || s.Quotes == nil {
		return nil, tenant.ErrBudgetSpent.With("nothing can be quoted here, so nothing can be ordered with it")
	}
	q, err := price()
	if err != nil {
		return nil, err
	}
	var held tenant.Order
	if id := recordOf(ctx).resourceID; id != "" { // done again after a crash, it orders the same once
		held, err = s.Budgets.ReserveBudgetOnce(ctx, id, key.ID, q.Total)
	} else {
		held, err = s.Budgets.ReserveBudget(ctx, key.ID, q.Total)
	}
	if err != nil {
		return nil, err
	}
	return func(err error) error {
		ctx := context.WithoutCancel(ctx)
		after := s.Budgets.CommitBudget
		if f, ok := fault.As(err); ok && statuses[f.Kind] < 500 { // refused; after another error it may have been ordered
			after = s.Budgets.ReleaseBudget
		}
		if failed := after(ctx, held); failed != nil { // it stays reserved, and counts
			telemetry.Log(ctx).Warn().Err(failed).Msg("An order of a key's budget stays reserved")
		}
		return err
	}, nil
}
