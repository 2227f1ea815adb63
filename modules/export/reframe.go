package export

import (
	"image"
	"math"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
)

// productMargin is the least air around the product when a flattened scene is
// cropped, as a share of the product's longer side.
const productMargin = 0.07

// reframed crops a scene that holds the product, never cutting it. Where the
// variant's aspect needs more than the scene has, the scene goes on out of
// focus. The original product is pasted back.
func reframed(p channel.Preset, l *Layers, prod *product) *image.NRGBA {
	win, at := reframe(p, &l.Source)
	shadowed := l.Box // what stands on the floor darkens it
	shadowed[3] += int(productMargin * float64(l.Box[3]))
	out := imaging.Resize(extended(l.Backdrop, win, shadowed.Rect()), p.Width, p.Height)
	imaging.Over(out, l.shown(p, prod, at.Dx(), at.Dy()), at.Min)
	return out
}

// reframe returns the window of the scene that a variant shows, in the scene's
// pixels, and where the product comes to lie in the variant. The window holds
// the product with its air and may stick out of the scene.
func reframe(p channel.Preset, l *Source) (win, prod image.Rectangle) {
	x, y, bw, bh := float64(l.Box[0]), float64(l.Box[1]), float64(l.Box[2]), float64(l.Box[3])
	air := productMargin * math.Max(bw, bh)
	cw, ch := cover(l, p.Aspect())
	// grow the window until the product and its air fit
	if k := math.Max((bw+2*air)/cw, (bh+2*air)/ch); k > 1 {
		cw, ch = cw*k, ch*k
	}
	// and until the product has room in the preset's safe zone
	zone := [4]float64{0, 0, 1, 1}
	copy(zone[:], p.SafeZone)
	if k := math.Max(bw/(cw*(zone[2]-zone[0])), bh/(ch*(zone[3]-zone[1]))); k > 1 {
		cw, ch = cw*k, ch*k
	}
	// what has to be added goes on top rather than below: walls are plainer than
	// floors
	oy := y + bh - floorShare(p.Aspect())*ch
	if ch <= float64(l.Height) {
		oy = y + bh/2 - ch/2
	}
	ox := within(x+bw/2-cw/2, cw, float64(l.Width), x-air, x+bw+air)
	oy = within(oy, ch, float64(l.Height), y-air, y+bh+air)
	if p.SafeZone != nil {
		ox = clamp(ox, x+bw-zone[2]*cw, x-zone[0]*cw)
		oy = clamp(oy, y+bh-zone[3]*ch, y-zone[1]*ch)
	}
	win = round(ox, oy, cw, ch)

	t := [2]float64{float64(p.Width) / float64(win.Dx()), float64(p.Height) / float64(win.Dy())}
	at := image.Pt(int(math.Round((x-float64(win.Min.X))*t[0])), int(math.Round((y-float64(win.Min.Y))*t[1])))
	return win, image.Rectangle{at, at.Add(image.Pt(atLeastOne(bw*t[0]), atLeastOne(bh*t[1])))}
}

// within shifts a window of a length into 0..limit where it fits, and keeps
// from..to inside it.
func within(at, length, limit, from, to float64) float64 {
	if length <= limit {
		at = clamp(at, 0, limit-length)
	}
	return clamp(at, to-length, from)
}

// fitted shows the whole of a photo from which nothing was cut out, since it is
// unknown where its subject lies. Where the variant's aspect needs more, the
// photo goes on out of focus.
func fitted(p channel.Preset, prod *product) *image.NRGBA {
	pw, ph := prod.size()
	w, h := picture.Fit(pw, ph, p.Width, p.Height, 1)
	img := prod.at(w, h)
	at := image.Pt((p.Width-w)/2, (p.Height-h)/2)
	inner := img.Rect.Inset(max(leastStrip, int(photoRim*float64(min(w, h)))))
	return extended(img, image.Rect(0, 0, p.Width, p.Height).Sub(at), inner)
}

// The extension of a scene beyond its edges.
const (
	blurPerPixel = 1.0 / 3 // how fast the focus is lost
	baseLevel    = 5       // 2^5 pixels: from there on it is light and no detail
	leastStrip   = 4       // pixels that are mirrored, at least
	photoRim     = 0.05    // how much of a whole photo goes on, of its shorter side
	coarsest     = 2       // pixels of the last level, at least

	// From so far out nothing is finer than 2^4 pixels, and every fourth is
	// enough.
	gridFrom = 48
	gridStep = 4
)

