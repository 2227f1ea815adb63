package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/tenant"
)

// CutoutPath names an item, and how long a call waits for its cut-out.
type CutoutPath struct {
	JobPath
	ItemID string `path:"item_id" doc:"The item" example:"0198f7a0-0000-7000-8000-000000000002"`
	Wait   int    `query:"wait" minimum:"0" maximum:"30" default:"0" doc:"Seconds to wait for a version that is being made" example:"10"`
}

type cutoutChangeInput struct {
	CutoutPath
	Body client.NewCutout
}

// cutoutRoutes are the versions of an item's cut-out.
func cutoutRoutes(r *Routes) {
	const path = "/v1/jobs/{job_id}/items/{item_id}/cutout"
	Add(r, Route{Method: http.MethodGet, Path: path, ID: "getCutout", Tag: tagJobs, Summary: "List the versions of an item's cut-out",
		Scope: tenant.Read, NotFound: job.ErrItemNotFound}, r.s.cutout)
	Add(r, Route{Method: http.MethodPost, Path: path, ID: "changeCutout", Tag: tagJobs, Summary: "Say what is wrong with an item's cut-out, and get a new version, free of charge",
		Scope: tenant.Write, Body: JSONBody, NotFound: job.ErrItemNotFound}, r.s.changeCutout)
}

func (s *server) changeCutout(ctx context.Context, in *cutoutChangeInput) (*reply[client.Cutout], error) {
	if !idPattern.MatchString(in.JobID) || !idPattern.MatchString(in.ItemID) {
		return nil, job.ErrItemNotFound
	}
	c := job.Change{ID: recordOf(ctx).resourceID, TenantID: TenantID(ctx), JobID: in.JobID, ItemID: in.ItemID, Restore: in.Body.Restore}
	if b := in.Body; len(b.Keep) > 0 || len(b.Remove) > 0 || b.Box != nil {
		c.Hints = &picture.Hints{Keep: each(b.Keep, hintOf), Remove: each(b.Remove, hintOf), Box: (*picture.Box)(b.Box)}
	}
	if err := s.Jobs.ChangeCutout(ctx, c); err != nil {
		return nil, err
	}
	return s.cutout(ctx, &in.CutoutPath)
}

func (s *server) cutout(ctx context.Context, in *CutoutPath) (*reply[client.Cutout], error) {
	if !idPattern.MatchString(in.JobID) || !idPattern.MatchString(in.ItemID) {
		return nil, job.ErrItemNotFound
	}
	ids := &recordOf(ctx).ids
	ids.JobID, ids.ItemID = in.JobID, in.ItemID
	return waitFor(ctx, s, in.Wait, func() (client.Cutout, bool, error) {
		all, err := s.Jobs.Versions(ctx, TenantID(ctx), in.JobID, in.ItemID)
		out := client.Cutout{JobID: in.JobID, ItemID: in.ItemID, Versions: each(all, versionOf)}
		for _, v := range all {
			if v.Current {
				out.Version = &v.Version
			}
		}
		return out, out.Open() == nil, err
	})
}

func hintOf(s client.Stroke) picture.Stroke { return picture.Stroke(s) }

func strokeOf(s picture.Stroke) client.Stroke { return client.Stroke(s) }

func versionOf(v job.Version) client.CutoutVersion {
	out := client.CutoutVersion{
		Version: v.Version, Status: v.Status, Current: v.Current, Base: v.Base, CutoutURL: v.CutoutURL, ErrorCode: v.ErrorCode, ErrorMessage: v.ErrorMessage,
		CreatedAt: v.CreatedAt, EndedAt: v.EndedAt,
	}
	if h := v.Hints; h != nil {
		out.Keep, out.Remove, out.Box = each(h.Keep, strokeOf), each(h.Remove, strokeOf), (*[4]int)(h.Box)
	}
	return out
}
