package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/opal-photo/opal/modules/api"
	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/billing/mollie"
	"github.com/opal-photo/opal/modules/telemetry"
)

// billingService opens the ledger and, where a key is set, the payments.
func (w *wire) billingService(ctx context.Context) (*billing.Service, error) {
	if w.billing != nil {
		return w.billing, nil
	}
	d, err := w.database(ctx)
	if err != nil {
		return nil, err
	}
	c := w.cfg
	o := billing.Options{DB: d, Mode: billing.Mode(c.Billing.Mode), Metrics: billing.NewMetrics(w.metrics), MonthlyGrant: c.Billing.MonthlyGrant, LowBelow: c.Billing.LowBelow, Seller: invoice.Seller{
		Name: c.Billing.SellerName, Address: strings.ReplaceAll(c.Billing.SellerAddress, `\n`, "\n"), Country: c.Billing.SellerCountry, VATID: c.Billing.SellerVATID,
	}}
	if key := c.Mollie.APIKey.Value(); key != "" {
		if o.Mollie, err = mollie.New(mollie.Options{URL: c.Mollie.APIURL, Key: key}); err != nil {
			return nil, fmt.Errorf("open the payment provider: %w", err)
		}
	}
	o.RedirectURL = c.PublicBaseURL
	if strings.HasPrefix(c.PublicBaseURL, "https:") { // the provider reaches no other; without it payments are polled
		o.WebhookURL = c.PublicBaseURL + api.PaymentWebhookPath
	}
	w.billing = billing.New(o)
	return w.billing, nil
}

// paymentSweep fetches what the payment provider has to tell, and gives back what
// ended variants did not use.
var paymentSweep = part{name: "the payments", background: true, open: func(ctx context.Context, w *wire) (func(context.Context) error, error) {
	b, err := w.billingService(ctx)
	if err != nil {
		return nil, err
	}
	if w.cfg.Mollie.APIKey != "" && (w.cfg.Billing.SellerName == "" || w.cfg.Billing.SellerAddress == "") {
		w.log.Warn().Msg("Invoices name no seller: set BILLING_SELLER_NAME, BILLING_SELLER_ADDRESS and BILLING_SELLER_VAT_ID")
	}
	return func(ctx context.Context) error { return b.Run(telemetry.WithLogger(ctx, w.log)) }, nil
}}
