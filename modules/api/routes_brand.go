package api

import (
	"context"
	"net/http"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/tenant"
)

// BrandPath is the path parameter of a brand profile.
type BrandPath struct {
	TenantQuery
	ID string `path:"brand_profile_id" doc:"The brand profile" example:"acme"`
}

// profileOf returns a profile from what callers write. Numbers and lengths are
// checked by the brand module.
func profileOf(b client.NewBrandProfile) brand.Profile {
	return brand.Profile{ID: b.ID, Name: b.Name, ScenePrompt: b.ScenePrompt, NegativePrompt: b.NegativePrompt, Palette: b.Palette, Mood: b.Mood,
		Keywords: b.Keywords, LightDirection: b.LightDirection, ProductFill: b.ProductFill, DefaultPresets: b.DefaultPresets,
		Review: b.Review, ReviewBelow: b.ReviewBelow, Rights: picture.Rights(b.Rights), Plates: b.Plates, Steering: steeringOf(b.Steering), Naming: b.Naming,
		Looks: each(b.Looks, func(l client.Look) brand.Look {
			return brand.Look{Name: l.Name, SceneTypes: l.SceneTypes, ScenePrompt: l.ScenePrompt, Steering: steeringOf(l.Steering)}
		})}
}

// brandOf returns a profile as callers read it.
func brandOf(p brand.Profile) client.BrandProfile {
	v := client.BrandProfile{ID: p.ID, Name: p.Name, ScenePrompt: p.ScenePrompt, NegativePrompt: p.NegativePrompt, Palette: append([]string{}, p.Palette...),
		Mood: p.Mood, Keywords: append([]string{}, p.Keywords...), LightDirection: p.LightDirection, ProductFill: p.ProductFill,
		DefaultPresets: append([]string{}, p.DefaultPresets...), Review: p.Review, ReviewBelow: p.ReviewBelow, Rights: client.Rights(p.Rights),
		Plates: append([]string{}, p.Plates...), Steering: wishesOf(p.Steering), Naming: p.Naming, Looks: looksOf(p.Looks), Version: p.Version}
	if p.Logo != "" {
		v.Logo = &p.Logo
	}
	if d := p.Draft; d != nil {
		v.Draft = &client.NewBrandProfile{ID: d.ID, Name: d.Name, ScenePrompt: d.ScenePrompt, NegativePrompt: d.NegativePrompt, Palette: d.Palette, Mood: d.Mood, Keywords: d.Keywords,
			LightDirection: d.LightDirection, ProductFill: d.ProductFill, DefaultPresets: d.DefaultPresets, Plates: d.Plates, Steering: wishesOf(d.Steering), Review: d.Review, ReviewBelow: d.ReviewBelow,
			Rights: client.Rights(d.Rights), Naming: d.Naming, Looks: looksOf(d.Looks)}
	}
	if !p.CreatedAt.IsZero() {
		v.CreatedAt, v.UpdatedAt = &p.CreatedAt, &p.UpdatedAt
	}
	return v
}

func looksOf(all []brand.Look) []client.Look {
	return each(all, func(l brand.Look) client.Look {
		return client.Look{Name: l.Name, SceneTypes: l.SceneTypes, ScenePrompt: l.ScenePrompt, Steering: wishesOf(l.Steering)}
	})
}

type brandInput struct {
	TenantQuery
	Body client.NewBrandProfile
}

type brandPutInput struct {
	BrandPath
	Body client.NewBrandProfile
}

type brandVersionInput struct {
	BrandPath
	Version int `path:"version" minimum:"0" maximum:"1000000000" doc:"One of the versions that are kept" example:"2"`
}

type brandOutput = reply[client.BrandProfile]

func brandRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodGet, Path: "/v1/brand-profiles", ID: "listBrandProfiles", Summary: "The tenant's brand profiles, default first", Tag: tagBrands, Scope: tenant.Read},
		func(ctx context.Context, _ *TenantQuery) (*reply[client.BrandProfileList], error) {
			list, err := s.Brands.List(ctx, TenantID(ctx))
			return replyOf(client.BrandProfileList{Profiles: each(list, brandOf)}, err)
		})
	Add(r, Route{Method: http.MethodPost, Path: "/v1/brand-profiles", ID: "createBrandProfile", Summary: "Make a brand profile", Tag: tagBrands,
		Scope: tenant.Write, Body: JSONBody}, func(ctx context.Context, in *brandInput) (*brandOutput, error) {
		p := profileOf(in.Body)
		if p.ID == "" {
			p.ID = slug(p.Name)
		}
		return s.brandAnswer(s.Brands.Create(ctx, TenantID(ctx), p))
	})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/brand-profiles/{brand_profile_id}", ID: "getBrandProfile", Summary: "A brand profile", Tag: tagBrands,
		Scope: tenant.Read, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *BrandPath) (*brandOutput, error) {
		return s.brandAnswer(s.Brands.Get(ctx, TenantID(ctx), in.ID))
	})
	Add(r, Route{Method: http.MethodPut, Path: "/v1/brand-profiles/{brand_profile_id}", ID: "replaceBrandProfile", Summary: "Change a brand profile as a whole", Tag: tagBrands,
		Scope: tenant.Write, Body: JSONBody, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *brandPutInput) (*brandOutput, error) {
		p := profileOf(in.Body)
		p.ID = in.ID
		return s.brandAnswer(s.Brands.Replace(ctx, TenantID(ctx), p))
	})
	Add(r, Route{Method: http.MethodPut, Path: "/v1/brand-profiles/{brand_profile_id}/draft", ID: "saveBrandDraft", Summary: "Keep changes of a brand profile that are not live yet", Tag: tagBrands,
		Scope: tenant.Write, Body: JSONBody, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *brandPutInput) (*brandOutput, error) {
		p := profileOf(in.Body)
		p.ID = in.ID
		return s.brandAnswer(s.Brands.SaveDraft(ctx, TenantID(ctx), p))
	})
	Add(r, Route{Method: http.MethodDelete, Path: "/v1/brand-profiles/{brand_profile_id}/draft", ID: "dropBrandDraft", Summary: "Forget a brand profile's changes that are not live", Tag: tagBrands,
		Scope: tenant.Write, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *BrandPath) (*brandOutput, error) {
		return s.brandAnswer(s.Brands.DropDraft(ctx, TenantID(ctx), in.ID))
	})
	Add(r, Route{Method: http.MethodPost, Path: "/v1/brand-profiles/{brand_profile_id}/publish", ID: "publishBrandDraft", Summary: "Make a brand profile's draft live", Tag: tagBrands,
		Scope: tenant.Write, Body: NoBody, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *BrandPath) (*brandOutput, error) {
		return s.brandAnswer(s.Brands.Publish(ctx, TenantID(ctx), in.ID))
	})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/brand-profiles/{brand_profile_id}/versions", ID: "listBrandVersions", Summary: "A brand profile as it was live before, the newest first", Tag: tagBrands,
		Scope: tenant.Read, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *BrandPath) (*reply[client.BrandVersionList], error) {
		all, err := s.Brands.Versions(ctx, TenantID(ctx), in.ID)
		return replyOf(client.BrandVersionList{Versions: each(all, func(v brand.Version) client.BrandVersion {
			return client.BrandVersion{Version: v.Version, LiveFrom: v.LiveFrom, Profile: brandOf(v.Profile)}
		})}, err)
	})
	Add(r, Route{Method: http.MethodPost, Path: "/v1/brand-profiles/{brand_profile_id}/versions/{version}/restore", ID: "restoreBrandVersion", Summary: "Make an earlier version of a brand profile live again", Tag: tagBrands,
		Scope: tenant.Write, Body: NoBody, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *brandVersionInput) (*brandOutput, error) {
		return s.brandAnswer(s.Brands.Restore(ctx, TenantID(ctx), in.ID, in.Version))
	})
	logoRoutes(r)
	Add(r, Route{Method: http.MethodDelete, Path: "/v1/brand-profiles/{brand_profile_id}", ID: "deleteBrandProfile", Summary: "Delete a brand profile", Tag: tagBrands,
		Scope: tenant.Write, NotFound: brand.ErrNotFound}, func(ctx context.Context, in *BrandPath) (*okOutput, error) {
		if err := s.Brands.Delete(ctx, TenantID(ctx), in.ID); err != nil {
			return nil, err
		}
		return ok(), nil
	})
}

// brandAnswer answers a profile, with those of its words that no scene heeds.
func (s *server) brandAnswer(p brand.Profile, err error) (*brandOutput, error) {
	v := brandOf(p)
	words := []string{p.ScenePrompt, p.Mood}
	words = append(words, p.Keywords...)
	if d := p.Draft; d != nil {
		words = append(append(words, d.ScenePrompt, d.Mood), d.Keywords...)
	}
	for _, l := range p.Looks {
		words = append(words, l.ScenePrompt)
	}
	v.UnknownWords = s.unknownWords(strings.TrimSpace(strings.Join(words, " ")))
	return replyOf(v, err)
}

// maxSlug keeps ids made of names short.
const maxSlug = 48

// slug makes an id of a name; "" when none of its characters can be in one.
// Letters lose their accents.
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
