package api

import (
	"context"
	"net/http"
	"time"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/tenant"
	"github.com/opal-photo/opal/modules/webhook"
)

// Webhooks is the webhook module's service.
type Webhooks interface {
	Create(ctx context.Context, tenantID string, n webhook.NewEndpoint) (e webhook.Endpoint, secret string, err error)
	List(ctx context.Context, tenantID string) ([]webhook.Endpoint, error)
	Get(ctx context.Context, tenantID, id string) (webhook.Endpoint, error)
	Update(ctx context.Context, tenantID, id string, n webhook.NewEndpoint) (webhook.Endpoint, error)
	Delete(ctx context.Context, tenantID, id string) error
	Pause(ctx context.Context, tenantID, id string) (webhook.Endpoint, error)
	Enable(ctx context.Context, tenantID, id string) (webhook.Endpoint, error)
	Rotate(ctx context.Context, tenantID, id string) (e webhook.Endpoint, secret string, err error)
	Try(ctx context.Context, tenantID, id string) (webhook.Delivery, error)
	Deliveries(ctx context.Context, tenantID, id string, q webhook.Query) (page []webhook.Delivery, next string, err error)
	Delivery(ctx context.Context, tenantID, id, deliveryID string) (webhook.Delivery, error)
	Replay(ctx context.Context, tenantID, id, deliveryID string) (webhook.Delivery, error)
	ReplayRange(ctx context.Context, tenantID, id string, from, to time.Time, all bool) (int, error)
}

const tagWebhooks = "Webhooks"

// WebhookPath is the path parameter of a webhook.
type WebhookPath struct {
	TenantQuery
	ID string `path:"webhook_id" doc:"The webhook" example:"0198f7a0-0000-7000-8000-000000000009"`
}

// id checks a webhook's id: one that can't exist is not found.
func (p *WebhookPath) id() (string, error) {
	if !idPattern.MatchString(p.ID) {
		return "", webhook.ErrNotFound
	}
	return p.ID, nil
}

type deliveryPath struct {
	WebhookPath
	DeliveryID string `path:"delivery_id" doc:"The delivery" example:"0198f7a0-0000-7000-8000-00000000000a"`
}

type newWebhookInput struct {
	TenantQuery
	Body client.NewWebhook
}

type webhookPutInput struct {
	WebhookPath
	Body client.NewWebhook
}

