package app

import (
	"context"
	"fmt"

	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/imaging"
)

// maxLogoSide is the longer side, in pixels, of a logo that is kept.
const maxLogoSide = 512

// logos makes what is kept of brands' logos.
type logos struct{ decoder *imaging.Decoder }

// Logo judges and decodes a file as photos are, and returns a PNG of at most maxLogoSide.
func (l logos) Logo(ctx context.Context, file []byte) ([]byte, error) {
	if _, err := imagefile.Inspect(file); err != nil {
		return nil, err
	}
	img, _, err := l.decoder.Decode(ctx, file)
	if err != nil {
		return nil, err
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if k := float64(maxLogoSide) / float64(max(w, h)); k < 1 {
		img = imaging.Resize(img, max(1, int(float64(w)*k+.5)), max(1, int(float64(h)*k+.5)))
	}
	png, err := imaging.Encode(img, imaging.EncodeOptions{Format: imaging.PNG})
	if err != nil {
		return nil, fmt.Errorf("encode the logo: %w", err)
	}
	return png, nil
}
