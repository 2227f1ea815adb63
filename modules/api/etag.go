package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
)

const (
	noneMatchHeader = "If-None-Match"
	etagHeader      = "ETag"
)

// revalidated reports whether a route's answers carry an ETag: those of GET that are
// JSON, perhaps beside another form, and not a stream or a file alone.
func (rt *route) revalidated() bool {
	types := operations[rt.ID].types
	return rt.Method == http.MethodGet && !rt.Public && (len(types) == 0 || types[0].name == jsonType)
}

// tagBlob answers with bytes that stay the same while the program runs, or with 304 where
// the caller has them.
func tagBlob(c echo.Context, contentType, tag string, body []byte) error {
	c.Response().Header().Set(etagHeader, tag)
	if matchesETag(recordOf(c.Request().Context()).noneMatch, tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, contentType, body)
}

// tagged runs a call that reads, and gives its answer an ETag; a caller who has it
// already gets 304 without a body.
func tagged(c echo.Context, run func()) {
	kept := &keptResponse{header: c.Response().Header()}
	writer := c.Response().Writer
	c.Response().Writer = kept
	done := false
	defer func() {
		c.Response().Writer = writer
		if !done {
			return // a panic, which the edge answers
		}
		h := writer.Header()
		if kept.status == http.StatusOK {
			tag := etagOfBytes(kept.body.Bytes())
			h.Set(etagHeader, tag)
			if h.Get("Cache-Control") == "" {
				h.Set("Cache-Control", "private, no-cache")
			}
			if matchesETag(recordOf(c.Request().Context()).noneMatch, tag) {
				h.Del("Content-Type")
				h.Del("Content-Length")
				writer.WriteHeader(http.StatusNotModified)
				return
			}
		}
		writer.WriteHeader(kept.status)
		_, _ = writer.Write(kept.body.Bytes()) // an error means that the client is gone
	}()
	run()
	done = true
}

// etagOfBytes returns the entity tag of a body.
func etagOfBytes(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
}

// etagOf returns the entity tag of a value as the API writes it.
func etagOf(v any) string {
	var b bytes.Buffer
	if err := huma.DefaultJSONFormat.Marshal(&b, v); err != nil {
		return ""
	}
	return etagOfBytes(b.Bytes())
}

// matchesETag reports whether the header If-None-Match names a tag. Weak tags count, as
// RFC 9110 has it for this header.
func matchesETag(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == tag || one == "*" {
			return true
		}
	}
	return false
}

// linkNext names the next page of a list in the header Link, by RFC 8288.
func linkNext(hc huma.Context, v any) {
	next := nextOf(v)
	if next == "" {
		return
	}
	u := hc.URL()
	hc.SetHeader("Link", nextLink(&u, next))
}

// nextLink is the header Link of a list's page that was read from u.
func nextLink(u *url.URL, next string) string {
	q := u.Query()
	q.Set("cursor", next)
	return "<" + u.Path + "?" + q.Encode() + `>; rel="next"`
}

// nextOf returns the cursor of a page's next one, "" for all else.
func nextOf(v any) string {
	r := reflect.Indirect(reflect.ValueOf(v))
	if r.Kind() != reflect.Struct {
		return ""
	}
	f := r.FieldByName("NextCursor")
	if !f.IsValid() {
		return ""
	}
	if p, ok := f.Interface().(*string); ok && p != nil {
		return *p
	}
	return ""
}
