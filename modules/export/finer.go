package export

import (
	"image"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/imaging"
)

// The search for an encoding that keeps the product as it is.
const (
	finest     = 98 // quality beyond which files only grow
	searchStep = 2  // of quality, at which the search stops
)

// finer looks for the smallest file, of those whose product keeps the limits, at higher
// qualities and with colour at its full resolution. The preset's own encoding is known
// not to keep them. Lossless WebP, which is large, is tried at last where it may be. nil when none does: what breaks the limits is not the encoding. shows is the best file decoded.
func finer(p channel.Preset, img *image.NRGBA, o imaging.EncodeOptions, limits proof.Limits, lossless bool, prove func(*image.NRGBA) proof.Delivered) (best []byte, shows *image.NRGBA, measured proof.Delivered) {
	if p.Format == channel.PNG || o.Lossless {
		return nil, nil, proof.Delivered{}
	}
	try := func(o imaging.EncodeOptions) bool {
		file, err := imaging.Encode(img, o)
		if err != nil {
			return false
		}
		decoded, err := imaging.DecodeOwn(file)
		if err != nil {
			return false
		}
		d := prove(decoded)
		within := d.Within(limits) == ""
		if within && (best == nil || len(file) < len(best)) {
			best, shows, decoded, measured = file, decoded, shows, d
		}
		imaging.Recycle(decoded)
		return within
	}
	for _, full := range []bool{true, false} {
		o := o
		o.FullColour = full
		if full && try(o) {
			continue // at the preset's own quality: a higher one is larger
		}
		o.Quality = finest
		if !try(o) {
			continue
		}
		for low, high := p.Quality, finest; high-low > searchStep; {
			if o.Quality = (low + high) / 2; try(o) {
				high = o.Quality
			} else {
				low = o.Quality
			}
		}
	}
	if best == nil && lossless && p.Format == channel.WebP { // which can't keep colour at its full resolution otherwise
		o.Lossless = true
		try(o)
	}
	return best, shows, measured
}
