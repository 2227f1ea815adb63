package tenant

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

const (
	// maxSessions bounds how many sessions one person, or one key, has at the same time.
	// Another one ends the oldest.
	maxSessions = 20
	// maxSessionText bounds the bytes looked at of what a cookie holds.
	maxSessionText = 100
	// maxListed bounds the sessions that a list shows, the newest.
	maxListed = 500
)

// Errors of callers with sessions.
var (
	ErrSession         = fault.New(fault.Unauthorized, "session_ended", "The session has ended; sign in again")
	ErrSessionNotFound = fault.New(fault.NotFound, "session_not_found", "There is no such session")
)

// Session is a person's who signed in with a browser.
type Session struct {
	ID        string
	TenantID  string
	KeyID     string // the key that was exchanged; "": signed in with the issuer
	Subject   string // as the issuer names the person; "" with a key
	Name      string
	Scopes    []Scope
	CreatedAt time.Time
	SeenAt    time.Time // to the minute
	ExpiresAt time.Time // it ends earlier when it is not used
}

// NewSession asks for a session.
type NewSession struct {
	TenantID string
	Key      *Key // it is a key's, and ends with it; nil: the three fields below say whose it is
	Subject  string
	Name     string
	Scopes   []Scope
	Life     time.Duration // it ends after that, whatever happens
	Idle     time.Duration // and after so long without a call
	Replaces string        // the text of the session that the browser had; "": none
}

// OpenSession makes a session and returns the text for the browser's cookie, of which
// only an HMAC is stored. The text is always a new one, and the session that the browser
// had ends: what somebody put into a browser before the sign-in is worth nothing after it.
func (s *Service) OpenSession(ctx context.Context, n NewSession) (out Session, text string, err error) {
	text = base64.RawURLEncoding.EncodeToString(random(secretBytes))
	out = Session{ID: uuid.Must(uuid.NewV7()).String(), TenantID: n.TenantID, Subject: n.Subject, Name: shortName(n.Name), Scopes: n.Scopes}
	var key sql.NullString
	if n.Key != nil {
		out.TenantID, out.KeyID, out.Name, out.Scopes = n.Key.TenantID, n.Key.ID, n.Key.Name, n.Key.Scopes
		key = sql.NullString{String: n.Key.ID, Valid: true}
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		now, err := db.Now(ctx, tx)
		if err != nil {
			return err
		}
		out.CreatedAt, out.SeenAt, out.ExpiresAt = now, now, now.Add(n.Life)
		if n.Key != nil && n.Key.ExpiresAt != nil && n.Key.ExpiresAt.Before(out.ExpiresAt) {
			out.ExpiresAt = *n.Key.ExpiresAt
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE expires_at <= now_ms() ORDER BY expires_at LIMIT $1`+
			tx.SkipLocked()+`)`, sweepLimit); err != nil {
			return err
		}
		if n.Replaces != "" && len(n.Replaces) <= maxSessionText {
			if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE digest = $1`, s.sessionDigest(n.Replaces)); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE tenant_id = $1 AND subject = $2 AND COALESCE(key_id, '') = $3
			ORDER BY session_id DESC LIMIT 1000 OFFSET $4)`, out.TenantID, out.Subject, out.KeyID, maxSessions-1); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO sessions (session_id, digest, tenant_id, key_id, subject, name, scopes, created_at, seen_at, idle_ms, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)`, out.ID, s.sessionDigest(text), out.TenantID, key, out.Subject, out.Name, joinScopes(out.Scopes),
			now.UnixMilli(), n.Idle.Milliseconds(), out.ExpiresAt.UnixMilli())
		return err
	})
	if err != nil {
		return Session{}, "", fmt.Errorf("open a session of tenant %s: %w", out.TenantID, err)
	}
	return out, text, nil
}

const sessionColumns = `s.session_id, s.tenant_id, COALESCE(s.key_id, ''), s.subject, s.name, s.scopes, s.created_at, s.seen_at, s.expires_at`

