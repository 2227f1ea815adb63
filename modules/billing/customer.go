package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/billing/ledger"
	"github.com/opal-photo/opal/modules/db"
)

// Customer returns a tenant's billing details; without any, a consumer in the
// seller's country.
func (s *Service) Customer(ctx context.Context, tenantID string) (invoice.Customer, error) {
	return s.customer(ctx, s.o.DB, tenantID)
}

func (s *Service) customer(ctx context.Context, q db.Querier, tenantID string) (invoice.Customer, error) {
	var c invoice.Customer
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

// SetCustomer sets a tenant's billing details. They apply from the next purchase
// on. It returns them as they are kept.
func (s *Service) SetCustomer(ctx context.Context, tenantID string, c invoice.Customer) (invoice.Customer, error) {
	c, err := c.Clean(s.o.Seller.Country)
	if err != nil {
		return c, err
	}
	err = s.o.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := ledger.Open(ctx, tx, tenantID); err != nil {
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
