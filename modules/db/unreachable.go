package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Unreachable reports whether an error of this package, of database/sql or of
// the driver means that the database could not be reached, went away in the
// middle of a call, or has no space left: the statement itself is not at fault.
func Unreachable(err error) bool {
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	var lite *sqlite.Error
	switch {
	case err == nil:
		return false
	case errors.Is(err, ErrUnavailable), errors.As(err, &connect):
		return true
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false // the caller's context ended
	case errors.As(err, &pg):
		// connection exceptions, a lack of resources such as a full disk, and a
		// server that shuts down, has crashed or is starting
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "57P")
	case errors.As(err, &lite):
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_FULL || code == sqlite3.SQLITE_IOERR || code == sqlite3.SQLITE_CANTOPEN
	}
	return errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// unreachable adds ErrUnavailable to an error that means no connection.
func unreachable(err error) error {
	if !Unreachable(err) || errors.Is(err, ErrUnavailable) {
		return err
	}
	if diskFull(err) {
		return errors.Join(ErrUnavailable.With("its disk is full"), err)
	}
	return errors.Join(ErrUnavailable, scrub(err))
}

func diskFull(err error) bool {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	return errors.As(err, &pg) && pg.Code == "53100" || errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_FULL
}

// ExecContext calls sql.DB's ExecContext, and adds ErrUnavailable when the
// database could not be reached.
func (d *DB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	r, err := d.DB.ExecContext(ctx, query, args...)
	return r, unreachable(err)
}

// QueryContext calls sql.DB's QueryContext, and adds ErrUnavailable in the same
// way.
func (d *DB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := d.DB.QueryContext(ctx, query, args...)
	return rows, unreachable(err)
}
