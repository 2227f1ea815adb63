package imaging

import (
	"image"
	"math"
	"runtime"

	"github.com/opal-photo/opal/modules/fault"
)

// Fixed point of the resampling loops. A sample has 12 bits, 4 below the
// stored 8, so that two passes don't round twice; a weight has 14. A sum of
// weights of at most 1.7 in absolute value then fits into 31 bits.
const (
	sampleShift = 4
	weightBits  = 14
	weightOne   = 1 << weightBits
)

const (
	lanczosLobes = 3

	// A picture that shrinks by this much or more is averaged over whole pixels
	// first, down to no less than half of this. The kernel would be so wide that
	// the difference is below one step, at several times the cost.
	averageFrom = 4

	// averageMost keeps a sum of premultiplied samples within 32 bits.
	averageMost = 256

	// minBand is how few output rows are worth a goroutine.
	minBand = 32
)

// Resize returns src at w × h pixels, resampled with a three-lobed Lanczos
// kernel on the stored sRGB values, premultiplied where src is transparent. It
// uses up to GOMAXPROCS goroutines. w and h below 1 count as 1.
func Resize(src *image.NRGBA, w, h int) *image.NRGBA {
	w, h = max(w, 1), max(h, 1)
	sw, sh := src.Rect.Dx(), src.Rect.Dy()
	if sw == 0 || sh == 0 {
		return image.NewNRGBA(image.Rect(0, 0, w, h))
	}
	if sw == w && sh == h {
		return clone(src)
	}
	s := newSamples(src, averaging(sw, w), averaging(sh, h))
	return resample(s, lanczosTaps(float64(sw)/float64(s.kx), s.w, w), lanczosTaps(float64(sh)/float64(s.ky), s.h, h))
}

// averaging returns how many pixels are averaged into one first.
func averaging(from, to int) int {
	if from < averageFrom*to {
		return 1
	}
	return min(2*from/(averageFrom*to), averageMost)
}

func clone(src *image.NRGBA) *image.NRGBA {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		copy(dst.Pix[y*dst.Stride:][:w*bytesPerPixel], pixelRow(src, y))
	}
	return dst
}

// pixelRow returns row y of img, counted from its top, in bytes.
func pixelRow(img *image.NRGBA, y int) []uint8 {
	return img.Pix[y*img.Stride:][:img.Rect.Dx()*bytesPerPixel]
}

// samples gives rows of 12-bit samples of a picture, premultiplied and, where
// asked, averaged over kx × ky pixels.
type samples struct {
	src      *image.NRGBA
	kx, ky   int
	w, h     int // after averaging; the last column and row may average fewer
	channels int // 3 when src is opaque, else 4
}

func newSamples(src *image.NRGBA, kx, ky int) samples {
	s := samples{
		src: src, kx: kx, ky: ky, channels: bytesPerPixel,
		w: (src.Rect.Dx() + kx - 1) / kx, h: (src.Rect.Dy() + ky - 1) / ky,
	}
	if src.Opaque() {
		s.channels = 3
	}
	return s
}

// fill writes row y to row, which has w * channels samples. sums, of the same
// length, is its scratch.
func (s samples) fill(y int, row []uint16, sums []uint32) {
	if s.kx == 1 && s.ky == 1 {
		if s.channels == 3 {
			fillOpaque(pixelRow(s.src, y), row)
		} else {
			fillPremultiplied(pixelRow(s.src, y), row)
		}
		return
	}
	clear(sums)
	first, last := y*s.ky, min((y+1)*s.ky, s.src.Rect.Dy())
	for sy := first; sy < last; sy++ {
		in := pixelRow(s.src, sy)
		for o := 0; o < len(sums); o += s.channels {
			n := min(s.kx*bytesPerPixel, len(in))
			if s.channels == 3 {
				sumOpaque(sums[o:o+3], in[:n])
			} else {
				sumPremultiplied(sums[o:o+4], in[:n])
			}
			in = in[n:]
		}
	}
	full, lastWidth := float32(s.kx*(last-first)), float32((s.src.Rect.Dx()-(s.w-1)*s.kx)*(last-first))
	for o := range sums {
		area := full
		if o >= len(sums)-s.channels {
			area = lastWidth
		}
		scale := float32(1<<sampleShift) / area
		if s.channels == 4 && o&3 != 3 {
			scale /= 255
		}
		row[o] = uint16(float32(sums[o])*scale + 0.5)
	}
}

