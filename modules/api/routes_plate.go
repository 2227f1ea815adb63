package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/tenant"
)

// Plates is the brand module's own backgrounds, with URLs of their photographs.
type Plates interface {
	Create(ctx context.Context, tenantID string, n brand.NewPlate) (brand.Plate, error)
	BeginUpload(ctx context.Context, tenantID string, n brand.NewPlate) (brand.PlateUpload, error)
	CompleteUpload(ctx context.Context, tenantID, id string) (brand.Plate, error)
	Get(ctx context.Context, tenantID, id string) (brand.Plate, error)
	List(ctx context.Context, tenantID string) ([]brand.Plate, error)
	Correct(ctx context.Context, tenantID, id string, c brand.Correction) (brand.Plate, error)
	Delete(ctx context.Context, tenantID, id string, force bool) error
	PlateURL(ctx context.Context, p brand.Plate) (string, error)
}

// PlatePath is the path parameter of a plate.
type PlatePath struct {
	TenantQuery
	ID string `path:"plate_id" doc:"The plate" example:"0198f7a0-0000-7000-8000-00000000000d"`
}

type plateDeletion struct {
	PlatePath
	Force bool `query:"force" doc:"Delete it although items that are not finished name it: they fail as plate_gone, and can be made in another scene then"`
}

type plateInput struct {
	PlatePath
	Body client.PlateCorrection
}

type plateOutput = reply[client.Plate]

type plateUploadInput struct {
	TenantQuery
	Body client.NewPlateUpload
}

// plateForm are the fields of a photograph that becomes a plate.
var plateForm = []Field{
	{Name: "file", Doc: "The photograph, without a product in it", File: true, Required: true},
	{Name: "name", Doc: "For people, 1 to 120 characters; left out: the file's name"},
}

func plateRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodPost, Path: "/v1/plates", ID: "createPlate", Tag: tagBrands, Summary: "Bring a photograph of your own set as a background",
		Scope: tenant.Write, Body: FormBody, Form: plateForm}, s.createPlate)
	Add(r, Route{Method: http.MethodPost, Path: "/v1/plates/uploads", ID: "uploadPlate", Tag: tagBrands, Summary: "A URL to PUT the photograph of an own background to",
		Scope: tenant.Write, Body: JSONBody}, s.uploadPlate)
	Add(r, Route{Method: http.MethodPost, Path: "/v1/plates/{plate_id}/complete", ID: "completePlate", Tag: tagBrands, Summary: "Say that the photograph of an own background has been PUT",
		Scope: tenant.Write, NotFound: brand.ErrPlateNotFound}, func(ctx context.Context, in *PlatePath) (*plateOutput, error) {
		if !idPattern.MatchString(in.ID) {
			return nil, brand.ErrPlateNotFound
		}
		p, err := s.Plates.CompleteUpload(ctx, TenantID(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return replyOf(s.plateOf(ctx, p))
	})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/plates", ID: "listPlates", Tag: tagBrands, Summary: "The tenant's own backgrounds, the newest first", Scope: tenant.Read},
		func(ctx context.Context, _ *TenantQuery) (*reply[client.PlateList], error) {
			list, err := s.Plates.List(ctx, TenantID(ctx))
			if err != nil {
				return nil, err
			}
			out := client.PlateList{Plates: []client.Plate{}}
			for _, p := range list {
				one, err := s.plateOf(ctx, p)
				if err != nil {
					return nil, err
				}
				out.Plates = append(out.Plates, one)
			}
			return replyOf(out, nil)
		})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/plates/{plate_id}", ID: "getPlate", Tag: tagBrands, Summary: "An own background", Scope: tenant.Read, NotFound: brand.ErrPlateNotFound},
		func(ctx context.Context, in *PlatePath) (*plateOutput, error) {
			p, err := s.plate(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return replyOf(s.plateOf(ctx, p))
		})
	Add(r, Route{Method: http.MethodPatch, Path: "/v1/plates/{plate_id}", ID: "correctPlate", Tag: tagBrands, Summary: "Correct what is estimated of an own background",
		Scope: tenant.Write, Body: JSONBody, NotFound: brand.ErrPlateNotFound}, s.correctPlate)
	Add(r, Route{Method: http.MethodDelete, Path: "/v1/plates/{plate_id}", ID: "deletePlate", Tag: tagBrands, Summary: "Delete an own background and its photograph",
		Scope: tenant.Write, NotFound: brand.ErrPlateNotFound}, func(ctx context.Context, in *plateDeletion) (*okOutput, error) {
		if !idPattern.MatchString(in.ID) {
			return nil, brand.ErrPlateNotFound
		}
		if err := s.Plates.Delete(ctx, TenantID(ctx), in.ID, in.Force); err != nil {
			return nil, err
		}
		return ok(), nil
	})
}

