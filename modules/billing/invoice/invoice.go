// Package invoice makes invoices: the document, the VAT of a sale, the buyer's
// details and the PDF. It uses no database. Money is in cents, credits are in
// hundredths, rates in hundredths of a percent, as int64.
package invoice

import (
	"fmt"
	"time"
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
	Note        string    `json:"note"` // the text that the VAT rule requires, or ""
}

// vatNotes holds the text that each VAT rule requires on an invoice.
var vatNotes = map[string]string{
	ReverseCharge: "Reverse charge: the customer accounts for the VAT (Articles 44 and 196, Directive 2006/112/EC)",
	OutsideEU:     "Place of supply outside the European Union: no EU VAT",
}

// Note returns the text that a VAT rule requires on an invoice, or "".
func Note(rule string) string { return vatNotes[rule] }

// Hundredths returns an amount of credits or money with two decimal places.
func Hundredths(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// Seller is who issues the invoices.
type Seller struct {
	Name    string `json:"name"`
	Address string `json:"address"` // lines separated by \n
	Country string `json:"country"` // ISO 3166-1, two letters
	VATID   string `json:"vat_id"`
	Email   string `json:"email"`
}
