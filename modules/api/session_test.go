package api

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/opal-photo/opal/modules/api/issuertest"
	"github.com/opal-photo/opal/modules/tenant"
)

// site is what a browser says of a page that sends a request.
func site(kind string) []string { return []string{"Sec-Fetch-Site", kind} }

// signedIn exchanges a key, and returns the cookie as a browser sends it.
func (h *house) signedInBy(t *testing.T, key string, headers ...string) (cookie string, a answer) {
	t.Helper()
	a = h.do(t, "POST", "/v1/session", `{"api_key":"`+key+`"}`, append(headers, site("same-origin")...)...)
	c := (&http.Response{Header: a.header}).Cookies()
	if a.status != 200 || len(c) != 1 {
		t.Fatalf("%d %s %v", a.status, a.body, c)
	}
	return c[0].Name + "=" + c[0].Value, a
}

func TestAKeyIsExchangedForASession(t *testing.T) {
	h := newHouse(t, withKeys)
	text, k := h.key(t, "t1", tenant.Write)
	cookie, a := h.signedInBy(t, text)
	c := (&http.Response{Header: a.header}).Cookies()[0]
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") || c.MaxAge <= 0 || c.MaxAge > int((12*time.Hour).Seconds()) {
		t.Errorf("cookie %+v", c)
	}
	if strings.Contains(a.body, text) || strings.Contains(a.body, c.Value) || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %v", a.body, a.header)
	}
	own := []string{"Cookie", cookie, "Sec-Fetch-Site", "same-origin"}
	if a := h.do(t, "GET", "/v1/session", "", own...); a.json(t)["signed_in"] != true || a.json(t)["tenant_id"] != "t1" || a.json(t)["mode"] != "api-key" || !cmp.Equal(a.json(t)["scopes"], []any{"write"}) {
		t.Error(a.body)
	}
	jobID, itemID := h.make(t, "t1", own...)
	if h.jobs.last.TenantID != "t1" {
		t.Errorf("tenant %q", h.jobs.last.TenantID)
	}
	wantProblem(t, "a session has the key's scopes", h.do(t, "POST", "/v1/jobs/"+jobID+"/items/"+itemID+"/approve", "", own...), 403, "scope_missing")

	// A page elsewhere can't have a browser use it; a program with the cookie can.
	for name, page := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site"}, "a neighbouring name": {"Sec-Fetch-Site", "same-site"}, "an old browser": {"Origin", "https://evil.example"}, "a sandboxed page": {"Origin", "null"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, call := range [][3]string{{"POST", "/v1/jobs", `{"items":[{"filename":"a.jpg"}]}`}, {"DELETE", "/v1/jobs/" + jobID, ""}, {"PUT", "/v1/billing/limits", `{}`}, {"DELETE", "/v1/session", ""}, {"POST", "/v1/session", `{"api_key":"` + text + `"}`}} {
				wantProblem(t, call[0]+" "+call[1], h.do(t, call[0], call[1], call[2], append([]string{"Cookie", cookie}, page...)...), 403, "cross_origin")
			}
		})
	}
	// A key in a header is no browser's doing: its program may call from anywhere.
	if a := h.do(t, "POST", "/v1/jobs", `{"items":[{"filename":"a.jpg"}]}`, "X-API-Key", text, "Sec-Fetch-Site", "cross-site"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := h.do(t, "GET", "/v1/jobs", "", "Cookie", strings.TrimPrefix(cookie, "__Host-")); a.status != 401 {
		t.Errorf("a cookie that any neighbour can set is taken: %d", a.status)
	}

	t.Run("the session of before ends", func(t *testing.T) {
		planted, _ := h.signedInBy(t, text)
		fresh, _ := h.signedInBy(t, text, "Cookie", planted)
		if fresh == planted {
			t.Error("the same session")
		}
		wantProblem(t, "the planted one", h.do(t, "GET", "/v1/jobs", "", "Cookie", planted), 401, "session_ended")
	})
	t.Run("sign-out", func(t *testing.T) {
		one, _ := h.signedInBy(t, text)
		a := h.do(t, "DELETE", "/v1/session", "", "Cookie", one)
		if c := (&http.Response{Header: a.header}).Cookies(); a.status != 200 || len(c) != 1 || c[0].MaxAge >= 0 {
			t.Errorf("%d %s %v", a.status, a.body, c)
		}
		wantProblem(t, "the session", h.do(t, "GET", "/v1/jobs", "", "Cookie", one), 401, "session_ended")
		if a := h.do(t, "GET", "/v1/session", "", "Cookie", one); a.json(t)["signed_in"] != false || len((&http.Response{Header: a.header}).Cookies()) != 1 {
			t.Errorf("%s %v", a.body, a.header)
		}
	})
	t.Run("an admin sees and ends it", func(t *testing.T) {
		admin, _ := h.key(t, "t1", tenant.Admin)
		other, _ := h.key(t, "t2", tenant.Admin)
		one, _ := h.signedInBy(t, text)
		newest := func(key string) []any {
			return h.do(t, "GET", "/v1/sessions", "", "X-API-Key", key).json(t)["sessions"].([]any)
		}
		id := newest(admin)[0].(map[string]any)["session_id"].(string)
		if len(newest(other)) != 0 {
			t.Error("another tenant sees sessions")
		}
		wantProblem(t, "another tenant ends it", h.do(t, "DELETE", "/v1/sessions/"+id, "", "X-API-Key", other), 404, "session_not_found")
		wantProblem(t, "it lists", h.do(t, "GET", "/v1/sessions", "", "Cookie", one), 403, "scope_missing")
		if a := h.do(t, "DELETE", "/v1/sessions/"+id, "", "X-API-Key", admin); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
		wantProblem(t, "the session", h.do(t, "GET", "/v1/jobs", "", "Cookie", one), 401, "session_ended")
	})
	if err := h.tenants.RevokeKey(t.Context(), "t1", k.ID); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, "the session of a revoked key", h.do(t, "GET", "/v1/jobs", "", own...), 401, "session_ended")
	wantProblem(t, "a key that is none", h.do(t, "POST", "/v1/session", `{"api_key":"opal_x_y"}`), 401, "api_key_invalid")
	if strings.Contains(h.log.String(), cookie[strings.Index(cookie, "=")+1:]) || strings.Contains(h.log.String(), text) {
		t.Error("the log tells a session or a key")
	}
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	h := newHouse(t, withKeys)
	h.streamCheck = 0
	text, _ := h.key(t, "t1", tenant.Write)
	cookie, _ := h.signedInBy(t, text)
	jobID, _ := h.make(t, "t1", "Cookie", cookie)
	srv := httptest.NewServer(h.handler)
	defer srv.Close()
	r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/v1/jobs/"+jobID+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "opal.example"
	r.Header.Set("Cookie", cookie)
	res, err := http.DefaultClient.Do(r)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%v %v", res, err)
	}
	defer res.Body.Close()
	if a := h.do(t, "DELETE", "/v1/session", "", "Cookie", cookie); a.status != 200 {
		t.Fatal(a.body)
	}
	if _, err := io.ReadAll(res.Body); err != nil { // it waits for the end
		t.Error(err)
	}
}

