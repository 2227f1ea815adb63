package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/tenant"
)

const (
	keyHeader    = "X-API-Key"
	schemeKey    = "ApiKey"
	schemeBearer = "Bearer"
)

// Errors of callers with credentials.
var (
	errKeyMissing = fault.New(fault.Unauthorized, "credentials_missing", "This call needs an API key in the X-API-Key header")
	errScope      = fault.New(fault.Forbidden, "scope_missing", "These credentials do not allow this call")
)

// Principal is the authenticated caller.
type Principal struct {
	TenantID string // "": the caller may name any tenant
	Scopes   []tenant.Scope
	Key      *tenant.Key     // nil: the caller has no API key
	Session  *tenant.Session // nil: the caller is no browser that signed in
}

// name returns the name of the person or the key that calls; "": it has none.
func (p Principal) name() string {
	switch {
	case p.Session != nil:
		return p.Session.Name
	case p.Key != nil:
		return p.Key.Name
	}
	return ""
}

// Authenticator identifies the caller. Its errors are of kind Unauthorized or
// Forbidden, or Unavailable when it can't decide. It is safe for concurrent
// use.
type Authenticator interface {
	Authenticate(ctx context.Context, r *http.Request) (Principal, error)
}

// Anyone is AUTH_MODE=none: everybody may do everything for every tenant, and
// keys are ignored.
type Anyone struct{}

// Authenticate lets everybody in.
func (Anyone) Authenticate(context.Context, *http.Request) (Principal, error) {
	return Principal{Scopes: []tenant.Scope{tenant.Admin}}, nil
}

// APIKeys is AUTH_MODE=api-key: the X-API-Key header identifies the caller.
type APIKeys struct {
	// Check returns the key of a text; see tenant.Service.Authenticate.
	Check func(ctx context.Context, text string) (tenant.Key, error)
}

// Authenticate looks the key up.
func (a APIKeys) Authenticate(ctx context.Context, r *http.Request) (Principal, error) {
	text := r.Header.Get(keyHeader)
	if len(r.Header.Values(keyHeader)) > 1 { // another reader of the call may go by the other one
		return Principal{}, errKeyMissing.With("send it once")
	}
	if text == "" {
		return Principal{}, errKeyMissing
	}
	k, err := a.Check(ctx, text)
	if err != nil {
		return Principal{}, err
	}
	return Principal{TenantID: k.TenantID, Scopes: k.Scopes, Key: &k}, nil
}
