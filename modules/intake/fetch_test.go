package intake_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/db/dbtest"
	"github.com/opal-photo/opal/modules/egress"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/imagefile"
	"github.com/opal-photo/opal/modules/intake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, dbtest.IgnoreServer()...) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func newFetcher(t *testing.T, allowed []netip.Prefix) *intake.Fetcher {
	t.Helper()
	urls := egress.NewURLs(allowed)
	t.Cleanup(urls.CloseIdleConnections)
	return intake.NewFetcher(urls)
}

func TestAddressesThatAreNeverFetched(t *testing.T) {
	for _, c := range []struct {
		name, address string
		allowed       []netip.Prefix
		want          error
	}{
		{"no URL", "mug.jpg", nil, intake.ErrAddress},
		{"plain http", "http://shop.example/mug.jpg", nil, intake.ErrAddress},
		{"a file", "file:///etc/passwd", loopback, intake.ErrAddress},
		{"no host", "https:///mug.jpg", nil, intake.ErrAddress},
		{"a password", "https://me:secret@shop.example/mug.jpg", nil, intake.ErrAddress},
		{"a line end", "https://shop.example/mug.jpg\r\nX: y", nil, intake.ErrAddress},
		{"too long", "https://shop.example/" + strings.Repeat("x", egress.MaxURL), nil, intake.ErrAddress},
		{"this machine", "https://127.0.0.1/mug.jpg", nil, intake.ErrProhibited},
		{"this machine, IPv6", "https://[::1]/mug.jpg", nil, intake.ErrProhibited},
		{"this machine, mapped", "https://[::ffff:127.0.0.1]/mug.jpg", nil, intake.ErrProhibited},
		{"metadata", "https://169.254.169.254/latest", nil, intake.ErrProhibited},
		{"metadata with loopback allowed", "http://169.254.169.254/latest", loopback, intake.ErrProhibited},
		{"Azure's platform", "https://168.63.129.16/machine", nil, intake.ErrProhibited},
		{"a private network", "https://10.0.0.8/mug.jpg", loopback, intake.ErrProhibited},
		{"http to a public address", "http://93.184.215.14/mug.jpg", loopback, intake.ErrProhibited},
		{"https to a public name", "https://shop.example/mug.jpg?sig=x#f", nil, nil},
		{"http to an allowed network", "http://127.0.0.1:8080/mug.jpg", loopback, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := newFetcher(t, c.allowed).Check(c.address); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			} else if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("it holds the address: %v", err)
			}
		})
	}
}

// TestANameThatLeadsToThisMachineIsRefused dials nothing: the guard refuses the
// address that the name resolves to.
func TestANameThatLeadsToThisMachineIsRefused(t *testing.T) {
	if _, err := newFetcher(t, nil).Fetch(t.Context(), "https://localhost:1/mug.jpg"); !errors.Is(err, intake.ErrProhibited) {
		t.Error(err)
	}
}

