package proof

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"slices"
)

// Delivered says how the product in a delivered file differs from the product in the
// photo, measured on the decoded file, inside the mask a few pixels from its edge.
type Delivered struct {
	SSIM     float64 `json:"ssim"`        // structural similarity of brightness, 1 is identical
	DeltaE50 float64 `json:"delta_e_p50"` // CIEDE2000, the median pixel
	DeltaE95 float64 `json:"delta_e_p95"` // the pixel that one in twenty exceed
	Cast     float64 `json:"cast"`        // CIEDE2000 between the mean colours of areas, the median area: what noise doesn't explain
	Spot     float64 `json:"spot"`        // the same, the worst area: a label's letter, a stain
	Mark     float64 `json:"mark"`        // levels by which brightness differs in the worst area of the size of a letter, root mean square
	Detail   float64 `json:"detail"`      // strength of fine detail: 1 as it was, below where compression took some, above where it was sharpened
	Bleed    float64 `json:"bleed"`       // levels by which colour runs over its edges where these are strong: halved colour does that
	Shift    float64 `json:"shift_px"`    // the largest shift of a part of the product, in delivered pixels
	Pixels   int     `json:"pixels"`      // that were compared; 0: none, and the other figures say nothing
}

// Limits are what Delivered may reach at most, and SSIM at least.
type Limits struct {
	SSIM     float64 `json:"ssim"`
	DeltaE95 float64 `json:"delta_e_p95"`
	Cast     float64 `json:"cast"`
	Spot     float64 `json:"spot"`
	Mark     float64 `json:"mark"`
	Detail   float64 `json:"detail"`
	Bleed    float64 `json:"bleed"`
	Shift    float64 `json:"shift_px"`
}

// DefaultLimits are the limits that unaltered files of quality 80 and more keep, with
// some room.
var DefaultLimits = Limits{SSIM: 0.94, DeltaE95: 4, Cast: 0.3, Spot: 3, Mark: 6, Detail: 1.12, Bleed: 5, Shift: 0.5}

// margin is the part of a limit that OPAL's own files are made to keep: another decoder
// measures a little else.
const margin = 0.9

// Inner returns limits with a margin to these. Bleed is whole levels, which decoders agree on.
func (l Limits) Inner() Limits {
	return Limits{SSIM: 1 - margin*(1-l.SSIM), DeltaE95: margin * l.DeltaE95, Cast: margin * l.Cast, Spot: margin * l.Spot, Mark: margin * l.Mark,
		Detail: 1 + margin*(l.Detail-1), Bleed: l.Bleed, Shift: margin * l.Shift}
}

// Within returns "" when the figures keep to the limits, else words on the first that
// doesn't, with its limit.
func (d Delivered) Within(l Limits) string {
	switch {
	case d.Pixels == 0:
		return ""
	case d.Shift > l.Shift:
		return fmt.Sprintf("the product is shifted by %.1f px, at most %.1f", d.Shift, l.Shift)
	case d.Cast > l.Cast:
		return fmt.Sprintf("its colour has changed by ΔE %.2f as a whole, at most %.2f", d.Cast, l.Cast)
	case d.Spot > l.Spot:
		return fmt.Sprintf("a part of it has changed by ΔE %.1f, at most %.0f", d.Spot, l.Spot)
	case d.Mark > l.Mark:
		return fmt.Sprintf("a small part of it, such as a letter, has changed by %.1f levels, at most %.0f", d.Mark, l.Mark)
	case d.Detail > l.Detail:
		return fmt.Sprintf("it was sharpened: its detail is %.2f times as strong, at most %.2f", d.Detail, l.Detail)
	case d.Bleed > l.Bleed:
		return fmt.Sprintf("its colours run over their edges by %.0f levels, at most %.0f", d.Bleed, l.Bleed)
	case d.DeltaE95 > l.DeltaE95:
		return fmt.Sprintf("its colours differ by ΔE %.1f in one pixel of twenty, at most %.0f", d.DeltaE95, l.DeltaE95)
	case d.SSIM < l.SSIM:
		return fmt.Sprintf("its likeness is %.3f, at least %.2f", d.SSIM, l.SSIM)
	}
	return ""
}

// String is the figures for people.
func (d Delivered) String() string {
	return fmt.Sprintf("ΔE %.1f (95 %%: %.1f), likeness %.3f, shift %.2f px", d.DeltaE50, d.DeltaE95, d.SSIM, d.Shift)
}

