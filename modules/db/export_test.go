package db

import (
	"context"

	"github.com/pressly/goose/v3"
)

// MigrateTo brings the schema to a version, as an earlier release would have
// left it.
func MigrateTo(ctx context.Context, d *DB, version int64) error {
	return d.migrate(ctx, func(p *goose.Provider) error { _, err := p.UpTo(ctx, version); return err })
}
