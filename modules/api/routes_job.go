package api

import (
	"context"
	"net/http"
	"regexp"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// TenantQuery documents the parameter that guard reads. Inputs that are embedded
// are exported because huma looks at exported fields only.
type TenantQuery struct {
	TenantID string `query:"tenant_id" example:"default" doc:"The tenant; may be left out where the credentials name one"`
}

type renameJobInput struct {
	JobPath
	Body client.JobName
}

// JobPath is the path parameter of a job.
type JobPath struct {
	TenantQuery
	JobID string `path:"job_id" doc:"The job" example:"0198f7a0-0000-7000-8000-000000000001"`
}

// idPattern matches ids. Any other text is not looked up in the database.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// id checks and notes a job's id: one that can't exist is not found.
func (p *JobPath) id(ctx context.Context) (string, error) {
	if !idPattern.MatchString(p.JobID) {
		return "", job.ErrJobNotFound
	}
	recordOf(ctx).ids.JobID = p.JobID
	return p.JobID, nil
}

type okOutput = reply[client.OK]

func ok() *okOutput { return &okOutput{client.OK{OK: true}} }

type createJobInput struct {
	TenantQuery
	Body client.NewJob
}

// optionsOf returns the steps that a request asks for. A step that it leaves
// out runs.
func optionsOf(o *client.JobOptions) pipeline.Options {
	out := pipeline.DefaultOptions
	if o == nil {
		return out
	}
	for _, f := range []struct {
		asked *bool
		field *bool
	}{{o.RemoveBackground, &out.RemoveBackground}, {o.GenerateScene, &out.GenerateScene}, {o.Upscale, &out.Upscale}} {
		if f.asked != nil {
			*f.field = *f.asked
		}
	}
	return out
}

// PageQuery is the parameters of a list that is read page by page.
type PageQuery struct {
	TenantQuery
	Cursor string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"rows of a page"`
}

func jobRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs", ID: "createJob", Summary: "Make a job of 1 to 100 photos", Tag: tagJobs,
		Scope: tenant.Write, Body: JSONBody}, s.createJob)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/jobs", ID: "listJobs", Summary: "The tenant's jobs, newest first", Tag: tagJobs, Scope: tenant.Read}, s.listJobs)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/items", ID: "listItems", Summary: "The tenant's items of all jobs, newest first", Tag: tagJobs, Scope: tenant.Read}, s.listItems)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/jobs/{job_id}", ID: "getJob", Summary: "A job with its items, their timelines and variants", Tag: tagJobs,
		Scope: tenant.Read, NotFound: job.ErrJobNotFound}, s.getJob)
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/enqueue", ID: "enqueueJob", Summary: "Queue what has been uploaded", Tag: tagJobs,
		Scope: tenant.Write, NotFound: job.ErrJobNotFound}, s.onJob(s.Jobs.Enqueue))
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/cancel", ID: "cancelJob", Summary: "Cancel what has not ended", Tag: tagJobs,
		Scope: tenant.Write, NotFound: job.ErrJobNotFound}, s.onJob(s.Jobs.Cancel))
	Add(r, Route{Method: http.MethodPatch, Path: "/v1/jobs/{job_id}", ID: "renameJob", Summary: "Give a job another name", Tag: tagJobs,
		Scope: tenant.Write, Body: JSONBody, NotFound: job.ErrJobNotFound}, s.renameJob)
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/items/{item_id}/retry", ID: "retryItem", Tag: tagJobs,
		Summary: "Try a failed item again, from its last good step; the answer names the item that does so",
		Scope:   tenant.Write, NotFound: job.ErrItemNotFound}, s.retryItem)
}

func (s *server) renameJob(ctx context.Context, in *renameJobInput) (*reply[client.JobSummary], error) {
	id, err := in.id(ctx)
	if err != nil {
		return nil, err
	}
	j, err := s.Jobs.Rename(ctx, TenantID(ctx), id, in.Body.Name)
	return replyOf(summaryOf(j), err)
}

func (s *server) createJob(ctx context.Context, in *createJobInput) (*reply[client.CreatedJob], error) {
	n := job.NewJob{
		ID: recordOf(ctx).resourceID, TenantID: TenantID(ctx), Name: in.Body.Name, BrandProfileID: in.Body.BrandProfileID, CorrelationID: telemetry.CorrelationID(ctx),
		Presets: in.Body.Presets, Options: optionsOf(in.Body.Options), Review: in.Body.Review, ReviewBelow: in.Body.ReviewBelow, Uploads: in.Body.Uploads, CallbackURL: in.Body.CallbackURL,
		CollectionID: in.Body.CollectionID,
	}
	for i, it := range in.Body.Items {
		if it.Filename == "" && it.SourceURL == "" && !callOf(ctx).has("items", i, "filename") {
			return nil, errField.With("body.items[%d]: it needs a filename or a source_url", i)
		}
		item := job.NewItem{Filename: it.Filename, ScenePrompt: it.ScenePrompt, SceneTypes: it.SceneTypes, SourceURL: it.SourceURL, Product: picture.Product(it.NewProduct), Steering: steeringOf(it.Steering)}
		if it.SceneCount != nil {
			item.SceneCount = *it.SceneCount
		}
		n.Items = append(n.Items, item)
	}
	if in.Body.DryRun {
		return s.dryRun(ctx, n)
	}
	end, err := s.order(ctx, func() (billing.Quote, error) { return s.Quotes.Quote(ctx, n) })
	if err != nil {
		return nil, err
	}
	j, err := s.Jobs.Create(ctx, n)
	if err := end(err); err != nil {
		return nil, err
	}
	recordOf(ctx).ids.JobID = j.JobID
	return replyOf(client.CreatedJob{JobID: j.JobID, CorrelationID: j.CorrelationID, Items: s.createdItems(&j), Secret: j.CallbackSecret}, nil)
}

// createdItems tells of a job's items, and what of their requests may not be meant so.
func (s *server) createdItems(j *job.Job) []client.CreatedItem {
	out := []client.CreatedItem{}
	for _, it := range j.Items {
		out = append(out, client.CreatedItem{ItemID: it.ItemID, Filename: it.Filename, SceneIndex: it.SceneIndex, SceneType: it.SceneType, UploadURL: it.UploadURL, Product: productOf(it.Product), UnknownWords: s.unknownWords(it.ScenePrompt), Note: noteOf(it)})
	}
	return out
}

// dryRun answers with the price of a job and what its items would be, and makes none.
func (s *server) dryRun(ctx context.Context, n job.NewJob) (*reply[client.CreatedJob], error) {
	if s.Quotes == nil {
		return nil, errNoQuotes
	}
	q, err := s.Quotes.Quote(ctx, n)
	if err != nil {
		return nil, err
	}
	j, err := s.Jobs.Plan(ctx, n)
	if err != nil {
		return nil, err
	}
	quote := quoteOf(q)
	return replyOf(client.CreatedJob{CorrelationID: n.CorrelationID, Items: s.createdItems(&j), Quote: &quote}, nil)
}

type retryInput struct {
	JobPath
	ItemID string `path:"item_id" doc:"The item" example:"0198f7a0-0000-7000-8000-000000000002"`
	Upload bool   `query:"upload" doc:"The new item waits for another photo in place of the failed one's, which is sent as that of a new item is"`
}

func (s *server) retryItem(ctx context.Context, in *retryInput) (*reply[client.RetriedItem], error) {
	if !idPattern.MatchString(in.JobID) || !idPattern.MatchString(in.ItemID) {
		return nil, job.ErrItemNotFound
	}
	ids := &recordOf(ctx).ids
	ids.JobID, ids.ItemID = in.JobID, in.ItemID
	end, err := s.order(ctx, func() (billing.Quote, error) { return s.Quotes.QuoteItem(ctx, TenantID(ctx), in.JobID, in.ItemID) })
	if err != nil {
		return nil, err
	}
	it, err := s.Jobs.Retry(ctx, job.Again{ID: recordOf(ctx).resourceID, TenantID: TenantID(ctx), JobID: in.JobID, ItemID: in.ItemID, Upload: in.Upload})
	if err := end(err); err != nil {
		return nil, err
	}
	return replyOf(client.RetriedItem{JobID: in.JobID, ItemID: it.ItemID, RetryOf: in.ItemID, Status: it.Status}, nil)
}

// onJob makes the handler of a call whose only parameter is a job's id.
func (s *server) onJob(do func(ctx context.Context, tenantID, jobID string) error) func(context.Context, *JobPath) (*okOutput, error) {
	return func(ctx context.Context, in *JobPath) (*okOutput, error) {
		id, err := in.id(ctx)
		if err != nil {
			return nil, err
		}
		if err := do(ctx, TenantID(ctx), id); err != nil {
			return nil, err
		}
		return ok(), nil
	}
}

// noteOf says what of an item's request may not be meant so; "" where nothing is.
func noteOf(it job.Item) string {
	note := it.Note
	if it.Product.SetID != "" && it.Product.SKU == "" {
		note = picture.Noted(note, "set_id without sku: all photos of the job without a sku and with this set_id are one set")
	}
	if it.ScenePrompt != "" && it.SceneType != "" && !picture.FollowsWords(it.SceneType) {
		note = picture.Noted(note, "plates, plain colours, gradients and crop_original follow no words: scene_prompt changes nothing")
	}
	return note
}
