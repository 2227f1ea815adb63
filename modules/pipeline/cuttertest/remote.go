package cuttertest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"image"
	"image/color"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/picture"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Key is what engines under test authenticate with.
const Key = "a-very-secret-key"

// Options are what the suite asks of an engine.
type Options struct {
	URL         string
	Decoder     pipeline.Decoder
	Second      pipeline.Cutter
	Timeout     time.Duration // 0: the engine's own
	Tries       int           // 0: the engine's own
	MaxResponse int64         // 0: the engine's own
}

// Provider is a provider's documented side of the contract.
type Provider struct {
	// Open returns an engine that asks URL with Key.
	Open func(t testing.TB, o Options) pipeline.Cutter
	// Read checks a request as the provider does (path, key, fields) and returns
	// the picture in it.
	Read func(t testing.TB, r *http.Request) []byte
	// Answer writes a 200 with the mask and, where the contract has one, the
	// confidence (below 0: the provider can't tell).
	Answer func(t testing.TB, w http.ResponseWriter, mask *image.Gray, confidence float64)
	// Refuse writes an error.
	Refuse func(w http.ResponseWriter, status int)
	// Confident: the contract has a confidence.
	Confident bool
	// Unpaid is the code of a 402: cutout_rejected where the contract has none.
	Unpaid string
	// MaxPixels is the largest picture that may be sent.
	MaxPixels int
}

// handler answers one request; photo is what was sent.
type handler func(w http.ResponseWriter, r *http.Request, photo image.Image)

// suite is one provider under test.
type suite struct {
	Provider
	decoder *imaging.Decoder
}

// serve starts the provider and returns an engine that asks it.
func (s *suite) serve(t *testing.T, o Options, h handler) pipeline.Cutter {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h(w, r, Sent(t, s.Read(t, r)))
	}))
	t.Cleanup(server.Close)
	if o.Tries == 0 {
		o.Tries = 1
	}
	o.URL, o.Decoder = server.URL, s.decoder
	return s.Open(t, o)
}

// perfect answers as a perfect model would.
func (s *suite) perfect(t *testing.T, confidence float64) handler {
	return func(w http.ResponseWriter, _ *http.Request, photo image.Image) {
		s.Answer(t, w, coverage(photo), confidence)
	}
}

// RunRemote holds an engine to the port and to what may come over a network. The
// test's TestMain must be imagingtest.Main.
func RunRemote(t *testing.T, p Provider) {
	s := &suite{Provider: p, decoder: imaging.NewDecoder(imaging.DecoderOptions{})}
	t.Cleanup(func() { _ = s.decoder.Close() })
	Run(t, s.serve(t, Options{}, s.perfect(t, .9)))
	t.Run("sizes", s.sizes)
	t.Run("confidence", s.confidence)
	t.Run("answers that cut nothing", s.empty)
	t.Run("answers that are none", s.garbage)
	t.Run("statuses", s.statuses)
	t.Run("bodies out of bounds", s.bounds)
	t.Run("time", s.time)
	t.Run("correlation", s.correlation)
}

