package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opal-photo/opal/modules/fault"
)

func TestHostsAreAllowedByName(t *testing.T) {
	b := newBlobs(Options{AllowLoopback: true, AllowedHosts: []string{"acct.blob.core.windows.net", "*.example.com", "blob.test:8443", "127.0.0.1", "http://azurite:10000"}})
	for raw, want := range map[string]error{
		"https://acct.blob.core.windows.net/c/x?sig=1":         nil,
		"https://ACCT.blob.core.windows.net/c/x":               nil,
		"https://a.b.example.com/x":                            nil,
		"https://blob.test:8443/x":                             nil,
		"http://127.0.0.1:10000/x":                             nil,
		"http://azurite:10000/x":                               nil,
		"http://azurite:9/x":                                   errInputHost,
		"https://blob.test/x":                                  errInputHost,
		"https://example.com/x":                                errInputHost,
		"https://evilexample.com/x":                            errInputHost,
		"https://acct.blob.core.windows.net.evil.io/x":         errInputHost,
		"https://acct.blob.core.windows.net@evil.io/x":         errInputURL,
		"http://acct.blob.core.windows.net/x":                  errInputURL,
		"http://localhost/x":                                   errInputHost,
		"file:///etc/passwd":                                   errInputURL,
		"gopher://acct.blob.core.windows.net/x":                errInputURL,
		"//acct.blob.core.windows.net/x":                       errInputURL,
		"":                                                     errInputURL,
		"https://%zz":                                          errInputURL,
		"https://a.example.com/" + strings.Repeat("x", maxURL): errInputURL,
	} {
		t.Run(fmt.Sprintf("%.80q", raw), func(t *testing.T) {
			_, err := b.check(raw, errInputURL, errInputHost)
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%v, want %v", err, want)
			}
		})
	}
	if _, err := newBlobs(Options{AllowedHosts: []string{"127.0.0.1"}}).check("http://127.0.0.1/x", errInputURL, errInputHost); !errors.Is(err, errInputURL) {
		t.Errorf("plain HTTP to this machine without leave: %v", err)
	}
}

// The list may name a host that leads to this machine: the dial is refused.
func TestGuardWorksAtDialTime(t *testing.T) {
	blobs := newBlobServer(t)
	b := newBlobs(Options{AllowedHosts: []string{"http://127.0.0.1"}, MaxInput: 1 << 20})
	u, err := b.check(blobs.put("/x", nil), errInputURL, errInputHost)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.get(context.Background(), u); !errors.Is(err, errInputHost) || fault.IsTransient(err) || blobs.count() != 0 {
		t.Errorf("%v, %d requests arrived", err, blobs.count())
	}
	if err := b.put(context.Background(), u, []byte("x"), "image/png"); !errors.Is(err, errOutputHost) || blobs.count() != 0 {
		t.Errorf("%v, %d requests arrived", err, blobs.count())
	}
}

func loopbackBlobs(t *testing.T, limit int64) *blobs {
	b := newBlobs(Options{AllowedHosts: []string{"127.0.0.1"}, AllowLoopback: true, MaxInput: limit})
	t.Cleanup(b.http.CloseIdleConnections)
	return b
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// answers makes a blob server give statuses in turn before it works.
func answers(statuses ...int) func(http.ResponseWriter, *http.Request) bool {
	var n atomic.Int32
	return func(w http.ResponseWriter, _ *http.Request) bool {
		i := int(n.Add(1)) - 1
		if i >= len(statuses) {
			return false
		}
		if statuses[i] == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(statuses[i])
		return true
	}
}

func TestInputIsFetchedWithinLimits(t *testing.T) {
	for _, c := range []struct {
		name     string
		statuses []int
		size     int
		want     error
		hits     int
	}{
		{"fine", nil, 100, nil, 1},
		{"too large", nil, 101, errInputTooLarge, 1},
		{"once down", []int{503}, 5, nil, 2},
		{"connection lost", []int{0, 500}, 5, nil, 3},
		{"down", []int{500, 429, 408}, 5, errInputDown, 3},
		{"expired", []int{403}, 5, errInputRefused, 1},
		{"gone", []int{404}, 5, errInputMissing, 1},
		{"redirect", []int{302}, 5, errInputRefused, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newBlobServer(t)
			u := mustURL(t, s.put("/x", make([]byte, c.size)))
			s.before = answers(c.statuses...)
			data, err := loopbackBlobs(t, 100).get(context.Background(), u)
			if !errors.Is(err, c.want) || s.count() != c.hits || err == nil && len(data) != c.size {
				t.Errorf("%d bytes, %v, %d requests; want %v, %d", len(data), err, s.count(), c.want, c.hits)
			}
		})
	}
}

