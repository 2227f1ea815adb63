package tenant

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// maxBudget bounds a key's budget, so that sums can't overflow: a billion credits.
const maxBudget = 100_000_000_000

// Errors of keys with a budget.
var (
	ErrBudget      = fault.New(fault.Invalid, "key_budget_invalid", "The key's budget is not valid")
	ErrBudgetSpent = fault.New(fault.PaymentRequired, "key_budget_exceeded", "The order costs more than is left of the API key's budget")
)

// Order is an amount that is set aside from a key's budget, in hundredths of a credit.
type Order struct {
	ID     string
	KeyID  string
	Amount int64
}

// ReserveBudget sets an amount aside from a key's budget before something is ordered,
// or fails with ErrBudgetSpent. What is reserved and committed is never more than the
// budget, however many processes order at the same time, and also where nobody pays.
// A reservation that a crash left without an end counts as spent: it may have been.
func (s *Service) ReserveBudget(ctx context.Context, keyID string, amount int64) (Order, error) {
	return s.ReserveBudgetOnce(ctx, uuid.Must(uuid.NewV7()).String(), keyID, amount)
}

// ReserveBudgetOnce is ReserveBudget under an id of the caller's: a call that is done
// again after a crash returns the reservation of the first one. A reservation that was
// released is made anew.
func (s *Service) ReserveBudgetOnce(ctx context.Context, id, keyID string, amount int64) (Order, error) {
	o := Order{ID: id, KeyID: keyID, Amount: amount}
	if amount < 0 || amount > maxBudget {
		return Order{}, ErrBudget.With("%d", amount)
	}
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		var state string
		err := tx.QueryRowContext(ctx, `SELECT state, amount FROM key_orders WHERE order_id = $1 AND key_id = $2`+tx.ForUpdate(), id, keyID).Scan(&state, &o.Amount)
		if err == nil && state != "released" {
			return nil
		}
		if o.Amount = amount; err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE api_keys SET budget_used = budget_used + $2
			WHERE key_id = $1 AND (budget IS NULL OR budget - budget_used >= $2)`, keyID, amount)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return err
			}
			var left int64
			if err := tx.QueryRowContext(ctx, `SELECT COALESCE(budget, 0) - budget_used FROM api_keys WHERE key_id = $1`, keyID).Scan(&left); err != nil {
				return err
			}
			return ErrBudgetSpent.With("it costs %d, and %d are left (hundredths of a credit)", amount, max(0, left))
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO key_orders (order_id, key_id, amount, state, created_at)
			VALUES ($1, $2, $3, 'reserved', now_ms()) ON CONFLICT (order_id) DO UPDATE SET amount = excluded.amount, state = 'reserved', ended_at = NULL`, o.ID, keyID, amount)
		return err
	})
	if err != nil {
		return Order{}, fmt.Errorf("reserve from the budget of key %s: %w", keyID, err)
	}
	return o, nil
}

// CommitBudget spends what was reserved: it was ordered. The first end of an order
// counts; after it, this does nothing.
func (s *Service) CommitBudget(ctx context.Context, o Order) error {
	return s.endOrder(ctx, o, "committed")
}

// ReleaseBudget gives back what was reserved: nothing was ordered. The first end of an
// order counts; after it, this does nothing.
func (s *Service) ReleaseBudget(ctx context.Context, o Order) error {
	return s.endOrder(ctx, o, "released")
}

func (s *Service) endOrder(ctx context.Context, o Order, state string) error {
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE key_orders SET state = $3, ended_at = now_ms()
			WHERE order_id = $1 AND key_id = $2 AND state = 'reserved'`, o.ID, o.KeyID, state)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 || state != "released" {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE api_keys
			SET budget_used = budget_used - (SELECT amount FROM key_orders WHERE order_id = $2) WHERE key_id = $1`, o.KeyID, o.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("end an order of key %s: %w", o.KeyID, err)
	}
	return nil
}

// checkBudget refuses a budget of a key that could make others without one.
func checkBudget(budget *int64, scopes []Scope) error {
	if budget == nil {
		return nil
	}
	if *budget < 0 || *budget > maxBudget {
		return ErrBudget.With("it must be 0 to %d hundredths of a credit", int64(maxBudget))
	}
	if Allows(scopes, Admin) {
		return ErrBudget.With("a key of scope admin can make others, so a budget would not bind it")
	}
	return nil
}
