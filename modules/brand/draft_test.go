package brand_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/picture"
)

// Changes wait in a draft until they are published; the logo stays through all of it.
func TestDraftGoesLiveWhenItIsPublished(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, s := t.Context(), brand.New(d, presets)
		for _, id := range []string{brand.DefaultID, "acme"} {
			t.Run(id, func(t *testing.T) {
				if id != brand.DefaultID {
					if _, err := s.Create(ctx, "t", brand.Profile{ID: id, Name: "Acme"}); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := s.Publish(ctx, "t", id); !errors.Is(err, brand.ErrNoDraft) {
					t.Errorf("published nothing: %v", err)
				}
				if p, err := s.SetLogo(ctx, "t", id, []byte("png")); err != nil || p.Logo == "" {
					t.Fatal(p, err)
				}
				next := brand.Profile{ID: id, Name: "Acme", Mood: "loud", Naming: "{sku}_{n}", Looks: []brand.Look{{Name: "Spring", SceneTypes: []string{"kitchen"}, ScenePrompt: "morning", Steering: picture.Steering{Anchor: "floor"}}}}
				saved, err := s.SaveDraft(ctx, "t", next)
				if err != nil || saved.Draft == nil || saved.Draft.Mood != "loud" || saved.Mood != "" {
					t.Fatalf("%+v, %v", saved, err)
				}
				if live, err := s.Get(ctx, "t", id); err != nil || live.Mood != "" {
					t.Errorf("a draft is live: %+v, %v", live, err)
				}
				live, err := s.Publish(ctx, "t", id)
				if err != nil || live.Draft != nil || live.Mood != "loud" || live.Version != saved.Version+1 || live.Logo != saved.Logo || !cmp.Equal(live.Looks, next.Looks) || live.Naming != next.Naming {
					t.Errorf("published: %+v, %v", live, err)
				}
				if got, err := s.Get(ctx, "t", id); err != nil || !cmp.Equal(got, live) {
					t.Errorf("got %+v, %v; want %+v", got, err, live)
				}
				next.Looks = append(next.Looks, brand.Look{Name: "spring"})
				if _, err := s.SaveDraft(ctx, "t", next); !errors.Is(err, brand.ErrInvalid) {
					t.Errorf("two looks of one name: %v", err)
				}
				next.Looks = nil
				if _, err := s.SaveDraft(ctx, "t", next); err != nil {
					t.Fatal(err)
				}
				if p, err := s.DropDraft(ctx, "t", id); err != nil || p.Draft != nil || len(p.Looks) != 1 {
					t.Errorf("dropped: %+v, %v", p, err)
				}
				if b, err := s.Logo(ctx, "t", id); err != nil || string(b) != "png" {
					t.Errorf("logo %q, %v", b, err)
				}
				if p, err := s.DropLogo(ctx, "t", id); err != nil || p.Logo != "" {
					t.Errorf("%+v, %v", p, err)
				}
				if _, err := s.Logo(ctx, "t", id); !errors.Is(err, brand.ErrNoLogo) {
					t.Errorf("%v", err)
				}
			})
		}
		if _, err := s.SaveDraft(ctx, "other", brand.Profile{ID: "acme", Name: "A"}); !errors.Is(err, brand.ErrNotFound) {
			t.Errorf("another tenant's draft: %v", err)
		}
		if _, err := s.SetLogo(ctx, "t", "acme", make([]byte, brand.MaxLogo+1)); !errors.Is(err, brand.ErrLogoLarge) {
			t.Errorf("%v", err)
		}
	})
}

func TestNamingPatternsAreChecked(t *testing.T) {
	t.Parallel()
	for pattern, good := range map[string]bool{
		"{sku}_{channel}_{n}": true, "Acme {title}": true, "{name}-{scene}-{size}": true,
		"{n}": false, "all": false, "{sku}/{n}": false, "{sku": false, "{sku}}": false, "{price}-{sku}": false, "../{sku}": false, ".{sku}": false, "{sku}\x00": false, "{sku}:{n}": false,
	} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			if err := brand.CheckNaming(pattern); (err == nil) != good || err != nil && !errors.Is(err, brand.ErrInvalid) {
				t.Errorf("%v", err)
			}
		})
	}
}