// signingIn is AUTH_MODE=oidc with sign-in.
func signingIn(t *testing.T, i *issuertest.Issuer, change ...func(o *OIDCOptions)) func(o *Options) {
	return func(o *Options) {
		with := OIDCOptions{
			Issuer: i.URL, Audience: "opal", TenantClaim: "tenant_id", Tenant: o.Keys.(*tenant.Service).Get, RoleClaim: "roles",
			Roles: map[string]tenant.Scope{"viewers": tenant.Read, "makers": tenant.Write, "leads": tenant.Approve, "it": tenant.Admin}, ClientID: issuertest.ClientID, ClientSecret: issuertest.ClientSecret,
		}
		for _, c := range change {
			c(&with)
		}
		a, err := NewOIDC(with)
		if err != nil {
			t.Fatal(err)
		}
		o.Auth = a
	}
}

// visitor is a browser: it keeps cookies and follows redirects.
type visitor struct {
	t   *testing.T
	jar http.CookieJar
	at  string
}

func (v *visitor) get(target string) *http.Response {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), "GET", target, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := (&http.Client{Jar: v.jar}).Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	res.Body.Close()
	return res
}

// state asks who is signed in.
func (v *visitor) state() map[string]any {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), "GET", v.at+"/v1/session", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := (&http.Client{Jar: v.jar}).Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(b)}.json(v.t)
}

