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
// stood in for.
func TestGrants(t *testing.T) {
	b, err := os.ReadFile("grants.sql")
	if err != nil {
		t.Fatal(err)
	}
	const env = "granttest"
	grants := strings.ReplaceAll(string(b), ":'env'", "'"+env+"'")
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		if !d.Postgres() {
			return // SQLite has no users
		}
		exec := func(sql string) error { _, err := d.ExecContext(t.Context(), sql); return err }
		must := func(sql string) {
			t.Helper()
			if err := exec(sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		must(`CREATE FUNCTION pgaadauth_create_principal(name text, admin boolean, mfa boolean) RETURNS text LANGUAGE plpgsql AS
			$$ BEGIN EXECUTE format('CREATE ROLE %I LOGIN', name); RETURN name; END $$`)
		migrate := `"opal-migrate-` + env + `"`
		must(`CREATE ROLE ` + migrate + ` LOGIN`)
		users := []string{migrate}
		for name := range appRoles {
			users = append(users, `"`+name+"-"+env+`"`)
		}
		users = append(users, `"opal-operate-`+env+`"`)
		t.Cleanup(func() {
			for _, u := range users {
				_, _ = d.Exec(`DROP OWNED BY ` + u)
				if _, err := d.Exec(`DROP ROLE ` + u); err != nil {
					t.Error(err)
				}
			}
		})
		must(grants)
		must(grants) // again
		as := func(user, sql string) error {
			tx, err := d.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			if _, err := tx.ExecContext(t.Context(), `SET LOCAL ROLE `+user); err != nil {
				t.Fatal(err)
			}
			_, err = tx.ExecContext(t.Context(), sql)
			return err
		}
		for i, u := range users {
			err := as(u, fmt.Sprintf(`CREATE TABLE made_%d (x int)`, i))
			if (err == nil) != (u == migrate) {
				t.Errorf("%s makes a table: %v", u, err)
			}
			if u == migrate {
				continue
			}
			for _, sql := range []string{`SELECT now_ms()`, `SELECT count(*) FROM jobs`, `UPDATE jobs SET status = status`, `DELETE FROM jobs`} {
				if err := as(u, sql); err != nil {
					t.Errorf("%s: %s: %v", u, sql, err)
				}
			}
			if as(u, `DROP TABLE jobs CASCADE`) == nil {
				t.Errorf("%s may drop a table", u)
			}
		}
	})
}
