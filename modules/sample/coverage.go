package sample

import (
	"image"
	"math"
)

// Coverage is how much of each pixel of the photo the bottle covers: the cut-out that an
// engine should find in what Draw returns.
func Coverage(size int) *image.Alpha {
	img := image.NewAlpha(image.Rect(0, 0, size, size))
	v := view(size)
	inParallel(size, func(y int) {
		for x := range size {
			img.Pix[y*img.Stride+x] = v.coverage(x, y)
		}
	})
	return img
}

// coverage is the bottle's share of a pixel, 0-255.
func (c camera) coverage(x, y int) uint8 {
	if _, _, _, near := follow(c.ray(float64(x)+0.5, float64(y)+0.5)); !near {
		return 0
	}
	hits := c.hits(x, y, grid)
	if hits == 0 || hits == grid*grid {
		return uint8(hits * math.MaxUint8 / (grid * grid))
	}
	return uint8((c.hits(x, y, fine)*math.MaxUint8 + fine*fine/2) / (fine * fine))
}

// hits is how many of n × n rays through a pixel meet the bottle.
func (c camera) hits(x, y, n int) (hits int) {
	for i := range n * n {
		dx, dy := (float64(i%n)+0.5)/float64(n), (float64(i/n)+0.5)/float64(n)
		if _, _, hit, _ := follow(c.ray(float64(x)+dx, float64(y)+dy)); hit {
			hits++
		}
	}
	return hits
}
