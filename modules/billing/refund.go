package billing

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/db"
)

// maxDescription bounds a refund's description, which the buyer reads on a
// statement, in characters.
const maxDescription = 140

// refundRequest is a refund on its way to Mollie.
type refundRequest struct {
	id, paymentID, mollieID, currency, description string
	amount, createdAt                              int64
}

// Refund gives cents of a paid payment back, and returns the request's id. Its
// row comes first: when Mollie doesn't answer, Sweep finds out. The credits go
// back when Mollie shows the refund. ErrRefund when the payment is not paid or
// less than that is left of it.
func (s *Service) Refund(ctx context.Context, paymentID string, cents int64, description string) (string, error) {
	if s.o.Mollie == nil {
		return "", ErrNoPayments
	}
	if cents <= 0 || !utf8.ValidString(description) || utf8.RuneCountInString(description) > maxDescription {
		return "", ErrRefund.With("the amount must be above 0 and the description at most %d characters", maxDescription)
	}
	p, err := getPayment(ctx, s.o.DB, paymentID)
	if err != nil {
		return "", err
	}
	r := refundRequest{id: uuid.Must(uuid.NewV7()).String(), paymentID: paymentID, amount: cents, currency: p.Currency, description: description}
	err = s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		l, err := open(ctx, tx, p.TenantID)
		if err != nil {
			return err
		}
		p, err := getPayment(ctx, tx, paymentID)
		if err != nil {
			return err
		}
		if p.Status != mollie.Paid {
			return ErrRefund.With("the payment is %s", p.Status)
		}
		var asked int64
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(sum(amount), 0) FROM refund_requests q WHERE payment_id = $1 AND problem IS NULL
			AND NOT EXISTS (SELECT 1 FROM payment_reversals r WHERE r.reversal_id = q.reversal_id)`, paymentID).Scan(&asked); err != nil {
			return err
		}
		if left := p.Amount - p.Refunded - asked; cents > left {
			return ErrRefund.With("%d cents are left of it, asked for were %d", max(0, left), cents)
		}
		r.mollieID, r.createdAt = p.mollieID, l.now
		_, err = tx.ExecContext(ctx, `INSERT INTO refund_requests (request_id, tenant_id, payment_id, amount, description, retry_at, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, r.id, p.TenantID, paymentID, cents, description, l.now+firstLook.Milliseconds(), l.now)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("begin a refund of payment %s: %w", paymentID, err)
	}
	return r.id, s.refundAtMollie(ctx, r)
}

// refundAtMollie makes the refund at Mollie, once: its id is the
// Idempotency-Key. A refusal ends the request.
func (s *Service) refundAtMollie(ctx context.Context, r refundRequest) error {
	got, err := s.o.Mollie.Refund(ctx, r.id, r.mollieID, mollie.NewRefund{
		Amount: mollie.Cents(r.currency, r.amount), Description: r.description, Metadata: mollie.Metadata{metaRequest: r.id}})
	if mollie.Refused(err) {
		return errors.Join(ErrProviderRefused, err, s.settleRefund(ctx, r.id, "", err.Error()))
	}
	if err != nil {
		return fmt.Errorf("refund %s: %w", r.id, errors.Join(ErrProvider, err))
	}
	if err := s.settleRefund(ctx, r.id, got.ID, ""); err != nil {
		return err
	}
	return s.sync(ctx, r.mollieID)
}

func (s *Service) settleRefund(ctx context.Context, requestID, reversalID, problem string) error {
	if _, err := s.o.DB.ExecContext(ctx, `UPDATE refund_requests SET reversal_id = $2, problem = $3, retry_at = NULL WHERE request_id = $1 AND reversal_id IS NULL`,
		requestID, orNull(reversalID), orNull(problem)); err != nil {
		return fmt.Errorf("record refund %s: %w", requestID, err)
	}
	return nil
}

// resumeRefund finds out what became of a refund that got no answer: by asking
// again while Mollie keeps the Idempotency-Key, and then by looking.
func (s *Service) resumeRefund(ctx context.Context, r refundRequest, now int64) error {
	if now-r.createdAt < keyLife.Milliseconds() {
		err := s.refundAtMollie(ctx, r)
		if errors.Is(err, ErrProviderRefused) {
			return nil // recorded
		}
		return err
	}
	m, err := s.o.Mollie.Get(ctx, r.mollieID)
	if err != nil {
		return fmt.Errorf("fetch payment %s: %w", r.mollieID, errors.Join(ErrProvider, err))
	}
	for _, f := range m.Embedded.Refunds {
		if f.Metadata[metaRequest] == r.id {
			if err := s.settleRefund(ctx, r.id, f.ID, ""); err != nil {
				return err
			}
			return s.apply(ctx, m)
		}
	}
	return s.settleRefund(ctx, r.id, "", "Mollie never took it; ask again")
}
