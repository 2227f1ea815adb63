package onnx

import (
	"context"
	"image"
	"math"
	"slices"

	"github.com/opal-photo/opal/modules/cutout"
)

const (
	// sameAnswer is the difference in coverage below which two answers are the same.
	sameAnswer = .02
	// toldApart is by how much more of the product than of the backdrop a network covers, in the mean, of the
	// drawn photo that it does best at: one that was trained for it leaves little.
	toldApart = .25
	// fruitless is how many photos running without a product have the network tried,
	fruitless = 5
	// and moreFruitless how many more have it tried again, when the photos were to blame.
	moreFruitless = 50
)

// Try loads the model and runs the network on drawn photos, whose product is known: a model
// that can't be loaded, or whose output is not coverage, is the same whatever it is shown, or
// has nothing to do with the product, is found before the first customer's photo is. It takes
// three runs.
//
// Errors: those of Ready and Mask; ErrAnswer.
func (c *Cutter) Try(ctx context.Context) error {
	if err := c.Ready(ctx); err != nil {
		return err
	}
	var first []float32
	best, same := [2]float64{1, 0}, true // coverage of the backdrop and of the product
	for _, d := range c.model.drawn() {
		m, err := c.Mask(ctx, d.photo)
		if err != nil {
			return err
		}
		if first == nil {
			first = m.Coverage
		}
		same = same && apart(first, m.Coverage) < sameAnswer
		if got := d.covered(m.Coverage); got[1]-got[0] > best[1]-best[0] {
			best = got
		}
	}
	switch {
	case same:
		return ErrAnswer.With("%s answers the same, about %.2f, to different photos; its weights or its manifest's mean, scale and activation are wrong",
			c.model.Name, first[len(first)/2])
	case best[1]-best[0] < toldApart:
		return ErrAnswer.With("%s doesn't tell a product from its backdrop: of drawn photos it covers %.2f of the product and %.2f of the backdrop at best; "+
			"it is not a network for cut-outs, or its manifest's output, mean, scale and activation are wrong", c.model.Name, best[1], best[0])
	}
	return nil
}

// apart is the largest difference of two coverages of one size.
func apart(a, b []float32) (most float32) {
	for i, v := range a {
		most = max(most, float32(math.Abs(float64(v-b[i]))))
	}
	return most
}

// drawing is a photo of the network's size with one product on a backdrop, and what each pixel
// belongs to.
type drawing struct {
	photo *image.NRGBA
	part  []uint8 // 0: backdrop, 1: product, 2: too near the outline
}

// covered is the mean coverage of the backdrop and of the product.
func (d drawing) covered(coverage []float32) (mean [2]float64) {
	var n [2]float64
	for i, v := range coverage {
		if p := d.part[i]; p < 2 {
			mean[p] += float64(v)
			n[p]++
		}
	}
	return [2]float64{mean[0] / n[0], mean[1] / n[1]}
}

// drawn are photos of one product each: a dark blue ball to the left of a pale backdrop, a
// pale orange one to the right of a dark backdrop, and a red box with a pale label in the
// middle of a grey one.
func (m Manifest) drawn() []drawing {
	ball := func(at float64) func(u, v float64) float64 {
		return func(u, v float64) float64 { return math.Hypot(u-at, v-.5) - .2 }
	}
	plain := func(c [3]uint8) func(u, v float64) [3]uint8 { return func(_, _ float64) [3]uint8 { return c } }
	box := func(u, v float64) float64 { return max(math.Abs(u-.5)-.22, math.Abs(v-.5)-.3) }
	label := func(u, v float64) [3]uint8 {
		if math.Abs(u-.5) < .14 && math.Abs(v-.45) < .1 {
			return [3]uint8{236, 226, 205}
		}
		return [3]uint8{176, 32, 38}
	}
	return []drawing{
		m.draw([3]uint8{235, 235, 232}, plain([3]uint8{25, 45, 120}), ball(.3)),
		m.draw([3]uint8{30, 32, 30}, plain([3]uint8{245, 170, 90}), ball(.7)),
		m.draw([3]uint8{150, 152, 154}, label, box),
	}
}

// draw makes a photo whose product has the colours of product where outside, the way to
// its outline in parts of the photo's width and height, is below 0.
func (m Manifest) draw(backdrop [3]uint8, product func(u, v float64) [3]uint8, outside func(u, v float64) float64) drawing {
	const near = .03
	d := drawing{photo: image.NewNRGBA(image.Rect(0, 0, m.Width, m.Height)), part: make([]uint8, m.Width*m.Height)}
	for y := range m.Height {
		for x := range m.Width {
			u, v := (float64(x)+.5)/float64(m.Width), (float64(y)+.5)/float64(m.Height)
			colour, out, part := backdrop, outside(u, v), uint8(0)
			if out < 0 {
				colour, part = product(u, v), 1
			}
			if math.Abs(out) < near {
				part = 2
			}
			p := d.photo.Pix[d.photo.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = colour[0], colour[1], colour[2], 255
			d.part[y*m.Width+x] = part
		}
	}
	return d
}

// answered notes whether a photo's cut-out came to something. After some running in which the
// network found no product, or answered one number everywhere, it is tried: whether it or the
// photos are to blame. Errors: those of Try, which the photo is not to blame for.
func (c *Cutter) answered(ctx context.Context, found bool) error {
	if found {
		c.nothing.Store(0)
		return nil
	}
	if c.nothing.Add(1) < fruitless {
		return nil
	}
	if err := c.Try(ctx); err != nil {
		return err // and the next photo without a product has it tried again
	}
	c.nothing.Store(fruitless - moreFruitless)
	return nil
}

// firstLook asks the network, and knows whether it answered one number everywhere the first time.
type firstLook struct {
	*Cutter
	asked, even bool
}

func (l *firstLook) Mask(ctx context.Context, photo *image.NRGBA) (m cutout.Mask, err error) {
	m, err = l.Cutter.Mask(ctx, photo)
	if err == nil && !l.asked {
		l.asked = true
		l.even = slices.Max(m.Coverage)-slices.Min(m.Coverage) < sameAnswer
	}
	return m, err
}
