package brand_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/brand"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/picture"
)

// A photograph that is PUT to the store becomes one plate, of its tenant alone, and leaves
// no upload behind.
func TestUploadsBecomePlates(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, files := t.Context(), &shelf{files: map[string][]byte{}}
		plates := brand.NewPlates(d, files)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		left := func(want int) {
			t.Helper()
			var n int
			if must(d.QueryRow(`SELECT count(*) FROM plate_uploads`).Scan(&n)); n != want {
				t.Errorf("%d uploads are left, want %d", n, want)
			}
		}
		begin := func(name string) (u brand.PlateUpload, put func(string)) {
			t.Helper()
			u, err := plates.BeginUpload(ctx, "a", brand.NewPlate{Name: name, Filename: "t.jpg"})
			must(err)
			return u, func(b string) { files.files[strings.TrimPrefix(u.URL, "put:")] = []byte(b) }
		}
		u, put := begin("Table")
		if again, err := plates.BeginUpload(ctx, "a", brand.NewPlate{ID: u.ID, Name: "Table", Filename: "t.jpg"}); err != nil || again != u {
			t.Errorf("begun again: %+v, %v", again, err)
		}
		if _, err := plates.CompleteUpload(ctx, "a", u.ID); !errors.Is(err, brand.ErrPlateMissing) {
			t.Errorf("nothing was PUT: %v", err)
		}
		put("")
		if _, err := plates.CompleteUpload(ctx, "a", u.ID); !errors.Is(err, brand.ErrPlateEmpty) {
			t.Errorf("an empty file: %v", err)
		}
		put("no picture")
		if _, err := plates.CompleteUpload(ctx, "a", u.ID); !errors.Is(err, picture.ErrPlateSmall) || len(files.files) != 0 {
			t.Errorf("a refused file: %v, %d files are kept", err, len(files.files))
		}
		put("x")
		if _, err := plates.CompleteUpload(ctx, "b", u.ID); !errors.Is(err, brand.ErrPlateNotFound) {
			t.Errorf("another tenant completes it: %v", err)
		}
		if err := plates.Delete(ctx, "b", u.ID, false); !errors.Is(err, brand.ErrPlateNotFound) {
			t.Errorf("another tenant deletes it: %v", err)
		}
		if _, err := plates.Get(ctx, "a", u.ID); !errors.Is(err, brand.ErrPlateNotFound) {
			t.Errorf("seen before it is complete: %v", err)
		}
		for range 2 {
			p, err := plates.CompleteUpload(ctx, "a", u.ID)
			if err != nil || p.ID != u.ID || p.Name != "Table" || p.Filename != "t.jpg" || string(files.files[p.Path]) != "x" || len(files.files) != 1 {
				t.Errorf("%+v, %v, %d files", p, err, len(files.files))
			}
		}
		left(0)

		t.Run("two calls at the same moment", func(t *testing.T) {
			u, put := begin("Wall")
			put("y")
			_, err := d.Exec(`UPDATE plate_uploads SET taken_at = now_ms()`)
			must(err)
			short, stop := context.WithCancel(ctx)
			stop()
			if _, err := plates.CompleteUpload(short, "a", u.ID); err == nil {
				t.Error("it didn't wait for the other call")
			}
			_, err = d.Exec(`UPDATE plate_uploads SET taken_at = 0`)
			must(err)
			files.fails = errors.New("the store is away")
			if _, err := plates.CompleteUpload(ctx, "a", u.ID); !errors.Is(err, files.fails) {
				t.Errorf("%v", err)
			}
			files.fails = nil
			if _, err := plates.CompleteUpload(ctx, "a", u.ID); err != nil {
				t.Errorf("after the store came back: %v", err)
			}
			left(0)
		})
		t.Run("one call waits for the other", func(t *testing.T) {
			u, put := begin("Door")
			put("y")
			_, err := d.Exec(`UPDATE plate_uploads SET taken_at = now_ms()`)
			must(err)
			done := make(chan error)
			go func() {
				p, err := plates.CompleteUpload(ctx, "a", u.ID)
				if err == nil && p.ID != u.ID {
					err = errors.New("another plate: " + p.ID)
				}
				done <- err
			}()
			select {
			case err := <-done:
				t.Errorf("it didn't wait: %v", err)
			case <-time.After(50 * time.Millisecond):
				_, err = d.Exec(`UPDATE plate_uploads SET taken_at = 0`)
				must(err)
				must(<-done)
			}
			left(0)
		})
		t.Run("names that can't be kept", func(t *testing.T) {
			for _, name := range []string{"", "a\x00b.jpg", "a\nb.jpg", strings.Repeat("a", 256)} {
				if _, err := plates.BeginUpload(ctx, "a", brand.NewPlate{Name: "x", Filename: name}); !errors.Is(err, brand.ErrPlateFilename) {
					t.Errorf("%q: %v", name, err)
				}
			}
			if _, err := plates.BeginUpload(ctx, "a", brand.NewPlate{Name: " ", Filename: "a.jpg"}); !errors.Is(err, brand.ErrPlateName) {
				t.Errorf("a blank name: %v", err)
			}
		})
		t.Run("taken back", func(t *testing.T) {
			u, put := begin("Shelf")
			put("z")
			before := len(files.files)
			must(plates.Delete(ctx, "a", u.ID, false))
			if left(0); len(files.files) != before-1 {
				t.Error("the file is kept")
			}
		})
		t.Run("never completed", func(t *testing.T) {
			u, put := begin("Bench")
			put("z")
			before := len(files.files)
			must(plates.Sweep(ctx))
			left(1)
			_, err := d.Exec(`UPDATE plate_uploads SET created_at = now_ms() - 4000000`)
			must(err)
			if _, err := plates.CompleteUpload(ctx, "a", u.ID); !errors.Is(err, brand.ErrPlateNotFound) {
				t.Errorf("too late: %v", err)
			}
			must(plates.Sweep(ctx))
			if left(0); len(files.files) != before-1 {
				t.Error("the file is kept")
			}
		})
		t.Run("as many as there can be", func(t *testing.T) {
			for i := range brand.MaxPlates - 3 {
				u, put := begin("Many")
				if put("x"); i == 0 {
					defer func() {
						if _, err := plates.CompleteUpload(ctx, "a", u.ID); err != nil {
							t.Errorf("the last that has room: %v", err)
						}
					}()
				}
			}
			if _, err := plates.BeginUpload(ctx, "a", brand.NewPlate{Name: "x", Filename: "x.jpg"}); !errors.Is(err, brand.ErrPlatesFull) {
				t.Errorf("%v", err)
			}
			if _, err := plates.BeginUpload(ctx, "b", brand.NewPlate{Name: "x", Filename: "x.jpg"}); err != nil {
				t.Errorf("another tenant's: %v", err)
			}
		})
	})
}