const (
	rim     = 3      // pixels from the mask's edge that are not compared: there the backdrop shows through
	samples = 60_000 // pixels whose colour difference is taken
	tile    = 32     // side of the areas, in pixels
	parts   = 4      // parts of the product in each direction whose shift is taken
)

// Compare measures a delivered product against the photo, both of one size: product
// has the photo's pixels as they were placed, with alpha; delivered is the same window
// of the decoded file.
func Compare(product, delivered *image.NRGBA) Delivered {
	size := product.Rect.Size()
	if delivered.Rect.Size() != size || size.X == 0 || size.Y == 0 {
		return Delivered{Shift: math.Inf(1)}
	}
	mask := inside(product, rim)
	out := Delivered{Pixels: count(mask)}
	if out.Pixels == 0 {
		return out
	}
	if same(product, delivered) { // as in files without loss, and all figures are known
		out.SSIM, out.Detail = 1, 1
		return out
	}
	measure(&out, product, delivered, mask)
	return out
}

// same reports whether every opaque pixel of the product is delivered as it was. All figures
// look at the mask and what lies within its rim, where the product is opaque.
func same(product, delivered *image.NRGBA) bool {
	for y := range product.Rect.Dy() {
		p, d := pixelRow(product, y), pixelRow(delivered, y)
		if bytes.Equal(p, d) {
			continue
		}
		for i := 0; i+4 <= len(p); i += 4 {
			if p[i+3] == 255 && !bytes.Equal(p[i:i+3], d[i:i+3]) {
				return false
			}
		}
	}
	return true
}

// measure fills in all figures but the number of pixels.
func measure(out *Delivered, product, delivered *image.NRGBA, mask *image.Alpha) {
	out.SSIM, _ = Fidelity(product, delivered, mask)
	out.DeltaE50, out.DeltaE95 = differences(product, delivered, mask, out.Pixels)
	out.Cast, out.Spot = areas(product, delivered, mask)
	la, lb := lumaOf(product), lumaOf(delivered)
	out.Shift = shift(la, lb, mask)
	out.Detail = detail(la, lb, mask)
	out.Mark = mark(la, lb, mask)
	out.Bleed = bleed(product, delivered, mask)
}

// inside is where a picture is opaque with everything within r pixels of it.
func inside(img *image.NRGBA, r int) *image.Alpha {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	rows, out := image.NewAlpha(image.Rect(0, 0, w, h)), image.NewAlpha(image.Rect(0, 0, w, h))
	for y := range h {
		row, run := pixelRow(img, y), 0
		for x := range w {
			if row[4*x+3] == 255 {
				run++
			} else {
				run = 0
			}
			if run > 2*r {
				rows.Pix[y*w+x-r] = 255
			}
		}
	}
	runs := make([]int, w) // along columns, a row at a time: memory is read in its order
	for y := range h {
		for x, m := range rows.Pix[y*w:][:w] {
			if m == 0 {
				runs[x] = 0
				continue
			}
			if runs[x]++; runs[x] > 2*r {
				out.Pix[(y-r)*w+x] = 255
			}
		}
	}
	return out
}

func count(mask *image.Alpha) (n int) {
	for _, m := range mask.Pix {
		n += int(m & 1)
	}
	return n
}

// differences are the median and the 95th percentile of the pixels' differences.
func differences(a, b *image.NRGBA, mask *image.Alpha, n int) (p50, p95 float64) {
	w := mask.Rect.Dx()
	every, seen := max(1, n/samples), 0
	var all []float64
	for i, m := range mask.Pix {
		if m == 0 {
			continue
		}
		if seen++; seen%every != 0 {
			continue
		}
		x, y := i%w, i/w
		all = append(all, deltaE(labOf(a.Pix[y*a.Stride+4*x:]), labOf(b.Pix[y*b.Stride+4*x:])))
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*95/100]
}

// areas compares the mean colours of tiles: the median and the worst.
func areas(a, b *image.NRGBA, mask *image.Alpha) (cast, spot float64) {
	const least = tile * tile / 2 // pixels that make a tile count
	w, h := mask.Rect.Dx(), mask.Rect.Dy()
	var all []float64
	for ty := 0; ty < h; ty += tile {
		for tx := 0; tx < w; tx += tile {
			var t tones
			for y := ty; y < min(ty+tile, h); y++ {
				for x := tx; x < min(tx+tile, w); x++ {
					if mask.Pix[y*w+x] != 0 {
						t.add(a.Pix[y*a.Stride+4*x:], b.Pix[y*b.Stride+4*x:])
					}
				}
			}
			if t.n >= least {
				all = append(all, t.apart())
			}
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)-1]
}

