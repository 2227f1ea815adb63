package onnx

import (
	"context"
	"image"
	"math"
)

// sameAnswer is the difference in coverage below which two answers are the same.
const sameAnswer = .02

// Try loads the model and runs the network on two drawn photos, which have nothing but their
// size in common: a model that can't be loaded, or whose output is not coverage, or is the same
// whatever it is shown, is found before the first customer's photo is. It takes two runs.
//
// Errors: those of Ready and Mask; ErrAnswer.
func (c *Cutter) Try(ctx context.Context) error {
	if err := c.Ready(ctx); err != nil {
		return err
	}
	var first []float32
	for i, photo := range c.model.drawn() {
		m, err := c.Mask(ctx, photo)
		if err != nil {
			return err
		}
		if i == 0 {
			first = m.Coverage
			continue
		}
		apart := float32(0)
		for j, v := range m.Coverage {
			apart = max(apart, float32(math.Abs(float64(v-first[j]))))
		}
		if apart < sameAnswer {
			return ErrAnswer.With("%s answers the same, about %.2f, to different photos; its weights or its manifest's mean, scale and activation are wrong",
				c.model.Name, first[len(first)/2])
		}
	}
	return nil
}

// drawn are two photos of the network's size: a dark blue product to the left of a pale
// backdrop, and a pale orange one to the right of a dark backdrop.
func (m Manifest) drawn() []*image.NRGBA {
	draw := func(backdrop, product [3]uint8, at float64) *image.NRGBA {
		img := image.NewNRGBA(image.Rect(0, 0, m.Width, m.Height))
		for y := range m.Height {
			for x := range m.Width {
				u, v := float64(x)/float64(m.Width)-at, float64(y)/float64(m.Height)-.5
				colour := backdrop
				if u*u+v*v < .2*.2 {
					colour = product
				}
				p := img.Pix[img.PixOffset(x, y):]
				p[0], p[1], p[2], p[3] = colour[0], colour[1], colour[2], 255
			}
		}
		return img
	}
	return []*image.NRGBA{
		draw([3]uint8{235, 235, 232}, [3]uint8{25, 45, 120}, .3),
		draw([3]uint8{30, 32, 30}, [3]uint8{245, 170, 90}, .7),
	}
}
