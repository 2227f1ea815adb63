package api

import (
	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/billing/invoice"
	"github.com/opal-photo/opal/modules/client"
)

// wired makes an answer from a service's result.
func wired[T, U any](f func(T) U) func(T, error) (*reply[U], error) {
	return func(v T, err error) (*reply[U], error) {
		if err != nil {
			return nil, err
		}
		return &reply[U]{f(v)}, nil
	}
}

func balanceOf(b billing.Balance) client.Balance { return client.Balance(b) }

func transactionsOf(p billing.TransactionPage) client.TransactionPage {
	return client.TransactionPage{NextCursor: p.NextCursor,
		Transactions: each(p.Transactions, func(t billing.Transaction) client.Transaction { return client.Transaction(t) })}
}

func usagePageOf(p billing.UsagePage) client.UsagePage {
	return client.UsagePage{By: p.By, From: p.From, To: p.To, NextCursor: p.NextCursor,
		Usage: each(p.Usage, func(r billing.UsageRow) client.UsageRow { return client.UsageRow(r) })}
}

func pricesOf(l billing.PriceList) client.PriceList {
	return client.PriceList{Version: l.Version, Prices: each(l.Prices, func(p billing.Price) client.Price { return client.Price(p) })}
}

func quoteOf(q billing.Quote) client.Quote {
	return client.Quote{Total: q.Total, PriceVersion: q.PriceVersion, Lines: each(q.Lines, func(l billing.QuoteLine) client.QuoteLine { return client.QuoteLine(l) })}
}

func packageOf(p billing.Package) client.Package { return client.Package(p) }

func purchaseOf(p billing.PurchaseResult) client.PurchaseResult { return client.PurchaseResult(p) }

func paymentOf(p billing.Payment) client.Payment {
	return client.Payment{
		PaymentID: p.PaymentID, TenantID: p.TenantID, Package: p.Package, Status: p.Status, Credits: p.Credits, Net: p.Net, VAT: p.VAT, Amount: p.Amount,
		Currency: p.Currency, VATRule: p.VATRule, VATRate: p.VATRate, CheckoutURL: p.CheckoutURL, Refunded: p.Refunded, CreditsBack: p.CreditsBack,
		Problem: p.Problem, CreatedAt: p.CreatedAt, PaidAt: p.PaidAt,
	}
}

func paymentsOf(p billing.PaymentPage) client.PaymentPage {
	return client.PaymentPage{Payments: each(p.Payments, paymentOf), NextCursor: p.NextCursor}
}

func refundOf(r billing.RefundResult) client.RefundResult {
	return client.RefundResult{RefundID: r.RefundID, Amount: r.Amount, Status: r.Status, Payment: paymentOf(r.Payment)}
}

func limitsOf(l billing.MonthLimits) client.MonthLimits { return client.MonthLimits(l) }

func customerOf(c invoice.Customer) client.Customer { return client.Customer(c) }

func invoiceOf(v invoice.Invoice) client.Invoice {
	return client.Invoice{
		Number: v.Number, IssuedAt: v.IssuedAt, PaymentID: v.PaymentID, Seller: client.Seller(v.Seller), Customer: customerOf(v.Customer),
		Description: v.Description, Credits: v.Credits, Net: v.Net, VATRate: v.VATRate, VATRule: v.VATRule, VAT: v.VAT, Total: v.Total,
		Currency: v.Currency, Note: v.Note,
	}
}
