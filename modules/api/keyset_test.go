package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"github.com/opal-photo/opal/modules/api/issuertest"
	"github.com/opal-photo/opal/modules/tenant"
)

// turned is an issuer whose answers a test turns.
type turned struct {
	*issuer
	keys   atomic.Pointer[http.HandlerFunc] // nil: the issuer's own
	second *issuer                          // its keys are those of the rotation
}

func newTurned(t *testing.T) (*turned, *OIDC) {
	t.Helper()
	i := &turned{issuer: newIssuer(t), second: newIssuer(t)}
	own := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: i.key.Public(), KeyID: "k1", Algorithm: oidc.ES256}}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := i.keys.Load(); h != nil && r.URL.Path == "/keys" {
			(*h)(w, r)
			return
		}
		own.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	own.SetIssuer(srv.URL)
	i.url, i.second.url = srv.URL, srv.URL
	a, err := NewOIDC(OIDCOptions{Issuer: i.url, Audience: "opal", TenantClaim: "opal_tenant", Tenant: func(_ context.Context, id string) (tenant.Tenant, error) { return tenant.Tenant{ID: id}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return i, a
}

// answers has the issuer answer for its keys.
func (i *turned) answers(status int, body []byte) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(body) // an error means that the caller has read enough
	})
	i.keys.Store(&h)
}

// rotate takes the first key away and puts the second in its place.
func (i *turned) rotate() {
	s := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: i.second.key.Public(), KeyID: "k2", Algorithm: oidc.ES256}}}
	h := http.HandlerFunc(s.ServeHTTP)
	s.SetIssuer(i.url)
	i.keys.Store(&h)
}

func (i *turned) newer(t *testing.T) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"iss": i.url, "aud": "opal", "exp": time.Now().Add(time.Hour).Unix(), "opal_tenant": "t1"})
	if err != nil {
		t.Fatal(err)
	}
	return oidctest.SignIDToken(i.second.key, "k2", oidc.ES256, string(b))
}

// calls returns what the bearer of a token gets.
func calls(t *testing.T, a *OIDC, token string) error {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/v1/jobs", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	_, err := a.Authenticate(t.Context(), r)
	return err
}

// wantError checks a fault; nil is none.
func wantError(t *testing.T, name string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || want == nil && got != nil {
		t.Errorf("%s: %v, want %v", name, got, want)
	}
}

// aged makes the keys that a has older.
func aged(a *OIDC, by time.Duration) {
	k := a.provider.Load().keys
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read, k.tried = k.read.Add(-by), k.tried.Add(-by)
}

func TestKeysThatCannotBeReadAreNoFaultOfTheToken(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		body   []byte
	}{
		"an error":        {http.StatusInternalServerError, nil},
		"no page":         {http.StatusNotFound, []byte(`{"keys":[]}`)},
		"another answer":  {http.StatusOK, []byte(`<html>`)},
		"another object":  {http.StatusOK, []byte(`{"error":"busy"}`)},
		"an endless list": {http.StatusOK, append([]byte(`{"keys":[`), bytes.Repeat([]byte(" "), 2*maxIssuerAnswer)...)},
	} {
		t.Run(name, func(t *testing.T) {
			i, a := newTurned(t)
			i.answers(answer.status, answer.body)
			good := i.token(t, nil)
			wantError(t, "unread", calls(t, a, good), errIssuerDown)
			i.keys.Store(nil)
			wantError(t, "read", calls(t, a, good), nil)
			i.answers(answer.status, answer.body)
			wantError(t, "a known key", calls(t, a, good), nil)
			wantError(t, "a new key, unread", calls(t, a, i.newer(t)), errIssuerDown)
			i.rotate()
			wantError(t, "a new key", calls(t, a, i.newer(t)), nil)
			wantError(t, "the key before it", calls(t, a, good), errToken)
		})
	}
}

func TestAKeyThatTheIssuerTookAwayEnds(t *testing.T) {
	i, a := newTurned(t)
	good := i.token(t, nil)
	wantError(t, "its key is there", calls(t, a, good), nil)
	i.rotate()
	aged(a, keysAge+time.Second)
	wantError(t, "its key is gone", calls(t, a, good), errToken)
	wantError(t, "the new key", calls(t, a, i.newer(t)), nil)

	// While the keys can't be read again, those that were read are used, a day long.
	i.answers(http.StatusBadGateway, nil)
	aged(a, keysAge+time.Second)
	wantError(t, "the issuer is down", calls(t, a, i.newer(t)), nil)
	aged(a, keysEnd)
	wantError(t, "it is down for a day", calls(t, a, i.newer(t)), errIssuerDown)
}

