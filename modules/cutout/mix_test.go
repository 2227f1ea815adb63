package cutout

import (
	"fmt"
	"testing"
)

// flat is one colour (square root of linear light) everywhere.
func flat(c [3]float32) *planes3 {
	p := newPlanes3(1, 1)
	for i, v := range c {
		p[i].p[0] = v
	}
	return &p
}

// A pixel that was mixed of two colours is taken apart into its share and the product's colour.
func TestMixedPixelsAreTakenApart(t *testing.T) {
	front, back := [3]uint8{90, 30, 40}, [3]uint8{250, 250, 250}
	var f, b [3]float32
	for c := range 3 {
		f[c], b[c] = toGamma2[front[c]], toGamma2[back[c]]
	}
	for _, share := range []float32{0, .03, .2, .5, .8, 1} {
		t.Run(fmt.Sprint(share), func(t *testing.T) {
			var photo, out [4]uint8
			photo[3] = 255
			for c := range 3 {
				photo[c] = rootToByte[int((f[c]*share+b[c]*(1-share))*rootSteps+.5)]
			}
			m := mixedAt(photo[:], flat(f), flat(b), 0, 0)
			if got := m.share(); got < share-.01 || got > share+.01 {
				t.Errorf("share %.3f", got)
			}
			alpha := m.paint(out[:], photo[:], share)
			if alpha != out[3] {
				t.Errorf("alpha %d, written %d", alpha, out[3])
			}
			switch {
			case share <= noiseFloor:
				if out != [4]uint8{} {
					t.Errorf("noise is painted: %v", out)
				}
			case share == 1:
				if out != photo {
					t.Errorf("a pixel of the product became %v", out)
				}
			default:
				for c := range 3 {
					if d := int(out[c]) - int(front[c]); d < -10 || d > 10 { // the noise floor moves the share a little
						t.Errorf("%v, want the product's %v", out, front)
					}
				}
			}
		})
	}
	same := mixedAt([]uint8{250, 250, 250, 255}, flat(b), flat(b), 0, 0)
	if r := same.certainty(); r != 0 {
		t.Errorf("sides of one colour are believed: %v", r)
	}
}
