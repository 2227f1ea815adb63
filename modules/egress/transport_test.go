package egress

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newServer(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// get returns the response, whose body is read and closed.
func get(t *testing.T, c *http.Client, to string) (*http.Response, string, error) {
	t.Helper()
	t.Cleanup(c.CloseIdleConnections)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer Discard(res)
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

func TestGuardedDialsNothingPrivate(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("secret")) })
	for name, to := range map[string]string{"by address": s.URL, "by name": strings.Replace(s.URL, "127.0.0.1", "localhost", 1)} {
		t.Run(name, func(t *testing.T) {
			if _, body, err := get(t, Guarded(NewGuard(false, nil), time.Second), to); !errors.Is(err, ErrProhibited) || body != "" {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
	t.Run("through a proxy of the environment", func(t *testing.T) {
		if Transport(NewGuard(false, nil)).Proxy != nil {
			t.Error("a proxy would hide the address")
		}
	})
	if _, body, err := get(t, Guarded(NewGuard(true, nil), 10*time.Second), s.URL); err != nil || body != "secret" {
		t.Errorf("with loopback allowed: %q, %v", body, err)
	}
}

func TestRedirects(t *testing.T) {
	var from *httptest.Server
	from = newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/once":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/inside":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
		case "/for-ever":
			http.Redirect(w, r, "/for-ever", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/user":
			http.Redirect(w, r, strings.Replace(from.URL, "//", "//user:word@", 1)+"/end", http.StatusFound)
		default:
			_, _ = w.Write([]byte("end " + r.Header.Get("Referer")))
		}
	})
	here := NewGuard(true, nil)
	for _, c := range []struct {
		name, path string
		client     *http.Client
		status     int
		prohibited bool
	}{
		{"followed", "/once?sig=secret", Guarded(here, 10*time.Second), http.StatusOK, false},
		{"not followed", "/once", GuardedOnce(here, 10*time.Second), http.StatusFound, false},
		{"not followed with a key", "/once", Direct(10 * time.Second), http.StatusFound, false},
		{"to an address inside", "/inside", Guarded(here, 10*time.Second), 0, true},
		{"without end", "/for-ever", Guarded(here, 10*time.Second), http.StatusFound, false},
		{"to a file", "/file", Guarded(here, 10*time.Second), http.StatusFound, false},
		{"with a password", "/user", Guarded(here, 10*time.Second), http.StatusFound, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, body, err := get(t, c.client, from.URL+c.path)
			if c.prohibited {
				if !errors.Is(err, ErrProhibited) {
					t.Error(err)
				}
				return
			}
			if err != nil || res.StatusCode != c.status || strings.Contains(body, "secret") {
				t.Errorf("%v, %q, %v", res, body, err)
			}
		})
	}
	t.Run("from HTTPS to HTTP", func(t *testing.T) {
		secure, plain := &url.URL{Scheme: "https", Host: "a.test"}, &url.URL{Scheme: "http", Host: "a.test"}
		if err := carefulRedirects(&http.Request{URL: plain}, []*http.Request{{URL: secure}}); !errors.Is(err, http.ErrUseLastResponse) {
			t.Error(err)
		}
	})
}

func TestReadAllIsBounded(t *testing.T) {
	tooLarge := errors.New("too large")
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/unsaid" {
			w.(http.Flusher).Flush()
		}
		_, _ = w.Write(make([]byte, 1000))
	})
	for _, path := range []string{"/said", "/unsaid"} {
		for limit, want := range map[int64]error{999: tooLarge, 1000: nil} {
			t.Run(fmt.Sprintf("%s %d", path, limit), func(t *testing.T) {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				client := Direct(10 * time.Second)
				res, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				if b, err := ReadAll(res, limit, tooLarge); !errors.Is(err, want) || (err == nil) != (len(b) == 1000) {
					t.Errorf("%d bytes, %v", len(b), err)
				}
				Discard(res)
				client.CloseIdleConnections()
			})
		}
	}
}

func TestErrorsHoldNoURL(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := "http://" + l.Addr().String() + "/blob?sig=secret"
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err = get(t, Direct(time.Second), to)
	if err == nil || !strings.Contains(err.Error(), "secret") || strings.Contains(WithoutURL(err).Error(), "secret") {
		t.Errorf("%v; without the URL %v", err, WithoutURL(err))
	}
}
