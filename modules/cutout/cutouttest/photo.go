package cutouttest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// Photo is a product photograph with its true cut-out.
type Photo struct {
	Name   string
	Tier   Tier
	Family Family
	Seed   uint64
	Image  *image.NRGBA // opaque, after noise and JPEG
	Alpha  *image.Alpha // true coverage
}

// New draws a photograph of w x h pixels. The same arguments always give the
// same picture.
func New(t Tier, f Family, w, h int, seed uint64) *Photo {
	r := rand.New(rand.NewPCG(seed, uint64(len(t))<<32|uint64(len(f))<<8|uint64(t[0])))
	u := func(a, b float64) float64 { return a + (b-a)*r.Float64() }
	side := int(float64(min(w, h)) * u(.62, .8))
	shape := silhouette(f, side, r)
	q := newFinish(t, f, r)
	square := q.paint(side, r)
	oy := max(2, int(float64(h)*.93)-side-int(u(0, .05)*float64(h)))
	ox := min(max((w-side)/2+int(u(-.1, .1)*float64(w)), 0), w-side)
	cover, paint := make([]float32, w*h), make([]rgb, w*h)
	for y := range side {
		copy(cover[(oy+y)*w+ox:], shape[y*side:(y+1)*side])
		copy(paint[(oy+y)*w+ox:], square[y*side:(y+1)*side])
	}
	pix := backdrop(t, w, h, paint, cover, r)
	shade(pix, cover, paint, t, w, h, r)
	for i, a := range cover {
		for c := range 3 {
			pix[i][c] = paint[i][c]*a + pix[i][c]*(1-a)
		}
	}
	// the lens
	sigma := .9
	if s := float64(h) / 1200; s < 1.2 {
		sigma = .6 * s
	}
	var ch [3][]float32
	for c := range ch {
		ch[c] = make([]float32, w*h)
		for i := range pix {
			ch[c][i] = pix[i][c]
		}
		gaussian(ch[c], w, h, sigma)
	}
	gaussian(cover, w, h, sigma)
	grain := u(1.2, 2.8)
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	p := &Photo{Name: fmt.Sprintf("%s %s %d", t, f, seed), Tier: t, Family: f, Seed: seed, Alpha: image.NewAlpha(img.Rect)}
	for i, a := range cover {
		for c := range ch {
			img.Pix[i*4+c] = uint8(min(max(float64(ch[c][i])+grain*r.NormFloat64(), 0), 255))
		}
		img.Pix[i*4+3] = 255
		p.Alpha.Pix[i] = uint8(min(max(a*255+.5, 0), 255))
	}
	p.Image = recompress(img, 86+r.IntN(10))
	return p
}

// shade darkens the backdrop by three shadows: a soft pool, a narrow contact
// and the product's own shape thrown sideways. Strong shadows may take the
// product's tint, and their contact may be nearly black.
func shade(pix []rgb, cover []float32, paint []rgb, t Tier, w, h int, r *rand.Rand) {
	u := func(a, b float64) float64 { return a + (b-a)*r.Float64() }
	k := map[Tier]float64{White: .18, Gradient: .3, Shadow: .6, LowContrast: .12, WhiteOnWhite: .18, Clutter: .4}[t] * u(.8, 1.2)
	if (t == White || t == WhiteOnWhite) && r.Float64() < .3 {
		return
	}
	x0, x1, y1 := w, 0, 0
	var mean rgb
	var n float32
	for i, a := range cover {
		if a > .5 {
			x, y := i%w, i/w
			x0, x1, y1 = min(x0, x), max(x1, x), max(y1, y)
			for c := range mean {
				mean[c] += paint[i][c]
			}
			n++
		}
	}
	tint, black := 0., .7
	if t == Shadow || t == Gradient {
		if r.Float64() < .35 {
			tint = u(.1, .35)
		}
		if t == Shadow && r.Float64() < .35 {
			black = u(.9, 1.3)
		}
	}
	xm, bw, fh := float64(x0+x1)/2, float64(x1-x0)/2, float64(h)
	pool := disc(w, h, xm+bw*.08, float64(y1)-.005*fh, bw*1.05, .045*fh)
	gaussian(pool, w, h, .018*fh)
	contact := disc(w, h, xm, float64(y1), bw*.85, max(2, .01*fh))
	gaussian(contact, w, h, .006*fh)
	cast := make([]float32, w*h)
	lean, drop := u(-.35, .35), u(.4, .55)
	shift := .05 * float64(w) * math.Copysign(1, lean)
	for y := range h {
		sy := float64(y1) - (float64(y1)-float64(y))/drop // the row that throws its shadow here
		if sy < 0 || int(sy) >= h {
			continue
		}
		for x := range w {
			sx := float64(x) - lean*(float64(y1)-sy) - shift
			if sx >= 0 && int(sx) < w {
				cast[y*w+x] = cover[int(sy)*w+int(sx)]
			}
		}
	}
	gaussian(cast, w, h, .022*fh)
	for i := range pix {
		s := 1 - (1-float64(pool[i])*.7)*(1-float64(cast[i])*.45)
		d := float32(min(max(1-(1-k*s)*(1-k*black*float64(contact[i])), 0), .95))
		for c := range 3 {
			own := mean[c] / max(n, 1) / 255
			pix[i][c] *= 1 - d*(1-float32(tint)*own)
		}
	}
}

