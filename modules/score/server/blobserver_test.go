package server

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// blobServer stands for the blob store behind signed URLs.
type blobServer struct {
	*httptest.Server
	mu    sync.Mutex
	blobs map[string][]byte
	types map[string]string
	hits  int
	// before may answer instead; it returns true when it did.
	before func(w http.ResponseWriter, r *http.Request) bool
}

func newBlobServer(t testing.TB) *blobServer {
	b := &blobServer{blobs: map[string][]byte{}, types: map[string]string{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *blobServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.hits++
	before := b.before
	b.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Method == http.MethodPut {
		if r.Header.Get("x-ms-blob-type") != "BlockBlob" {
			http.Error(w, "no blob type", http.StatusBadRequest)
			return
		}
		if _, there := b.blobs[r.URL.Path]; there {
			w.Header().Set("x-ms-error-code", "BlobAlreadyExists")
			w.WriteHeader(http.StatusConflict)
			return
		}
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		b.blobs[r.URL.Path], b.types[r.URL.Path] = data, r.Header.Get("Content-Type")
		w.WriteHeader(http.StatusCreated)
		return
	}
	data, there := b.blobs[r.URL.Path]
	if !there {
		http.NotFound(w, r)
		return
	}
	w.Write(data)
}

func (b *blobServer) put(path string, data []byte) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.blobs[path] = data
	return b.URL + path + "?sig=SIGNATURE"
}

func (b *blobServer) get(path string) (data []byte, contentType string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.blobs[path], b.types[path]
}

func (b *blobServer) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hits
}

// mug draws a cut-out, w×h with margins, and encodes it as PNG.
func mug(t testing.TB, w, h int) []byte {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := h / 8; y < h*7/8; y++ {
		for x := w / 5; x < w*4/5; x++ {
			m.SetNRGBA(x, y, color.NRGBA{uint8(60 + 140*x/w), uint8(40 + 60*y/h), 90, 255})
		}
	}
	return encodePNG(t, m)
}

func encodePNG(t testing.TB, m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
