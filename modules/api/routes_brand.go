package api

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/tenant"
)

// BrandPath is the path parameter of a brand profile.
type BrandPath struct {
	TenantQuery
	ID string `path:"brand_profile_id"`
}

// brandBody is a profile as callers write it. Numbers and lengths are checked
// by the brand module.
type brandBody struct {
	TenantID       string   `json:"tenant_id" nullable:"true"`
	ID             string   `json:"brand_profile_id" nullable:"true" doc:"a–z, 0–9, - and _; on POST, left out: made of the name"`
	Name           string   `json:"name" nullable:"true"`
	ScenePrompt    string   `json:"scene_prompt" nullable:"true"`
	NegativePrompt string   `json:"negative_prompt" nullable:"true"`
	Palette        []string `json:"palette" nullable:"true" doc:"#rrggbb, the most important first, at most 8"`
	Mood           string   `json:"mood" nullable:"true"`
	Keywords       []string `json:"keywords" nullable:"true"`
	LightDirection string   `json:"light_direction" nullable:"true" doc:"left, right or auto"`
	ProductFill    float64  `json:"product_fill" nullable:"true" doc:"share of the frame's side that the product takes, 0.3–0.9; 0: the scene's own"`
	DefaultPresets []string `json:"default_presets" nullable:"true"`
}

func (b brandBody) profile() brand.Profile {
	return brand.Profile{ID: b.ID, Name: b.Name, ScenePrompt: b.ScenePrompt, NegativePrompt: b.NegativePrompt, Palette: b.Palette, Mood: b.Mood,
		Keywords: b.Keywords, LightDirection: b.LightDirection, ProductFill: b.ProductFill, DefaultPresets: b.DefaultPresets}
}

// brandView is a profile as callers read it.
type brandView struct {
	brand.Profile
	CreatedAt *time.Time `json:"created_at"` // null for a default that nobody edited
	UpdatedAt *time.Time `json:"updated_at"`
}

func viewOf(p brand.Profile) brandView {
	v := brandView{Profile: p}
	if !p.CreatedAt.IsZero() {
		v.CreatedAt, v.UpdatedAt = &p.CreatedAt, &p.UpdatedAt
	}
	return v
}

type brandInput struct {
	TenantQuery
	Body brandBody
}

type brandPutInput struct {
	BrandPath
	Body brandBody
}

type brandOutput struct{ Body brandView }

type brandsOutput struct {
	Body struct {
		Profiles []brandView `json:"brand_profiles"`
	}
}

func brandRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodGet, Path: "/v1/brand-profiles", ID: "listBrandProfiles", Summary: "The tenant's brand profiles, default first", Tag: tagBrands, Scope: tenant.Read},
		func(ctx context.Context, _ *TenantQuery) (*brandsOutput, error) {
			list, err := s.Brands.List(ctx, TenantID(ctx))
			if err != nil {
				return nil, err
			}
			out := &brandsOutput{}
			out.Body.Profiles = make([]brandView, len(list))
			for i, p := range list {
				out.Body.Profiles[i] = viewOf(p)
			}
			return out, nil
		})
	Add(r, Route{Method: http.MethodPost, Path: "/v1/brand-profiles", ID: "createBrandProfile", Summary: "Make a brand profile", Tag: tagBrands,
		Scope: tenant.Write, Body: JSONBody, Creates: true}, func(ctx context.Context, in *brandInput) (*brandOutput, error) {
		p := in.Body.profile()
		if p.ID == "" {
			p.ID = slug(p.Name)
		}
		return brandAnswer(s.Brands.Create(ctx, TenantID(ctx), p))
	})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/brand-profiles/{brand_profile_id}", ID: "getBrandProfile", Summary: "A brand profile", Tag: tagBrands,
		Scope: tenant.Read, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *BrandPath) (*brandOutput, error) {
		return brandAnswer(s.Brands.Get(ctx, TenantID(ctx), in.ID))
	})
	Add(r, Route{Method: http.MethodPut, Path: "/v1/brand-profiles/{brand_profile_id}", ID: "replaceBrandProfile", Summary: "Change a brand profile as a whole", Tag: tagBrands,
		Scope: tenant.Write, Body: JSONBody, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *brandPutInput) (*brandOutput, error) {
		p := in.Body.profile()
		p.ID = in.ID
		return brandAnswer(s.Brands.Replace(ctx, TenantID(ctx), p))
	})
	Add(r, Route{Method: http.MethodDelete, Path: "/v1/brand-profiles/{brand_profile_id}", ID: "deleteBrandProfile", Summary: "Delete a brand profile", Tag: tagBrands,
		Scope: tenant.Write, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *BrandPath) (*okOutput, error) {
		if err := s.Brands.Delete(ctx, TenantID(ctx), in.ID); err != nil {
			return nil, err
		}
		return ok(), nil
	})
}

func brandAnswer(p brand.Profile, err error) (*brandOutput, error) {
	if err != nil {
		return nil, err
	}
	return &brandOutput{Body: viewOf(p)}, nil
}

// maxSlug keeps ids made of names short.
const maxSlug = 48

// slug makes an id of a name; "" when nothing of it can be in one. Letters lose
// their accents.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(norm.NFKD.String(name)) {
		switch {
		case b.Len() >= maxSlug, unicode.Is(unicode.Mn, r):
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}
