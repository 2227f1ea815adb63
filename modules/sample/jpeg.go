package sample

import (
	"bytes"
	"fmt"
	"image/jpeg"
)

// Size is the side of the photo that JPEG makes, in pixels: about 2 megapixels.
const Size = 1400

const quality = 92

// JPEG returns the photo, drawn anew: keep it.
func JPEG(size int) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, Draw(size), &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode the sample photo: %w", err)
	}
	return b.Bytes(), nil
}
