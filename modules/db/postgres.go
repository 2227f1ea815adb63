package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// connectTimeout bounds connecting where the URL sets no bound, and keepAlive
// detects machines that are gone.
const (
	connectTimeout = 10 * time.Second
	keepAlive      = 10 * time.Second
)

func openPostgres(ctx context.Context, dsn string, patience time.Duration, password func(context.Context) (string, error)) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, ErrURL.With("Postgres's driver can't read it")
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "opal"
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	dialer := &net.Dialer{Timeout: cfg.ConnectTimeout, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAlive, Interval: keepAlive, Count: 3}}
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &patientConn{Conn: c, patience: patience}, nil
	}
	// The server, too, is not told that a connection was dropped, and would keep
	// the locks of its open transaction. A statement sets the bound, since a
	// pooler in between may refuse it as a parameter of the connection.
	opts := []stdlib.OptionOpenDB{stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, fmt.Sprintf(`SET idle_in_transaction_session_timeout = %d`, patience.Milliseconds()))
		return err
	})}
	if password != nil {
		opts = append(opts, stdlib.OptionBeforeConnect(func(ctx context.Context, c *pgx.ConnConfig) error {
			token, err := password(ctx)
			if err != nil {
				return fmt.Errorf("get the database token: %w", err)
			}
			c.Password = token
			return nil
		}))
	}
	return openTraced(ctx, stdlib.GetConnector(*cfg, opts...), "postgresql"), nil
}

// scrub drops the parts of a driver's error that may quote the connection
// string.
func scrub(err error) error {
	var c *pgconn.ConnectError
	if errors.As(err, &c) {
		return fmt.Errorf("connect to %s:%d as %s: %w", c.Config.Host, c.Config.Port, c.Config.User, c.Unwrap())
	}
	return err
}
