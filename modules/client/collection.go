package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// NewCollection asks for a collection.
type NewCollection struct {
	TenantID string   `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Name     string   `json:"name,omitempty" nullable:"true" maxLength:"200" doc:"For people" example:"Spring 2027"`
	JobIDs   []string `json:"job_ids,omitempty" nullable:"true" maxItems:"1000" doc:"Jobs that are there; more join with collection_id when they are made, or later" example:"[\"0198f7a0-0000-7000-8000-000000000001\"]"`
	Closed   bool     `json:"closed,omitempty" doc:"No other job comes: the collection ends with these" example:"false"`
}

// AddJobs puts jobs into a collection.
type AddJobs struct {
	TenantID string   `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	JobIDs   []string `json:"job_ids" nullable:"false" minItems:"1" maxItems:"1000" example:"[\"0198f7a0-0000-7000-8000-000000000001\"]"`
}

// Collection is a group of jobs: one progress, one ZIP, one event at the end.
type Collection struct {
	CollectionID string     `json:"collection_id" example:"0198f7a0-0000-7000-8000-00000000000d"`
	TenantID     string     `json:"tenant_id" example:"default"`
	Name         string     `json:"name" example:"Spring 2027"`
	Status       string     `json:"status" enum:"open,processing,completed,partial,failed,cancelled" doc:"open: it takes jobs; processing: it is closed, and waits for the end of its jobs and its ZIP; the others are terminal" example:"processing"`
	Jobs         JobCount   `json:"jobs"`
	Counts       Counts     `json:"counts" doc:"The sum over its jobs"`
	ZIP          string     `json:"zip" enum:"none,pending,ready,failed" doc:"Of all of its pictures: made when the collection ends; GET /v1/downloads/collections/{collection_id}/export has it. none, after the end: a job was deleted, and the ZIP with it" example:"pending"`
	CreatedAt    time.Time  `json:"created_at" example:"2026-11-27T09:30:00Z"`
	UpdatedAt    time.Time  `json:"updated_at" example:"2026-11-27T09:30:05Z"`
	FinishedAt   *time.Time `json:"finished_at" doc:"When it became terminal; null before"`
}

// Ended reports whether the collection is terminal.
func (c Collection) Ended() bool { return c.Status != "open" && c.Status != "processing" }

// JobCount counts jobs.
type JobCount struct {
	Total int `json:"total" example:"12"`
	Open  int `json:"open" doc:"That have not ended" example:"3"`
}

// CollectionPage is a page of a tenant's collections, newest first.
type CollectionPage struct {
	Collections []Collection `json:"collections" nullable:"false"`
	NextCursor  *string      `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
}

// CollectionFilter says which collections a list shows. The zero value is the first page
// of all.
type CollectionFilter struct {
	Page
	Status []string // any of them
	Query  string   // a part of the name
}

func (f CollectionFilter) query() url.Values {
	q := f.Page.query()
	if len(f.Status) > 0 {
		q.Set("status", strings.Join(f.Status, ","))
	}
	if f.Query != "" {
		q.Set("q", f.Query)
	}
	return q
}

// CollectionItem is one of a collection's items in brief.
type CollectionItem struct {
	JobID string `json:"job_id" example:"0198f7a0-0000-7000-8000-000000000001"`
	ItemBrief
}

// CollectionItemPage is a page of a collection's items, newest first.
type CollectionItemPage struct {
	Items      []CollectionItem `json:"items" nullable:"false"`
	NextCursor *string          `json:"next_cursor" doc:"The cursor of the next page; null on the last"`
	AsOf       time.Time        `json:"as_of" doc:"Ask with it as changed_since for what changed after this answer; some of what it holds comes twice" example:"2026-11-27T09:30:05Z"`
}

// CollectionItemsQuery says which of a collection's items CollectionItems returns. The zero
// value is the first page of all.
type CollectionItemsQuery struct {
	Page
	ChangedSince time.Time // those that changed then or later; zero: all
}

// CreateCollection makes a collection. It is made once, even when the client repeats the
// call.
func (c *Client) CreateCollection(ctx context.Context, n NewCollection) (Collection, error) {
	return call[Collection](ctx, c, http.MethodPost, path("collections"), nil, n, NewIdempotencyKey())
}

// Collections returns a page of the tenant's collections, newest first.
func (c *Client) Collections(ctx context.Context, f CollectionFilter) (CollectionPage, error) {
	return get[CollectionPage](ctx, c, path("collections"), f.query())
}

// Collection returns a collection. The call waits up to wait (at most 30 s) for one that
// has not ended.
func (c *Client) Collection(ctx context.Context, id string, wait time.Duration) (Collection, error) {
	return get[Collection](ctx, c, path("collections", id), waiting(wait))
}

// CollectionItems returns a page of the items of a collection's jobs in brief, newest first.
func (c *Client) CollectionItems(ctx context.Context, id string, q CollectionItemsQuery) (CollectionItemPage, error) {
	v := q.Page.query()
	if !q.ChangedSince.IsZero() {
		v.Set("changed_since", q.ChangedSince.UTC().Format(time.RFC3339Nano))
	}
	return get[CollectionItemPage](ctx, c, path("collections", id, "items"), v)
}

// AddToCollection puts jobs that are there into an open collection. Repeated, it changes
// nothing.
func (c *Client) AddToCollection(ctx context.Context, id string, jobIDs ...string) (Collection, error) {
	return call[Collection](ctx, c, http.MethodPost, path("collections", id, "jobs"), nil, AddJobs{JobIDs: jobIDs}, NewIdempotencyKey())
}

// CloseCollection says that no other job comes. Repeated, it changes nothing.
func (c *Client) CloseCollection(ctx context.Context, id string) (Collection, error) {
	return call[Collection](ctx, c, http.MethodPost, path("collections", id, "close"), nil, nil, NewIdempotencyKey())
}

// RemakeCollectionZIP has the ZIP of an ended collection made again, of its pictures as
// they are now.
func (c *Client) RemakeCollectionZIP(ctx context.Context, id string) (Collection, error) {
	return call[Collection](ctx, c, http.MethodPost, path("collections", id, "export"), nil, nil, NewIdempotencyKey())
}

// DeleteCollection deletes a collection with its ZIP. Its jobs and their pictures stay.
func (c *Client) DeleteCollection(ctx context.Context, id string) error {
	_, err := call[OK](ctx, c, http.MethodDelete, path("collections", id), nil, nil, "")
	return err
}

// CollectionExportURL returns short-lived URLs of the parts of a collection's ZIP.
func (c *Client) CollectionExportURL(ctx context.Context, id string) (ExportDownload, error) {
	return get[ExportDownload](ctx, c, path("downloads", "collections", id, "export"), nil)
}
