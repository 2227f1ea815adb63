package studio

import (
	"context"
	"fmt"
	"image"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/scene"
)

// Preview is a small picture of a scene with its product. Box, floor and horizon are
// shares of its sides, from the top left.
type Preview struct {
	JPEG          []byte
	Width, Height int
	At            image.Rectangle // the product, in pixels; it may reach beyond the picture
	Box           [4]float64      // left, top, width and height of the product
	Floor         float64         // the row that it stands on
	Horizon       float64         // the row where the surface ends; 0: seen from above
	Note          string          // what of the wishes it doesn't follow, and why
}

// previewQuality is that of a picture which is looked at for a moment.
const previewQuality = 80

// Preview renders a scene as Place does, and returns it in one picture.
func (p *Placer) Preview(ctx context.Context, r pipeline.Placement) (Preview, error) {
	plate, err := plateOf(r.Plate)
	if err != nil {
		return Preview{}, err
	}
	res, err := p.engine.Render(ctx, request(r, plate))
	if err != nil {
		return Preview{}, fmt.Errorf("render the preview: %w", err)
	}
	if res.Product != nil && res.Product.Rect.Dx() > 0 {
		if light := pipeline.SceneLight(r.Steering, r.Look, &res.Meta.Placed, res.Backdrop, res.Product, res.Product.Rect); light != nil {
			res.Flat = relit(res, light.On(res.Product))
		}
	}
	b, err := imaging.Encode(res.Flat, imaging.EncodeOptions{Format: imaging.JPEG, Quality: previewQuality})
	if err != nil {
		return Preview{}, fmt.Errorf("encode the preview: %w", err)
	}
	w, h, m := float64(r.Width), float64(r.Height), res.Meta
	if picture.KeepsOwn(r.Steering.PhotoShadow[picture.ShadowInScene]) {
		m.Note = picture.Noted(m.Note, "the finished picture has the photo's own shadow, where the photo shows one")
	}
	if r.Steering.ShowsThrough() {
		m.Note = picture.Noted(m.Note, "the finished picture shows through the product's glass, where the photo shows some")
	}
	return Preview{
		JPEG: b, Width: r.Width, Height: r.Height, At: m.Box.Rect(), Note: m.Note, Floor: float64(m.FloorY) / h, Horizon: float64(m.HorizonY) / h,
		Box: [4]float64{float64(m.Box[0]) / w, float64(m.Box[1]) / h, float64(m.Box[2]) / w, float64(m.Box[3]) / h},
	}, nil
}

// relit stacks a scene's layers with another product in the place of its own.
func relit(res *scene.Result, product *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(res.Backdrop.Rect)
	copy(out.Pix, res.Backdrop.Pix)
	if res.Shadow != nil {
		imaging.Over(out, res.Shadow, res.Shadow.Rect.Min)
	}
	imaging.Over(out, product, res.Product.Rect.Min)
	return out
}

// Small returns a picture with a longer side of so many pixels at most.
func Small(img *image.NRGBA, side int) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	k := float64(side) / float64(max(w, h, 1))
	if k >= 1 {
		return img
	}
	return imaging.Resize(img, max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5)))
}
