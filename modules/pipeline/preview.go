package pipeline

import (
	"context"
	"image"

	"github.com/opal-photo/opal/modules/picture"
)

// PreviewSide is the longer side of a preview's scene, in pixels.
const PreviewSide = 512

// PlaceSmall describes the scene that an item's picture would have, with a longer side of
// so many pixels: the same words, the same seed and the same wishes as the picture itself.
// The cut-out may be smaller than the photo's, too. Where the scene is a plate it is given
// as it is stored.
func PlaceSmall(ctx context.Context, in *Input, cut *image.NRGBA, side int) (Placement, error) {
	w := in.steering()
	if w.Turns() {
		cut = turnedBy(cut, w.Rotation, w.Flip)
	}
	w.Rotation, w.Flip = 0, false
	req := Placement{
		TenantID: in.TenantID, JobID: in.JobID, ItemID: in.ItemID, Title: title(in.Filename), Scene: in.Scene, Prompt: prompt(in), Look: in.Look,
		Width: side, Height: side, Seed: seedOf(in), Steering: w, Cutout: cut,
	}
	if _, ok := picture.ParsePlate(in.Scene); ok {
		s := &state{in: *in}
		if err := s.loadPlate(ctx, &req); err != nil {
			return Placement{}, err
		}
		k := float64(side) / float64(max(req.Width, req.Height))
		req.Width, req.Height = max(1, int(float64(req.Width)*k+.5)), max(1, int(float64(req.Height)*k+.5))
	}
	return req, nil
}
