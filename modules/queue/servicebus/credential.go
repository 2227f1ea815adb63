package servicebus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/opal-photo/opal/modules/queue"
)

const (
	// domain is Azure's public cloud.
	domain = ".servicebus.windows.net"
	// scope is what the library asks tokens for, double slash included; another
	// text would warm another entry of the credential's cache.
	scope     = "https://servicebus.azure.net//.default"
	tokenWait = 30 * time.Second
)

// host makes a namespace's name fully qualified.
func host(namespace string) (string, error) {
	h := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(namespace, "sb://"), "https://"), "/")
	if h == "" || strings.ContainsAny(h, "/:;= ") {
		return "", queue.ErrNoQueue.With("%q is no namespace: give its name, or the name with %s", namespace, domain)
	}
	if !strings.Contains(h, ".") {
		h += domain
	}
	return h, nil
}

// bounded gives each token request a deadline: the library passes a context
// without the caller's deadline.
type bounded struct{ azcore.TokenCredential }

// GetToken asks the credential for a token.
func (b bounded) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenWait)
	defer cancel()
	return b.TokenCredential.GetToken(ctx, o)
}

// warm fetches the first token, so that a wrong identity shows at start-up and
// no call waits for it later.
func (b bounded) warm(ctx context.Context) error {
	if _, err := b.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}}); err != nil {
		return fmt.Errorf("get a token for Service Bus: %w", errors.Join(queue.ErrUnauthorized, err))
	}
	return nil
}
