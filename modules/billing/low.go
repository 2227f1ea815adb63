package billing

import (
	"context"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/event"
)

// lowAgain is after how long a tenant whose credit goes up and down around the threshold
// is told again.
const lowAgain = 24 * time.Hour

// tellLow tells a tenant, by an event, that its available credit fell below the
// threshold, in the transaction that spends it. Credit that is held and given back
// crosses the threshold often: the tenant is told again only when credit came in since,
// or after a day. The ledger is locked.
func (s *Service) tellLow(ctx context.Context, tx *db.Tx, l *ledger.Ledger, before int64) error {
	after := l.Available()
	if before < s.o.LowBelow || after >= s.o.LowBelow {
		return nil
	}
	r, err := tx.ExecContext(ctx, `UPDATE billing_tenants SET low_told_at = $2 WHERE tenant_id = $1 AND (low_told_at IS NULL OR low_told_at <= $3
		OR EXISTS (SELECT 1 FROM transfers t WHERE t.tenant_id = $1 AND t.kind IN ('buy', 'grant', 'import', 'reversal') AND t.created_at > billing_tenants.low_told_at))`,
		l.TenantID, l.Now, l.Now-lowAgain.Milliseconds())
	if err != nil {
		return fmt.Errorf("note that %s was told of its credit: %w", l.TenantID, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return event.Add(ctx, tx, event.New{Type: event.CreditsLow, TenantID: l.TenantID, Data: map[string]any{"available": after, "threshold": s.o.LowBelow}})
}
