package billing

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/crashpoint"
	"github.com/opal-photo/opal/modules/db"
)

// The statuses of a payment that Mollie does not have.
const (
	statusCreating = "creating" // Mollie's id for it is not known yet
	statusRejected = "rejected" // Mollie's payment is not the one that was asked for
)

// maxBegun is how many payments a tenant may have that have not ended: each is looked
// at again and again, and each costs a call of the provider, who bounds ours.
const maxBegun = 50

// metaPayment and metaRequest are the keys under which Mollie keeps OPAL's ids,
// so that payments and refunds are found again when Mollie's answer was lost.
const (
	metaPayment = "opal_payment_id"
	metaRequest = "opal_refund_id"
)

// PurchaseResult is the answer to a purchase.
type PurchaseResult struct {
	PaymentID   string `json:"payment_id"`
	CheckoutURL string `json:"checkout_url"`
}

// Payment is a payment as its tenant sees it.
type Payment struct {
	PaymentID   string     `json:"payment_id"`
	TenantID    string     `json:"tenant_id"`
	Package     string     `json:"package"`
	Status      string     `json:"status"`  // creating, open, pending, authorized, paid, failed, expired, canceled or rejected
	Credits     int64      `json:"credits"` // hundredths of a credit
	Net         int64      `json:"net"`     // cents
	VAT         int64      `json:"vat"`
	Amount      int64      `json:"amount"` // net + vat
	Currency    string     `json:"currency"`
	VATRule     string     `json:"vat_rule"` // standard, reverse_charge or outside_eu
	VATRate     int64      `json:"vat_rate"` // hundredths of a percent
	CheckoutURL *string    `json:"checkout_url"`
	Refunded    int64      `json:"refunded"`     // cents, refunds and chargebacks that stand
	CreditsBack int64      `json:"credits_back"` // credits that went back with them
	Problem     *string    `json:"problem"`
	CreatedAt   time.Time  `json:"created_at"`
	PaidAt      *time.Time `json:"paid_at"`

	mollieID, mode, customer string
}

// newMode returns the mode of payments that this process makes.
func (s *Service) newMode() string { return s.o.Mollie.Mode() }

