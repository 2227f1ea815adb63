package api

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/labstack/echo/v4"
	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/telemetry"
	"github.com/opal-photo/opal/modules/tenant"
)

// The sign-in with the issuer: the authorization code flow with PKCE, a state and a nonce.
// What it needs again at its end is sealed in a cookie of the browser that began it, so a
// code that somebody else got does nothing here, and replicas share nothing.

const (
	signInPath   = "/signin"
	callbackPath = "/signin/callback"
	signInTime   = 10 * time.Minute // from its beginning to its end
	maxCallback  = 8 << 10          // bytes of what the issuer sends back
	maxSubject   = 255              // bytes of the name that the issuer has for a person: OpenID Connect Core, section 2

	// Each browser's end of a sign-in asks the issuer once; strangers who make up codes
	// must not become a load on it.
	exchangeEvery = 200 * time.Millisecond
	exchangeBurst = 50
)

// Errors of the sign-in, which the console's page says in words.
var (
	errSignInState  = fault.New(fault.Malformed, "sign_in_stale", "This sign-in was begun in another browser, or too long ago; try again")
	errSignInDenied = fault.New(fault.Forbidden, "sign_in_denied", "The issuer did not sign you in")
	errSignInRole   = fault.New(fault.Forbidden, "sign_in_without_role", "You have no role here; ask for one")
	errSignInCode   = fault.New(fault.Unauthorized, "sign_in_failed", "The sign-in could not be completed; try again")
)

// begun is what a sign-in needs again at its end.
type begun struct {
	State, Nonce, Verifier string
	To                     string // the place in the console
	Before                 string // the session that the browser had, whose cookie the issuer's page doesn't send here
	Until                  int64  // Unix seconds
}

// place matches the part of the console's address that a sign-in may lead back to.
var place = regexp.MustCompile(`^#/[A-Za-z0-9/_.%~-]{0,300}$`)

// signInRoutes are pages that a browser is sent to, and no calls of the API's.
func (s *server) signInRoutes() {
	for path, handle := range map[string]func(echo.Context) error{signInPath: s.beginSignIn, callbackPath: s.endSignIn} {
		s.routes = append(s.routes, &route{Route: Route{Method: http.MethodGet, Path: path, Public: true}, echoPath: path})
		s.echo.GET(path, func(c echo.Context) error {
			recordOf(c.Request().Context()).route = path
			c.Response().Header().Set("Cache-Control", "no-store")
			err := handle(c)
			if err == nil {
				return nil
			}
			r := c.Request()
			p := problemOf(r.Context(), err)
			recordOf(r.Context()).code = p.Code
			if p.Status < http.StatusInternalServerError {
				telemetry.Log(r.Context()).Info().Err(err).Str("code", p.Code).Msg("A sign-in was refused")
			}
			// A person waits here, not a program: the console's page says what went wrong.
			return c.Redirect(http.StatusSeeOther, "/#/signin/"+url.PathEscape(p.Code))
		})
	}
}

// home is the address of the console.
func (s *server) home(r *http.Request) string {
	if s.Address != "" {
		return strings.TrimRight(s.Address, "/")
	}
	scheme := "https"
	if !secured(r) {
		scheme = "http"
	}
	return scheme + "://" + r.Host
}

// beginSignIn sends the browser to the issuer.
func (s *server) beginSignIn(c echo.Context) error {
	r := c.Request()
	ctx := r.Context()
	p, err := s.issuer.signInAt(ctx)
	if err != nil {
		return err
	}
	b := begun{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Before: cookieText(r, sessionCookie), Until: time.Now().Add(signInTime).Unix()}
	if to := r.URL.Query().Get("to"); place.MatchString(to) && !strings.HasPrefix(to, "#/signin") {
		b.To = to
	}
	plain, err := json.Marshal(b)
	if err != nil {
		return err
	}
	sealed, err := s.Sessions.Seal(signInPath, plain)
	if err != nil {
		return err
	}
	// Lax: the issuer's page sends the browser back here.
	cookie := newCookie(r, signInCookie, sealed, signInTime, http.SameSiteLaxMode)
	http.SetCookie(c.Response(), &cookie)
	return c.Redirect(http.StatusSeeOther, s.issuer.flow(p, s.home(r)).AuthCodeURL(b.State, oidc.Nonce(b.Nonce), oauth2.S256ChallengeOption(b.Verifier)))
}

