package billing

import "github.com/opal-photo/opal/modules/fault"

// Errors of callers.
var (
	ErrCredits  = fault.New(fault.PaymentRequired, "insufficient_credits", "The balance does not cover this; buy credits and try again")
	ErrDebt     = fault.New(fault.PaymentRequired, "debt_outstanding", "Credits that were spent have been refunded or charged back; buy credits to settle the debt")
	ErrBudget   = fault.New(fault.PaymentRequired, "budget_exceeded", "This month's budget does not cover this; raise the budget or wait for next month")
	ErrResolved = fault.New(fault.Conflict, "hold_resolved", "What was held for this item has been given back; make a new job")

	ErrPackage         = fault.New(fault.Invalid, "package_unknown", "There is no such package; GET /v1/billing/packages lists them")
	ErrPaymentNotFound = fault.New(fault.NotFound, "payment_not_found", "There is no such payment")
	ErrInvoiceNotFound = fault.New(fault.NotFound, "invoice_not_found", "There is no invoice for this payment; one is made when it is paid")
	ErrNoPayments      = fault.New(fault.Unavailable, "payments_off", "Nothing can be bought here: MOLLIE_API_KEY is not set")
	ErrOpenPayments    = fault.New(fault.RateLimited, "payments_open", "Too many purchases of yours are begun and not paid; pay one of them, or wait until they expire")
	ErrProvider        = fault.New(fault.Unavailable, "payment_provider_unavailable", "The payment provider does not answer; try again shortly")
	ErrProviderRefused = fault.New(fault.Invalid, "payment_refused", "The payment provider refused the payment")
	ErrRejected        = fault.New(fault.Conflict, "payment_rejected", "The payment provider's payment is not the one that was asked for")
	ErrRefund          = fault.New(fault.Invalid, "refund_invalid", "This payment can't be refunded so")
	ErrNotice          = fault.New(fault.Invalid, "webhook_invalid", "The id must be that of a payment, such as tr_5B8cwPMGnU")
	ErrLimits          = fault.New(fault.Invalid, "limits_invalid", "The limits are wrong")
	ErrCursor          = fault.New(fault.Invalid, "cursor_invalid", "The cursor is not one that was given out")
	ErrQuery           = fault.New(fault.Invalid, "usage_query_invalid", "The usage can't be asked for so")
	ErrPrices          = fault.New(fault.Invalid, "prices_invalid", "The price list is wrong")
)
