package imaging

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPixelsAreWidened(t *testing.T) {
	for _, n := range []int{0, 1, 4, 5, 6, 7, 9, 100} {
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d pixels, plain %t", n, plain), func(t *testing.T) {
				rgb, want := make([]byte, 0, 3*n), make([]byte, 0, 4*n+1)
				for i := range n {
					r, g, b := byte(3*i), byte(3*i+1), byte(3*i+2)
					rgb, want = append(rgb, r, g, b), append(want, r, g, b, 255)
				}
				const guard = 77 // what lies behind stays
				got := make([]byte, 4*n+1)
				got[4*n], want = guard, append(want, guard)
				widenBy(got, rgb, plain)
				if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
			})
		}
	}
}
