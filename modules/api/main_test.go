package api

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// engine makes the databases of the current run.
var (
	engine     = dbtest.SQLiteURL
	onPostgres bool
)

// TestMain runs every test on SQLite and again on Postgres: the first takes what the
// second refuses. With -short only SQLite is used.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && !testing.Short() && flag.Lookup("test.list").Value.String() == "" {
		engine, onPostgres = dbtest.PostgresURL, true
		if code = m.Run(); code != 0 {
			fmt.Println("the tests passed on SQLite and fail on Postgres")
		}
	}
	os.Exit(code)
}

// testDB is a new database of the run's engine.
func testDB(t testing.TB) *db.DB {
	t.Helper()
	return dbtest.Open(t, engine(t))
}
