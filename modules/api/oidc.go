package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/time/rate"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/tenant"
)

// Errors of callers with tokens.
var (
	errTokenMissing   = fault.New(fault.Unauthorized, "credentials_missing", "This call needs a token in the Authorization header: Bearer <token>")
	errToken          = fault.New(fault.Unauthorized, "token_invalid", "The token is not valid")
	errTokenTenant    = fault.New(fault.Forbidden, "token_without_tenant", "The token names no tenant of this service")
	errIssuerDown     = fault.New(fault.Unavailable, "issuer_unavailable", "The issuer of the tokens can't be reached; try again shortly")
	errIssuerTooOften = errors.New("the issuer was asked too often")
)

const (
	maxToken        = 16 << 10 // bytes of a bearer token
	maxIssuerAnswer = 1 << 20  // bytes of a discovery document or a key set
	issuerTimeout   = 10 * time.Second

	// A token with an unknown key makes the key set be fetched again. Forged
	// tokens must not become a load on the issuer.
	issuerEvery = 10 * time.Second
	issuerBurst = 10
)

// signatures are the algorithms that are taken: asymmetric ones.
var signatures = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// OIDCOptions say whose tokens are taken.
type OIDCOptions struct {
	Issuer      string // as the tokens' iss has it; its discovery document says where the keys are
	Audience    string // what the tokens' aud must hold
	TenantClaim string // the claim that names the tenant
	// Tenant returns a tenant; see tenant.Service.Get. A token whose tenant isn't
	// there, or is disabled, is refused.
	Tenant func(ctx context.Context, id string) (tenant.Tenant, error)
	Client *http.Client // nil: one with timeouts
}

// OIDC is AUTH_MODE=oidc: a signed token of the issuer identifies the caller.
// Scopes are read from the claims scope, scp and roles, as "read", "write" and
// "admin", alone or after a prefix that ends in "." or "/".
type OIDC struct {
	o      OIDCOptions
	client *http.Client

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
}

// NewOIDC returns an authenticator. It doesn't call the issuer yet: the service
// starts without it, and calls it at the first token.
func NewOIDC(o OIDCOptions) (*OIDC, error) {
	if u, err := url.Parse(o.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("the issuer must be an absolute URL, not %q", o.Issuer)
	}
	if o.Audience == "" || o.TenantClaim == "" || o.Tenant == nil {
		return nil, errors.New("OIDC needs an audience, the claim of the tenant, and the tenants")
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: issuerTimeout}
	}
	c := *o.Client
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = &sparing{next: next, rate: rate.NewLimiter(rate.Every(issuerEvery), issuerBurst)}
	return &OIDC{o: o, client: &c}, nil
}

// Authenticate verifies the token of the Authorization header.
func (a *OIDC) Authenticate(ctx context.Context, r *http.Request) (Principal, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Principal{}, errTokenMissing
	}
	if len(token) > maxToken {
		return Principal{}, errToken.With("it is too long")
	}
	v, err := a.discover(ctx)
	if err != nil {
		return Principal{}, err
	}
	verified, err := v.Verify(ctx, token)
	if err != nil {
		return Principal{}, tokenError(err)
	}
	claims := map[string]json.RawMessage{}
	if err := verified.Claims(&claims); err != nil {
		return Principal{}, errToken
	}
	id := stringsOf(claims[a.o.TenantClaim])
	if len(id) != 1 || tenant.CheckID(id[0]) != nil {
		return Principal{}, errTokenTenant.With("claim %s", a.o.TenantClaim)
	}
	t, err := a.o.Tenant(ctx, id[0])
	switch {
	case errors.Is(err, tenant.ErrNotFound):
		return Principal{}, errTokenTenant
	case err != nil:
		return Principal{}, err
	case t.DisabledAt != nil:
		return Principal{}, tenant.ErrDisabled
	}
	return Principal{TenantID: t.ID, Scopes: scopesOf(claims)}, nil
}

// discover reads the issuer's document once, and again as long as that fails.
func (a *OIDC) discover(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.verifier != nil {
		return a.verifier, nil
	}
	// The key set outlives this call, so it isn't bound to its context.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), a.client), a.o.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errIssuerDown, err)
	}
	a.verifier = p.Verifier(&oidc.Config{ClientID: a.o.Audience, SupportedSigningAlgs: signatures})
	return a.verifier, nil
}

// tokenError returns the fault of a token, without quoting the token.
func tokenError(err error) error {
	var expired *oidc.TokenExpiredError
	var down *url.Error
	switch {
	case errors.As(err, &expired):
		return errToken.With("it has expired")
	case errors.Is(err, errIssuerTooOften):
		return errToken.With("its signature can't be checked")
	case errors.As(err, &down):
		return fmt.Errorf("%w: %w", errIssuerDown, err)
	}
	return errToken
}

// stringsOf reads a claim that is a string or a list of strings.
func stringsOf(raw json.RawMessage) []string {
	var one string
	var many []string
	switch {
	case json.Unmarshal(raw, &one) == nil && one != "":
		return []string{one}
	case json.Unmarshal(raw, &many) == nil:
		return many
	}
	return nil
}

func scopesOf(claims map[string]json.RawMessage) []tenant.Scope {
	var out []tenant.Scope
	for _, claim := range []string{"scope", "scp", "roles"} {
		for _, value := range stringsOf(claims[claim]) {
			for _, name := range strings.Fields(value) {
				if i := strings.LastIndexAny(name, "./"); i >= 0 {
					name = name[i+1:]
				}
				switch s := tenant.Scope(strings.ToLower(name)); s {
				case tenant.Read, tenant.Write, tenant.Admin:
					out = append(out, s)
				}
			}
		}
	}
	return out
}

// sparing bounds how often, and how much, the issuer is asked.
type sparing struct {
	next http.RoundTripper
	rate *rate.Limiter
}

// RoundTrip sends the request, or refuses when requests come too often.
func (s *sparing) RoundTrip(r *http.Request) (*http.Response, error) {
	if !s.rate.Allow() {
		return nil, errIssuerTooOften
	}
	resp, err := s.next.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxIssuerAnswer), resp.Body}
	}
	return resp, err
}
