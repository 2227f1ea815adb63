package tenant

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

// A key reads opal_<prefix>_<secret>: the prefix finds its row, the secret is
// 256 random bits. Neither reveals anything about the tenant.
const (
	keyMark     = "opal"
	prefixBytes = 6
	secretBytes = 32
	maxKeys     = 100 // of a tenant, revoked and expired ones not counted
	maxKeyText  = 200 // bytes looked at of what a caller sends
)

// lastUsedStep is how exact last_used_at is: a write per call would cost more
// than the look-up.
const lastUsedStep = time.Minute

// Errors of callers with keys.
var (
	ErrKey         = fault.New(fault.Unauthorized, "api_key_invalid", "The API key is not valid")
	ErrKeyNotFound = fault.New(fault.NotFound, "api_key_not_found", "There is no such API key")
	ErrScope       = fault.New(fault.Invalid, "scope_unknown", "The scope is not known; scopes are read, write, approve and admin")
	ErrExpiry      = fault.New(fault.Invalid, "expiry_past", "The key's expiry lies in the past")
	ErrKeysFull    = fault.New(fault.Conflict, "api_keys_full", "There are as many keys as a tenant can have; revoke one first")
)

// Scope is what a key allows.
type Scope string

// The scopes. Each allows what the ones before it do.
const (
	Read    Scope = "read"    // see jobs, pictures and settings
	Write   Scope = "write"   // make jobs and change settings
	Approve Scope = "approve" // decide which pictures are used
	Admin   Scope = "admin"   // make and revoke keys
)

var scopeOrder = []Scope{Read, Write, Approve, Admin}

// Scopes returns all scopes. Each allows what the ones before it do.
func Scopes() []Scope { return slices.Clone(scopeOrder) }

// Allows reports whether scopes include want, or one that allows it.
func Allows(scopes []Scope, want Scope) bool {
	need := slices.Index(scopeOrder, want)
	return need >= 0 && slices.ContainsFunc(scopes, func(s Scope) bool { return slices.Index(scopeOrder, s) >= need })
}

// Key is an API key without its secret.
type Key struct {
	ID         string     `json:"key_id"`
	TenantID   string     `json:"tenant_id"`
	Name       string     `json:"name"`
	Prefix     string     `json:"prefix"` // how the key begins
	Scopes     []Scope    `json:"scopes"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"` // to the minute
	RevokedAt  *time.Time `json:"revoked_at"`
	Budget     *int64     `json:"budget"`      // what it may order in all, in hundredths of a credit as quoted; nil: any amount
	BudgetUsed int64      `json:"budget_used"` // of it
}

// NewKey is a request for a key.
type NewKey struct {
	ID        string // "": a new one; a key that has it already, and whose text was never told, is replaced
	Name      string
	Scopes    []Scope    // empty: all but admin
	ExpiresAt *time.Time // nil: never
	Budget    *int64     // see Key; nil: none
}

// CreateKey makes a key and returns its text, which is shown only this once:
// only an HMAC of it is stored.
func (s *Service) CreateKey(ctx context.Context, tenantID string, n NewKey) (k Key, text string, err error) {
	n.Name = strings.TrimSpace(n.Name)
	if err := checkName(n.Name); err != nil {
		return Key{}, "", err
	}
	scopes, err := cleanScopes(n.Scopes)
	if err != nil {
		return Key{}, "", err
	}
	if err := checkBudget(n.Budget, scopes); err != nil {
		return Key{}, "", err
	}
	prefix := keyMark + "_" + hex.EncodeToString(random(prefixBytes))
	text = prefix + "_" + base64.RawURLEncoding.EncodeToString(random(secretBytes))
	k = Key{ID: cmp.Or(n.ID, uuid.Must(uuid.NewV7()).String()), TenantID: tenantID, Name: n.Name, Prefix: prefix, Scopes: scopes, ExpiresAt: n.ExpiresAt, Budget: n.Budget}
	if err := s.db.InTx(ctx, func(tx *db.Tx) error { return s.insertKey(ctx, tx, &k, s.digest(text)) }); err != nil {
		return Key{}, "", fmt.Errorf("create a key of tenant %s: %w", tenantID, err)
	}
	return k, text, nil
}

func (s *Service) insertKey(ctx context.Context, tx *db.Tx, k *Key, digest string) error {
	var disabled sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT disabled_at FROM tenants WHERE tenant_id = $1`, k.TenantID).Scan(&disabled)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound.With("%s", k.TenantID)
	}
	if err != nil {
		return err
	}
	if disabled.Valid {
		return ErrDisabled
	}
	now, err := db.Now(ctx, tx)
	if err != nil {
		return err
	}
	if k.ExpiresAt != nil && !k.ExpiresAt.After(now) {
		return ErrExpiry
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL
		AND (expires_at IS NULL OR expires_at > now_ms())`, k.TenantID).Scan(&n); err != nil {
		return err
	}
	if n >= maxKeys {
		return ErrKeysFull.With("%d", n)
	}
	k.CreatedAt = now
	if _, err := tx.ExecContext(ctx, `DELETE FROM api_keys WHERE key_id = $1 AND tenant_id = $2`, k.ID, k.TenantID); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO api_keys (key_id, tenant_id, prefix, digest, name, scopes, created_at, expires_at, budget)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		k.ID, k.TenantID, k.Prefix, digest, k.Name, joinScopes(k.Scopes), now.UnixMilli(), millis(k.ExpiresAt), k.Budget)
	return err
}

