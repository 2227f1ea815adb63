package export

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"github.com/opal-photo/opal/modules/imaging"
)

// A variant is recomposed, not letterboxed: the backdrop is cropped to the
// variant's aspect, the product and its shadow are scaled together and stood on
// the floor again, and the product's pixels come from the photo's cut-out.

// The composition, as shares of the variant's height.
const (
	floorTall   = 0.74 // where the product stands in a story: below its middle, clear of the app's own controls
	floorSquare = 0.84
	floorWide   = 0.90
	topAir      = 0.05 // least air above the product
)

// frame is how a variant is laid out: the product's rectangle in pixels of the
// variant.
type frame struct {
	w, h    int
	product image.Rectangle
}

// fitProduct returns the product's size for a fill: its longer relative side
// takes that share of the frame.
func fitProduct(pw, ph, w, h int, fill float64) (int, int) {
	k := min(fill*float64(w)/float64(pw), fill*float64(h)/float64(ph))
	return min(w, atLeastOne(float64(pw)*k)), min(h, atLeastOne(float64(ph)*k))
}

// tallCap bounds how much of a tall frame's height the product takes: a bottle
// that fits a square would fill a story from edge to edge.
const tallCap = 0.60

// inScene returns the product's size on a set.
func inScene(pw, ph int, p Preset) (int, int) {
	height := p.Height
	if p.Aspect() < .9 {
		height = int(float64(p.Height) * tallCap / p.Fill)
	}
	return fitProduct(pw, ph, p.Width, min(height, p.Height), p.Fill)
}

// floorShare is where the floor lies in a frame of this aspect.
func floorShare(aspect float64) float64 {
	switch {
	case aspect < .75:
		return floorTall
	case aspect > 1.4:
		return floorWide
	}
	return floorSquare
}

// compose draws a variant.
func compose(p Preset, l *Layers, product *image.NRGBA) *image.NRGBA {
	switch {
	case p.Background == Transparent:
		out := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
		f := centred(p, product)
		draw.Draw(out, f.product, scaled(product, f.product.Dx(), f.product.Dy()), image.Point{}, draw.Src)
		return out
	case p.Background == White:
		out := filled(p.Width, p.Height, color.NRGBA{255, 255, 255, 255})
		f := centred(p, product)
		over(out, scaled(product, f.product.Dx(), f.product.Dy()), f.product.Min)
		return out
	case l.Backdrop == nil:
		return onPaper(p, product)
	case l.ContainsProduct:
		return reframed(p, l, product)
	}
	return staged(p, l, product)
}

// centred puts the product in the middle of the frame.
func centred(p Preset, product *image.NRGBA) frame {
	w, h := fitProduct(product.Rect.Dx(), product.Rect.Dy(), p.Width, p.Height, p.Fill)
	at := image.Pt((p.Width-w)/2, (p.Height-h)/2)
	return frame{p.Width, p.Height, image.Rectangle{at, at.Add(image.Pt(w, h))}}
}

func filled(w, h int, c color.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return out
}

// scaled resamples a picture; what has to grow to twice its size or more grows
// by the 2× kernel first, which keeps edges sharp.
func scaled(img *image.NRGBA, w, h int) *image.NRGBA {
	for w >= 2*img.Rect.Dx() && h >= 2*img.Rect.Dy() && min(img.Rect.Dx(), img.Rect.Dy()) > 1 {
		img = imaging.Upscale2x(img)
	}
	if img.Rect.Dx() == w && img.Rect.Dy() == h {
		return img
	}
	return imaging.Resize(img, w, h)
}

