package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
)

type reexportInput struct {
	JobPath
	ItemID string `path:"item_id" doc:"The item" example:"0198f7a0-0000-7000-8000-000000000002"`
	Body   *client.NewExports
}

// reexportRoutes make variants anew.
func reexportRoutes(r *Routes) {
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/items/{item_id}/exports", ID: "exportItem", Tag: tagJobs,
		Summary: "Make a finished item's variants anew from its stored layers, free of charge",
		Scope:   tenant.Write, Body: OptionalJSON, NotFound: job.ErrItemNotFound}, r.s.reexport)
}

func (s *server) reexport(ctx context.Context, in *reexportInput) (*reply[client.Item], error) {
	if !idPattern.MatchString(in.JobID) || !idPattern.MatchString(in.ItemID) {
		return nil, job.ErrItemNotFound
	}
	ids := &recordOf(ctx).ids
	ids.JobID, ids.ItemID = in.JobID, in.ItemID
	n := job.Reexport{TenantID: TenantID(ctx), JobID: in.JobID, ItemID: in.ItemID}
	if in.Body != nil {
		n.Presets = in.Body.Presets
	}
	it, err := s.Jobs.Reexport(ctx, n)
	if err != nil {
		return nil, err
	}
	out := itemOf(it)
	if s.Exports != nil {
		all, err := s.Exports.List(ctx, n.TenantID, n.JobID)
		if err != nil {
			return nil, err
		}
		for _, e := range all {
			if e.ItemID == in.ItemID {
				out.Exports = append(out.Exports, variantOf(e))
			}
		}
	}
	return replyOf(out, nil)
}