// disc is a filled ellipse, 0 or 1 per pixel.
func disc(w, h int, cx, cy, rx, ry float64) []float32 {
	o := make([]float32, w*h)
	for y := max(0, int(cy-ry)); y < min(h, int(cy+ry)+1); y++ {
		for x := max(0, int(cx-rx)); x < min(w, int(cx+rx)+1); x++ {
			dx, dy := (float64(x)-cx)/rx, (float64(y)-cy)/ry
			if dx*dx+dy*dy < 1 {
				o[y*w+x] = 1
			}
		}
	}
	return o
}

// gaussian blurs p in place. Wide blurs are three box blurs.
func gaussian(p []float32, w, h int, sigma float64) {
	if sigma < 3 {
		r := int(3*sigma + 1)
		k := make([]float32, 2*r+1)
		var s float32
		for i := range k {
			d := float64(i-r) / sigma
			k[i] = float32(math.Exp(-d * d / 2))
			s += k[i]
		}
		convolve := func(n, count, step, stride int) {
			line := make([]float32, n)
			for l := range count {
				for i := range n {
					line[i] = p[l*stride+i*step]
				}
				for i := range n {
					var v float32
					for j, q := range k {
						v += q * line[min(max(i+j-r, 0), n-1)]
					}
					p[l*stride+i*step] = v / s
				}
			}
		}
		convolve(w, h, 1, w)
		convolve(h, w, w, 1)
		return
	}
	r := int(sigma*math.Sqrt(3./3) + .5) // three boxes of 2r+1 have a variance of r(r+1)
	box := func(n, count, step, stride int) {
		line := make([]float32, n)
		for l := range count {
			for i := range n {
				line[i] = p[l*stride+i*step]
			}
			var v float32
			for j := -r; j <= r; j++ {
				v += line[min(max(j, 0), n-1)]
			}
			for i := range n {
				p[l*stride+i*step] = v / float32(2*r+1)
				v += line[min(i+r+1, n-1)] - line[max(i-r, 0)]
			}
		}
	}
	for range 3 {
		box(w, h, 1, w)
		box(h, w, w, 1)
	}
}

// recompress saves the picture as JPEG and loads it again.
func recompress(img *image.NRGBA, quality int) *image.NRGBA {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		panic("encode into memory: " + err.Error()) // only pictures over 65535 pixels wide fail
	}
	m, err := jpeg.Decode(&b)
	if err != nil {
		panic("decode what was just encoded: " + err.Error())
	}
	y := m.(*image.YCbCr)
	for j := range img.Rect.Dy() {
		for i := range img.Rect.Dx() {
			a, c := y.YOffset(i, j), y.COffset(i, j)
			o := img.PixOffset(i, j)
			img.Pix[o], img.Pix[o+1], img.Pix[o+2] = color.YCbCrToRGB(y.Y[a], y.Cb[c], y.Cr[c])
		}
	}
	return img
}
