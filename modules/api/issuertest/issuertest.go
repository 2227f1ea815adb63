// Package issuertest is a local OpenID Connect issuer for tests: its document, its keys, and
// the authorization code flow with PKCE. It listens on loopback.
package issuertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
)

// ClientID and ClientSecret are those of the one client that the issuer knows.
const (
	ClientID     = "opal-console"
	ClientSecret = "a secret of the issuer's"
)

// Issuer is a running issuer. Set its fields before it is called.
type Issuer struct {
	URL string
	// Claims are what an identity says beside iss, aud, exp, iat and nonce.
	Claims map[string]any
	// Document changes what its discovery document says.
	Document map[string]any
	// Page has /authorize show a page with a button in place of a redirect, as a person meets it.
	Page bool
	// Change changes the claims of an identity before it is signed.
	Change func(claims map[string]any)
	// Redirect is the only address that codes are sent to; "": any.
	Redirect string

	key  *ecdsa.PrivateKey
	keys *oidctest.Server

	mu    sync.Mutex
	codes map[string]url.Values // of their authorization requests; a code works once
	out   int
}

// New starts an issuer.
func New(t testing.TB) *Issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{
		Claims: map[string]any{"sub": "u1", "name": "Ada", "tenant_id": "t1", "roles": []string{"makers"}}, key: key, codes: map[string]url.Values{},
		keys: &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k1", Algorithm: oidc.ES256}}},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", i.document)
	mux.HandleFunc("/authorize", i.authorize)
	mux.HandleFunc("/token", i.token)
	mux.HandleFunc("/logout", i.logout)
	mux.Handle("/", i.keys)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	i.URL = srv.URL
	i.keys.SetIssuer(srv.URL)
	return i
}

// SignedOut returns how often a browser came to end its session.
func (i *Issuer) SignedOut() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.out
}

// Sign signs claims as the issuer does.
func (i *Issuer) Sign(claims map[string]any) string {
	b, err := json.Marshal(claims)
	if err != nil {
		panic(err) // claims of a test
	}
	return oidctest.SignIDToken(i.key, "k1", oidc.ES256, string(b))
}

func (i *Issuer) document(w http.ResponseWriter, _ *http.Request) {
	says := map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys", "end_session_endpoint": i.URL + "/logout",
		"id_token_signing_alg_values_supported": []string{oidc.ES256}, "code_challenge_methods_supported": []string{"S256"},
	}
	maps.Copy(says, i.Document)
	answer(w, http.StatusOK, says)
}

// authorize sends the browser back with a code.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("state") == "" || q.Get("nonce") == "" ||
		i.Redirect != "" && q.Get("redirect_uri") != i.Redirect {
		http.Error(w, "not a request that this issuer takes: "+r.URL.RawQuery, http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = q
	i.mu.Unlock()
	back := q.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {i.URL}}.Encode()
	if i.Page {
		fmt.Fprintf(w, `<!doctype html><title>Issuer</title><link rel="icon" href="data:,"><a id="allow" href="%s">Allow</a>`, html.EscapeString(back))
		return
	}
	http.Redirect(w, r, back, http.StatusFound)
}

// token exchanges a code, once, for an identity.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	i.mu.Lock()
	q, ok := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	i.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if id, err := url.QueryUnescape(id); err != nil || id != ClientID {
		ok = false
	}
	if secret, err := url.QueryUnescape(secret); err != nil || secret != ClientSecret {
		ok = false
	}
	if !ok || r.PostFormValue("grant_type") != "authorization_code" || base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") || r.PostFormValue("redirect_uri") != q.Get("redirect_uri") {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	now := time.Now()
	claims := map[string]any{"iss": i.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": q.Get("nonce")}
	maps.Copy(claims, i.Claims)
	if i.Change != nil {
		i.Change(claims)
	}
	answer(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 3600, "id_token": i.Sign(claims)})
}

func (i *Issuer) logout(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.out++
	i.mu.Unlock()
	http.Redirect(w, r, r.URL.Query().Get("post_logout_redirect_uri"), http.StatusFound)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // an error means that the caller is gone
}
