package brand

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/opal-photo/opal/modules/fault"
)

// MaxLogo bounds a logo, in bytes.
const MaxLogo = 1 << 20

// Errors of logos.
var (
	ErrNoLogo    = fault.New(fault.NotFound, "brand_logo_missing", "The brand profile has no logo")
	ErrLogoLarge = fault.New(fault.Invalid, "brand_logo_large", "The logo is too large; 1 MB as a PNG of at most 512 pixels is the limit")
)

// SetLogo keeps a profile's logo, a PNG. It is shown to people and never put into a
// picture. Errors: ErrNotFound, ErrLogoLarge.
func (s *Service) SetLogo(ctx context.Context, tenantID, id string, png []byte) (Profile, error) {
	if len(png) > MaxLogo {
		return Profile{}, ErrLogoLarge.With("it has %d bytes", len(png))
	}
	sum := sha256.Sum256(png)
	return s.change(ctx, tenantID, id, `logo = $3, logo_hash = $4`, base64.StdEncoding.EncodeToString(png), hex.EncodeToString(sum[:8]))
}

// DropLogo removes a profile's logo. Without one it changes nothing. Error: ErrNotFound.
func (s *Service) DropLogo(ctx context.Context, tenantID, id string) (Profile, error) {
	return s.change(ctx, tenantID, id, `logo = NULL, logo_hash = NULL`)
}

// Logo returns a profile's logo, a PNG. Errors: ErrNotFound, ErrNoLogo.
func (s *Service) Logo(ctx context.Context, tenantID, id string) ([]byte, error) {
	var text sql.NullString
	err := s.db.QueryRowContext(ctx, `SELECT logo FROM brand_profiles WHERE tenant_id = $1 AND brand_profile_id = $2`, tenantID, id).Scan(&text)
	switch {
	case errors.Is(err, sql.ErrNoRows) && id != DefaultID:
		return nil, ErrNotFound
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("load the logo of brand profile %s: %w", id, err)
	case !text.Valid:
		return nil, ErrNoLogo
	}
	b, err := base64.StdEncoding.DecodeString(text.String)
	if err != nil {
		return nil, fmt.Errorf("decode the logo of brand profile %s: %w", id, err)
	}
	return b, nil
}