func fillOpaque(in []uint8, row []uint16) {
	for len(row) >= 3 && len(in) >= 4 {
		row[0], row[1], row[2] = uint16(in[0])<<sampleShift, uint16(in[1])<<sampleShift, uint16(in[2])<<sampleShift
		row, in = row[3:], in[4:]
	}
}

func fillPremultiplied(in []uint8, row []uint16) {
	for len(row) >= 4 && len(in) >= 4 {
		a := uint32(in[3])
		row[0] = uint16((uint32(in[0])*a<<sampleShift + 127) / 255)
		row[1] = uint16((uint32(in[1])*a<<sampleShift + 127) / 255)
		row[2] = uint16((uint32(in[2])*a<<sampleShift + 127) / 255)
		row[3] = uint16(a << sampleShift)
		row, in = row[4:], in[4:]
	}
}

func sumOpaque(sums []uint32, in []uint8) {
	r, g, b := sums[0], sums[1], sums[2]
	for ; len(in) >= 4; in = in[4:] {
		r += uint32(in[0])
		g += uint32(in[1])
		b += uint32(in[2])
	}
	sums[0], sums[1], sums[2] = r, g, b
}

func sumPremultiplied(sums []uint32, in []uint8) {
	r, g, b, a := sums[0], sums[1], sums[2], sums[3]
	for ; len(in) >= 4; in = in[4:] {
		alpha := uint32(in[3])
		r += uint32(in[0]) * alpha
		g += uint32(in[1]) * alpha
		b += uint32(in[2]) * alpha
		a += alpha
	}
	sums[0], sums[1], sums[2], sums[3] = r, g, b, a
}

// taps are the weights of a one-dimensional filter: output i is the sum over k
// of weight[i*n+k] times input first[i]+k. Each output's weights add up to
// weightOne; what would reach beyond the edge counts for the edge.
type taps struct {
	n      int
	first  []int32
	weight []int32
}

func lanczos(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1e-9:
		return 1
	case x >= lanczosLobes:
		return 0
	}
	p := math.Pi * x
	return lanczosLobes * math.Sin(p) * math.Sin(p/lanczosLobes) / (p * p)
}

// lanczosTaps resample from span, the true extent of n inputs, to outputs.
func lanczosTaps(span float64, n, outputs int) taps {
	scale := span / float64(outputs)
	wide := math.Max(scale, 1)
	return newTaps(n, outputs, int(math.Ceil(2*lanczosLobes*wide)), func(i int) (int, func(k int) float64) {
		centre := (float64(i)+0.5)*scale - 0.5
		first := int(math.Floor(centre-lanczosLobes*wide)) + 1
		return first, func(k int) float64 { return lanczos((float64(first+k) - centre) / wide) }
	})
}

// newTaps builds taps from a kernel of width weights. at(i) returns the first
// input of output i and the weights from there on.
func newTaps(inputs, outputs, width int, at func(i int) (first int, weight func(k int) float64)) taps {
	n := min(width, inputs)
	t := taps{n: n, first: make([]int32, outputs), weight: make([]int32, outputs*n)}
	folded := make([]float64, n)
	for i := range outputs {
		first, weight := at(i)
		start := max(0, min(first, inputs-n))
		clear(folded)
		sum := 0.0
		for k := range width {
			w := weight(k)
			folded[max(0, min(first+k, inputs-1))-start] += w
			sum += w
		}
		t.first[i] = int32(start)
		out := t.weight[i*n : (i+1)*n]
		rest, largest := int32(weightOne), 0
		for k, w := range folded {
			out[k] = int32(math.Round(w / sum * weightOne))
			rest -= out[k]
			if out[k] > out[largest] {
				largest = k
			}
		}
		out[largest] += rest // rounding must not shift a plain area
	}
	return t
}

// resample filters s with tx along rows and ty along columns.
func resample(s samples, tx, ty taps) *image.NRGBA {
	dst := image.NewNRGBA(image.Rect(0, 0, len(tx.first), len(ty.first)))
	bands(len(ty.first), func(from, to int) {
		cache := newRowCache(s, ty.n)
		sums := make([]int32, s.w*s.channels)
		for y := from; y < to; y++ {
			weights := ty.weight[y*ty.n : (y+1)*ty.n]
			clear(sums)
			addRows(sums, cache, int(ty.first[y]), weights)
			if s.channels == 3 {
				rowOpaque(pixelRow(dst, y), sums, tx)
			} else {
				rowPremultiplied(pixelRow(dst, y), sums, tx)
			}
		}
	})
	return dst
}

