package dbtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/opal-photo/opal/modules/db"
)

// Running all migrations takes longer than most tests do: each process runs them once
// on each engine, and its tests get copies.
var (
	liteOnce  sync.Once
	liteImage []byte // a migrated SQLite file
	errLite   error

	pgOnce sync.Once
	errPg  error
)

// pgTemplate is the migrated database on the process's Postgres server.
const pgTemplate = "opal_migrated"

// SQLite returns a migrated database in a file of its own that goes with the test.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	liteOnce.Do(func() { liteImage, errLite = migratedFile() })
	if errLite != nil {
		t.Fatalf("migrate a SQLite file: %v", errLite)
	}
	path := filepath.Join(t.TempDir(), "opal.db")
	if err := os.WriteFile(path, liteImage, 0o600); err != nil {
		t.Fatal(err)
	}
	return Open(t, db.SQLiteURL(path))
}

// Postgres returns a migrated database of its own that goes with the test.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	server := serverURL(t)
	pgOnce.Do(func() { errPg = migrateTemplate(server) })
	if errPg != nil {
		t.Fatalf("migrate a Postgres database: %v", errPg)
	}
	return Open(t, postgresURL(t, ` TEMPLATE `+pgTemplate))
}

// migratedFile returns the bytes of a SQLite file with the newest schema.
func migratedFile() ([]byte, error) {
	dir, err := os.MkdirTemp("", "opal-migrated-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "opal.db")
	if err := migrated(db.SQLiteURL(path)); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // closing has written the log back into it
}

func migrateTemplate(server string) error {
	admin, err := db.Open(context.Background(), db.Options{URL: server, MaxOpen: 1})
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err := admin.Exec(`CREATE DATABASE ` + pgTemplate); err != nil {
		return err
	}
	return migrated(strings.Replace(server, "/postgres?", "/"+pgTemplate+"?", 1))
}

// migrated opens a database, migrates it and closes it.
func migrated(url string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, db.Options{URL: url})
	if err != nil {
		return err
	}
	err = d.Migrate(ctx)
	if closed := d.Close(); err == nil {
		err = closed
	}
	return err
}
