package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"github.com/opal-photo/opal/modules/tenant"
)

// issuer is a local issuer of tokens.
type issuer struct {
	key   *ecdsa.PrivateKey
	url   string
	asked atomic.Int64
	down  atomic.Bool
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	s := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k1", Algorithm: oidc.ES256}}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		if i.down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.SetIssuer(srv.URL)
	i.url = srv.URL
	return i
}

// token signs claims; those of a good token are filled in.
func (i *issuer) token(t *testing.T, claims map[string]any) string {
	t.Helper()
	all := map[string]any{"iss": i.url, "aud": "opal", "sub": "u", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		"opal_tenant": "t1", "scp": "opal.read opal.write"}
	for k, v := range claims {
		if v == nil {
			delete(all, k)
		} else {
			all[k] = v
		}
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return oidctest.SignIDToken(i.key, "k1", oidc.ES256, string(b))
}

// withTokens is AUTH_MODE=oidc.
func withTokens(t *testing.T, i *issuer) func(o *Options) {
	return func(o *Options) {
		a, err := NewOIDC(OIDCOptions{Issuer: i.url, Audience: "opal", TenantClaim: "opal_tenant", Tenant: o.Keys.(*tenant.Service).Get})
		if err != nil {
			t.Fatal(err)
		}
		o.Auth = a
	}
}

func TestTokens(t *testing.T) {
	i := newIssuer(t)
	h := newHouse(t, withTokens(t, i))
	for _, id := range []string{"t1", "off"} {
		if _, err := h.tenants.Create(t.Context(), id, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.tenants.Disable(t.Context(), "off"); err != nil {
		t.Fatal(err)
	}
	good := i.token(t, nil)
	jobID, _ := h.make(t, "t1", "Authorization", "Bearer "+good)
	if h.jobs.last.TenantID != "t1" {
		t.Errorf("tenant %q", h.jobs.last.TenantID)
	}
	stranger := newIssuer(t)
	parts := strings.Split(good, ".")
	spread := `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`
	unsigned := "eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + "."
	for name, c := range map[string]struct {
		header string
		status int
		code   string
	}{
		"good":              {"bearer " + good, 200, ""},
		"none":              {"", 401, "credentials_missing"},
		"basic":             {"Basic abc", 401, "credentials_missing"},
		"nonsense":          {"Bearer x.y.z", 401, "token_invalid"},
		"huge":              {"Bearer " + strings.Repeat("x", maxToken+1), 401, "token_invalid"},
		"altered":           {"Bearer " + good[:len(good)-4] + "AAAA", 401, "token_invalid"},
		"unsigned":          {"Bearer " + unsigned, 401, "token_invalid"},
		"as JSON":           {"Bearer " + spread, 401, "token_invalid"},
		"a claim ISS":       {"Bearer " + i.token(t, map[string]any{"iss": i.url, "ISS": "https://else.example"}), 401, "token_invalid"},
		"a claim Aud":       {"Bearer " + i.token(t, map[string]any{"aud": "opal", "Aud": "else"}), 401, "token_invalid"},
		"a claim eXp":       {"Bearer " + i.token(t, map[string]any{"eXp": 1}), 401, "token_invalid"},
		"a long s":          {"Bearer " + i.token(t, map[string]any{"iss": "https://else.example", "iſs": i.url}), 401, "token_invalid"},
		"expired":           {"Bearer " + i.token(t, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), 401, "token_invalid"},
		"another audience":  {"Bearer " + i.token(t, map[string]any{"aud": "else"}), 401, "token_invalid"},
		"another issuer":    {"Bearer " + stranger.token(t, nil), 401, "token_invalid"},
		"forged issuer":     {"Bearer " + stranger.token(t, map[string]any{"iss": i.url}), 401, "token_invalid"},
		"no tenant":         {"Bearer " + i.token(t, map[string]any{"opal_tenant": nil}), 403, "token_without_tenant"},
		"two tenants":       {"Bearer " + i.token(t, map[string]any{"opal_tenant": []string{"t1", "t2"}}), 403, "token_without_tenant"},
		"tenant with path":  {"Bearer " + i.token(t, map[string]any{"opal_tenant": "../t1"}), 403, "token_without_tenant"},
		"unknown tenant":    {"Bearer " + i.token(t, map[string]any{"opal_tenant": "t9"}), 403, "token_without_tenant"},
		"disabled tenant":   {"Bearer " + i.token(t, map[string]any{"opal_tenant": "off"}), 403, "tenant_disabled"},
		"no scope":          {"Bearer " + i.token(t, map[string]any{"scp": nil}), 403, "scope_missing"},
		"a role":            {"Bearer " + i.token(t, map[string]any{"scp": nil, "roles": []string{"Opal.Read"}}), 200, ""},
		"a scope with path": {"Bearer " + i.token(t, map[string]any{"scp": nil, "scope": "openid api://opal/read"}), 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.do(t, "GET", "/v1/jobs/"+jobID, "", "Authorization", c.header)
			if c.status == 200 && a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
			if c.status != 200 {
				wantProblem(t, name, a, c.status, c.code)
			}
		})
	}
	wantProblem(t, "a reader writes", h.do(t, "POST", "/v1/jobs", `{"items":[{"filename":"a"}]}`, "Authorization", "Bearer "+i.token(t, map[string]any{"scp": "read"})), 403, "scope_missing")
	if strings.Contains(h.log.String(), good) {
		t.Error("the log tells a token")
	}

	// Forged tokens don't make the issuer busy, and don't keep good ones out.
	before := i.asked.Load()
	for range 100 {
		h.do(t, "GET", "/v1/jobs", "", "Authorization", "Bearer "+stranger.token(t, map[string]any{"iss": i.url}))
	}
	if n := i.asked.Load() - before; n > issuerBurst {
		t.Errorf("100 forged tokens asked the issuer %d times", n)
	}
	if a := h.do(t, "GET", "/v1/jobs", "", "Authorization", "Bearer "+good); a.status != 200 {
		t.Errorf("a good token after forged ones: %d %s", a.status, a.body)
	}
}

func TestIssuerIsDownAtFirst(t *testing.T) {
	i := newIssuer(t)
	i.down.Store(true)
	h := newHouse(t, withTokens(t, i))
	if _, err := h.tenants.Create(t.Context(), "t1", ""); err != nil {
		t.Fatal(err)
	}
	good := "Bearer " + i.token(t, nil)
	wantProblem(t, "down", h.do(t, "GET", "/v1/jobs", "", "Authorization", good), 503, "issuer_unavailable")
	i.down.Store(false)
	if a := h.do(t, "GET", "/v1/jobs", "", "Authorization", good); a.status != 200 {
		t.Errorf("back: %d %s", a.status, a.body)
	}
}

func TestOIDCOptions(t *testing.T) {
	for _, o := range []OIDCOptions{{}, {Issuer: "https://x"}, {Issuer: "x", Audience: "a", TenantClaim: "t"}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			if _, err := NewOIDC(o); err == nil {
				t.Error("was taken")
			}
		})
	}
}
