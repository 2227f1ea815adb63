package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/collection"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// Collections is the collection module's service.
type Collections interface {
	Create(ctx context.Context, n collection.NewCollection) (collection.Collection, error)
	Get(ctx context.Context, tenantID, id string) (collection.Collection, error)
	List(ctx context.Context, tenantID string, f collection.Filter) (page []collection.Collection, next string, err error)
	Add(ctx context.Context, tenantID, id string, jobIDs []string) (collection.Collection, error)
	Close(ctx context.Context, tenantID, id string) (collection.Collection, error)
	Remake(ctx context.Context, tenantID, id string) (collection.Collection, error)
	Delete(ctx context.Context, tenantID, id string) error
}

const tagCollections = "Collections"

// CollectionPath is the path parameter of a collection.
type CollectionPath struct {
	TenantQuery
	ID string `path:"collection_id" doc:"The collection" example:"0198f7a0-0000-7000-8000-00000000000d"`
}

// id checks a collection's id: one that can't exist is not found.
func (p *CollectionPath) id() (string, error) {
	if !idPattern.MatchString(p.ID) {
		return "", collection.ErrNotFound
	}
	return p.ID, nil
}

type newCollectionInput struct {
	TenantQuery
	Body client.NewCollection
}

type getCollectionInput struct {
	CollectionPath
	Wait int `query:"wait" minimum:"0" maximum:"30" default:"0" doc:"Seconds to wait for the collection's end"`
}

type addJobsInput struct {
	CollectionPath
	Body client.AddJobs
}

type collectionsInput struct {
	PageQuery
	Status string `query:"status" maxLength:"200" doc:"One or more of open, processing, completed, partial, failed and cancelled, separated by commas" example:"processing"`
	Query  string `query:"q" maxLength:"200" doc:"A part of the name; capitals don't matter"`
}

var collectionStates = []string{collection.Open, collection.Processing, collection.Completed, collection.Partial, collection.Failed, collection.Cancelled}

func collectionRoutes(r *Routes) {
	s := r.s
	c := s.Collections
	const base, one = "/v1/collections", "/v1/collections/{collection_id}"
	post := func(path, id, summary string, body Body) Route {
		return Route{Method: http.MethodPost, Path: path, ID: id, Summary: summary, Tag: tagCollections, Scope: tenant.Write, Body: body, NotFound: collection.ErrNotFound}
	}
	Add(r, post(base, "createCollection", "Make a collection: any number of jobs with one progress, one ZIP and one event at the end", JSONBody),
		func(ctx context.Context, in *newCollectionInput) (*reply[client.Collection], error) {
			return wired(collectionOf)(c.Create(ctx, collection.NewCollection{
				ID: recordOf(ctx).resourceID, TenantID: TenantID(ctx), CorrelationID: telemetry.CorrelationID(ctx), Name: in.Body.Name, JobIDs: in.Body.JobIDs, Closed: in.Body.Closed,
			}))
		})
	Add(r, Route{Method: http.MethodGet, Path: base, ID: "listCollections", Summary: "The tenant's collections, newest first", Tag: tagCollections, Scope: tenant.Read},
		func(ctx context.Context, in *collectionsInput) (*reply[client.CollectionPage], error) {
			states, err := statesIn(in.Status, collectionStates)
			if err != nil {
				return nil, err
			}
			page, next, err := c.List(ctx, TenantID(ctx), collection.Filter{Status: states, Query: in.Query, Cursor: in.Cursor, Limit: in.Limit})
			return replyOf(client.CollectionPage{Collections: each(page, collectionOf), NextCursor: cursorOf(next)}, err)
		})
	Add(r, Route{Method: http.MethodGet, Path: one, ID: "getCollection", Summary: "A collection with its progress", Tag: tagCollections, Scope: tenant.Read, NotFound: collection.ErrNotFound},
		func(ctx context.Context, in *getCollectionInput) (*reply[client.Collection], error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			return waitFor(ctx, s, in.Wait, func() (client.Collection, bool, error) {
				got, err := c.Get(ctx, TenantID(ctx), id)
				return collectionOf(got), got.Ended(), err
			})
		})
	Add(r, Route{Method: http.MethodGet, Path: one + "/items", ID: "listCollectionItems", Summary: "The items of a collection's jobs in brief, newest first, page by page", Tag: tagCollections,
		Scope: tenant.Read, NotFound: collection.ErrNotFound}, s.collectionItems)
	Add(r, post(one+"/jobs", "addToCollection", "Put jobs into an open collection", JSONBody), func(ctx context.Context, in *addJobsInput) (*reply[client.Collection], error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		return wired(collectionOf)(c.Add(ctx, TenantID(ctx), id, in.Body.JobIDs))
	})
	on := func(do func(ctx context.Context, tenantID, id string) (collection.Collection, error)) func(context.Context, *CollectionPath) (*reply[client.Collection], error) {
		return func(ctx context.Context, in *CollectionPath) (*reply[client.Collection], error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			return wired(collectionOf)(do(ctx, TenantID(ctx), id))
		}
	}
	Add(r, post(one+"/close", "closeCollection", "Say that no other job comes: the collection ends with its jobs", NoBody), on(c.Close))
	Add(r, post(one+"/export", "remakeCollectionZIP", "Have the ZIP of an ended collection made again, of its pictures as they are now", NoBody), on(c.Remake))
	Add(r, Route{Method: http.MethodDelete, Path: one, ID: "deleteCollection", Summary: "Delete a collection with its ZIP; its jobs and their pictures stay", Tag: tagCollections,
		Scope: tenant.Write, NotFound: collection.ErrNotFound}, func(ctx context.Context, in *CollectionPath) (*okOutput, error) {
		id, err := in.id()
		if err == nil {
			err = c.Delete(ctx, TenantID(ctx), id)
		}
		if err != nil {
			return nil, err
		}
		return ok(), nil
	})
	if s.Exports == nil {
		return
	}
	Add(r, Route{Method: http.MethodGet, Path: "/v1/downloads/collections/{collection_id}/export", ID: "collectionExportURL", Summary: "URLs of the parts of a collection's ZIP",
		Tag: tagDownloads, Scope: tenant.Read, NotFound: collection.ErrNotFound}, func(ctx context.Context, in *CollectionPath) (*exportOutput, error) {
		id, err := in.id()
		if err != nil {
			return nil, err
		}
		of, err := c.Get(ctx, TenantID(ctx), id)
		if err != nil {
			return nil, err
		}
		outdated, err := s.Exports.CollectionOutdated(ctx, TenantID(ctx), id)
		if err != nil {
			return nil, err
		}
		parts, err := s.Exports.CollectionParts(ctx, TenantID(ctx), id, cmp.Or(of.Name, "opal-"+of.CreatedAt.UTC().Format(time.DateOnly)))
		if err == nil && len(parts) == 0 {
			err = collection.ErrNoZIP
		}
		if err != nil {
			return nil, err
		}
		return partsOutput("", parts, outdated), nil
	})
}

