package pipeline

import (
	"context"
	"errors"
	"image"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// PreviewSide is the longer side of a preview's scene, in pixels.
const PreviewSide = 512

// ErrNoPreview says that a picture has no preview: it shows the photo as it is.
var ErrNoPreview = fault.New(fault.Invalid, "preview_original", "There is no preview of crop_original: it is a part of the photo as it is")

// PlaceSmall describes the scene that an item's picture would have, with a longer side of
// so many pixels: the same words, the same seed and the same wishes as the picture itself.
// The cut-out may be smaller than the photo's, too. Where the scene is a plate it is given
// as it is stored.
func PlaceSmall(ctx context.Context, in *Input, cut *image.NRGBA, side int) (Placement, error) {
	if in.Scene == picture.CropOriginal {
		return Placement{}, ErrNoPreview
	}
	w, long := in.steering(), float64(max(cut.Rect.Dx(), cut.Rect.Dy()))
	if w.Turns() {
		cut = turnedBy(cut, w.Rotation, w.Flip)
	}
	w.Rotation, w.Flip = 0, false
	if in.Set != nil && w.HeightMM == 0 {
		common, err := in.Set(ctx)
		if err != nil && !errors.Is(err, ErrSetWaits) {
			return Placement{}, err
		}
		w.Room = room([2]float64{common[0] * long, common[1] * long}, AlphaBounds(cut))
	}
	req := Placement{
		TenantID: in.TenantID, JobID: in.JobID, ItemID: in.ItemID, Title: title(in.Filename), Scene: in.Scene, Prompt: prompt(in), Look: in.look(),
		Width: side, Height: side, Seed: seedOf(in), Steering: w, Cutout: cut,
	}
	if _, ok := picture.ParsePlate(in.Scene); ok {
		s := &state{in: *in}
		if _, err := s.loadPlate(ctx, &req); err != nil {
			return Placement{}, err
		}
		k := float64(side) / float64(max(req.Width, req.Height))
		req.Width, req.Height = max(1, int(float64(req.Width)*k+.5)), max(1, int(float64(req.Height)*k+.5))
	}
	return req, nil
}
