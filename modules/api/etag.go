package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
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
// JSON and not a stream or a file.
func (rt *route) revalidated() bool {
	return rt.Method == http.MethodGet && !rt.Public && len(operations[rt.ID].types) == 0
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
	q := u.Query()
	q.Set("cursor", next)
	hc.SetHeader("Link", "<"+u.Path+"?"+q.Encode()+`>; rel="next"`)
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