// tones sums up the colours of a tile in two pictures.
type tones struct {
	n            float64
	sum          [3]float64 // of the first picture, red, green and blue
	ycc, squares [3]float64 // of the first, brightness and colour difference
	moved        [3]float64 // from the first to the second, likewise
}

func (t *tones) add(p, q []uint8) {
	t.n++
	u, v := yccOf(p), yccOf(q)
	for c := range 3 {
		t.sum[c] += float64(p[c])
		t.ycc[c] += u[c]
		t.squares[c] += u[c] * u[c]
		t.moved[c] += v[c] - u[c]
	}
}

// Files keep whole levels of brightness and colour difference. Where a tile is even, all
// of its pixels are rounded alike, and their mean moves by up to so many levels; where it
// varies, roundings even out. Of strong colours a rounding turns the hue by less than a
// change that can be seen: only what varies by hardly a level counts as even there.
const (
	rounding     = 0.75
	variedGrey   = 0.6  // levels from which a tile of weak colour is not even
	variedStrong = 0.15 // likewise of strong colour
	weakChroma   = 15.0 // CIELAB
	strongChroma = 25.0
)

// apart is the difference of the tile's mean colours, without what rounding explains.
func (t *tones) apart() float64 {
	photo := meanLab(t.sum, t.n)
	strong := min(1, max(0, (math.Hypot(photo.a, photo.b)-weakChroma)/(strongChroma-weakChroma)))
	varied := variedGrey + (variedStrong-variedGrey)*strong
	var moved [3]float64
	for c := range 3 {
		mean := t.ycc[c] / t.n
		deviation := math.Sqrt(max(0, t.squares[c]/t.n-mean*mean))
		explained := rounding * max(0, 1-deviation/varied)
		d := t.moved[c] / t.n
		moved[c] = math.Copysign(max(0, math.Abs(d)-explained), d)
	}
	y, cb, cr := moved[0], moved[1], moved[2]
	other := t.sum
	for c, d := range [3]float64{y + 1.402*cr, y - .344136*cb - .714136*cr, y + 1.772*cb} {
		other[c] = min(255*t.n, max(0, other[c]+d*t.n))
	}
	return deltaE(photo, meanLab(other, t.n))
}

// yccOf is brightness and the two colour differences (BT.601), in levels.
func yccOf(p []uint8) [3]float64 {
	r, g, b := float64(p[0]), float64(p[1]), float64(p[2])
	return [3]float64{.299*r + .587*g + .114*b, -.168736*r - .331264*g + .5*b, .5*r - .418688*g - .081312*b}
}

// meanLab is the colour of a sum of pixels, finer than whole levels.
func meanLab(sum [3]float64, n float64) lab {
	var p, q [3]uint8
	var f [3]float64
	for c := range sum {
		v := sum[c] / n
		p[c] = uint8(v)
		q[c] = uint8(min(255, int(v)+1))
		f[c] = v - float64(p[c])
	}
	a := labOf(p[:])
	// each channel's fraction on its own, by differences along the channel
	out := a
	for c := range 3 {
		r := p
		r[c] = q[c]
		d := labOf(r[:])
		out.l += (d.l - a.l) * f[c]
		out.a += (d.a - a.a) * f[c]
		out.b += (d.b - a.b) * f[c]
	}
	return out
}

// shift is the largest shift of a part of the product, by the method of Lucas and
// Kanade (1981) on brightness. Parts that are too plain to tell are left out.
func shift(la, lb []float32, mask *image.Alpha) float64 {
	const (
		least = 400  // pixels of a part
		edged = 60.0 // mean square of the gradient along its weaker direction that is enough to tell
	)
	w, h := mask.Rect.Dx(), mask.Rect.Dy()
	worst := 0.0
	for py := range parts {
		for px := range parts {
			x0, x1, y0, y1 := max(1, w*px/parts), min(w-1, w*(px+1)/parts), max(1, h*py/parts), min(h-1, h*(py+1)/parts)
			var n, xx, xy, yy, xt, yt float64
			for y := y0; y < y1; y++ {
				for x := x0; x < x1; x++ {
					i := y*w + x
					if mask.Pix[i] == 0 {
						continue
					}
					gx, gy := float64(la[i+1]-la[i-1])/2, float64(la[i+w]-la[i-w])/2
					d := float64(lb[i] - la[i])
					n++
					xx, xy, yy = xx+gx*gx, xy+gx*gy, yy+gy*gy
					xt, yt = xt+gx*d, yt+gy*d
				}
			}
			if n < least {
				continue
			}
			det := xx*yy - xy*xy
			weaker := (xx+yy)/2 - math.Sqrt((xx-yy)*(xx-yy)/4+xy*xy)
			if det <= 0 || weaker/n < edged/100 {
				continue
			}
			worst = max(worst, math.Hypot((yy*xt-xy*yt)/det, (xx*yt-xy*xt)/det))
		}
	}
	return worst
}

