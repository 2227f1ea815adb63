package client

import "time"

// NewAPIKey asks for a key.
type NewAPIKey struct {
	TenantID  string     `json:"tenant_id,omitempty" nullable:"true" doc:"The tenant; may be left out where the credentials name one" example:"default"`
	Name      string     `json:"name,omitempty" nullable:"true" maxLength:"120" example:"ci"`
	Scopes    []string   `json:"scopes,omitempty" nullable:"true" maxItems:"8" doc:"read, write, approve, admin, each with those before it; left out: all but admin" example:"[\"read\",\"write\"]"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" nullable:"true" doc:"Left out: never" example:"2027-11-27T00:00:00Z"`
	Budget    *int64     `json:"budget,omitempty" nullable:"true" minimum:"0" maximum:"100000000000" doc:"What the key may order in all, in hundredths of a credit as quoted; left out: any amount. A key of scope admin has none" example:"5000"`
}

// APIKey is a key without its secret.
type APIKey struct {
	ID         string     `json:"key_id" example:"0198f7a0-0000-7000-8000-000000000006"`
	TenantID   string     `json:"tenant_id" example:"default"`
	Name       string     `json:"name" example:"ci"`
	Prefix     string     `json:"prefix" doc:"How the key begins" example:"opal_k3y1"`
	Scopes     []string   `json:"scopes" nullable:"false" enum:"read,write,approve,admin" example:"[\"read\",\"write\"]"`
	CreatedAt  time.Time  `json:"created_at" example:"2026-11-27T09:30:00Z"`
	ExpiresAt  *time.Time `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"To the minute"`
	RevokedAt  *time.Time `json:"revoked_at"`
	Budget     *int64     `json:"budget" doc:"What it may order in all, in hundredths of a credit as quoted; null: any amount" example:"5000"`
	BudgetUsed int64      `json:"budget_used" doc:"What it has ordered of that" example:"110"`
}

// CreatedAPIKey is a new key with its secret.
type CreatedAPIKey struct {
	APIKey
	Secret string `json:"api_key" doc:"The key itself. It is shown this once." example:"opal_k3y1example"`
}

// APIKeyList is a tenant's keys.
type APIKeyList struct {
	Keys []APIKey `json:"api_keys" nullable:"false"`
}
