package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// sync fetches a payment and applies its state. A payment that Mollie does not
// know, or that OPAL did not make, changes nothing.
func (s *Service) sync(ctx context.Context, mollieID string) error {
	m, err := s.o.Mollie.Get(ctx, mollieID)
	if mollie.NotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("fetch payment %s: %w", mollieID, errors.Join(ErrProvider, err))
	}
	crashpoint.Reach(crashpoint.PaymentFetched)
	return s.apply(ctx, m)
}

// apply takes over a payment's state at Mollie in one transaction: its status,
// the credits, the invoice, and the refunds and chargebacks. Applied again, or
// after a later state, it changes nothing. When it is not the payment that was
// asked for, that is recorded, and ErrRejected returned after the commit.
func (s *Service) apply(ctx context.Context, m mollie.Payment) error {
	var rejected error
	err := s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		rejected = nil
		var id, tenantID string
		err := tx.QueryRowContext(ctx, `SELECT payment_id, tenant_id FROM payments WHERE mollie_id = $1 OR (mollie_id IS NULL AND payment_id = $2)`,
			m.ID, m.Metadata[metaPayment]).Scan(&id, &tenantID)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		l, err := ledger.Open(ctx, tx, tenantID)
		if err != nil {
			return err
		}
		p, err := getPayment(ctx, tx, id)
		if err != nil {
			return err
		}
		if p.mollieID != "" && p.mollieID != m.ID { // another payment was attached since
			return nil
		}
		if why := mismatch(p, m); why != "" {
			rejected = ErrRejected.With("payment %s, %s: %s", p.PaymentID, m.ID, why)
			return s.reject(ctx, tx, p, m, why)
		}
		if err := s.applyStatus(ctx, tx, l, p, m); err != nil {
			return err
		}
		return s.applyReversals(ctx, tx, l, p.PaymentID, m)
	})
	if err != nil {
		return fmt.Errorf("apply payment %s: %w", m.ID, err)
	}
	crashpoint.Reach(crashpoint.PaymentBooked)
	return rejected
}

// mismatch names how Mollie's payment differs from the one asked for; "" when
// it doesn't.
func mismatch(p Payment, m mollie.Payment) string {
	cents, err := m.Amount.Cents()
	switch {
	case err != nil:
		return err.Error()
	case m.Amount.Currency != p.Currency || cents != p.Amount:
		return fmt.Sprintf("the amount is %.20s %.20s, asked for was %s %s", m.Amount.Value, m.Amount.Currency, mollie.Cents(p.Currency, p.Amount).Value, p.Currency)
	case m.Mode != p.mode:
		return fmt.Sprintf("the mode is %.10q, asked for was %q", m.Mode, p.mode)
	}
	return ""
}

