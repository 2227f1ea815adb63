package api

import (
	"bytes"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/intake"
)

// errorPage is the manual's page of an error.
type errorPage struct {
	Code, Text string
	Statuses   []int
	Item       bool // it may be the code of an item that failed
	Calls      []*route
}

// Again says whether a call may be made again.
func (p *errorPage) Again() string {
	switch {
	case slices.Contains(p.Statuses, http.StatusTooManyRequests), slices.Contains(p.Statuses, http.StatusServiceUnavailable):
		return "Yes, after the seconds of the header Retry-After, with the same Idempotency-Key"
	case slices.Contains(p.Statuses, http.StatusInternalServerError), slices.Contains(p.Statuses, http.StatusRequestTimeout):
		return "Yes, with the same Idempotency-Key"
	}
	return "Not as it is: change what the message names first"
}

// Errors of no call's own: paths, methods and waits.
var (
	errRoute   = fault.New(fault.NotFound, "route_not_found", "There is nothing at this path; GET /docs lists what there is")
	errMethod  = fault.New(fault.Malformed, "method_not_allowed", "This path does not take the method; the Allow header lists what it takes")
	errTimeout = fault.New(fault.Unavailable, "timeout", timeoutText)
)

// errorPages returns a page for each error that the API answers with, by its code.
func (s *server) errorPages() []*errorPage {
	pages := map[string]*errorPage{}
	note := func(e *fault.Error, status int, rt *route) *errorPage {
		p := pages[e.Code]
		if p == nil {
			p = &errorPage{Code: e.Code, Text: e.Text}
			pages[e.Code] = p
		}
		if status != 0 && !slices.Contains(p.Statuses, status) {
			p.Statuses = append(p.Statuses, status)
			slices.Sort(p.Statuses)
		}
		if rt != nil {
			p.Calls = append(p.Calls, rt)
		}
		return p
	}
	for _, rt := range s.routes {
		for status, list := range errorsOf(rt) {
			for _, e := range list {
				note(e, status, rt)
			}
		}
	}
	for e, status := range map[*fault.Error]int{errRoute: http.StatusNotFound, errMethod: http.StatusMethodNotAllowed, errTimeout: http.StatusServiceUnavailable} {
		note(e, status, nil)
	}
	for _, e := range slices.Concat(intake.FetchErrors, intake.ImportErrors, photoErrors) {
		note(e, 0, nil).Item = true
	}
	return slices.SortedFunc(maps.Values(pages), func(a, b *errorPage) int { return bytes.Compare([]byte(a.Code), []byte(b.Code)) })
}

// errorRoutes serves the pages of the errors: a problem's type is the address of one.
func (s *server) errorRoutes(add func(path, contentType string, body []byte, policy string)) error {
	text, err := docFiles.ReadFile("docs/errors.html")
	if err != nil {
		return fmt.Errorf("read the page of errors: %w", err)
	}
	t, err := template.New("errors").Parse(string(text))
	if err != nil {
		return fmt.Errorf("parse the page of errors: %w", err)
	}
	all := s.errorPages()
	render := func(only *errorPage) ([]byte, error) {
		var b bytes.Buffer
		if err := t.Execute(&b, map[string]any{"All": all, "Only": only}); err != nil {
			return nil, fmt.Errorf("render the page of errors: %w", err)
		}
		return b.Bytes(), nil
	}
	list, err := render(nil)
	if err != nil {
		return err
	}
	add("/docs/errors", htmlType, list, docsPolicy)
	const path = errorPages + "{code}"
	one := &route{Route: Route{Method: http.MethodGet, Path: path, Public: true}, echoPath: errorPages + ":code"}
	s.routes = append(s.routes, one)
	s.echo.GET(one.echoPath, func(c echo.Context) error {
		recordOf(c.Request().Context()).route = path
		at := slices.IndexFunc(all, func(p *errorPage) bool { return p.Code == c.Param("code") })
		if at < 0 {
			writeProblem(c.Response(), c.Request(), errRoute)
			return nil
		}
		page, err := render(all[at])
		if err != nil {
			writeProblem(c.Response(), c.Request(), err)
			return nil
		}
		h := c.Response().Header()
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", docsPolicy)
		return tagBlob(c, htmlType, etagOfBytes(page), page)
	})
	return nil
}
