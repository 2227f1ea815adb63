package brand_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// Each profile that was live is kept and comes back as a new version; the oldest of many go.
func TestEarlierVersionsAreKeptAndComeBack(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, s := t.Context(), brand.New(d, presets)
		moods := func(tenant, id string) (all []string) {
			versions, err := s.Versions(ctx, tenant, id)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range versions {
				all = append(all, fmt.Sprint(v.Version, " ", v.Profile.Mood))
			}
			return all
		}
		want := func(what string, got []string, rows ...string) {
			t.Helper()
			if diff := cmp.Diff(rows, got); diff != "" {
				t.Errorf("%s: want -, got +:\n%s", what, diff)
			}
		}
		if _, err := s.Create(ctx, "t", brand.Profile{ID: "acme", Name: "Acme", Mood: "calm"}); err != nil {
			t.Fatal(err)
		}
		want("a new one", moods("t", "acme"))
		want("the default that nobody edited", moods("t", brand.DefaultID))
		if _, err := s.Replace(ctx, "t", brand.Profile{ID: "acme", Name: "Acme", Mood: "loud"}); err != nil {
			t.Fatal(err)
		}
		want("replaced", moods("t", "acme"), "1 calm")
		if _, err := s.SaveDraft(ctx, "t", brand.Profile{ID: "acme", Name: "Acme", Mood: "wild"}); err != nil {
			t.Fatal(err)
		}
		want("a draft is not live", moods("t", "acme"), "1 calm")
		if _, err := s.Publish(ctx, "t", "acme"); err != nil {
			t.Fatal(err)
		}
		want("published", moods("t", "acme"), "2 loud", "1 calm")
		if _, err := s.SaveDraft(ctx, "t", brand.Profile{ID: "acme", Name: "Acme", Mood: "next"}); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Restore(ctx, "t", "acme", 1); err != nil || p.Mood != "calm" || p.Version != 4 || p.Draft == nil || p.Draft.Mood != "next" {
			t.Errorf("restored: %+v, %v", p, err)
		}
		want("restored", moods("t", "acme"), "3 wild", "2 loud", "1 calm")
		for name, err := range map[string]error{
			"one that never was":       second(s.Restore(ctx, "t", "acme", 9)),
			"the one that is live":     second(s.Restore(ctx, "t", "acme", 4)),
			"another tenant's":         second(s.Restore(ctx, "other", "acme", 1)),
			"another tenant's list":    second(s.Versions(ctx, "other", "acme")),
			"a profile that is not":    second(s.Versions(ctx, "t", "nobody")),
			"a version of the default": second(s.Restore(ctx, "t", brand.DefaultID, 1)),
		} {
			if !errors.Is(err, brand.ErrVersionNotFound) && !errors.Is(err, brand.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for i := range brand.MaxVersions {
			if _, err := s.Replace(ctx, "t", brand.Profile{ID: "acme", Name: "Acme", Mood: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if all := moods("t", "acme"); len(all) != brand.MaxVersions || all[len(all)-1] != "4 calm" {
			t.Errorf("%d versions are kept, the oldest %v", len(all), all[len(all)-1])
		}
		if _, err := s.Replace(ctx, "t", brand.Profile{ID: brand.DefaultID, Name: "Ours", Mood: "own"}); err != nil {
			t.Fatal(err)
		}
		want("the default's first change", moods("t", brand.DefaultID), "1 ")
		if err := s.Delete(ctx, "t", "acme"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Create(ctx, "t", brand.Profile{ID: "acme", Name: "Acme"}); err != nil {
			t.Fatal(err)
		}
		want("deleted, and made anew", moods("t", "acme"))
	})
}

func second[T any](_ T, err error) error { return err }