// visit opens a browser on a house that is served.
func visit(t *testing.T, at string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, jar, at}
}

// served serves a house on loopback.
func served(t *testing.T, h *house) string {
	t.Helper()
	srv := httptest.NewServer(h.handler)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestSignInWithTheIssuer(t *testing.T) {
	i := issuertest.New(t)
	h := newHouse(t, signingIn(t, i))
	for _, id := range []string{"t1", "off"} {
		if _, err := h.tenants.Create(t.Context(), id, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.tenants.Disable(t.Context(), "off"); err != nil {
		t.Fatal(err)
	}
	at := served(t, h)
	i.Redirect = at + "/signin/callback"

	v := visit(t, at)
	if s := v.state(); s["signed_in"] != false || s["mode"] != "oidc" || s["sign_in"] != "/signin" {
		t.Errorf("%v", s)
	}
	if res := v.get(at + "/signin?to=" + url.QueryEscape("#/library")); res.Request.URL.String() != at+"/#/library" {
		t.Errorf("it ends at %s", res.Request.URL)
	}
	s := v.state()
	if s["signed_in"] != true || s["tenant_id"] != "t1" || s["name"] != "Ada" || !cmp.Equal(s["scopes"], []any{"write"}) {
		t.Errorf("%v", s)
	}
	u, _ := url.Parse(at)
	names := map[string]*http.Cookie{}
	for _, c := range v.jar.Cookies(u) {
		names[c.Name] = c
	}
	if names[sessionCookie] == nil || names[signInCookie] != nil {
		t.Errorf("cookies %v", names)
	}

	t.Run("a place that is none of the console's", func(t *testing.T) {
		for _, to := range []string{"//evil.example", "https://evil.example", "/docs", "#/x\r\nSet-Cookie: a=b", "#/signin/x", "#//evil.example?x"} {
			if res := v.get(at + "/signin?to=" + url.QueryEscape(to)); res.Request.URL.Host != u.Host || res.Request.URL.Path != "/" || res.Request.URL.Fragment != "" && res.Request.URL.Fragment != "//evil.example" {
				t.Errorf("%q ends at %s", to, res.Request.URL)
			}
		}
	})
	t.Run("the session of before ends", func(t *testing.T) {
		v.get(at + "/signin")
		if _, _, err := h.tenants.Session(t.Context(), names[sessionCookie].Value); err == nil {
			t.Error("it is still there")
		}
	})
	t.Run("what somebody else began", func(t *testing.T) {
		// A page that leads a victim to the end of the attacker's own sign-in.
		attacker := visit(t, at)
		held := &http.Client{Jar: attacker.jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.Path, callbackPath) {
				return http.ErrUseLastResponse
			}
			return nil
		}}
		res, err := held.Get(at + "/signin") //nolint:noctx // a test's
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		victim := visit(t, at)
		if end := victim.get(res.Header.Get("Location")); end.Request.URL.Fragment != "/signin/sign_in_stale" || victim.state()["signed_in"] != false {
			t.Errorf("it ends at %s, %v", end.Request.URL, victim.state())
		}
	})
	t.Run("a code works once", func(t *testing.T) {
		one := visit(t, at)
		var last string
		c := &http.Client{Jar: one.jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.Path, callbackPath) {
				last = r.URL.String()
			}
			return nil
		}}
		res, err := c.Get(at + "/signin") //nolint:noctx // a test's
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if end := one.get(last); end.Request.URL.Fragment != "/signin/sign_in_stale" {
			t.Errorf("it ends at %s", end.Request.URL)
		}
	})
	for name, c := range map[string]struct {
		claims map[string]any
		code   string
	}{
		"no role":                 {map[string]any{"roles": []string{"guests"}}, "sign_in_without_role"},
		"no tenant":               {map[string]any{"tenant_id": ""}, "token_without_tenant"},
		"an unknown tenant":       {map[string]any{"tenant_id": "t9"}, "token_without_tenant"},
		"a disabled tenant":       {map[string]any{"tenant_id": "off"}, "tenant_disabled"},
		"another nonce":           {map[string]any{"nonce": "x"}, "sign_in_failed"},
		"for another client":      {map[string]any{"aud": "else"}, "token_invalid"},
		"for the API's programs":  {map[string]any{"aud": "opal"}, "token_invalid"},
		"expired":                 {map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, "token_invalid"},
		"a scope that is no role": {map[string]any{"roles": []string{"admin", "shop.admin"}}, "sign_in_without_role"},
		"of another party":        {map[string]any{"aud": []string{issuertest.ClientID, "else"}, "azp": "else"}, "sign_in_failed"},
		"of nobody":               {map[string]any{"sub": ""}, "sign_in_failed"},
		"of somebody endless":     {map[string]any{"sub": strings.Repeat("x", maxSubject+1)}, "sign_in_failed"},
		"of somebody with a NUL":  {map[string]any{"sub": "u\x001"}, "sign_in_failed"},
		"of another issuer":       {map[string]any{"iss": "https://else.example"}, "token_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			i.Change = func(claims map[string]any) {
				for k, v := range c.claims {
					claims[k] = v
				}
			}
			defer func() { i.Change = nil }()
			one := visit(t, at)
			if end := one.get(at + "/signin"); end.Request.URL.Fragment != "/signin/"+c.code || one.state()["signed_in"] != false {
				t.Errorf("it ends at %s, %v", end.Request.URL, one.state())
			}
		})
	}
	for role, want := range map[string][]any{"viewers": {"read"}, "makers": {"write"}, "leads": {"approve"}, "it": {"admin"}} {
		t.Run("role "+role, func(t *testing.T) {
			i.Change = func(claims map[string]any) { claims["roles"] = role }
			defer func() { i.Change = nil }()
			one := visit(t, at)
			one.get(at + "/signin")
			if diff := cmp.Diff(any(want), one.state()["scopes"]); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("denied", func(t *testing.T) {
		one := visit(t, at)
		held := &http.Client{Jar: one.jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := held.Get(at + "/signin") //nolint:noctx // a test's
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		to, _ := url.Parse(res.Header.Get("Location"))
		if end := one.get(at + "/signin/callback?error=access_denied&state=" + to.Query().Get("state")); end.Request.URL.Fragment != "/signin/sign_in_denied" {
			t.Errorf("it ends at %s", end.Request.URL)
		}
	})
	t.Run("sign-out leads to the issuer", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), "DELETE", at+"/v1/session", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := (&http.Client{Jar: v.jar}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		out := answer{res.StatusCode, res.Header, string(b)}.json(t)
		if to, _ := out["sign_out_at"].(string); !strings.HasPrefix(to, i.URL+"/logout?") || !strings.Contains(to, "client_id="+issuertest.ClientID) {
			t.Errorf("%s", b)
		}
		if v.state()["signed_in"] != false {
			t.Error("still signed in")
		}
	})
	wantProblem(t, "a key", h.do(t, "POST", "/v1/session", `{"api_key":"opal_x_y"}`), 409, "key_sign_in_unavailable")
}

func TestTokensOfBeforeRolesKeepToApprove(t *testing.T) {
	i := newIssuer(t)
	h := newHouse(t, withTokens(t, i))
	if _, err := h.tenants.Create(t.Context(), "t1", ""); err != nil {
		t.Fatal(err)
	}
	bearer := []string{"Authorization", "Bearer " + i.token(t, nil)}
	jobID, itemID := h.make(t, "t1", bearer...)
	if a := h.do(t, "POST", "/v1/jobs/"+jobID+"/items/"+itemID+"/approve", "", bearer...); a.status == 403 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
