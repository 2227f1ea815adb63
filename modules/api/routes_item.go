package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
)

// JobItemPath is the path parameters of an item of a job.
type JobItemPath struct {
	JobPath
	ItemID string `path:"item_id" doc:"The item" example:"0198f7a0-0000-7000-8000-000000000002"`
}

// ids checks and notes both ids.
func (p *JobItemPath) ids(ctx context.Context) (jobID, itemID string, err error) {
	if !idPattern.MatchString(p.JobID) || !idPattern.MatchString(p.ItemID) {
		return "", "", job.ErrItemNotFound
	}
	ids := &recordOf(ctx).ids
	ids.JobID, ids.ItemID = p.JobID, p.ItemID
	return p.JobID, p.ItemID, nil
}

type jobItemsInput struct {
	JobPath
	Items  []string `query:"item_id,explode" maxItems:"200" doc:"Only these items" example:"[\"0198f7a0-0000-7000-8000-000000000002\"]"`
	Cursor string   `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`
	Limit  int      `query:"limit" minimum:"1" maximum:"1000" default:"200" doc:"rows of a page"`
	Since  string   `query:"changed_since" maxLength:"40" doc:"as_of of an answer before: only items that changed since, or were decided on" example:"2026-11-27T09:30:05Z"`
}

type thumbnailInput struct {
	JobItemPath
	Of      string `query:"of" enum:"picture,photo" default:"picture" doc:"The finished picture, or the photo that it is made of" example:"picture"`
	Version string `query:"version" maxLength:"1100" doc:"The item's picture or photo, as GET /v1/jobs/{job_id}/items says it; its path does, too" example:"3f9a2c1d"`
}

type pictureOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// itemRoutes are a job's items one by one and in pages.
func itemRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodGet, Path: "/v1/jobs/{job_id}/items", ID: "listJobItems", Summary: "A job's items in brief, page by page", Tag: tagJobs,
		Scope: tenant.Read, NotFound: job.ErrJobNotFound}, s.jobItems)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/jobs/{job_id}/items/{item_id}", ID: "getJobItem", Summary: "An item with its timeline and variants", Tag: tagJobs,
		Scope: tenant.Read, NotFound: job.ErrItemNotFound}, s.jobItem)
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/items/{item_id}/cancel", ID: "cancelItem", Summary: "Leave an item out that has not ended, or failed", Tag: tagJobs,
		Scope: tenant.Write, NotFound: job.ErrItemNotFound}, s.cancelItem)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/jobs/{job_id}/items/{item_id}/thumbnail", ID: "thumbnail", Summary: "A small WebP of an item's finished picture, or of its photo", Tag: tagDownloads,
		Scope: tenant.Read, NotFound: job.ErrItemNotFound}, s.thumbnail)
}

