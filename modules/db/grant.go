package db

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrNoUsers is returned by Grant and GrantRead on SQLite, which has no users.
var ErrNoUsers = fault.New(fault.Invalid, "database_without_users", "Rights are given to users of Postgres; SQLite has none. Leave --grant-to and --read-to out")

// Grant gives the users the right to read and write the rows of OPAL's tables,
// those of later migrations included, and no right to change the schema. The
// caller's user must own the tables, as the one that migrates does. The users
// must exist. It may be repeated.
func (d *DB) Grant(ctx context.Context, users []string) error {
	return d.give(ctx, users, "SELECT, INSERT, UPDATE, DELETE", "USAGE, SELECT")
}

// GrantRead gives the users, or the members of such roles, the right to read the rows
// of OPAL's tables and nothing else; otherwise it is as Grant.
func (d *DB) GrantRead(ctx context.Context, users []string) error {
	return d.give(ctx, users, "SELECT", "SELECT")
}

func (d *DB) give(ctx context.Context, users []string, tables, sequences string) error {
	if !d.postgres {
		return ErrNoUsers
	}
	return d.InTx(ctx, func(tx *Tx) error {
		for _, user := range users {
			who := pgx.Identifier{user}.Sanitize()
			for _, statement := range []string{
				"GRANT USAGE ON SCHEMA public TO " + who,
				"GRANT " + tables + " ON ALL TABLES IN SCHEMA public TO " + who,
				"GRANT " + sequences + " ON ALL SEQUENCES IN SCHEMA public TO " + who,
				"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT " + tables + " ON TABLES TO " + who,
				"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT " + sequences + " ON SEQUENCES TO " + who,
			} {
				if _, err := tx.ExecContext(ctx, statement); err != nil {
					return fmt.Errorf("give %s its rights: %w", user, err)
				}
			}
		}
		return nil
	})
}
