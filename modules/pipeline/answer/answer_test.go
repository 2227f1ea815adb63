package answer

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/opal-photo/opal/modules/cutout"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/pipeline"
)

func TestMain(m *testing.M) { imagingtest.Main(m) }

var faults = Faults("A provider", "PROVIDER_KEY")

func plain(w, h int, c color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = []uint8{c.R, c.G, c.B, c.A}[i%4]
	}
	return img
}

// half is a mask whose left half is white, with a grey column between.
func half(w, h int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			switch {
			case x < w/2:
				img.Pix[img.PixOffset(x, y)] = 255
			case x == w/2:
				img.Pix[img.PixOffset(x, y)] = 128
			}
		}
	}
	return img
}

func encoded(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func finish(t *testing.T, photo *image.NRGBA, answer image.Image) (pipeline.Cutout, error) {
	t.Helper()
	d := imaging.NewDecoder(imaging.DecoderOptions{})
	defer d.Close()
	return Finisher{Decoder: d, Bad: faults.BadResponse}.Finish(t.Context(), photo, encoded(t, answer), cutout.Grey, .8)
}

func TestOddShapes(t *testing.T) {
	for _, size := range []image.Point{{2, 1}, {1, 3}, {3, 3}, {17, 1}, {1, 300}, {2000, 3}, {801, 7}} {
		t.Run(size.String(), func(t *testing.T) {
			photo := plain(size.X, size.Y, color.NRGBA{90, 60, 30, 255})
			out, err := finish(t, photo, half(size.X, size.Y))
			if err != nil || out.Image.Rect != photo.Rect {
				t.Error(err)
			}
		})
	}
}

// A product on white, its edge mixed half and half: the cut-out's edge has the
// product's colour.
func TestTheBackgroundLeavesTheEdge(t *testing.T) {
	photo := plain(64, 64, color.NRGBA{255, 255, 255, 255})
	for y := range 64 {
		for x := range 32 {
			photo.SetNRGBA(x, y, color.NRGBA{20, 40, 120, 255})
		}
		photo.SetNRGBA(32, y, color.NRGBA{138, 148, 188, 255})
	}
	out, err := finish(t, photo, half(64, 64))
	if err != nil {
		t.Fatal(err)
	}
	got := out.Image.NRGBAAt(32, 30)
	if got.A != 128 || math.Abs(float64(got.R)-20) > 12 || math.Abs(float64(got.B)-120) > 12 {
		t.Errorf("the edge is %v", got)
	}
	if in := out.Image.NRGBAAt(10, 30); in != photo.NRGBAAt(10, 30) {
		t.Errorf("inside it is %v", in)
	}
	if outside := out.Image.NRGBAAt(50, 30); outside != (color.NRGBA{}) {
		t.Errorf("outside it is %v", outside)
	}
}

// An answer of a quarter of the sides: the edge is found in the photo again.
func TestASmallAnswerIsRefined(t *testing.T) {
	photo := plain(1200, 1200, color.NRGBA{255, 255, 255, 255})
	for y := range 1200 {
		for x := range 610 { // not where the small mask's pixels end
			photo.SetNRGBA(x, y, color.NRGBA{20, 40, 120, 255})
		}
	}
	out, err := finish(t, photo, half(300, 300))
	if err != nil {
		t.Fatal(err)
	}
	soft := 0
	for x := range 1200 {
		if a := out.Image.NRGBAAt(x, 600).A; a > 10 && a < 245 {
			soft++
		}
	}
	if soft > 2 {
		t.Errorf("the edge is %d pixels wide", soft)
	}
}

func TestWhatIsTransparentStaysSo(t *testing.T) {
	photo := plain(40, 40, color.NRGBA{90, 60, 30, 100})
	out, err := finish(t, photo, half(40, 40))
	if err != nil || out.Image.NRGBAAt(5, 5).A != 100 || out.Image.NRGBAAt(20, 5).A > 100 {
		t.Errorf("%v, %v, %v", out.Image.NRGBAAt(5, 5), out.Image.NRGBAAt(20, 5), err)
	}
	b, err := JPEG(photo, 400)
	if err != nil {
		t.Fatal(err)
	}
	info, err := imaging.Inspect(b)
	if err != nil || info.Width*info.Height > 400 || info.Width*info.Height < 300 {
		t.Errorf("%+v, %v", info, err)
	}
}

// deaf is a Decoder that fails.
type deaf struct{}

func (deaf) Decode(ctx context.Context, _ []byte) (*image.NRGBA, imaging.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, imaging.Info{}, err
	}
	return nil, imaging.Info{}, errors.New("no child")
}

func TestAnswersThatCanNotBeDecoded(t *testing.T) {
	photo, answer := plain(40, 40, color.NRGBA{1, 2, 3, 255}), encoded(t, half(40, 40))
	f := Finisher{Decoder: deaf{}, Bad: faults.BadResponse}
	if _, err := f.Finish(t.Context(), photo, answer, cutout.Grey, .8); fault.CodeOf(err) != "cutout_bad_response" || !fault.IsTransient(err) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Finish(ctx, photo, answer, cutout.Grey, .8); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
