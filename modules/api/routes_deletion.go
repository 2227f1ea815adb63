package api

import (
	"context"
	"net/http"
	"time"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/intake"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/preflight"
	"github.com/opal-photo/opal/modules/share"
	"github.com/opal-photo/opal/modules/tenant"
	"github.com/opal-photo/opal/modules/webhook"
)

type deletionInput struct {
	TenantQuery
	DeletionID string `path:"deletion_id" doc:"The receipt" example:"0198f7a0-0000-7000-8000-000000000004"`
}

func deletionRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodDelete, Path: "/v1/jobs/{job_id}", ID: "deleteJob", Tag: tagJobs,
		Summary: "Delete a job with all its pictures, now and permanently; the answer is the receipt",
		Scope:   tenant.Write, NotFound: job.ErrJobNotFound}, s.deleteJob)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/deletions", ID: "listDeletions", Summary: "The receipts of deleted jobs, newest first", Tag: tagJobs,
		Scope: tenant.Read}, s.listDeletions)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/deletions/{deletion_id}", ID: "getDeletion", Summary: "The receipt of a deleted job", Tag: tagJobs,
		Scope: tenant.Read, NotFound: job.ErrNoDeletion}, s.getDeletion)
	Add(r, Route{Method: http.MethodGet, Path: "/v1/retention", ID: "getRetention", Summary: "How long jobs, photos and pictures are kept, and what is kept about them", Tag: tagJobs,
		Scope: tenant.Read}, s.getRetention)
}

func (s *server) deleteJob(ctx context.Context, in *JobPath) (*reply[client.Deletion], error) {
	id, err := in.id(ctx)
	if err != nil {
		return nil, err
	}
	d, err := s.Deletions.Delete(ctx, TenantID(ctx), id)
	return replyOf(deletionOf(d), err)
}

func (s *server) getDeletion(ctx context.Context, in *deletionInput) (*reply[client.Deletion], error) {
	if !idPattern.MatchString(in.DeletionID) {
		return nil, job.ErrNoDeletion
	}
	d, err := s.Deletions.Deletion(ctx, TenantID(ctx), in.DeletionID)
	return replyOf(deletionOf(d), err)
}

func (s *server) listDeletions(ctx context.Context, in *PageQuery) (*reply[client.DeletionPage], error) {
	page, next, err := s.Deletions.Deletions(ctx, TenantID(ctx), in.Cursor, in.Limit)
	return replyOf(client.DeletionPage{Deletions: each(page, deletionOf), NextCursor: cursorOf(next)}, err)
}

func (s *server) getRetention(ctx context.Context, _ *TenantQuery) (*reply[client.Retention], error) {
	k, err := s.Deletions.Kept(ctx, TenantID(ctx))
	days := func(kept time.Duration) int {
		n := int(kept.Hours()) / 24
		if k.Service > 0 {
			n = min(n, k.Service)
		}
		return n
	}
	out := client.Retention{
		Own: k.Own, PhotoHours: int(k.Waits.Hours()), ImportDays: days(intake.Kept), CheckDays: days(preflight.Kept),
		DeliveryDays: int(webhook.Kept.Hours()) / 24, ShareDays: int(share.Kept.Hours()) / 24,
	}
	if k.Days > 0 {
		out.JobDays = &k.Days
	}
	return replyOf(out, err)
}
