package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
)

const tagBilling = "Billing"

// Billing is the billing module's service.
type Billing interface {
	Balance(ctx context.Context, tenantID string) (billing.Balance, error)
	Transactions(ctx context.Context, tenantID, cursor string, limit int) (billing.TransactionPage, error)
	Usage(ctx context.Context, tenantID string, q billing.UsageQuery) (billing.UsagePage, error)
	PriceList(ctx context.Context) (billing.PriceList, error)
	Packages() []billing.Package
	Purchase(ctx context.Context, tenantID, pkg string) (billing.PurchaseResult, error)
	Payment(ctx context.Context, tenantID, paymentID string) (billing.Payment, error)
	Payments(ctx context.Context, tenantID, cursor string, limit int) (billing.PaymentPage, error)
	Invoice(ctx context.Context, tenantID, paymentID string) (invoice.Invoice, error)
	Refund(ctx context.Context, o billing.RefundOrder) (billing.RefundResult, error)
	Customer(ctx context.Context, tenantID string) (invoice.Customer, error)
	SetCustomer(ctx context.Context, tenantID string, c invoice.Customer) (invoice.Customer, error)
	Limits(ctx context.Context, tenantID string) (billing.MonthLimits, error)
	SetBudget(ctx context.Context, tenantID string, budget *int64) (billing.MonthLimits, error)
	Notice(ctx context.Context, mollieID string) error
}

// Quotes prices a job that is not made.
type Quotes interface {
	Quote(ctx context.Context, n job.NewJob) (billing.Quote, error)
}

var errNoQuotes = fault.New(fault.Unavailable, "quotes_off", "Nothing has a price here")

