package azureml_test

import (
	"encoding/json"
	"image"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline/azureml"
)

// cutCase is one case of the cut-out contract.
type cutCase struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	Client  struct {
		OK         bool    `json:"ok"`
		Confidence float64 `json:"confidence"`
		Covered    int     `json:"covered"` // pixels of a 24×16 photo
		Whole      bool    `json:"whole"`
		Concerns   int     `json:"concerns"`
		Logits     bool    `json:"logits"`
		Code       string  `json:"code"`
		Transient  bool    `json:"transient"`
		RetryAfter int     `json:"retry_after_s"`
	} `json:"client"`
}

// holds reports what the client makes of a case and whether that is what it says.
func (c *cutCase) holds(t *testing.T, d *imaging.Decoder) bool {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range c.Headers {
			w.Header().Set(k, v)
		}
		w.WriteHeader(c.Status)
		_, _ = w.Write(c.Body)
	}))
	defer s.Close()
	cutter, err := azureml.NewCutter(azureml.CutterOptions{Options: azureml.Options{URL: s.URL, Key: "k", Tries: 1}, Decoder: d})
	if err != nil {
		t.Fatal(err)
	}
	photo := image.NewNRGBA(image.Rect(0, 0, 24, 16))
	for i := range photo.Pix {
		photo.Pix[i] = 255
	}
	out, err := cutter.Cut(t.Context(), photo)
	if err != nil {
		return !c.Client.OK && fault.CodeOf(err) == c.Client.Code && fault.IsTransient(err) == c.Client.Transient &&
			fault.RetryAfter(err) == time.Duration(c.Client.RetryAfter)*time.Second
	}
	covered := 0
	for i := 3; i < len(out.Image.Pix); i += 4 {
		if out.Image.Pix[i] > 127 {
			covered++
		}
	}
	return c.Client.OK && math.Abs(out.Confidence-c.Client.Confidence) < 1e-9 && covered == c.Client.Covered && out.Whole == c.Client.Whole &&
		len(out.Concerns) == c.Client.Concerns && (out.Logits != nil) == c.Client.Logits
}

func TestCutterKeepsTheContract(t *testing.T) {
	d := imaging.NewDecoder(imaging.DecoderOptions{})
	defer d.Close()
	files, err := filepath.Glob("../../../ml/contract/cutout-*.json")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c cutCase
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if !c.holds(t, d) {
			t.Errorf("%s does not hold", file)
		}
		// a check that passes everything checks nothing
		planted := c
		planted.Client.OK = !c.Client.OK
		if planted.holds(t, d) {
			t.Errorf("%s holds with the opposite planted", file)
		}
	}
}
