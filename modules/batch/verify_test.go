package batch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"io"
	"os"
	"testing"

	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/studio"
)

// tin is a photo of a red product with a label, on grey.
func tin(side int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	draw.Draw(img, img.Rect, image.NewUniform(color.NRGBA{120, 124, 126, 255}), image.Point{}, draw.Src)
	for y := side / 5; y < side*4/5; y++ {
		for x := side / 4; x < side*3/4; x++ {
			img.SetNRGBA(x, y, color.NRGBA{uint8(150 + 80*(x-side/4)/(side/2)), uint8(20 + 30*(y-side/5)/side), 40, 255})
		}
	}
	for i := range 9 {
		x, y := side*3/8+i*side/40, side*2/5+i%3*side/14
		draw.Draw(img, image.Rect(x, y, x+side/60, y+side/24), image.NewUniform(color.NRGBA{250, 150, 120, 255}), image.Point{}, draw.Src)
	}
	return img
}

func saved(t *testing.T, name string, img *image.NRGBA, f imaging.Format) {
	t.Helper()
	b, err := imaging.Encode(img, imaging.EncodeOptions{Format: f, Quality: 92})
	if err != nil {
		t.Fatal(err)
	}
	put(t, name, b)
}

func TestVerify(t *testing.T) {
	t.Chdir(t.TempDir())
	saved(t, "tin.png", tin(500), imaging.PNG)
	var noise bytes.Buffer
	s := Streams{Out: &noise, Err: &noise, Quiet: true}
	cutter := redCutter{.95}
	o := Options{Dir: "out", Scenes: []string{"studio"}, Presets: []string{"web_thumb", "woocommerce_product"}, Steps: pipeline.Options{RemoveBackground: true}}
	if err := Process(t.Context(), s, pipeline.New(decoder(), cutter, studio.NewPlacer(1<<20)), o, []string{"tin.png"}); err != nil {
		t.Fatal(err, noise.String())
	}
	made, err := os.ReadFile("out/tin/woocommerce_product.jpg")
	if err != nil {
		t.Fatal(err)
	}
	img, err := imaging.DecodeOwn(made)
	if err != nil {
		t.Fatal(err)
	}
	saved(t, "elsewhere/stripped.jpg", img, imaging.JPEG) // without its XMP
	saved(t, "out/tin/web_thumb.webp", mustDecode(t, "out/tin/web_thumb.webp"), imaging.WebP)
	touched := mustDecode(t, "out/tin/woocommerce_product.jpg")
	draw.Draw(touched, image.Rect(560, 600, 640, 680), image.NewUniform(color.NRGBA{40, 90, 200, 255}), image.Point{}, draw.Src)
	saved(t, "elsewhere/touched.jpg", touched, imaging.JPEG)
	saved(t, "elsewhere/other.jpg", other(900), imaging.JPEG)
	for name, c := range map[string]struct {
		file, by string
		want     error
	}{
		"by the file's own statement": {"out/tin/woocommerce_product.jpg", ByXMP, nil},
		"by the report":               {"out/tin/web_thumb.webp", ByReport, nil},
		"by searching":                {"elsewhere/stripped.jpg", ByRegistration, nil},
		"a part was painted over":     {"elsewhere/touched.jpg", ByRegistration, ErrFailed},
		"another picture":             {"elsewhere/other.jpg", "", ErrProductNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := Verify(t.Context(), Streams{Out: &out, Err: &out, Quiet: true}, Cutters{Decoder: decoder(), Cutter: cutter}, VerifyOptions{JSON: true}, "tin.png", c.file)
			if !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v: %s", err, c.want, out.String())
			}
			var v Verified
			if c.by != "" {
				if err := json.Unmarshal(out.Bytes(), &v); err != nil {
					t.Fatal(err)
				}
			}
			if v.By != c.by {
				t.Errorf("by %q, want %q: %s", v.By, c.by, out.String())
			}
		})
	}
	t.Run("a mask of another size", func(t *testing.T) {
		saved(t, "mask.png", tin(100), imaging.PNG)
		err := Verify(t.Context(), s, Cutters{Decoder: decoder(), Cutter: cutter}, VerifyOptions{Mask: "mask.png"}, "tin.png", "elsewhere/stripped.jpg")
		if !errors.Is(err, errMask) {
			t.Error(err)
		}
	})
}

func mustDecode(t *testing.T, name string) *image.NRGBA {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	img, err := imaging.DecodeOwn(b)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// other is a picture without the product.
func other(side int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 200 / side), uint8(120 + 90*(y/37%2)), uint8(255 * (x / 61 % 2)), 255})
		}
	}
	return img
}

func TestVerifyTakesTheScenesLightIntoAccount(t *testing.T) {
	t.Chdir(t.TempDir())
	saved(t, "tin.png", tin(400), imaging.PNG)
	var out bytes.Buffer
	s := Streams{Out: &out, Err: &out, Quiet: true}
	cutter := redCutter{.95}
	o := Options{Dir: "out", Scenes: []string{"luxury"}, Presets: []string{"meta_catalog"}, Steps: pipeline.Options{RemoveBackground: true, GenerateScene: true},
		Steering: picture.Steering{Relight: picture.Number(1)}}
	if err := Process(t.Context(), s, pipeline.New(decoder(), cutter, studio.NewPlacer(1<<18)), o, []string{"tin.png"}); err != nil {
		t.Fatal(err, out.String())
	}
	rep, err := loadReport("out/report.json")
	if err != nil {
		t.Fatal(err)
	}
	it := rep.Items[0]
	if f := it.Fidelity; f.Unlit == nil || f.SSIM < .999 || f.Unlit.MaxDiff <= f.MaxDiff {
		t.Errorf("of the picture: %+v, without the light %+v", f, f.Unlit)
	}
	if v := it.Variants[0]; v.Unlit == nil || v.Unlit.DeltaE50 <= v.Fidelity.DeltaE50 {
		t.Errorf("of the variant: %+v, without the light %+v", v.Fidelity, v.Unlit)
	}
	out.Reset()
	if err := Verify(t.Context(), s, Cutters{Decoder: decoder(), Cutter: cutter}, VerifyOptions{JSON: true}, "tin.png", "out/tin/meta_catalog.jpg"); err != nil {
		t.Fatal(err, out.String())
	}
	var v Verified
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	if !v.Untouched || v.By != ByXMP || v.Unlit == nil || v.Unlit.DeltaE50 < v.Measured.DeltaE50+1 {
		t.Errorf("%+v, without the light %+v", v, v.Unlit)
	}
}

// waitingCutter cuts nothing until it is let go.
type waitingCutter struct{ begun, free chan struct{} }

// Cut implements pipeline.Cutter.
func (w waitingCutter) Cut(context.Context, *image.NRGBA) (pipeline.Cutout, error) {
	close(w.begun)
	<-w.free
	return pipeline.Cutout{}, errors.New("too late")
}

func TestVerifyEndsWhenItIsInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "a.jpg", shown(t, 300, dusk, 2, 2, 8, 8))
	w := waitingCutter{make(chan struct{}), make(chan struct{})}
	t.Cleanup(func() { close(w.free) })
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		<-w.begun
		stop()
	}()
	if err := Verify(ctx, Streams{Out: io.Discard, Err: io.Discard}, Cutters{Decoder: decoder(), Cutter: w}, VerifyOptions{}, "a.jpg", "a.jpg"); !errors.Is(err, ErrInterrupted) {
		t.Errorf("%v", err)
	}
}
