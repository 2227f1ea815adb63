package imaging

import (
	"image"
	"testing"
)

func encode(t testing.TB, img *image.NRGBA, o EncodeOptions) []byte {
	t.Helper()
	b, err := Encode(img, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func clip8(v float64) uint8 { return uint8(max(0, min(v, 255))) }

func abs(v int) int { return max(v, -v) }

// luma returns the luma of BT.601, on stored values.
func luma(p []uint8) float64 {
	return 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2])
}
