package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
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

	// RoleClaim names the claim that says a person's roles, and Roles what each of its
	// values allows; empty: there are none.
	RoleClaim string
	Roles     map[string]tenant.Scope

	ClientID     string   // this service's name with the issuer; "": browsers can't sign in
	ClientSecret string   // "": it is a public client, by PKCE alone
	SignInScopes []string // empty: openid and profile
}

// OIDC is AUTH_MODE=oidc: a signed token of the issuer identifies the caller.
// Scopes are read from the claims scope, scp and roles, as "read", "write", "approve" and
// "admin", alone or after a prefix that ends in "." or "/", and from the roles' claim. Where
// Roles says what values of the roles' claim allow, its other values allow nothing.
type OIDC struct {
	o         OIDCOptions
	client    *http.Client  // for documents and keys, sparing
	direct    *http.Client  // for codes
	exchanges *rate.Limiter // of codes

	reads    singleflight.Group // of the document
	provider atomic.Pointer[provider]
}

// provider is the issuer as its discovery document describes it.
type provider struct {
	keys       *keySet
	endpoint   *oauth2.Endpoint // of the sign-in; nil: it says none that is taken
	endSession *url.URL         // nil: it says none
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
	if len(o.SignInScopes) == 0 {
		o.SignInScopes = []string{oidc.ScopeOpenID, "profile"}
	}
	direct, c := *o.Client, *o.Client
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = &sparing{next: next, rate: rate.NewLimiter(rate.Every(issuerEvery), issuerBurst)}
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // with the code, and the secret
	direct.Transport = &sparing{next: next, rate: rate.NewLimiter(rate.Inf, 0)}                          // exchanges bounds how often
	return &OIDC{o: o, client: &c, direct: &direct, exchanges: newExchanges()}, nil
}

// Authenticate verifies the token of the Authorization header.
func (a *OIDC) Authenticate(ctx context.Context, r *http.Request) (Principal, error) {
	if len(r.Header.Values("Authorization")) > 1 { // another reader of the call may go by the other one
		return Principal{}, errToken.With("send one Authorization header")
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Principal{}, errTokenMissing
	}
	if len(token) > maxToken {
		return Principal{}, errToken.With("it is too long")
	}
	p, err := a.discover(ctx)
	if err != nil {
		return Principal{}, err
	}
	_, claims, err := a.verify(ctx, p, a.o.Audience, token)
	if err != nil {
		return Principal{}, err
	}
	return a.principal(ctx, claims)
}

// checkedClaims are those that oidc.IDTokenVerifier looks at, whatever their case.
var checkedClaims = []string{"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "_claim_names", "_claim_sources"}

// verify returns what a token for an audience says.
//
// Errors: errToken, errIssuerDown. Neither quotes the token.
func (a *OIDC) verify(ctx context.Context, p *provider, audience, token string) (*oidc.IDToken, map[string]json.RawMessage, error) {
	signed := &signature{keys: p.keys}
	verified, err := oidc.NewVerifier(a.o.Issuer, signed, &oidc.Config{ClientID: audience, SupportedSigningAlgs: signatures}).Verify(ctx, token)
	var expired *oidc.TokenExpiredError
	switch {
	case signed.err != nil:
		return nil, nil, signed.err
	case errors.As(err, &expired):
		return nil, nil, errToken.With("it has expired")
	case err != nil:
		return nil, nil, errToken
	}
	claims := map[string]json.RawMessage{}
	if err := verified.Claims(&claims); err != nil {
		return nil, nil, errToken
	}
	for name := range claims {
		for _, checked := range checkedClaims {
			if name != checked && strings.EqualFold(name, checked) { // an issuer's custom claim AUD is not its aud
				return nil, nil, errToken.With("its claim %.20q is not %s", name, checked)
			}
		}
	}
	return verified, claims, nil
}

// signature keeps the error of the keys, which oidc.IDTokenVerifier makes a text of.
type signature struct {
	keys *keySet
	err  error
}

// VerifySignature is that of the keys.
func (s *signature) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := s.keys.VerifySignature(ctx, token)
	s.err = err
	return payload, err
}

// principal returns whom the claims of a verified token name.
func (a *OIDC) principal(ctx context.Context, claims map[string]json.RawMessage) (Principal, error) {
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
	return Principal{TenantID: t.ID, Scopes: a.scopesOf(claims)}, nil
}

// discover reads the issuer's document once, and again as long as that fails. Callers at
// the same time share one reading: with an issuer that hangs they wait together.
func (a *OIDC) discover(ctx context.Context) (*provider, error) {
	if p := a.provider.Load(); p != nil {
		return p, nil
	}
	reading := a.reads.DoChan("", func() (any, error) {
		found, err := a.document(context.WithoutCancel(ctx))
		if err == nil {
			a.provider.Store(found)
		}
		return found, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-reading:
		if r.Err != nil {
			return nil, fmt.Errorf("%w: %w", errIssuerDown, r.Err)
		}
		p, _ := r.Val.(*provider)
		return p, nil
	}
}

// document reads the issuer's document.
func (a *OIDC) document(ctx context.Context) (*provider, error) {
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, a.client), a.o.Issuer)
	if err != nil {
		return nil, err
	}
	var says struct {
		Keys       string `json:"jwks_uri"`
		EndSession string `json:"end_session_endpoint"`
	}
	if err := p.Claims(&says); err != nil {
		return nil, err
	}
	keys := a.address(says.Keys)
	if keys == nil {
		return nil, fmt.Errorf("its document says %.200q for its keys, which is not taken", says.Keys)
	}
	found := &provider{keys: &keySet{url: keys.String(), client: a.client}, endSession: a.address(says.EndSession)}
	if e := p.Endpoint(); a.address(e.AuthURL) != nil && a.address(e.TokenURL) != nil {
		found.endpoint = &e
	}
	return found, nil
}

// address reads one of the addresses in the issuer's document; nil: it is not an absolute
// one of HTTPS. An issuer at plain HTTP may name such too.
func (a *OIDC) address(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !strings.HasPrefix(a.o.Issuer, "http:")) {
		return nil
	}
	return u
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

// scopesOf returns what the claims of a token allow. Where roles are told apart, write
// doesn't allow to approve; before there were roles, it did.
func (a *OIDC) scopesOf(claims map[string]json.RawMessage) []tenant.Scope {
	var out []tenant.Scope
	for _, claim := range []string{"scope", "scp", "roles"} {
		if claim == a.o.RoleClaim && len(a.o.Roles) > 0 {
			continue
		}
		for _, value := range stringsOf(claims[claim]) {
			for _, name := range strings.Fields(value) {
				if i := strings.LastIndexAny(name, "./"); i >= 0 {
					name = name[i+1:]
				}
				s := tenant.Scope(strings.ToLower(name))
				if slices.Contains(tenant.Scopes(), s) {
					out = append(out, s)
				}
				if s == tenant.Write && len(a.o.Roles) == 0 {
					out = append(out, tenant.Approve)
				}
			}
		}
	}
	if a.o.RoleClaim != "" {
		for _, role := range stringsOf(claims[a.o.RoleClaim]) {
			if s, ok := a.o.Roles[role]; ok {
				out = append(out, s)
			}
		}
	}
	slices.SortFunc(out, func(x, y tenant.Scope) int {
		return slices.Index(tenant.Scopes(), x) - slices.Index(tenant.Scopes(), y)
	})
	return slices.Compact(out)
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
