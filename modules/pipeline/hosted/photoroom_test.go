package hosted_test

import (
	"fmt"
	"image"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/cuttertest"
	"github.com/opal-photo/opal/modules/pipeline/hosted"
)

func TestPhotoroomPassesTheSuite(t *testing.T) {
	cuttertest.RunRemote(t, cuttertest.Provider{
		Open: func(_ testing.TB, o cuttertest.Options) pipeline.Cutter {
			return hosted.New(hosted.Photoroom, hosted.Options{URL: o.URL, Key: cuttertest.Key, Decoder: o.Decoder, Second: o.Second, Timeout: o.Timeout, Tries: o.Tries, MaxResponse: o.MaxResponse})
		},
		Read: func(t testing.TB, r *http.Request) []byte {
			if r.Method != http.MethodPost || r.URL.Path != "/v1/segment" || r.Header.Get("x-api-key") != cuttertest.Key {
				t.Errorf("%s %s with key %q", r.Method, r.URL.Path, r.Header.Get("x-api-key"))
			}
			if r.FormValue("format") != "png" || r.FormValue("channels") != "rgba" || r.FormValue("size") != "full" || r.FormValue("crop") != "false" {
				t.Errorf("form %v", r.Form)
			}
			f, _, err := r.FormFile("image_file")
			if err != nil {
				t.Error(err)
				return nil
			}
			b, err := io.ReadAll(f)
			if err != nil {
				t.Error(err)
			}
			return b
		},
		Answer: func(t testing.TB, w http.ResponseWriter, mask *image.Gray, confidence float64) {
			uncertainty := -1.
			if confidence >= 0 {
				uncertainty = 1 - confidence
			}
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("x-uncertainty-score", strconv.FormatFloat(uncertainty, 'f', -1, 64))
			_, _ = w.Write(cuttertest.RGBA(t, mask))
		},
		Refuse: func(w http.ResponseWriter, status int) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"detail":"Something is wrong with https://example.com/?sig=SECRET","status_code":%d,"type":"some_type"}`, status)
		},
		Confident: true, Unpaid: "cutout_unpaid", MaxPixels: 6_000_000,
	})
}
