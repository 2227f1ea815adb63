package azureml_test

import (
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"testing"

	"github.com/opal-photo/opal/modules/imaging/imagingtest"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/azureml"
	"github.com/opal-photo/opal/modules/pipeline/cuttertest"
	"github.com/opal-photo/opal/modules/score"
)

func TestMain(m *testing.M) { imagingtest.Main(m) }

func TestCutterSuite(t *testing.T) {
	cuttertest.RunRemote(t, cuttertest.Provider{
		Open: func(t testing.TB, o cuttertest.Options) pipeline.Cutter {
			c, err := azureml.NewCutter(azureml.CutterOptions{
				Options: azureml.Options{URL: o.URL, Key: cuttertest.Key, Timeout: o.Timeout, Tries: o.Tries, MaxResponse: o.MaxResponse},
				Decoder: o.Decoder, Second: o.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			return c
		},
		Read: func(t testing.TB, r *http.Request) []byte {
			if r.Method != http.MethodPost || r.URL.Path != "/score" || r.Header.Get("Authorization") != "Bearer "+cuttertest.Key {
				t.Errorf("%s %s with %q", r.Method, r.URL.Path, r.Header.Get("Authorization"))
			}
			var req score.CutRequest
			if err := json.NewDecoder(r.Body).Decode(&req); err != nil || req.ContentType != "image/jpeg" {
				t.Errorf("%v, %q", err, req.ContentType)
			}
			return req.ImageBytes
		},
		Answer: func(t testing.TB, w http.ResponseWriter, mask *image.Gray, confidence float64) {
			res := score.CutResponse{AlphaBytes: cuttertest.Grey(t, mask), Meta: score.CutMeta{Engine: "fake"}}
			if confidence >= 0 {
				res.Confidence = &confidence
			}
			if err := json.NewEncoder(w).Encode(res); err != nil {
				t.Error(err)
			}
		},
		Refuse: func(w http.ResponseWriter, status int) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"status":%d,"code":"something","detail":"https://example.com/?sig=SECRET"}`, status)
		},
		Confident: true, Unpaid: "cutout_rejected", MaxPixels: 1_500_000,
	})
}
