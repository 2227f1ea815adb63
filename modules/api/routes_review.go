package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/tenant"
)

type decisionInput struct {
	JobPath
	ItemID string `path:"item_id" doc:"The item" example:"0198f7a0-0000-7000-8000-000000000002"`
	Body   *client.Decision
}

// reviewRoutes are a person's decisions about finished pictures.
func reviewRoutes(r *Routes) {
	s := r.s
	for _, d := range []struct{ verb, id, state, summary string }{
		{"approve", "approveItem", picture.ReviewApproved, "Say that a finished picture may be used; the job's next ZIP has it in its channels' folders"},
		{"reject", "rejectItem", picture.ReviewRejected, "Say that a finished picture may not be used; the job's next ZIP leaves it out"},
	} {
		Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/items/{item_id}/" + d.verb, ID: d.id, Summary: d.summary, Tag: tagJobs,
			Scope: tenant.Approve, Body: OptionalJSON, NotFound: job.ErrItemNotFound},
			func(ctx context.Context, in *decisionInput) (*reply[client.Item], error) {
				return s.decide(ctx, in, d.state)
			})
	}
}

func (s *server) decide(ctx context.Context, in *decisionInput, state string) (*reply[client.Item], error) {
	if !idPattern.MatchString(in.JobID) || !idPattern.MatchString(in.ItemID) {
		return nil, job.ErrItemNotFound
	}
	ids := &recordOf(ctx).ids
	ids.JobID, ids.ItemID = in.JobID, in.ItemID
	d := job.Decision{TenantID: TenantID(ctx), JobID: in.JobID, ItemID: in.ItemID, State: state, By: callOf(ctx).name}
	if in.Body != nil {
		d.Note, d.Seen = in.Body.Note, in.Body.Seen
	}
	it, err := s.Jobs.Decide(ctx, d)
	if err != nil {
		return nil, err
	}
	// the variants are part of the job's answer only
	return replyOf(itemOf(it), nil)
}
