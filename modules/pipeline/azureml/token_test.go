package azureml

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// credential is an identity that gives one token, or fails.
type credential struct {
	scopes []string
	err    error
}

func (c *credential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.scopes = o.Scopes
	return azcore.AccessToken{Token: "entra", ExpiresOn: time.Now().Add(time.Hour)}, c.err
}

func TestEntraTokenIsForTheDataPlane(t *testing.T) {
	c := &credential{}
	token, err := EntraToken(c)(context.Background())
	if err != nil || token != "entra" || !slices.Equal(c.scopes, []string{"https://ml.azure.com/.default"}) {
		t.Errorf("%q for %v: %v", token, c.scopes, err)
	}
	c.err = errors.New("no identity")
	if _, err := EntraToken(c)(context.Background()); !errors.Is(err, c.err) {
		t.Error(err)
	}
}
