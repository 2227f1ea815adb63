package billing

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/crashpoint"
)

// maxNotices bounds the noted ids that no payment here has, which anyone can
// send. Beyond it an unknown id is dropped; polling finds its payment.
const maxNotices = 10_000

// Notice records the id that Mollie's webhook sent, and nothing else: Sweep
// fetches the payment from Mollie. It returns nil for unknown ids, too, so that
// the answer reveals nothing. An error means that nothing was recorded and
// Mollie is to call again; ErrNotice, that it is not the id of a payment.
func (s *Service) Notice(ctx context.Context, mollieID string) error {
	if !mollie.IsPaymentID(mollieID) {
		return ErrNotice
	}
	if _, err := s.o.DB.ExecContext(ctx, `INSERT INTO payment_notices (mollie_id, due_at, received_at)
		SELECT CAST($1 AS TEXT), now_ms(), now_ms() WHERE EXISTS (SELECT 1 FROM payments WHERE mollie_id = $1) OR (SELECT count(*) FROM payment_notices) < $2
		ON CONFLICT (mollie_id) DO UPDATE SET count = payment_notices.count + 1, due_at = now_ms()`, mollieID, maxNotices); err != nil {
		return fmt.Errorf("note payment %s: %w", mollieID, err)
	}
	crashpoint.Reach(crashpoint.PaymentNoted)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}
