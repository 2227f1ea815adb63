package api

import (
	"flag"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// engine makes the databases of the current run.
var (
	engine     = dbtest.SQLiteURL
	onPostgres bool
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(bothEngines{m}, dbtest.IgnoreServer()...)
}

// bothEngines runs every test on SQLite and again on Postgres: the first takes what the
// second refuses. With -short only SQLite is used.
type bothEngines struct{ tests *testing.M }

// Run returns the exit status of the run that failed, or 0.
func (b bothEngines) Run() int {
	code := b.tests.Run()
	if code == 0 && !testing.Short() && flag.Lookup("test.list").Value.String() == "" {
		engine, onPostgres = dbtest.PostgresURL, true
		if code = b.tests.Run(); code != 0 {
			fmt.Println("the tests passed on SQLite and fail on Postgres")
		}
	}
	return code
}

// testDB is a new database of the run's engine.
func testDB(t testing.TB) *db.DB {
	t.Helper()
	return dbtest.Open(t, engine(t))
}
