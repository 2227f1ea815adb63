package cutout

import (
	"image"
	"math"
	"testing"
)

// A half-transparent rest beside a product is measured and its place is told; the soft edge of a product
// is none.
func TestHalfTransparentRestsAreToldWithTheirPlace(t *testing.T) {
	const w, h = 512, 384
	lin := newPlanes3(w, h)
	for c := range lin {
		for i := range lin[c].p {
			lin[c].p[i] = .8
		}
	}
	product, rest := image.Rect(150, 100, 350, 300), image.Rect(350, 250, 366, 300)
	for name, c := range map[string]struct {
		shade float32 // of the rest, of the backdrop's brightness
		kind  string  // "": no rest
	}{
		"a shadow's rest":     {.5, ConcernShadow},
		"half of a part":      {1.1, ConcernUndecided},
		"an edge and no more": {},
	} {
		t.Run(name, func(t *testing.T) {
			raw, cut := newPlane(w, h), newPlane(w, h)
			for y := range h {
				for x := range w {
					i, at := y*w+x, image.Pt(x, y)
					switch {
					case at.In(product):
						raw.p[i], cut.p[i] = 1, 1
						for k := range lin {
							lin[k].p[i] = .1
						}
					case at.In(product.Inset(-1)):
						cut.p[i] = .5
					}
					if c.kind != "" && at.In(rest) {
						cut.p[i] = .4
						for k := range lin {
							lin[k].p[i] = .8 * c.shade
						}
					}
				}
			}
			j := &joint{raw: raw, scene: newScene(lin, 1, dilate(over(raw, .5), w, h, 20))}
			p, f := newPlaces(w, h), Features{Agree: .98, Blur: .5}
			j.soft(p, cut, &f)
			all := p.concerns(w, h)
			if c.kind == "" {
				if f.Soft > .001 || len(all) > 0 {
					t.Errorf("it has %.3f, %v", f.Soft, all)
				}
				return
			}
			// 12 columns of it are further from the outline than an edge goes, before 802 pixels of outline
			if want := 12 * 50 * 4 * .4 * .6 * joinSize / w / 802; math.Abs(f.Soft-want) > .2*want {
				t.Errorf("it has %.3f, want %.3f", f.Soft, want)
			}
			if len(all) != 1 || all[0].Kind != c.kind || !image.Rect(all[0].Box[0], all[0].Box[1], all[0].Box[0]+all[0].Box[2], all[0].Box[1]+all[0].Box[3]).In(rest) {
				t.Errorf("the concerns are %v, want %s in %v", all, c.kind, rest)
			}
			if got := trust(&f); got >= ReviewBelow {
				t.Errorf("the confidence is %.2f", got)
			}
		})
	}
}

// A network may be sure of an outline that hardly shows; a person looks at it.
func TestAnOutlineThatHardlyShowsIsLookedAt(t *testing.T) {
	f := Features{Agree: .98, Blur: .5, EdgeLow: .2}
	if c := trust(&f); c < ReviewBelow {
		t.Errorf("where a fifth hardly shows it is %.2f", c)
	}
	f.EdgeLow = .4
	if c := trust(&f); c >= ReviewBelow {
		t.Errorf("where two fifths hardly show it is %.2f", c)
	}
}
