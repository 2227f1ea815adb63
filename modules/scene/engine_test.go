package scene

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"testing"

	"github.com/opal-photo/opal/modules/picture"
)

// side is the size of the pictures that tests make: small, since there are many.
const side = 160

func render(t testing.TB, e *Engine, req Request) *Result {
	t.Helper()
	if req.Scene == "" {
		req.Scene = "studio"
	}
	if req.Width == 0 {
		req.Width, req.Height = side, side
	}
	res, err := e.Render(context.Background(), req)
	if err != nil {
		t.Fatalf("render %s: %v", req.Scene, err)
	}
	return res
}

func TestOddInputsGiveWholePictures(t *testing.T) {
	faint := image.NewNRGBA(image.Rect(0, 0, 50, 50))
	for i := range faint.Pix {
		faint.Pix[i] = 20
	}
	products := map[string]*image.NRGBA{
		"nil": nil, "empty": image.NewNRGBA(image.Rectangle{}), "clear": image.NewNRGBA(image.Rect(0, 0, 40, 40)),
		"dot": plate(1, 1), "column": plate(1, 700), "row": plate(700, 1), "photo": plate(90, 60),
		"faint": faint, "wide": bottle(3000, 12, green), "tall": bottle(20, 2000, green),
		"sub": bottle(300, 300, green).SubImage(image.Rect(60, 20, 240, 280)).(*image.NRGBA),
	}
	sizes := [][2]int{{1, 1}, {2, 120}, {120, 2}, {97, 53}}
	e := New(1)
	for name, p := range products {
		t.Run(name, func(t *testing.T) {
			for _, size := range sizes {
				for _, set := range picture.SceneTypes() {
					for pose, fill := range map[Pose]float64{PoseStanding: 0, PoseFlat: 1e9} {
						r := render(t, e, Request{Product: p, Scene: set, Pose: pose, Fill: fill, Width: size[0], Height: size[1], Prompt: "backlit leaves dark"})
						if r.Flat.Rect != image.Rect(0, 0, size[0], size[1]) || r.Backdrop.Rect != r.Flat.Rect {
							t.Fatalf("%v %s: wrong size %v", size, set, r.Flat.Rect)
						}
						if r.Meta.Light == LightAuto || r.Meta.Pose != pose {
							t.Fatalf("meta leaves light or pose open: %+v", r.Meta)
						}
					}
				}
			}
		})
	}
}

func TestRequestLimits(t *testing.T) {
	e := New(1)
	for _, c := range []struct {
		req  Request
		want error
	}{
		{Request{Scene: "studio"}, ErrSize},
		{Request{Scene: "studio", Width: 1 << 20, Height: 9}, ErrSize},
		{Request{Scene: "studio", Width: MaxSide, Height: MaxSide}, ErrSize},
		{Request{Scene: "nowhere", Width: 9, Height: 9}, ErrUnknownScene},
	} {
		t.Run(fmt.Sprintf("%s %dx%d", c.req.Scene, c.req.Width, c.req.Height), func(t *testing.T) {
			if _, err := e.Render(context.Background(), c.req); !errors.Is(err, c.want) {
				t.Errorf("%+v: %v, want %v", c.req, err, c.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Render(ctx, Request{Scene: "studio", Width: 9, Height: 9}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestSameRequestSameBytes(t *testing.T) {
	for _, set := range picture.SceneTypes() {
		req := Request{Product: bottle(400, 400, green), Scene: set, Width: 150, Height: 190, Seed: 7}
		a, b := render(t, New(1), req), render(t, New(1), req)
		if !bytes.Equal(a.Flat.Pix, b.Flat.Pix) || !bytes.Equal(a.Shadow.Pix, b.Shadow.Pix) {
			t.Errorf("%s differs between runs", set)
		}
		req.Seed = 8
		if c := render(t, New(1), req); set != "studio" && bytes.Equal(a.Backdrop.Pix, c.Backdrop.Pix) {
			t.Errorf("%s: another seed gives the same backdrop", set)
		}
	}
}

func TestCatalogueSharesOneLook(t *testing.T) {
	for name, req := range map[string]Request{"palette": {Palette: []string{"#a3b18a"}}, "catalogue": {Catalogue: true}} {
		for _, set := range picture.SceneTypes() {
			t.Run(name+" "+set, func(t *testing.T) {
				e := New(4)
				req.Scene, req.Seed, req.Fill = set, 3, 0.6
				req.Product = bottle(400, 500, green)
				a := render(t, e, req)
				req.Product = ball(500, red) // lit from the other side
				b := render(t, e, req)
				if !b.Meta.Cached || a.Backdrop != b.Backdrop {
					t.Error("the backdrop was rebuilt for another product")
				}
				if a.Meta.HorizonY != b.Meta.HorizonY || a.Meta.Light != b.Meta.Light {
					t.Errorf("horizon or light moved: %+v %+v", a.Meta, b.Meta)
				}
				for _, m := range []Meta{a.Meta, b.Meta} {
					if got := max(m.Exact[2], m.Exact[3]) / side; got < 0.59 || got > 0.61 {
						t.Errorf("fill %.3f, want 0.6", got)
					}
				}
			})
		}
	}
}

func TestCacheKeepsWithinItsBudget(t *testing.T) {
	e := New(1)
	e.budget = 3 * 64 * 64
	for seed := range uint64(6) {
		render(t, e, Request{Width: 64, Height: 64, Seed: seed})
	}
	if e.order.Len() != 3 || e.kept != e.budget || len(e.byKey) != 3 {
		t.Errorf("keeps %d backdrops of %d pixels", e.order.Len(), e.kept)
	}
	if !render(t, e, Request{Width: 64, Height: 64, Seed: 5}).Meta.Cached {
		t.Error("the latest backdrop was dropped")
	}
	render(t, e, Request{Width: 200, Height: 200}) // larger than the whole budget
	if e.kept > e.budget {
		t.Errorf("keeps %d pixels of %d", e.kept, e.budget)
	}
}

func TestRendersSideBySideAreTheSame(t *testing.T) {
	e := New(2)
	want := render(t, New(1), Request{Product: ball(90, red), Scene: "kitchen"})
	done := make(chan *Result)
	for range 4 {
		go func() {
			res, _ := e.Render(context.Background(), Request{Product: ball(90, red), Scene: "kitchen", Width: side, Height: side})
			done <- res
		}()
	}
	for range 4 {
		if res := <-done; res == nil || !bytes.Equal(res.Flat.Pix, want.Flat.Pix) {
			t.Error("a concurrent render differs")
		}
	}
}
