package cutout

import (
	"cmp"
	"slices"
)

// What a stroke is not about: a colour of which it covers a small part, when it covers much of
// others. People paint roughly, so a stroke over what stands beside a product has some of the
// product under it, too; without this it would take all that looks alike.
const (
	tallyBin     = 6.  // width of a tally's bin in Lab
	tallyL       = 18  // bins of L, 0 to 100, with one more at each end
	tallyAB      = 36  // bins of a and b, −104 to 104, likewise
	rareShare    = .01 // a colour with less than this share of the rest says nothing
	aboutShare   = .1  // share of a stroke that the colours have of which it covers most
	foreignFrom  = 3.  // how many times less of a colour is covered than of those,
	foreignWhole = 10. // where it begins to be foreign, and where it is wholly so
	paintedOver  = .25 // share of a piece that strokes cover which are about it
)

// tally holds which share of some pixels has a colour, by bins of Lab.
type tally []float32

func tallyAt(l, a, b float32) int {
	bin := func(v float32, off, n int) int { return min(max(int(v/tallyBin+float32(off)), 0), n-1) }
	return (bin(l, 1, tallyL)*tallyAB+bin(a, tallyAB/2, tallyAB))*tallyAB + bin(b, tallyAB/2, tallyAB)
}

// bin returns the bin of a pixel's colour.
func (r *refiner) bin(i int) int {
	return tallyAt(r.smooth[0].p[i], r.smooth[1].p[i], r.smooth[2].p[i])
}

// tally counts the colours of the pixels that which picks. Neighbouring bins share theirs, as
// a colour that lies between two is neither's own. It is nil where there are no such pixels.
func (r *refiner) tally(which func(i int) bool) tally {
	t := make(tally, tallyL*tallyAB*tallyAB)
	n := 0
	for i := range r.n {
		if which(i) {
			t[r.bin(i)]++
			n++
		}
	}
	if n == 0 {
		return nil
	}
	for i := range t {
		t[i] /= float32(n)
	}
	for _, axis := range []struct{ step, length int }{{1, tallyAB}, {tallyAB, tallyAB}, {tallyAB * tallyAB, tallyL}} {
		was := append(tally(nil), t...)
		for i := range t {
			at := i / axis.step % axis.length
			v := 2 * was[i]
			if at > 0 {
				v += was[i-axis.step]
			}
			if at < axis.length-1 {
				v += was[i+axis.step]
			}
			t[i] = v / 4
		}
	}
	return t
}

// foreign rates each pixel of the side that strokes change by its colour: 0 is one that they
// are about as far as can be told, 1 one that they are not about. It is nil where they cover
// all of the side, or nothing.
func (r *refiner) foreign(certain, open []bool) []float32 {
	under := r.tally(func(i int) bool { return open[i] && certain[i] })
	rest := r.tally(func(i int) bool { return open[i] && !certain[i] })
	if under == nil || rest == nil {
		return nil
	}
	// The blur leaves a colour that share of its bin.
	const rare = rareShare * 8 / 64
	covered := make(tally, len(rest))
	var order []int
	for i, v := range under {
		if covered[i] = v / (rest[i] + rare); v > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(covered[b], covered[a]) })
	var most, share float32
	for _, i := range order {
		if most, share = covered[i], share+under[i]; share >= aboutShare {
			break
		}
	}
	for i, v := range rest {
		times := most / max(covered[i], 1e-9)
		common := min(max(v/rare-1, 0), 1)
		rest[i] = common * min(max((times-foreignFrom)/(foreignWhole-foreignFrom), 0), 1)
	}
	foreign, apart := make([]float32, r.n), make([]bool, r.n)
	for i, v := range open {
		if v {
			foreign[i] = rest[r.bin(i)]
			apart[i] = foreign[i] > .5
		}
	}
	// a piece that is painted over is meant, whatever else has its colour
	eachPart(apart, r.w, r.h, func(part []int32) {
		n := 0
		for _, i := range part {
			if certain[i] {
				n++
			}
		}
		if float64(n) >= paintedOver*float64(len(part)) {
			for _, i := range part {
				foreign[i] = 0
			}
		}
	})
	return foreign
}
