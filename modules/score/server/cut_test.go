package server

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/score"
)

// halver is a cutter that takes the left half as the product.
type halver struct {
	whole bool
	err   error
	panic bool
}

func (halver) Name() string    { return "halver" }
func (halver) Version() string { return "7" }

func (h halver) Cut(_ context.Context, photo *image.NRGBA) (Cut, error) {
	if h.panic {
		panic("defect")
	}
	out := image.NewNRGBA(photo.Rect)
	for y := range photo.Rect.Dy() {
		for x := range photo.Rect.Dx() / 2 {
			out.SetNRGBA(x, y, photo.NRGBAAt(x, y))
		}
	}
	return Cut{
		Image: out, Confidence: 1.5, Reason: "look", Concerns: []picture.Concern{{Text: "there", Box: picture.Box{1, 2, 3, 4}}}, Whole: h.whole,
		Logits: image.NewGray(image.Rect(0, 0, 8, 6)),
	}, h.err
}

func photoJPEG(t testing.TB, w, h int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	m.SetNRGBA(1, 1, color.NRGBA{A: 255})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func cutBody(t testing.TB, b []byte) string {
	t.Helper()
	body, err := json.Marshal(score.CutRequest{ImageBytes: b, ContentType: "image/jpeg"})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// startCut runs a service of cut-outs.
func startCut(t testing.TB, c Cutter) func(body string) (int, http.Header, []byte) {
	t.Helper()
	d := imaging.NewDecoder(imaging.DecoderOptions{})
	t.Cleanup(func() { d.Close() })
	s := serve(t, Options{Cutter: c, Key: testKey, Decoder: d})
	return func(body string) (int, http.Header, []byte) { return post(t, s, body) }
}

func TestCutoutsAreServed(t *testing.T) {
	for name, h := range map[string]halver{"a product": {}, "nothing found": {whole: true}} {
		t.Run(name, func(t *testing.T) {
			status, header, body := startCut(t, h)(cutBody(t, photoJPEG(t, 40, 30)))
			if status != 200 || header.Get("X-Correlation-Id") != "c-1" {
				t.Fatalf("%d %s", status, body)
			}
			var res score.CutResponse
			if err := json.Unmarshal(body, &res); err != nil {
				t.Fatal(err)
			}
			mask, err := png.Decode(bytes.NewReader(res.AlphaBytes))
			if err != nil {
				t.Fatal(err)
			}
			left, right := uint8(255), uint8(0)
			if h.whole {
				left = 0
			}
			if g, ok := mask.(*image.Gray); !ok || g.Rect != image.Rect(0, 0, 40, 30) || g.GrayAt(5, 5).Y != left || g.GrayAt(35, 25).Y != right {
				t.Errorf("the coverage is a %T of %v", mask, mask.Bounds())
			}
			if (len(res.LogitsBytes) == 0) != h.whole {
				t.Errorf("%d bytes of logits", len(res.LogitsBytes))
			}
			confidence := 1. // brought into its range
			want := score.CutResponse{
				Confidence: &confidence, Reason: "look", Concerns: []picture.Concern{{Text: "there", Box: picture.Box{1, 2, 3, 4}}},
				Meta: score.CutMeta{Engine: "halver", EngineVersion: "7"},
			}
			res.AlphaBytes, res.LogitsBytes = nil, nil
			if d := cmp.Diff(want, res); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestCutoutsThatCannotBeMade(t *testing.T) {
	good := cutBody(t, photoJPEG(t, 40, 30))
	ask := startCut(t, halver{})
	for name, c := range map[string]struct {
		cutter Cutter
		body   string
		status int
		code   string
	}{
		"no JSON":            {nil, "{", 400, "malformed_body"},
		"two bodies":         {nil, good + good, 400, "malformed_body"},
		"no picture":         {nil, `{"content_type":"image/jpeg"}`, 400, "malformed_body"},
		"no base64":          {nil, `{"image_bytes_b64":"%%%"}`, 400, "malformed_body"},
		"text":               {nil, cutBody(t, []byte("not a picture")), 422, "input_unreadable"},
		"half a picture":     {nil, cutBody(t, photoJPEG(t, 400, 300)[:700]), 422, "input_unreadable"},
		"too many pixels":    {nil, cutBody(t, photoJPEG(t, 3000, 2100)), 422, "input_too_large"},
		"too many bytes":     {nil, `{"image_bytes_b64":"` + strings.Repeat("A", maxCutBody) + `"}`, 413, "body_too_large"},
		"the scoring body":   {nil, `{"input_image_sas":"https://x.example.com/a.png"}`, 400, "malformed_body"},
		"a model that died":  {halver{err: fault.New(fault.Unavailable, "cutout_model_died", "it ended")}, good, 503, "cutout_model_died"},
		"a defect":           {halver{panic: true}, good, 500, "internal"},
		"an unknown failure": {halver{err: context.DeadlineExceeded}, good, 503, "timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			ask := ask
			if c.cutter != nil {
				ask = startCut(t, c.cutter)
			}
			status, h, body := ask(c.body)
			wantProblem(t, name, status, h, body, c.status, c.code)
		})
	}
}
