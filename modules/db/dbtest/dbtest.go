// Package dbtest gives tests a fresh, migrated database on each engine.
package dbtest

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/db"
)

// Run calls fn in the subtests "sqlite" and "postgres", each with a database of
// its own that goes with the subtest.
func Run(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// IgnoreServer lets a TestMain that looks for leaked goroutines pass over the two of the
// Postgres server: all tests share it, and it ends with the tests' process.
func IgnoreServer() []goleak.Option {
	const start = "github.com/opal-photo/opal/modules/db/dbtest.(*Server).Start.func1"
	return []goleak.Option{goleak.IgnoreAnyFunction(start), goleak.IgnoreAnyFunction(start + ".1")}
}

// SQLiteURL returns the URL of a file that does not exist yet.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return db.SQLiteURL(filepath.Join(t.TempDir(), "opal.db"))
}

// PostgresURL returns the URL of a new, empty database on the test server.
func PostgresURL(t testing.TB) string { return postgresURL(t, "") }

// postgresURL makes a database by CREATE DATABASE with the clause.
func postgresURL(t testing.TB, clause string) string {
	t.Helper()
	server := serverURL(t)
	admin, err := db.Open(context.Background(), db.Options{URL: server, MaxOpen: 1})
	if err != nil {
		t.Fatalf("open the Postgres server: %v", err)
	}
	defer admin.Close()
	name := "t" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := admin.Exec(`CREATE DATABASE ` + name + clause); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		admin, err := db.Open(context.Background(), db.Options{URL: server, MaxOpen: 1})
		if err != nil {
			return // the server is gone, and the database with it
		}
		defer admin.Close()
		if _, err := admin.Exec(`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`); err != nil {
			t.Logf("drop the test database: %v", err)
		}
	})
	return strings.Replace(server, "/postgres?", "/"+name+"?", 1)
}

// Open opens and migrates the database, and closes it with the test.
func Open(t testing.TB, url string) *db.DB {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, db.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if err := d.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	return d
}