// extended copies a window that may stick out of the picture. Outside, its
// details go on mirrored and ever more out of focus, while its light goes on as
// it is at the edge; so neither seam nor bar nor crease shows. Pixels inside
// free are not continued.
func extended(img *image.NRGBA, win, free image.Rectangle) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, win.Dx(), win.Dy()))
	inside := win.Intersect(img.Rect)
	for y := inside.Min.Y; y < inside.Max.Y; y++ {
		copy(out.Pix[out.PixOffset(inside.Min.X-win.Min.X, y-win.Min.Y):][:inside.Dx()*4], img.Pix[img.PixOffset(inside.Min.X, y):])
	}
	if win.In(img.Rect) {
		return out
	}
	e := newExtension(img, free)
	far := e.grid(win)
	for y := win.Min.Y; y < win.Max.Y; y++ {
		for x := win.Min.X; x < win.Max.X; x++ {
			if x == inside.Min.X && y >= inside.Min.Y && y < inside.Max.Y {
				x = inside.Max.X - 1
				continue
			}
			var c [3]float32
			if e.outside(x, y) < gridFrom {
				c = e.at(x, y)
			} else {
				c = far.at(x, y)
			}
			i := out.PixOffset(x-win.Min.X, y-win.Min.Y)
			for k := range 3 {
				out.Pix[i+k] = uint8(clamp(float64(c[k])+float64(dither(x, y)), 0, 255))
			}
			out.Pix[i+3] = 255
		}
	}
	return out
}

// far is an extension where it is so much out of focus that every few pixels
// are enough.
type far struct {
	win  image.Rectangle
	w    int // points in a row
	grid [][3]float32
}

// grid samples a window.
func (e *extension) grid(win image.Rectangle) *far {
	f := &far{win: win, w: win.Dx()/gridStep + 2}
	h := win.Dy()/gridStep + 2
	f.grid = make([][3]float32, f.w*h)
	for j := range h {
		for i := range f.w {
			if x, y := win.Min.X+i*gridStep, win.Min.Y+j*gridStep; e.outside(x, y) >= gridFrom-gridStep {
				f.grid[j*f.w+i] = e.at(x, y)
			}
		}
	}
	return f
}

// at reads between the points.
func (f *far) at(x, y int) [3]float32 {
	x, y = x-f.win.Min.X, y-f.win.Min.Y
	i := y/gridStep*f.w + x/gridStep
	u, v := float32(x%gridStep)/gridStep, float32(y%gridStep)/gridStep
	a, b, c, d := f.grid[i], f.grid[i+1], f.grid[i+f.w], f.grid[i+f.w+1]
	var out [3]float32
	for k := range out {
		out[k] = (a[k]*(1-u)+b[k]*u)*(1-v) + (c[k]*(1-u)+d[k]*u)*v
	}
	return out
}

// dither rounds by an ordered pattern (4 × 4 Bayer), which keeps what is out of
// focus free of bands.
func dither(x, y int) float32 {
	const side = 4
	pattern := [side * side]float32{0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5}
	return (pattern[(y&(side-1))*side+x&(side-1)] + .5) / (side * side)
}

// extension is a picture as it goes on beyond its edges.
type extension struct {
	w, h   int
	strips [4]int // what is mirrored at the left, top, right and bottom
	levels []level
}

func newExtension(img *image.NRGBA, free image.Rectangle) *extension {
	e := &extension{w: img.Rect.Dx(), h: img.Rect.Dy()}
	e.strips = [4]int{e.w, e.h, e.w, e.h}
	if !free.Empty() {
		e.strips = [4]int{free.Min.X, free.Min.Y, e.w - free.Max.X, e.h - free.Max.Y}
	}
	for i, n := range [4]int{e.w, e.h, e.w, e.h} {
		e.strips[i] = min(max(e.strips[i], leastStrip), n)
	}
	e.levels = pyramid(img, free)
	return e
}

// outside returns how far a pixel lies outside, in pixels.
func (e *extension) outside(x, y int) int { return max(-x, x-e.w+1, -y, y-e.h+1, 0) }

// at returns the colour of a pixel outside.
func (e *extension) at(x, y int) [3]float32 {
	detail := math.Log2(1 + float64(e.outside(x, y))*blurPerPixel)
	light := math.Max(detail, baseLevel)
	cx, cy := min(max(x, 0), e.w-1), min(max(y, 0), e.h-1)
	out := e.blurred(cx, cy, light)
	if detail < baseLevel {
		mx, my := mirror(x, e.w, e.strips[0], e.strips[2]), mirror(y, e.h, e.strips[1], e.strips[3])
		a, b := e.blurred(mx, my, detail), e.blurred(mx, my, light)
		for k := range out {
			out[k] += a[k] - b[k]
		}
	}
	return out
}

