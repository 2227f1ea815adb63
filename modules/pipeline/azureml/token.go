package azureml

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// entraScope is the audience of Azure Machine Learning's data plane.
const entraScope = "https://ml.azure.com/.default"

// EntraToken returns a TokenFunc for a managed endpoint with auth_mode
// aad_token. The credential caches and renews its tokens.
func EntraToken(cred azcore.TokenCredential) TokenFunc {
	return func(ctx context.Context) (string, error) {
		t, err := cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{entraScope}})
		return t.Token, err
	}
}
