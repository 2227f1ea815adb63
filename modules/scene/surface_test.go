package scene

import (
	"fmt"
	"testing"
)

// speckles counts the pixels of a picture's floor that stand out of all eight neighbours by
// more than so many levels of green: a line that is drawn by noise without smoothing
// breaks up into them.
func speckles(b *backdrop, levels int) (n int) {
	at := func(x, y int) int { return int(b.img.Pix[b.img.PixOffset(x, y)+1]) }
	for y := int(b.edge*b.unit) + 8; y < b.H-1; y++ {
		for x := 1; x < b.W-1; x++ {
			v := at(x, y)
			low, high := 255, 0
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					if dx != 0 || dy != 0 {
						low, high = min(low, at(x+dx, y+dy)), max(high, at(x+dx, y+dy))
					}
				}
			}
			if max(low-v, v-high) > levels {
				n++
			}
		}
	}
	return n
}

func TestFloorsHaveNoSpeckles(t *testing.T) {
	const (
		levels = 5
		most   = 80 // of some 90,000 pixels: fine grain has single ones
	)
	for _, name := range []string{"luxury", "kitchen", "office", "lifestyle", "nature", "outdoor"} {
		for seed := range uint64(compositions) {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) {
				t.Parallel()
				st, _ := findSet(name)
				lk := resolveLook(st.arranged(seed), steer{}, nil, &product{}, true, LightAuto, false)
				if n := speckles(buildBackdrop(lk, 512, 512, room{pitch: -1}, seed), levels); n > most {
					t.Errorf("%d pixels of the floor stand out of their neighbours, at most %d", n, most)
				}
			})
		}
	}
}