// detail is how strong the second differences of brightness are, compared with those
// of the photo: the slope of a line through them. 1 where there are hardly any.
func detail(la, lb []float32, mask *image.Alpha) float64 {
	const plain = 4.0 // mean square
	w, h := mask.Rect.Dx(), mask.Rect.Dy()
	var n, aa, ab float64
	for y := 1; y < h-1; y++ {
		for i := y*w + 1; i < y*w+w-1; i++ {
			if mask.Pix[i] == 0 {
				continue
			}
			p := float64(4*la[i] - la[i-1] - la[i+1] - la[i-w] - la[i+w])
			q := float64(4*lb[i] - lb[i-1] - lb[i+1] - lb[i-w] - lb[i+w])
			n, aa, ab = n+1, aa+p*p, ab+p*q
		}
	}
	if n == 0 || aa/n < plain {
		return 1
	}
	return ab / aa
}

// mark is the root mean square of how brightness differs, averaged over three by three
// pixels, which takes out what compression does to single ones, in the worst area of two
// by two cells.
func mark(la, lb []float32, mask *image.Alpha) float64 {
	const (
		side = 8  // of a cell, in pixels
		full = .6 // share of the area that the mask has to hold
	)
	w, h := mask.Rect.Dx(), mask.Rect.Dy()
	gw, gh := w/side, h/side
	sums, counts := make([]float64, gw*gh), make([]int, gw*gh)
	for y := 1; y < min(h-1, gh*side); y++ {
		for x := 1; x < min(w-1, gw*side); x++ {
			i := y*w + x
			if mask.Pix[i] == 0 {
				continue
			}
			var d float32
			for _, k := range [3]int{i - w, i, i + w} {
				d += la[k-1] - lb[k-1] + la[k] - lb[k] + la[k+1] - lb[k+1]
			}
			d /= 9
			c := y/side*gw + x/side
			sums[c] += float64(d * d)
			counts[c]++
		}
	}
	worst := 0.0
	for y := range gh - 1 {
		for x := range gw - 1 {
			c := y*gw + x
			n := counts[c] + counts[c+1] + counts[c+gw] + counts[c+gw+1]
			if float64(n) >= full*4*side*side {
				worst = max(worst, (sums[c]+sums[c+1]+sums[c+gw]+sums[c+gw+1])/float64(n))
			}
		}
	}
	return math.Sqrt(worst)
}

// bleed is how far colour differs at strong edges of colour: in nine of ten pixels at
// most by so many levels of Cb and Cr (BT.601). 0 where there are hardly any.
func bleed(a, b *image.NRGBA, mask *image.Alpha) float64 {
	const (
		reach  = 2  // pixels from one side of an edge to the other
		strong = 70 // levels
		least  = 300
	)
	w, h := mask.Rect.Dx(), mask.Rect.Dy()
	var histogram [512]int
	n := 0
	for y := 0; y < h-reach; y++ {
		row, below, other := pixelRow(a, y), pixelRow(a, y+reach), pixelRow(b, y)
		for x := 0; x < w-reach; x++ {
			if mask.Pix[y*w+x] == 0 {
				continue
			}
			p := row[4*x:]
			if chromaApart(p, row[4*(x+reach):]) < strong && chromaApart(p, below[4*x:]) < strong {
				continue
			}
			// the pixel between the two sides
			n++
			histogram[min(len(histogram)-1, chromaApart(row[4*(x+1):], other[4*(x+1):]))]++
		}
	}
	if n < least {
		return 0
	}
	left := n / 10
	for v := len(histogram) - 1; v > 0; v-- {
		if left -= histogram[v]; left < 0 {
			return float64(v)
		}
	}
	return 0
}

// chromaApart is the larger difference of Cb and Cr, in levels.
func chromaApart(p, q []uint8) int {
	r, g, b := int(p[0])-int(q[0]), int(p[1])-int(q[1]), int(p[2])-int(q[2])
	return max(abs(-169*r-331*g+500*b), abs(500*r-419*g-81*b)) / 1000
}

func lumaOf(img *image.NRGBA) []float32 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := make([]float32, w*h)
	for y := range h {
		row := pixelRow(img, y)
		for x := range w {
			out[y*w+x] = float32(luma(row[4*x:]))
		}
	}
	return out
}