// mirror folds a coordinate back into 0..n-1, to and fro within a strip at the
// edge that it lies beyond.
func mirror(v, n, first, last int) int {
	switch {
	case v < 0:
		return fold(-v-1, first)
	case v >= n:
		return n - 1 - fold(v-n, last)
	}
	return v
}

func fold(v, n int) int {
	v %= 2 * n
	if v >= n {
		return 2*n - 1 - v
	}
	return v
}

// blurred reads between two levels.
func (e *extension) blurred(x, y int, l float64) [3]float32 {
	last := len(e.levels) - 1
	l = math.Min(l, float64(last))
	lo := int(l)
	a := e.known(lo, x, y)
	if f := float32(l - float64(lo)); f > 0 && lo < last {
		b := e.known(lo+1, x, y)
		for k := range a {
			a[k] += (b[k] - a[k]) * f
		}
	}
	return a
}

// known reads a level; where the picture is free there, a coarser level fills
// in.
func (e *extension) known(l, x, y int) [3]float32 {
	var sum [4]float32
	for ; l < len(e.levels); l++ {
		c := e.levels[l].at(x, y)
		k := 1 - sum[3]
		for i := range sum {
			sum[i] += c[i] * k
		}
		if sum[3] > .995 {
			break
		}
	}
	if sum[3] < 1e-4 {
		return [3]float32{255, 255, 255} // nothing but product
	}
	return [3]float32{sum[0] / sum[3], sum[1] / sum[3], sum[2] / sum[3]}
}

// level is a picture at 1/2^shift of its size.
type level struct {
	w, h  int
	shift int
	pix   []float32 // red, green and blue times coverage, 0..255, and coverage, 0..1

	// the picture itself has no pix
	img  *image.NRGBA
	free image.Rectangle
}

// texel is one pixel.
func (l *level) texel(x, y int) [4]float32 {
	if l.img == nil {
		return [4]float32(l.pix[(y*l.w+x)*4:][:4])
	}
	if image.Pt(x, y).In(l.free) {
		return [4]float32{}
	}
	p := l.img.Pix[l.img.PixOffset(l.img.Rect.Min.X+x, l.img.Rect.Min.Y+y):]
	return [4]float32{float32(p[0]), float32(p[1]), float32(p[2]), 1}
}

// pyramid halves a picture until it is a few pixels wide. Pixels inside free
// have no weight.
func pyramid(img *image.NRGBA, free image.Rectangle) []level {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := []level{{w: w, h: h, img: img, free: free}}
	for min(w, h) >= 2*coarsest {
		prev := &out[len(out)-1]
		w, h = (prev.w+1)/2, (prev.h+1)/2
		next := level{w: w, h: h, shift: prev.shift + 1, pix: make([]float32, w*h*4)}
		for y := range h {
			y1 := min(2*y+1, prev.h-1)
			for x := range w {
				x1 := min(2*x+1, prev.w-1)
				a, b, c, d := prev.texel(2*x, 2*y), prev.texel(x1, 2*y), prev.texel(2*x, y1), prev.texel(x1, y1)
				o := next.pix[(y*w+x)*4:][:4]
				for k := range o {
					o[k] = (a[k] + b[k] + c[k] + d[k]) / 4
				}
			}
		}
		out = append(out, next)
	}
	return out
}

// at reads a level between its pixels with a cubic B-spline, which shows no
// grid; x and y are pixels of the picture.
func (l *level) at(x, y int) [4]float32 {
	if l.shift == 0 {
		return l.texel(x, y)
	}
	k := 1 / float32(int(1)<<l.shift)
	fx, fy := (float32(x)+.5)*k-.5, (float32(y)+.5)*k-.5
	x0, y0 := int(math.Floor(float64(fx))), int(math.Floor(float64(fy)))
	wx, wy := spline(fx-float32(x0)), spline(fy-float32(y0))
	var out [4]float32
	for j := range 4 {
		row := l.pix[min(max(y0+j-1, 0), l.h-1)*l.w*4:]
		for i := range 4 {
			w := wx[i] * wy[j]
			p := row[min(max(x0+i-1, 0), l.w-1)*4:][:4]
			out[0] += p[0] * w
			out[1] += p[1] * w
			out[2] += p[2] * w
			out[3] += p[3] * w
		}
	}
	return out
}

// spline returns the weights of a cubic B-spline at a fraction of a pixel.
func spline(t float32) [4]float32 {
	u := 1 - t
	return [4]float32{u * u * u / 6, (4 - 6*t*t + 3*t*t*t) / 6, (4 - 6*u*u + 3*u*u*u) / 6, t * t * t / 6}
}
