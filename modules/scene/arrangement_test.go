package scene

import (
	"bytes"
	"image"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/picture"
)

// compositions is the least number of seeds of a set that differ in composition.
const compositions = 5

// structure is a backdrop's light and dark in rough outlines, freed of its exposure and
// contrast.
func structure(img *image.NRGBA) []float64 {
	const n = 16
	small := imaging.Resize(img, n, n)
	out := make([]float64, n*n)
	mean := 0.0
	for i := range out {
		p := small.Pix[i*4:]
		out[i] = 0.2126*float64(p[0]) + 0.7152*float64(p[1]) + 0.0722*float64(p[2])
		mean += out[i] / n / n
	}
	spread := 0.0
	for i := range out {
		out[i] -= mean
		spread += out[i] * out[i]
	}
	for i := range out {
		out[i] /= math.Sqrt(spread) + 1e-9
	}
	return out
}

// likeness is the correlation of two structures, mirrored where that is more.
func likeness(a, b []float64) float64 {
	const n = 16
	straight, mirrored := 0.0, 0.0
	for y := range n {
		for x := range n {
			straight += a[y*n+x] * b[y*n+x]
			mirrored += a[y*n+x] * b[y*n+n-1-x]
		}
	}
	return max(straight, mirrored)
}

func TestSeedsGiveOtherCompositions(t *testing.T) {
	const most = 0.92
	for _, name := range picture.SceneTypes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen [compositions][]float64
			for s := range seen {
				req := Request{Scene: name, Catalogue: true, Width: 128, Height: 128, Seed: uint64(s)}
				r := render(t, New(0), req)
				seen[s] = structure(r.Backdrop)
				for before := range s {
					if k := likeness(seen[s], seen[before]); k > most {
						t.Errorf("seeds %d and %d are alike by %.3f, at most %.2f", before, s, k, most)
					}
				}
				if again := render(t, New(0), req); !bytes.Equal(again.Backdrop.Pix, r.Backdrop.Pix) {
					t.Errorf("seed %d gives another picture the second time", s)
				}
				mirrored := image.NewNRGBA(r.Backdrop.Rect)
				for y := range req.Height {
					for x := range req.Width {
						mirrored.SetNRGBA(req.Width-1-x, y, r.Backdrop.NRGBAAt(x, y))
					}
				}
				if k := likeness(structure(mirrored), seen[s]); k < 0.999 {
					t.Errorf("a mirrored copy of seed %d is alike by %.3f only", s, k)
				}
			}
		})
	}
}

func TestEverySetHasItsCompositions(t *testing.T) {
	for _, s := range sets {
		if n := len(arrangements[s.far]); n < compositions {
			t.Errorf("%s has %d", s.name, n)
		}
	}
}

// TestEveryCompositionLooksAsItDid holds the compositions side by side to a picture of them.
func TestEveryCompositionLooksAsItDid(t *testing.T) {
	const side = 112
	for _, name := range picture.SceneTypes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sheet := image.NewNRGBA(image.Rect(0, 0, compositions*side, side))
			for s := range compositions {
				r := render(t, New(0), Request{Scene: name, Product: bottle(60, 130, red), Catalogue: true, Width: side, Height: side, Seed: uint64(s)})
				imaging.Over(sheet, r.Flat, image.Pt(s*side, 0))
			}
			imagingtest.Golden(t, *update, name+"-compositions", sheet)
		})
	}
}
