package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

const (
	maxJSON      = 1 << 20  // bytes of a JSON body
	formOverhead = 64 << 10 // bytes of a multipart body beside its photo
	formMemory   = 64 << 10 // bytes of a multipart body kept in memory; the rest is spooled to disk

	// idleRead is how long a body may send nothing.
	idleRead = 30 * time.Second
)

// Errors of callers before a handler is reached.
var (
	errTenantConflict = fault.New(fault.Invalid, "tenant_id_conflict", "The request names two different tenants; name one")
	errTenantForeign  = fault.New(fault.Forbidden, "tenant_forbidden", "These credentials belong to another tenant")
	errBodyTooLarge   = fault.New(fault.TooLarge, "body_too_large", "The body is too large")
	errBodyRead       = fault.New(fault.Malformed, "body_malformed", "The body could not be read")
	errNotJSON        = fault.New(fault.Unsupported, "content_type_unsupported", "This call takes Content-Type: application/json")
	errNotForm        = fault.New(fault.Unsupported, "content_type_unsupported", "This call takes Content-Type: multipart/form-data")
)

// call holds the guard's findings for the handler.
type call struct {
	tenantID string
	form     *multipart.Form
	unknown  []string // fields of the request that the call doesn't know
	body     []byte   // the JSON that the handler gets
	key      *tenant.Key
	scopes   []tenant.Scope
	name     string // of the person or the key that calls; "": not known
	guest    *guest // nil: the caller is no guest of a share link
}

// has reports whether the body's list has an object with the field at a place, whatever
// its value.
func (c *call) has(list string, at int, field string) bool {
	var body map[string]json.RawMessage
	var rows []map[string]json.RawMessage
	if json.Unmarshal(c.body, &body) != nil || json.Unmarshal(body[list], &rows) != nil || at >= len(rows) {
		return false
	}
	_, ok := rows[at][field]
	return ok
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{}
}

// TenantID returns the tenant that a request works for.
func TenantID(ctx context.Context) string { return callOf(ctx).tenantID }

// guard lets a request through to the handler of rt, or answers it.
func (s *server) guard(rt *route) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		c := humaecho.Unwrap(hc)
		recordOf(c.Request().Context()).route = rt.Path
		rt.Deprecated.tell(c.Response().Header())
		if rt.Public {
			if err := s.admitPublic(c); err != nil {
				writeProblem(c.Response(), c.Request(), err)
				return
			}
			next(hc)
			return
		}
		found := &call{}
		if rt.Guest {
			if err := s.admitGuest(c, rt, found); err != nil {
				writeProblem(c.Response(), c.Request(), err)
				return
			}
			next(hc)
			return
		}
		defer func() {
			if found.form != nil {
				_ = found.form.RemoveAll() // spooled files; the system's cleaner removes files that stay
			}
		}()
		body, err := s.admit(c, rt, found)
		if err != nil {
			writeProblem(c.Response(), c.Request(), err)
			return
		}
		if key := c.Request().Header.Get(idempotencyHeader); rt.keyed() && key != "" && s.Idempotency != nil {
			s.once(c, key, body, func() { next(hc) })
			return
		}
		if rt.revalidated() {
			tagged(c, func() { next(hc) })
			return
		}
		next(hc)
	}
}

// admitPublic reads the body of a call that needs no credentials.
func (s *server) admitPublic(c echo.Context) error {
	r := c.Request()
	if _, err := readQuery(r); err != nil || r.Method == http.MethodGet {
		return err
	}
	_, err := readBody(c)
	return err
}

