package db

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/opal-photo/opal/modules/fault"
)

// migrations holds the schema's history, one SQL text for both engines.
// Statements that differ by engine (triggers) are in the folder of its name,
// under the same numbers for both. Each step only expands or, a release later,
// contracts, so that the version before it keeps running beside it.
//
//go:embed migrations/*.sql migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// nowFunction gives Postgres the clock function that SQLite gets from the
// process. clock_timestamp moves inside a transaction, as leases need.
const nowFunction = `CREATE OR REPLACE FUNCTION now_ms() RETURNS BIGINT LANGUAGE sql VOLATILE AS
$$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$`

// nowLock serialises what goes before the migrations among replicas that start
// at the same time: v0.2.1's tables are moved away once, and Postgres fails a
// concurrent replacement of now_ms.
const nowLock = 0x6f70616c // "opal"

// Migrate brings the schema up to date. Replicas that start at the same time
// wait for each other.
func (d *DB) Migrate(ctx context.Context) error {
	return d.migrate(ctx, func(p *goose.Provider) error { _, err := p.Up(ctx); return err })
}

// migrate prepares the database for migrations and runs up.
func (d *DB) migrate(ctx context.Context, up func(p *goose.Provider) error) error {
	p, err := d.provider()
	if err != nil {
		return err
	}
	if d.postgres {
		err := d.InTx(ctx, func(tx *Tx) error {
			if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, nowLock); err != nil {
				return err
			}
			if err := setAside(ctx, tx); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, nowFunction)
			return err
		})
		if err != nil {
			return fmt.Errorf("prepare the database: %w", err)
		}
	}
	if err := up(p); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// Pending returns the number of migrations that have not run.
func (d *DB) Pending(ctx context.Context) (int, error) {
	p, err := d.provider()
	if err != nil {
		return 0, err
	}
	applied, err := d.applied(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the migration state: %w", err)
	}
	n := 0
	for _, source := range p.ListSources() {
		if !applied[source.Version] {
			n++
		}
	}
	return n, nil
}

// ErrSchema says that the database lacks tables that this version needs.
var ErrSchema = fault.New(fault.Unavailable, "database_not_migrated", "The database has no schema, or that of an older version; run opal migrate")

// Ready checks that the database answers and has the schema that this version
// needs: ErrUnavailable or ErrSchema if not. Once the schema was found, later
// calls don't look for it again.
func (d *DB) Ready(ctx context.Context) error {
	if err := d.Ping(ctx); err != nil || d.current.Load() {
		return err
	}
	n, err := d.Pending(ctx)
	switch {
	case err != nil:
		return err
	case n > 0:
		return ErrSchema.With("%d migrations have not run", n)
	}
	d.current.Store(true)
	return nil
}

// applied returns the versions of the migrations that have run. It only reads,
// without goose's lock: roles that may not change the schema call it, too.
func (d *DB) applied(ctx context.Context) (map[int64]bool, error) {
	there := `SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'`
	if d.postgres {
		there = `SELECT to_regclass('goose_db_version') IS NOT NULL`
	}
	var known bool
	if err := d.QueryRowContext(ctx, there).Scan(&known); err != nil || !known {
		return nil, err
	}
	rows, err := d.QueryContext(ctx, `SELECT version_id, is_applied FROM goose_db_version ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	versions := map[int64]bool{}
	for rows.Next() {
		var version int64
		var done bool
		if err := rows.Scan(&version, &done); err != nil {
			return nil, err
		}
		versions[version] = done // the newest row counts
	}
	return versions, rows.Err()
}

func (d *DB) provider() (*goose.Provider, error) {
	engine := "sqlite"
	if d.postgres {
		engine = "postgres"
	}
	dir, err := migrationsFor(engine)
	if err != nil {
		return nil, err
	}
	dialect, opts := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(takeover(d.postgres))}
	if d.postgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		dialect, opts = goose.DialectPostgres, append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, d.DB, dir, opts...)
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil, errors.New("no migrations are embedded")
	}
	return p, err
}
