package billing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

// LegacyRow is a row of v0.2.1's table credit_ledger: a change of a tenant's
// balance in whole credits, below zero for what was used.
type LegacyRow struct {
	ID        string
	TenantID  string
	Delta     int64 // whole credits
	CreatedAt time.Time
}

// legacyUnit is an old credit in hundredths.
const legacyUnit = 100

// maxLegacyDelta bounds a row, so that sums can't overflow.
const maxLegacyDelta = 1_000_000_000

// ImportLegacy carries v0.2.1's ledger over: each row becomes a posting under the
// key legacy:{id}, so that a second run changes nothing. What came in counts as
// bought; what was used beyond that, as debt. It proves, tenant by tenant, that
// the accounts changed by a hundred times the sum of the rows, and fails with
// ErrLegacy, before the caller's commit, when they did not.
func (s *Service) ImportLegacy(ctx context.Context, tx *db.Tx, rows []LegacyRow) error {
	byTenant := map[string][]LegacyRow{}
	for _, r := range rows {
		if r.ID == "" || r.TenantID == "" || r.Delta > maxLegacyDelta || r.Delta < -maxLegacyDelta {
			return ErrLegacy.With("row %.60q of tenant %.60q changes the balance by %d", r.ID, r.TenantID, r.Delta)
		}
		byTenant[r.TenantID] = append(byTenant[r.TenantID], r)
	}
	tenants := make([]string, 0, len(byTenant))
	for t := range byTenant {
		tenants = append(tenants, t)
	}
	slices.Sort(tenants) // one order of locks
	for _, t := range tenants {
		if err := importTenant(ctx, tx, t, byTenant[t]); err != nil {
			return fmt.Errorf("carry the ledger of %s over: %w", t, err)
		}
	}
	return nil
}

func importTenant(ctx context.Context, tx *db.Tx, tenantID string, rows []LegacyRow) error {
	l, err := open(ctx, tx, tenantID)
	if err != nil {
		return err
	}
	now, worth := l.now, l.balance[paid]-l.balance[debt]
	var sum int64
	// what came in first: an account is never below zero on the way
	slices.SortStableFunc(rows, func(a, b LegacyRow) int {
		if (a.Delta > 0) != (b.Delta > 0) {
			if a.Delta > 0 {
				return -1
			}
			return 1
		}
		return a.CreatedAt.Compare(b.CreatedAt)
	})
	for _, r := range rows {
		key := "legacy:" + r.ID
		var there int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM transfers WHERE posting_key = $1`, key).Scan(&there); err != nil {
			return err
		}
		if there > 0 || r.Delta == 0 {
			continue
		}
		sum += r.Delta * legacyUnit
		l.now = r.CreatedAt.UnixMilli()
		if r.Delta > 0 {
			err = bringIn(ctx, tx, l, key, "import", "", r.Delta*legacyUnit)
		} else {
			used := -r.Delta * legacyUnit
			n := min(l.balance[paid], used)
			_, err = post(ctx, tx, l, posting{key: key, kind: "import", legs: []leg{{paid, spent, n}, {world, debt, used - n}}})
		}
		if err != nil {
			return err
		}
	}
	l.now = now
	after := &ledger{tenantID: tenantID, balance: map[string]int64{}}
	if err := after.read(ctx, tx); err != nil {
		return err
	}
	if got := after.balance[paid] - after.balance[debt] - worth; got != sum {
		return ErrLegacy.With("the rows add up to %d hundredths, the accounts changed by %d", sum, got)
	}
	return nil
}
