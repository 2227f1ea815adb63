package deploy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/opal-photo/opal/modules/db"
	"github.com/opal-photo/opal/modules/db/dbtest"
)

// The grants on a real Postgres, where only the function that knows Entra ID is
// stood in for; and with faults planted: a check that passes everything is none.
func TestGrants(t *testing.T) {
	b, err := os.ReadFile("grants.sql")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		if !d.Postgres() {
			return // SQLite has no users
		}
		if _, err := d.ExecContext(t.Context(), `CREATE FUNCTION pgaadauth_create_principal(name text, admin boolean, mfa boolean) RETURNS text LANGUAGE plpgsql AS
			$$ BEGIN EXECUTE format('CREATE ROLE %I LOGIN', name); RETURN name; END $$`); err != nil {
			t.Fatal(err)
		}
		for _, f := range grantFaults(t, d, "granttest", text) {
			t.Error(f)
		}
		for i, c := range []struct{ old, new, want string }{
			{"pg_write_all_data", "pg_read_all_data", "UPDATE jobs"},
			{"'opal-operate'", "'opal-operator'", "opal-operate-"},
		} {
			planted := strings.ReplaceAll(text, c.old, c.new)
			if found := strings.Join(grantFaults(t, d, fmt.Sprintf("plant%d", i), planted), "\n"); planted == text || !strings.Contains(found, c.want) {
				t.Errorf("%q for %q is not found, only: %s", c.new, c.old, found)
			}
		}
	})
}

// grantFaults makes the users of an environment, says what they may not do and
// must, or may and must not, and takes them away again.
func grantFaults(t *testing.T, d *db.DB, env, text string) (found []string) {
	t.Helper()
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	grants := strings.ReplaceAll(text, ":'env'", "'"+env+"'")
	migrate := `"opal-migrate-` + env + `"`
	if _, err := d.ExecContext(t.Context(), `CREATE ROLE `+migrate+` LOGIN`); err != nil {
		t.Fatal(err)
	}
	users := []string{migrate}
	for name := range appRoles {
		users = append(users, `"`+name+"-"+env+`"`)
	}
	users = append(users, `"opal-operate-`+env+`"`)
	defer dropUsers(t, d, env)
	for range 2 { // it may be run again
		if _, err := d.ExecContext(t.Context(), grants); err != nil {
			return []string{err.Error()}
		}
	}
	as := func(user, sql string) error {
		tx, err := d.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.ExecContext(t.Context(), `SET LOCAL ROLE `+user); err != nil {
			return err
		}
		_, err = tx.ExecContext(t.Context(), sql)
		return err
	}
	for i, u := range users {
		err := as(u, fmt.Sprintf(`CREATE TABLE made_%d (x int)`, i))
		if (err == nil) != (u == migrate) {
			say("%s makes a table: %v", u, err)
		}
		if u == migrate {
			continue
		}
		for _, sql := range []string{`SELECT now_ms()`, `SELECT count(*) FROM jobs`, `UPDATE jobs SET status = status`, `DELETE FROM jobs`} {
			if err := as(u, sql); err != nil {
				say("%s: %s: %v", u, sql, err)
			}
		}
		if as(u, `DROP TABLE jobs CASCADE`) == nil {
			say("%s may drop a table", u)
		}
	}
	return found
}

// dropUsers removes every user of an environment: a server has one list of them.
func dropUsers(t *testing.T, d *db.DB, env string) {
	t.Helper()
	rows, err := d.QueryContext(t.Context(), `SELECT rolname FROM pg_roles WHERE rolname LIKE 'opal-%-' || $1`, env)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for _, sql := range []string{`DROP OWNED BY "` + name + `"`, `DROP ROLE "` + name + `"`} {
			if _, err := d.ExecContext(t.Context(), sql); err != nil {
				t.Error(err)
			}
		}
	}
}