func (s *suite) sizes(t *testing.T) {
	largest := 0
	c := s.serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request, photo image.Image) {
		b := photo.Bounds()
		largest = max(largest, b.Dx()*b.Dy())
		s.Answer(t, w, coverage(photo), .9)
	})
	good(t, c, 3000, 2400)
	if largest > s.MaxPixels || largest < s.MaxPixels*9/10 {
		t.Errorf("%d pixels were sent, at most %d may be", largest, s.MaxPixels)
	}
	// an answer of a quarter of the pixels
	c = s.serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request, photo image.Image) {
		b := photo.Bounds()
		half := image.NewGray(image.Rect(0, 0, b.Dx()/2, b.Dy()/2))
		full := coverage(photo)
		for y := range half.Rect.Dy() {
			for x := range half.Rect.Dx() {
				sum := 0
				for _, d := range [4][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
					sum += int(full.GrayAt(2*x+d[0], 2*y+d[1]).Y)
				}
				half.Pix[half.PixOffset(x, y)] = uint8(sum / 4)
			}
		}
		s.Answer(t, w, half, .9)
	})
	good(t, c, 640, 480)
	for name, size := range map[string]image.Point{"turned": {480, 640}, "cropped": {600, 480}, "one pixel": {1, 1}} {
		c := s.serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request, _ image.Image) {
			s.Answer(t, w, image.NewGray(image.Rectangle{Max: size}), .9)
		})
		if _, err := c.Cut(t.Context(), photo(640, 480, 0)); fault.CodeOf(err) != "cutout_bad_response" || !fault.IsTransient(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (s *suite) confidence(t *testing.T) {
	cut := func(o Options, confidence float64) pipeline.Cutout {
		out, err := s.serve(t, o, s.perfect(t, confidence)).Cut(t.Context(), photo(320, 240, 0))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if s.Confident {
		if out := cut(Options{}, .75); out.Confidence < .749 || out.Confidence > .751 {
			t.Errorf("the provider's .75 became %v", out.Confidence)
		}
		if out := cut(Options{}, .1); out.Confidence > .11 || out.Reason == "" {
			t.Errorf("the provider's .1 became %v, %q", out.Confidence, out.Reason)
		}
	}
	// without one, another engine is asked
	agrees, differs := cut(Options{Second: second{ok: true}}, -1), cut(Options{Second: second{}}, -1)
	if agrees.Confidence < .85 || differs.Confidence > .15 || differs.Reason == "" {
		t.Errorf("with an engine that agrees %v, with one that differs %v (%q)", agrees.Confidence, differs.Confidence, differs.Reason)
	}
	if out := cut(Options{}, -1); out.Confidence < picture.ReviewBelow {
		t.Errorf("with no other opinion %v", out.Confidence)
	}
}

// second is an engine that is sure of itself: right, or far off.
type second struct{ ok bool }

func (s second) Cut(_ context.Context, img *image.NRGBA) (pipeline.Cutout, error) {
	out := image.NewNRGBA(img.Rect)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	for y := range h {
		for x := range w {
			if s.ok && inside(x, y, w, h) > .5 || !s.ok && x < w/2 {
				out.Pix[out.PixOffset(x, y)+3] = 255
			}
		}
	}
	return pipeline.Cutout{Image: out, Confidence: .95}, nil
}

func (s *suite) empty(t *testing.T) {
	t.Run("too small to ask", func(t *testing.T) {
		nothing(t, s.serve(t, Options{}, func(http.ResponseWriter, *http.Request, image.Image) { t.Error("the provider was asked") }), photo(200, 15, 0))
	})
	t.Run("a cut-out of its own, half transparent", func(t *testing.T) {
		c := s.serve(t, Options{}, func(http.ResponseWriter, *http.Request, image.Image) { t.Error("the provider was asked") })
		own := image.NewNRGBA(image.Rect(0, 0, 120, 90))
		for y := 30; y < 60; y++ {
			for x := 30; x < 90; x++ {
				own.SetNRGBA(x, y, color.NRGBA{90, 140, 200, 128})
			}
		}
		out, err := c.Cut(t.Context(), own)
		if err != nil || out.Whole || out.Image.NRGBAAt(60, 45) != own.NRGBAAt(60, 45) || out.Image.NRGBAAt(5, 5).A != 0 {
			t.Errorf("%+v, %v", out, err)
		}
	})
	for name, a := range map[string]uint8{"transparent": 0, "opaque": 255} {
		c := s.serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request, photo image.Image) {
			mask := image.NewGray(photo.Bounds())
			for i := range mask.Pix {
				mask.Pix[i] = a
			}
			s.Answer(t, w, mask, .9)
		})
		t.Run(name, func(t *testing.T) { nothing(t, c, photo(320, 240, 0)) })
	}
}

// answer is the bytes of a good answer.
func (s *suite) answer(t *testing.T) (http.Header, []byte) {
	t.Helper()
	rec := httptest.NewRecorder()
	s.Answer(t, rec, coverage(photo(320, 240, 0)), .9)
	return rec.Header(), rec.Body.Bytes()
}

