package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/job"
	"github.com/opal-photo/opal/modules/tenant"
)

// Limits of previews, which the API makes while its caller waits.
const (
	// MaxPreviewPhoto bounds a photo's file, in bytes, and MaxPreviewSide its longer side, in
	// pixels: callers send a small copy.
	MaxPreviewPhoto = 2 << 20
	MaxPreviewSide  = 1280
	// MaxPreviewScenes bounds how many scenes one call shows.
	MaxPreviewScenes = 12
)

// Errors of previews.
var (
	ErrPreviewSize = fault.New(fault.Invalid, "preview_too_large",
		fmt.Sprintf("A preview is made of a small copy of the photo: at most %d MB, and %d pixels on its longer side", MaxPreviewPhoto>>20, MaxPreviewSide))
	ErrPreviewBusy   = fault.New(fault.Unavailable, "previews_busy", "Many previews are being made; try again in a moment")
	errPreviewScenes = fault.New(fault.Invalid, "preview_scenes", fmt.Sprintf("A preview needs 1 to %d scene_types", MaxPreviewScenes))
	errPreviewBrand  = fault.New(fault.Invalid, "brand_profile_malformed", "brand_profile must be a brand profile as JSON, as POST /v1/brand-profiles takes it")
)

// Preview is a small picture that nobody keeps; see client.Preview.
type Preview = client.Preview

// PhotoPreview asks for previews of a photo that is not uploaded.
type PhotoPreview struct {
	Photo    []byte
	Filename string
	Brand    string         // "": default
	Draft    *brand.Profile // a brand that is not kept yet, in the place of Brand
	Scenes   []string
	Prompt   string
}

// Previews shows what pictures would look like, in moments and without keeping anything.
type Previews interface {
	OfItem(ctx context.Context, o job.Other) (Preview, error)
	// OfPhoto tells, too, whether a product was found in the photo.
	OfPhoto(ctx context.Context, tenantID string, p PhotoPreview) (all []Preview, found bool, err error)
}

// previewForm are the fields of a photo that is to be seen in scenes.
var previewForm = []Field{
	{Name: "file", Doc: "A small copy of the photo, such as 640 pixels", File: true, Required: true},
	{Name: "scene_types", Doc: "Names of scenes, as an item's scene_types have them; repeated, or with commas", Required: true, Many: true},
	{Name: "brand_profile_id", Doc: "The brand profile; left out: default"},
	{Name: "brand_profile", Doc: "A brand profile that is not kept yet, as JSON, in the place of brand_profile_id"},
	{Name: "scene_prompt", Doc: "Words for the scene, at most 2,000 characters"},
}

func previewRoutes(r *Routes) {
	Add(r, Route{Method: http.MethodPost, Path: "/v1/jobs/{job_id}/items/{item_id}/preview", ID: "previewItem", Tag: tagJobs,
		Summary: "See what a finished item's picture would look like with other wishes, and what it would cost", Scope: tenant.Read, Body: JSONBody, NotFound: job.ErrItemNotFound}, r.s.previewItem)
	Add(r, Route{Method: http.MethodPost, Path: "/v1/previews", ID: "previewPhoto", Tag: tagJobs,
		Summary: "See a photo in scenes before anything is ordered", Scope: tenant.Write, Body: FormBody, Form: previewForm, NotFound: brand.ErrNotFound}, r.s.previewPhoto)
}

// errNoPreviews is returned where nobody makes previews.
var errNoPreviews = fault.New(fault.NotFound, "previews_off", "This service makes no previews")

func (s *server) previewItem(ctx context.Context, in *remakeInput) (*reply[client.ItemPreview], error) {
	jobID, itemID, err := in.ids(ctx)
	if err != nil {
		return nil, err
	}
	if s.Previews == nil {
		return nil, errNoPreviews
	}
	b := in.Body
	p, err := s.Previews.OfItem(ctx, job.Other{TenantID: TenantID(ctx), JobID: jobID, ItemID: itemID, Scene: b.SceneType, Prompt: b.ScenePrompt, Steering: steeringOf(b.Steering), Fresh: b.Fresh})
	if err != nil {
		return nil, err
	}
	out := client.ItemPreview{Preview: p}
	if b.ScenePrompt != nil {
		out.UnknownWords = s.unknownWords(*b.ScenePrompt)
	}
	if s.Quotes != nil {
		q, err := s.Quotes.QuoteRemake(ctx, TenantID(ctx), jobID, itemID, in.Body.SceneType)
		if err != nil {
			return nil, err
		}
		quote := quoteOf(q)
		out.Quote = &quote
	}
	return replyOf(out, nil)
}

func (s *server) previewPhoto(ctx context.Context, _ *TenantQuery) (_ *reply[client.PhotoPreviews], err error) {
	if s.Previews == nil {
		return nil, errNoPreviews
	}
	form := callOf(ctx).form
	files := form.File["file"]
	if len(files) != 1 {
		return nil, errFileField.With("it has %d; a part without a file name counts as text", len(files))
	}
	if files[0].Size > MaxPreviewPhoto {
		return nil, ErrPreviewSize.With("%d bytes", files[0].Size)
	}
	text := func(name string) string {
		if v := form.Value[name]; len(v) > 0 {
			return strings.TrimSpace(v[0])
		}
		return ""
	}
	p := PhotoPreview{Filename: lastPart(files[0].Filename), Brand: text("brand_profile_id"), Scenes: listIn(form, "scene_types"), Prompt: text("scene_prompt")}
	if n := len(p.Scenes); n == 0 || n > MaxPreviewScenes {
		return nil, errPreviewScenes.With("%d", n)
	}
	if draft := text("brand_profile"); draft != "" {
		var b client.NewBrandProfile
		if err := json.Unmarshal([]byte(draft), &b); err != nil {
			return nil, errPreviewBrand
		}
		profile := profileOf(b)
		profile.ID, profile.Name = cmp.Or(profile.ID, "draft"), cmp.Or(strings.TrimSpace(profile.Name), "Draft")
		p.Draft = &profile
	}
	body, err := files[0].Open()
	if err != nil {
		return nil, fmt.Errorf("open the spooled photo: %w", err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	if p.Photo, err = io.ReadAll(body); err != nil {
		return nil, fmt.Errorf("read the spooled photo: %w", err)
	}
	all, found, err := s.Previews.OfPhoto(ctx, TenantID(ctx), p)
	if err != nil {
		return nil, err
	}
	said := p.Prompt
	if p.Draft != nil { // a brand that is edited has words of its own
		said = strings.Join(append([]string{said, p.Draft.ScenePrompt, p.Draft.Mood}, p.Draft.Keywords...), " ")
	}
	return replyOf(client.PhotoPreviews{Previews: all, Found: found, UnknownWords: s.unknownWords(said)}, nil)
}
