// Package console is the browser console: TSX in src/, bundled by build.sh into
// dist/, embedded, with nothing loaded from elsewhere. It talks to the API like any
// other client.
package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/opal-photo/opal/modules/telemetry"
)

// Options set the origins and the sample of the console's pictures.
type Options struct {
	// Origins are the origins of the blob store's URLs, when they differ from the
	// console's own: https://account.blob.core.windows.net.
	Origins []string
	// Sample draws the photo that the page offers to users without one: a JPEG. It
	// is called once; without it the sample answers 500.
	Sample func() ([]byte, error)
}

// Console serves the page, its parts and the sample photo.
type Console struct {
	policy string
	bundle map[string]asset // by path
	photo  func() ([]byte, error)
}

// New returns a console.
func New(o Options) (*Console, error) {
	for _, origin := range o.Origins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.Path != "" || strings.ContainsAny(origin, " ;,'\"") {
			return nil, fmt.Errorf("the console needs origins of the form https://host, not %q", origin)
		}
	}
	if o.Sample == nil {
		o.Sample = func() ([]byte, error) { return nil, errors.New("no sample photo was given") }
	}
	files, err := bundle(dist, pagePath)
	if err != nil {
		return nil, err
	}
	files[guestPath] = files[pagePath]
	return &Console{policy: policy(o.Origins), bundle: files, photo: sync.OnceValues(o.Sample)}, nil
}

// etag returns the entity tag of a file's content.
func etag(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

const (
	assets     = "/assets/"
	pagePath   = "/"
	guestPath  = "/share" // the same page, for guests of share links
	samplePath = "/sample.jpg"
)

// policy lets the page load its own files and call the API and the blob store;
// nothing inline, nothing from other origins, no frames around it.
func policy(origins []string) string {
	blobs := ""
	if len(origins) > 0 {
		blobs = " " + strings.Join(origins, " ")
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:" + blobs + "; connect-src 'self'" + blobs +
		"; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}

// contentType returns the type of a file by its extension. Common types are
// fixed here, since the systems' own tables differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// Handlers returns the console's handlers by the path that each serves.
func (c *Console) Handlers() map[string]http.Handler {
	all := map[string]http.Handler{samplePath: http.HandlerFunc(c.serve)}
	for at := range c.bundle {
		all[at] = http.HandlerFunc(c.serve)
	}
	return all
}

func (c *Console) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem(w, http.StatusMethodNotAllowed, "method_not_allowed", "This path takes GET and HEAD")
		return
	}
	if r.URL.Path == samplePath {
		c.serveSample(w, r)
		return
	}
	a, ok := c.bundle[r.URL.Path]
	if !ok {
		problem(w, http.StatusNotFound, "route_not_found", "There is no such file")
		return
	}
	c.serveAsset(w, r, a)
}

// Nowhere answers at a path that nothing is at: with the page, which says so, and status 404.
func (c *Console) Nowhere(w http.ResponseWriter, _ *http.Request) {
	page := c.bundle[pagePath]
	h := w.Header()
	h.Set("Content-Security-Policy", c.policy)
	h.Set("Content-Type", page.contentType)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(page.body) // an error means that the client is gone
}

func (c *Console) serveSample(w http.ResponseWriter, r *http.Request) {
	b, err := c.photo()
	if err != nil {
		problem(w, http.StatusInternalServerError, "internal", "The sample photo could not be drawn")
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "max-age=3600")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// problem answers with an error as the API does.
func problem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // an error means that the client is gone; without a body the status is enough
		"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "detail": detail,
		"correlation_id": w.Header().Get(telemetry.CorrelationHeader),
	})
}
