package export

import (
	"database/sql"
	"encoding/json"
	"image"
	"math"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/check"
	"github.com/opal-photo/opal/modules/check/proof"
	"github.com/opal-photo/opal/modules/picture"
)

// place returns where a variant's product lies in it; ok is false when nothing was cut
// out and the place is unknown.
func place(p channel.Preset, l *Layers, prod *product) (at image.Rectangle, ok bool) {
	switch {
	case p.Background == channel.Swatch:
		return image.Rectangle{Max: prod.swatch(l, p).Size()}, true
	case l.whole():
		return image.Rectangle{}, false
	case p.Background == channel.Transparent:
		at, _ = croppedPlace(p, prod)
		return at, true
	case p.Background == channel.White:
		return placeOnWhite(p, l, prod), true
	case l.Backdrop != nil && l.Original:
		_, at, _ = photoPlace(p, &l.Source)
		return at, true
	case l.Backdrop == nil:
		return paperPlace(p, prod), true
	case l.ContainsProduct:
		_, at = reframe(p, &l.Source)
		return at, true
	}
	return stage(p, &l.Source).product, true
}

// placed returns the photo's pixels of the product as a variant shows them at a place, and
// their window of the cut-out.
func placed(p channel.Preset, l *Layers, prod *product, at image.Rectangle) (*image.NRGBA, image.Rectangle) {
	if p.Background == channel.Swatch {
		return swatchPlaced(l, prod, p)
	}
	if p.Background == channel.Scene && l.Backdrop != nil && l.Original {
		return ofPhotoPlaced(p, l)
	}
	return prod.at(at.Dx(), at.Dy()), l.CutoutBounds.Rect()
}

// seenPart returns what a frame shows of a product: the part of its window of the photo, and
// where it lies.
func seenPart(window, at, frame image.Rectangle) (part, seen image.Rectangle) {
	seen = at.Intersect(frame)
	if seen == at || seen.Empty() {
		return window, at
	}
	kx, ky := float64(window.Dx())/float64(at.Dx()), float64(window.Dy())/float64(at.Dy())
	from := func(v, k float64) int { return int(math.Round(v * k)) }
	part = image.Rect(from(float64(seen.Min.X-at.Min.X), kx), from(float64(seen.Min.Y-at.Min.Y), ky), from(float64(seen.Max.X-at.Min.X), kx), from(float64(seen.Max.Y-at.Min.Y), ky))
	return part.Add(window.Min), seen
}

// croppedPlace returns where the product lies in a variant that is cut to it,
// and the variant's size.
func croppedPlace(p channel.Preset, prod *product) (at image.Rectangle, size image.Point) {
	pw, ph := prod.room()
	w, h := picture.Fit(pw, ph, p.Width, p.Height, p.Fill)
	// the side that the product fills takes all of the preset's side, whatever its
	// shape
	margin := max(1, min(p.Width-w, p.Height-h)/2)
	size = image.Pt(min(p.Width, w+2*margin), min(p.Height, h+2*margin))
	from := image.Pt((size.X-w)/2, (size.Y-h)/2)
	return prod.within(image.Rectangle{from, from.Add(image.Pt(w, h))}), size
}

// maskAt returns the placed product's alpha in a frame of w by h pixels.
func maskAt(placed *image.NRGBA, at image.Rectangle, w, h int) *image.Alpha {
	mask := image.NewAlpha(image.Rect(0, 0, w, h))
	in := at.Intersect(mask.Rect)
	for y := in.Min.Y; y < in.Max.Y; y++ {
		row := placed.Pix[(y-at.Min.Y)*placed.Stride:]
		for x := in.Min.X; x < in.Max.X; x++ {
			mask.Pix[y*mask.Stride+x] = row[(x-at.Min.X)*4+3]
		}
	}
	return mask
}

// prove compares the product in a delivered picture with the photo's pixels as they
// were placed.
func prove(placed, delivered *image.NRGBA, at image.Rectangle) proof.Delivered {
	in := at.Intersect(delivered.Rect)
	if in.Empty() {
		return proof.Delivered{}
	}
	return proof.Compare(window(placed, in.Sub(at.Min)), window(delivered, in))
}

// window is a picture's part, with its pixels and an origin of its own.
func window(img *image.NRGBA, r image.Rectangle) *image.NRGBA {
	v := *view(img, r)
	v.Rect = v.Rect.Sub(v.Rect.Min)
	return &v
}

// Proof says how the product in a variant's file differs from the product in the photo,
// and the limits of its preset.
type Proof struct {
	proof.Delivered
	Limits proof.Limits `json:"limits"`
	Within bool         `json:"within"` // all limits are kept
	Held   bool         `json:"held"`   // the preset's files are held to them; smaller ones are only measured
	// Unlit are the figures with the scene's light taken for a change; nil where none fell on the product.
	Unlit *proof.Delivered `json:"unlit,omitempty"`
}

// ProofOf returns what was measured of a variant; nil where nothing was cut out.
func ProofOf(v Variant) *Proof {
	if v.Fidelity == nil {
		return nil
	}
	l := check.Limits(v.Preset)
	return &Proof{Delivered: *v.Fidelity, Limits: l, Within: v.Fidelity.Within(l) == "", Held: check.Provable(v.Preset), Unlit: v.Unlit}
}

func proofOf(v Variant) (sql.NullString, error) {
	p := ProofOf(v)
	if p == nil {
		return sql.NullString{}, nil
	}
	b, err := json.Marshal(p)
	return sql.NullString{String: string(b), Valid: err == nil}, err
}
