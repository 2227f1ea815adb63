package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/client"
)

// Accounts reads and sets a tenant's billing details and limits.
type Accounts interface {
	Customer(ctx context.Context, tenantID string) (invoice.Customer, error)
	SetCustomer(ctx context.Context, tenantID string, c invoice.Customer) (invoice.Customer, error)
	Limits(ctx context.Context, tenantID string) (billing.MonthLimits, error)
	SetBudget(ctx context.Context, tenantID string, budget *int64) (billing.MonthLimits, error)
}

type customerInput struct {
	TenantQuery
	Body client.NewCustomer
}

type limitsInput struct {
	TenantQuery
	Body client.NewLimits
}

func accountRoutes(r *Routes) {
	b := r.s.Billing.Accounts
	Add(r, readBilling("/v1/billing/customer", "getCustomer", "Who the invoices are made out to", nil),
		func(ctx context.Context, _ *TenantQuery) (*reply[client.Customer], error) {
			return wired(customerOf)(b.Customer(ctx, TenantID(ctx)))
		})
	Add(r, changeBilling(http.MethodPut, "/v1/billing/customer", "putCustomer", "Set who the invoices are made out to, from the next purchase on", nil),
		func(ctx context.Context, in *customerInput) (*reply[client.Customer], error) {
			c := in.Body
			return wired(customerOf)(b.SetCustomer(ctx, TenantID(ctx), invoice.Customer{Name: c.Name, Email: c.Email, Address: c.Address, Country: c.Country, VATID: c.VATID}))
		})
	Add(r, readBilling("/v1/billing/limits", "getLimits", "What may be used this month, and what is free", nil),
		func(ctx context.Context, _ *TenantQuery) (*reply[client.MonthLimits], error) {
			return wired(limitsOf)(b.Limits(ctx, TenantID(ctx)))
		})
	Add(r, changeBilling(http.MethodPut, "/v1/billing/limits", "putLimits", "Cap what may be used in a month", nil),
		func(ctx context.Context, in *limitsInput) (*reply[client.MonthLimits], error) {
			return wired(limitsOf)(b.SetBudget(ctx, TenantID(ctx), in.Body.BudgetCap))
		})
}
