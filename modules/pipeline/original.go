package pipeline

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/opal-photo/opal/modules/check/consistency"
	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// A picture of scene crop_original is a part of the photo: its own backdrop, framed by the
// product and a margin. Nothing is cut off, placed or painted; the cut-out says where the
// product is, and serves the variants on white.

// original reports whether the item shows the photo's own backdrop.
func (s *state) original() bool {
	return s.in.Options.GenerateScene && s.in.Scene == picture.CropOriginal
}

// originalEngine is what made such a picture, beside the engines' names.
const originalEngine = "original"

// placeOriginal keeps the photo as the scene.
func (p *Pipeline) placeOriginal(ctx context.Context, s *state) error {
	if s.photo == nil { // its cut-out is from another attempt
		raw, err := s.in.Raw(ctx)
		if err != nil {
			return fmt.Errorf("fetch the photo: %w", err)
		}
		if s.photo, _, err = DecodePhoto(ctx, p.decoder, raw); err != nil {
			return fmt.Errorf("decode the photo: %w", err)
		}
	}
	photo := s.photo
	if !photo.Opaque() { // what is transparent shows white, as on a page
		photo = onWhite(photo)
	}
	b, err := imaging.Encode(photo, imaging.EncodeOptions{Format: imaging.PNG, Effort: 1})
	if err != nil {
		return fmt.Errorf("encode the photo: %w", err)
	}
	path, err := s.artifacts.Put(ctx, "original", "png", "image/png", b)
	if err != nil {
		return fmt.Errorf("store the photo: %w", err)
	}
	placed := &picture.Placed{
		Engine: originalEngine, Width: photo.Rect.Dx(), Height: photo.Rect.Dy(), BackdropPath: path, ContainsProduct: true, Original: true, Finished: true,
		Box: picture.BoxOf(s.cutBounds), FloorY: s.cutBounds.Max.Y, Note: s.unfollowedByPhoto(),
	}
	s.photo = nil
	s.layers, s.done.Placed, s.result.Placed = &layers{scale: 1, backdrop: photo}, placed, *placed
	return s.checkpoint(ctx)
}

func onWhite(img *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()))
	for i := range out.Pix {
		out.Pix[i] = 255
	}
	imaging.Over(out, img, image.Point{})
	return out
}

// unfollowedByPhoto says which wishes a part of the photo can't follow.
func (s *state) unfollowedByPhoto() string {
	w := s.in.steering()
	return unfollowed("the photo's own backdrop doesn't follow ", s.sceneWishes(map[string]bool{"flip": w.Flip, "rotation": w.Rotation != 0}))
}

// unfollowedBare says which wishes a cut-out without a scene can't follow.
func (s *state) unfollowedBare() string {
	return unfollowed("no scene was asked for, which would follow ", s.sceneWishes(nil))
}

// sceneWishes lists the item's wishes that only a scene can follow, and more of its own.
func (s *state) sceneWishes(more map[string]bool) []string {
	w := s.in.steering()
	names := w.Unfollowed()
	for _, wishes := range []map[string]bool{more, {"relight": w.RelightBy() > 0, "seed": w.Seed != nil, "scene_prompt": s.in.Prompt != ""}} {
		for name, wished := range wishes {
			if wished {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func unfollowed(what string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return what + strings.Join(names, ", ")
}

// originalFill is the share of the picture that the product takes, unless the brand says
// another.
const originalFill = 0.8

// lockOriginal cuts the picture out of the photo.
func lockOriginal(s *state, cut *image.NRGBA, l *layers) error {
	fill := s.in.Look.ProductFill
	if !(fill > 0 && fill <= 1) {
		fill = originalFill
	}
	placed := s.done.Placed
	win := l.backdrop.Rect
	if !s.done.Cutout.Whole {
		win = framed(s.cutBounds, s.shared(), fill, l.backdrop.Rect.Size())
	}
	s.final = crop(l.backdrop, win)
	s.layers = nil
	f := s.fidelity()
	f.Note, f.Enlarged = picture.Noted(picture.Noted(placed.Note, s.setNote), s.unclear()), 1
	product := crop(cut, win)
	if !s.done.Cutout.Whole {
		seen := consistency.Measure(s.final, s.cutBounds.Sub(win.Min))
		seen.Fill = fillOf(s.shared(), s.cutBounds, s.cutBounds, win.Size())
		f.Seen = &seen
	}
	f.SSIM, f.MaxDiff = proof.Fidelity(product, s.final, erode(product))
	return nil
}

// framed returns the part of a photo of a size that shows a product, which takes a share
// of it by its longer side, with a margin as wide on all sides as the photo has it. room is
// the size of the box that a set's products share, in the photo's pixels: the product stands
// in the middle of its lower edge.
func framed(box image.Rectangle, room [2]float64, fill float64, photo image.Point) image.Rectangle {
	w, h := max(float64(box.Dx()), room[0]), max(float64(box.Dy()), room[1])
	margin := max(w, h) * (1/fill - 1) / 2
	cw, ch := min(int(w+2*margin+.5), photo.X), min(int(h+2*margin+.5), photo.Y)
	x := (box.Min.X+box.Max.X)/2 - cw/2
	y := box.Max.Y + int(margin+.5) - ch
	x, y = min(max(x, 0), photo.X-cw), min(max(y, 0), photo.Y-ch)
	return image.Rect(x, y, x+cw, y+ch)
}
