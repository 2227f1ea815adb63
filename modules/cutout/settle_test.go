package cutout

import "testing"

// Beside an outline that they share, the network's coverage is an edge; beside one that was
// decided otherwise it is a doubt, and the product is whole.
func TestNetworksCoverageCountsAlongItsOwnOutline(t *testing.T) {
	const w, h = 120, 40
	raw, fg := newPlane(w, h), make([]bool, w*h)
	for i := range fg {
		x := i % w
		fg[i] = x < 70
		switch {
		case x < 50:
			raw.p[i] = 1
		case x < 63: // a doubt up to 7 pixels inside the outline
			raw.p[i] = .6
		case x < 90:
			raw.p[i] = .3
		}
	}
	shared := make([]bool, w*h)
	for i := range shared {
		shared[i] = i%w < 63
	}
	for _, c := range []struct {
		name string
		fg   []bool
		at   int
		want float32
	}{{"another outline", fg, 62, 1}, {"its own outline", shared, 60, .6}} {
		t.Run(c.name, func(t *testing.T) {
			if got := softened(raw, c.fg, signedDistance(c.fg, w, h), signedDistance(over(raw, .5), w, h)).p[20*w+c.at]; got != c.want {
				t.Errorf("coverage %.2f, want %.2f", got, c.want)
			}
		})
	}
}
