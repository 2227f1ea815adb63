package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// NewSession exchanges an API key for a session of a browser.
type NewSession struct {
	APIKey string `json:"api_key" minLength:"1" maxLength:"200" doc:"The key. The session has its scopes and its budget, and ends with it" example:"opal_k3y1example"`
}

// SessionState says who a browser is signed in as.
type SessionState struct {
	Mode      string     `json:"mode" enum:"none,api-key,oidc" doc:"How callers prove themselves here: not at all, by an API key, or by signing in with the issuer" example:"oidc"`
	SignedIn  bool       `json:"signed_in" doc:"The call came with credentials that hold" example:"true"`
	SignIn    *string    `json:"sign_in" doc:"Where a browser signs in with the issuer; null: it can't here" example:"/signin"`
	TenantID  *string    `json:"tenant_id" doc:"null: nobody is signed in" example:"default"`
	Name      string     `json:"name" doc:"Of the person, or of the key" example:"Ada"`
	Scopes    []string   `json:"scopes" nullable:"false" enum:"read,write,approve,admin" doc:"What may be done" example:"[\"read\",\"write\"]"`
	ExpiresAt *time.Time `json:"expires_at" doc:"When a new sign-in is needed; null: there is no session" example:"2026-11-28T09:30:00Z"`
}

// SignedOut says that a session has ended.
type SignedOut struct {
	OK        bool    `json:"ok"`
	SignOutAt *string `json:"sign_out_at" doc:"Where the browser ends the session with the issuer, too; null: nowhere" example:"https://login.example.com/logout"`
}

// Session is a person's who signed in with a browser.
type Session struct {
	ID        string    `json:"session_id" example:"0198f7a0-0000-7000-8000-000000000015"`
	Name      string    `json:"name" doc:"Of the person, or of the key" example:"Ada"`
	KeyID     *string   `json:"key_id" doc:"The key that was exchanged for it; null: signed in with the issuer"`
	Scopes    []string  `json:"scopes" nullable:"false" enum:"read,write,approve,admin" example:"[\"read\",\"write\"]"`
	CreatedAt time.Time `json:"created_at" example:"2026-11-27T09:30:00Z"`
	SeenAt    time.Time `json:"seen_at" doc:"To the minute" example:"2026-11-27T10:30:00Z"`
	ExpiresAt time.Time `json:"expires_at" doc:"It ends earlier when it is not used" example:"2026-11-28T09:30:00Z"`
}

// SessionList is a tenant's sessions that have not ended, newest first.
type SessionList struct {
	Sessions []Session `json:"sessions" nullable:"false"`
}

// Sessions returns the tenant's sessions that have not ended, newest first.
func (c *Client) Sessions(ctx context.Context) (SessionList, error) {
	return get[SessionList](ctx, c, path("sessions"), url.Values{})
}

// RevokeSession signs somebody out.
func (c *Client) RevokeSession(ctx context.Context, sessionID string) error {
	_, err := call[OK](ctx, c, http.MethodDelete, path("sessions", sessionID), nil, nil, "")
	return err
}
