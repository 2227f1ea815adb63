package export

import (
	"image"
	"math"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/imaging"
)

// The paper of variants that ask for a scene where none was made: a light
// sweep, and the soft shadow of something that stands on it. Lengths are shares
// of the product's width, but for heights.
const (
	paperLight = 247.0 // sRGB, at the top
	paperDark  = 224.0 // and at the bottom
	paperWarm  = 2.5   // how much less blue than green
	cornerFall = 7.0   // how much darker the corners are

	penumbraDeep = 0.30 // the wide shadow: what of the light it takes,
	penumbraWide = 0.60 // how far it reaches from the middle
	penumbraHigh = 0.075
	contactDeep  = 0.62 // the line where the product touches the floor
	contactBlur  = 0.012
	contactHigh  = 0.016
	contactReach = 0.035 // how far above the floor, of the product's height, still counts as touching
	leastShadow  = 1.5   // pixels
)

// onPaper stands the product on light paper.
func onPaper(p channel.Preset, prod *product) *image.NRGBA {
	at := paperPlace(p, prod)
	img := prod.at(at.Dx(), at.Dy())
	out := paper(p.Width, p.Height, at, touch(img))
	imaging.Over(out, img, at.Min)
	return out
}

// paperPlace returns where the product stands on paper.
func paperPlace(p channel.Preset, prod *product) image.Rectangle {
	pw, ph := prod.room()
	w, h := inScene(pw, ph, p)
	floor := math.Max(floorShare(p.Aspect())*float64(p.Height), float64(h)+topAir*float64(p.Height))
	floor = math.Min(floor, (1-bottomAir)*float64(p.Height))
	x, y := (p.Width-w)/2, max(int(floor+.5)-h, 0)
	return prod.within(intoZone(p, image.Rect(x, y, x+w, y+h)))
}

// touch returns for each column of the product how much of it touches the
// floor, 0..1, blurred along the floor.
func touch(img *image.NRGBA) []float64 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	reach := math.Max(contactReach*float64(h), 1)
	raw := make([]float64, w)
	for x := range w {
		for y := h - 1; y >= 0 && float64(h-1-y) < 3*reach; y-- {
			if a := img.Pix[img.PixOffset(x, y)+3]; a > 127 {
				d := float64(h-1-y) / reach
				raw[x] = math.Exp(-d * d)
				break
			}
		}
	}
	blur := max(1, int(contactBlur*float64(w)+.5))
	for range 2 {
		raw = boxed(raw, blur)
	}
	return raw
}

// boxed returns the running mean over 2r+1 values; values beyond the ends are
// 0.
func boxed(v []float64, r int) []float64 {
	out, sum := make([]float64, len(v)), 0.0
	for i := range min(r, len(v)) {
		sum += v[i]
	}
	for i := range v {
		if i+r < len(v) {
			sum += v[i+r]
		}
		if i-r-1 >= 0 {
			sum -= v[i-r-1]
		}
		out[i] = math.Max(sum, 0) / float64(2*r+1)
	}
	return out
}

// paper draws the sweep with the shadow of a product at a place.
func paper(w, h int, at image.Rectangle, touching []float64) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	pw := float64(at.Dx())
	floor, cx := float64(at.Max.Y), float64(at.Min.X)+pw/2
	high := math.Max(penumbraHigh*pw, leastShadow)
	thin := math.Max(contactHigh*pw, leastShadow)
	// what depends on the column alone
	wide, corner := make([]float64, w), make([]float64, w)
	for x := range w {
		u := (float64(x) + .5 - cx) / (penumbraWide * pw)
		wide[x] = penumbraDeep * math.Exp(-2*u*u)
		v := (float64(x)+.5)/float64(w)*2 - 1
		corner[x] = cornerFall * v * v
	}
	for y := range h {
		v := (float64(y) + .5) / float64(h)
		base := paperLight - (paperLight-paperDark)*v*v
		up := (v*2 - 1) * (v*2 - 1)
		ys := (float64(y) - floor + high/3) / high
		yc := (float64(y) - floor + thin/3) / thin
		penumbra, contact := math.Exp(-ys*ys), math.Exp(-yc*yc)
		row := out.Pix[y*out.Stride:]
		for x := range w {
			light := 1 - penumbra*wide[x]
			if i := x - at.Min.X; contact > .002 && i >= 0 && i < len(touching) {
				light *= 1 - contactDeep*contact*touching[i]
			}
			g := (base-corner[x]*up)*light + float64(dither(x, y))
			o := row[x*4 : x*4+4]
			o[0], o[1], o[2], o[3] = uint8(g), uint8(g-paperWarm/5), uint8(g-paperWarm), 255
		}
	}
	return out
}
