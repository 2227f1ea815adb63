package imaging

/*
#include "resample.h"
*/
import "C"

import (
	"image"
	"math"
	"runtime"
	"unsafe"

	"github.com/opal-photo/opal/modules/fault"
)

// Fixed point of the resampling loops, see resample.h.
const (
	weightBits = C.OPAL_WEIGHT_BITS
	weightOne  = 1 << weightBits
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
	dst := roughPicture(w, h)
	for y := range h {
		copy(dst.Pix[y*dst.Stride:][:w*bytesPerPixel], pixelRow(src, y))
	}
	return dst
}

// pixelRow returns row y of img, counted from its top, in bytes.
func pixelRow(img *image.NRGBA, y int) []uint8 {
	return img.Pix[y*img.Stride:][:img.Rect.Dx()*bytesPerPixel]
}

// samples are a picture's pixels, averaged over kx × ky where that is asked.
type samples struct {
	src    *image.NRGBA
	kx, ky int
	w, h   int // after averaging; the last column and row may average fewer
}

func newSamples(src *image.NRGBA, kx, ky int) samples {
	return samples{
		src: src, kx: kx, ky: ky,
		w: (src.Rect.Dx() + kx - 1) / kx, h: (src.Rect.Dy() + ky - 1) / ky,
	}
}

// taps are the weights of a one-dimensional filter: output i is the sum over k
// below n of weight[i*step+k] times input first[i]+k, where step is n rounded up to what the
// loops take at a time. Each output's weights add up to weightOne; what would reach beyond
// the edge counts for the edge. first never falls.
type taps struct {
	n, step int
	first   []int32
	weight  []int16
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
	step := (n + C.OPAL_TAPS_STEP - 1) / C.OPAL_TAPS_STEP * C.OPAL_TAPS_STEP
	t := taps{n: n, step: step, first: make([]int32, outputs), weight: make([]int16, outputs*step)}
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
		out := t.weight[i*step:][:n]
		rest, largest := int16(weightOne), 0
		for k, w := range folded {
			out[k] = int16(math.Round(w / sum * weightOne))
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
	dst := roughPicture(len(tx.first), len(ty.first))
	bands(len(ty.first), func(from, to int) { resampleRows(dst, s, tx, ty, from, to, false) })
	return dst
}

// resampleRows makes rows from..to of dst. plain leaves out the processor's wider
// instructions, which change nothing but the time.
func resampleRows(dst *image.NRGBA, s samples, tx, ty taps, from, to int, plain bool) {
	scratch := make([]int16, C.opal_samples_room(C.int(s.w), C.int(ty.n)))
	C.opal_resample((*C.uint8_t)(unsafe.SliceData(s.src.Pix)), C.int(s.src.Rect.Dx()), C.int(s.src.Rect.Dy()), C.size_t(s.src.Stride),
		C.int(s.kx), C.int(s.ky),
		(*C.int32_t)(unsafe.SliceData(tx.first)), (*C.int16_t)(unsafe.SliceData(tx.weight)), C.int(tx.n), C.int(len(tx.first)),
		(*C.int32_t)(unsafe.SliceData(ty.first)), (*C.int16_t)(unsafe.SliceData(ty.weight)), C.int(ty.n), C.int(from), C.int(to),
		(*C.uint8_t)(unsafe.SliceData(dst.Pix)), C.size_t(dst.Stride), (*C.int16_t)(unsafe.SliceData(scratch)), boolInt(plain))
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
