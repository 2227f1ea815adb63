package cutout_test

import (
	"fmt"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/sample"
)

// The bottle of the sample photo has a white paper label on a white
// backdrop. A label is not a hole: part of its outline is shading, not an edge.
func TestAWhiteLabelIsNoHole(t *testing.T) {
	for _, size := range []int{600, sample.Size} {
		t.Run(fmt.Sprintf("%d px", size), func(t *testing.T) {
			img := sample.Draw(size)
			r := cutout.Cut(img)
			b := img.Bounds()
			// the label lies in the middle of the picture's lower half
			clear := 0
			for y := b.Dy() * 50 / 100; y < b.Dy()*74/100; y++ {
				for x := b.Dx() * 42 / 100; x < b.Dx()*58/100; x++ {
					if r.Image.NRGBAAt(x, y).A < 250 {
						clear++
					}
				}
			}
			if clear > 0 {
				t.Errorf("%d pixels of the label are see-through", clear)
			}
			if a := r.Image.NRGBAAt(b.Dx()/20, b.Dy()/2).A; a != 0 {
				t.Errorf("the backdrop is left, alpha %d", a)
			}
		})
	}
}
