package imagingtest

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// The tolerance of a golden picture: processors round differently, and a change
// of the composition is far larger.
const (
	goldenMean = 1.0 // levels
	goldenMost = 24
)

// Golden compares a picture with testdata/golden/NAME.png, which update writes anew. The
// difference of one that is too far off is saved for looking at it.
func Golden(t *testing.T, update bool, name string, got *image.NRGBA) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name+".png")
	if update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		save(t, path, got)
		return
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatalf("%v; make it with -update", err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds() != got.Rect {
		t.Fatalf("%v, the golden file has %v", got.Rect, img.Bounds())
	}
	diff, sum, most := image.NewGray(got.Rect), 0, 0
	for y := range got.Rect.Dy() {
		for x := range got.Rect.Dx() {
			a, b := got.NRGBAAt(x, y), color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			d := max(apart(a.R, b.R), apart(a.G, b.G), apart(a.B, b.B), apart(a.A, b.A))
			sum, most = sum+d, max(most, d)
			diff.SetGray(x, y, color.Gray{Y: uint8(min(255, 8*d))})
		}
	}
	if mean := float64(sum) / float64(len(diff.Pix)); mean > goldenMean || most > goldenMost {
		dir := t.ArtifactDir()
		save(t, filepath.Join(dir, "got.png"), got)
		save(t, filepath.Join(dir, "diff.png"), diff)
		t.Errorf("%.2f levels off on average, %d at most; run with -artifacts to keep the picture and the difference (%s). If it is meant, write the golden files anew with -update", mean, most, dir)
	}
}

func apart(a, b uint8) int { return max(int(a), int(b)) - min(int(a), int(b)) }

func save(t *testing.T, path string, img image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
