package azureml

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/score"
	"github.com/opal-photo/opal/modules/telemetry"
)

const okBody = `{"image_bytes_b64":"AQID","meta":{"engine":"studio","seed":5,"width":2,"height":1,"product_box":[0,0,1,1]}}`

func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	if o.Key == "" && o.Token == nil {
		o.Key = "secret-key"
	}
	if o.Tries == 0 {
		o.Tries = 1
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// serve starts a scoring service on loopback and returns its client.
func serve(t testing.TB, o Options, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o.URL = s.URL
	c := newClient(t, o)
	t.Cleanup(c.CloseIdle)
	return c
}

func wantError(t *testing.T, err, want error, transient bool) {
	t.Helper()
	if !errors.Is(err, want) || fault.IsTransient(err) != transient {
		t.Fatalf("error %v (transient %v), want %v (transient %v)", err, fault.IsTransient(err), want, transient)
	}
}

func TestRequestCarriesBodyKeyAndCorrelationID(t *testing.T) {
	c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/score" {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		for name, want := range map[string]string{"Authorization": "Bearer secret-key", "X-Correlation-Id": "c-77", "Content-Type": "application/json"} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		if len(body) != 6 || body["item_id"] != "i-1" || body["prompt"] != "" || body["seed"] != 0.0 {
			t.Errorf("body %v: the five fields and what was set, nothing else", body)
		}
		io.WriteString(w, okBody)
	})
	seed := uint64(0)
	ctx := telemetry.With(context.Background(), telemetry.IDs{CorrelationID: "c-77"})
	res, err := c.Score(ctx, score.Request{TenantID: "t-1", ItemID: "i-1", Seed: &seed})
	if err != nil {
		t.Fatal(err)
	}
	if box, ok := res.Meta.Box(); !bytes.Equal(res.ImageBytes, []byte{1, 2, 3}) || res.Meta.Seed != 5 || !ok || box[2] != 1 {
		t.Errorf("%+v", res)
	}
}

func TestURLWithoutAPathMeansScore(t *testing.T) {
	for in, want := range map[string]string{
		"https://x.example.com":         "https://x.example.com/score",
		"https://x.example.com/":        "https://x.example.com/score",
		"https://x.example.com/score":   "https://x.example.com/score",
		"http://127.0.0.1:9/a/b?dep=v1": "http://127.0.0.1:9/a/b?dep=v1",
	} {
		t.Run(in, func(t *testing.T) {
			if c := newClient(t, Options{URL: in}); c.url != want {
				t.Errorf("%s", c.url)
			}
		})
	}
	for _, o := range []Options{{URL: "x.example.com/score", Key: "k"}, {URL: "ftp://x", Key: "k"}, {URL: "https://", Key: "k"}, {URL: "https://x", Key: ""}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			if _, err := New(o); !errors.Is(err, ErrOptions) {
				t.Error(err)
			}
		})
	}
}

func TestTokenIsAskedForEachExchange(t *testing.T) {
	n := 0
	c := serve(t, Options{Token: func(context.Context) (string, error) {
		if n++; n == 1 {
			return "", errors.New("identity not there yet")
		}
		return "entra", nil
	}}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer entra" {
			t.Errorf("%q", r.Header.Get("Authorization"))
		}
		io.WriteString(w, okBody)
	})
	_, err := c.Score(context.Background(), score.Request{})
	wantError(t, err, ErrUnavailable, true)
	if _, err := c.Score(context.Background(), score.Request{}); err != nil {
		t.Fatal(err)
	}
}

func TestBodiesThatAreNoResponse(t *testing.T) {
	for name, body := range map[string]string{
		"garbage": "<html>gateway</html>", "nothing": "", "truncated": okBody[:30], "two values": okBody + okBody,
		"no base64": `{"image_bytes_b64":"***","meta":{}}`, "other type": `{"image_bytes_b64":5,"meta":{}}`, "null": "null",
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
			_, err := c.Score(context.Background(), score.Request{})
			if !errors.Is(err, ErrBadResponse) || !fault.IsTransient(err) {
				t.Error(err)
			}
		})
	}
}

func TestEndlessBodyIsCutOff(t *testing.T) {
	const limit = 1 << 20
	var sent atomic.Int64
	c := serve(t, Options{MaxResponse: limit}, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"image_bytes_b64":"`)
		block := bytes.Repeat([]byte("A"), 64<<10)
		for range (1 << 30) / len(block) {
			n, err := w.Write(block)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	_, err := c.Score(context.Background(), score.Request{})
	wantError(t, err, ErrResponseTooLarge, false)
	if sent.Load() > 32*limit {
		t.Errorf("the service could send %d bytes", sent.Load())
	}
}

func TestAnnouncedSizeIsRefusedUnread(t *testing.T) {
	c := serve(t, Options{MaxResponse: 100}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "101")
		w.Write(bytes.Repeat([]byte(" "), 101))
	})
	_, err := c.Score(context.Background(), score.Request{})
	wantError(t, err, ErrResponseTooLarge, false)
}

