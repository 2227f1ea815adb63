package cutout

import (
	"image"
	"image/color"
	"testing"
)

// A cut-out that comes with the picture is kept, of glass and voile too.
func TestOwnAlphaIsKept(t *testing.T) {
	const side = 120
	for name, alpha := range map[string]uint8{"solid": 255, "half transparent": 128, "hardly there": 30} {
		t.Run(name, func(t *testing.T) {
			img := image.NewNRGBA(image.Rect(0, 0, side, side))
			for y := side / 4; y < side*3/4; y++ {
				for x := side / 4; x < side*3/4; x++ {
					img.SetNRGBA(x, y, color.NRGBA{90, 140, 200, alpha})
				}
			}
			r := Cut(img)
			if got := r.Image.NRGBAAt(side/2, side/2); !r.Found || got != (color.NRGBA{90, 140, 200, alpha}) || r.Alpha.AlphaAt(side/2, side/2).A != alpha {
				t.Errorf("found %v, the middle is %v and its alpha %v", r.Found, got, r.Alpha.AlphaAt(side/2, side/2))
			}
			if r.Image.NRGBAAt(2, 2).A != 0 {
				t.Error("the background is there")
			}
		})
	}
}
