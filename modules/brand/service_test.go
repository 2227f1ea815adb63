package brand_test

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

var errPreset = fault.New(fault.Invalid, "preset_unknown", "There is no such preset")

func presets(names []string) error {
	for _, n := range names {
		if n != "etsy" && n != "shopify" {
			return errPreset.With("%q", n)
		}
	}
	return nil
}

func TestProfileLives(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := brand.New(d, presets)
		in := brand.Profile{
			ID: "acme-2", Name: " Acme ", ScenePrompt: "on oak", NegativePrompt: "people", Palette: []string{"#FF8800", "#ff8800", "#112233"},
			Mood: "calm", Keywords: []string{"oak", " oak", ""}, LightDirection: "left", ProductFill: 0.6, DefaultPresets: []string{"etsy"},
		}
		made, err := s.Create(ctx, "t1", in)
		if err != nil {
			t.Fatal(err)
		}
		if made.Name != "Acme" || !cmp.Equal(made.Palette, []string{"#ff8800", "#112233"}) || !cmp.Equal(made.Keywords, []string{"oak"}) || made.CreatedAt.IsZero() {
			t.Errorf("created %+v", made)
		}
		got, err := s.Get(ctx, "t1", "acme-2")
		if err != nil || !cmp.Equal(got, made) {
			t.Errorf("got %+v, %v; want %+v", got, err, made)
		}
		if _, err := s.Create(ctx, "t1", in); !errors.Is(err, brand.ErrExists) {
			t.Errorf("created twice: %v", err)
		}
		if _, err := s.Get(ctx, "t2", "acme-2"); !errors.Is(err, brand.ErrNotFound) {
			t.Errorf("another tenant sees it: %v", err)
		}
		in.Mood = "loud"
		if p, err := s.Replace(ctx, "t1", in); err != nil || p.Mood != "loud" || p.CreatedAt != made.CreatedAt {
			t.Errorf("replaced: %+v, %v", p, err)
		}
		if _, err := s.Replace(ctx, "t2", in); !errors.Is(err, brand.ErrNotFound) {
			t.Errorf("another tenant replaced it: %v", err)
		}
		if err := s.Delete(ctx, "t2", "acme-2"); !errors.Is(err, brand.ErrNotFound) {
			t.Errorf("another tenant deleted it: %v", err)
		}
		if err := s.Delete(ctx, "t1", "acme-2"); err != nil {
			t.Error(err)
		}
		if _, err := s.Get(ctx, "t1", "acme-2"); !errors.Is(err, brand.ErrNotFound) {
			t.Errorf("after delete: %v", err)
		}
	})
}

func TestDefaultAlwaysExists(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := brand.New(d, nil)
		p, err := s.Get(ctx, "t1", brand.DefaultID)
		if err != nil || p.Name == "" || !p.CreatedAt.IsZero() {
			t.Fatalf("unedited default: %+v, %v", p, err)
		}
		if err := s.Delete(ctx, "t1", brand.DefaultID); !errors.Is(err, brand.ErrDefault) {
			t.Errorf("delete default: %v", err)
		}
		if _, err := s.Create(ctx, "t1", p); !errors.Is(err, brand.ErrExists) {
			t.Errorf("create default: %v", err)
		}
		p.Mood = "calm"
		for range 2 {
			if p, err = s.Replace(ctx, "t1", p); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Create(ctx, "t1", brand.Profile{ID: "a", Name: "A"}); err != nil {
			t.Fatal(err)
		}
		list, err := s.List(ctx, "t1")
		if err != nil || len(list) != 2 || list[0].Mood != "calm" || list[1].ID != "a" {
			t.Errorf("list %+v, %v", list, err)
		}
		if list, err = s.List(ctx, "t2"); err != nil || len(list) != 1 || list[0].ID != brand.DefaultID {
			t.Errorf("other tenant's list %+v, %v", list, err)
		}
	})
}

