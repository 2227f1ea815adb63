package pipeline

import (
	"context"
	"image"
	"math"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/picture"
)

// Photos of one product from several angles are a set: their pictures have one scale and one
// crop. The largest product of the set decides, by the share of its photo that it takes, as
// the photos of a set are taken with one camera from one distance.

// ErrSetWaits says that other photos of the item's set are not cut out yet, and that the item
// is to be tried again when they are.
var ErrSetWaits = fault.New(fault.Unavailable, "set_waits", "Other photos of the product's set are not cut out yet")

// Extent is a product's width and height, as shares of its photo's longer side.
type Extent [2]float64

// Extent returns how large the photo shows its product, turned as that is wished; the zero
// value where nothing was cut out, or by a record of before.
func (r *CutoutRecord) Extent(w picture.Steering) Extent {
	long := float64(max(r.Size[0], r.Size[1]))
	if r.Whole || long == 0 || r.Bounds.Empty() {
		return Extent{}
	}
	width, height := float64(r.Bounds.Dx())/long, float64(r.Bounds.Dy())/long
	sin, cos := math.Sincos(w.Rotation * math.Pi / 180)
	sin, cos = math.Abs(sin), math.Abs(cos)
	return Extent{width*cos + height*sin, width*sin + height*cos}
}

// Common returns the box that holds each of the products of a set.
func Common(all []Extent) (c Extent) {
	for _, e := range all {
		c[0], c[1] = max(c[0], e[0]), max(c[1], e[1])
	}
	return c
}

// joinSet takes over the scale of the item's set. A product with a real size keeps that.
func joinSet(ctx context.Context, _ *Pipeline, s *state) error {
	if s.done.Cutout.Whole || s.in.steering().HeightMM > 0 {
		return nil
	}
	common, err := s.in.Set(ctx)
	if err != nil || common == (Extent{}) {
		return err
	}
	cut, err := s.cutoutSize(ctx)
	if err != nil {
		return err
	}
	long := float64(max(cut.X, cut.Y))
	s.result.Common = [2]float64{common[0] * long, common[1] * long}
	if e := s.done.Cutout.Extent(s.in.steering()); e[0] > common[0]*setSlack || e[1] > common[1]*setSlack {
		s.setNote = "the photo came after the scale of its set was settled, and its product is larger than the others: it is shown smaller than they are"
	}
	return nil
}

// setSlack is how much larger a product may be than its set's box before people are told:
// rounding, and rotation, which the box only bounds.
const setSlack = 1.01

// cutoutSize returns the size of the photo that the cut-out was made of.
func (s *state) cutoutSize(ctx context.Context) (image.Point, error) {
	if n := s.done.Cutout.Size; n != [2]int{} {
		return image.Pt(n[0], n[1]), nil
	}
	cut, err := s.cutoutImage(ctx)
	if err != nil {
		return image.Point{}, err
	}
	return cut.Rect.Size(), nil
}

// shared returns the size, in pixels of the cut-out, of the box that the products of the set
// share; 0, 0 for a product that is alone.
func (s *state) shared() [2]float64 { return s.result.Common }

// room returns how many times wider and higher than a product within bounds the box of its
// set is; 0, 0 for one that is alone.
func room(common [2]float64, bounds image.Rectangle) [2]float64 {
	if common == ([2]float64{}) || bounds.Empty() {
		return common
	}
	return [2]float64{max(1, common[0]/float64(bounds.Dx())), max(1, common[1]/float64(bounds.Dy()))}
}

// fillOf returns the share of a frame that the box of a set takes whose product fills a box
// of it: pictures of a set are alike in that.
func fillOf(common [2]float64, bounds, box image.Rectangle, frame image.Point) float64 {
	k := room(common, bounds)
	return max(float64(box.Dx())*max(1, k[0])/float64(frame.X), float64(box.Dy())*max(1, k[1])/float64(frame.Y))
}
