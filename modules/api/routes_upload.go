package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// Errors of callers with uploads.
var (
	errField     = fault.New(fault.Invalid, "validation_failed", "The request is not valid")
	errFileField = fault.New(fault.Invalid, "file_missing", "The form needs one photo in field \"file\"")
	errPhotoSize = fault.New(fault.TooLarge, "photo_too_large", "The photo is too large")
)

type uploadURLInput struct {
	TenantQuery
	Body client.UploadRequest
}

type completeInput struct {
	TenantQuery
	Body client.CompleteRequest
}

func uploadRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodPost, Path: "/v1/uploads/sas", ID: "uploadURL", Summary: "A URL to PUT a photo to", Tag: tagUploads,
		Scope: tenant.Write, Body: JSONBody, NotFound: job.ErrItemNotFound}, s.uploadURL)
	Add(r, Route{Method: http.MethodPost, Path: "/v1/uploads/complete", ID: "completeUpload", Summary: "Say that the photo has been PUT, and queue it", Tag: tagUploads,
		Scope: tenant.Write, Body: JSONBody, NotFound: job.ErrItemNotFound}, s.completeUpload)
	Add(r, Route{Method: http.MethodPost, Path: "/v1/uploads/direct", ID: "directUpload", Summary: "Send the photo through the API; /enqueue queues it", Tag: tagUploads,
		Scope: tenant.Write, Body: FormBody, Form: uploadForm, NotFound: job.ErrItemNotFound}, s.directUpload)
}

// noteIDs checks the ids of an upload and records them for the log. Ids that
// can't exist are not found.
func noteIDs(ctx context.Context, jobID, itemID string) error {
	if jobID == "" || itemID == "" {
		return errField.With("job_id and item_id are needed")
	}
	if !idPattern.MatchString(jobID) || !idPattern.MatchString(itemID) {
		return job.ErrItemNotFound
	}
	rec := recordOf(ctx)
	rec.ids.JobID, rec.ids.ItemID = jobID, itemID
	return nil
}

func (s *server) uploadURL(ctx context.Context, in *uploadURLInput) (*reply[client.UploadURL], error) {
	b := in.Body
	if err := noteIDs(ctx, b.JobID, b.ItemID); err != nil {
		return nil, err
	}
	url, path, err := s.Uploads.UploadURL(ctx, job.UploadRequest{
		TenantID: TenantID(ctx), JobID: b.JobID, ItemID: b.ItemID, Filename: b.Filename, ContentType: b.ContentType,
	})
	return replyOf(client.UploadURL{UploadURL: url, RawBlobPath: path}, err)
}

func (s *server) completeUpload(ctx context.Context, in *completeInput) (*reply[client.Completed], error) {
	if len(in.Body.Items) > 0 {
		return s.completeMany(ctx, in.Body)
	}
	if err := noteIDs(ctx, in.Body.JobID, in.Body.ItemID); err != nil {
		return nil, err
	}
	if in.Body.Rename {
		if err := s.Uploads.RenamePhoto(ctx, TenantID(ctx), in.Body.JobID, in.Body.ItemID, in.Body.Filename); err != nil {
			return nil, err
		}
	}
	if err := s.Uploads.Complete(ctx, TenantID(ctx), in.Body.JobID, in.Body.ItemID); err != nil {
		return nil, err
	}
	return replyOf(client.Completed{OK: true}, nil)
}

// completeHands is how many of a call's items are completed at the same time.
const completeHands = 8

// completeMany completes many items, each by itself.
func (s *server) completeMany(ctx context.Context, b client.CompleteRequest) (*reply[client.Completed], error) {
	if b.JobID != "" && !idPattern.MatchString(b.JobID) {
		return nil, job.ErrItemNotFound
	}
	if one := (client.CompleteItem{ItemID: b.ItemID}); b.ItemID != "" && !slices.Contains(b.Items, one) {
		b.Items = append(b.Items, one)
	}
	recordOf(ctx).ids.JobID = b.JobID
	out := client.Completed{OK: true, Items: make([]client.CompletedItem, len(b.Items))}
	var hands errgroup.Group
	hands.SetLimit(completeHands)
	for i, it := range b.Items {
		hands.Go(func() error {
			err := fault.Guard(func() error {
				if !idPattern.MatchString(it.ItemID) {
					return job.ErrItemNotFound
				}
				return s.Uploads.Complete(ctx, TenantID(ctx), b.JobID, it.ItemID)
			})
			out.Items[i] = client.CompletedItem{ItemID: it.ItemID, OK: err == nil}
			if err != nil {
				p := problemOf(context.WithValue(ctx, recordKey{}, &record{}), err) // the request's own record has one writer
				out.Items[i].Error = &client.ItemError{Code: p.Code, Detail: p.Detail}
				if p.Status >= http.StatusInternalServerError {
					telemetry.Log(telemetry.With(ctx, telemetry.IDs{JobID: b.JobID, ItemID: it.ItemID})).Error().Err(err).Msg("An item of many was not completed")
				}
			}
			return nil
		})
	}
	_ = hands.Wait() // it has no error
	for _, it := range out.Items {
		out.OK = out.OK && it.OK
	}
	return replyOf(out, nil)
}

// uploadForm are the fields of a photo that is sent through the API.
var uploadForm = []Field{{Name: "job_id", Required: true}, {Name: "item_id", Required: true}, {Name: "file", Doc: "The photo", File: true, Required: true}}

func (s *server) directUpload(ctx context.Context, _ *TenantQuery) (_ *reply[client.DirectUpload], err error) {
	form := callOf(ctx).form
	one := func(name string) string {
		if v := form.Value[name]; len(v) == 1 {
			return v[0]
		}
		return ""
	}
	jobID, itemID := one("job_id"), one("item_id")
	if err := noteIDs(ctx, jobID, itemID); err != nil {
		return nil, err
	}
	f, body, err := s.formPhoto(form)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	path, err := s.Uploads.Direct(ctx, TenantID(ctx), jobID, itemID, lastPart(f.Filename), f.Size, body)
	return replyOf(client.DirectUpload{OK: true, RawBlobPath: path}, err)
}

// lastPart returns a file name without the folders that some programs send before
// it with backslashes. Go itself removes those with forward slashes.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '\\')+1:] }
