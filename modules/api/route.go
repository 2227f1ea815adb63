package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/tenant"
)

// Body says which body a route reads.
type Body int

// The bodies.
const (
	NoBody       Body = iota // a tenant_id in a JSON or form body is still honoured
	JSONBody                 // up to maxJSON bytes
	OptionalJSON             // as JSONBody, or nothing
	FormBody                 // multipart/form-data with the fields of the route's Form
)

// Route describes an operation.
type Route struct {
	Method, Path string // the path with {parameters}
	ID           string // operation id in the OpenAPI document
	Summary      string
	Tag          string
	Public       bool // no credentials, no tenant, no rate limit
	Guest        bool // the token of a share link in place of credentials
	Scope        tenant.Scope
	Body         Body
	Form         []Field      // of a FormBody
	NotFound     *fault.Error // returned when it does not exist or belongs to another tenant
	Deprecated   *Deprecation // nil: it stays
}

// Field is one of a form's, beside tenant_id.
type Field struct {
	Name, Doc string
	File      bool
	Required  bool
	Many      bool // it may be repeated
}

// Deprecation says that a call is on its way out, by RFC 9745 and RFC 8594.
type Deprecation struct {
	Since   time.Time
	Sunset  time.Time // when it ends; zero: that is not decided
	Instead string    // what to do, for the document
}

// tell writes the headers that say so with every answer.
func (d *Deprecation) tell(h http.Header) {
	if d == nil {
		return
	}
	h.Set("Deprecation", "@"+strconv.FormatInt(d.Since.Unix(), 10))
	if !d.Sunset.IsZero() {
		h.Set("Sunset", d.Sunset.UTC().Format(http.TimeFormat))
	}
	h.Add("Link", `</docs>; rel="deprecation"`)
}

// keyed reports whether the call takes an Idempotency-Key: every POST of a tenant's does.
func (rt *Route) keyed() bool { return rt.Method == http.MethodPost && !rt.Public && !rt.Guest }

// route is a registered Route.
type route struct {
	Route
	echoPath string
	schema   *huma.Schema // of a JSON body
	query    []string     // the parameters of its query
}

// Routes registers operations.
type Routes struct{ s *server }

// errTenantUnknown is returned for another tenant's id on routes without a NotFound.
var errTenantUnknown = tenant.ErrNotFound

// Add registers an operation. The handler gets the tenant by TenantID(ctx). Its
// errors become problems by their fault kind.
func Add[I, O any](r *Routes, rt Route, handle func(ctx context.Context, in *I) (*O, error)) {
	if rt.NotFound == nil {
		rt.NotFound = errTenantUnknown
	}
	reg := &route{Route: rt, echoPath: strings.NewReplacer("{", ":", "}", "").Replace(rt.Path)}
	r.s.routes = append(r.s.routes, reg)
	op := huma.Operation{
		Method: rt.Method, Path: rt.Path, OperationID: rt.ID, Summary: rt.Summary, Tags: []string{rt.Tag},
		DefaultStatus:   http.StatusOK,
		MaxBodyBytes:    maxJSON + 1, // guard has bounded it
		BodyReadTimeout: -1,          // guard has read it
		Middlewares:     huma.Middlewares{r.s.guard(reg)},
		Responses:       map[string]*huma.Response{"default": r.s.problemResponse()},
	}
	op.Deprecated = rt.Deprecated != nil
	switch {
	case rt.Guest:
		op.Security = []map[string][]string{{schemeShare: {}}}
	case !rt.Public:
		op.Security = []map[string][]string{{schemeKey: {}}, {schemeBearer: {}}}
	}
	if rt.keyed() {
		op.Parameters = append(op.Parameters, &huma.Param{Name: idempotencyHeader, In: "header",
			Description: "Repeats of the call with the same key within 30 days get the first one's answer.",
			Schema:      &huma.Schema{Type: huma.TypeString, MaxLength: new(maxIdempotencyKey)}})
	}
	huma.Register(r.s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			p := problemOf(ctx, err)
			recordOf(ctx).code = p.Code
			return nil, p
		}
		return out, nil
	})
	for _, p := range r.s.operation(rt).Parameters {
		if p.In == "query" {
			reg.query = append(reg.query, p.Name)
		}
	}
	if rt.Body == JSONBody || rt.Body == OptionalJSON {
		reg.schema = r.s.operation(rt).RequestBody.Content[jsonType].Schema
	}
	if rt.Body == FormBody { // set afterwards, so that huma doesn't read the body again
		r.s.operation(rt).RequestBody = formOf(rt.Form)
	}
}

// operation returns a route's operation in the OpenAPI document.
func (s *server) operation(rt Route) *huma.Operation {
	p := s.huma.OpenAPI().Paths[rt.Path]
	switch rt.Method {
	case http.MethodPost:
		return p.Post
	case http.MethodPut:
		return p.Put
	case http.MethodPatch:
		return p.Patch
	case http.MethodDelete:
		return p.Delete
	}
	return p.Get
}

func (s *server) problemResponse() *huma.Response {
	schema := s.huma.OpenAPI().Components.Schemas.Schema(problemReflect, true, "Problem")
	return &huma.Response{Description: "What went wrong", Content: map[string]*huma.MediaType{problemType: {Schema: schema}}}
}
