package tenant

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/fault"
)

const (
	// idempotencyTTL is how long a key stands for its request.
	idempotencyTTL = 30 * 24 * time.Hour
	// idempotencyLease is how long a call may work on a key. A call ends before
	// that; a later one finds that its process died and takes the key over.
	idempotencyLease = 2 * time.Minute
	// idempotencyRetry is when a caller should ask again about a call in flight.
	idempotencyRetry = time.Second
	// sweepLimit bounds the expired keys that one call deletes.
	sweepLimit = 100
)

// Errors of callers with idempotency keys.
var (
	ErrKeyReused = fault.New(fault.Invalid, "idempotency_key_reused", "This Idempotency-Key was used for another request; use a new one")
	ErrInFlight  = fault.New(fault.Conflict, "idempotency_in_flight", "A request with this Idempotency-Key is being worked on; ask again shortly")
)

// Reply is the answer that an idempotency key stands for.
type Reply struct {
	Status      int    `json:"status"`
	ContentType string `json:"content_type"`
	Body        []byte `json:"body"`
}

// Claim is the right to work on an idempotency key.
type Claim struct {
	Token string // for Finish or Abandon
	// ResourceID is the id of what the call makes. It stays with the key: a call that is
	// done again after a crash finds what the first one made.
	ResourceID string
}

// Begin claims an idempotency key for a request, which the digest request
// stands for. It returns a claim for Finish or Abandon; or the reply of the
// finished call; or ErrKeyReused for another request, ErrInFlight while the
// first is worked on. A call whose process died is done again, with the same
// ResourceID.
func (s *Service) Begin(ctx context.Context, tenantID, key, request string) (c Claim, reply *Reply, err error) {
	digest := s.idempotencyDigest(tenantID, key)
	c.Token = uuid.NewString()
	made := uuid.Must(uuid.NewV7()).String()
	var sealed sql.NullString
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		sealed, c.ResourceID = sql.NullString{}, made
		if _, err := tx.ExecContext(ctx, `DELETE FROM idempotency_keys WHERE (tenant_id, digest) IN
			(SELECT tenant_id, digest FROM idempotency_keys WHERE expires_at <= now_ms() ORDER BY expires_at LIMIT $1`+tx.SkipLocked()+`)`, sweepLimit); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO idempotency_keys (tenant_id, digest, request, token, resource_id, lease_until, expires_at)
			VALUES ($1, $2, $3, $4, $5, now_ms() + $6, now_ms() + $7) ON CONFLICT (tenant_id, digest) DO NOTHING`,
			tenantID, digest, request, c.Token, made, idempotencyLease.Milliseconds(), idempotencyTTL.Milliseconds())
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return s.takeOver(ctx, tx, tenantID, digest, request, &c, &sealed)
	})
	if err != nil {
		return Claim{}, nil, fmt.Errorf("claim an idempotency key: %w", err)
	}
	if !sealed.Valid {
		return c, nil, nil
	}
	reply, err = s.open(tenantID, key, sealed.String)
	return Claim{}, reply, err
}

// takeOver reads the row that another call made, and takes it over when that
// call's lease has ended.
func (s *Service) takeOver(ctx context.Context, tx *db.Tx, tenantID, digest, request string, c *Claim, sealed *sql.NullString) error {
	var was string
	var made sql.NullString
	var free bool
	if err := tx.QueryRowContext(ctx, `SELECT request, reply, resource_id, lease_until <= now_ms() FROM idempotency_keys
		WHERE tenant_id = $1 AND digest = $2`+tx.ForUpdate(), tenantID, digest).Scan(&was, sealed, &made, &free); err != nil {
		return err
	}
	switch {
	case was != request:
		return ErrKeyReused
	case sealed.Valid:
		return nil
	case !free:
		return fault.Transient(ErrInFlight, idempotencyRetry)
	}
	if made.Valid {
		c.ResourceID = made.String
	}
	_, err := tx.ExecContext(ctx, `UPDATE idempotency_keys SET token = $1, resource_id = $2, lease_until = now_ms() + $3 WHERE tenant_id = $4 AND digest = $5`,
		c.Token, c.ResourceID, idempotencyLease.Milliseconds(), tenantID, digest)
	return err
}

// Finish keeps the reply of the call that Begin gave the token to. It is stored
// sealed: only the caller's key and the pepper together open it, since a reply
// may hold a new API key. A call that lost its token changes nothing.
func (s *Service) Finish(ctx context.Context, tenantID, key, token string, r Reply) error {
	sealed, err := s.seal(tenantID, key, r)
	if err != nil {
		return err
	}
	return s.settle(ctx, `UPDATE idempotency_keys SET reply = $4 WHERE tenant_id = $1 AND digest = $2 AND token = $3 AND reply IS NULL`,
		tenantID, s.idempotencyDigest(tenantID, key), token, sealed)
}

// Abandon frees a key whose call made nothing.
func (s *Service) Abandon(ctx context.Context, tenantID, key, token string) error {
	return s.settle(ctx, `DELETE FROM idempotency_keys WHERE tenant_id = $1 AND digest = $2 AND token = $3 AND reply IS NULL`,
		tenantID, s.idempotencyDigest(tenantID, key), token)
}

func (s *Service) settle(ctx context.Context, query string, args ...any) error {
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("settle an idempotency key: %w", err)
	}
	return nil
}

func (s *Service) idempotencyDigest(tenantID, key string) string {
	return mac(s.pepper, "idempotency-key", tenantID, key)
}

func (s *Service) aead(tenantID, key string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(macBytes(s.pepper, "idempotency-reply", tenantID, key))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (s *Service) seal(tenantID, key string, r Reply) (string, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	a, err := s.aead(tenantID, key)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(a.Seal(nil, nil, plain, nil)), nil
}

func (s *Service) open(tenantID, key, sealed string) (*Reply, error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, fmt.Errorf("decode a stored reply: %w", err)
	}
	a, err := s.aead(tenantID, key)
	if err != nil {
		return nil, err
	}
	plain, err := a.Open(nil, nil, b, nil)
	if err != nil {
		return nil, errors.New("open a stored reply: it was not sealed with this key")
	}
	r := new(Reply)
	return r, json.Unmarshal(plain, r)
}
