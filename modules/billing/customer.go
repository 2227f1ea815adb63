package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/opal-photo/opal/modules/db"
)

// Customer is who a tenant's invoices are made out to.
type Customer struct {
	Name    string `json:"name"`
	Email   string `json:"email"`
	Address string `json:"address"` // lines separated by \n
	Country string `json:"country"` // ISO 3166-1, two letters; "": the seller's
	VATID   string `json:"vat_id"`  // with the country's prefix; "": a consumer
}

// Bounds of a customer's fields, in characters, and of an address in lines, so
// that an invoice is one page.
const (
	maxName         = 200
	maxAddress      = 500
	maxAddressLines = 8
)

// Customer returns a tenant's billing details; without any, a consumer in the
// seller's country.
func (s *Service) Customer(ctx context.Context, q db.Querier, tenantID string) (Customer, error) {
	var c Customer
	err := q.QueryRowContext(ctx, `SELECT name, email, address, country, vat_id FROM billing_tenants WHERE tenant_id = $1`, tenantID).
		Scan(&c.Name, &c.Email, &c.Address, &c.Country, &c.VATID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c, fmt.Errorf("read the billing details of %s: %w", tenantID, err)
	}
	if c.Country == "" {
		c.Country = s.o.Seller.Country
	}
	return c, nil
}

// SetCustomer sets a tenant's billing details. They count from the next purchase
// on. It returns them as they are kept.
func (s *Service) SetCustomer(ctx context.Context, tenantID string, c Customer) (Customer, error) {
	c.Country, c.VATID = strings.ToUpper(strings.TrimSpace(c.Country)), cleanVATID(c.VATID)
	if c.Country == "" {
		c.Country = s.o.Seller.Country
	}
	if len(c.Country) != 2 || strings.IndexFunc(c.Country, func(r rune) bool { return r < 'A' || r > 'Z' }) >= 0 {
		return c, ErrCustomer.With("country must be two letters, such as NL")
	}
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"name", c.Name, maxName}, {"email", c.Email, maxName}, {"vat_id", c.VATID, maxName}, {"address", c.Address, maxAddress}} {
		if !utf8.ValidString(f.value) || utf8.RuneCountInString(f.value) > f.limit ||
			strings.ContainsFunc(f.value, func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || f.name != "address") }) {
			return c, ErrCustomer.With("%s must be at most %d characters, without control characters", f.name, f.limit)
		}
	}
	if strings.Count(c.Address, "\n") >= maxAddressLines {
		return c, ErrCustomer.With("address must be at most %d lines", maxAddressLines)
	}
	if c.Email != "" {
		if _, err := mail.ParseAddress(c.Email); err != nil {
			return c, ErrCustomer.With("email must be an address")
		}
	}
	if err := checkVATID(c.Country, c.VATID); err != nil {
		return c, err
	}
	err := s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := open(ctx, tx, tenantID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE billing_tenants SET name = $2, email = $3, address = $4, country = $5, vat_id = $6 WHERE tenant_id = $1`,
			tenantID, c.Name, c.Email, c.Address, c.Country, c.VATID)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("set the billing details of %s: %w", tenantID, err)
	}
	return c, nil
}
