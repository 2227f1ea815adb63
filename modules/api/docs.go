package api

import (
	"embed"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/client"
)

const htmlType = "text/html; charset=utf-8"

//go:embed docs
var docFiles embed.FS

var problemReflect = reflect.TypeFor[client.Problem]()

// docsPolicy lets the reader load its own script and style and read the
// document, and nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// documentRoutes serves the OpenAPI document and its reader. It is called after
// every operation is registered.
func (s *server) documentRoutes() error {
	s.ownSchemas()
	s.openAPI = sync.OnceValues(s.document)
	s.reference = sync.OnceValues(func() ([]byte, error) {
		doc, err := s.openAPI()
		if err != nil {
			return nil, err
		}
		return docsText(doc)
	})
	made := func(path, contentType string, body func() ([]byte, error), policy string) {
		s.routes = append(s.routes, &route{Route: Route{Method: http.MethodGet, Path: path, Public: true}, echoPath: path})
		tag := sync.OnceValue(func() string {
			b, _ := body() // its error is answered below
			return etagOfBytes(b)
		})
		s.echo.GET(path, func(c echo.Context) error {
			recordOf(c.Request().Context()).route = path
			h := c.Response().Header()
			h.Set("Cache-Control", "no-cache")
			if policy != "" {
				h.Set("Content-Security-Policy", policy)
			}
			b, err := body()
			if err != nil {
				return err
			}
			return tagBlob(c, contentType, tag(), b)
		})
	}
	serve := func(path, contentType string, body []byte, policy string) {
		made(path, contentType, func() ([]byte, error) { return body, nil }, policy)
	}
	made("/openapi.json", jsonType, s.openAPI, "")
	for _, f := range []struct{ path, file, contentType, policy string }{
		{"/docs", "docs/index.html", htmlType, docsPolicy},
		{"/docs/reader.js", "docs/reader.js", "text/javascript; charset=utf-8", ""},
		{"/docs/reader.css", "docs/reader.css", "text/css; charset=utf-8", ""},
	} {
		b, err := docFiles.ReadFile(f.file)
		if err != nil {
			return fmt.Errorf("read the reader of the OpenAPI document: %w", err)
		}
		serve(f.path, f.contentType, b, f.policy)
	}
	if len(s.Settings) > 0 {
		page, err := settingsPage(s.Settings)
		if err != nil {
			return err
		}
		serve("/docs/settings", htmlType, page, docsPolicy)
	}
	made("/docs.md", "text/markdown; charset=utf-8", s.reference, "")
	serve("/llms.txt", "text/plain; charset=utf-8", s.llmsText(), "")
	return s.errorRoutes(serve)
}