// staged recomposes from a product-free backdrop, the shadow and the product.
func staged(p Preset, l *Layers, product *image.NRGBA) *image.NRGBA {
	aspect := p.Aspect()
	pw, ph := inScene(l.Box[2], l.Box[3], p)
	s := float64(pw) / float64(l.Box[2]) // variant pixels per scene pixel, for product and shadow

	// the largest window of the scene with the variant's aspect
	cw, ch := float64(l.Width), float64(l.Height)
	if aspect < cw/ch {
		cw = ch * aspect
	} else {
		ch = cw / aspect
	}
	centre := float64(l.Box[0]) + float64(l.Box[2])/2
	floor := floorOf(l)
	// the product's own lower edge stands this far below the floor line
	below := (float64(l.Box[1]+l.Box[3]) - floor) * s
	share := floorShare(aspect)
	// a product that would leave too little air above stands lower
	if need := (float64(ph) - below) / float64(p.Height); share < need+topAir {
		share = min(need+topAir, 1-below/float64(p.Height)-.03)
	}
	// a tall crop of the whole height shows the floor where the scene has it;
	// where there is room, zoom in so that the floor comes to its share
	if aspect < float64(l.Width)/float64(l.Height) {
		have := floor / float64(l.Height)
		if zoom := zoomFor(have, share); zoom > 1 {
			cw, ch = cw/zoom, ch/zoom
		}
	}
	oy := clamp(floor-share*ch, 0, float64(l.Height)-ch)
	ox := clamp(centre-cw/2, 0, float64(l.Width)-cw)
	out := imaging.Resize(part(l.Backdrop, ox, oy, cw, ch), p.Width, p.Height)

	t := float64(p.Width) / cw // variant pixels per scene pixel, for the backdrop
	fx, fy := (centre-ox)*t, (floor-oy)*t
	fx = clamp(fx, float64(pw)/2, float64(p.Width)-float64(pw)/2)
	if top := fy + below - float64(ph); top < topAir*float64(p.Height) {
		// stand it nearer to the viewer rather than cut it
		fy += min(topAir*float64(p.Height)-top, float64(p.Height)*.97-fy-below)
	}
	if l.Shadow != nil {
		at := image.Pt(int(math.Round(fx-centre*s)), int(math.Round(fy-floor*s)))
		castInto(out, l.Shadow, s, at)
	}
	at := image.Pt(int(math.Round(fx-float64(pw)/2)), int(math.Round(fy+below-float64(ph))))
	over(out, scaled(product, pw, ph), at)
	return out
}

// zoomFor is how far a tall crop is zoomed so that the floor moves from one
// share of the height to another, by cutting off the bottom or the top.
func zoomFor(have, want float64) float64 {
	const most = 1.25 // beyond it the backdrop turns soft
	if have <= want {
		return 1 // the floor is high enough: cutting off the top would lower it further
	}
	return min(most, 1/(1-(have-want)))
}

// floorOf is the row of the scene on which the product stands.
func floorOf(l *Layers) float64 {
	if l.FloorY > l.Box[1] && l.FloorY <= l.Height {
		return float64(l.FloorY)
	}
	return float64(min(l.Box[1]+l.Box[3], l.Height))
}

func clamp(v, low, high float64) float64 { return max(low, min(v, high)) }

// part copies a window of a picture, to the nearest pixel.
func part(img *image.NRGBA, x, y, w, h float64) *image.NRGBA {
	r := image.Rect(int(x+.5), int(y+.5), int(x+w+.5), int(y+h+.5)).Intersect(img.Rect)
	out := image.NewNRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(out, out.Rect, img, r.Min, draw.Src)
	return out
}

// castInto scales the visible part of the shadow and lays it into the variant;
// at is where the scene's origin comes to lie.
func castInto(out, shadow *image.NRGBA, s float64, at image.Point) {
	b := visible(shadow)
	if b.Empty() {
		return
	}
	cut := part(shadow, float64(b.Min.X), float64(b.Min.Y), float64(b.Dx()), float64(b.Dy()))
	cut = imaging.Resize(cut, atLeastOne(float64(b.Dx())*s), atLeastOne(float64(b.Dy())*s))
	over(out, cut, at.Add(image.Pt(int(math.Round(float64(b.Min.X)*s)), int(math.Round(float64(b.Min.Y)*s)))))
}

// visible is the bounds of what has any alpha.
func visible(img *image.NRGBA) image.Rectangle {
	var r image.Rectangle
	for y := range img.Rect.Dy() {
		first, last := -1, -1
		for x := range img.Rect.Dx() {
			if img.Pix[y*img.Stride+x*4+3] != 0 {
				if first < 0 {
					first = x
				}
				last = x
			}
		}
		if first >= 0 {
			r = r.Union(image.Rect(first, y, last+1, y+1))
		}
	}
	return r
}

// over blends src over dst, straight alpha over opaque; opaque pixels are copied
// as they are.
func over(dst, src *image.NRGBA, at image.Point) {
	r := src.Rect.Sub(src.Rect.Min).Add(at).Intersect(dst.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		d := dst.Pix[dst.PixOffset(r.Min.X, y):]
		q := src.Pix[src.PixOffset(src.Rect.Min.X+r.Min.X-at.X, src.Rect.Min.Y+y-at.Y):]
		for x := range r.Dx() {
			a := uint32(q[x*4+3])
			switch a {
			case 0:
			case 255:
				copy(d[x*4:x*4+4], q[x*4:x*4+4])
			default:
				for c := range 3 {
					d[x*4+c] = uint8((uint32(q[x*4+c])*a + uint32(d[x*4+c])*(255-a) + 127) / 255)
				}
			}
		}
	}
}
