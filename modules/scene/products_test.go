package scene

import (
	"image"
	"image/color"
	"math"
)

// bottle draws a standing product lit from the right, w×h with margins.
func bottle(w, h int, tint color.NRGBA) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := h / 10; y < h*9/10; y++ {
		half := w / 5
		if y < h/3 {
			half = w / 11
		}
		for x := w/2 - half; x < w/2+half; x++ {
			k := 0.45 + 0.55*float64(x-w/2+half)/float64(2*half)
			m.SetNRGBA(x, y, color.NRGBA{uint8(float64(tint.R) * k), uint8(float64(tint.G) * k), uint8(float64(tint.B) * k), 255})
		}
	}
	return m
}

// ball draws a shaded sphere with a soft edge.
func ball(n int, tint color.NRGBA) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, n, n))
	r := float64(n) * 0.42
	for y := range n {
		for x := range n {
			dx, dy := (float64(x)-float64(n)/2)/r, (float64(y)-float64(n)/2)/r
			d := math.Hypot(dx, dy)
			if d > 1.02 {
				continue
			}
			lit := 0.3 + 0.7*math.Max(0, -0.5*dx-0.6*dy+0.6*math.Sqrt(math.Max(1-d*d, 0)))
			lit = math.Min(lit, 1)
			a := math.Min(math.Max((1.02-d)*50, 0), 1)
			m.SetNRGBA(x, y, color.NRGBA{uint8(float64(tint.R) * lit), uint8(float64(tint.G) * lit), uint8(float64(tint.B) * lit), uint8(a * 255)})
		}
	}
	return m
}

// plate draws an opaque picture: a photo from which nothing was cut.
func plate(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(60 + 120*x/w), uint8(90 + 100*y/h), 130, 255})
		}
	}
	return m
}

var (
	green = color.NRGBA{70, 150, 80, 255}
	red   = color.NRGBA{220, 30, 40, 255}
)