func TestProfileIsValidated(t *testing.T) {
	d := dbtest.SQLite(t)
	s := brand.New(d, presets)
	ok := func() brand.Profile { return brand.Profile{ID: "a", Name: "A"} }
	for name, c := range map[string]struct {
		change func(p *brand.Profile)
		want   error
	}{
		"no id":                             {func(p *brand.Profile) { p.ID = "" }, brand.ErrInvalid},
		"path in id":                        {func(p *brand.Profile) { p.ID = "../x" }, brand.ErrInvalid},
		"upper-case id":                     {func(p *brand.Profile) { p.ID = "Acme" }, brand.ErrInvalid},
		"long id":                           {func(p *brand.Profile) { p.ID = strings.Repeat("a", 64) }, brand.ErrInvalid},
		"no name":                           {func(p *brand.Profile) { p.Name = " " }, brand.ErrInvalid},
		"long name":                         {func(p *brand.Profile) { p.Name = strings.Repeat("ä", brand.MaxName+1) }, brand.ErrInvalid},
		"long prompt":                       {func(p *brand.Profile) { p.ScenePrompt = strings.Repeat("x", brand.MaxPrompt+1) }, brand.ErrInvalid},
		"control":                           {func(p *brand.Profile) { p.Mood = "a\x00b" }, brand.ErrInvalid},
		"bad UTF-8":                         {func(p *brand.Profile) { p.Mood = "a\xff" }, brand.ErrInvalid},
		"colour":                            {func(p *brand.Profile) { p.Palette = []string{"red"} }, brand.ErrInvalid},
		"nine colours":                      {func(p *brand.Profile) { p.Palette = strings.Split(strings.Repeat("#112233 ", 9), " ")[:9] }, brand.ErrInvalid},
		"many keywords":                     {func(p *brand.Profile) { p.Keywords = make([]string, brand.MaxKeywords+1) }, brand.ErrInvalid},
		"long keyword":                      {func(p *brand.Profile) { p.Keywords = []string{strings.Repeat("k", brand.MaxKeyword+1)} }, brand.ErrInvalid},
		"light":                             {func(p *brand.Profile) { p.LightDirection = "up" }, brand.ErrInvalid},
		"small fill":                        {func(p *brand.Profile) { p.ProductFill = 0.29 }, brand.ErrInvalid},
		"large fill":                        {func(p *brand.Profile) { p.ProductFill = 0.91 }, brand.ErrInvalid},
		"fill of no size":                   {func(p *brand.Profile) { p.ProductFill = math.NaN() }, brand.ErrInvalid},
		"photo_shadow of an unknown preset": {func(p *brand.Profile) { p.Steering.PhotoShadow = picture.PhotoShadow{"nope": "keep", "white": "drop"} }, errPreset},
		"a look's photo_shadow": {func(p *brand.Profile) {
			p.Looks = []brand.Look{{Name: "Spring", Steering: picture.Steering{PhotoShadow: picture.PhotoShadow{"nope": "keep"}}}}
		}, errPreset},
		"a look's plate that there is not": {func(p *brand.Profile) { p.Looks = []brand.Look{{Name: "Spring", SceneTypes: []string{"plate:none"}}} }, brand.ErrInvalid},
		"unknown preset":                   {func(p *brand.Profile) { p.DefaultPresets = []string{"nope"} }, errPreset},
	} {
		t.Run(name, func(t *testing.T) {
			p := ok()
			c.change(&p)
			if _, err := s.Create(context.Background(), "t", p); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	p := ok()
	p.Name, p.ProductFill, p.Palette = strings.Repeat("ä", brand.MaxName), brand.MaxFill, strings.Split(strings.Repeat("#112233 ", 8), " ")[:8]
	if _, err := s.Create(context.Background(), "t", p); err != nil {
		t.Errorf("at the limits: %v", err)
	}
	for _, id := range []string{"", "../x", "nope", strings.Repeat("a", 200), "a\x00"} {
		t.Run(strconv.Quote(id), func(t *testing.T) {
			if _, err := s.Get(context.Background(), "t", id); !errors.Is(err, brand.ErrNotFound) {
				t.Errorf("get: %v", err)
			}
		})
	}
}
