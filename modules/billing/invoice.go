package billing

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/opal-photo/opal/modules/db"
)

// Invoice is the document of a paid payment, as it was issued. It never changes.
type Invoice struct {
	Number      string    `json:"number"` // 2026-000001: the year and its sequence
	IssuedAt    time.Time `json:"issued_at"`
	PaymentID   string    `json:"payment_id"`
	Seller      Seller    `json:"seller"`
	Customer    Customer  `json:"customer"`
	Description string    `json:"description"`
	Credits     int64     `json:"credits"` // hundredths of a credit
	Net         int64     `json:"net"`     // cents
	VATRate     int64     `json:"vat_rate"`
	VATRule     string    `json:"vat_rule"`
	VAT         int64     `json:"vat"`
	Total       int64     `json:"total"`
	Currency    string    `json:"currency"`
	Note        string    `json:"note"` // what the VAT rule has to say, or ""
}

// vatNotes is what an invoice must say of its VAT rule.
var vatNotes = map[string]string{
	vatReverseCharge: "Reverse charge: the customer accounts for the VAT (Articles 44 and 196, Directive 2006/112/EC)",
	vatOutside:       "Place of supply outside the European Union: no EU VAT",
}

// issueInvoice gives a payment the year's next number, in the transaction that
// marks it paid: the counter's row stays locked until the commit, so that a
// number is neither skipped nor used twice.
func (s *Service) issueInvoice(ctx context.Context, tx *db.Tx, l *ledger, p Payment) error {
	issued := db.Time(l.now)
	year := issued.Year()
	var n int64
	if err := tx.QueryRowContext(ctx, `INSERT INTO invoice_counters (year, last) VALUES ($1, 1)
		ON CONFLICT (year) DO UPDATE SET last = invoice_counters.last + 1 RETURNING last`, year).Scan(&n); err != nil {
		return fmt.Errorf("take an invoice number: %w", err)
	}
	inv := Invoice{
		Number: fmt.Sprintf("%d-%06d", year, n), IssuedAt: issued, PaymentID: p.PaymentID, Seller: s.o.Seller,
		Description: fmt.Sprintf("OPAL credits: package %q, %s credits", p.Package, hundredths(p.Credits)), Credits: p.Credits,
		Net: p.Net, VATRate: p.VATRate, VATRule: p.VATRule, VAT: p.VAT, Total: p.Amount, Currency: p.Currency, Note: vatNotes[p.VATRule],
	}
	if err := json.Unmarshal([]byte(p.customer), &inv.Customer); err != nil {
		return fmt.Errorf("read the customer of payment %s: %w", p.PaymentID, err)
	}
	doc, err := json.Marshal(inv)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO invoices (year, number, prev_number, tenant_id, payment_id, document, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		year, n, sql.NullInt64{Int64: n - 1, Valid: n > 1}, p.TenantID, p.PaymentID, string(doc), l.now); err != nil {
		return fmt.Errorf("issue invoice %s: %w", inv.Number, err)
	}
	return nil
}

// hundredths writes an amount of credits or money with its two decimal places.
func hundredths(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// Invoice returns the invoice of a tenant's payment.
func (s *Service) Invoice(ctx context.Context, tenantID, paymentID string) (Invoice, error) {
	var doc string
	err := s.o.DB.QueryRowContext(ctx, `SELECT document FROM invoices WHERE tenant_id = $1 AND payment_id = $2`, tenantID, paymentID).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return Invoice{}, ErrInvoiceNotFound
	}
	var inv Invoice
	if err == nil {
		err = json.Unmarshal([]byte(doc), &inv)
	}
	if err != nil {
		return Invoice{}, fmt.Errorf("load the invoice of payment %s: %w", paymentID, err)
	}
	return inv, nil
}
