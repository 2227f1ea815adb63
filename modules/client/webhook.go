package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// NewWebhook asks for a webhook, or changes one as a whole.
type NewWebhook struct {
	TenantID    string   `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	URL         string   `json:"url" maxLength:"2048" doc:"An https address that the internet can reach" example:"https://shop.example/opal"`
	Events      []string `json:"events,omitempty" nullable:"true" maxItems:"50" doc:"The types of events; left out or empty: all, those of later versions too" example:"[\"item.completed\",\"job.finished\"]"`
	Description string   `json:"description,omitempty" nullable:"true" doc:"At most 200 characters" example:"The shop"`
}

// Webhook is where a tenant's events are sent.
type Webhook struct {
	WebhookID      string     `json:"webhook_id" example:"0198f7a0-0000-7000-8000-000000000009"`
	URL            string     `json:"url" example:"https://shop.example/opal"`
	Events         []string   `json:"events" nullable:"false" doc:"Types of events; empty: all" example:"[\"job.finished\"]"`
	Description    string     `json:"description" example:"The shop"`
	Status         string     `json:"status" enum:"enabled,paused,disabled" doc:"paused: deliveries wait; disabled: they fail until it is enabled and they are replayed" example:"enabled"`
	DisabledReason *string    `json:"disabled_reason" doc:"gone: it answered 410; failing: it took nothing during all tries of a delivery; null unless it is disabled"`
	FailingSince   *time.Time `json:"failing_since" doc:"Of the first failure since the last success; null: the last try succeeded"`
	OldSecretUntil *time.Time `json:"old_secret_until" doc:"Until when the secret before the last rotation signs beside the new one"`
	CreatedAt      time.Time  `json:"created_at" example:"2026-11-27T09:30:00Z"`
	UpdatedAt      time.Time  `json:"updated_at" example:"2026-11-27T09:30:00Z"`
}

// CreatedWebhook is a webhook with its secret, which is shown only once.
type CreatedWebhook struct {
	Webhook
	Secret string `json:"secret" doc:"Signs the deliveries, by Standard Webhooks; shown only here" example:"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"`
}

// WebhookList lists a tenant's webhooks, oldest first.
type WebhookList struct {
	Webhooks []Webhook `json:"webhooks" nullable:"false"`
}

// WebhookEvent is the body of a delivery.
type WebhookEvent struct {
	ID        string          `json:"id" doc:"Of the event, also in the header webhook-id: who has seen it has seen the event" example:"0198f7a0-0000-7000-8000-000000000005"`
	Type      string          `json:"type" example:"item.completed"`
	Timestamp time.Time       `json:"timestamp" doc:"When it happened" example:"2026-11-27T09:30:05Z"`
	Data      json.RawMessage `json:"data" doc:"tenant_id, job_id, item_id where it concerns one, and the fields of the type"`
}

// Delivery is an event on its way to a webhook.
type Delivery struct {
	DeliveryID   string          `json:"delivery_id" example:"0198f7a0-0000-7000-8000-00000000000a"`
	WebhookID    string          `json:"webhook_id" example:"0198f7a0-0000-7000-8000-000000000009"`
	EventID      string          `json:"event_id" example:"0198f7a0-0000-7000-8000-000000000005"`
	EventType    string          `json:"event_type" example:"item.completed"`
	JobID        string          `json:"job_id" doc:"Empty for a test" example:"0198f7a0-0000-7000-8000-000000000001"`
	Status       string          `json:"status" enum:"pending,processing,delivered,failed" example:"delivered"`
	Tries        int             `json:"tries" doc:"Made since it began or was replayed; there are ten in three days" example:"1"`
	NextTryAt    *time.Time      `json:"next_try_at" doc:"null when it has ended"`
	ErrorCode    *string         `json:"error_code" doc:"Of the last failure; null when it was delivered"`
	ErrorMessage *string         `json:"error_message"`
	DeliveredAt  *time.Time      `json:"delivered_at"`
	CreatedAt    time.Time       `json:"created_at" example:"2026-11-27T09:30:05Z"`
	Payload      json.RawMessage `json:"payload" doc:"The body that is sent, a WebhookEvent"`
	Attempts     []Attempt       `json:"attempts" nullable:"false" doc:"The log of its tries; empty in lists"`
}

// Attempt is one try of a delivery.
type Attempt struct {
	Attempt    int       `json:"attempt" example:"1"`
	StartedAt  time.Time `json:"started_at" example:"2026-11-27T09:30:05Z"`
	Millis     int64     `json:"ms" doc:"Until the answer" example:"84"`
	StatusCode *int      `json:"status_code" doc:"null: there was no answer"`
	ErrorCode  *string   `json:"error_code" doc:"null: it was delivered"`
	Response   string    `json:"response" doc:"The beginning of the answer" example:"ok"`
}

// DeliveryPage is a page of a webhook's deliveries, newest first.
type DeliveryPage struct {
	Deliveries []Delivery `json:"deliveries" nullable:"false"`
	NextCursor *string    `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// Replay asks for deliveries to be sent again.
type Replay struct {
	TenantID string     `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	From     *time.Time `json:"from,omitempty" nullable:"true" doc:"Of their creation; left out: 30 days ago" example:"2026-11-27T09:00:00Z"`
	To       *time.Time `json:"to,omitempty" nullable:"true" doc:"left out: now" example:"2026-11-27T10:00:00Z"`
	All      bool       `json:"all,omitempty" doc:"Also what was delivered; left out: only what failed" example:"false"`
}

// Webhooks lists the tenant's webhooks.
func (c *Client) Webhooks(ctx context.Context) (WebhookList, error) {
	return get[WebhookList](ctx, c, path("webhooks"), nil)
}

// Webhook returns a webhook.
func (c *Client) Webhook(ctx context.Context, id string) (Webhook, error) {
	return get[Webhook](ctx, c, path("webhooks", id), nil)
}

// CreateWebhook makes a webhook, whose secret is in the answer.
func (c *Client) CreateWebhook(ctx context.Context, n NewWebhook) (CreatedWebhook, error) {
	return call[CreatedWebhook](ctx, c, http.MethodPost, path("webhooks"), nil, n, NewIdempotencyKey())
}

// ReplaceWebhook changes a webhook as a whole.
func (c *Client) ReplaceWebhook(ctx context.Context, id string, n NewWebhook) (Webhook, error) {
	return call[Webhook](ctx, c, http.MethodPut, path("webhooks", id), nil, n, "")
}

// DeleteWebhook deletes a webhook with its log.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	_, err := call[OK](ctx, c, http.MethodDelete, path("webhooks", id), nil, nil, "")
	return err
}

// PauseWebhook holds a webhook's deliveries back.
func (c *Client) PauseWebhook(ctx context.Context, id string) (Webhook, error) {
	return call[Webhook](ctx, c, http.MethodPost, path("webhooks", id, "pause"), nil, nil, NewIdempotencyKey())
}

// EnableWebhook has a paused or disabled webhook sent to again.
func (c *Client) EnableWebhook(ctx context.Context, id string) (Webhook, error) {
	return call[Webhook](ctx, c, http.MethodPost, path("webhooks", id, "enable"), nil, nil, NewIdempotencyKey())
}

// RotateWebhook gives a webhook a new secret; the one before signs beside it for a day.
func (c *Client) RotateWebhook(ctx context.Context, id string) (CreatedWebhook, error) {
	return call[CreatedWebhook](ctx, c, http.MethodPost, path("webhooks", id, "rotate"), nil, nil, NewIdempotencyKey())
}

// TestWebhook sends a webhook a test, and returns what came of it.
func (c *Client) TestWebhook(ctx context.Context, id string) (Delivery, error) {
	return call[Delivery](ctx, c, http.MethodPost, path("webhooks", id, "test"), nil, nil, NewIdempotencyKey())
}

// Deliveries returns a page of a webhook's deliveries, newest first.
func (c *Client) Deliveries(ctx context.Context, id string, p Page) (DeliveryPage, error) {
	return get[DeliveryPage](ctx, c, path("webhooks", id, "deliveries"), p.query())
}

// Delivery returns a delivery with its log.
func (c *Client) Delivery(ctx context.Context, id, deliveryID string) (Delivery, error) {
	return get[Delivery](ctx, c, path("webhooks", id, "deliveries", deliveryID), nil)
}

// ReplayDelivery sends a delivery again.
func (c *Client) ReplayDelivery(ctx context.Context, id, deliveryID string) (Delivery, error) {
	return call[Delivery](ctx, c, http.MethodPost, path("webhooks", id, "deliveries", deliveryID, "replay"), nil, nil, NewIdempotencyKey())
}

// ReplayDeliveries sends a webhook's deliveries of a time again and returns their number.
func (c *Client) ReplayDeliveries(ctx context.Context, id string, r Replay) (Count, error) {
	return call[Count](ctx, c, http.MethodPost, path("webhooks", id, "replay"), nil, r, NewIdempotencyKey())
}
