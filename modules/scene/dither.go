package scene

import (
	"sort"
	"sync"
)

const ditherBits = 7

var dithering struct {
	once sync.Once
	tile []uint8
}

// ditherTile returns a high-pass, rank-equalised noise tile: like blue noise it has
// no clumps, so the last bit of a gradient breaks up without visible grain.
func ditherTile() []uint8 {
	dithering.once.Do(func() { dithering.tile = newDitherTile() })
	return dithering.tile
}

func newDitherTile() []uint8 {
	const n = 1 << ditherBits
	r := rng{7}
	white := make([]float32, n*n)
	for i := range white {
		white[i] = r.float()
	}
	score := make([]float32, n*n)
	for y := range n {
		for x := range n {
			var sum float32
			for dy := -2; dy <= 2; dy++ {
				for dx := -2; dx <= 2; dx++ {
					sum += white[(y+dy)&(n-1)*n+(x+dx)&(n-1)]
				}
			}
			score[y*n+x] = white[y*n+x] - sum/25
		}
	}
	order := make([]int, n*n)
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(a, b int) bool { return score[order[a]] < score[order[b]] })
	out := make([]uint8, n*n)
	for rank, i := range order {
		out[i] = uint8(rank * 256 / len(order))
	}
	return out
}
