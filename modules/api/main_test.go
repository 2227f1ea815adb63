package api

import (
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// onPostgres is true in the second run.
var onPostgres bool

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(bothEngines{m}, dbtest.IgnoreServer()...)
}

// ofDatabases are the tests that asked for a database.
var ofDatabases sync.Map

// bothEngines runs every test on SQLite, and those that asked for a database again on
// Postgres: the first takes what the second refuses. With -short only SQLite is used.
type bothEngines struct{ tests *testing.M }

// Run returns the exit status of the run that failed, or 0.
func (b bothEngines) Run() int {
	code := b.tests.Run()
	var again []string
	ofDatabases.Range(func(name, _ any) bool { again = append(again, name.(string)); return true })
	if code == 0 && len(again) > 0 && !testing.Short() {
		_, below, narrowed := strings.Cut(flag.Lookup("test.run").Value.String(), "/")
		pattern := "^(" + strings.Join(again, "|") + ")$"
		if narrowed {
			pattern += "/" + below
		}
		if err := flag.Set("test.run", pattern); err != nil {
			panic(err)
		}
		onPostgres = true
		if code = b.tests.Run(); code != 0 {
			fmt.Println("the tests passed on SQLite and fail on Postgres")
		}
	}
	return code
}

// testDB is a new database of the run's engine.
func testDB(t testing.TB) *db.DB {
	t.Helper()
	name, _, _ := strings.Cut(t.Name(), "/")
	ofDatabases.Store(name, true)
	if onPostgres {
		return dbtest.Postgres(t)
	}
	return dbtest.SQLite(t)
}
