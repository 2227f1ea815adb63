package scene

import (
	"image"
	"math"
	"slices"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// Plate is a photograph of a set or a place in which a product is stood, upright and
// opaque, with what is known of it.
type Plate struct {
	Image *image.NRGBA
	picture.Plate
}

// plateShadow is how dark shadows are in a plate, of the sets' scale.
const plateShadow = 0.95

// shadeKeeps is the part of the floor's colour that its shade keeps.
const shadeKeeps = 0.35

// set returns the plate as a row of the table of sets.
func (p *Plate) set() set {
	s := sets[0]
	s.name, s.far, s.top, s.flatTop = "plate", farRoom, stone, stone
	s.shadow, s.hardness, s.gloss = plateShadow, float32(1-p.Softness), 0
	s.reflection = float32(p.Reflection)
	s.gobo, s.flatGobo, s.side = goboNone, goboNone, LightLeft
	if math.Sin(p.LightAngle*deg) > 0 {
		s.side = LightRight
	}
	return s
}

// backdrop returns the photograph at a size, with the geometry that frame returns.
func (p *Plate) backdrop(w, h int, flat bool, fill float32) *backdrop {
	b := &backdrop{frame: p.frame(w, h, flat, fill)}
	b.img = imaging.Resize(p.Image, w, h)
	for i := 3; i < len(b.img.Pix); i += 4 {
		b.img.Pix[i] = 255
	}
	b.lin = make([]uint16, w*h*3)
	for y := range h {
		row := b.img.Pix[y*b.img.Stride:]
		for x := range w {
			for c := range 3 {
				b.lin[(y*w+x)*3+c] = uint16(toLinear[row[x*4+c]]*65535 + .5)
			}
		}
	}
	b.catchStep = float32(math.Ceil(math.Sqrt(float64(w) * float64(h) / (512 * 512))))
	b.catchW, b.catchH = int(float32(w)/b.catchStep)+1, int(float32(h)/b.catchStep)+1
	b.catch = make([]float32, b.catchW*b.catchH)
	const soft = 0.015
	for y := range b.catchH {
		fy := float64(y) * float64(b.catchStep) / float64(h)
		v := float32(1)
		if !flat {
			v = smoothstep(float32(p.Floor[1])-soft, float32(p.Floor[1])+soft, float32(fy)) * under(p.Floor[3], fy)
		}
		for x := range b.catchW {
			fx := float64(x) * float64(b.catchStep) / float64(w)
			b.catch[y*b.catchW+x] = v * under(1-p.Floor[0], 1-fx) * under(p.Floor[2], fx)
		}
	}
	return b
}

// under is 1 before a limit and falls to 0 behind it; a limit at the frame's edge has
// nothing behind it.
func under(limit, at float64) float32 {
	const soft = 0.03
	if limit >= 1-soft {
		return 1
	}
	return smoothstep(float32(limit+soft), float32(limit-soft), float32(at))
}

// The place of a product in a plate's floor.
const (
	plateWidth = 0.8 // of the floor's width that a product takes at most
	// plateHigh and plateBroad are the most of the frame that it takes: a place stays to be
	// seen around it.
	plateHigh  = 0.52
	plateBroad = 0.6
	// plateAir is the least air above it, as a share of the height, where a fill is asked for.
	plateAir = 0.04
)

// frame returns the plate's geometry; fill is the share of the frame that was asked for, 0 for
// none.
func (p *Plate) frame(w, h int, flat bool, fill float32) frame {
	f := frame{W: w, H: h, unit: sqrt32(float32(w) * float32(h))}
	f.w, f.h = float32(w)/f.unit, float32(h)/f.unit
	f.cx = f.w / 2
	fl := p.Floor
	f.edge = float32(p.Horizon) * f.h
	f.contact = float32(fl[1]+(fl[3]-fl[1])*picture.PlateDepth) * f.h
	f.px = float32(fl[0]+fl[2]) / 2 * f.w
	f.boxW = min(float32(fl[2]-fl[0])*plateWidth, plateBroad) * f.w
	f.boxH = max(min(f.contact-plateAir*f.h, plateHigh*f.h), 0.1*f.h)
	if fill > 0 {
		f.boxW, f.boxH = fill*f.w, min(fill*f.h, max(f.contact-plateAir*f.h, 0.1*f.h))
	}
	if flat && fill == 0 {
		f.boxH = max(min(float32(fl[3]-fl[1])*plateWidth, plateHigh), 0.1) * f.h
	}
	if flat {
		f.contact = float32(fl[1]+fl[3])/2*f.h + f.boxH/2
	}
	f.vanish = float32(picture.Vanish(float64(f.edge), float64(f.contact)))
	return f
}

// floorColour returns the mean colour of the floor around a point, in linear light.
func (b *backdrop) floorColour(x, y float64) rgb {
	r := int(0.06 * float64(b.unit))
	var sum rgb
	n := float32(0)
	for py := max(int(y)-r/2, 0); py < min(int(y)+r, b.H); py += 3 {
		for px := max(int(x)-2*r, 0); px < min(int(x)+2*r, b.W); px += 3 {
			l := b.lin[(py*b.W+px)*3:]
			sum = sum.plus(rgb{float32(l[0]), float32(l[1]), float32(l[2])}.scale(1.0 / 65535))
			n++
		}
	}
	if n == 0 {
		return rgb{}
	}
	return sum.scale(1 / n)
}

// estimateSide is the longer side, in pixels, at which a plate is looked at.
const estimateSide = 256

// EstimatePlate guesses what a photograph of a set shows: where its floor ends, where
// products may stand, and its light. People correct the guess.
func EstimatePlate(img *image.NRGBA) picture.Plate {
	k := float64(estimateSide) / float64(max(img.Rect.Dx(), img.Rect.Dy()))
	w, h := max(16, int(float64(img.Rect.Dx())*k)), max(16, int(float64(img.Rect.Dy())*k))
	small := imaging.Resize(img, w, h)
	lab := make([][3]float64, w*h)
	for y := range h {
		for x := range w {
			q := small.Pix[small.PixOffset(x, y):]
			v := toLCH(rgb{toLinear[q[0]], toLinear[q[1]], toLinear[q[2]]})
			lab[y*w+x] = [3]float64{v.L, v.C * math.Cos(v.H), v.C * math.Sin(v.H)}
		}
	}
	out := picture.Plate{Softness: 0.6}
	horizon, found := horizonOf(lab, w, h)
	out.Horizon = rounded(horizon, 1000)
	out.Floor = floorOf(lab, w, h, out.Horizon)
	for i, v := range out.Floor {
		out.Floor[i] = rounded(v, 1000)
	}
	angle, soft := lightOf(lab, w, h, out)
	out.LightAngle, out.Softness = rounded(angle, 1), rounded(soft, 100)
	out.Reflection = rounded(mirrorOf(lab, w, h, out), 100)
	if found {
		out.FrameMM = out.EstimateFrame(img.Rect.Dx(), img.Rect.Dy())
	}
	return out
}

// rounded returns a guess with the digits that mean something.
func rounded(v, to float64) float64 { return math.Round(v*to) / to }

// band is how much of the height, above and below a row, says whether a floor ends there.
const band = 0.035

// horizonOf returns the row at which what is above differs most from what is below, all
// across the picture, in its middle part; where nothing differs much, the row at which it
// does so faintly and everywhere in the same way. found is false where there is no such row.
func horizonOf(lab [][3]float64, w, h int) (row float64, found bool) {
	const (
		from, to = 0.2, 0.85
		least    = 0.045 // of lightness or colour: less is no edge
		weak     = 0.03  // but for one that most columns have, below a calm wall
		most     = 0.7
		calm     = 1.0 / 8
	)
	best, across, at := 0.0, 0.0, 0
	var above []float64
	for y := int(from * float64(h)); y < int(to*float64(h)); y++ {
		// the median of the columns: an object that stands there crosses few of them
		var sizes []float64
		for _, d := range stepsAt(lab, w, h, y) {
			sizes = append(sizes, math.Sqrt(d[0]*d[0]+d[1]*d[1]+d[2]*d[2]))
		}
		v := quantile(sizes, 0.4)
		if v > best {
			best, across, at = v, quantile(sizes, 0.25), y
		}
		above = append(above, v)
	}
	above = above[:max(1, at-int(from*float64(h)))]
	if best < weak || best < least && (across < most*best || quantile(above, 0.5) > calm*best) {
		if at, found = faintHorizon(lab, w, h); !found {
			return picture.NoHorizon, false // a sweep: its floor has no visible end
		}
	}
	return float64(at) / float64(h), true
}

// faintHorizon finds the edge of a table before a wall of nearly its colour: a small step,
// but the same in most columns, and far above the picture's usual change from row to row.
func faintHorizon(lab [][3]float64, w, h int) (at int, found bool) {
	const (
		from, to = 0.3, 0.9
		least    = 0.010
		stands   = 5 // times what is usual
	)
	var all []float64
	first := int(from * float64(h))
	for y := first; y < int(to*float64(h)); y++ {
		var columns [3][]float64
		for _, d := range stepsAt(lab, w, h, y) {
			for c := range 3 {
				columns[c] = append(columns[c], d[c])
			}
		}
		size := 0.0
		for c := range 3 {
			d := quantile(columns[c], 0.5)
			size += d * d
		}
		all = append(all, math.Sqrt(size))
	}
	// The uppermost of those that stand out: a wall is even, and what lies nearer on the table
	// may be a larger step.
	best, usual, near := slices.Max(all), quantile(slices.Clone(all), 0.5), max(2, int(band*float64(h)))
	if best < least || best < stands*usual {
		return 0, false
	}
	for i, v := range all {
		if v >= max(least, stands*usual, best/2) && v == slices.Max(all[max(0, i-near):min(len(all), i+near+1)]) {
			return first + i, true
		}
	}
	return 0, false
}

// stepsAt returns by how much each column differs below a row from what it is above it.
func stepsAt(lab [][3]float64, w, h, y int) [][3]float64 {
	n := max(2, int(band*float64(h)))
	n = min(n, y, h-y)
	out := make([][3]float64, w)
	for x := range w {
		for i := 1; i <= n; i++ {
			for c := range 3 {
				out[x][c] += (lab[(y+i-1)*w+x][c] - lab[(y-i)*w+x][c]) / float64(n)
			}
		}
	}
	return out
}

// floorOf returns where the floor looks like its front does.
func floorOf(lab [][3]float64, w, h int, horizon float64) [4]float64 {
	top := min(horizon+0.03, 0.97)
	mean, spread := patch(lab, w, h, 0.35, 0.85, 0.65, 0.99)
	limit := math.Max(0.10, 3*spread)
	column := func(x int) bool {
		off, n := 0, 0
		for y := int((top + 0.3*(1-top)) * float64(h)); y < h; y++ {
			if distance(lab[y*w+x], mean) > limit {
				off++
			}
			n++
		}
		return n > 0 && float64(off)/float64(n) < 0.5
	}
	left, right := w/2, w/2
	for left > 0 && column(left-1) {
		left--
	}
	for right < w-1 && column(right+1) {
		right++
	}
	l, r := float64(left)/float64(w), float64(right+1)/float64(w)
	if r-l < 0.3 { // the front says nothing of it
		l, r = 0.15, 0.85
	}
	if l < 0.04 {
		l = 0
	}
	if r > 0.96 {
		r = 1
	}
	return [4]float64{l, top, r, 1}
}

// lightOf returns where the light comes from, by what is brighter, and how soft it is, by
// how sharply the picture's tones change.
func lightOf(lab [][3]float64, w, h int, p picture.Plate) (angle, softness float64) {
	left, _ := patch(lab, w, h, 0, 0, 0.35, 1)
	right, _ := patch(lab, w, h, 0.65, 0, 1, 1)
	behind, _ := patch(lab, w, h, 0, 0, 1, max(p.Horizon, 0.1))
	front, _ := patch(lab, w, h, 0, max(p.Horizon, 0.1), 1, 1)
	across := clampF((right[0]-left[0])/0.12, -1, 1)
	depth := clampF((behind[0]-front[0])/0.35, -0.6, 0.6)
	if math.Abs(across) < 0.1 {
		across = -0.1 // from the left, as most sets are lit
	}
	angle = math.Mod(math.Atan2(across, -depth)/deg+360, 360)
	var hard, n float64
	for y := int(p.Floor[1] * float64(h)); y < h-1; y++ {
		for x := range w - 1 {
			d := math.Hypot(lab[y*w+x+1][0]-lab[y*w+x][0], lab[(y+1)*w+x][0]-lab[y*w+x][0])
			if d > 0.09 {
				hard++
			}
			n++
		}
	}
	return angle, clampF(0.75-8*hard/math.Max(n, 1), 0.15, 0.75)
}

// mirrorOf returns how much the floor mirrors what is behind it: how well its columns
// follow those above the horizon, top down, also where all of that is out of focus.
func mirrorOf(lab [][3]float64, w, h int, p picture.Plate) float64 {
	const (
		reach  = 0.33 // of the height: what stands behind is mirrored as high as it is
		across = 5    // columns: soft things change little from one to the next
		whole  = 0.9  // no floor mirrors as much: something stands on both sides of the row
	)
	edge := int(p.Horizon * float64(h))
	n := min(edge, h-edge, int(reach*float64(h)))
	if n < 6 || w <= across {
		return 0
	}
	var sxy, sxx, syy, count float64
	above, below := make([]float64, n-2), make([]float64, n-2)
	for x := across; x < w; x++ {
		meanA, meanB := 0.0, 0.0
		for i := range above {
			above[i] = lab[(edge-2-i)*w+x][0] - lab[(edge-2-i)*w+x-across][0]
			below[i] = lab[(edge+1+i)*w+x][0] - lab[(edge+1+i)*w+x-across][0]
			meanA, meanB = meanA+above[i]/float64(n-2), meanB+below[i]/float64(n-2)
		}
		for i := range above { // what goes on from wall to floor without an end is no reflection
			u, v := above[i]-meanA, below[i]-meanB
			sxy, sxx, syy, count = sxy+u*v, sxx+u*u, syy+v*v, count+1
		}
	}
	if sxx < 1e-5*count || syy <= 0 {
		return 0
	}
	much := math.Sqrt(syy / sxx)
	if r := sxy / math.Sqrt(sxx*syy); r > 0.3 && much < whole {
		return clampF(r*much, 0, 0.6)
	}
	return 0
}

// patch returns the mean of a part of a picture, given in shares, and how far its pixels
// lie from it.
func patch(lab [][3]float64, w, h int, x0, y0, x1, y1 float64) (mean [3]float64, spread float64) {
	n := 0.0
	each := func(f func(v [3]float64)) {
		for y := int(y0 * float64(h)); y < min(int(math.Ceil(y1*float64(h))), h); y++ {
			for x := int(x0 * float64(w)); x < min(int(math.Ceil(x1*float64(w))), w); x++ {
				f(lab[y*w+x])
			}
		}
	}
	each(func(v [3]float64) {
		n++
		for c := range 3 {
			mean[c] += v[c]
		}
	})
	if n == 0 {
		return mean, 0
	}
	for c := range 3 {
		mean[c] /= n
	}
	each(func(v [3]float64) { spread += distance(v, mean) / n })
	return mean, spread
}

func distance(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

// quantile returns the value below which a share of the values lies. It sorts them.
func quantile(v []float64, share float64) float64 {
	slices.Sort(v)
	return v[min(int(share*float64(len(v))), len(v)-1)]
}
