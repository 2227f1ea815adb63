package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/tenant"
)

// Logos makes what is kept of a logo: a PNG of at most 512 pixels.
type Logos interface {
	Logo(ctx context.Context, file []byte) (png []byte, err error)
}

// logoForm is the field of a logo.
var logoForm = []Field{{Name: "file", Doc: "The logo; a PNG or WebP may be transparent", File: true, Required: true}}

func logoRoutes(r *Routes) {
	s := r.s
	const at = "/v1/brand-profiles/{brand_profile_id}/logo"
	if s.Logos == nil {
		return
	}
	Add(r, Route{Method: http.MethodPut, Path: at, ID: "putBrandLogo", Summary: "Bring a brand's logo, for people to see", Tag: tagBrands, Scope: tenant.Write, Body: FormBody, Form: logoForm, NotFound: brand.ErrNotFound},
		func(ctx context.Context, in *BrandPath) (_ *brandOutput, err error) {
			_, body, err := s.formPhoto(callOf(ctx).form)
			if err != nil {
				return nil, err
			}
			defer func() { err = errors.Join(err, body.Close()) }()
			file, err := io.ReadAll(body)
			if err != nil {
				return nil, fmt.Errorf("read the spooled logo: %w", err)
			}
			if _, err := s.Brands.Get(ctx, TenantID(ctx), in.ID); err != nil {
				return nil, err
			}
			png, err := s.Logos.Logo(ctx, file)
			if err != nil {
				return nil, err
			}
			return s.brandAnswer(s.Brands.SetLogo(ctx, TenantID(ctx), in.ID, png))
		})
	Add(r, Route{Method: http.MethodGet, Path: at, ID: "getBrandLogo", Summary: "A brand's logo, a PNG", Tag: tagBrands, Scope: tenant.Read, NotFound: brand.ErrNotFound},
		func(ctx context.Context, in *BrandPath) (*pictureOutput, error) {
			b, err := s.Brands.Logo(ctx, TenantID(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return &pictureOutput{"image/png", "private, no-cache", b}, nil
		})
	Add(r, Route{Method: http.MethodDelete, Path: at, ID: "deleteBrandLogo", Summary: "Remove a brand's logo", Tag: tagBrands, Scope: tenant.Write, NotFound: brand.ErrNotFound},
		func(ctx context.Context, in *BrandPath) (*brandOutput, error) {
			return s.brandAnswer(s.Brands.DropLogo(ctx, TenantID(ctx), in.ID))
		})
}
