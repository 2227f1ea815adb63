package api

import (
	"context"
	"net/http"
	"regexp"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/export"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// TenantQuery documents the parameter that guard reads. Inputs that are embedded
// are exported because huma looks at exported fields only.
type TenantQuery struct {
	TenantID string `query:"tenant_id" doc:"The tenant; may be left out where the credentials name one"`
}

// JobPath is the path parameter of a job.
type JobPath struct {
	TenantQuery
	JobID string `path:"job_id"`
}

// idPattern is what ids look like. What doesn't is not asked for in the
// database.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// id checks and notes a job's id: one that can't exist is not found.
func (p *JobPath) id(ctx context.Context) (string, error) {
	if !idPattern.MatchString(p.JobID) {
		return "", job.ErrJobNotFound
	}
	recordOf(ctx).ids.JobID = p.JobID
	return p.JobID, nil
}

type okOutput struct {
	Body struct {
		OK bool `json:"ok"`
	}
}

func ok() *okOutput {
	o := &okOutput{}
	o.Body.OK = true
	return o
}

type createJobInput struct {
	TenantQuery
	Body createJobBody
}

type createJobBody struct {
	TenantID       string             `json:"tenant_id" nullable:"true"`
	BrandProfileID string             `json:"brand_profile_id" nullable:"true" maxLength:"63" doc:"default when left out"`
	Items          []createItem       `json:"items" required:"true" nullable:"false" minItems:"1" maxItems:"100"`
	Presets        []string           `json:"presets" nullable:"true" maxItems:"100" doc:"names from GET /v1/presets; left out: the brand's, else a default set"`
	Options        *processingOptions `json:"processing_options"`
	DryRun         bool               `json:"dry_run" doc:"answer the exact cost and make nothing"`
}

type createItem struct {
	Filename    string   `json:"filename" required:"true" doc:"the photo's file name, 1–255 characters"`
	ScenePrompt string   `json:"scene_prompt" nullable:"true" maxLength:"2000" doc:"words for the scene"`
	SceneTypes  []string `json:"scene_types" nullable:"true" maxItems:"10" doc:"one item is made per scene; names from GET /v1/scenes"`
	SceneCount  *int     `json:"scene_count" minimum:"1" maximum:"10" doc:"left out: one per scene type, or one"`
}

// processingOptions are true where left out.
type processingOptions struct {
	RemoveBackground *bool `json:"remove_background" doc:"false: the whole frame is the product"`
	GenerateScene    *bool `json:"generate_scene" doc:"false: the cut-out is the output"`
	Upscale          *bool `json:"upscale"`
}

func (o *processingOptions) options() pipeline.Options {
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

type createJobOutput struct {
	Body struct {
		JobID         string         `json:"job_id,omitempty"`
		CorrelationID string         `json:"correlation_id"`
		Items         []createdItem  `json:"items"`
		Quote         *billing.Quote `json:"quote,omitempty" doc:"of a dry run: the exact cost; nothing was made"`
	}
}

type createdItem struct {
	ItemID     string `json:"item_id"`
	Filename   string `json:"filename"`
	SceneIndex int    `json:"scene_index"`
	SceneType  string `json:"scene_type"`
}

type getJobOutput struct {
	Body jobBody
}

// jobBody is a job with its items' variants.
type jobBody struct {
	job.Job
	Items []itemBody `json:"items"` // in place of the job's own
}

type itemBody struct {
	job.Item
	Exports []Variant `json:"exports"`
}

// Variant is one picture of an item, made for a preset.
type Variant struct {
	Preset       string        `json:"preset"`
	Status       string        `json:"status"`
	Format       string        `json:"format"` // jpeg, webp, avif or png; "" while it isn't made
	Width        int           `json:"width"`  // pixels; 0 while it isn't made
	Height       int           `json:"height"`
	Bytes        int64         `json:"bytes"`
	BlobPath     *string       `json:"blob_path"`
	Checks       []check.Check `json:"checks"`
	ErrorCode    *string       `json:"error_code"`
	ErrorMessage *string       `json:"error_message"`
}

func variantOf(e export.Export) Variant {
	v := Variant{Preset: e.Preset, Status: e.Status, Format: e.Format, Width: e.Width, Height: e.Height, Bytes: e.Bytes,
		BlobPath: e.BlobPath, Checks: e.Checks, ErrorCode: e.ErrorCode, ErrorMessage: e.ErrorMessage}
	if v.Checks == nil {
		v.Checks = []check.Check{}
	}
	return v
}

// PageQuery is the parameters of a list that is read page by page.
type PageQuery struct {
	TenantQuery
	Cursor string `query:"cursor" maxLength:"100" doc:"next_cursor of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type listJobsOutput struct {
	Body struct {
		Jobs       []jobSummary `json:"jobs"`
		NextCursor *string      `json:"next_cursor" doc:"null on the last page"`
	}
}

// jobSummary is a job without its items.
type jobSummary struct {
	job.Job
	Items any `json:"items,omitempty" hidden:"true"` // hides the job's own, and is never set
}

func jobRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs", ID: "createJob", Summary: "Make a job of 1 to 100 photos", Tag: tagJobs,
		Scope: tenant.Write, Body: JSONBody, Creates: true}, s.createJob)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/jobs", ID: "listJobs", Summary: "The tenant's jobs, newest first", Tag: tagJobs, Scope: tenant.Read}, s.listJobs)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/jobs/{job_id}", ID: "getJob", Summary: "A job with its items, their timelines and variants", Tag: tagJobs,
		Scope: tenant.Read, NotFound: job.ErrJobNotFound}, s.getJob)
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/enqueue", ID: "enqueueJob", Summary: "Queue what has been uploaded", Tag: tagJobs,
		Scope: tenant.Write, NotFound: job.ErrJobNotFound}, s.onJob(s.Jobs.Enqueue))
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/cancel", ID: "cancelJob", Summary: "Cancel what has not ended", Tag: tagJobs,
		Scope: tenant.Write, NotFound: job.ErrJobNotFound}, s.onJob(s.Jobs.Cancel))
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/items/{item_id}/retry", ID: "retryItem", Tag: tagJobs,
		Summary: "Try a failed item again, from its last good step; the answer names the item that does so",
		Scope:   tenant.Write, Creates: true, NotFound: job.ErrItemNotFound}, s.retryItem)
}

func (s *server) createJob(ctx context.Context, in *createJobInput) (*createJobOutput, error) {
	n := job.NewJob{
		TenantID: TenantID(ctx), BrandProfileID: in.Body.BrandProfileID, CorrelationID: telemetry.CorrelationID(ctx),
		Presets: in.Body.Presets, Options: in.Body.Options.options(),
	}
	for _, it := range in.Body.Items {
		item := job.NewItem{Filename: it.Filename, ScenePrompt: it.ScenePrompt, SceneTypes: it.SceneTypes}
		if it.SceneCount != nil {
			item.SceneCount = *it.SceneCount
		}
		n.Items = append(n.Items, item)
	}
	if in.Body.DryRun {
		return s.dryRun(ctx, n)
	}
	j, err := s.Jobs.Create(ctx, n)
	if err != nil {
		return nil, err
	}
	recordOf(ctx).ids.JobID = j.JobID
	out := &createJobOutput{}
	out.Body.JobID, out.Body.CorrelationID = j.JobID, j.CorrelationID
	out.Body.Items = []createdItem{}
	for _, it := range j.Items {
		out.Body.Items = append(out.Body.Items, createdItem{it.ItemID, it.Filename, it.SceneIndex, it.SceneType})
	}
	return out, nil
}

// dryRun answers what a job would cost.
func (s *server) dryRun(ctx context.Context, n job.NewJob) (*createJobOutput, error) {
	if s.Quotes == nil {
		return nil, errNoQuotes
	}
	q, err := s.Quotes.Quote(ctx, n)
	if err != nil {
		return nil, err
	}
	out := &createJobOutput{}
	out.Body.CorrelationID, out.Body.Items, out.Body.Quote = n.CorrelationID, []createdItem{}, &q
	return out, nil
}

func (s *server) listJobs(ctx context.Context, in *PageQuery) (*listJobsOutput, error) {
	jobs, next, err := s.Jobs.List(ctx, TenantID(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &listJobsOutput{}
	out.Body.Jobs = make([]jobSummary, len(jobs))
	for i, j := range jobs {
		out.Body.Jobs[i].Job = j
	}
	if next != "" {
		out.Body.NextCursor = &next
	}
	return out, nil
}

func (s *server) getJob(ctx context.Context, in *JobPath) (*getJobOutput, error) {
	id, err := in.id(ctx)
	if err != nil {
		return nil, err
	}
	j, err := s.Jobs.Get(ctx, TenantID(ctx), id)
	if err != nil {
		return nil, err
	}
	body, err := s.withExports(ctx, j)
	return &getJobOutput{Body: body}, err
}

// withExports puts the variants to their items.
func (s *server) withExports(ctx context.Context, j job.Job) (jobBody, error) {
	variants := map[string][]Variant{}
	if s.Exports != nil {
		all, err := s.Exports.List(ctx, j.TenantID, j.JobID)
		if err != nil {
			return jobBody{}, err
		}
		for _, e := range all {
			variants[e.ItemID] = append(variants[e.ItemID], variantOf(e))
		}
	}
	b := jobBody{Job: j, Items: make([]itemBody, len(j.Items))}
	for i, it := range j.Items {
		b.Items[i] = itemBody{Item: it, Exports: variants[it.ItemID]}
		if b.Items[i].Exports == nil {
			b.Items[i].Exports = []Variant{}
		}
	}
	return b, nil
}

type retryInput struct {
	JobPath
	ItemID string `path:"item_id"`
}

type retryOutput struct {
	Body struct {
		JobID   string `json:"job_id"`
		ItemID  string `json:"item_id" doc:"the new item"`
		RetryOf string `json:"retry_of" doc:"the failed item, which stays as it is"`
		Status  string `json:"status"`
	}
}

func (s *server) retryItem(ctx context.Context, in *retryInput) (*retryOutput, error) {
	if !idPattern.MatchString(in.JobID) || !idPattern.MatchString(in.ItemID) {
		return nil, job.ErrItemNotFound
	}
	ids := &recordOf(ctx).ids
	ids.JobID, ids.ItemID = in.JobID, in.ItemID
	it, err := s.Jobs.Retry(ctx, TenantID(ctx), in.JobID, in.ItemID)
	if err != nil {
		return nil, err
	}
	out := &retryOutput{}
	out.Body.JobID, out.Body.ItemID, out.Body.RetryOf, out.Body.Status = in.JobID, it.ItemID, in.ItemID, it.Status
	return out, nil
}

// onJob makes the handler of a call that says no more than a job's id.
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