const keyColumns = `k.key_id, k.tenant_id, k.prefix, k.name, k.scopes, k.created_at, k.expires_at, k.last_used_at, k.revoked_at, k.budget, k.budget_used`

// ListKeys returns a tenant's keys, oldest first, revoked ones included.
func (s *Service) ListKeys(ctx context.Context, tenantID string) ([]Key, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+keyColumns+` FROM api_keys k WHERE k.tenant_id = $1 ORDER BY k.key_id`, tenantID)
	if err != nil {
		return nil, fmt.Errorf("list the keys of tenant %s: %w", tenantID, err)
	}
	defer rows.Close()
	out := []Key{}
	for rows.Next() {
		k, err := scanKey(rows)
		if err != nil {
			return nil, fmt.Errorf("list the keys of tenant %s: %w", tenantID, err)
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// RevokeKey refuses a key from now on; ErrKeyNotFound when the tenant has none
// of that id. Repeated, it changes nothing.
func (s *Service) RevokeKey(ctx context.Context, tenantID, keyID string) error {
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE api_keys SET revoked_at = COALESCE(revoked_at, now_ms()) WHERE key_id = $1 AND tenant_id = $2`,
			keyID, tenantID)
		if err != nil {
			return fmt.Errorf("revoke key %s: %w", keyID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrKeyNotFound, err)
		}
		return nil
	})
}

// Authenticate returns the key whose text it is given. Unknown, revoked and
// expired keys are all the same ErrKey; a disabled tenant's key is ErrDisabled.
func (s *Service) Authenticate(ctx context.Context, text string) (Key, error) {
	if len(text) > maxKeyText {
		return Key{}, ErrKey
	}
	// Computed for unknown prefixes too, so that both take as long.
	digest := s.digest(text)
	parts := strings.SplitN(text, "_", 3)
	if len(parts) != 3 || parts[0] != keyMark {
		return Key{}, ErrKey
	}
	var stored string
	var disabled sql.NullInt64
	var now int64
	row := s.db.QueryRowContext(ctx, `SELECT k.digest, t.disabled_at, now_ms(), `+keyColumns+`
		FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id WHERE k.prefix = $1`, clean(parts[0]+"_"+parts[1]))
	k, err := scanKey(also{row, []any{&stored, &disabled, &now}})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Key{}, fmt.Errorf("look up an API key: %w", err)
	}
	same := hmac.Equal([]byte(stored), []byte(digest))
	if err != nil || !same || k.RevokedAt != nil || k.ExpiresAt != nil && k.ExpiresAt.UnixMilli() <= now {
		return Key{}, ErrKey
	}
	if disabled.Valid {
		return Key{}, ErrDisabled
	}
	s.touch(ctx, k, now)
	return k, nil
}

// touch records that a key was used. A call isn't refused when that fails.
func (s *Service) touch(ctx context.Context, k Key, now int64) {
	if k.LastUsedAt != nil && now-k.LastUsedAt.UnixMilli() < lastUsedStep.Milliseconds() {
		return
	}
	_ = s.db.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE api_keys SET last_used_at = $1 WHERE key_id = $2`, now, k.ID)
		return err
	})
}

func (s *Service) digest(text string) string { return mac(s.pepper, "api-key", text) }

// mac is base64 of HMAC-SHA256 over the purpose and the parts, told apart by
// their lengths.
func mac(key []byte, purpose string, parts ...string) string {
	return base64.StdEncoding.EncodeToString(macBytes(key, purpose, parts...))
}

func macBytes(key []byte, purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range append([]string{purpose}, parts...) {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum(nil)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the runtime ends the process first
	return b
}

// clean removes bytes that Postgres would refuse in a query.
func clean(s string) string { return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "") }

func cleanScopes(in []Scope) ([]Scope, error) {
	if len(in) == 0 {
		return []Scope{Read, Write, Approve}, nil
	}
	var out []Scope
	for _, s := range scopeOrder {
		if slices.Contains(in, s) {
			out = append(out, s)
		}
	}
	for _, s := range in {
		if !slices.Contains(scopeOrder, s) {
			return nil, ErrScope.With("%q", s)
		}
	}
	return out, nil
}

func joinScopes(scopes []Scope) string {
	var names []string
	for _, s := range scopes {
		names = append(names, string(s))
	}
	return strings.Join(names, ",")
}

func splitScopes(text string) []Scope {
	var out []Scope
	for _, s := range strings.Split(text, ",") {
		out = append(out, Scope(s))
	}
	return out
}

func millis(t *time.Time) sql.NullInt64 {
	if t == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: true}
}

func scanKey(r interface{ Scan(dest ...any) error }) (Key, error) {
	var k Key
	var scopes string
	var created int64
	var expires, used, revoked, budget sql.NullInt64
	if err := r.Scan(&k.ID, &k.TenantID, &k.Prefix, &k.Name, &scopes, &created, &expires, &used, &revoked, &budget, &k.BudgetUsed); err != nil {
		return Key{}, err
	}
	k.Scopes = splitScopes(scopes)
	if budget.Valid {
		k.Budget = &budget.Int64
	}
	k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.RevokedAt = db.Time(created), db.MaybeTime(expires), db.MaybeTime(used), db.MaybeTime(revoked)
	return k, nil
}

// also scans columns before those that a scan function asks for.
type also struct {
	r     interface{ Scan(dest ...any) error }
	first []any
}

// Scan scans the first columns and dest.
func (a also) Scan(dest ...any) error { return a.r.Scan(append(a.first, dest...)...) }