type deliveriesInput struct {
	WebhookPath
	Status string `query:"status" enum:"pending,processing,delivered,failed" doc:"left out: all"`
	Cursor string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"rows of a page"`
}

type replayInput struct {
	WebhookPath
	Body *client.Replay
}

// secretOutput is an answer that no cache may keep.
type secretOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         client.CreatedWebhook
}

func webhookRoutes(r *Routes) {
	w := r.s.Webhooks
	const base, one = "/v1/webhooks", "/v1/webhooks/{webhook_id}"
	read := func(path, id, summary string) Route {
		return Route{Method: http.MethodGet, Path: path, ID: id, Summary: summary, Tag: tagWebhooks, Scope: tenant.Read, NotFound: webhook.ErrNotFound}
	}
	post := func(path, id, summary string, body Body) Route {
		return Route{Method: http.MethodPost, Path: path, ID: id, Summary: summary, Tag: tagWebhooks, Scope: tenant.Write, Body: body, NotFound: webhook.ErrNotFound}
	}
	Add(r, read(base, "listWebhooks", "The tenant's webhooks, oldest first, without those of jobs"), func(ctx context.Context, _ *TenantQuery) (*reply[client.WebhookList], error) {
		list, err := w.List(ctx, TenantID(ctx))
		return replyOf(client.WebhookList{Webhooks: each(list, webhookOf)}, err)
	})
	Add(r, post(base, "createWebhook", "Have events sent to a server of yours; the answer holds the secret that signs them", JSONBody), func(ctx context.Context, in *newWebhookInput) (*secretOutput, error) {
		n := endpointOf(in.Body)
		n.ID = recordOf(ctx).resourceID
		return secretAnswer(w.Create(ctx, TenantID(ctx), n))
	})
	Add(r, read(one, "getWebhook", "A webhook"), onWebhook(w.Get))
	Add(r, Route{Method: http.MethodPut, Path: one, ID: "replaceWebhook", Summary: "Change a webhook as a whole; its secret stays", Tag: tagWebhooks, Scope: tenant.Write, Body: JSONBody, NotFound: webhook.ErrNotFound},
		func(ctx context.Context, in *webhookPutInput) (*reply[client.Webhook], error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			return wired(webhookOf)(w.Update(ctx, TenantID(ctx), id, endpointOf(in.Body)))
		})
	Add(r, Route{Method: http.MethodDelete, Path: one, ID: "deleteWebhook", Summary: "Delete a webhook with its log", Tag: tagWebhooks, Scope: tenant.Write, NotFound: webhook.ErrNotFound},
		func(ctx context.Context, in *WebhookPath) (*okOutput, error) {
			id, err := in.id()
			if err == nil {
				err = w.Delete(ctx, TenantID(ctx), id)
			}
			if err != nil {
				return nil, err
			}
			return ok(), nil
		})
	Add(r, post(one+"/pause", "pauseWebhook", "Hold a webhook's deliveries back; they wait", NoBody), onWebhook(w.Pause))
	Add(r, post(one+"/enable", "enableWebhook", "Have a paused or disabled webhook sent to again", NoBody), onWebhook(w.Enable))
	Add(r, post(one+"/rotate", "rotateWebhook", "Give a webhook a new secret; the one before signs beside it for a day", NoBody), func(ctx context.Context, in *WebhookPath) (*secretOutput, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return secretAnswer(w.Rotate(ctx, TenantID(ctx), id))
	})
	Add(r, post(one+"/test", "testWebhook", "Send a webhook an event of type webhook.test now; the answer says what came of it", NoBody), func(ctx context.Context, in *WebhookPath) (*reply[client.Delivery], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return wired(deliveryOf)(w.Try(ctx, TenantID(ctx), id))
	})
	deliveryRoutes(r, read, post)
}

// deliveryRoutes are a webhook's log and replay.
func deliveryRoutes(r *Routes, read func(path, id, summary string) Route, post func(path, id, summary string, body Body) Route) {
	w := r.s.Webhooks
	const all, one = "/v1/webhooks/{webhook_id}/deliveries", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}"
	Add(r, read(all, "listDeliveries", "A webhook's deliveries of the last 30 days, newest first"), func(ctx context.Context, in *deliveriesInput) (*reply[client.DeliveryPage], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		page, next, err := w.Deliveries(ctx, TenantID(ctx), id, webhook.Query{Status: in.Status, Cursor: in.Cursor, Limit: in.Limit})
		return replyOf(client.DeliveryPage{Deliveries: each(page, deliveryOf), NextCursor: cursorOf(next)}, err)
	})
	on := func(do func(ctx context.Context, tenantID, id, deliveryID string) (webhook.Delivery, error)) func(context.Context, *deliveryPath) (*reply[client.Delivery], error) {
		return func(ctx context.Context, in *deliveryPath) (*reply[client.Delivery], error) {
			id, err := in.id()
			if err != nil || !idPattern.MatchString(in.DeliveryID) {
				return nil, webhook.ErrDeliveryNotFound
			}
			return wired(deliveryOf)(do(ctx, TenantID(ctx), id, in.DeliveryID))
		}
	}
	Add(r, read(one, "getDelivery", "A delivery with the log of its tries"), on(w.Delivery))
	Add(r, post(one+"/replay", "replayDelivery", "Send a delivery again, under the same webhook-id", NoBody), on(w.Replay))
	Add(r, post("/v1/webhooks/{webhook_id}/replay", "replayDeliveries", "Send a webhook's deliveries of a time again", OptionalJSON), func(ctx context.Context, in *replayInput) (*reply[client.Count], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		from, to, whole := time.Now().Add(-webhook.Kept), time.Now().Add(time.Minute), false
		if b := in.Body; b != nil {
			whole = b.All
			if b.From != nil {
				from = *b.From
			}
			if b.To != nil {
				to = *b.To
			}
		}
		n, err := w.ReplayRange(ctx, TenantID(ctx), id, from, to, whole)
		return replyOf(client.Count{Count: n}, err)
	})
}

func onWebhook(do func(ctx context.Context, tenantID, id string) (webhook.Endpoint, error)) func(context.Context, *WebhookPath) (*reply[client.Webhook], error) {
	return func(ctx context.Context, in *WebhookPath) (*reply[client.Webhook], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return wired(webhookOf)(do(ctx, TenantID(ctx), id))
	}
}

func secretAnswer(e webhook.Endpoint, secret string, err error) (*secretOutput, error) {
	if err != nil {
		return nil, err
	}
	return &secretOutput{"no-store", client.CreatedWebhook{Webhook: webhookOf(e), Secret: secret}}, nil
}

func endpointOf(n client.NewWebhook) webhook.NewEndpoint {
	return webhook.NewEndpoint{URL: n.URL, Description: n.Description, Events: n.Events}
}

func webhookOf(e webhook.Endpoint) client.Webhook {
	return client.Webhook{
		WebhookID: e.EndpointID, URL: e.URL, Events: append([]string{}, e.Events...), Description: e.Description, Status: e.Status, DisabledReason: e.DisabledReason,
		FailingSince: e.FailingSince, OldSecretUntil: e.OldUntil, CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
	}
}

func deliveryOf(d webhook.Delivery) client.Delivery {
	return client.Delivery{
		DeliveryID: d.DeliveryID, WebhookID: d.EndpointID, EventID: d.EventID, EventType: d.EventType, JobID: d.JobID, Status: d.Status, Tries: d.Tries, NextTryAt: d.DueAt,
		ErrorCode: d.ErrorCode, ErrorMessage: d.ErrorMessage, DeliveredAt: d.DeliveredAt, CreatedAt: d.CreatedAt, Payload: d.Payload,
		Attempts: each(d.Attempts, func(a webhook.Attempt) client.Attempt { return client.Attempt(a) }),
	}
}
