package placertest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"image"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imaging"
	"github.com/opal-photo/opal/modules/pipeline"
	"github.com/opal-photo/opal/modules/telemetry"
)

// Key is what engines under test authenticate with.
const Key = "a-very-secret-key"

// Options are what the suite asks of an engine.
type Options struct {
	URL         string
	Decoder     pipeline.Decoder
	Timeout     time.Duration // 0: the engine's own
	Tries       int           // 0: the engine's own
	MaxResponse int64         // 0: the engine's own
}

// Service is a service's documented side of the contract.
type Service struct {
	Open func(t testing.TB, o Options) pipeline.Placer
	// Good answers as the service does.
	Good func(t testing.TB, s *Store, d *imaging.Decoder) http.Handler
	// Picture writes a 200 that holds these bytes as the picture, said to be
	// 1024×1024.
	Picture func(w http.ResponseWriter, picture []byte)
	// Refuse writes an error.
	Refuse func(w http.ResponseWriter, status int)
	// Prefix begins the codes of its errors, such as "scoring".
	Prefix string
	// Unpaid is the code of a 402, without the prefix.
	Unpaid    string
	Generated bool
}

type suite struct {
	Service
	decoder *imaging.Decoder
}

// engine starts the service and returns the engine that asks it.
func (s *suite) engine(t *testing.T, o Options, h func(store *Store) http.Handler) Engine {
	t.Helper()
	store := NewStore(t)
	server := httptest.NewServer(h(store))
	t.Cleanup(server.Close)
	if o.Tries == 0 {
		o.Tries = 1
	}
	o.URL, o.Decoder = server.URL, s.decoder
	return Engine{Placer: s.Open(t, o), Store: store, Decoder: s.decoder, Generated: s.Generated}
}

func (s *suite) answering(t *testing.T, o Options, h http.HandlerFunc) Engine {
	t.Helper()
	return s.engine(t, o, func(*Store) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			h(w, r)
		})
	})
}

func (s *suite) good(t *testing.T) func(*Store) http.Handler {
	return func(store *Store) http.Handler { return s.Good(t, store, s.decoder) }
}

func newSuite(t *testing.T, svc Service) *suite {
	t.Helper()
	s := &suite{Service: svc, decoder: imaging.NewDecoder(imaging.DecoderOptions{})}
	t.Cleanup(func() { _ = s.decoder.Close() })
	return s
}

// RunGood is Run for an engine whose service answers: for a second service behind
// a client that RunRemote has tried. TestMain must be imagingtest.Main.
func RunGood(t *testing.T, svc Service) {
	s := newSuite(t, svc)
	Run(t, s.engine(t, Options{}, s.good(t)))
}

// RunRemote holds an engine to the port and to what may come over a network. The
// test's TestMain must be imagingtest.Main.
func RunRemote(t *testing.T, svc Service) {
	RunGood(t, svc)
	s := newSuite(t, svc)
	t.Run("answers that are none", s.garbage)
	t.Run("statuses", s.statuses)
	t.Run("bodies out of bounds", s.bounds)
	t.Run("time", s.time)
	t.Run("correlation", s.correlation)
}

// badPicture tells whether an error says that the picture can't be used, found by
// the engine or by the pipeline behind it.
func (s *suite) badPicture(err error) bool {
	code := fault.CodeOf(err)
	return fault.IsTransient(err) && (code == s.Prefix+"_bad_response" || code == "scene_image_invalid")
}