func TestFetching(t *testing.T) {
	photo := bytes.Repeat([]byte("photo"), 100)
	mux := http.NewServeMux()
	answer := func(path string, status int, header ...string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			if status == http.StatusOK {
				_, _ = w.Write(photo)
			}
		})
	}
	answer("/mug.jpg", 200, "Content-Type", "image/jpeg")
	answer("/untyped", 200, "Content-Type", "application/octet-stream")
	answer("/page", 200, "Content-Type", "text/html; charset=utf-8")
	answer("/404", 404)
	answer("/410", 410)
	answer("/401", 401)
	answer("/403", 403)
	answer("/418", 418)
	answer("/429", 429, "Retry-After", "7")
	answer("/503", 503, "Retry-After", "9")
	answer("/500", 500)
	answer("/once", 302, "Location", "/mug.jpg")
	answer("/metadata", 302, "Location", "http://169.254.169.254/latest")
	answer("/file", 302, "Location", "file:///etc/passwd")
	answer("/round", 302, "Location", "/round")
	mux.HandleFunc("/empty", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "image/png") })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.CopyN(w, zeros{}, imagefile.MaxBytes+1)
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write([]byte("half"))
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	for _, c := range []struct {
		path  string
		want  error
		again bool
		after time.Duration
	}{
		{"/mug.jpg", nil, false, 0}, {"/untyped", nil, false, 0}, {"/once", nil, false, 0},
		{"/page", intake.ErrNotPicture, false, 0}, {"/404", intake.ErrNotFound, false, 0}, {"/410", intake.ErrNotFound, false, 0},
		{"/401", intake.ErrForbidden, false, 0}, {"/403", intake.ErrForbidden, false, 0}, {"/418", intake.ErrRefused, false, 0},
		{"/429", intake.ErrBusy, true, 7 * time.Second}, {"/503", intake.ErrServer, true, 9 * time.Second}, {"/500", intake.ErrServer, true, 0},
		{"/metadata", intake.ErrProhibited, false, 0}, {"/file", intake.ErrRedirects, false, 0}, {"/round", intake.ErrRedirects, false, 0},
		{"/empty", intake.ErrSourceEmpty, false, 0}, {"/large", intake.ErrSourceLarge, false, 0}, {"/broken", intake.ErrBroken, true, 0},
		{"/slow", intake.ErrTimeout, true, 0},
	} {
		t.Run(c.path, func(t *testing.T) {
			ctx := t.Context()
			if c.path == "/slow" {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
			}
			got, err := newFetcher(t, loopback).Fetch(ctx, srv.URL+c.path+"?sig=s3cret")
			if !errors.Is(err, c.want) || fault.IsTransient(err) != c.again || fault.RetryAfter(err) != c.after {
				t.Fatalf("%v, tried again %v, after %s", err, fault.IsTransient(err), fault.RetryAfter(err))
			}
			if c.want == nil && !bytes.Equal(got, photo) {
				t.Errorf("%d bytes", len(got))
			}
			if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "127.0.0.1")) {
				t.Errorf("it holds the address: %v", err)
			}
		})
	}
	srv.Close()
	if _, err := newFetcher(t, loopback).Fetch(t.Context(), srv.URL+"/mug.jpg"); !errors.Is(err, intake.ErrUnreachable) || !fault.IsTransient(err) {
		t.Errorf("nobody there: %v", err)
	}
	secure := httptest.NewTLSServer(mux)
	secure.Config.ErrorLog = nil
	t.Cleanup(secure.Close)
	if _, err := newFetcher(t, loopback).Fetch(t.Context(), secure.URL+"/mug.jpg"); !errors.Is(err, intake.ErrCertificate) {
		t.Errorf("a certificate that nobody knows: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// What is wrong with a table's address is told in words of a table, under the same code.
func TestErrorsOfTablesSpeakOfTables(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(map[string]int{"/gone": 404, "/login": 401, "/busy": 429, "/broken": 500}[r.URL.Path])
	}))
	defer s.Close()
	f := newFetcher(t, loopback)
	for address, c := range map[string]struct {
		want  error
		again bool
	}{
		"https://10.1.2.3/t.csv": {intake.ErrProhibited, false}, "ftp://x/t.csv": {intake.ErrAddress, false}, s.URL + "/gone": {intake.ErrNotFound, false},
		s.URL + "/login": {intake.ErrForbidden, false}, s.URL + "/busy": {intake.ErrBusy, true}, s.URL + "/broken": {intake.ErrServer, true},
	} {
		t.Run(address, func(t *testing.T) {
			_, err := f.FetchTable(t.Context(), address, 1000)
			if !errors.Is(err, c.want) || fault.IsTransient(err) != c.again {
				t.Fatalf("%v", err)
			}
			for _, word := range []string{"photo", "picture", "source_url"} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("%q says %s", err, word)
				}
			}
		})
	}
}
