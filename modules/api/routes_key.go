package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/tenant"
)

type createKeyInput struct {
	TenantQuery
	Body client.NewAPIKey
}

type createKeyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         client.CreatedAPIKey
}

type keyPath struct {
	TenantQuery
	KeyID string `path:"key_id" doc:"The key" example:"0198f7a0-0000-7000-8000-000000000006"`
}

func keyRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodGet, Path: "/v1/api-keys", ID: "listKeys", Summary: "The tenant's keys, without their secrets", Tag: tagKeys, Scope: tenant.Admin},
		func(ctx context.Context, _ *TenantQuery) (*reply[client.APIKeyList], error) {
			keys, err := s.Keys.ListKeys(ctx, TenantID(ctx))
			return replyOf(client.APIKeyList{Keys: each(keys, keyOf)}, err)
		})
	Add(r, Route{Method: http.MethodPost, Path: "/v1/api-keys", ID: "createKey", Summary: "Make a key", Tag: tagKeys,
		Scope: tenant.Admin, Body: JSONBody}, func(ctx context.Context, in *createKeyInput) (*createKeyOutput, error) {
		k, text, err := s.Keys.CreateKey(ctx, TenantID(ctx), tenant.NewKey{ID: recordOf(ctx).resourceID, Name: in.Body.Name, Scopes: each(in.Body.Scopes, func(s string) tenant.Scope { return tenant.Scope(s) }), ExpiresAt: in.Body.ExpiresAt, Budget: in.Body.Budget})
		if err != nil {
			return nil, err
		}
		return &createKeyOutput{"no-store", client.CreatedAPIKey{APIKey: keyOf(k), Secret: text}}, nil
	})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/api-keys/self", ID: "ownKey", Summary: "The key of the call: its scopes and what is left of its budget", Tag: tagKeys,
		Scope: tenant.Read, NotFound: tenant.ErrKeyNotFound}, func(ctx context.Context, _ *TenantQuery) (*reply[client.APIKey], error) {
		k := callOf(ctx).key
		if k == nil {
			return nil, tenant.ErrKeyNotFound.With("the caller has none")
		}
		return replyOf(keyOf(*k), nil)
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

func keyOf(k tenant.Key) client.APIKey {
	return client.APIKey{
		ID: k.ID, TenantID: k.TenantID, Name: k.Name, Prefix: k.Prefix, Scopes: each(k.Scopes, func(s tenant.Scope) string { return string(s) }),
		CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt, RevokedAt: k.RevokedAt,
		Budget: k.Budget, BudgetUsed: k.BudgetUsed,
	}
}
