package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/billing"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/tenant"
)

type remakeInput struct {
	JobItemPath
	Body client.Remake
}

func remakeRoutes(r *Routes) {
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/items/{item_id}/remake", ID: "remakeItem", Tag: tagJobs,
		Summary: "Make a finished item's picture again with other wishes; the answer names the item that does so",
		Scope:   tenant.Write, Body: JSONBody, NotFound: job.ErrItemNotFound}, r.s.remakeItem)
}

func (s *server) remakeItem(ctx context.Context, in *remakeInput) (*reply[client.RemadeItem], error) {
	jobID, itemID, err := in.ids(ctx)
	if err != nil {
		return nil, err
	}
	end, err := s.order(ctx, func() (billing.Quote, error) {
		return s.Quotes.QuoteRemake(ctx, TenantID(ctx), jobID, itemID, in.Body.SceneType)
	})
	if err != nil {
		return nil, err
	}
	it, err := s.Jobs.RemakeItem(ctx, job.Other{
		ID: recordOf(ctx).resourceID, TenantID: TenantID(ctx), JobID: jobID, ItemID: itemID,
		Scene: in.Body.SceneType, Prompt: in.Body.ScenePrompt, Steering: steeringOf(in.Body.Steering), Fresh: in.Body.Fresh,
	})
	if err == nil && it.Alike { // nothing was ordered
		_ = end(job.ErrNotRemakable)
	} else if err := end(err); err != nil {
		return nil, err
	}
	return replyOf(client.RemadeItem{JobID: jobID, ItemID: it.ItemID, RemakeOf: itemID, Status: it.Status, Alike: it.Alike, UnknownWords: s.unknownWords(it.ScenePrompt)}, nil)
}

// unknownWords lists the words of a prompt that no built-in scene heeds.
func (s *server) unknownWords(prompt string) []string {
	if s.UnknownWords == nil || prompt == "" {
		return nil
	}
	return s.UnknownWords(prompt)
}

// steeringOf returns wishes as callers write them.
func steeringOf(s *client.Steering) picture.Steering {
	if s == nil {
		return picture.Steering{}
	}
	return picture.Steering{
		X: s.X, Y: s.Y, Scale: s.Scale, Rotation: s.Rotation, Flip: s.Flip, Anchor: s.Anchor, Shadow: (*picture.Shadow)(s.Shadow), LightAngle: s.LightAngle,
		Reflection: s.Reflection, Relight: s.Relight, Seed: s.Seed, HeightMM: s.HeightMM, FrameMM: s.FrameMM, CameraPitch: s.CameraPitch, Palette: s.Palette, PhotoShadow: s.PhotoShadow, Translucent: s.Translucent,
	}
}

// wishesOf returns wishes as callers read them; nil when there are none.
func wishesOf(s picture.Steering) *client.Steering {
	if s.Empty() {
		return nil
	}
	return &client.Steering{
		X: s.X, Y: s.Y, Scale: s.Scale, Rotation: s.Rotation, Flip: s.Flip, Anchor: s.Anchor, Shadow: (*client.Shadow)(s.Shadow), LightAngle: s.LightAngle,
		Reflection: s.Reflection, Relight: s.Relight, Seed: s.Seed, HeightMM: s.HeightMM, FrameMM: s.FrameMM, CameraPitch: s.CameraPitch, Palette: s.Palette, PhotoShadow: s.PhotoShadow, Translucent: s.Translucent,
	}
}
