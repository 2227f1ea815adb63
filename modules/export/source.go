package export

import (
	"image"
	"sync"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
)

// Source is a finished picture in its layers: where each lies in container
// "outputs" ("" when there is none) and where the product stands. Lengths are
// pixels of the scene, but for CutoutBounds.
type Source struct {
	CutoutPath      string `json:"cutout"`
	BackdropPath    string `json:"backdrop,omitempty"`
	ShadowPath      string `json:"shadow,omitempty"`
	OutputPath      string `json:"output,omitempty"`
	Width           int    `json:"width,omitempty"`
	Height          int    `json:"height,omitempty"`
	Box             [4]int `json:"box"`           // x, y, w, h of the product in the scene
	CutoutBounds    [4]int `json:"cutout_bounds"` // x, y, w, h of what is visible in the cut-out
	FloorY          int    `json:"floor_y,omitempty"`
	HorizonY        int    `json:"horizon_y,omitempty"`        // 0: seen from above, or not known
	Generated       bool   `json:"generated,omitempty"`        // by a trained model
	ContainsProduct bool   `json:"contains_product,omitempty"` // the backdrop holds the product
	Filename        string `json:"filename"`
	Scene           string `json:"scene,omitempty"` // scene type
}

// sourceType is what XMP says of how the picture came to be.
func (s *Source) sourceType() imaging.SourceType {
	if s.Generated {
		return imaging.SourceGenerated
	}
	return imaging.SourceComposite
}

// Layers are a source's decoded pictures. Rendering changes none of them.
type Layers struct {
	Source
	Cutout   *image.NRGBA // straight alpha
	Backdrop *image.NRGBA // opaque; nil without a scene
	Shadow   *image.NRGBA // nil when there is none; else of the scene's size
}

// ErrLayers says that a picture's layers don't fit together.
var ErrLayers = fault.New(fault.Invalid, "layers_invalid", "The picture's layers can't be put together; process the photo again")

// fallbackFill is how much of a scene a product takes whose place in it is not
// known.
const fallbackFill = 0.62

// sound returns the layers with what is missing filled in and what
// contradicts the pictures put right, or ErrLayers.
func (l *Layers) sound() (*Layers, error) {
	if l.Cutout == nil || l.Cutout.Rect.Empty() {
		return nil, ErrLayers.With("the cut-out is missing or empty")
	}
	s := *l
	b := rectOf(s.CutoutBounds).Intersect(s.Cutout.Rect)
	if b.Empty() {
		b = s.Cutout.Rect
	}
	s.CutoutBounds = [4]int{b.Min.X, b.Min.Y, b.Dx(), b.Dy()}
	if s.Backdrop == nil {
		s.Shadow = nil
		return &s, nil
	}
	s.Width, s.Height = s.Backdrop.Rect.Dx(), s.Backdrop.Rect.Dy()
	if s.Backdrop.Rect.Empty() {
		return nil, ErrLayers.With("the backdrop is empty")
	}
	if s.Shadow != nil && s.Shadow.Rect.Size() != s.Backdrop.Rect.Size() {
		return nil, ErrLayers.With("the shadow is %v and the backdrop %v", s.Shadow.Rect.Size(), s.Backdrop.Rect.Size())
	}
	if s.Box[2] < 1 || s.Box[3] < 1 || !rectOf(s.Box).Overlaps(s.Backdrop.Rect) {
		if s.ContainsProduct {
			return nil, ErrLayers.With("where the product is in its scene is not known")
		}
		w, h := fitProduct(b.Dx(), b.Dy(), s.Width, s.Height, fallbackFill)
		floor := max(int(floorSquare*float64(s.Height)), (s.Height+h)/2)
		s.Box, s.FloorY = [4]int{(s.Width - w) / 2, floor - h, w, h}, floor
	}
	return &s, nil
}

// rectOf reads x, y, w, h.
func rectOf(b [4]int) image.Rectangle { return image.Rect(b[0], b[1], b[0]+b[2], b[1]+b[3]) }

// whole reports whether nothing was cut out: the whole photo is the product.
func (l *Layers) whole() bool {
	return rectOf(l.CutoutBounds) == l.Cutout.Rect && l.Cutout.Opaque()
}

// product is what is visible of the cut-out, at the few sizes from which the
// variants are made. It is safe for concurrent use.
type product struct {
	img   *image.NRGBA
	twice func() *image.NRGBA // made when it is first needed
}

// spare is how much larger than the largest variant a photo must be to be worth
// an intermediate of its own.
const spare = 0.8

// newProduct crops the cut-out to its bounds. One step down from a
// 12-megapixel photo, to the longest side that any variant wants, serves them
// all.
func newProduct(l *Layers, longest int) *product {
	r := rectOf(l.CutoutBounds)
	p, _ := l.Cutout.SubImage(r).(*image.NRGBA) // a view
	if k := float64(longest) / float64(max(r.Dx(), r.Dy())); k < spare {
		p = imaging.Resize(p, atLeastOne(float64(r.Dx())*k), atLeastOne(float64(r.Dy())*k))
	} else {
		p = part(l.Cutout, r)
	}
	return &product{img: p, twice: sync.OnceValue(func() *image.NRGBA { return imaging.Upscale2x(p) })}
}

func (p *product) size() (w, h int) { return p.img.Rect.Dx(), p.img.Rect.Dy() }

// at returns the product at a size. What has to grow does so through the 2×
// kernel, which keeps edges sharp and free of rings.
func (p *product) at(w, h int) *image.NRGBA {
	pw, ph := p.size()
	switch {
	case w == pw && h == ph:
		return p.img
	case w <= pw || h <= ph || min(pw, ph) < 2:
		return imaging.Resize(p.img, w, h)
	}
	big := p.twice()
	for w >= 2*big.Rect.Dx() && h >= 2*big.Rect.Dy() {
		big = imaging.Upscale2x(big)
	}
	return imaging.Resize(big, w, h)
}

func atLeastOne(v float64) int { return max(1, int(v+.5)) }
