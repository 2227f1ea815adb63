package export

import (
	"image"
	"image/color"
	"math"
	"runtime"
	"testing"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/picture"
)

// photographed is a scene of the size that the scoring service makes, with a
// product cut from a 12-megapixel photo: a bottle with texture and a soft
// outline, so that encoders have something to do.
func photographed() *Layers {
	const w, h, side = 3000, 4000, 1024
	l := scenery(w/2, h/2)
	l.Cutout = image.NewNRGBA(image.Rect(0, 0, w, h))
	l.CutoutBounds = picture.Box{w / 4, h / 4, w / 2, h / 2}
	for y := range h / 2 {
		for x := range w / 2 {
			u, v := float64(x)/(w/4)-1, float64(y)/(h/4)-1
			a := 255 * clamp((1-math.Pow(math.Abs(u), 6)-math.Pow(math.Abs(v), 6))*40, 0, 1)
			g := 120 + 60*u + 20*math.Sin(float64(x)/9)*math.Cos(float64(y)/13)
			l.Cutout.SetNRGBA(w/4+x, h/4+y, color.NRGBA{uint8(g), uint8(g * .7), uint8(g * .5), uint8(a)})
		}
	}
	l.Backdrop = image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			g := 150 + 40*math.Sin(float64(x)/90)*math.Cos(float64(y)/70) + 6*math.Sin(float64(x*y)/37)
			l.Backdrop.SetNRGBA(x, y, color.NRGBA{uint8(g), uint8(g * .95), uint8(g * .9), 255})
		}
	}
	l.Width, l.Height, l.FloorY, l.HorizonY = side, side, 880, 600
	l.Box = picture.Box{side/2 - 240, 880 - 640, 480, 640}
	l.Shadow = image.NewNRGBA(l.Backdrop.Rect)
	for y := 840; y < 920; y++ {
		for x := 250; x < 800; x++ {
			l.Shadow.SetNRGBA(x, y, color.NRGBA{0, 0, 0, uint8(80 - math.Abs(float64(y)-880))})
		}
	}
	return l
}

// BenchmarkItem makes the variants of one item; the goal is 2.5 s for all of
// them on two processors.
func BenchmarkItem(b *testing.B) {
	all := make([]string, len(channel.Presets()))
	for i, p := range channel.Presets() {
		all[i] = p.Name
	}
	flat := photographed()
	flat.ContainsProduct, flat.Shadow = true, nil
	bare := photographed()
	bare.Backdrop, bare.Shadow = nil, nil
	for _, c := range []struct {
		name    string
		layers  *Layers
		presets []string
	}{{"default", photographed(), channel.Defaults()}, {"all", photographed(), all}, {"all flattened", flat, all}, {"all without a scene", bare, all}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				if err := Render(b.Context(), c.layers, c.presets, func(v Variant) error { n += len(v.File); return nil }); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(n)/1e6, "MB-files/op")
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/1e6, "MB-sys")
		})
	}
}
