package app

import (
	"context"
	"errors"

	"github.com/opal-photo/opal/modules/share"
	"github.com/opal-photo/opal/modules/tenant"
)

// shares gives the API the share links of tenants that are not disabled.
type shares struct {
	*share.Service
	tenants *tenant.Service
}

// Open returns the link of a token; share.ErrEnded while its tenant is disabled. Where nobody
// proves who they are, tenants need no row.
func (s shares) Open(ctx context.Context, token string) (share.Link, error) {
	l, err := s.Service.Open(ctx, token)
	if err != nil {
		return share.Link{}, err
	}
	t, err := s.tenants.Get(ctx, l.TenantID)
	switch {
	case errors.Is(err, tenant.ErrNotFound):
		return l, nil
	case err != nil:
		return share.Link{}, err
	case t.DisabledAt != nil:
		return share.Link{}, share.ErrEnded
	}
	return l, nil
}