// endSignIn takes what the issuer sends back, and opens a session.
func (s *server) endSignIn(c echo.Context) error {
	r := c.Request()
	ctx := r.Context()
	sealed := cookieText(r, signInCookie)
	gone := newCookie(r, signInCookie, "", 0, http.SameSiteLaxMode)
	http.SetCookie(c.Response(), &gone) // a sign-in ends once
	var b begun
	plain, ok := s.Sessions.Unseal(signInPath, sealed)
	if !ok || json.Unmarshal(plain, &b) != nil || b.Until < time.Now().Unix() || len(r.URL.RawQuery) > maxCallback {
		return errSignInState
	}
	q := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(b.State)) != 1 {
		return errSignInState
	}
	if iss := q.Get("iss"); iss != "" && iss != s.issuer.o.Issuer {
		return errSignInState.With("another issuer answered")
	}
	if e := q.Get("error"); e != "" {
		return errSignInDenied.With("%.60q", e)
	}
	who, err := s.issuer.exchange(ctx, q.Get("code"), b, s.home(r))
	if err != nil {
		return err
	}
	who.Replaces = b.Before
	out, err := s.startSession(ctx, r, who)
	if err != nil {
		return err
	}
	for _, cookie := range out.SetCookie {
		http.SetCookie(c.Response(), &cookie)
	}
	return c.Redirect(http.StatusSeeOther, "/"+b.To)
}

// signsIn reports whether browsers can sign in with the issuer.
func (a *OIDC) signsIn() bool { return a.o.ClientID != "" }

// signInAt returns an issuer whose document says where people sign in.
func (a *OIDC) signInAt(ctx context.Context) (*provider, error) {
	p, err := a.discover(ctx)
	if err == nil && p.endpoint == nil {
		return nil, fmt.Errorf("%w: its document names no address for a sign-in that is taken", errIssuerDown)
	}
	return p, err
}

// flow is the sign-in at an issuer, whose answer comes to this service's address.
func (a *OIDC) flow(p *provider, home string) *oauth2.Config {
	return &oauth2.Config{ClientID: a.o.ClientID, ClientSecret: a.o.ClientSecret, Endpoint: *p.endpoint, RedirectURL: home + callbackPath, Scopes: a.o.SignInScopes}
}

// exchange gives the issuer a code for an identity, and checks that.
func (a *OIDC) exchange(ctx context.Context, code string, b begun, home string) (tenant.NewSession, error) {
	if code == "" {
		return tenant.NewSession{}, errSignInCode
	}
	if !a.exchanges.Allow() {
		return tenant.NewSession{}, fault.Transient(errRate, time.Second)
	}
	p, err := a.signInAt(ctx)
	if err != nil {
		return tenant.NewSession{}, err
	}
	token, err := a.flow(p, home).Exchange(oidc.ClientContext(ctx, a.direct), code, oauth2.VerifierOption(b.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) && refused.Response.StatusCode < http.StatusInternalServerError {
			return tenant.NewSession{}, errSignInCode.With("the issuer says %.60q", refused.ErrorCode)
		}
		return tenant.NewSession{}, fmt.Errorf("%w: %w", errIssuerDown, err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" || len(raw) > maxToken {
		return tenant.NewSession{}, errSignInCode.With("the issuer sent no identity")
	}
	verified, claims, err := a.verify(ctx, p, a.o.ClientID, raw)
	if err != nil {
		return tenant.NewSession{}, err
	}
	if subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(b.Nonce)) != 1 {
		return tenant.NewSession{}, errSignInCode.With("the identity is another sign-in's")
	}
	if party, named := claims["azp"]; named && !slices.Equal(stringsOf(party), []string{a.o.ClientID}) {
		return tenant.NewSession{}, errSignInCode.With("the identity is another client's")
	}
	if n := len(verified.Subject); n == 0 || n > maxSubject || strings.ContainsFunc(verified.Subject, unicode.IsControl) {
		return tenant.NewSession{}, errSignInCode.With("the identity names nobody")
	}
	who, err := a.principal(ctx, claims)
	if err != nil {
		return tenant.NewSession{}, err
	}
	if len(who.Scopes) == 0 {
		return tenant.NewSession{}, errSignInRole
	}
	n := tenant.NewSession{TenantID: who.TenantID, Subject: verified.Subject, Name: verified.Subject, Scopes: who.Scopes}
	for _, claim := range []string{"name", "preferred_username", "email"} {
		if name := stringsOf(claims[claim]); len(name) == 1 {
			n.Name = name[0]
			break
		}
	}
	return n, nil
}

// signOutAt returns where the issuer ends its own session; nil where it says no such place.
func (a *OIDC) signOutAt(ctx context.Context, home string) *string {
	p, err := a.discover(ctx)
	if err != nil || p.endSession == nil {
		return nil
	}
	u := *p.endSession
	q := u.Query()
	q.Set("client_id", a.o.ClientID)
	q.Set("post_logout_redirect_uri", home+"/")
	u.RawQuery = q.Encode()
	return new(u.String())
}

func newExchanges() *rate.Limiter { return rate.NewLimiter(rate.Every(exchangeEvery), exchangeBurst) }