// BillingPage is a page of a tenant's books.
type BillingPage struct {
	TenantQuery
	Cursor string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"0" maximum:"500" doc:"0: 50"`
}

type usageInput struct {
	BillingPage
	By   string    `query:"by" doc:"day, step or brand; day when left out"`
	From time.Time `query:"from" doc:"30 days ago when left out"`
	To   time.Time `query:"to" doc:"now when left out"`
}

// rawOutput is an answer whose form the request chose.
type rawOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

type purchaseInput struct {
	TenantQuery
	Body client.Purchase
}

// PaymentPath is the path parameter of a payment.
type PaymentPath struct {
	TenantQuery
	ID string `path:"payment_id"`
}

type refundInput struct {
	PaymentPath
	Body client.RefundRequest
}

type customerInput struct {
	TenantQuery
	Body client.NewCustomer
}

type limitsInput struct {
	TenantQuery
	Body client.NewLimits
}

type invoiceInput struct {
	PaymentPath
}

type webhookInput struct {
	RawBody []byte `contentType:"application/x-www-form-urlencoded"`
}

var errNotice = fault.New(fault.Malformed, "webhook_invalid", "The callback must be a form with the id of a payment")

func billingRoutes(r *Routes) {
	b := r.s.Billing
	get := func(path, id, summary string, nf *fault.Error) Route {
		return Route{Method: http.MethodGet, Path: path, ID: id, Summary: summary, Tag: tagBilling, Scope: tenant.Read, NotFound: nf}
	}
	Add(r, get("/v1/billing/balance", "getBalance", "What the tenant has, in hundredths of a credit", nil),
		func(ctx context.Context, _ *TenantQuery) (*reply[client.Balance], error) {
			return wired(balanceOf)(b.Balance(ctx, TenantID(ctx)))
		})
	Add(r, get("/v1/billing/transactions", "listTransactions", "The ledger's entries, newest first", nil),
		func(ctx context.Context, in *BillingPage) (*reply[client.TransactionPage], error) {
			return wired(transactionsOf)(b.Transactions(ctx, TenantID(ctx), in.Cursor, in.Limit))
		})
	Add(r, get("/v1/billing/usage", "getUsage", "What finished pictures used, by day, step or brand; CSV by Accept", nil), usageOf(b))
	Add(r, get("/v1/billing/prices", "getPrices", "What a step and a preset cost", nil),
		func(ctx context.Context, _ *TenantQuery) (*reply[client.PriceList], error) {
			return wired(pricesOf)(b.PriceList(ctx))
		})
	Add(r, get("/v1/billing/packages", "listPackages", "What can be bought", nil),
		func(context.Context, *TenantQuery) (*reply[client.PackageList], error) {
			return replyOf(client.PackageList{Packages: each(b.Packages(), packageOf)}, nil)
		})
	Add(r, Route{Method: http.MethodPost, Path: "/v1/billing/purchase", ID: "purchase", Summary: "Begin a payment; send the buyer to checkout_url", Tag: tagBilling,
		Scope: tenant.Admin, Body: JSONBody, Creates: true}, func(ctx context.Context, in *purchaseInput) (*reply[client.PurchaseResult], error) {
		return wired(purchaseOf)(b.Purchase(ctx, TenantID(ctx), in.Body.Package))
	})
	Add(r, get("/v1/billing/payments", "listPayments", "The tenant's payments, newest first", nil),
		func(ctx context.Context, in *BillingPage) (*reply[client.PaymentPage], error) {
			return wired(paymentsOf)(b.Payments(ctx, TenantID(ctx), in.Cursor, in.Limit))
		})
	Add(r, get("/v1/billing/payments/{payment_id}", "getPayment", "A payment", billing.ErrPaymentNotFound),
		func(ctx context.Context, in *PaymentPath) (*reply[client.Payment], error) {
			return wired(paymentOf)(b.Payment(ctx, TenantID(ctx), in.ID))
		})
	Add(r, get("/v1/billing/payments/{payment_id}/invoice", "getInvoice", "A payment's invoice; PDF by Accept", billing.ErrPaymentNotFound), getInvoice(b))
	change := func(method, path, id, summary string, nf *fault.Error, creates bool) Route {
		return Route{Method: method, Path: path, ID: id, Summary: summary, Tag: tagBilling, Scope: tenant.Admin, Body: JSONBody, Creates: creates, NotFound: nf}
	}
	Add(r, change(http.MethodPost, "/v1/billing/payments/{payment_id}/refund", "refundPayment", "Give money of a payment back, as far as its credits are unused", billing.ErrPaymentNotFound, true),
		func(ctx context.Context, in *refundInput) (*reply[client.RefundResult], error) {
			return wired(refundOf)(b.Refund(ctx, billing.RefundOrder{TenantID: TenantID(ctx), PaymentID: in.ID, Cents: in.Body.Amount, Description: in.Body.Description,
				Key: recordOf(ctx).key, Unused: true}))
		})
	Add(r, get("/v1/billing/customer", "getCustomer", "Who the invoices are made out to", nil),
		func(ctx context.Context, _ *TenantQuery) (*reply[client.Customer], error) {
			return wired(customerOf)(b.Customer(ctx, TenantID(ctx)))
		})
	Add(r, change(http.MethodPut, "/v1/billing/customer", "putCustomer", "Set who the invoices are made out to, from the next purchase on", nil, false),
		func(ctx context.Context, in *customerInput) (*reply[client.Customer], error) {
			c := in.Body
			return wired(customerOf)(b.SetCustomer(ctx, TenantID(ctx), invoice.Customer{Name: c.Name, Email: c.Email, Address: c.Address, Country: c.Country, VATID: c.VATID}))
		})
	Add(r, get("/v1/billing/limits", "getLimits", "What may be used this month, and what is free", nil),
		func(ctx context.Context, _ *TenantQuery) (*reply[client.MonthLimits], error) {
			return wired(limitsOf)(b.Limits(ctx, TenantID(ctx)))
		})
	Add(r, change(http.MethodPut, "/v1/billing/limits", "putLimits", "Cap what may be used in a month", nil, false),
		func(ctx context.Context, in *limitsInput) (*reply[client.MonthLimits], error) {
			return wired(limitsOf)(b.SetBudget(ctx, TenantID(ctx), in.Body.BudgetCap))
		})
	// anyone may call: the id that comes is only noted, and asked after at the
	// provider
	Add(r, Route{Method: http.MethodPost, Path: "/v1/mollie/webhook", ID: "mollieWebhook", Summary: "The payment provider's callback", Tag: tagBilling, Public: true},
		func(ctx context.Context, in *webhookInput) (*okOutput, error) {
			form, err := url.ParseQuery(string(in.RawBody))
			if err != nil || len(form["id"]) != 1 {
				return nil, errNotice
			}
			if err := b.Notice(ctx, form.Get("id")); err != nil {
				return nil, err
			}
			return ok(), nil
		})
}

func usageOf(b Billing) func(context.Context, *usageInput) (*rawOutput, error) {
	return func(ctx context.Context, in *usageInput) (*rawOutput, error) {
		page, err := b.Usage(ctx, TenantID(ctx), billing.UsageQuery{From: in.From, To: in.To, By: in.By, Cursor: in.Cursor, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		if !strings.Contains(recordOf(ctx).accept, "text/csv") {
			return jsonOf(usagePageOf(page))
		}
		var out bytes.Buffer
		w := csv.NewWriter(&out)
		if err := w.WriteAll(page.Table()); err != nil {
			return nil, err
		}
		return &rawOutput{"text/csv; charset=utf-8", out.Bytes()}, nil
	}
}

func getInvoice(b Billing) func(context.Context, *invoiceInput) (*rawOutput, error) {
	return func(ctx context.Context, in *invoiceInput) (*rawOutput, error) {
		v, err := b.Invoice(ctx, TenantID(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		if !strings.Contains(recordOf(ctx).accept, "application/pdf") {
			return jsonOf(invoiceOf(v))
		}
		pdf, err := v.PDF()
		if err != nil {
			return nil, err
		}
		return &rawOutput{"application/pdf", pdf}, nil
	}
}

func jsonOf(v any) (*rawOutput, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &rawOutput{"application/json", b}, nil
}
