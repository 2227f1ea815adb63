package db_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// TestTheDatabaseIsPrivate opens one in a folder that everybody may read: a new
// one, and one that an earlier version left readable.
func TestTheDatabaseIsPrivate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "opal.db")
	check := func(when string) {
		t.Helper()
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", when, files, err)
		}
		for _, f := range files {
			info, err := os.Stat(f)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %s is %v", when, f, info.Mode())
			}
		}
	}
	d := dbtest.Open(t, db.SQLiteURL(path))
	if _, err := d.Exec(`CREATE TABLE x (y TEXT)`); err != nil {
		t.Fatal(err)
	}
	check("new")
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Chmod(f, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dbtest.Open(t, db.SQLiteURL(path))
	check("made private")
}
