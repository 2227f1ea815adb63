package azureblob_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/opal-photo/opal/modules/blob"
	"github.com/opal-photo/opal/modules/blob/azureblob"
	"github.com/opal-photo/opal/modules/blob/azureblob/azuritetest"
	"github.com/opal-photo/opal/modules/blob/blobtest"
)

func keyed(t testing.TB, s *azuritetest.Server) *azureblob.Store {
	t.Helper()
	store, err := azureblob.Open(azureblob.Options{ConnectionString: s.ConnectionString(), HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestSuiteWithSharedKey(t *testing.T) {
	s := azuritetest.New(t, azuritetest.Options{})
	blobtest.Run(t, func(t *testing.T) blobtest.Harness {
		store := keyed(t, s)
		empty(t, store)
		return blobtest.Harness{Store: blob.Retry(store), Client: s.Client()}
	})
}

// empty makes the suite's containers, without blobs: one emulator serves all of
// a suite's tests.
func empty(t testing.TB, store *azureblob.Store) {
	t.Helper()
	if err := store.EnsureContainers(context.Background(), "raw", "outputs"); err != nil {
		t.Fatal(err)
	}
	for i, err := range store.List(context.Background(), "raw", "") {
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Delete(context.Background(), "raw", i.Name); err != nil {
			t.Fatal(err)
		}
	}
}

// token is an identity whose tokens only the emulator accepts, since that reads
// claims and checks no signature.
type token struct{}

// GetToken makes a token.
func (token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	part := func(v map[string]any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	now := time.Now()
	text := part(map[string]any{"alg": "RS256", "typ": "JWT"}) + "." + part(map[string]any{
		"aud": "https://storage.azure.com", "iss": "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/", "iat": now.Unix() - 60, "nbf": now.Unix() - 60,
		"exp": now.Add(time.Hour).Unix(), "oid": "23657296-5cd5-45b0-a809-d972a7f4dfe1", "tid": "dd0d0df1-06c3-436c-8034-4b9a153097ce", "appid": "x", "scp": "user_impersonation",
	}) + ".c2lnbmF0dXJl"
	return azcore.AccessToken{Token: text, ExpiresOn: now.Add(time.Hour)}, nil
}

func TestSuiteWithUserDelegation(t *testing.T) {
	s := azuritetest.New(t, azuritetest.Options{TLS: true})
	blobtest.Run(t, func(t *testing.T) blobtest.Harness {
		setup, err := azureblob.Open(azureblob.Options{ConnectionString: strings.ReplaceAll(s.ConnectionString(), "http:", "https:"), HTTP: s.Client()})
		if err != nil {
			t.Fatal(err)
		}
		empty(t, setup)
		store, err := azureblob.Open(azureblob.Options{Endpoint: s.Endpoint(), Credential: token{}, HTTP: s.Client()})
		if err != nil {
			t.Fatal(err)
		}
		u, err := store.UploadURL(t.Context(), "raw", "t/x", time.Minute, 10)
		if err != nil {
			t.Fatal(err)
		}
		q, _ := url.Parse(u)
		if q.Query().Get("spr") != "https" || q.Query().Get("sp") != "c" || q.Query().Get("sr") != "b" || q.Query().Get("skoid") == "" {
			t.Fatalf("not a user-delegation SAS for one blob: %s", u)
		}
		return blobtest.Harness{Store: blob.Retry(store), Client: s.Client()}
	})
}

func TestAStoreThatIsDownSaysSoAndComesBack(t *testing.T) {
	s := azuritetest.New(t, azuritetest.Options{})
	store := keyed(t, s)
	if err := store.EnsureContainers(t.Context(), "raw"); err != nil {
		t.Fatal(err)
	}
	if err := store.Put(t.Context(), "raw", "t/a", []byte("x"), blob.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if err := store.Ping(t.Context()); !errors.Is(err, blob.ErrUnavailable) {
		t.Fatalf("down: %v", err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Head(t.Context(), "raw", "t/a"); err != nil {
		t.Fatalf("after a restart: %v", err)
	}
}

func TestClearErrors(t *testing.T) {
	s := azuritetest.New(t, azuritetest.Options{})
	wrong, err := azureblob.Open(azureblob.Options{HTTP: s.Client(),
		ConnectionString: strings.Replace(s.ConnectionString(), azuritetest.Key, base64.StdEncoding.EncodeToString([]byte("another key")), 1)})
	if err != nil {
		t.Fatal(err)
	}
	if err := wrong.Ping(t.Context()); !errors.Is(err, blob.ErrForbidden) || !strings.Contains(err.Error(), "role") {
		t.Errorf("a wrong key: %v", err)
	}
	if err := keyed(t, s).Put(t.Context(), "missing", "a", nil, blob.PutOptions{}); !errors.Is(err, blob.ErrNotFound) || !strings.Contains(err.Error(), "container") {
		t.Errorf("a missing container: %v", err)
	}
	for _, o := range []azureblob.Options{
		{}, {ConnectionString: "nonsense"}, {ConnectionString: "BlobEndpoint=https://x.example/;SharedAccessSignature=sv=1"},
		{Endpoint: "http://x.example", Credential: token{}}, {AccountName: "x"},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			if _, err := azureblob.Open(o); !errors.Is(err, azureblob.ErrOptions) {
				t.Error(err)
			}
		})
	}
}

// A user-assigned identity is named by its client id, in each request to the
// platform's token endpoint.
func TestTheManagedIdentityIsAskedByClientID(t *testing.T) {
	var asked url.Values
	var secret string
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, secret = r.URL.Query(), r.Header.Get("X-IDENTITY-HEADER")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "tok", "expires_on": time.Now().Add(time.Hour).Unix(), "resource": asked.Get("resource"), "token_type": "Bearer"})
	}))
	defer endpoint.Close()
	t.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
	t.Setenv("IDENTITY_HEADER", "header")
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID("11111111-2222-3333-4444-555555555555")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://storage.azure.com/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Token != "tok" || asked.Get("client_id") != "11111111-2222-3333-4444-555555555555" || asked.Get("resource") != "https://storage.azure.com" || secret != "header" {
		t.Fatalf("%v %v %q", got.Token, asked, secret)
	}
}

func BenchmarkStore(b *testing.B) {
	s := azuritetest.New(b, azuritetest.Options{})
	blobtest.Benchmark(b, func(b *testing.B) blob.Store {
		store := keyed(b, s)
		empty(b, store)
		return store
	})
}