func (s *suite) garbage(t *testing.T) {
	for name, body := range map[string]string{
		"error page": "<!doctype html><title>502 Bad Gateway</title>", "nothing": "", "JSON": `{"error":"try later"}`, "two values": `{}{}`,
		"noise": strings.Repeat("\x89PNG\r\n\x1a\n\x00", 200), "no pictures": `{"data":[],"meta":{"width":-1,"height":4000000000}}`,
	} {
		e := s.answering(t, Options{}, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		if _, err := e.run(t.Context(), 90, 60); err == nil || !fault.IsTransient(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := encodePNG(t, image.NewNRGBA(image.Rect(0, 0, 1024, 1024)))
	for name, picture := range map[string][]byte{
		"empty": {}, "HTML": []byte("<html>"), "cut off": whole[:len(whole)/2],
		"wrong size": encodePNG(t, image.NewNRGBA(image.Rect(0, 0, 100, 37))),
		// a header that asks for 40 GB
		"bomb": append(append([]byte{}, whole[:16]...), append([]byte{0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0}, whole[24:]...)...),
	} {
		e := s.answering(t, Options{}, func(w http.ResponseWriter, _ *http.Request) { s.Picture(w, picture) })
		if _, err := e.run(t.Context(), 90, 60); !s.badPicture(err) {
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
		{400, "rejected", false, 0},
		{401, "unauthorized", true, time.Minute},
		{402, s.Unpaid, s.Unpaid == "unpaid", 10 * time.Minute},
		{403, "unauthorized", true, time.Minute},
		{404, "rejected", false, 0},
		{408, "unavailable", true, 0},
		{429, "busy", true, 30 * time.Second},
		{500, "unavailable", true, 0},
		{503, "unavailable", true, 0},
	} {
		e := s.answering(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
			if c.status == 429 {
				w.Header().Set("Retry-After", "30")
			}
			s.Refuse(w, c.status)
		})
		_, err := e.run(t.Context(), 90, 60)
		if fault.CodeOf(err) != s.Prefix+"_"+c.code || fault.IsTransient(err) != c.transient || c.transient && fault.RetryAfter(err) != c.after {
			t.Errorf("%d: %v, transient %v, retry after %s", c.status, err, fault.IsTransient(err), fault.RetryAfter(err))
		}
		if err != nil && (strings.Contains(err.Error(), Key) || strings.Contains(err.Error(), "sig=")) {
			t.Errorf("%d: the error holds a secret: %v", c.status, err)
		}
	}
	var calls atomic.Int32
	e := s.engine(t, Options{Tries: 2}, func(store *Store) http.Handler {
		good := s.Good(t, store, s.decoder)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) == 1 {
				s.Refuse(w, http.StatusServiceUnavailable)
				return
			}
			good.ServeHTTP(w, r)
		})
	})
	if res, err := e.run(t.Context(), 300, 200); err != nil || calls.Load() != 2 {
		t.Errorf("%d calls where the second is answered: %v", calls.Load(), err)
	} else {
		e.check(t, res)
	}
}

func (s *suite) bounds(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		_, _ = z.Write(bytes.Repeat([]byte{' '}, 1<<20))
	}
	_ = z.Close()
	for name, write := range map[string]func(w http.ResponseWriter){
		"huge": func(w http.ResponseWriter) { _, _ = w.Write(bytes.Repeat([]byte{' '}, 4<<20)) },
		"gzip bomb": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		},
	} {
		e := s.answering(t, Options{MaxResponse: 256 << 10}, func(w http.ResponseWriter, _ *http.Request) { write(w) })
		if _, err := e.run(t.Context(), 90, 60); fault.CodeOf(err) != s.Prefix+"_response_too_large" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (s *suite) time(t *testing.T) {
	began := time.Now()
	hang := func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
	}
	e := s.answering(t, Options{Timeout: 300 * time.Millisecond, Tries: 3}, hang)
	if _, err := e.run(t.Context(), 90, 60); fault.CodeOf(err) != s.Prefix+"_unavailable" || !fault.IsTransient(err) {
		t.Errorf("past the deadline: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(300*time.Millisecond, cancel).Stop()
	if _, err := s.answering(t, Options{}, hang).run(ctx, 90, 60); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("giving up took %s", took)
	}
}

func (s *suite) correlation(t *testing.T) {
	got := ""
	e := s.answering(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get(telemetry.CorrelationHeader)
		s.Refuse(w, http.StatusBadRequest)
	})
	if _, err := e.run(telemetry.With(t.Context(), telemetry.IDs{CorrelationID: "c-9"}), 90, 60); err == nil || got != "c-9" {
		t.Errorf("X-Correlation-Id %q, %v", got, err)
	}
}