// bands splits 0..n over goroutines.
func bands(n int, work func(from, to int)) {
	workers := max(1, min(runtime.GOMAXPROCS(0), n/minBand))
	if workers == 1 {
		work(0, n)
		return
	}
	bands := make([]func(), workers)
	for i := range bands {
		bands[i] = func() { work(n*i/workers, n*(i+1)/workers) }
	}
	fault.Together(bands...)
}

// rowCache keeps the last rows of samples that a filter of n taps looks at.
type rowCache struct {
	s    samples
	rows [][]uint16
	have []int
	sums []uint32
}

func newRowCache(s samples, n int) *rowCache {
	c := &rowCache{s: s, rows: make([][]uint16, n), have: make([]int, n)}
	if s.kx > 1 || s.ky > 1 {
		c.sums = make([]uint32, s.w*s.channels)
	}
	for i := range c.rows {
		c.rows[i], c.have[i] = make([]uint16, s.w*s.channels), -1
	}
	return c
}

func (c *rowCache) row(y int) []uint16 {
	i := y % len(c.rows)
	if c.have[i] != y {
		c.s.fill(y, c.rows[i], c.sums)
		c.have[i] = y
	}
	return c.rows[i]
}

// addRows adds the weighted rows from first on to sums and brings them back to
// 12 bits. Three rows at a time spare most of the loads and stores of sums.
func addRows(sums []int32, c *rowCache, first int, weights []int32) {
	k := 0
	for ; k+3 <= len(weights); k += 3 {
		a, b, d := c.row(first + k)[:len(sums)], c.row(first + k + 1)[:len(sums)], c.row(first + k + 2)[:len(sums)]
		wa, wb, wd := weights[k], weights[k+1], weights[k+2]
		for i := range sums {
			sums[i] += wa*int32(a[i]) + wb*int32(b[i]) + wd*int32(d[i])
		}
	}
	for ; k < len(weights); k++ {
		a, wa := c.row(first + k)[:len(sums)], weights[k]
		for i := range sums {
			sums[i] += wa * int32(a[i])
		}
	}
	for i, v := range sums {
		sums[i] = (v + weightOne/2) >> weightBits
	}
}

// rowOpaque filters 3-channel samples along a row into pixels.
func rowOpaque(dst []uint8, row []int32, t taps) {
	const round = 1 << (weightBits + sampleShift - 1)
	for x, first := range t.first {
		weights := t.weight[x*t.n : (x+1)*t.n]
		s := row[first*3:][:len(weights)*3]
		r, g, b := int32(round), int32(round), int32(round)
		for _, w := range weights {
			r += w * s[0]
			g += w * s[1]
			b += w * s[2]
			s = s[3:]
		}
		d := dst[x*4 : x*4+4 : x*4+4]
		d[0], d[1], d[2], d[3] = to8(r>>(weightBits+sampleShift)), to8(g>>(weightBits+sampleShift)), to8(b>>(weightBits+sampleShift)), 255
	}
}

// rowPremultiplied filters 4-channel samples along a row into straight-alpha
// pixels. A wholly transparent pixel is black.
func rowPremultiplied(dst []uint8, row []int32, t taps) {
	const shift = weightBits + sampleShift
	const round = 1 << (shift - 1)
	for x, first := range t.first {
		weights := t.weight[x*t.n : (x+1)*t.n]
		s := row[first*4:][:len(weights)*4]
		var r, g, b, a int32
		for _, w := range weights {
			r += w * s[0]
			g += w * s[1]
			b += w * s[2]
			a += w * s[3]
			s = s[4:]
		}
		d := dst[x*4 : x*4+4 : x*4+4]
		alpha := to8((a + round) >> shift)
		switch {
		case a == 255<<shift:
			d[0], d[1], d[2] = to8((r+round)>>shift), to8((g+round)>>shift), to8((b+round)>>shift)
		case alpha == 0:
			d[0], d[1], d[2] = 0, 0, 0
		default: // also where the kernel swings above full alpha, or edges would glow
			d[0], d[1], d[2] = straight(r, a), straight(g, a), straight(b, a)
		}
		d[3] = alpha
	}
}

// straight divides a premultiplied sum by its alpha.
func straight(c, a int32) uint8 {
	return to8(int32((int64(max(c, 0))*255 + int64(a)/2) / int64(a)))
}

func to8(v int32) uint8 { return uint8(max(0, min(v, 255))) }
