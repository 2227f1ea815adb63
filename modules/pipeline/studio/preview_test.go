package studio_test

import (
	"bytes"
	"context"
	"image"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// TestAPreviewFollowsTheWishes stands a block in a small scene, where it was wished.
func TestAPreviewFollowsTheWishes(t *testing.T) {
	block := image.NewNRGBA(image.Rect(0, 0, 60, 90))
	for i := range block.Pix {
		block.Pix[i] = 200
	}
	for y := range 90 { // an outline, so that it is no print that lies flat
		block.Pix[block.PixOffset(0, y)+3], block.Pix[block.PixOffset(59, y)+3] = 0, 0
	}
	placer := studio.NewPlacer(1)
	show := func(w picture.Steering) studio.Preview {
		t.Helper()
		in := pipeline.Input{TenantID: "t", Filename: "red-mug.jpg", Scene: "studio", Prompt: "morning light", Look: picture.Look{ID: "acme", Palette: []string{"#e8d8c3"}}, Steering: w}
		r, err := pipeline.PlaceSmall(t.Context(), &in, block, 128)
		if err != nil {
			t.Fatal(err)
		}
		if want := (pipeline.Placement{TenantID: "t", Title: "red mug", Scene: "studio", Prompt: "morning light", Look: in.Look, Width: 128, Height: 128}); cmp.Diff(
			want, pipeline.Placement{TenantID: r.TenantID, Title: r.Title, Scene: r.Scene, Prompt: r.Prompt, Look: r.Look, Width: r.Width, Height: r.Height}) != "" || r.Steering.Turns() {
			t.Errorf("%+v", r)
		}
		p, err := placer.Preview(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if img, err := imaging.DecodeOwn(p.JPEG); err != nil || img.Rect.Dx() != 128 {
			t.Errorf("%v %v", img.Rect, err)
		}
		return p
	}
	usual := show(picture.Steering{})
	moved := show(picture.Steering{X: picture.Number(.25), Scale: .5, Rotation: 90})
	if middle := moved.Box[0] + moved.Box[2]/2; middle < .22 || middle > .28 || moved.Box[3] > usual.Box[3]/2 || moved.Box[2] < moved.Box[3] {
		t.Errorf("%v, usually %v", moved.Box, usual.Box)
	}
	if lit := show(picture.Steering{Relight: picture.Number(1)}); bytes.Equal(lit.JPEG, usual.JPEG) {
		t.Error("the scene's light is not in the preview")
	}
	if own := show(picture.Steering{PhotoShadow: picture.PhotoShadow{picture.ShadowInScene: picture.ShadowKeep}}); !strings.Contains(own.Note, "own shadow") {
		t.Errorf("the photo's shadow, which a preview leaves out, is not told: %q", own.Note)
	}
	if usual.Floor <= usual.Horizon || usual.Horizon <= 0 {
		t.Errorf("%+v", usual)
	}
}

func TestAPreviewInAPlateHasItsProportions(t *testing.T) {
	file, err := imaging.Encode(image.NewNRGBA(image.Rect(0, 0, 90, 60)), imaging.EncodeOptions{Format: imaging.PNG})
	if err != nil {
		t.Fatal(err)
	}
	in := pipeline.Input{Scene: "plate:p", Plate: func(context.Context) (pipeline.Plate, error) { return pipeline.Plate{File: file}, nil }}
	r, err := pipeline.PlaceSmall(t.Context(), &in, image.NewNRGBA(image.Rect(0, 0, 4, 4)), 120)
	if err != nil || r.Width != 120 || r.Height != 80 || r.Plate == nil {
		t.Errorf("%d × %d, %v", r.Width, r.Height, err)
	}
}
