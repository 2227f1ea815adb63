package servicebus_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/opal-photo/opal/modules/queue"
	"github.com/opal-photo/opal/modules/queue/servicebus"
	"github.com/opal-photo/opal/modules/queue/servicebus/sbtest"
)

const (
	namespace = "opal-sb.servicebus.windows.net"
	// the library keeps tokens by client id, for the whole process
	clientID = "00000000-0000-0000-0000-000000000001"
	stranger = "00000000-0000-0000-0000-000000000002"
)

// certificate makes a server's certificate for host and the client's trust in
// it.
func certificate(t *testing.T, host string) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{host}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool}
}

// identity starts an identity endpoint as the platform has it, which answers
// with the status, and returns the credential of a user-assigned identity and
// what the endpoint was asked.
func identity(t *testing.T, id string, status int) (azcore.TokenCredential, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.RawQuery+" "+r.Header.Get("X-IDENTITY-HEADER"))
		mu.Unlock()
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"access_token":"token-1","expires_on":"%d","resource":"https://servicebus.azure.net/","token_type":"Bearer"}`, time.Now().Add(24*time.Hour).Unix())
	}))
	t.Cleanup(s.Close)
	t.Setenv("IDENTITY_ENDPOINT", s.URL)
	t.Setenv("IDENTITY_HEADER", "header-1")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ID:            azidentity.ClientID(id),
		ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: transport}, Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred, func() []string { mu.Lock(); defer mu.Unlock(); return append([]string(nil), asked...) }
}

func TestManagedIdentity(t *testing.T) {
	cred, asked := identity(t, clientID, http.StatusOK)
	serverTLS, clientTLS := certificate(t, namespace)
	s := server(t, time.Minute, sbtest.Options{TLS: serverTLS, Authorize: func(audience, kind, token string) (int32, string) {
		if token != "token-1" || kind != "jwt" || !strings.Contains(audience, namespace) {
			return 401, "wrong token"
		}
		return 202, ""
	}})
	q := open(t, jobs, servicebus.Options{Namespace: "opal-sb", Credential: cred, Endpoint: s.Addr(), TLS: clientTLS})
	warmed := asked()
	if len(warmed) != 1 || !strings.Contains(warmed[0], "client_id="+clientID) || !strings.HasSuffix(warmed[0], " header-1") {
		t.Fatalf("opening asked the identity endpoint %q", warmed)
	}
	if err := q.Send(t.Context(), messages(1)); err != nil {
		t.Fatal(err)
	}
	got, err := q.Receive(t.Context(), 1)
	if err != nil || len(got) != 1 {
		t.Fatalf("received %d: %v", len(got), err)
	}
	if err := q.Complete(t.Context(), got[0]); err != nil {
		t.Fatal(err)
	}
	if n := len(asked()); n != 1 {
		t.Fatalf("the identity endpoint was asked %d times", n)
	}
}

func TestWrongIdentityShowsAtTheStart(t *testing.T) {
	cred, _ := identity(t, stranger, http.StatusBadRequest)
	_, err := servicebus.Open(t.Context(), servicebus.Options{Namespace: "opal-sb", Credential: cred})
	if !errors.Is(err, queue.ErrUnauthorized) {
		t.Fatal(err)
	}
}

// deadlines is a credential that remembers whether it was given one.
type deadlines struct {
	mu   sync.Mutex
	none int
}

func (d *deadlines) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := ctx.Deadline(); !ok {
		d.none++
	}
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestTokenRequestsAreBounded(t *testing.T) {
	serverTLS, clientTLS := certificate(t, namespace)
	s := server(t, time.Minute, sbtest.Options{TLS: serverTLS})
	cred := &deadlines{}
	q := open(t, jobs, servicebus.Options{Namespace: namespace, Credential: cred, Endpoint: s.Addr(), TLS: clientTLS})
	if err := q.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cred.none > 0 {
		t.Fatalf("%d token requests without a deadline", cred.none)
	}
}