type collectionItemsInput struct {
	CollectionPath
	Cursor string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"200" doc:"rows of a page"`
	Since  string `query:"changed_since" maxLength:"40" doc:"as_of of an answer before: only items that changed since, and those of jobs whose variants did" example:"2026-11-27T09:30:05Z"`
}

// itemsLag is how long before an answer its as_of is: a transaction may end after others whose
// times are later than its own, and clocks of machines differ a little.
const itemsLag = 10 * time.Second

func (s *server) collectionItems(ctx context.Context, in *collectionItemsInput) (*reply[client.CollectionItemPage], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	out := client.CollectionItemPage{AsOf: time.Now().Add(-itemsLag).UTC()}
	f := job.Filter{Collection: id, Cursor: in.Cursor, Limit: in.Limit, Plain: true}
	if f.Changed, err = moment("changed_since", in.Since, false); err != nil {
		return nil, err
	}
	if _, err := s.Collections.Get(ctx, TenantID(ctx), id); err != nil {
		return nil, err
	}
	found, next, err := s.Jobs.Items(ctx, TenantID(ctx), f)
	if err != nil {
		return nil, err
	}
	variants := map[string][]export.Export{}
	if s.Exports != nil && len(found) > 0 {
		all, err := s.Exports.OfItems(ctx, TenantID(ctx), each(found, func(it job.Found) string { return it.ItemID }))
		if err != nil {
			return nil, err
		}
		for _, e := range all {
			variants[e.ItemID] = append(variants[e.ItemID], e)
		}
	}
	comments, err := s.comments(ctx, each(found, func(it job.Found) string { return it.ItemID }))
	if err != nil {
		return nil, err
	}
	out.Items = each(found, func(it job.Found) client.CollectionItem {
		return client.CollectionItem{JobID: it.JobID, ItemBrief: briefOf(it.Item, variants[it.ItemID], comments[it.ItemID])}
	})
	out.NextCursor = cursorOf(next)
	return replyOf(out, nil)
}

func collectionOf(c collection.Collection) client.Collection {
	p := c.Progress
	return client.Collection{
		CollectionID: c.CollectionID, TenantID: c.TenantID, Name: c.Name, Status: c.Status, ZIP: c.ZIP, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, FinishedAt: c.FinishedAt,
		Jobs:   client.JobCount{Total: p.Jobs, Open: p.OpenJobs},
		Counts: client.Counts{Total: p.Total, Open: p.Open, Completed: p.Completed, Failed: p.Failed, Cancelled: p.Cancelled, OpenExports: p.OpenExports, DoneExports: p.DoneExports, FailedExports: p.FailedExports},
	}
}
