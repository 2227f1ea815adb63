package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/db"
)

// MonthLimits is how much a tenant may use in a calendar month (UTC), in
// hundredths of a credit.
type MonthLimits struct {
	TenantID     string `json:"tenant_id"`
	Month        string `json:"month"`         // 2026-11
	MonthlyGrant int64  `json:"monthly_grant"` // free credit of each month
	BudgetCap    *int64 `json:"budget_cap"`    // null: none
	Committed    int64  `json:"committed"`     // of the budget: used or reserved this month
}

// maxMonthly bounds an amount, so that sums can't overflow: a billion credits.
const maxMonthly = 100_000_000_000

func checkMonthly(name string, n *int64) error {
	if n != nil && (*n < 0 || *n > maxMonthly) {
		return ErrLimits.With("%s must be 0 to %d hundredths of a credit", name, int64(maxMonthly))
	}
	return nil
}

// SetGrant sets a tenant's monthly grant, nil for the service's own. A new one
// applies from the next month on when this month's grant has been given.
func (s *Service) SetGrant(ctx context.Context, tenantID string, grant *int64) error {
	if err := checkMonthly("monthly_grant", grant); err != nil {
		return err
	}
	return s.setLimit(ctx, tenantID, "monthly_grant", grant)
}

// SetBudget sets a tenant's monthly budget alone, nil for none, and returns its
// limits. It leaves the grant alone, which only operators set.
func (s *Service) SetBudget(ctx context.Context, tenantID string, budget *int64) (MonthLimits, error) {
	if err := checkMonthly("budget_cap", budget); err != nil {
		return MonthLimits{}, err
	}
	if err := s.setLimit(ctx, tenantID, "budget_cap", budget); err != nil {
		return MonthLimits{}, err
	}
	return s.Limits(ctx, tenantID)
}

func (s *Service) setLimit(ctx context.Context, tenantID, column string, n *int64) error {
	err := s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := ledger.Open(ctx, tx, tenantID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE billing_tenants SET `+column+` = $2 WHERE tenant_id = $1`, tenantID, n)
		return err
	})
	if err != nil {
		return fmt.Errorf("set %s of %s: %w", column, tenantID, err)
	}
	return nil
}

// Limits returns how much a tenant may use this month.
func (s *Service) Limits(ctx context.Context, tenantID string) (MonthLimits, error) {
	l, err := ledger.Read(ctx, s.o.DB, tenantID, s.o.MonthlyGrant)
	if err != nil {
		return MonthLimits{}, err
	}
	out := MonthLimits{TenantID: tenantID, Month: l.Month, MonthlyGrant: l.Grant(s.o.MonthlyGrant)}
	if l.Budget.Valid {
		out.BudgetCap = &l.Budget.Int64
	}
	err = s.o.DB.QueryRowContext(ctx, `SELECT committed FROM budget_months WHERE tenant_id = $1 AND month = $2`, tenantID, l.Month).Scan(&out.Committed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return MonthLimits{}, fmt.Errorf("read the budget of %s: %w", tenantID, err)
	}
	return out, nil
}