func TestCompressedBodies(t *testing.T) {
	pack := func(s string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		io.WriteString(z, s)
		z.Close()
		return b.Bytes()
	}
	bomb := pack(`{"image_bytes_b64":"` + strings.Repeat("A", 64<<20))
	for _, c := range []struct {
		name string
		enc  string
		body []byte
		want error
	}{
		{"gzip", "gzip", pack(okBody), nil},
		{"bomb", "gzip", bomb, ErrResponseTooLarge},
		{"not gzip", "gzip", []byte(okBody), ErrBadResponse},
		{"cut off", "gzip", pack(okBody)[:40], ErrBadResponse},
		{"unknown", "br", []byte(okBody), ErrBadResponse},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := serve(t, Options{MaxResponse: 1 << 20}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", c.enc)
				w.Write(c.body)
			})
			if _, err := client.Score(context.Background(), score.Request{}); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestSlowServiceIsGivenUp(t *testing.T) {
	gone := make(chan struct{})
	c := serve(t, Options{Timeout: 50 * time.Millisecond, Tries: 5}, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"image_bytes_b64":"`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	})
	start := time.Now()
	_, err := c.Score(context.Background(), score.Request{})
	wantError(t, err, ErrUnavailable, true)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	<-gone
}

func TestBrokenConnectionIsTransient(t *testing.T) {
	c := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, okBody[:20])
		panic(http.ErrAbortHandler)
	})
	_, err := c.Score(context.Background(), score.Request{})
	wantError(t, err, ErrUnavailable, true)
	c = newClient(t, Options{URL: "http://127.0.0.1:1/score"})
	_, err = c.Score(context.Background(), score.Request{})
	wantError(t, err, ErrUnavailable, true)
	if e, _ := fault.As(err); strings.Contains(e.Error(), "127.0.0.1") {
		t.Errorf("the public text names the address: %s", e.Error())
	}
}

func TestRedirectsStayOnTheHost(t *testing.T) {
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the stranger was called") }))
	defer stranger.Close()
	var where string
	c := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			if r.Header.Get("Authorization") == "" {
				t.Error("the key was lost on the way")
			}
			io.WriteString(w, okBody)
			return
		}
		http.Redirect(w, r, where, http.StatusTemporaryRedirect)
	})
	where = stranger.URL
	_, err := c.Score(context.Background(), score.Request{})
	wantError(t, err, ErrRejected, false)
	where = "/moved"
	if _, err = c.Score(context.Background(), score.Request{}); err != nil {
		t.Errorf("a redirect on the same host: %v", err)
	}
	where = "/score" // round and round
	_, err = c.Score(context.Background(), score.Request{})
	wantError(t, err, ErrRejected, false)
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	c := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		io.WriteString(w, `{"code":"input_unreadable","detail":"https://blob/x?sig=SIGNATURE"}`)
	})
	_, err := c.Score(context.Background(), score.Request{InputImageSAS: "https://blob/x?sig=SIGNATURE"})
	wantError(t, err, ErrRejected, false)
	if s := err.Error(); strings.Contains(s, "SIGNATURE") || strings.Contains(s, "secret-key") || !strings.Contains(s, "input_unreadable") {
		t.Error(s)
	}
}

func TestBoxIsChecked(t *testing.T) {
	for _, v := range [][]float64{nil, {1, 2, 3}, {1, 2, 3, 4, 5}, {0, 0, 0, 5}, {0, 0, -1, 5}, {0, 0, 1e9, 5}} {
		t.Run(fmt.Sprint(v), func(t *testing.T) {
			if _, ok := (score.Meta{ProductBox: v}).Box(); ok {
				t.Error("passed")
			}
		})
	}
	if _, ok := score.CheckBox([]float64{-3.5, 0, 10, 20}); !ok {
		t.Error("a box that begins outside of the picture is refused")
	}
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(okBody))
	f.Add([]byte(`{"meta":{"product_box":[1e999,0,0]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c := newClient(t, Options{URL: "http://s", MaxResponse: 1 << 16, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: -1}, nil
		})})
		res, err := c.Score(context.Background(), score.Request{})
		if (res == nil) != (err != nil) {
			t.Errorf("%v %v", res, err)
		}
	})
}

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return f(r)
}

func respond(status int, body string, headers ...string) (*http.Response, error) {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: &http.Request{URL: &url.URL{}}}, nil
}