// admit authenticates the caller, reads the body and decides the tenant. The
// request's context carries the result.
func (s *server) admit(c echo.Context, rt *route, found *call) (body []byte, err error) {
	r := c.Request()
	ctx := r.Context()
	who, err := s.Auth.Authenticate(ctx, r)
	if err != nil {
		return nil, err
	}
	if who.Session != nil && r.Method != http.MethodGet {
		if err := s.foreign(r); err != nil {
			return nil, err
		}
	}
	if !keepable(r.URL.Path) {
		return nil, rt.NotFound
	}
	query, err := readQuery(r)
	if err != nil {
		return nil, err
	}
	if rt.Body != NoBody {
		if err := plainBody(r); err != nil {
			return nil, err
		}
	}
	named := query["tenant_id"]
	switch {
	case rt.Body == FormBody:
		found.form, err = s.readForm(c, rt)
		if err == nil {
			err = checkForm(found, rt.Form)
			named = append(named, found.form.Value["tenant_id"]...)
		}
		if err == nil && rt.keyed() && r.Header.Get(idempotencyHeader) != "" {
			body, err = formDigest(found.form)
		}
	case r.Method == http.MethodGet:
	default:
		body, err = readBody(c)
		switch {
		case err != nil:
		case rt.Body == JSONBody || rt.Body == OptionalJSON && len(body) > 0:
			body, err = s.readJSON(c, rt, body, found)
		case len(body) > 0 && s.isJSON(r.Header.Get("Content-Type")):
			var known jsonBody
			known, err = readJSON(body, tenantSchema, nil)
			found.unknown = known.unknown
		}
		named = append(named, namedIn(body, r.Header.Get("Content-Type"))...)
	}
	if err != nil {
		return nil, err
	}
	if err := strict(c, rt, query, found.unknown); err != nil {
		return nil, err
	}
	if found.tenantID, err = settleTenant(who, named, r.Method, rt); err != nil {
		return nil, err
	}
	found.key, found.scopes, found.name = who.Key, who.Scopes, who.name()
	recordOf(ctx).ids.TenantID = found.tenantID
	if !tenant.Allows(who.Scopes, rt.Scope) {
		return nil, errScope.With("it needs scope %s", rt.Scope)
	}
	if err := s.limiter.take(found.tenantID, c.Response().Header()); err != nil {
		s.meters.limited()
		return nil, err
	}
	ctx = telemetry.With(context.WithValue(ctx, callKey{}, found), telemetry.IDs{TenantID: found.tenantID})
	r = r.WithContext(ctx)
	if rt.Body == JSONBody || rt.Body == OptionalJSON {
		r.Header = r.Header.Clone()
		r.Header.Set("Content-Type", jsonType) // checked; parameters don't matter
	}
	c.SetRequest(r)
	return body, nil
}

// settleTenant decides which tenant a request works for. Naming another tenant
// returns NotFound on GET and Forbidden otherwise, so that nothing leaks.
func settleTenant(who Principal, named []string, method string, rt *route) (string, error) {
	id := ""
	for _, n := range named {
		switch {
		case n == "":
		case id != "" && n != id:
			return "", errTenantConflict
		default:
			id = n
		}
	}
	if id != "" {
		if err := tenant.CheckID(id); err != nil {
			return "", err
		}
	}
	switch {
	case who.TenantID == "" && id == "":
		return tenant.DefaultID, nil
	case who.TenantID == "":
		return id, nil
	case id != "" && id != who.TenantID && method == http.MethodGet:
		return "", rt.NotFound
	case id != "" && id != who.TenantID:
		return "", errTenantForeign
	}
	return who.TenantID, nil
}

// readBody reads a body of at most maxJSON bytes and puts it back for huma.
func readBody(c echo.Context) ([]byte, error) {
	r := c.Request()
	b, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxJSON))
	if err != nil {
		c.Response().Header().Set("Connection", "close") // the rest is not waited for
		return nil, bodyError(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return b, nil
}

// readJSON checks a body that must be JSON and puts it back as the handler
// reads it.
func (s *server) readJSON(c echo.Context, rt *route, b []byte, found *call) ([]byte, error) {
	r := c.Request()
	if len(b) > 0 && !s.isJSON(r.Header.Get("Content-Type")) {
		return nil, errNotJSON
	}
	body, err := readJSON(b, rt.schema, s.huma.OpenAPI().Components.Schemas)
	if err != nil {
		return nil, err
	}
	found.unknown, found.body = body.unknown, body.bytes
	r.Body = io.NopCloser(bytes.NewReader(body.bytes))
	return body.bytes, nil
}

// isJSON reports whether a content type is JSON. A missing one counts as JSON from
// callers with credentials; without credentials it does not, since any web page can
// send such a request.
func (s *server) isJSON(contentType string) bool {
	if contentType == "" {
		return !s.open
	}
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == jsonType || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json"))
}

// namedIn returns the tenant_id of a JSON or form body. An unreadable body
// names no tenant: if the route needs the body, its own check reports the
// error.
func namedIn(body []byte, contentType string) []string {
	if len(body) == 0 {
		return nil
	}
	if t, _, _ := mime.ParseMediaType(contentType); t == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil
		}
		return form["tenant_id"]
	}
	var b struct {
		TenantID string `json:"tenant_id"`
	}
	if json.Unmarshal(body, &b) != nil {
		return nil
	}
	return []string{b.TenantID}
}

// plainBody refuses a body that is compressed: nothing here would unpack it.
func plainBody(r *http.Request) error {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return errNotJSON.With("its Content-Encoding %.40q is not taken; send the body as it is", coding)
	}
	return nil
}

// bodyError returns the fault of a body that could not be read.
func bodyError(err error) error {
	var large *http.MaxBytesError
	var ne net.Error
	switch {
	case errors.As(err, &large):
		return errBodyTooLarge.With("%d bytes is the limit", large.Limit)
	case errors.Is(err, multipart.ErrMessageTooLarge):
		return errBodyTooLarge.With("its fields hold too much")
	case errors.As(err, &ne) && ne.Timeout():
		return newProblem(context.Background(), http.StatusRequestTimeout, "body_timeout", "The body did not arrive in time; send it again")
	}
	return errBodyRead
}
