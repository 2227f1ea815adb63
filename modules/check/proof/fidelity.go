// Package proof compares what was delivered with what was photographed: whether the
// product is untouched.
package proof

import (
	"image"
	"runtime"
	"sync"

	"github.com/opal-photo/opal/modules/fault"
)

// Structural similarity, Wang et al. 2004: 8 × 8 windows half overlapping, with
// the paper's constants for 8-bit samples.
const (
	ssimWindow = 8
	ssimStep   = 4
	ssimC1     = (0.01 * 255) * (0.01 * 255)
	ssimC2     = (0.03 * 255) * (0.03 * 255)

	// maskInside is the mask value from which a pixel counts.
	maskInside = 255
)

// Fidelity compares two pictures where mask is 255: ssim is the mean structural
// similarity of luma, 1 for equal ones, each window counted by how many of its
// pixels lie inside; maxDiff is the largest difference of a colour channel,
// 0..255. Alpha is not compared. An empty mask gives 1 and 0; pictures or masks
// of different sizes give 0 and 255.
func Fidelity(reference, result *image.NRGBA, mask *image.Alpha) (ssim float64, maxDiff int) {
	size := reference.Rect.Size()
	if result.Rect.Size() != size || mask.Rect.Size() != size {
		return 0, 255
	}
	var mu sync.Mutex
	var sum, weight float64
	windows := max(1, (size.Y-ssimWindow+ssimStep-1)/ssimStep+1)
	bands(windows, func(from, to int) {
		s, w, d := 0.0, 0.0, 0
		for i := from; i < to; i++ {
			ws, ww := ssimRow(reference, result, mask, i*ssimStep)
			s, w = s+ws, w+ww
		}
		last := to * ssimStep
		if to == windows {
			last = size.Y
		}
		for y := from * ssimStep; y < last; y++ {
			d = max(d, rowDifference(pixelRow(reference, y), pixelRow(result, y), mask.Pix[y*mask.Stride:][:size.X]))
		}
		mu.Lock()
		defer mu.Unlock()
		sum, weight, maxDiff = sum+s, weight+w, max(maxDiff, d)
	})
	if weight == 0 {
		return 1, 0
	}
	return sum / weight, maxDiff
}

// rowDifference returns the largest difference of two rows inside the mask.
func rowDifference(a, b, mask []uint8) int {
	worst := 0
	for x, m := range mask {
		if m < maskInside {
			continue
		}
		for c := x * 4; c < x*4+3; c++ {
			worst = max(worst, abs(int(a[c])-int(b[c])))
		}
	}
	return worst
}

func abs(v int) int { return max(v, -v) }

// ssimRow sums the similarity of the windows whose top is y, and their weights.
func ssimRow(a, b *image.NRGBA, mask *image.Alpha, y int) (sum, weight float64) {
	w, bottom := mask.Rect.Dx(), min(y+ssimWindow, mask.Rect.Dy())
	for x := 0; x == 0 || x+ssimStep < w; x += ssimStep {
		right := min(x+ssimWindow, w)
		var n, sa, sb, saa, sbb, sab float64
		for yy := y; yy < bottom; yy++ {
			ra, rb, rm := pixelRow(a, yy), pixelRow(b, yy), mask.Pix[yy*mask.Stride:]
			for xx := x; xx < right; xx++ {
				if rm[xx] < maskInside {
					continue
				}
				va, vb := luma(ra[xx*4:]), luma(rb[xx*4:])
				n++
				sa, sb = sa+va, sb+vb
				saa, sbb, sab = saa+va*va, sbb+vb*vb, sab+va*vb
			}
		}
		if n == 0 {
			continue
		}
		ma, mb := sa/n, sb/n
		// Rounding can leave a variance a hair below zero.
		vaa, vbb, cov := max(0, saa/n-ma*ma), max(0, sbb/n-mb*mb), sab/n-ma*mb
		s := (2*ma*mb + ssimC1) * (2*cov + ssimC2) / ((ma*ma + mb*mb + ssimC1) * (vaa + vbb + ssimC2))
		sum, weight = sum+s*n, weight+n
	}
	return sum, weight
}

// luma returns the luma of BT.601, on stored values.
func luma(p []uint8) float64 {
	return 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2])
}

// pixelRow returns row y of img, counted from its top, in bytes.
func pixelRow(img *image.NRGBA, y int) []uint8 {
	return img.Pix[y*img.Stride:][:img.Rect.Dx()*4]
}

// minBand is how few rows of windows are worth a goroutine.
const minBand = 32

// bands runs work over 0..n, split among the processors.
func bands(n int, work func(from, to int)) {
	workers := max(1, min(runtime.GOMAXPROCS(0), n/minBand))
	parts := make([]func(), workers)
	for i := range parts {
		parts[i] = func() { work(n*i/workers, n*(i+1)/workers) }
	}
	fault.Together(parts...)
}
