package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
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
