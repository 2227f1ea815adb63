package api

import (
	"context"
	"net/http"
	"time"

	"github.com/opal-photo/opal/modules/tenant"
)

type createKeyInput struct {
	TenantQuery
	Body struct {
		TenantID  string         `json:"tenant_id" nullable:"true"`
		Name      string         `json:"name" nullable:"true" maxLength:"120"`
		Scopes    []tenant.Scope `json:"scopes" nullable:"true" maxItems:"8" doc:"read, write, admin; left out: read and write"`
		ExpiresAt *time.Time     `json:"expires_at" doc:"left out: never"`
	}
}

type createKeyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		tenant.Key
		APIKey string `json:"api_key" doc:"The key itself. It is shown this once."`
	}
}

type keysOutput struct {
	Body struct {
		Keys []tenant.Key `json:"api_keys"`
	}
}

type keyPath struct {
	TenantQuery
	KeyID string `path:"key_id"`
}

func keyRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodGet, Path: "/v1/api-keys", ID: "listKeys", Summary: "The tenant's keys, without their secrets", Tag: tagKeys, Scope: tenant.Admin},
		func(ctx context.Context, _ *TenantQuery) (*keysOutput, error) {
			keys, err := s.Keys.ListKeys(ctx, TenantID(ctx))
			if err != nil {
				return nil, err
			}
			out := &keysOutput{}
			out.Body.Keys = keys
			return out, nil
		})
	Add(r, Route{Method: http.MethodPost, Path: "/v1/api-keys", ID: "createKey", Summary: "Make a key", Tag: tagKeys,
		Scope: tenant.Admin, Body: JSONBody, Creates: true}, func(ctx context.Context, in *createKeyInput) (*createKeyOutput, error) {
		k, text, err := s.Keys.CreateKey(ctx, TenantID(ctx), tenant.NewKey{Name: in.Body.Name, Scopes: in.Body.Scopes, ExpiresAt: in.Body.ExpiresAt})
		if err != nil {
			return nil, err
		}
		out := &createKeyOutput{CacheControl: "no-store"}
		out.Body.Key, out.Body.APIKey = k, text
		return out, nil
	})
	Add(r, Route{Method: http.MethodDelete, Path: "/v1/api-keys/{key_id}", ID: "revokeKey", Summary: "Revoke a key", Tag: tagKeys,
		Scope: tenant.Admin, NotFound: tenant.ErrKeyNotFound}, func(ctx context.Context, in *keyPath) (*okOutput, error) {
		if !idPattern.MatchString(in.KeyID) {
			return nil, tenant.ErrKeyNotFound
		}
		if err := s.Keys.RevokeKey(ctx, TenantID(ctx), in.KeyID); err != nil {
			return nil, err
		}
		return ok(), nil
	})
}