// Purchase begins to buy a package. The payment's row is written first, so that
// every payment at Mollie is known here; when Mollie doesn't answer, Sweep
// fetches the outcome.
func (s *Service) Purchase(ctx context.Context, tenantID, pkg string) (PurchaseResult, error) {
	if s.o.Mollie == nil {
		return PurchaseResult{}, ErrNoPayments
	}
	p, err := s.findPackage(pkg)
	if err != nil {
		return PurchaseResult{}, err
	}
	id := uuid.Must(uuid.NewV7()).String()
	err = s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := ledger.Open(ctx, tx, tenantID); err != nil {
			return err
		}
		// The ledger's lock holds off the tenant's other purchases.
		var begun int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM payments WHERE tenant_id = $1 AND status IN ('creating', 'open', 'pending', 'authorized')`,
			tenantID).Scan(&begun); err != nil {
			return err
		}
		if begun >= maxBegun {
			return ErrOpenPayments.With("%d are open", begun)
		}
		c, err := s.customer(ctx, tx, tenantID)
		if err != nil {
			return err
		}
		customer, err := json.Marshal(c)
		if err != nil {
			return err
		}
		rule, rate := invoice.VATFor(s.o.Seller.Country, c)
		vat := invoice.VATOn(p.Net, rate)
		_, err = tx.ExecContext(ctx, `INSERT INTO payments (payment_id, tenant_id, package, credits, net, vat, amount, currency, vat_rate, vat_rule, customer, mode,
			status, poll_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'creating', now_ms() + $13, now_ms(), now_ms())`,
			id, tenantID, p.Name, p.Credits, p.Net, vat, p.Net+vat, p.Currency, rate, rule, string(customer), s.newMode(), firstLook.Milliseconds())
		return err
	})
	if err != nil {
		return PurchaseResult{}, fmt.Errorf("begin a payment: %w", err)
	}
	crashpoint.Reach(crashpoint.PaymentBegun)
	pay, err := getPayment(ctx, s.o.DB, id)
	if err != nil {
		return PurchaseResult{}, err
	}
	if err := s.createAtMollie(ctx, pay); err != nil {
		return PurchaseResult{}, err
	}
	if pay, err = getPayment(ctx, s.o.DB, id); err != nil {
		return PurchaseResult{}, err
	}
	if pay.CheckoutURL == nil {
		return PurchaseResult{}, ErrProvider.With("it gave no checkout URL")
	}
	return PurchaseResult{PaymentID: id, CheckoutURL: *pay.CheckoutURL}, nil
}

// createAtMollie makes the payment at Mollie, once: its id is the
// Idempotency-Key. A refusal ends the payment.
func (s *Service) createAtMollie(ctx context.Context, p Payment) error {
	m, err := s.o.Mollie.Create(ctx, p.PaymentID, mollie.NewPayment{
		Amount: mollie.Cents(p.Currency, p.Amount), Description: "OPAL credits: " + p.Package,
		RedirectURL: s.o.RedirectURL, WebhookURL: s.o.WebhookURL, Metadata: mollie.Metadata{metaPayment: p.PaymentID},
	})
	if mollie.Refused(err) {
		if _, dbErr := s.o.DB.ExecContext(ctx, `UPDATE payments SET status = 'failed', problem = $2, poll_at = NULL, updated_at = now_ms()
			WHERE payment_id = $1 AND status = 'creating' AND mollie_id IS NULL`, p.PaymentID, err.Error()); dbErr != nil {
			err = errors.Join(err, dbErr)
		}
		return fmt.Errorf("create payment %s: %w", p.PaymentID, errors.Join(ErrProviderRefused, err))
	}
	if err != nil {
		return fmt.Errorf("create payment %s: %w", p.PaymentID, errors.Join(ErrProvider, err))
	}
	crashpoint.Reach(crashpoint.PaymentCreated)
	return s.apply(ctx, m)
}

const paymentColumns = `p.payment_id, p.tenant_id, p.package, p.status, p.credits, p.net, p.vat, p.amount, p.currency, p.vat_rule, p.vat_rate, p.checkout_url, p.problem,
	p.created_at, p.paid_at, COALESCE(p.mollie_id, ''), p.mode, p.customer,
	COALESCE((SELECT sum(r.amount) FROM payment_reversals r WHERE r.payment_id = p.payment_id AND r.state = 'taken'), 0),
	COALESCE((SELECT sum(r.credits) FROM payment_reversals r WHERE r.payment_id = p.payment_id AND r.state = 'taken'), 0)`

func scanPayment(row interface{ Scan(...any) error }) (Payment, error) {
	var p Payment
	var created int64
	var paidAt sql.NullInt64
	if err := row.Scan(&p.PaymentID, &p.TenantID, &p.Package, &p.Status, &p.Credits, &p.Net, &p.VAT, &p.Amount, &p.Currency, &p.VATRule, &p.VATRate,
		&p.CheckoutURL, &p.Problem, &created, &paidAt, &p.mollieID, &p.mode, &p.customer, &p.Refunded, &p.CreditsBack); err != nil {
		return p, err
	}
	p.CreatedAt, p.PaidAt = db.Time(created), db.MaybeTime(paidAt)
	return p, nil
}

func getPayment(ctx context.Context, q db.Querier, id string) (Payment, error) {
	p, err := scanPayment(q.QueryRowContext(ctx, `SELECT `+paymentColumns+` FROM payments p WHERE p.payment_id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrPaymentNotFound
	}
	if err != nil {
		return p, fmt.Errorf("load payment %s: %w", id, err)
	}
	return p, nil
}

// Payment returns a tenant's payment; ErrPaymentNotFound for another tenant's
// payment.
func (s *Service) Payment(ctx context.Context, tenantID, paymentID string) (Payment, error) {
	p, err := getPayment(ctx, s.o.DB, paymentID)
	if err == nil && p.TenantID != tenantID {
		return Payment{}, ErrPaymentNotFound
	}
	return p, err
}
