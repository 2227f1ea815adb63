package brand_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/picture"
)

// shelf keeps files as a store does, and fails as told.
type shelf struct {
	files map[string][]byte
	fails error
}

func (s *shelf) Prepare(_ context.Context, photo []byte) (brand.PreparedPlate, error) {
	if string(photo) == "no picture" {
		return brand.PreparedPlate{}, picture.ErrPlateSmall
	}
	return brand.PreparedPlate{File: photo, Width: 900, Height: 600, Guess: picture.Plate{Horizon: .5, Floor: [4]float64{0, .52, 1, 1}}}, nil
}

func (s *shelf) Put(_ context.Context, path string, file []byte) error {
	if s.fails == nil {
		s.files[path] = file
	}
	return s.fails
}

func (s *shelf) UploadURL(_ context.Context, path string) (string, error) {
	return "put:" + path, s.fails
}

func (s *shelf) Uploaded(_ context.Context, path string) ([]byte, error) {
	b, ok := s.files[path]
	if !ok {
		return nil, brand.ErrPlateMissing
	}
	return b, s.fails
}

func (s *shelf) Delete(_ context.Context, path string) error {
	if s.fails == nil {
		delete(s.files, path)
	}
	return s.fails
}

func TestPlatesAreKeptCorrectedAndDeleted(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, files := t.Context(), &shelf{files: map[string][]byte{}}
		plates, brands := brand.NewPlates(d, files), brand.New(d, nil)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		p, err := plates.Create(ctx, "a", brand.NewPlate{Name: " Table ", Filename: "t.jpg", File: []byte("x")})
		must(err)
		if p.Name != "Table" || len(files.files) != 1 || p.Plate.Horizon != .5 {
			t.Errorf("%+v, %d files", p, len(files.files))
		}
		if again, err := plates.Create(ctx, "a", brand.NewPlate{ID: p.ID, Name: "x", File: []byte("y")}); err != nil || again.Name != "Table" {
			t.Errorf("repeated: %+v, %v", again, err)
		}
		if _, err := plates.Get(ctx, "b", p.ID); !errors.Is(err, brand.ErrPlateNotFound) {
			t.Errorf("another tenant's: %v", err)
		}
		p, err = plates.Correct(ctx, "a", p.ID, brand.Correction{Plate: picture.PlateSaid{Horizon: picture.Number(.3)}})
		must(err)
		if p.Plate.Horizon != .3 || p.Guess.Horizon != .5 {
			t.Errorf("corrected to %.1f, guessed %.1f", p.Plate.Horizon, p.Guess.Horizon)
		}
		if _, err := plates.Correct(ctx, "a", p.ID, brand.Correction{Plate: picture.PlateSaid{Horizon: picture.Number(2)}}); !errors.Is(err, picture.ErrPlate) {
			t.Errorf("a horizon outside: %v", err)
		}
		_, err = brands.Create(ctx, "a", brand.Profile{ID: "acme", Name: "Acme", Plates: []string{picture.PlateScene(p.ID), p.ID}})
		must(err)
		if acme, err := brands.Get(ctx, "a", "acme"); err != nil || len(acme.Plates) != 1 || acme.Plates[0] != p.ID {
			t.Errorf("%+v, %v", acme.Plates, err)
		}
		if _, err := brands.Create(ctx, "b", brand.Profile{ID: "acme", Name: "Acme", Plates: []string{p.ID}}); !errors.Is(err, brand.ErrInvalid) {
			t.Errorf("a profile with another tenant's plate: %v", err)
		}
		if err := plates.Delete(ctx, "a", p.ID, false); !errors.Is(err, brand.ErrPlateUsed) {
			t.Errorf("deleted while a profile names it: %v", err)
		}
		must(brands.Delete(ctx, "a", "acme"))
		plates.Wanted = func(_ context.Context, tenant, id string) ([]string, error) {
			if tenant != "a" || id != p.ID {
				t.Errorf("asked for %s of %s", id, tenant)
			}
			return []string{"i1", "i2"}, nil
		}
		if err := plates.Delete(ctx, "a", p.ID, false); !errors.Is(err, brand.ErrPlateWanted) || !strings.Contains(err.Error(), "i1, i2") {
			t.Errorf("deleted while items wait for it: %v", err)
		}
		files.fails = errors.New("the store is away")
		if err := plates.Delete(ctx, "a", p.ID, true); err == nil {
			t.Error("the file's deletion failed, and nobody is told")
		}
		if _, err := plates.Get(ctx, "a", p.ID); !errors.Is(err, brand.ErrPlateNotFound) {
			t.Errorf("deleted: %v", err)
		}
		if _, err := plates.Create(ctx, "a", brand.NewPlate{ID: "n", Name: "x", Filename: "x.jpg", File: []byte("y")}); err == nil {
			t.Error("nothing was stored, and nobody is told")
		}
		files.fails = nil
		if _, err := d.Exec(`UPDATE plates SET gone_at = 0 WHERE gone_at IS NOT NULL`); err != nil {
			t.Fatal(err)
		}
		must(plates.Sweep(ctx))
		var left int
		must(d.QueryRow(`SELECT count(*) FROM plates`).Scan(&left))
		if left != 0 || len(files.files) != 0 {
			t.Errorf("%d rows and %d files are left", left, len(files.files))
		}
	})
}
