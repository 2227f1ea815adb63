package api

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/fault"
	"github.com/opal-photo/opal/modules/tenant"
)

// A browser holds no API key and no token: it exchanges them for a session, whose text is
// in a cookie that scripts can't read and that no other site's page can have sent.

// Sessions keeps the sessions of browsers; see tenant.Service.
type Sessions interface {
	OpenSession(ctx context.Context, n tenant.NewSession) (s tenant.Session, text string, err error)
	Session(ctx context.Context, text string) (tenant.Session, *tenant.Key, error)
	EndSession(ctx context.Context, text string) error
	ListSessions(ctx context.Context, tenantID string) ([]tenant.Session, error)
	RevokeSession(ctx context.Context, tenantID, sessionID string) error
	Seal(purpose string, plain []byte) (string, error)
	Unseal(purpose, sealed string) (plain []byte, ok bool)
}

// SessionRules say how long sessions last.
type SessionRules struct {
	Life time.Duration // then a new sign-in is needed; 0: 12 hours
	Idle time.Duration // a session that is not used so long ends; 0: 2 hours
}

const (
	defaultSessionLife = 12 * time.Hour
	defaultSessionIdle = 2 * time.Hour
)

var errNoKeySignIn = fault.New(fault.Conflict, "key_sign_in_unavailable", "API keys are not exchanged for sessions here; GET /v1/session says how to sign in")

// cookies that the API sets. With the prefix a browser takes them by HTTPS alone, and
// neither a page of a neighbouring name nor one under another path can set them.
const (
	sessionCookie = "opal_session"
	signInCookie  = "opal_signin"
	hostPrefix    = "__Host-"
)

// secured reports whether cookies of a request are for HTTPS alone: always, but on this
// machine by plain HTTP.
func secured(r *http.Request) bool { return r.TLS != nil || !loopbackHost(r.Host) }

func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// cookieName returns a cookie's name as a request's browser has it.
func cookieName(r *http.Request, plain string) string {
	if secured(r) {
		return hostPrefix + plain
	}
	return plain
}

// cookieText returns a cookie's value; "": it is not there.
func cookieText(r *http.Request, plain string) string {
	c, err := r.Cookie(cookieName(r, plain))
	if err != nil {
		return ""
	}
	return c.Value
}

