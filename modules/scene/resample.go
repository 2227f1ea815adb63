package scene

import (
	"image"
	"math"
)

// placed is the product at its final size: 8-bit pixels for the layer and
// premultiplied linear ones for blending, both covering rect of the picture.
type placed struct {
	rect  image.Rectangle
	box   [4]float64 // rect without rounding: x, y, width, height
	scale float64
	pix   *image.NRGBA
	lin   []float32 // 4 per pixel
}

func (p *placed) alpha(x, y int) float32 { // picture coordinates
	x, y = x-p.rect.Min.X, y-p.rect.Min.Y
	if x < 0 || y < 0 || x >= p.rect.Dx() || y >= p.rect.Dy() {
		return 0
	}
	return p.lin[(y*p.rect.Dx()+x)*4+3]
}

// taps are the filter weights of one output sample.
type taps struct {
	first int
	w     []float32
}

// makeTaps returns Catmull-Rom weights for dstN samples, the first of which
// begins start output pixels into the source's first pixel; scale is source
// pixels per output pixel. The filter is stretched when shrinking so that every source pixel
// counts; the slight overshoot keeps product detail crisp.
func makeTaps(srcN, dstN int, start, scale float64) []taps {
	stretch := math.Max(scale, 1)
	support := 2 * stretch
	out := make([]taps, dstN)
	for i := range out {
		centre := (start+float64(i)+0.5)*scale - 0.5
		lo := max(int(math.Ceil(centre-support)), 0)
		hi := min(int(math.Floor(centre+support)), srcN-1)
		t := taps{first: lo, w: make([]float32, 0, hi-lo+1)}
		var sum float64
		for j := lo; j <= hi; j++ {
			v := catmullRom((float64(j) - centre) / stretch)
			sum += v
			t.w = append(t.w, float32(v))
		}
		if sum == 0 {
			t.w, sum = []float32{1}, 1
		}
		for k := range t.w {
			t.w[k] /= float32(sum)
		}
		out[i] = t
	}
	return out
}

func catmullRom(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return 1.5*x*x*x - 2.5*x*x + 1
	case x < 2:
		return -0.5*x*x*x + 2.5*x*x - 4*x + 2
	}
	return 0
}

// place scales the product's box uniformly, in linear light and premultiplied,
// and puts its lower left corner at left, bottom. At 1:1 the original bytes are
// kept.
func place(p *product, scale, left, bottom float64) *placed {
	bw, bh := float64(p.box.Dx())*scale, float64(p.box.Dy())*scale
	w, h := max(int(bw+0.5), 1), max(int(bh+0.5), 1)
	rect := image.Rect(0, 0, w, h).Add(image.Pt(int(left), int(bottom)-h))
	out := &placed{rect: rect, box: [4]float64{left, bottom - bh, bw, bh}, scale: scale, pix: image.NewNRGBA(rect), lin: make([]float32, w*h*4)}
	sw, sh := p.box.Dx(), p.box.Dy()
	encode := encodeTable()
	load := func(sy int, dst []float32) (lo, hi int) { // returns the visible span
		src := p.img.Pix[(p.box.Min.Y+sy)*p.img.Stride+p.box.Min.X*4:][:sw*4]
		lo, hi = sw, 0
		for x := range sw {
			q := src[x*4 : x*4+4 : x*4+4]
			d := dst[x*4 : x*4+4 : x*4+4]
			if q[3] == 0 {
				d[0], d[1], d[2], d[3] = 0, 0, 0, 0
				continue
			}
			lo, hi = min(lo, x), x+1
			a := float32(q[3]) * (1.0 / 255)
			d[0], d[1], d[2], d[3] = toLinear[q[0]]*a, toLinear[q[1]]*a, toLinear[q[2]]*a, a
		}
		return lo, hi
	}
	if w == sw && h == sh {
		for y := range h {
			load(y, out.lin[y*w*4:][:w*4])
			copy(out.pix.Pix[y*out.pix.Stride:][:w*4], p.img.Pix[(p.box.Min.Y+y)*p.img.Stride+p.box.Min.X*4:])
		}
		return out
	}

	// Rounding the height moves the top edge, never the floor.
	tx, ty := makeTaps(sw, w, 0, 1/scale), makeTaps(sh, h, bh-float64(h), 1/scale)
	depth := 0
	for _, t := range ty {
		depth = max(depth, len(t.w))
	}
	// A ring of horizontally scaled rows: each source row is scaled once.
	ring := make([]float32, depth*w*4)
	spans := make([][2]int, depth)
	held := make([]int, depth)
	for i := range held {
		held[i] = -1
	}
	line := make([]float32, sw*4)
	toDst := float64(w) / float64(sw)
	reach := 2*math.Max(toDst, 1) + 1
	for y, t := range ty {
		dst := out.lin[y*w*4:][:w*4]
		lo, hi := w, 0
		for k, wt := range t.w {
			sy := t.first + k
			slot := sy % depth
			row := ring[slot*w*4:][:w*4]
			if held[slot] != sy {
				held[slot] = sy
				a, b := load(sy, line)
				x0, x1 := 0, 0
				if b > a {
					x0 = max(int(float64(a)*toDst-reach), 0)
					x1 = min(int(float64(b)*toDst+reach)+1, w)
				}
				spans[slot] = [2]int{x0, x1}
				for x := x0; x < x1; x++ {
					tp := &tx[x]
					s := line[tp.first*4:]
					var r, g, bl, al float32
					for i, v := range tp.w {
						q := s[i*4 : i*4+4 : i*4+4]
						r += q[0] * v
						g += q[1] * v
						bl += q[2] * v
						al += q[3] * v
					}
					o := row[x*4 : x*4+4 : x*4+4]
					o[0], o[1], o[2], o[3] = r, g, bl, al
				}
			}
			x0, x1 := spans[slot][0], spans[slot][1]
			if x1 <= x0 {
				continue
			}
			lo, hi = min(lo, x0), max(hi, x1)
			src, acc := row[x0*4:x1*4], dst[x0*4:x1*4]
			for i, v := range src {
				acc[i] += v * wt
			}
		}
		o := out.pix.Pix[y*out.pix.Stride:][:w*4]
		for x := lo; x < hi; x++ {
			q := dst[x*4 : x*4+4 : x*4+4]
			if q[3] < 1.0/512 {
				q[0], q[1], q[2], q[3] = 0, 0, 0, 0
				continue
			}
			if q[3] > 1-1.0/512 {
				q[3] = 1
			}
			k := 1 / q[3]
			for c := range 3 {
				q[c] = min(max(q[c], 0), q[3])
				o[x*4+c] = to8(encode, q[c]*k)
			}
			o[x*4+3] = uint8(q[3]*255 + 0.5)
		}
	}
	return out
}

// to8 encodes without dither: product colours must not gain noise.
func to8(encode *[65536]uint16, v float32) uint8 {
	return uint8(min(uint32(encode[uint32(clamp01(v)*65535+0.5)])+128, 65535) >> 8)
}
