package batch

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"sync/atomic"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
)

// darkCutter takes what is dark for the product, and counts.
type darkCutter struct{ calls *atomic.Int64 }

// Cut keeps the dark part.
func (c darkCutter) Cut(_ context.Context, img *image.NRGBA) (pipeline.Cutout, error) {
	c.calls.Add(1)
	out := image.NewNRGBA(img.Rect)
	for i := 0; i < len(img.Pix); i += 4 {
		if img.Pix[i] < 128 {
			copy(out.Pix[i:i+4], img.Pix[i:i+4])
		}
	}
	return pipeline.Cutout{Image: out, Confidence: .9}, nil
}

func TestThePhotosOfASetKeepOneScale(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, side := range map[string]int{"front.jpg": 160, "side.jpg": 80, "other.jpg": 80} {
		img := image.NewRGBA(image.Rect(0, 0, 240, 240))
		for y := range 240 {
			for x := range 240 {
				img.Set(x, y, color.White)
				if x >= 120-side/2 && x < 120+side/2 && y >= 200-side && y < 200 {
					img.Set(x, y, color.RGBA{30, 60, uint8(len(name)), 255})
				}
			}
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("list.csv", []byte("file,sku,set_id\nfront.jpg,S,a\nside.jpg,S,a\nother.jpg,T,a\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Presets, o.Jobs = []string{"cutout_png"}, 2
	var err error
	if o.Products, o.Wishes, _, err = ReadProducts("list.csv"); err != nil {
		t.Fatal(err)
	}
	calls := &atomic.Int64{}
	if said, err := process(t, t.Context(), darkCutter{calls}, o, "front.jpg", "side.jpg", "other.jpg"); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if calls.Load() != 3 {
		t.Errorf("three photos were cut %d times", calls.Load())
	}
	high := func(name string) int {
		b, err := os.ReadFile("out/" + name + "/cutout_png.png")
		if err != nil {
			t.Fatal(err)
		}
		img, err := imaging.DecodeOwn(b)
		if err != nil {
			t.Fatal(err)
		}
		return imaging.AlphaBounds(img, 128).Dy()
	}
	if front, side, other := high("front"), high("side"), high("other"); side < front/2-12 || side > front/2+12 || other < front*9/10 {
		t.Errorf("the product is %d high in front, %d at the side, which is half of it; another product %d", front, side, other)
	}
	o.Resume = true
	if said, err := process(t, t.Context(), darkCutter{calls}, o, "front.jpg", "side.jpg", "other.jpg"); err != nil || calls.Load() != 3 {
		t.Errorf("taking over what is there cut again, %d times in all: %v %s", calls.Load(), err, said)
	}
	if diff := reportOf(t, "out").Items; len(diff) != 3 || diff[0].SetID != "a" {
		t.Errorf("the report doesn't name the sets: %+v", diff[0])
	}
	o.Products = map[string]picture.Product{}
	o.OneSet = true
	if said, err := process(t, t.Context(), darkCutter{calls}, o, "front.jpg", "other.jpg"); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if front, other := high("front"), high("other"); other > front*6/10 {
		t.Errorf("with --one-set %d and %d", front, other)
	}
}
