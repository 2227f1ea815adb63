package billing

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/db"
)

// issueInvoice gives a payment the year's next number, in the transaction that
// marks it paid: the counter's row stays locked until the commit, so that a
// number is neither skipped nor used twice.
func (s *Service) issueInvoice(ctx context.Context, tx *db.Tx, l *ledger.Ledger, p Payment) error {
	issued := db.Time(l.Now)
	year := issued.Year()
	var n int64
	if err := tx.QueryRowContext(ctx, `INSERT INTO invoice_counters (year, last) VALUES ($1, 1)
		ON CONFLICT (year) DO UPDATE SET last = invoice_counters.last + 1 RETURNING last`, year).Scan(&n); err != nil {
		return fmt.Errorf("take an invoice number: %w", err)
	}
	inv := invoice.Invoice{
		Number: fmt.Sprintf("%d-%06d", year, n), IssuedAt: issued, PaymentID: p.PaymentID, Seller: s.o.Seller,
		Description: fmt.Sprintf("OPAL credits: package %q, %s credits", p.Package, invoice.Hundredths(p.Credits)), Credits: p.Credits,
		Net: p.Net, VATRate: p.VATRate, VATRule: p.VATRule, VAT: p.VAT, Total: p.Amount, Currency: p.Currency, Note: invoice.Note(p.VATRule),
	}
	if err := json.Unmarshal([]byte(p.customer), &inv.Customer); err != nil {
		return fmt.Errorf("read the customer of payment %s: %w", p.PaymentID, err)
	}
	doc, err := json.Marshal(inv)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO invoices (year, number, prev_number, tenant_id, payment_id, document, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		year, n, sql.NullInt64{Int64: n - 1, Valid: n > 1}, p.TenantID, p.PaymentID, string(doc), l.Now); err != nil {
		return fmt.Errorf("issue invoice %s: %w", inv.Number, err)
	}
	return nil
}

// Invoice returns the invoice of a tenant's payment.
func (s *Service) Invoice(ctx context.Context, tenantID, paymentID string) (invoice.Invoice, error) {
	var doc string
	err := s.o.DB.QueryRowContext(ctx, `SELECT document FROM invoices WHERE tenant_id = $1 AND payment_id = $2`, tenantID, paymentID).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return invoice.Invoice{}, ErrInvoiceNotFound
	}
	var inv invoice.Invoice
	if err == nil {
		err = json.Unmarshal([]byte(doc), &inv)
	}
	if err != nil {
		return invoice.Invoice{}, fmt.Errorf("load the invoice of payment %s: %w", paymentID, err)
	}
	return inv, nil
}
