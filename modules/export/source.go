package export

import (
	"image"
	"image/draw"

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
	HorizonY        int    `json:"horizon_y,omitempty"`
	Generated       bool   `json:"generated,omitempty"`        // by a trained model
	ContainsProduct bool   `json:"contains_product,omitempty"` // the backdrop holds the product
	Filename        string `json:"filename"`
	Scene           string `json:"scene,omitempty"` // scene type
}

// Layers are a source's decoded pictures.
type Layers struct {
	Source
	Cutout   *image.NRGBA // straight alpha
	Backdrop *image.NRGBA // nil without a scene
	Shadow   *image.NRGBA // nil when there is none; else of the scene's size
}

// product returns what is visible of the cut-out, at most at the size that the
// largest of the wanted variants needs: one step down from a 12-megapixel photo
// serves them all.
func (l *Layers) product(longest int) *image.NRGBA {
	b := l.CutoutBounds
	r := image.Rect(b[0], b[1], b[0]+b[2], b[1]+b[3]).Intersect(l.Cutout.Rect)
	if r.Empty() {
		r = l.Cutout.Rect
	}
	p := image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(p, p.Rect, l.Cutout, r.Min, draw.Src)
	if k := float64(longest) / float64(max(r.Dx(), r.Dy())); k < .8 {
		p = imaging.Resize(p, atLeastOne(float64(r.Dx())*k), atLeastOne(float64(r.Dy())*k))
	}
	return p
}

func atLeastOne(v float64) int { return max(1, int(v+.5)) }
