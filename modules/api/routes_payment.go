package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/tenant"
)

// Payments makes and reads a tenant's payments.
type Payments interface {
	Packages() []billing.Package
	Payable() bool // a payment provider is set up
	Purchase(ctx context.Context, tenantID, pkg string) (billing.PurchaseResult, error)
	Payment(ctx context.Context, tenantID, paymentID string) (billing.Payment, error)
	Payments(ctx context.Context, tenantID, cursor string, limit int) (billing.PaymentPage, error)
	Invoice(ctx context.Context, tenantID, paymentID string) (invoice.Invoice, error)
	Refund(ctx context.Context, o billing.RefundOrder) (billing.RefundResult, error)
	Notice(ctx context.Context, mollieID string) error
}

type purchaseInput struct {
	TenantQuery
	Body client.Purchase
}

// PaymentPath is the path parameter of a payment.
type PaymentPath struct {
	TenantQuery
	ID string `path:"payment_id" doc:"The payment" example:"0198f7a0-0000-7000-8000-000000000007"`
}

type refundInput struct {
	PaymentPath
	Body client.RefundRequest
}

type webhookInput struct {
	RawBody []byte `contentType:"application/x-www-form-urlencoded"`
}

var errNotice = fault.New(fault.Malformed, "webhook_invalid", "The callback must be a form with the id of a payment")

// PaymentWebhookPath is where the payment provider calls back.
const PaymentWebhookPath = "/v1/mollie/webhook"

func paymentRoutes(r *Routes) {
	b := r.s.Billing.Payments
	Add(r, readBilling("/v1/billing/packages", "listPackages", "What can be bought", nil),
		func(context.Context, *TenantQuery) (*reply[client.PackageList], error) {
			return replyOf(client.PackageList{Packages: each(b.Packages(), packageOf), Payable: b.Payable()}, nil)
		})
	Add(r, Route{Method: http.MethodPost, Path: "/v1/billing/purchase", ID: "purchase", Summary: "Begin a payment; send the buyer to checkout_url", Tag: tagBilling,
		Scope: tenant.Admin, Body: JSONBody}, func(ctx context.Context, in *purchaseInput) (*reply[client.PurchaseResult], error) {
		return wired(purchaseOf)(b.Purchase(ctx, TenantID(ctx), in.Body.Package))
	})
	Add(r, readBilling("/v1/billing/payments", "listPayments", "The tenant's payments, newest first", nil),
		func(ctx context.Context, in *BillingPage) (*reply[client.PaymentPage], error) {
			return wired(paymentsOf)(b.Payments(ctx, TenantID(ctx), in.Cursor, in.Limit))
		})
	Add(r, readBilling("/v1/billing/payments/{payment_id}", "getPayment", "A payment", billing.ErrPaymentNotFound),
		func(ctx context.Context, in *PaymentPath) (*reply[client.Payment], error) {
			return wired(paymentOf)(b.Payment(ctx, TenantID(ctx), in.ID))
		})
	Add(r, readBilling("/v1/billing/payments/{payment_id}/invoice", "getInvoice", "A payment's invoice; PDF by Accept", billing.ErrPaymentNotFound), getInvoice(b))
	Add(r, changeBilling(http.MethodPost, "/v1/billing/payments/{payment_id}/refund", "refundPayment", "Give money of a payment back, as far as its credits are unused", billing.ErrPaymentNotFound),
		func(ctx context.Context, in *refundInput) (*reply[client.RefundResult], error) {
			return wired(refundOf)(b.Refund(ctx, billing.RefundOrder{TenantID: TenantID(ctx), PaymentID: in.ID, Cents: in.Body.Amount, Description: in.Body.Description,
				Key: recordOf(ctx).key, Unused: true}))
		})
	// anyone may call: the id is only recorded, and then checked at the provider
	Add(r, Route{Method: http.MethodPost, Path: PaymentWebhookPath, ID: "mollieWebhook", Summary: "The payment provider's callback", Tag: tagBilling, Public: true},
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

func getInvoice(b Payments) func(context.Context, *PaymentPath) (*rawOutput, error) {
	return func(ctx context.Context, in *PaymentPath) (*rawOutput, error) {
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
		return &rawOutput{ContentType: "application/pdf", Vary: "Accept", Body: pdf}, nil
	}
}