// newCookie returns a cookie for a request's browser. Without a value it takes the one
// away that is there.
func newCookie(r *http.Request, plain, value string, life time.Duration, site http.SameSite) http.Cookie {
	c := http.Cookie{Name: cookieName(r, plain), Value: value, Path: "/", HttpOnly: true, Secure: secured(r), SameSite: site, MaxAge: int(life.Seconds())}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

// withSessions takes the session in a cookie where a call has no other credentials.
type withSessions struct {
	Authenticator
	sessions Sessions
}

// soleCookie returns the session's text where a call has no other credentials; "": it is
// not there, or others are.
func soleCookie(r *http.Request) string {
	if r.Header.Get(keyHeader) != "" || r.Header.Get("Authorization") != "" {
		return ""
	}
	return cookieText(r, sessionCookie)
}

// Authenticate finds out who calls.
func (a withSessions) Authenticate(ctx context.Context, r *http.Request) (Principal, error) {
	text := soleCookie(r)
	if text == "" {
		return a.Authenticator.Authenticate(ctx, r)
	}
	found, key, err := a.sessions.Session(ctx, text)
	if err != nil {
		return Principal{}, err
	}
	return Principal{TenantID: found.TenantID, Scopes: found.Scopes, Key: key, Session: &found}, nil
}

// foreign refuses what a page of another origin has a browser send. Programs send neither
// Origin nor Sec-Fetch-Site, and are let through.
func (s *server) foreign(r *http.Request) error {
	if s.protection.Check(r) != nil {
		return errCrossOrigin
	}
	return nil
}

type sessionOutput struct {
	CacheControl string        `header:"Cache-Control"`
	SetCookie    []http.Cookie `header:"Set-Cookie"`
	Body         client.SessionState
}

type signedOutOutput struct {
	CacheControl string        `header:"Cache-Control"`
	SetCookie    []http.Cookie `header:"Set-Cookie"`
	Body         client.SignedOut
}

type newSessionInput struct{ Body client.NewSession }

type sessionPath struct {
	TenantQuery
	ID string `path:"session_id" doc:"The session" example:"0198f7a0-0000-7000-8000-000000000015"`
}

const tagSessions = "Sessions"

func sessionRoutes(r *Routes) {
	s := r.s
	const one = "/v1/session"
	Add(r, Route{Method: http.MethodGet, Path: one, ID: "getSession", Summary: "Who the caller is, and how to sign in", Tag: tagSessions, Public: true},
		func(ctx context.Context, _ *struct{}) (*sessionOutput, error) { return s.sessionState(ctx) })
	Add(r, Route{Method: http.MethodPost, Path: one, ID: "createSession", Summary: "Exchange an API key for a session of a browser", Tag: tagSessions, Public: true, Body: JSONBody},
		s.exchangeKey)
	Add(r, Route{Method: http.MethodDelete, Path: one, ID: "endSession", Summary: "Sign out", Tag: tagSessions, Public: true},
		func(ctx context.Context, _ *struct{}) (*signedOutOutput, error) { return s.signOut(ctx) })
	Add(r, Route{Method: http.MethodGet, Path: "/v1/sessions", ID: "listSessions", Summary: "Who is signed in", Tag: tagSessions, Scope: tenant.Admin},
		func(ctx context.Context, _ *TenantQuery) (*reply[client.SessionList], error) {
			all, err := s.Sessions.ListSessions(ctx, TenantID(ctx))
			return replyOf(client.SessionList{Sessions: each(all, sessionOf)}, err)
		})
	Add(r, Route{Method: http.MethodDelete, Path: "/v1/sessions/{session_id}", ID: "revokeSession", Summary: "Sign somebody out", Tag: tagSessions, Scope: tenant.Admin, NotFound: tenant.ErrSessionNotFound},
		func(ctx context.Context, in *sessionPath) (*okOutput, error) {
			if !idPattern.MatchString(in.ID) {
				return nil, tenant.ErrSessionNotFound
			}
			if err := s.Sessions.RevokeSession(ctx, TenantID(ctx), in.ID); err != nil {
				return nil, err
			}
			return ok(), nil
		})
}

// mode returns how callers prove themselves.
func (s *server) mode() string {
	switch {
	case s.open:
		return "none"
	case s.issuer != nil:
		return "oidc"
	}
	return "api-key"
}

// sessionState answers for the credentials of the call, whichever they are.
func (s *server) sessionState(ctx context.Context) (*sessionOutput, error) {
	out := &sessionOutput{CacheControl: "no-store", Body: client.SessionState{Mode: s.mode(), Scopes: []string{}}}
	if s.issuer != nil && s.issuer.signsIn() {
		out.Body.SignIn = new(signInPath)
	}
	r := recordOf(ctx).request
	who, err := s.Auth.Authenticate(ctx, r)
	switch kind := fault.KindOf(err); {
	case err == nil:
		out.say(who)
	case kind == fault.Unauthorized || kind == fault.Forbidden:
		if soleCookie(r) != "" { // it is worth nothing any more
			out.SetCookie = []http.Cookie{newCookie(r, sessionCookie, "", 0, http.SameSiteStrictMode)}
		}
	default:
		return nil, err
	}
	return out, nil
}

// say tells who is signed in.
func (o *sessionOutput) say(who Principal) {
	b := &o.Body
	b.SignedIn = true
	b.Scopes = each(who.Scopes, func(s tenant.Scope) string { return string(s) })
	id := who.TenantID
	if id == "" {
		id = tenant.DefaultID
	}
	b.TenantID = &id
	switch {
	case who.Session != nil:
		b.Name, b.ExpiresAt = who.Session.Name, &who.Session.ExpiresAt
	case who.Key != nil:
		b.Name = who.Key.Name
	}
}

// exchangeKey makes a session of an API key.
func (s *server) exchangeKey(ctx context.Context, in *newSessionInput) (*sessionOutput, error) {
	r := recordOf(ctx).request
	if err := s.foreign(r); err != nil {
		return nil, err
	}
	if s.keys == nil {
		return nil, errNoKeySignIn
	}
	k, err := s.keys(ctx, in.Body.APIKey)
	if err != nil {
		return nil, err
	}
	return s.startSession(ctx, r, tenant.NewSession{Key: &k})
}

// startSession opens a session for a request's browser, in place of the one that it has.
func (s *server) startSession(ctx context.Context, r *http.Request, n tenant.NewSession) (*sessionOutput, error) {
	n.Life, n.Idle = s.SessionRules.Life, s.SessionRules.Idle
	if text := cookieText(r, sessionCookie); text != "" {
		n.Replaces = text
	}
	made, text, err := s.Sessions.OpenSession(ctx, n)
	if err != nil {
		return nil, err
	}
	out := &sessionOutput{CacheControl: "no-store", Body: client.SessionState{Mode: s.mode(), Scopes: []string{}}}
	out.say(Principal{TenantID: made.TenantID, Scopes: made.Scopes, Session: &made})
	out.SetCookie = []http.Cookie{newCookie(r, sessionCookie, text, time.Until(made.ExpiresAt), http.SameSiteStrictMode)}
	return out, nil
}

// signOut ends the session of the call's cookie. Repeated, it changes nothing.
func (s *server) signOut(ctx context.Context) (*signedOutOutput, error) {
	r := recordOf(ctx).request
	if err := s.foreign(r); err != nil {
		return nil, err
	}
	text := cookieText(r, sessionCookie)
	out := &signedOutOutput{CacheControl: "no-store", Body: client.SignedOut{OK: true}}
	if text != "" {
		if s.issuer != nil {
			if found, _, err := s.Sessions.Session(ctx, text); err == nil && found.KeyID == "" {
				out.Body.SignOutAt = s.issuer.signOutAt(ctx, s.home(r))
			}
		}
		if err := s.Sessions.EndSession(ctx, text); err != nil {
			return nil, err
		}
		out.SetCookie = []http.Cookie{newCookie(r, sessionCookie, "", 0, http.SameSiteStrictMode)}
	}
	return out, nil
}

func sessionOf(t tenant.Session) client.Session {
	out := client.Session{ID: t.ID, Name: t.Name, Scopes: each(t.Scopes, func(s tenant.Scope) string { return string(s) }), CreatedAt: t.CreatedAt, SeenAt: t.SeenAt, ExpiresAt: t.ExpiresAt}
	if t.KeyID != "" {
		out.KeyID = &t.KeyID
	}
	return out
}
