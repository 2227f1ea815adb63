package db

import (
	"io/fs"
	"slices"
	"testing"
)

func TestBothEnginesHaveTheSameMigrations(t *testing.T) {
	names := map[string][]string{}
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			dir, err := migrationsFor(engine)
			if err != nil {
				t.Fatal(err)
			}
			if names[engine], err = fs.Glob(dir, "*.sql"); err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, n := range names[engine] {
				number := n[:5]
				if seen[number] {
					t.Errorf("two migrations have the number %s", number)
				}
				seen[number] = true
				if b, err := fs.ReadFile(dir, n); err != nil || len(b) == 0 {
					t.Errorf("%s: %d bytes, %v", n, len(b), err)
				}
			}
		})
	}
	if !slices.Equal(names["sqlite"], names["postgres"]) || !slices.Contains(names["sqlite"], "00001_core.sql") {
		t.Fatalf("sqlite has %v, postgres %v", names["sqlite"], names["postgres"])
	}
}
