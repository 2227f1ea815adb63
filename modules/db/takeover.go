package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/opal-photo/opal/modules/fault"
)

// ErrTakeover says that the database holds tables whose names migrations need:
// they belong to no known version of OPAL, or v0.2.1 still uses them.
var ErrTakeover = fault.New(fault.Conflict, "database_not_recognised", "The database can't be taken over; nothing in it was changed")

// backupSchema is where v0.2.1's tables go, since their names are also those of
// OPAL's tables.
const backupSchema = "v021"

// lockWait is how long to wait for tables that are in use, unless the
// connection has a lock_timeout of its own.
const lockWait = "20s"

// table is the columns of a table, by name, with their types.
type table map[string]string

// String lists the columns.
func (t table) String() string { return strings.Join(slices.Sorted(maps.Keys(t)), ", ") }

func (t table) has(columns ...string) bool {
	return !slices.ContainsFunc(columns, func(c string) bool { return t[c] == "" })
}

// oldTables are v0.2.1's tables and how each is recognised. Databases differ in
// their other columns.
var oldTables = map[string]func(t table) bool{
	"jobs": func(t table) bool { return t.has("id", "tenant_id", "status", "correlation_id") && !t.has("job_id") },
	"job_items": func(t table) bool {
		return t.has("id", "job_id", "filename", "status", "raw_blob_path", "output_blob_path")
	},
	"credit_ledger":   func(t table) bool { return t.has("id", "tenant_id") && deltaOf(t) != "" },
	"alembic_version": func(t table) bool { return t.has("version_num") },
}

// deltaOf returns the column of a ledger that holds the change of the balance;
// "" when it has none.
func deltaOf(ledger table) string {
	for _, name := range []string{"delta", "amount", "credits"} {
		if ledger.has(name) {
			return name
		}
	}
	return ""
}

// setAside moves v0.2.1's tables into a schema of their own, before the first
// migration of a database that has none of OPAL's. It fails with ErrTakeover,
// and changes nothing, when a table of one of these names is not v0.2.1's.
func setAside(ctx context.Context, tx *Tx) error {
	if _, err := tx.ExecContext(ctx, `SELECT set_config('lock_timeout', $1, true) WHERE current_setting('lock_timeout') = '0'`, lockWait); err != nil {
		return err
	}
	here, err := tables(ctx, tx, "")
	if err != nil {
		return err
	}
	if migrated, err := hasMigrations(ctx, tx, here); err != nil || migrated {
		return err
	}
	old, err := recognise(here)
	if err != nil || len(old) == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+backupSchema); err != nil {
		return explain(err)
	}
	types, err := enumsOf(ctx, tx, old)
	if err != nil {
		return err
	}
	// a table's keys, indexes and sequences move with it
	for _, name := range old {
		if _, err := tx.ExecContext(ctx, `ALTER TABLE `+quote(name)+` SET SCHEMA `+backupSchema); err != nil {
			return explain(err)
		}
	}
	for _, name := range types {
		if _, err := tx.ExecContext(ctx, `ALTER TYPE `+quote(name)+` SET SCHEMA `+backupSchema); err != nil {
			return explain(err)
		}
	}
	return nil
}

// hasMigrations reports whether OPAL's migrations have begun in a database.
func hasMigrations(ctx context.Context, tx *Tx, here map[string]table) (bool, error) {
	if !here["goose_db_version"].has("version_id") {
		return false, nil
	}
	var last int64
	err := tx.QueryRowContext(ctx, `SELECT COALESCE(max(version_id), 0) FROM goose_db_version`).Scan(&last)
	return last > 0, err
}

// recognise returns v0.2.1's tables among those that are there, in order of
// name; an empty list when there are none.
func recognise(here map[string]table) ([]string, error) {
	ours, err := tableNames()
	if err != nil {
		return nil, err
	}
	var old []string
	for _, name := range slices.Sorted(maps.Keys(here)) {
		known, ok := oldTables[name]
		switch {
		case ok && known(here[name]):
			old = append(old, name)
		case ok || slices.Contains(ours, name):
			return nil, ErrTakeover.With("table %s is in the way and not v0.2.1's: its columns are %.300s. Move it away (ALTER TABLE %s SET SCHEMA other) or give OPAL a database of its own",
				name, here[name], name)
		}
	}
	if slices.Contains(old, "jobs") != slices.Contains(old, "job_items") {
		return nil, ErrTakeover.With("of v0.2.1's tables jobs and job_items only one is there; restore both")
	}
	if slices.Equal(old, []string{"alembic_version"}) {
		return nil, nil // tables of another program
	}
	return old, nil
}

// tables lists the tables of a schema ("": the connection's own) with their
// columns. It reads the catalogue itself: information_schema leaves out tables
// that the user may not read, whose names migrations would conflict with.
func tables(ctx context.Context, q Querier, schema string) (map[string]table, error) {
	rows, err := q.QueryContext(ctx, `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = COALESCE(NULLIF($1, ''), current_schema()) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped`, schema)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	defer rows.Close()
	out := map[string]table{}
	for rows.Next() {
		var name, column, kind string
		if err := rows.Scan(&name, &column, &kind); err != nil {
			return nil, err
		}
		if out[name] == nil {
			out[name] = table{}
		}
		out[name][column] = kind
	}
	return out, rows.Err()
}

// enumsOf lists the enum types of the connection's schema that the tables use.
func enumsOf(ctx context.Context, tx *Tx, names []string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT DISTINCT t.typname FROM pg_type t JOIN pg_attribute a ON a.atttypid = t.oid JOIN pg_class c ON c.oid = a.attrelid
		WHERE t.typtype = 'e' AND c.relname = ANY($1) AND c.relnamespace = t.typnamespace
		AND t.typnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) ORDER BY 1`, names)
	if err != nil {
		return nil, fmt.Errorf("list the types: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, rows.Err()
}

// createTable finds the tables that a migration makes.
var createTable = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)

// tableNames lists the tables of OPAL's own schema.
func tableNames() ([]string, error) {
	var names []string
	err := fs.WalkDir(migrations, "migrations", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations, path)
		if err != nil {
			return err
		}
		for _, m := range createTable.FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
		return nil
	})
	return names, err
}

// explain says what to do about an error of moving tables.
func explain(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch pg.Code {
	case "55P03": // lock_not_available
		return ErrTakeover.With("v0.2.1 still uses its tables: stop its apps and run this again")
	case "42501": // insufficient_privilege
		return ErrTakeover.With("the database's user may not move v0.2.1's tables (%s): make it their owner and GRANT CREATE ON DATABASE to it, or have their owner move them into schema %s and GRANT SELECT", pg.Message, backupSchema)
	case "42P07", "42710": // duplicate_table, duplicate_object
		return ErrTakeover.With("schema %s holds an earlier copy (%s): move it away first", backupSchema, pg.Message)
	}
	return err
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