func (s *server) jobItems(ctx context.Context, in *jobItemsInput) (*reply[client.ItemPage], error) {
	id, err := in.id(ctx)
	if err != nil {
		return nil, err
	}
	from := 0
	if in.Cursor != "" {
		if from, err = strconv.Atoi(in.Cursor); err != nil || from < 0 {
			return nil, job.ErrCursor
		}
	}
	since, err := moment("changed_since", in.Since, false)
	if err != nil {
		return nil, err
	}
	asOf := time.Now().Add(-itemsLag).UTC()
	items, more, err := s.Jobs.Page(ctx, TenantID(ctx), id, job.Part{IDs: in.Items, Changed: since, From: from, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	all, err := s.variants(ctx, id, items)
	if err != nil {
		return nil, err
	}
	variants := map[string][]export.Export{}
	for _, e := range all {
		variants[e.ItemID] = append(variants[e.ItemID], e)
	}
	comments, err := s.comments(ctx, each(items, func(it job.Item) string { return it.ItemID }))
	if err != nil {
		return nil, err
	}
	out := client.ItemPage{AsOf: asOf, Items: each(items, func(it job.Item) client.ItemBrief { return briefOf(it, variants[it.ItemID], comments[it.ItemID]) })}
	if more {
		next := strconv.Itoa(from + in.Limit)
		out.NextCursor = &next
	}
	return replyOf(out, nil)
}

// variants returns the variants of some items of a job: of many by the job, which has
// few others then.
func (s *server) variants(ctx context.Context, jobID string, items []job.Item) ([]export.Export, error) {
	switch {
	case s.Exports == nil || len(items) == 0:
		return nil, nil
	case len(items) > 200:
		return s.Exports.List(ctx, TenantID(ctx), jobID)
	}
	return s.Exports.OfItems(ctx, TenantID(ctx), each(items, func(it job.Item) string { return it.ItemID }))
}

// comments returns how many comments pictures have, those that have any.
func (s *server) comments(ctx context.Context, itemIDs []string) (map[string]int, error) {
	if s.Shares == nil || len(itemIDs) == 0 {
		return nil, nil
	}
	return s.Shares.Counts(ctx, TenantID(ctx), itemIDs)
}

// looksSoft is the enlargement beyond which a picture's row names it.
const looksSoft = 2

func briefOf(it job.Item, variants []export.Export, comments int) client.ItemBrief {
	out := client.ItemBrief{
		ItemID: it.ItemID, Filename: it.Filename, Status: it.Status, SceneIndex: it.SceneIndex, SceneType: it.SceneType, SKU: productOf(it.Product).SKU,
		ErrorCode: it.ErrorCode, ErrorMessage: it.ErrorMessage, ReviewReason: it.ReviewReason, Confidence: it.Confidence,
		RemakeOf: it.RemakeOf, SupersededBy: it.SupersededBy, Waiting: (*client.Waiting)(it.Waiting), RetryOf: it.RetryOf, RetriedBy: it.RetriedBy, LeftOut: it.LeftOut, Rejected: []string{}, Comments: comments, UpdatedAt: it.UpdatedAt,
	}
	if it.Review != nil {
		out.Review, out.DecidedBy, out.ByGuest = &it.Review.State, it.Review.By, it.Review.Guest
	}
	if f := it.Fidelity; f != nil && f.Enlarged > looksSoft {
		out.Enlarged = f.Enlarged
	}
	if len(it.Concerns) > 0 {
		out.Concern = it.Concerns[0].Kind
	}
	out.Picture, out.Photo = shortOf(it.OutputBlobPath), shortOf(it.RawBlobPath)
	for _, v := range variants {
		out.Variants.Total++
		switch v.Status {
		case "pending", "processing":
			out.Variants.Open++
		case "failed":
			out.Variants.Failed++
		case "rejected":
			out.Rejected = append(out.Rejected, v.Preset)
		}
	}
	return out
}

// shortOf returns a short text that changes when a path does; nil where there is none.
func shortOf(path *string) *string {
	if path == nil {
		return nil
	}
	sum := sha256.Sum256([]byte(*path))
	version := hex.EncodeToString(sum[:4])
	return &version
}

func (s *server) jobItem(ctx context.Context, in *JobItemPath) (*reply[client.Item], error) {
	jobID, itemID, err := in.ids(ctx)
	if err != nil {
		return nil, err
	}
	it, err := s.Jobs.Item(ctx, TenantID(ctx), jobID, itemID)
	if err != nil {
		return nil, err
	}
	all, err := s.variants(ctx, jobID, []job.Item{it})
	if err != nil {
		return nil, err
	}
	return replyOf(withVariants(itemOf(it), variantsOf(all)), nil)
}

func (s *server) cancelItem(ctx context.Context, in *JobItemPath) (*okOutput, error) {
	jobID, itemID, err := in.ids(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.Jobs.CancelItem(ctx, TenantID(ctx), jobID, itemID); err != nil {
		return nil, err
	}
	return ok(), nil
}

func (s *server) thumbnail(ctx context.Context, in *thumbnailInput) (*pictureOutput, error) {
	jobID, itemID, err := in.ids(ctx)
	if err != nil {
		return nil, err
	}
	read := s.Downloads.Thumbnail
	if in.Of == "photo" {
		read = s.Downloads.PhotoThumbnail
	}
	b, err := read(ctx, TenantID(ctx), jobID, itemID)
	if err != nil {
		return nil, err
	}
	cache := "private, no-cache"
	if in.Version != "" {
		cache = "private, max-age=31536000, immutable"
	}
	return &pictureOutput{"image/webp", cache, b}, nil
}