func (s *suite) garbage(t *testing.T) {
	_, whole := s.answer(t)
	for name, body := range map[string]string{
		"error page": "<!doctype html><title>502 Bad Gateway</title>", "nothing": "", "JSON": `{"error":"try later"}`,
		"noise": strings.Repeat("\x89PNG\r\n\x1a\n\x00", 200), "cut off": string(whole[:len(whole)/2]),
	} {
		c := s.serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request, _ image.Image) { _, _ = io.WriteString(w, body) })
		_, err := c.Cut(t.Context(), photo(320, 240, 0))
		if fault.CodeOf(err) != "cutout_bad_response" || !fault.IsTransient(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (s *suite) statuses(t *testing.T) {
	for _, c := range []struct {
		status    int
		code      string
		transient bool
		after     time.Duration
	}{
		{400, "cutout_rejected", false, 0},
		{401, "cutout_unauthorized", true, time.Minute},
		{402, s.Unpaid, s.Unpaid == "cutout_unpaid", 10 * time.Minute},
		{403, "cutout_unauthorized", true, time.Minute},
		{404, "cutout_rejected", false, 0},
		{408, "cutout_unavailable", true, 0},
		{429, "cutout_busy", true, 30 * time.Second},
		{500, "cutout_unavailable", true, 0},
		{503, "cutout_unavailable", true, 0},
	} {
		engine := s.serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request, _ image.Image) {
			if c.status == 429 {
				w.Header().Set("Retry-After", "30")
			}
			s.Refuse(w, c.status)
		})
		_, err := engine.Cut(t.Context(), photo(320, 240, 0))
		if fault.CodeOf(err) != c.code || fault.IsTransient(err) != c.transient || c.transient && fault.RetryAfter(err) != c.after {
			t.Errorf("%d: %v, transient %v, retry after %s", c.status, err, fault.IsTransient(err), fault.RetryAfter(err))
		}
		if err != nil && strings.Contains(err.Error(), Key) {
			t.Errorf("%d: the error holds the key: %v", c.status, err)
		}
	}
	var calls atomic.Int32
	engine := s.serve(t, Options{Tries: 2}, func(w http.ResponseWriter, r *http.Request, photo image.Image) {
		if calls.Add(1) == 1 {
			s.Refuse(w, http.StatusServiceUnavailable)
			return
		}
		s.perfect(t, .9)(w, r, photo)
	})
	good(t, engine, 320, 240)
	if calls.Load() != 2 {
		t.Errorf("%d calls where the second is answered", calls.Load())
	}
}

func (s *suite) bounds(t *testing.T) {
	const limit = 256 << 10
	huge := bytes.Repeat([]byte("A"), 4<<20)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		_, _ = z.Write(bytes.Repeat([]byte{'"'}, 1<<20))
	}
	_ = z.Close()
	for name, write := range map[string]func(w http.ResponseWriter){
		"huge": func(w http.ResponseWriter) { _, _ = w.Write(huge) },
		"gzip bomb": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "") // the header before the body
			_, _ = w.Write(bomb.Bytes())
		},
	} {
		c := s.serve(t, Options{MaxResponse: limit}, func(w http.ResponseWriter, _ *http.Request, _ image.Image) { write(w) })
		_, err := c.Cut(t.Context(), photo(320, 240, 0))
		if code := fault.CodeOf(err); code != "cutout_response_too_large" && code != "cutout_bad_response" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// a good answer may come compressed
	c := s.serve(t, Options{}, func(w http.ResponseWriter, r *http.Request, photo image.Image) {
		rec := httptest.NewRecorder()
		s.perfect(t, .9)(rec, r, photo)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(rec.Body.Bytes())
		_ = z.Close()
	})
	good(t, c, 320, 240)
}

func (s *suite) time(t *testing.T) {
	began := time.Now()
	hang := func(w http.ResponseWriter, r *http.Request, _ image.Image) {
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
	}
	c := s.serve(t, Options{Timeout: 300 * time.Millisecond, Tries: 3}, hang)
	if _, err := c.Cut(t.Context(), photo(320, 240, 0)); fault.CodeOf(err) != "cutout_unavailable" || !fault.IsTransient(err) {
		t.Errorf("past the deadline: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(200*time.Millisecond, cancel).Stop()
	if _, err := s.serve(t, Options{}, hang).Cut(ctx, photo(320, 240, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("giving up took %s", took)
	}
}

func (s *suite) correlation(t *testing.T) {
	got := ""
	c := s.serve(t, Options{}, func(w http.ResponseWriter, r *http.Request, photo image.Image) {
		got = r.Header.Get(telemetry.CorrelationHeader)
		s.perfect(t, .9)(w, r, photo)
	})
	if _, err := c.Cut(telemetry.With(t.Context(), telemetry.IDs{CorrelationID: "c-9"}), photo(320, 240, 0)); err != nil || got != "c-9" {
		t.Errorf("X-Correlation-Id %q, %v", got, err)
	}
}
