package client

import (
	"context"
	"net/http"
)

// OriginalURL returns a short-lived URL of an item's photo as it was uploaded.
func (c *Client) OriginalURL(ctx context.Context, itemID string) (Download, error) {
	return get[Download](ctx, c, path("downloads", itemID, "original"), nil)
}

// Deletions returns a page of the receipts of deleted jobs, newest first.
func (c *Client) Deletions(ctx context.Context, p Page) (DeletionPage, error) {
	return get[DeletionPage](ctx, c, path("deletions"), p.query())
}

// Retention returns how long jobs, and what else a tenant has, are kept.
func (c *Client) Retention(ctx context.Context) (Retention, error) {
	return get[Retention](ctx, c, path("retention"), nil)
}

// Deletion returns the receipt of a deleted job.
func (c *Client) Deletion(ctx context.Context, id string) (Deletion, error) {
	return get[Deletion](ctx, c, path("deletions", id), nil)
}

// Keys lists the tenant's keys without their secrets. It needs scope admin, as
// CreateKey and RevokeKey do.
func (c *Client) Keys(ctx context.Context) (APIKeyList, error) {
	return get[APIKeyList](ctx, c, path("api-keys"), nil)
}

// CreateKey makes a key; the answer holds its secret, which is shown only here.
func (c *Client) CreateKey(ctx context.Context, n NewAPIKey) (CreatedAPIKey, error) {
	return call[CreatedAPIKey](ctx, c, http.MethodPost, path("api-keys"), nil, n, NewIdempotencyKey())
}

// RevokeKey has a key refused from now on.
func (c *Client) RevokeKey(ctx context.Context, id string) error {
	_, err := call[OK](ctx, c, http.MethodDelete, path("api-keys", id), nil, nil, "")
	return err
}

// Queues returns what waits in the queues, for operators.
func (c *Client) Queues(ctx context.Context) (QueueList, error) {
	return get[QueueList](ctx, c, path("queues"), nil)
}

// DeadLetters lists messages that no worker can handle, for operators; queue "": of all
// queues.
func (c *Client) DeadLetters(ctx context.Context, queue string, limit int) (DeadLetterList, error) {
	q := Page{Limit: limit}.query()
	if queue != "" {
		q.Set("queue", queue)
	}
	return get[DeadLetterList](ctx, c, path("dead-letters"), q)
}

// RedriveDeadLetters sends dead letters again, for operators.
func (c *Client) RedriveDeadLetters(ctx context.Context, d TakeDead) (Count, error) {
	return call[Count](ctx, c, http.MethodPost, path("dead-letters", "redrive"), nil, d, NewIdempotencyKey())
}

// PurgeDeadLetters deletes dead letters permanently, for operators.
func (c *Client) PurgeDeadLetters(ctx context.Context, d TakeDead) (Count, error) {
	return call[Count](ctx, c, http.MethodPost, path("dead-letters", "purge"), nil, d, NewIdempotencyKey())
}

// Health returns the state of the service and its dependencies.
func (c *Client) Health(ctx context.Context) (Health, error) {
	return call[Health](ctx, c, http.MethodGet, "/healthz", nil, nil, "")
}

// Ready reports by its error whether the service can take requests.
func (c *Client) Ready(ctx context.Context) (Health, error) {
	return call[Health](ctx, c, http.MethodGet, "/readyz", nil, nil, "")
}

// Transactions returns a page of the ledger's entries, newest first.
func (c *Client) Transactions(ctx context.Context, p Page) (TransactionPage, error) {
	return get[TransactionPage](ctx, c, path("billing", "transactions"), p.query())
}

// Prices returns what a step and a preset cost.
func (c *Client) Prices(ctx context.Context) (PriceList, error) {
	return get[PriceList](ctx, c, path("billing", "prices"), nil)
}

// Packages lists what can be bought.
func (c *Client) Packages(ctx context.Context) (PackageList, error) {
	return get[PackageList](ctx, c, path("billing", "packages"), nil)
}

// Purchase begins a payment; the buyer pays at the answer's CheckoutURL.
func (c *Client) Purchase(ctx context.Context, p Purchase) (PurchaseResult, error) {
	return call[PurchaseResult](ctx, c, http.MethodPost, path("billing", "purchase"), nil, p, NewIdempotencyKey())
}

// Payments returns a page of the tenant's payments, newest first.
func (c *Client) Payments(ctx context.Context, p Page) (PaymentPage, error) {
	return get[PaymentPage](ctx, c, path("billing", "payments"), p.query())
}

// Payment returns a payment.
func (c *Client) Payment(ctx context.Context, id string) (Payment, error) {
	return get[Payment](ctx, c, path("billing", "payments", id), nil)
}

// Invoice returns a payment's invoice.
func (c *Client) Invoice(ctx context.Context, paymentID string) (Invoice, error) {
	return get[Invoice](ctx, c, path("billing", "payments", paymentID, "invoice"), nil)
}

// Refund gives money of a payment back, as far as its credits are unused.
func (c *Client) Refund(ctx context.Context, paymentID string, r RefundRequest) (RefundResult, error) {
	return call[RefundResult](ctx, c, http.MethodPost, path("billing", "payments", paymentID, "refund"), nil, r, NewIdempotencyKey())
}

// Customer returns who the invoices are made out to.
func (c *Client) Customer(ctx context.Context) (Customer, error) {
	return get[Customer](ctx, c, path("billing", "customer"), nil)
}

// SetCustomer changes who the invoices are made out to, from the next purchase on.
func (c *Client) SetCustomer(ctx context.Context, n NewCustomer) (Customer, error) {
	return call[Customer](ctx, c, http.MethodPut, path("billing", "customer"), nil, n, "")
}

// Limits returns what may be used in a month.
func (c *Client) Limits(ctx context.Context) (MonthLimits, error) {
	return get[MonthLimits](ctx, c, path("billing", "limits"), nil)
}

// SetLimits caps what may be used in a month.
func (c *Client) SetLimits(ctx context.Context, n NewLimits) (MonthLimits, error) {
	return call[MonthLimits](ctx, c, http.MethodPut, path("billing", "limits"), nil, n, "")
}
