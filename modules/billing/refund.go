package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/telemetry"
)

// maxDescription bounds a refund's description, which the buyer reads on a
// statement, in characters.
const maxDescription = 140

// refundRequest is a refund on its way to Mollie.
type refundRequest struct {
	id, paymentID, mollieID, currency, description string
	amount, createdAt                              int64
	settled                                        bool // Mollie has answered
}

// RefundOrder asks to give money of a payment back.
type RefundOrder struct {
	TenantID    string // the tenant that must own the payment; "": any
	PaymentID   string
	Cents       int64  // 0: all that is left
	Description string // as the buyer reads it on a statement; at most 140 characters

	// Key makes the order happen once: another with the same key returns the first
	// refund. "": every order is new.
	Key string
	// Unused refuses an order for credits that have been used.
	Unused bool
}

// RefundResult is the answer to a refund.
type RefundResult struct {
	RefundID string  `json:"refund_id"`
	Amount   int64   `json:"amount"` // cents
	Status   string  `json:"status"` // done, or pending until the payment provider has answered; it is asked repeatedly
	Payment  Payment `json:"payment"`
}

// refundKeys is the UUID name space of the refund ids that are made from keys.
var refundKeys = uuid.MustParse("0b8f5f0c-6a43-4f0e-9d0f-2b8f7f3c9a11")

// Refund gives money of a paid payment back. Its row is written first. A
// missing answer from Mollie is not an error: Sweep fetches the outcome. The
// credits go back when Mollie shows the refund. ErrRefund when the payment is
// not paid or less than that is left of it, ErrProviderRefused when Mollie
// refuses.
func (s *Service) Refund(ctx context.Context, o RefundOrder) (RefundResult, error) {
	r, err := s.beginRefund(ctx, o)
	if err != nil {
		return RefundResult{}, err
	}
	out := RefundResult{RefundID: r.id, Amount: r.amount, Status: "done"}
	if !r.settled {
		err = s.refundAtMollie(ctx, r)
	}
	if errors.Is(err, ErrProvider) {
		telemetry.Log(ctx).Warn().Err(err).Str("refund_id", r.id).Msg("The payment provider did not answer a refund; it is asked again")
		out.Status, err = "pending", nil
	}
	if err != nil {
		return out, err
	}
	out.Payment, err = getPayment(ctx, s.o.DB, r.paymentID)
	return out, err
}

// beginRefund checks an order and writes its row, under the lock of the
// tenant's ledger.
func (s *Service) beginRefund(ctx context.Context, o RefundOrder) (refundRequest, error) {
	if s.o.Mollie == nil {
		return refundRequest{}, ErrNoPayments
	}
	if o.Cents < 0 || !utf8.ValidString(o.Description) || utf8.RuneCountInString(o.Description) > maxDescription {
		return refundRequest{}, ErrRefund.With("the amount must be above 0 and the description at most %d characters", maxDescription)
	}
	p, err := getPayment(ctx, s.o.DB, o.PaymentID)
	if err == nil && o.TenantID != "" && p.TenantID != o.TenantID {
		err = ErrPaymentNotFound
	}
	if err != nil {
		return refundRequest{}, err
	}
	r := refundRequest{id: uuid.Must(uuid.NewV7()).String(), paymentID: o.PaymentID, currency: p.Currency}
	if o.Key != "" {
		r.id = uuid.NewSHA1(refundKeys, []byte(o.PaymentID+"\x00"+o.Key)).String()
	}
	err = s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		l, err := ledger.Open(ctx, tx, p.TenantID)
		if err != nil {
			return err
		}
		p, err := getPayment(ctx, tx, o.PaymentID)
		if err != nil {
			return err
		}
		r.mollieID, r.createdAt, r.amount, r.description = p.mollieID, l.Now, o.Cents, o.Description
		if there, err := r.load(ctx, tx); err != nil || there {
			return err
		}
		if p.Status != mollie.Paid {
			return ErrRefund.With("the payment is %s", p.Status)
		}
		var asked int64
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(sum(amount), 0) FROM refund_requests q WHERE payment_id = $1 AND problem IS NULL
			AND NOT EXISTS (SELECT 1 FROM payment_reversals r WHERE r.reversal_id = q.reversal_id)`, o.PaymentID).Scan(&asked); err != nil {
			return err
		}
		left := max(0, p.Amount-p.Refunded-asked)
		if r.amount == 0 {
			r.amount = left
		}
		if r.amount > left || left == 0 {
			return ErrRefund.With("%d cents are left of it, asked for were %d", left, r.amount)
		}
		if back := creditsBack(p, asked+r.amount); o.Unused && (l.Balance[ledger.Debt] > 0 || back > l.Balance[ledger.Paid]) {
			return ErrRefund.With("%d hundredths of a credit would go back and %d are unused; ask for less, or write to us", back, max(0, l.Balance[ledger.Paid]-l.Balance[ledger.Debt]))
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO refund_requests (request_id, tenant_id, payment_id, amount, description, retry_at, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, r.id, p.TenantID, o.PaymentID, r.amount, r.description, l.Now+firstLook.Milliseconds(), l.Now)
		return err
	})
	if err != nil {
		return refundRequest{}, fmt.Errorf("begin a refund of payment %s: %w", o.PaymentID, err)
	}
	return r, nil
}

// load reads the row of a refund that was ordered before; false when there is
// none. One that the provider refused is refused again.
func (r *refundRequest) load(ctx context.Context, tx *db.Tx) (there bool, err error) {
	var retryAt sql.NullInt64
	var problem sql.NullString
	err = tx.QueryRowContext(ctx, `SELECT amount, description, created_at, retry_at, problem FROM refund_requests WHERE request_id = $1`, r.id).
		Scan(&r.amount, &r.description, &r.createdAt, &retryAt, &problem)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if problem.Valid {
		return true, ErrProviderRefused.With("%.200s", problem.String)
	}
	r.settled = !retryAt.Valid
	return true, nil
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

// resumeRefund finds the outcome of a refund that got no answer: by repeating
// the call while Mollie keeps the Idempotency-Key, and after that among the
// payment's refunds at Mollie.
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