func TestKeysOfUnknownKindsAreLeftOut(t *testing.T) {
	i, a := newTurned(t)
	own := httptest.NewRecorder()
	s := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: i.key.Public(), KeyID: "k1", Algorithm: oidc.ES256}}}
	s.SetIssuer(i.url)
	s.ServeHTTP(own, httptest.NewRequest(http.MethodGet, "/keys", nil))
	_, first, _ := strings.Cut(own.Body.String(), `[`)
	i.answers(http.StatusOK, []byte(`{"keys":[{"kty":"OKP","crv":"Ed448","kid":"k1","x":"AA"},{"kty":"oct","kid":"k1","k":"AAAA"},{"kty":"RSA","kid":"k1"},5,`+first))
	wantError(t, "the one that is known", calls(t, a, i.token(t, nil)), nil)
}

func TestCallersWaitTogetherForAnIssuerThatHangs(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if once.CompareAndSwap(false, true) {
			close(arrived)
		}
		select {
		case <-release:
		case <-time.After(20 * time.Second): // a caller waited for it
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(srv.Close)
	a, err := NewOIDC(OIDCOptions{Issuer: srv.URL, Audience: "opal", TenantClaim: "t", Tenant: func(context.Context, string) (tenant.Tenant, error) { return tenant.Tenant{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan error, 1)
	go func() { _, err := a.discover(t.Context()); first <- err }()
	<-arrived
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := a.discover(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left: %v", err)
	}
	close(release)
	wantError(t, "the first", <-first, errIssuerDown)
}

func TestAddressesOfTheIssuersDocument(t *testing.T) {
	for text, by := range map[string]struct{ plain, secure bool }{
		"https://login.example.com/keys": {true, true}, "http://login.example.com/keys": {true, false},
		"": {}, "/keys": {}, "keys": {}, "javascript:alert(1)//": {}, "file:///etc/passwd": {}, "https:": {}, "ftp://login.example.com/": {}, "//login.example.com/keys": {},
	} {
		t.Run(text, func(t *testing.T) {
			plain, secure := OIDC{o: OIDCOptions{Issuer: "http://login.example.com"}}, OIDC{o: OIDCOptions{Issuer: "https://login.example.com"}}
			if plain.address(text) != nil != by.plain || secure.address(text) != nil != by.secure {
				t.Errorf("of an issuer by HTTP %v, by HTTPS %v", plain.address(text), secure.address(text))
			}
		})
	}
	for name, says := range map[string]map[string]any{"a script": {"authorization_endpoint": "javascript:alert(1)//"}, "nothing": {"authorization_endpoint": ""}, "a path": {"token_endpoint": "/token"}} {
		t.Run("a sign-in at "+name, func(t *testing.T) {
			i := issuertest.New(t)
			i.Document = says
			at := served(t, newHouse(t, signingIn(t, i)))
			v := visit(t, at)
			if end := v.get(at + "/signin"); end.Request.URL.Fragment != "/signin/issuer_unavailable" {
				t.Errorf("it ends at %s", end.Request.URL)
			}
		})
	}
}

func TestCredentialsAreSentOnce(t *testing.T) {
	i, a := newTurned(t)
	r := httptest.NewRequest(http.MethodGet, "/v1/jobs", nil)
	r.Header.Add("Authorization", "Bearer "+i.token(t, nil))
	r.Header.Add("Authorization", "Bearer x.y.z")
	_, err := a.Authenticate(t.Context(), r)
	wantError(t, "two tokens", err, errToken)
	r.Header.Add(keyHeader, "one")
	r.Header.Add(keyHeader, "two")
	_, err = APIKeys{Check: func(context.Context, string) (tenant.Key, error) { return tenant.Key{}, nil }}.Authenticate(t.Context(), r)
	wantError(t, "two keys", err, errKeyMissing)
}

func TestAnotherCredentialThatFailsLeavesTheSession(t *testing.T) {
	i := issuertest.New(t)
	h := newHouse(t, signingIn(t, i))
	if _, err := h.tenants.Create(t.Context(), "t1", ""); err != nil {
		t.Fatal(err)
	}
	at := served(t, h)
	v := visit(t, at)
	v.get(at + "/signin")
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/v1/session", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer x.y.z")
	res, err := (&http.Client{Jar: v.jar}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if len(v.jar.Cookies(u)) != 1 || v.state()["signed_in"] != true {
		t.Errorf("cookies %v, %v", v.jar.Cookies(u), v.state())
	}
}
