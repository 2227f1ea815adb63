package console

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

// dist holds what build.sh makes of src/, and the page that a build without npm
// has in its place.
//
//go:embed dist
var dist embed.FS

const missingPage = "dist/missing.html"

// asset is a file of the bundle.
type asset struct {
	body, packed []byte // packed: by gzip; nil where that saves nothing
	contentType  string
	cache        string
	etag         string
}

const (
	immutable  = "public, max-age=31536000, immutable" // its name changes with its content
	revalidate = "no-cache"                            // the browser asks each time, and gets 304
)

// hashedName matches esbuild's names: main-4QJ2AB7C.js.
var hashedName = regexp.MustCompile(`-[0-9A-Z]{8}\.(?:js|css)$`)

// bundle returns the files of a built console by the path that each is served at;
// the page is at pagePath. Without a build it is the page that says what to do.
func bundle(files fs.FS, pagePath string) (map[string]asset, error) {
	page, err := fs.ReadFile(files, "dist/index.html")
	if errors.Is(err, fs.ErrNotExist) {
		if page, err = fs.ReadFile(files, missingPage); err != nil {
			return nil, fmt.Errorf("read the console's page: %w", err)
		}
		return map[string]asset{pagePath: newAsset("index.html", page, revalidate)}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the console's page: %w", err)
	}
	entries, err := fs.ReadDir(files, "dist")
	if err != nil {
		return nil, fmt.Errorf("list the console's files: %w", err)
	}
	all := map[string]asset{}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || path.Ext(name) == ".html" {
			continue
		}
		b, err := fs.ReadFile(files, "dist/"+name)
		if err != nil {
			return nil, fmt.Errorf("read the console's files: %w", err)
		}
		cache := revalidate
		if hashedName.MatchString(name) {
			cache = immutable
		}
		all[assets+name] = newAsset(name, b, cache)
		// the page names its two entries without their hash
		for plain, prefix := range map[string]string{"console.css": "console-", "main.js": "main-"} {
			if strings.HasPrefix(name, prefix) && path.Ext(name) == path.Ext(plain) && cache == immutable {
				page = bytes.ReplaceAll(page, []byte(assets+plain), []byte(assets+name))
			}
		}
	}
	all[pagePath] = newAsset("index.html", page, revalidate)
	return all, nil
}

func newAsset(name string, b []byte, cache string) asset {
	a := asset{body: b, contentType: contentType(name), cache: cache, etag: etag(b)}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return a // never: the level is a constant of gzip
	}
	_, _ = w.Write(b) // a buffer takes everything
	_ = w.Close()
	if packed.Len() < len(b) {
		a.packed = packed.Bytes()
	}
	return a
}

// acceptsGzip reports whether a client takes gzip: "gzip;q=0" refuses it.
func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), ";")
		if strings.TrimSpace(name) == "gzip" {
			weight = strings.ReplaceAll(weight, " ", "")
			return weight != "q=0" && weight != "q=0.0" && weight != "q=0.00" && weight != "q=0.000"
		}
	}
	return false
}

// serveAsset answers with a file of the bundle, compressed where the client takes it.
func (c *Console) serveAsset(w http.ResponseWriter, r *http.Request, a asset) {
	h := w.Header()
	h.Set("Content-Security-Policy", c.policy)
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", a.cache)
	body, tag := a.body, a.etag
	if a.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if r.Header.Get("Range") == "" && acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body, tag = a.packed, strings.TrimSuffix(tag, `"`)+`-gz"`
		}
	}
	h.Set("ETag", tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
