package db

import (
	"context"

	"github.com/pressly/goose/v3"
)

// MigrateTo brings the schema to a version, as a database is that a release of
// that time has migrated.
func MigrateTo(ctx context.Context, d *DB, version int64) error {
	return d.migrate(ctx, func(p *goose.Provider) error { _, err := p.UpTo(ctx, version); return err })
}