// plate returns a plate; one whose id can't exist is not found.
func (s *server) plate(ctx context.Context, id string) (brand.Plate, error) {
	if !idPattern.MatchString(id) {
		return brand.Plate{}, brand.ErrPlateNotFound
	}
	return s.Plates.Get(ctx, TenantID(ctx), id)
}

func (s *server) createPlate(ctx context.Context, _ *TenantQuery) (_ *plateOutput, err error) {
	form := callOf(ctx).form
	f, body, err := s.formPhoto(form)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	n := brand.NewPlate{ID: recordOf(ctx).resourceID, Filename: lastPart(f.Filename)}
	if n.Name = n.Filename; len(form.Value["name"]) > 0 {
		n.Name = form.Value["name"][0]
	}
	if n.File, err = io.ReadAll(body); err != nil {
		return nil, fmt.Errorf("read the spooled photograph: %w", err)
	}
	p, err := s.Plates.Create(ctx, TenantID(ctx), n)
	if err != nil {
		return nil, err
	}
	return replyOf(s.plateOf(ctx, p))
}

func (s *server) uploadPlate(ctx context.Context, in *plateUploadInput) (*reply[client.PlateUpload], error) {
	n := brand.NewPlate{ID: recordOf(ctx).resourceID, Filename: lastPart(in.Body.Filename)}
	n.Name = cmp.Or(in.Body.Name, n.Filename)
	u, err := s.Plates.BeginUpload(ctx, TenantID(ctx), n)
	return replyOf(client.PlateUpload{PlateID: u.ID, SceneType: picture.PlateScene(u.ID), UploadURL: u.URL}, err)
}

func (s *server) correctPlate(ctx context.Context, in *plateInput) (*plateOutput, error) {
	if !idPattern.MatchString(in.ID) {
		return nil, brand.ErrPlateNotFound
	}
	b := in.Body
	said := picture.PlateSaid{Horizon: b.Horizon, LightAngle: b.LightAngle, Softness: b.Softness, Reflection: b.Reflection, FrameMM: b.FrameMM}
	if b.Floor != nil {
		said.Floor = b.Floor[:]
	}
	p, err := s.Plates.Correct(ctx, TenantID(ctx), in.ID, brand.Correction{Name: b.Name, Plate: said, Reset: b.Reset})
	if err != nil {
		return nil, err
	}
	return replyOf(s.plateOf(ctx, p))
}

// plateOf returns a plate as callers read it.
func (s *server) plateOf(ctx context.Context, p brand.Plate) (client.Plate, error) {
	url, err := s.Plates.PlateURL(ctx, p)
	if err != nil {
		return client.Plate{}, err
	}
	return client.Plate{
		PlateID: p.ID, SceneType: picture.PlateScene(p.ID), Name: p.Name, Filename: p.Filename, Width: p.Width, Height: p.Height, Bytes: p.Bytes, URL: url,
		About: client.PlateAbout(p.Plate), Guess: client.PlateAbout(p.Guess), Notes: p.Plate.Notes(), CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}, nil
}