// Session returns the session whose text a cookie holds, and the key that it was made
// with, nil where there is none. A session of a key has the scopes that the key has now.
//
// Errors: ErrSession for one that is unknown, was ended or has expired, and where its key
// was revoked or has expired; ErrDisabled.
func (s *Service) Session(ctx context.Context, text string) (Session, *Key, error) {
	if text == "" || len(text) > maxSessionText {
		return Session{}, nil, ErrSession
	}
	var disabled sql.NullInt64
	var now, idle int64
	row := s.db.QueryRowContext(ctx, `SELECT t.disabled_at, now_ms(), s.idle_ms, `+sessionColumns+`
		FROM sessions s JOIN tenants t ON t.tenant_id = s.tenant_id WHERE s.digest = $1`, s.sessionDigest(text))
	found, err := scanSession(also{row, []any{&disabled, &now, &idle}})
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, nil, ErrSession
	}
	if err != nil {
		return Session{}, nil, fmt.Errorf("look up a session: %w", err)
	}
	if found.ExpiresAt.UnixMilli() <= now || found.SeenAt.UnixMilli()+idle <= now {
		return Session{}, nil, ErrSession
	}
	if disabled.Valid {
		return Session{}, nil, ErrDisabled
	}
	var key *Key
	if found.KeyID != "" {
		k, err := scanKey(s.db.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM api_keys k WHERE k.key_id = $1 AND k.tenant_id = $2`, found.KeyID, found.TenantID))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return Session{}, nil, fmt.Errorf("look up the key of a session: %w", err)
		}
		if err != nil || k.RevokedAt != nil || k.ExpiresAt != nil && k.ExpiresAt.UnixMilli() <= now {
			return Session{}, nil, ErrSession
		}
		key, found.Scopes = &k, k.Scopes
	}
	if now-found.SeenAt.UnixMilli() >= lastUsedStep.Milliseconds() {
		_, _ = s.db.ExecContext(ctx, `UPDATE sessions SET seen_at = $1 WHERE session_id = $2`, now, found.ID) // a call isn't refused when that fails
	}
	return found, key, nil
}

// EndSession ends the session whose text a cookie holds. One that is not there is no error.
func (s *Service) EndSession(ctx context.Context, text string) error {
	if text == "" || len(text) > maxSessionText {
		return nil
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM sessions WHERE digest = $1`, s.sessionDigest(text)); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}

// ListSessions returns a tenant's sessions that have not ended, newest first.
func (s *Service) ListSessions(ctx context.Context, tenantID string) ([]Session, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+sessionColumns+` FROM sessions s WHERE s.tenant_id = $1 AND s.expires_at > now_ms() AND s.seen_at + s.idle_ms > now_ms()
		AND NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.key_id = s.key_id AND (k.revoked_at IS NOT NULL OR k.expires_at <= now_ms()))
		ORDER BY s.session_id DESC LIMIT $2`, tenantID, maxListed)
	if err != nil {
		return nil, fmt.Errorf("list the sessions of tenant %s: %w", tenantID, err)
	}
	defer rows.Close()
	out := []Session{}
	for rows.Next() {
		one, err := scanSession(rows)
		if err != nil {
			return nil, fmt.Errorf("list the sessions of tenant %s: %w", tenantID, err)
		}
		out = append(out, one)
	}
	return out, rows.Err()
}

// RevokeSession ends a session of a tenant; ErrSessionNotFound when the tenant has none of
// that id.
func (s *Service) RevokeSession(ctx context.Context, tenantID, sessionID string) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM sessions WHERE session_id = $1 AND tenant_id = $2`, sessionID, tenantID)
	if err != nil {
		return fmt.Errorf("revoke session %s: %w", sessionID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrSessionNotFound, err)
	}
	return nil
}

// Seal returns a text that only this service reads, for what a browser keeps between two
// calls of a sign-in. purpose tells uses apart.
func (s *Service) Seal(purpose string, plain []byte) (string, error) {
	a, err := s.sealer(purpose)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(a.Seal(nil, nil, plain, nil)), nil
}

// Unseal returns what Seal was given; ok is false for any other text.
func (s *Service) Unseal(purpose, sealed string) (plain []byte, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil, false
	}
	a, err := s.sealer(purpose)
	if err != nil {
		return nil, false
	}
	plain, err = a.Open(nil, nil, b, nil)
	return plain, err == nil
}

func (s *Service) sealer(purpose string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(macBytes(s.pepper, "sealed", purpose))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (s *Service) sessionDigest(text string) string { return mac(s.pepper, "session", text) }

// shortName makes a name that an issuer tells fit to be kept and shown.
func shortName(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, clean(name)))
	if r := []rune(name); len(r) > maxName {
		name = string(r[:maxName])
	}
	return name
}

func scanSession(r interface{ Scan(dest ...any) error }) (Session, error) {
	var s Session
	var scopes string
	var created, seen, expires int64
	if err := r.Scan(&s.ID, &s.TenantID, &s.KeyID, &s.Subject, &s.Name, &scopes, &created, &seen, &expires); err != nil {
		return Session{}, err
	}
	s.Scopes = splitScopes(scopes)
	s.CreatedAt, s.SeenAt, s.ExpiresAt = db.Time(created), db.Time(seen), db.Time(expires)
	return s, nil
}
