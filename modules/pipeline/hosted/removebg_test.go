package hosted_test

import (
	"fmt"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/pipeline/cuttertest"
	"github.com/opal-photo/opal/modules/pipeline/hosted"
)

// refuseRemoveBG writes an error as the service's reference has it.
func refuseRemoveBG(w http.ResponseWriter, status int) {
	code := map[int]string{400: "invalid_image_url", 402: "insufficient_credits", 403: "auth_failed", 429: "rate_limit_exceeded"}[status]
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"title":"Something is wrong","code":%q,"detail":"https://example.com/?sig=SECRET"}]}`, code)
}

// readForm checks the parts that the reference names.
func readForm(t testing.TB, r *http.Request, fields map[string]string) []byte {
	if err := r.ParseMultipartForm(32 << 20); err != nil {
		t.Error(err)
		return nil
	}
	for name, want := range fields {
		if got := r.FormValue(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	f, h, err := r.FormFile("image_file")
	if err != nil || h.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("image_file: %v", err)
		return nil
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Error(err)
	}
	return b
}

func TestRemoveBGPassesTheSuite(t *testing.T) {
	cuttertest.RunRemote(t, cuttertest.Provider{
		Open: func(_ testing.TB, o cuttertest.Options) pipeline.Cutter {
			return hosted.New(hosted.RemoveBG, hosted.Options{URL: o.URL, Key: cuttertest.Key, Decoder: o.Decoder, Second: o.Second, Timeout: o.Timeout, Tries: o.Tries, MaxResponse: o.MaxResponse})
		},
		Read: func(t testing.TB, r *http.Request) []byte {
			if r.Method != http.MethodPost || r.URL.Path != "/v1.0/removebg" || r.Header.Get("X-Api-Key") != cuttertest.Key {
				t.Errorf("%s %s with key %q", r.Method, r.URL.Path, r.Header.Get("X-Api-Key"))
			}
			return readForm(t, r, map[string]string{"size": "auto", "format": "png", "type": "product"})
		},
		Answer: func(t testing.TB, w http.ResponseWriter, mask *image.Gray, _ float64) {
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("X-Type", "product")
			_, _ = w.Write(cuttertest.RGBA(t, mask))
		},
		Refuse: refuseRemoveBG, Unpaid: "cutout_unpaid", MaxPixels: 6_000_000,
	})
}

func cut(t *testing.T, h http.HandlerFunc) (pipeline.Cutout, error) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	return hosted.New(hosted.RemoveBG, hosted.Options{URL: s.URL + "/", Key: "k", Tries: 1}).Cut(t.Context(), image.NewNRGBA(image.Rect(0, 0, 40, 30)))
}

func TestAPhotoWithNothingInItStaysWhole(t *testing.T) {
	out, err := cut(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"errors":[{"title":"Could not identify foreground","code":"unknown_foreground"}]}`)
	})
	if err != nil || !out.Whole || out.Confidence != 0 || out.Reason == "" || out.Image == nil {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestTheResetOfTheRateLimitIsTheWait(t *testing.T) {
	_, err := cut(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(40*time.Second).Unix(), 10))
		refuseRemoveBG(w, http.StatusTooManyRequests)
	})
	if after := fault.RetryAfter(err); fault.CodeOf(err) != "cutout_busy" || after < 30*time.Second || after > 40*time.Second {
		t.Errorf("%v, after %s", err, after)
	}
}
