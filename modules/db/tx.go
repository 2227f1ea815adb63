package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Tx is a write transaction.
type Tx struct {
	*sql.Tx
	d     *DB
	after []func()
}

// AfterCommit runs fn once, after the commit succeeded and outside the
// transaction, for example to wake the relay.
func (t *Tx) AfterCommit(fn func()) { t.after = append(t.after, fn) }

// SkipLocked is DB.SkipLocked.
func (t *Tx) SkipLocked() string { return t.d.SkipLocked() }

// ForUpdate is DB.ForUpdate.
func (t *Tx) ForUpdate() string { return t.d.ForUpdate() }

// maxTries bounds how often a transaction is begun again after losing a
// deadlock or a serialization conflict.
const maxTries = 8

// InTx runs fn in a write transaction and commits it, or rolls it back when fn
// returns an error. It runs fn again when the database asks for that (deadlock,
// serialization failure, busy), so fn changes nothing but the database. A lost
// connection at commit is returned, not retried: it may have been committed.
func (d *DB) InTx(ctx context.Context, fn func(tx *Tx) error) error {
	for try := 1; ; try++ {
		tx, err := d.once(ctx, fn)
		if err == nil {
			for _, f := range tx.after {
				f()
			}
			return nil
		}
		if try == maxTries || !again(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(time.Duration(rand.Int64N(int64(10*time.Millisecond) << try))):
		}
	}
}

func (d *DB) once(ctx context.Context, fn func(tx *Tx) error) (*Tx, error) {
	if !d.postgres {
		d.write.Lock()
		defer d.write.Unlock()
	}
	stx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", unreachable(err))
	}
	tx := &Tx{Tx: stx, d: d}
	defer func() { _ = stx.Rollback() }() // after a commit this does nothing; after a panic it frees the connection
	if err := fn(tx); err != nil {
		return nil, unreachable(err)
	}
	if err := stx.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w", unreachable(err))
	}
	return tx, nil
}

// again reports whether the database rolled the transaction back only because
// of concurrent ones.
func again(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization_failure, deadlock_detected
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY
}

// IsUnique reports whether err is the violation of a unique or primary key.
func IsUnique(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