func (s *Service) reject(ctx context.Context, tx *db.Tx, p Payment, m mollie.Payment, why string) error {
	if p.Status == mollie.Paid { // a paid payment stays paid; a person has to check the difference
		_, err := tx.ExecContext(ctx, `UPDATE payments SET problem = $2, updated_at = now_ms() WHERE payment_id = $1`, p.PaymentID, why)
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE payments SET status = 'rejected', problem = $2, mollie_id = $3, poll_at = NULL, updated_at = now_ms() WHERE payment_id = $1`,
		p.PaymentID, why, m.ID)
	return err
}

func (s *Service) applyStatus(ctx context.Context, tx *db.Tx, l *ledger.Ledger, p Payment, m mollie.Payment) error {
	checkout := sql.NullString{}
	if m.Links.Checkout != nil {
		checkout = orNull(m.Links.Checkout.Href)
	}
	switch {
	case p.Status == mollie.Paid:
		return nil
	case m.Status == mollie.Paid:
		if _, err := tx.ExecContext(ctx, `UPDATE payments SET status = 'paid', mollie_id = $2, checkout_url = NULL, problem = NULL, paid_at = $3, polls = 0,
			poll_at = $4, updated_at = $3 WHERE payment_id = $1`, p.PaymentID, m.ID, l.Now, l.Now+pollAfter(mollie.Paid, 0).Milliseconds()); err != nil {
			return err
		}
		if err := l.BringIn(ctx, tx, "buy:"+p.PaymentID, "buy", p.PaymentID, p.Credits); err != nil {
			return err
		}
		return s.issueInvoice(ctx, tx, l, p)
	case m.Status == mollie.Open, m.Status == mollie.Pending, m.Status == mollie.Authorized:
		if ended(p.Status) { // an older answer that came late
			return nil
		}
	case ended(m.Status):
	default:
		return fault.Transient(fmt.Errorf("mollie answered the unknown status %.40q", m.Status), 0)
	}
	poll := sql.NullInt64{}
	if !ended(m.Status) {
		poll = sql.NullInt64{Int64: l.Now + firstLook.Milliseconds(), Valid: true}
	}
	// poll_at is moved by the sweep that claims; here it only begins or ends
	_, err := tx.ExecContext(ctx, `UPDATE payments SET status = $2, mollie_id = $3, checkout_url = $4, updated_at = $5,
		poll_at = CASE WHEN $6 THEN NULL WHEN status = 'creating' THEN $7 ELSE poll_at END WHERE payment_id = $1`,
		p.PaymentID, m.Status, m.ID, checkout, l.Now, ended(m.Status), poll)
	return err
}

// ended reports whether a payment that was not paid can't be paid any more.
func ended(status string) bool {
	return status == mollie.Failed || status == mollie.Expired || status == mollie.Canceled || status == statusRejected
}

// reversal is money that went back.
type reversal struct {
	id, kind, word string
	amount         mollie.Amount
	void           bool
}

func (s *Service) applyReversals(ctx context.Context, tx *db.Tx, l *ledger.Ledger, paymentID string, m mollie.Payment) error {
	var all []reversal
	for _, r := range m.Embedded.Refunds {
		all = append(all, reversal{id: r.ID, kind: "refund", word: "refund:", amount: r.Amount, void: r.Void()})
	}
	for _, c := range m.Embedded.Chargebacks {
		all = append(all, reversal{id: c.ID, kind: "chargeback", word: "cb:", amount: c.Amount, void: c.ReversedAt != nil})
	}
	for _, r := range all {
		if err := s.applyReversal(ctx, tx, l, paymentID, r); err != nil {
			return fmt.Errorf("%s %.40s: %w", r.kind, r.id, err)
		}
	}
	return nil
}

// applyReversal takes the credits of a refund or chargeback back, once, and
// returns them, once, when it turns out void.
func (s *Service) applyReversal(ctx context.Context, tx *db.Tx, l *ledger.Ledger, paymentID string, r reversal) error {
	var state string
	var credits int64
	err := tx.QueryRowContext(ctx, `SELECT state, credits FROM payment_reversals WHERE reversal_id = $1 AND payment_id = $2`, r.id, paymentID).Scan(&state, &credits)
	switch {
	case err == nil && r.void && state == "taken":
		if credits > 0 {
			if err := l.BringIn(ctx, tx, "rev:"+r.id, "reversal", paymentID, credits); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE payment_reversals SET state = 'returned', updated_at = $2 WHERE reversal_id = $1`, r.id, l.Now)
		return err
	case err == nil || (errors.Is(err, sql.ErrNoRows) && r.void):
		return nil
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	cents, err := r.amount.Cents()
	if err != nil {
		return err
	}
	p, err := getPayment(ctx, tx, paymentID)
	if err != nil {
		return err
	}
	if p.Status != mollie.Paid || r.amount.Currency != p.Currency || cents == 0 || r.id == "" {
		return fmt.Errorf("%.20s %.20s of a payment of %d %s that is %s", r.amount.Value, r.amount.Currency, p.Amount, p.Currency, p.Status)
	}
	credits = creditsBack(p, cents)
	if _, err := tx.ExecContext(ctx, `INSERT INTO payment_reversals (reversal_id, tenant_id, payment_id, kind, amount, credits, state, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'taken', $7, $7)`, r.id, p.TenantID, paymentID, r.kind, cents, credits, l.Now); err != nil {
		return err
	}
	return l.TakeBack(ctx, tx, r.word+r.id, r.kind, paymentID, credits)
}

// creditsBack returns the credits that go back with another number of cents: in
// total the same share of the credits as of the money, rounded up, and never
// more than all.
func creditsBack(p Payment, cents int64) int64 {
	gone := min(p.Amount, p.Refunded+cents)
	share := (p.Credits*gone + p.Amount - 1) / p.Amount
	return max(0, share-p.CreditsBack)
}
