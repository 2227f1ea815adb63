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

const (
	// maxPlateSide bounds a stored plate: no finished picture shows more of it.
	maxPlateSide = 3072
	// plateQuality keeps a plate good enough to be encoded twice more.
	plateQuality = 95
)

// PreparedPlate is a photograph that products can be stood in.
type PreparedPlate struct {
	pipeline.Plate
	Width, Height int // pixels
}

// PreparePlate decodes a photograph as any photo is decoded, and returns it as plates are
// stored, with a guess of what it shows. Errors: those of the decoder, those of
// picture.CheckPlateSize, picture.ErrPlateInvisible.
func PreparePlate(ctx context.Context, d pipeline.Decoder, photo []byte) (PreparedPlate, error) {
	img, _, err := d.Decode(ctx, photo)
	if err != nil {
		return PreparedPlate{}, err
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if err := picture.CheckPlateSize(w, h); err != nil {
		return PreparedPlate{}, err
	}
	if imaging.Visible(img) != nil {
		return PreparedPlate{}, picture.ErrPlateInvisible
	}
	if k := float64(maxPlateSide) / float64(max(w, h)); k < 1 {
		img = imaging.Resize(img, max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5)))
	}
	if !imaging.Opaque(img) { // what is transparent shows white, as on a page
		paper := image.NewNRGBA(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()))
		for i := range paper.Pix {
			paper.Pix[i] = 255
		}
		imaging.Over(paper, img, image.Point{})
		img = paper
	}
	out := PreparedPlate{Width: img.Rect.Dx(), Height: img.Rect.Dy()}
	out.Plate.Plate = scene.EstimatePlate(img)
	if out.File, err = imaging.Encode(img, imaging.EncodeOptions{Format: imaging.JPEG, Quality: plateQuality}); err != nil {
		return PreparedPlate{}, fmt.Errorf("encode the plate: %w", err)
	}
	return out, nil
}
