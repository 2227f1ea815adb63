package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
)

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
)

// Problem is the answer to an error: client.Problem as huma writes it.
type Problem struct{ client.Problem }

// GetStatus returns the response's status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns the content type of problem documents.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders returns the headers that go with the problem.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	p.setHeaders(h)
	return h
}

func (p *Problem) setHeaders(h http.Header) {
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="opal", ApiKey realm="opal"`)
	}
	h.Set("Cache-Control", "no-store")
}

// statuses translates fault kinds; it is the only place that does.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Malformed:       http.StatusBadRequest,
	fault.Unauthorized:    http.StatusUnauthorized,
	fault.PaymentRequired: http.StatusPaymentRequired,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.RateLimited:     http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

const (
	internalText = "Something went wrong here; try again, and quote the correlation id if it stays"
	timeoutText  = "The request took too long; try again"

	// unavailableRetry is the Retry-After of a 503 when the failed side named no
	// wait.
	unavailableRetry = 5 * time.Second
)

// problemOf translates an error. Internal errors are recorded for the log and
// not shown.
func problemOf(ctx context.Context, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		p.CorrelationID = telemetry.CorrelationID(ctx)
		return p
	}
	f, ok := fault.As(err)
	if !ok && db.Unreachable(err) {
		err = errors.Join(db.ErrUnavailable, err)
		f, ok = fault.As(err)
	}
	switch {
	case !ok && errors.Is(err, context.DeadlineExceeded):
		p = newProblem(ctx, http.StatusServiceUnavailable, errTimeout.Code, errTimeout.Text)
	case !ok, f.Kind == fault.Internal:
		p = newProblem(ctx, http.StatusInternalServerError, "internal", internalText)
	default:
		p = newProblem(ctx, statuses[f.Kind], f.Code, f.Error())
		for _, field := range f.Fields() {
			p.Errors = append(p.Errors, client.ProblemField{Location: "body." + field, Message: f.Detail()})
		}
	}
	p.RetryAfter = fault.RetryAfter(err)
	if p.Status == http.StatusServiceUnavailable && p.RetryAfter == 0 {
		p.RetryAfter = unavailableRetry
	}
	if p.Status >= http.StatusInternalServerError {
		recordOf(ctx).err = err
	}
	return p
}

// errorPages is where the pages of the errors are; a problem's type, relative to the
// API's address, opens that of its code.
const errorPages = "/docs/errors/"

func newProblem(ctx context.Context, status int, code, detail string) *Problem {
	return &Problem{client.Problem{Type: errorPages + code, Title: http.StatusText(status), Status: status, Detail: detail, Code: code,
		CorrelationID: telemetry.CorrelationID(ctx)}}
}

// writeProblem answers with err's problem, outside of huma.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(r.Context(), err)
	recordOf(r.Context()).code = p.Code
	p.setHeaders(w.Header())
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // an error means that the client is gone; without a body the status is enough
}

// forReaders reports whether a person may have typed the path of a request, with its Accept header, into a
// browser. The API's own paths are none that people go to.
func forReaders(r *http.Request, accept string) bool {
	return r.Method == http.MethodGet && strings.Contains(accept, "text/html") && !strings.HasPrefix(r.URL.Path, "/v1/")
}

// routingError answers for echo: paths and methods that no route has.
func (s *server) routingError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	var he *echo.HTTPError
	if errors.As(err, &he) {
		ctx := c.Request().Context()
		switch he.Code {
		case http.StatusNotFound:
			err = errRoute
			if s.Nowhere != nil && forReaders(c.Request(), recordOf(ctx).accept) {
				recordOf(ctx).code = errRoute.Code
				s.Nowhere.ServeHTTP(c.Response(), c.Request())
				return
			}
		case http.StatusMethodNotAllowed:
			err = newProblem(ctx, he.Code, errMethod.Code, "This path does not take "+c.Request().Method+"; the Allow header lists what it takes")
		}
	}
	writeProblem(c.Response(), c.Request(), err)
}

// humaCodes are the codes of requests that huma itself refuses, by status.
var humaCodes = map[int]string{
	http.StatusBadRequest:            "body_malformed",
	http.StatusRequestTimeout:        "body_timeout",
	http.StatusRequestEntityTooLarge: "body_too_large",
	http.StatusUnsupportedMediaType:  "content_type_unsupported",
	http.StatusUnprocessableEntity:   "validation_failed",
}

// transform turns huma's own error bodies into problems: with a code and the
// correlation id, and without the request's values, which may be large or secret.
func (s *server) transform(hc huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		linkNext(hc, v)
		return tell(hc, v), nil
	}
	ctx := hc.Context()
	code, ok := humaCodes[e.Status]
	p := newProblem(ctx, e.Status, code, e.Detail)
	if !ok {
		p.Code, p.Detail = "internal", internalText
		recordOf(ctx).err = fmt.Errorf("huma: %w", e)
		recordOf(ctx).code = p.Code
		return p, nil
	}
	for _, d := range e.Errors {
		if d != nil && len(p.Errors) < maxFields {
			p.Errors = append(p.Errors, inWords(client.ProblemField{Location: d.Location, Message: d.Message}))
		}
	}
	if len(p.Errors) > 0 {
		p.Detail = explain(e.Status, p.Errors[0])
	}
	recordOf(ctx).code = p.Code
	return p, nil
}

// goField matches encoding/json's text for a field that a value doesn't fit. It
// names the Go type, which means nothing to the caller.
var goField = regexp.MustCompile(`cannot unmarshal (\w+)(?: \S+)? into Go (?:struct field \w+\.(\S+)|value) of type \*?(\w+)`)

// inWords replaces encoding/json's Go terms with terms of JSON.
func inWords(f client.ProblemField) client.ProblemField {
	m := goField.FindStringSubmatch(f.Message)
	if m == nil {
		return f
	}
	if m[2] != "" {
		f.Location += "." + m[2]
	}
	wanted := map[string]string{"string": "text", "bool": "true or false", "int": "an integer", "int64": "an integer", "float64": "a number"}[m[3]]
	if wanted == "" {
		wanted = "another value"
	}
	f.Message = "expected " + wanted + ", not this " + m[1]
	if m[1] == "number" && strings.HasSuffix(wanted, "number") {
		f.Message = "the number is too large"
	}
	return f
}

// maxFields bounds the wrong fields that a problem lists.
const maxFields = 20

func explain(status int, f client.ProblemField) string {
	if status == http.StatusBadRequest {
		return "The body is not valid JSON: " + f.Message
	}
	return "The request is not valid: " + f.Location + ": " + f.Message
}