func TestEndlessInputIsCutOff(t *testing.T) {
	s := newBlobServer(t)
	s.before = func(w http.ResponseWriter, _ *http.Request) bool {
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return true
			}
		}
	}
	if _, err := loopbackBlobs(t, 1<<20).get(context.Background(), mustURL(t, s.URL+"/x")); !errors.Is(err, errInputTooLarge) {
		t.Error(err)
	}
}

func TestOutputIsWrittenOnce(t *testing.T) {
	for _, c := range []struct {
		name     string
		statuses []int
		there    bool
		want     error
		hits     int
	}{
		{"fine", nil, false, nil, 1},
		{"once down", []int{500}, false, nil, 2},
		{"exists already", nil, true, errOutputRefused, 1},
		// The first try may have written it before its answer was lost.
		{"written, answer lost", []int{503}, true, nil, 2},
		{"expired", []int{403}, false, errOutputRefused, 1},
		{"expired in between", []int{500, 403}, false, errOutputRefused, 2},
		{"down", []int{0, 503, 429}, false, errOutputDown, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newBlobServer(t)
			if c.there {
				s.put("/x", []byte("old"))
			}
			s.before = answers(c.statuses...)
			err := loopbackBlobs(t, 100).put(context.Background(), mustURL(t, s.URL+"/x"), []byte("new"), "image/png")
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || s.count() != c.hits {
				t.Errorf("%v, %d requests; want %v, %d", err, s.count(), c.want, c.hits)
			}
		})
	}
}

func TestFailedOutputFailsTheCall(t *testing.T) {
	blobs := newBlobServer(t)
	s := start(t, Options{})
	blobs.put("/there", []byte("old"))
	status, h, body := post(t, s, `{"width":8,"height":8,"output_image_sas":"`+blobs.URL+`/there"}`)
	wantProblem(t, "exists", status, h, body, 422, "output_refused")
	status, h, body = post(t, s, `{"width":8,"height":8,"output_image_sas":"https://elsewhere.example.com/x"}`)
	wantProblem(t, "foreign", status, h, body, 422, "output_host_not_allowed")
}

func TestFormatFollowsTheExtension(t *testing.T) {
	blobs := newBlobServer(t)
	s := start(t, Options{})
	for path, want := range map[string]string{"/a.png": "image/png", "/a.WEBP": "image/webp", "/a.jpeg": "image/jpeg", "/a": "image/jpeg"} {
		t.Run(path, func(t *testing.T) {
			if status, _, body := post(t, s, `{"width":8,"height":8,"output_image_sas":"`+blobs.URL+path+`"}`); status != 200 || !strings.Contains(string(body), want) {
				t.Errorf("%d %s", status, body)
			}
			if _, kind := blobs.get(path); kind != want {
				t.Errorf("stored as %s", kind)
			}
		})
	}
}

// The picture is left out where the caller ignores it, and only there.
func TestLayersOnlyLeavesThePictureOut(t *testing.T) {
	for _, c := range []struct {
		name   string
		engine Engine
		rest   string
		stored map[string]bool
	}{
		{"layers", studioEngine(), `"layers_only":true,`, map[string]bool{"/o": false, "/b": true, "/s": true}},
		{"all", studioEngine(), ``, map[string]bool{"/o": true, "/b": true, "/s": true}},
		{"an engine without a shadow", NewStub(), `"layers_only":true,`, map[string]bool{"/o": false, "/b": true, "/s": false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			blobs := newBlobServer(t)
			s := start(t, Options{Engine: c.engine})
			img := image.NewNRGBA(image.Rect(0, 0, 40, 60))
			for i := range img.Pix {
				img.Pix[i] = 200 | uint8(i%4/3*55)
			}
			var b bytes.Buffer
			if err := png.Encode(&b, img); err != nil {
				t.Fatal(err)
			}
			in := blobs.put("/in.png", b.Bytes())
			body := fmt.Sprintf(`{"width":96,"height":96,"input_image_sas":%q,%s"output_image_sas":"%[3]s/o","backdrop_sas":"%[3]s/b","shadow_sas":"%[3]s/s"}`,
				in, c.rest, blobs.URL)
			if status, _, answer := post(t, s, body); status != 200 || strings.Contains(string(answer), "image_bytes_b64") {
				t.Fatalf("%d %s", status, answer)
			}
			for path, want := range c.stored {
				if data, _ := blobs.get(path); (len(data) > 0) != want {
					t.Errorf("%s has %d bytes", path, len(data))
				}
			}
		})
	}
}
