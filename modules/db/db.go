// Package db opens OPAL's database, SQLite or Postgres, behind database/sql with
// one SQL text for both.
//
// One text suits both because it uses $1 placeholders, TEXT ids, times as
// BIGINT milliseconds since 1970 UTC, and the SQL function now_ms(), which
// reads the database's clock on Postgres and the process's on SQLite.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrUnavailable says that the database can't be reached.
var ErrUnavailable = fault.New(fault.Unavailable, "database_unavailable", "The database can't be reached; try again shortly")

// Querier runs reads and writes: a DB or a Tx.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Options says which database to open and how many connections to keep.
type Options struct {
	URL         string        // see ParseURL
	MaxOpen     int           // connections at most; 0: 10
	MaxIdle     int           // kept when idle; 0: 5
	MaxLifetime time.Duration // of one connection; 0: 30 min

	// Patience bounds how long Postgres may send nothing while a call waits for it;
	// 0: 30 s. Statements that take long by themselves, such as a migration, need
	// more.
	Patience time.Duration

	// Password, when set, returns the password of each new Postgres connection: an
	// Entra ID token, which expires while the process runs.
	Password func(ctx context.Context) (string, error)
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	*sql.DB
	postgres bool
	path     string      // SQLite's file
	current  atomic.Bool // the schema was found to be that of this version
	write    sync.Mutex  // SQLite takes one writer: queue here, fairly, not in its busy loop
}

// Open opens the database and checks that it answers. It does not migrate.
func Open(ctx context.Context, o Options) (*DB, error) {
	u, err := ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	d := &DB{postgres: u.Postgres, path: u.Path}
	if u.Postgres {
		d.DB, err = openPostgres(ctx, u.DSN, orDefault(o.Patience, defaultPatience), o.Password)
	} else {
		d.DB, err = openSQLite(ctx, u.Path)
	}
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(orDefault(o.MaxOpen, 10))
	d.SetMaxIdleConns(orDefault(o.MaxIdle, 5))
	d.SetConnMaxLifetime(orDefault(o.MaxLifetime, 30*time.Minute))
	if err := d.Ping(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func orDefault[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// Ping checks that the database answers; ErrUnavailable if not.
func (d *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := d.PingContext(ctx); err != nil {
		return fmt.Errorf("ping database: %w", errors.Join(ErrUnavailable, scrub(err)))
	}
	return nil
}

// Postgres reports whether the database is Postgres rather than SQLite.
func (d *DB) Postgres() bool { return d.postgres }

// SkipLocked returns the suffix of a SELECT that claims rows inside a
// transaction: competing claimers pass over each other's rows. On SQLite it is
// empty, because a write transaction excludes every other.
func (d *DB) SkipLocked() string {
	if d.postgres {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// ForUpdate returns the suffix of a SELECT that locks the rows it reads until
// the transaction ends; empty on SQLite, as with SkipLocked.
func (d *DB) ForUpdate() string {
	if d.postgres {
		return " FOR UPDATE"
	}
	return ""
}

// Now reads the database's clock.
func Now(ctx context.Context, q Querier) (time.Time, error) {
	var ms int64
	if err := q.QueryRowContext(ctx, `SELECT now_ms()`).Scan(&ms); err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", err)
	}
	return Time(ms), nil
}

// Time converts a stored time (milliseconds since 1970) to UTC.
func Time(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// MaybeTime converts a stored time as Time does; NULL is nil.
func MaybeTime(ms sql.NullInt64) *time.Time {
	if !ms.Valid {
		return nil
	}
	t := Time(ms.Int64)
	return &t
}
